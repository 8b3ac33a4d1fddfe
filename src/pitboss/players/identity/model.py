"""Nouns of identity: players, logins, requests, answers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.scripts import looks_like_another
from pitboss.kernel.shards import Shard
from pitboss.players.personal.model import LegalBasis, Path

# An address that `parse_email` has folded: two that name one mailbox are usually equal.
Email = NewType("Email", str)
# A name that `parse_name` has cleaned.
Name = NewType("Name", str)

# The number that a state has given a person, without what people write between its digits.
NationalId = NewType("NationalId", str)

# A path is at most 256 octets, angle brackets included.  Source: RFC 5321, section 4.5.3.1.3.
EMAIL_BYTES_MAX = 254
NAME_LENGTH_MAX = 100
NATIONAL_ID_LENGTH_MAX = 20
_NOT_OF_A_NUMBER = {ord(char): None for char in " -+"}


class PlayerStatus(StrEnum):
    """Whether a player may play.  A closed account stays closed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class StatusReason(StrEnum):
    """Why a status was changed; a closed set, so that no personal data slips into a fact."""

    PLAYER_ASKED = "player_asked"
    STAFF_DECISION = "staff_decision"
    REGULATOR_ORDER = "regulator_order"
    FRAUD_SUSPECTED = "fraud_suspected"
    DUPLICATE_ACCOUNT = "duplicate_account"
    UNDER_AGE = "under_age"
    CLEARED = "cleared"


class Refusal(StrEnum):
    """Why identity says no."""

    UNKNOWN_JURISDICTION = "unknown_jurisdiction"
    JURISDICTION_CLOSED = "jurisdiction_closed"
    CURRENCY_NOT_OFFERED = "currency_not_offered"
    UNDER_AGE = "under_age"
    EMAIL_TAKEN = "email_taken"
    DUPLICATE_PLAYER = "duplicate_player"
    NAMED_BY_REGISTER = "named_by_register"
    EXCLUDED_ELSEWHERE = "excluded_elsewhere"
    UNKNOWN_PLAYER = "unknown_player"
    ACCOUNT_NOT_CLOSED = "account_not_closed"
    MONEY_LEFT = "money_left"
    MONEY_HELD = "money_held"
    PAYMENT_OPEN = "payment_open"
    PLAYER_EXCLUDED = "player_excluded"
    RETENTION_NOT_OVER = "retention_not_over"
    ACCOUNT_CLOSED = "account_closed"
    KEY_REUSED = "key_reused"


class Obligation(StrEnum):
    """What still stands between us and a player, who may not be forgotten then."""

    PAYMENT_OPEN = "payment_open"
    MONEY_HELD = "money_held"
    MONEY_LEFT = "money_left"
    PLAYER_EXCLUDED = "player_excluded"


