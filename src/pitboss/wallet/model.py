"""Nouns of the wallet: accounts, requests, answers, entries.

Those of which there is one for every request are Structs, because a dataclass takes six times as
long to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import Shard


class AccountKind(StrEnum):
    """Whose pile of money it is."""

    PLAYER = "player"
    HOUSE = "house"
    PROVIDER = "provider"
    RECEIVABLE = "receivable"


class Refusal(StrEnum):
    """Why the wallet says no."""

    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_CURRENCY = "wrong_currency"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    SAME_ACCOUNT = "same_account"
    UNKNOWN_HOLD = "unknown_hold"
    HOLD_EXHAUSTED = "hold_exhausted"
    KEY_REUSED = "key_reused"


class Account(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account as it stands.  `posted` is credits minus debits, in micros."""

    shard: Shard
    id: AccountId
    kind: AccountKind
    owner: str
    currency: str
    may_overdraw: bool
    debits: int = 0
    credits: int = 0
    held: int = 0
    entries: int = 0

    @property
    def posted(self) -> int:
        """What is there, in micros."""
        return self.credits - self.debits

    @property
    def available(self) -> int:
        """What is there and not spoken for, in micros."""
        return self.credits - self.debits - self.held


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money set aside under a key, or the refusal to do so."""

    shard: Shard
    key: str
    account_id: AccountId
    micros: int
    currency: str
    posted: int = 0
    voided: int = 0
    refusal: Refusal | None = None

    @property
    def remaining(self) -> int:
        """What is still set aside, in micros."""
        return 0 if self.refusal else self.micros - self.posted - self.voided


class Transfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An amount moved from one account to another, with both balances as it left them.

    `whole` says that it was a post that named no amount and took all that the hold still had.
    """

    shard: Shard
    key: str
    debit_id: AccountId
    credit_id: AccountId
    micros: int
    currency: str
    hold_key: str | None
    whole: bool
    debit_after: int
    credit_after: int
    debit_no: int
    credit_no: int


class HoldRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="hold"):
    """Set money aside, so that it cannot be spent twice."""

    shard: Shard
    key: str
    account_id: AccountId
    micros: int
    currency: str


class HoldSum(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the holds of a batch together ask of an account."""

    shard: Shard
    account_id: AccountId
    micros: int
    currency: str


class PostRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="post"):
    """Move held money to another account; without `micros`, all that the hold still has."""

    shard: Shard
    key: str
    hold_key: str
    credit_id: AccountId
    micros: int | None = None


class VoidRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="void"):
    """Release held money to its account; without `micros`, all that the hold still has."""

    shard: Shard
    key: str
    hold_key: str
    micros: int | None = None


class TransferRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="transfer"):
    """Move money that is not held from one account to another."""

    shard: Shard
    key: str
    debit_id: AccountId
    credit_id: AccountId
    micros: int
    currency: str


Request = HoldRequest | PostRequest | VoidRequest | TransferRequest


class Booked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Yes.  `movement` is what changed, for the fact to tell; None when this is a repeat."""

    micros: int
    movement: Movement | None


class Refused(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """No, and why."""

    reason: Refusal


Answer = Booked | Refused


class SavedAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An answer as stored: the request's own bytes and what came of it."""

    shard: Shard
    verb: str
    key: str
    request: str
    micros: int
    refusal: Refusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One line of a statement; `before + movement == after`, in micros."""

    entry_no: int
    key: str
    other_id: AccountId
    before: int
    movement: int
    after: int
    currency: str
    booked_at: datetime


class Credit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player was credited just now, of which a debt may be paid."""

    shard: Shard
    player_id: PlayerId
    currency: str
    micros: int


# The house's account that bears what players owe and will not pay.
WRITTEN_OFF = "written_off"


def player_account(player_id: PlayerId, currency: str) -> AccountId:
    """Return the id of a player's account in a currency."""
    return AccountId(derived_id("account", "player", player_id, currency))


def house_account(shard: Shard, name: str, currency: str) -> AccountId:
    """Return the id of a shard's own share of a house account, so that writers never meet."""
    return AccountId(derived_id("account", "house", name, str(shard), currency))


def receivable_account(player_id: PlayerId, currency: str) -> AccountId:
    """Return the id of the account that shows, below zero, what a player owes the house."""
    return AccountId(derived_id("account", "receivable", player_id, currency))


def provider_account(shard: Shard, name: str, currency: str) -> AccountId:
    """Return the id of a shard's clearing account with a payment or game provider."""
    return AccountId(derived_id("account", "provider", name, str(shard), currency))
