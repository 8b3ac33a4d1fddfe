"""Nouns of limits: what a player has set, what waits, and what was played hour by hour.

Amounts are in micros of the player's currency; time is in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.jurisdictions.model import Jurisdiction, LiftedBy, LimitKind, Period
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.money import currency
from pitboss.kernel.shards import Shard


class Initiator(StrEnum):
    """Who wanted a limit changed."""

    PLAYER = "player"
    STAFF = "staff"
    REGULATOR = "regulator"


class Refusal(StrEnum):
    """Why a limit is not changed."""

    KIND_NOT_OFFERED = "kind_not_offered"
    PERIOD_NOT_OFFERED = "period_not_offered"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    ABOVE_STATUTORY_CAP = "above_statutory_cap"
    LIMIT_IS_MANDATORY = "limit_is_mandatory"
    NOTHING_IS_SET = "nothing_is_set"
    NOTHING_WAITS = "nothing_waits"
    TOO_EARLY = "too_early"
    LAPSED = "lapsed"
    CAP_NOT_LIFTABLE = "cap_not_liftable"
    CONFIRMED_BY_STAFF_ONLY = "confirmed_by_staff_only"
    PAYOUT_NOT_OFFERED = "payout_not_offered"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    AMOUNT_NOT_WHOLE = "amount_not_whole"
    NO_PAYOUT_SUM = "no_payout_sum"


class LimitKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which limit of a player; `period` is None for kinds that have none."""

    kind: LimitKind
    period: Period | None


class Lift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A statutory cap that was raised to `most` for one player, in micros, and on what ground."""

    shard: Shard
    player_id: PlayerId
    key: LimitKey
    most: int
    ground: LiftedBy
    lifted_at: datetime


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A looser limit that does not count yet.

    `value` is None where the limit shall be gone.  It counts from `counts_from`, if nobody needs
    to confirm it; otherwise from the confirmation, which is possible from then until `lapses_at`.
    """

    value: int | None
    asked_at: datetime
    counts_from: datetime
    lapses_at: datetime | None
    needs_confirmation: bool


class Limit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A limit as it was set, and what waits to replace it; see `rules.in_force`.

    `closed_until`: it was used up, and its licence allows no stake until then, whatever is won.
    """

    shard: Shard
    player_id: PlayerId
    key: LimitKey
    value: int | None
    set_at: datetime
    waiting: Waiting | None = None
    closed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Set a limit to this; None takes it away."""

    player_id: PlayerId
    key: LimitKey
    value: int | None
    initiator: Initiator = Initiator.PLAYER


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Raise a statutory cap for a player to this, in micros, after a check that the law names."""

    player_id: PlayerId
    key: LimitKey
    most: int
    ground: LiftedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Confirm the looser limit that waits, now that its time has come."""

    player_id: PlayerId
    key: LimitKey
    initiator: Initiator = Initiator.PLAYER


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Take back the wish for a looser limit."""

    player_id: PlayerId
    key: LimitKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Yes: this is how the limit stands."""

    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why; nothing changed."""

    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """Yes: this is what the cap is now."""

    lift: Lift


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutWish:
    """A player names the sum above which wins are paid out by themselves; None: not any more."""

    player_id: PlayerId
    micros: int | None
    currency: str


class Payout(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A player's sum above which wins are paid out by themselves, and what was won.

    `micros` is the sum; None: it was taken back.  `won` was won since it was named, or since wins
    were paid out last; `counted` before, and was spoken for by the payment `payment_id`, the
    player's `number`-th of this kind: should that fail, it counts again.
    """

    shard: Shard
    player_id: PlayerId
    currency: str
    micros: int | None
    set_at: datetime
    won: int = 0
    counted: int = 0
    number: int = 0
    payment_id: PaymentId | None = None

    def won_in_all(self, *, failed: bool) -> int:
        """Return what was won; `failed`: also what the last payment was for, which failed."""
        return self.won + (self.counted if failed else 0)

    def left_of(self, available: int, *, unpaid: int) -> Payout:
        """Return it with no more won than is left; wins are what is lost last.

        What is left is what is available, and of the last payment what is `unpaid`: it is held as
        long as that is on its way, and should it fail, no more of the wins counts again.
        """
        won = min(self.won, max(available, 0))
        counted = min(self.counted, max(available + unpaid - won, 0))
        return msgspec.structs.replace(self, won=won, counted=counted)

    def due(self, *, available: int, failed: bool) -> int:
        """Return what of the wins is to be paid out now, in whole minor units; 0: nothing.

        What is available above the sum, and no more than was won: what was paid in is not paid
        back.  Source: GlüStV 2021, § 6b(3) (DE).
        """
        if self.micros is None:
            return 0
        unit = currency(self.currency).minor_unit_micros
        due = min(available - self.micros, self.won_in_all(failed=failed))
        return max(due, 0) // unit * unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The sum as it stands now."""

    payout: Payout