class Player(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may know of a player; nothing in it is personal data.

    A Struct, because the gate makes one for every stake and a dataclass takes longer.
    """

    shard: Shard
    id: PlayerId
    jurisdiction: str
    currency: str
    status: PlayerStatus
    registered_at: datetime


class BornBy(msgspec.Struct, frozen=True, kw_only=True):
    """As if when a player was born: never earlier, and later by less than a month.

    None: nobody knows; the player registered before that was kept, or was forgotten.
    """

    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a password is checked against, and whom it lets in."""

    shard: Shard
    player_id: PlayerId
    status: PlayerStatus
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRequest:
    """Become a player.  Personal data does not show when this is printed.

    `player_id` is a proposal: the edge draws it and takes the turn of its shard.  The password
    itself never comes here, only its hash, which is made at the edge.  `named_by_register`:
    the edge asked a national register before, and it says that this person is excluded.
    `refused`: what else the edge found against it; there need be no hash of a password then.
    """

    key: str
    player_id: PlayerId
    jurisdiction: str
    currency: str
    email: Email = field(repr=False)
    password_hash: str = field(repr=False)
    given_name: Name = field(repr=False)
    family_name: Name = field(repr=False)
    born_on: date = field(repr=False)
    address: Name | None = field(repr=False, default=None)
    postcode: Name | None = field(repr=False, default=None)
    national_id: NationalId | None = field(repr=False, default=None)
    named_by_register: bool = False
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Yes; `player_id` is whom the key first made, whatever a repeat proposed.

    A repeat proves nothing about the password, so nobody is logged in for it.
    """

    player_id: PlayerId
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """Let a player play, stop them for now, or close the account for good."""

    key: str
    player_id: PlayerId
    status: PlayerStatus
    reason: StatusReason


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSet:
    """Yes: this is what the player's status became under this key."""

    player_id: PlayerId
    status: PlayerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """Forget who a player is.

    `obligations` are what the rooms that know of money and of exclusions found in the same turn.
    """

    player_id: PlayerId
    basis: LegalBasis
    obligations: frozenset[Obligation]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerErased:
    """Yes: nobody knows any more who this player is; `at` is when that was first done."""

    player_id: PlayerId
    at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


RegisterAnswer = Registered | Refused
StatusAnswer = StatusSet | Refused
ErasureAnswer = PlayerErased | Refused


# What is kept of a player, and where it would stand in the fact of the registration.
EMAIL = Path("/email")
GIVEN_NAME = Path("/given_name")
FAMILY_NAME = Path("/family_name")
BORN_ON = Path("/born_on")
ADDRESS = Path("/address")
POSTCODE = Path("/postcode")
NATIONAL_ID = Path("/national_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogin:
    """A login to write: the address as a keyed digest, by which it is found and not read."""

    shard: Shard
    player_id: PlayerId
    email_digest: bytes
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What two registrations of one person have in common, as a keyed digest.

    `scope` is the licence of the player, or `*` for all of the operator's: everybody has both.
    """

    scope: str
    digest: bytes
    player_id: PlayerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a key was used for, and what came of it: the player it made, or a refusal.

    The digest is gone when the player was erased, and no request is a repeat any more.
    """

    key: str
    request_digest: bytes | None
    player_id: PlayerId
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A wish to change a status, and what came of it: done, or a refusal."""

    shard: Shard
    key: str
    player_id: PlayerId
    status: PlayerStatus
    reason: StatusReason
    refusal: Refusal | None = None


def parse_email(text: str, *, field: str = "email") -> Email:
    """Return an address in the one form by which it is stored and found.

    Compatible characters and letter cases are made equal (NFKC, case folding), so that nobody
    registers twice with `Ann@Example.com` and `ann@example.com`.  Letters that only look like
    those of somebody else's address are refused: see `kernel.scripts`.

    Raises:
        Malformed: it has no single @ with something on both sides, is too long, or holds spaces,
            characters that do not show, or letters of scripts that are not written together.
            Source: RFC 5321, section 4.5.3.1.3 (length); UTS 39, section 5 (scripts).
    """
    # Measured first: normalising may make a text eighteen times as long.
    if len(text) > EMAIL_BYTES_MAX:
        raise Malformed(field, f"an address has at most {EMAIL_BYTES_MAX} bytes")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())
    if _hidden(folded) or " " in folded:
        raise Malformed(field, "an address has no spaces and no characters that do not show")
    mailbox, _, domain = folded.partition("@")
    if not mailbox or not domain or "@" in domain:
        raise Malformed(field, "an address reads name@domain")
    if len(folded.encode()) > EMAIL_BYTES_MAX:
        raise Malformed(field, f"an address has at most {EMAIL_BYTES_MAX} bytes")
    if looks_like_another(mailbox, domain):
        raise Malformed(field, "an address has letters of one script, which look like no other's")
    return Email(folded)


def parse_name(text: str, *, field: str) -> Name:
    """Return a person's name without spaces around it, in NFC.

    Raises:
        Malformed: it is empty, longer than 100 characters, or holds characters that do not show.
    """
    name = unicodedata.normalize("NFC", text[: 4 * NAME_LENGTH_MAX].strip())
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise Malformed(field, f"a name has 1 to {NAME_LENGTH_MAX} characters")
    if _hidden(name):
        raise Malformed(field, "a name has no characters that do not show")
    return Name(name)


def parse_national_id(text: str, *, field: str = "national_id") -> NationalId:
    """Return a person's number without spaces, dashes and plus signs.

    Raises:
        Malformed: it is not 6 to 20 letters and digits of the Latin alphabet.
    """
    folded = text[:100].upper().translate(_NOT_OF_A_NUMBER)
    if not (folded.isascii() and folded.isalnum() and 6 <= len(folded) <= NATIONAL_ID_LENGTH_MAX):
        raise Malformed(field, "a national number has 6 to 20 letters and digits")
    return NationalId(folded)


def _hidden(text: str) -> bool:
    """Say whether a text holds control, format, surrogate or unassigned characters or breaks."""
    return any(unicodedata.category(char) in _HIDDEN for char in text)


_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
