"""Nouns of central files: deposits that are told of, and players who are active somewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.registers.model import People, Person, Silence


class DepositState(StrEnum):
    """How a deposit stands with the limit file.

    `wanted`: to be asked for; `reserved`: counted there; `refused`: more than may be paid in over
    all operators; `silent`: there was no answer, so what was asked for is taken back.
    `confirming` and `releasing` are to be told, `confirmed` and `released` have been.
    """

    WANTED = "wanted"
    RESERVED = "reserved"
    REFUSED = "refused"
    SILENT = "silent"
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    RELEASING = "releasing"
    RELEASED = "released"


class ActivityState(StrEnum):
    """How a player stands with the activity file.

    `asked`: there is no answer, so far; `elsewhere`: with another operator, now or a moment ago;
    `leaving`: not with us any more, which is to be told; `left`: which has been.
    """

    ASKED = "asked"
    ACTIVE = "active"
    ELSEWHERE = "elsewhere"
    LEAVING = "leaving"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A deposit under a licence whose limits hold over all operators; `micros` of `currency`."""

    shard: Shard
    id: PaymentId
    player_id: PlayerId
    micros: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledDeposit:
    """A deposit as it stands with the limit file; `tries` is how often it was told in vain."""

    deposit: Deposit
    state: DepositState
    reference: str | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the limit file is asked: may this person pay in so much more in this month?

    `month` is the calendar month of the licence, as `2026-11`.  `limit_micros` is what the player
    wants to pay in at most in a month; None: nothing that we know of.  `limit_number` tells which
    limit is the newer one, as that of a `LimitClaim` does.
    """

    deposit: Deposit
    month: str
    limit_micros: int | None
    person: Person = field(repr=False)
    limit_number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Claims whose people are still sealed: they are opened when the turn has committed."""

    deposits: tuple[Deposit, ...]
    months: dict[PaymentId, str]
    limits: dict[PlayerId, int]
    people: People = field(repr=False)
    numbers: dict[PlayerId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What the limit file said of a claim; `reference` is its own name for having said so."""

    granted: bool
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """What the activity file said when play was to begin.

    `granted`: the player is now active with us.  `left_at` is when the player last stopped being
    active with another operator; None: is active there now if not granted, or never was.
    """

    granted: bool
    reference: str
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledLimit:
    """A player's own limit of a month as the limit file is told of it.

    `told`: it has heard the newest, the player's `number`-th, which was `micros`; None: no limit.
    `counts_from` is when a looser one will count by itself.
    """

    shard: Shard
    player_id: PlayerId
    number: int
    told: bool
    micros: int | None = None
    counts_from: datetime | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitClaim:
    """What the limit file is told of a player's limit: so much may be paid in in a month at most.

    What has a smaller `number` than another is older, whatever comes first.  None: no limit.
    """

    filed: FiledLimit
    micros: int | None
    currency: str
    person: Person = field(repr=False)

    @property
    def id(self) -> str:
        """The one name of this telling."""
        return derived_id("central limit", self.filed.player_id, str(self.filed.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitClaims:
    """Claims of limits whose people are still sealed, as `Claims` are.

    `counts` says what limit counts now, and when the next one will.
    """

    filed: tuple[FiledLimit, ...]
    counts: dict[PlayerId, tuple[int | None, datetime | None]]
    currencies: dict[PlayerId, str]
    people: People = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many deposits the limit file has yet to hear of, and since when the oldest of them."""

    deposits: int
    oldest_at: datetime | None


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a player wants to be active with us, in a session.

    The file knows it by its `id`; `tries` is how often the file was told in vain that it is over.
    """

    shard: Shard
    id: str
    player_id: PlayerId
    session_id: str
    state: ActivityState
    reference: str | None = None
    tries: int = 0


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn knows of a player with the activity file: the states that are not over."""

    states: frozenset[ActivityState]


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralState:
    """How the central files stand, for staff.

    `up` is None before they were ever asked.  `waiting` are deposits of which they have yet to be
    told, and `active` the players who are with us as they know it.
    """

    up: bool | None
    since: datetime | None
    reason: Silence | None
    waiting: int
    active: int


def holds_over_all(licence: Jurisdiction | None) -> bool:
    """Say whether deposits of a licence are counted over all operators.

    Source: the licence's `limits.scope`.
    """
    return licence is not None and licence.limits.scope == "all_operators"