Answer = Changed | Refused
PayoutAnswer = Named | Refused
RaiseAnswer = Raised | Refused


class Played(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player did in one hour, in micros.

    `staked` was held, `settled` is what of stakes was decided (won, lost or void), `returned` came
    back for it.  `deposited` was asked for and has not failed, `withdrawn` was paid out.
    """

    hour: datetime
    staked: int = 0
    settled: int = 0
    returned: int = 0
    deposited: int = 0
    withdrawn: int = 0


class Happened(StrEnum):
    """What became of a limit: it counts, a looser one was asked for, or that was taken back."""

    SET = "set"
    ASKED = "asked"
    KEPT = "kept"


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change of a limit, as a player reads it again.

    `number` is the player's own, from 1.  `value` is what was set or asked for, None for a limit
    that shall be gone; `before` is what counted until then, `counts_from` when what was asked for
    counts at the earliest.
    """

    shard: Shard
    player_id: PlayerId
    number: int
    changed_at: datetime
    happened: Happened
    key: LimitKey
    value: int | None
    before: int | None
    initiator: Initiator | None
    counts_from: datetime | None = None


Place = tuple[Shard, PlayerId]
PlayKey = tuple[Shard, PlayerId, datetime]


class Standing(msgspec.Struct, kw_only=True):
    """A player's limits, and what was played hour by hour, as a turn remembers them.

    `lifts` are the statutory caps that were raised for the player.
    `measured`: a limit or a cap holds the player; of the others nobody asks how much was played.
    `closes`: the licence, if a limit that is used up closes for the rest of its period under it.
    """

    limits: list[Limit]
    played: dict[datetime, Played]
    measured: bool
    lifts: list[Lift] = []
    closes: Jurisdiction | None = None


class Room(msgspec.Struct, kw_only=True, gc=False):
    """What is left of one limit, in micros; less than nothing where more was used already.

    `counts_new` says whether a stake that is accepted takes from it before it is settled.
    """

    kind: LimitKind
    left: int
    counts_new: bool = True


class TimeRoom(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How long a player may play from a moment on; whoever knows the sessions measures it."""

    since: datetime
    minutes: int


class Allowance(msgspec.Struct, kw_only=True, gc=False):
    """What a player may still do, by kind of limit; a batch takes from it as it goes.

    `closed`: a limit was used up under a licence that allows no play then, until its period ends.
    """

    stakes: list[Room]
    deposits: list[Room]
    times: list[TimeRoom]
    set_kinds: frozenset[LimitKind]
    single_stake: int | None = None
    balance: int | None = None
    closed: bool = False

    def refuses_stake(self, micros: int) -> LimitKind | None:
        """Return the kind of limit that a stake would pass, if there is one."""
        if self.single_stake is not None and micros > self.single_stake:
            return LimitKind.SINGLE_STAKE
        return next((room.kind for room in self.stakes if micros > room.left), None)

    def take_stake(self, micros: int) -> None:
        """Count a stake that was permitted."""
        for room in self.stakes:
            if room.counts_new:
                room.left -= micros

    def refuses_deposit(self, micros: int) -> LimitKind | None:
        """Return the kind of limit that a deposit would pass, if there is one."""
        return next((room.kind for room in self.deposits if micros > room.left), None)

    def take_deposit(self, micros: int) -> None:
        """Count a deposit that was permitted."""
        for room in self.deposits:
            room.left -= micros
