"""What limits publish.  Source: NL `wok_player_limits`, GR `Online_Limits` (who, when, what)."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.ids import PaymentId, PlayerId


def _all_counted(data: dict[str, Any]) -> dict[str, Any]:
    """Leave payments from before as they are: nothing was left for the next."""
    return data


class LimitSet(Fact, frozen=True, kw_only=True, tag="limit.set"):
    """A limit counts from now on: a first one, a stricter one, or a looser one that was confirmed.

    `value` is in micros, or minutes; None: there is no such limit any more.  A wish for a looser
    one that waited is gone.
    """

    player_id: PlayerId
    kind: str
    initiator: str
    period: str | None = None
    value: int | None = None
    before: int | None = None


class LimitLoosened(Fact, frozen=True, kw_only=True, tag="limit.loosening_asked"):
    """A looser limit was asked for; it counts later, and perhaps only if it is confirmed."""

    player_id: PlayerId
    kind: str
    initiator: str
    counts_from: str
    needs_confirmation: bool
    period: str | None = None
    value: int | None = None
    before: int | None = None
    lapses_at: str | None = None


class LimitKept(Fact, frozen=True, kw_only=True, tag="limit.loosening_withdrawn"):
    """The wish for a looser limit was taken back."""

    player_id: PlayerId
    kind: str
    period: str | None = None


class LimitReached(Fact, frozen=True, kw_only=True, tag="limit.reached"):
    """A limit of losses was used up; the licence allows no stake until then, whatever is won.

    `value` is what it was, in micros.
    """

    player_id: PlayerId
    kind: str
    period: str
    value: int
    until: str


class CapRaised(Fact, frozen=True, kw_only=True, tag="limit.cap_raised"):
    """A statutory cap is another one for this player, after a check that the law names.

    `most` and `before` are in micros; `before` None: the statute's own until now.
    """

    player_id: PlayerId
    kind: str
    most: int
    ground: str
    period: str | None = None
    before: int | None = None


class LimitRefused(Fact, frozen=True, kw_only=True, tag="limit.change_refused"):
    """A limit was not changed, and why."""

    player_id: PlayerId
    kind: str
    reason: str
    period: str | None = None
    value: int | None = None


class PayoutSumSet(Fact, frozen=True, kw_only=True, tag="payout.sum_set"):
    """What a player wins is paid out by itself from now on, above this sum.

    `micros` None: it is not any more.  `before` is the sum until now.
    """

    player_id: PlayerId
    currency: str
    micros: int | None = None
    before: int | None = None


class PayoutSumRefused(Fact, frozen=True, kw_only=True, tag="payout.sum_refused"):
    """A player named a sum for wins to be paid out above, and it does not hold; and why."""

    player_id: PlayerId
    currency: str
    reason: str
    micros: int | None = None


class WinsPaidOut(Fact, frozen=True, kw_only=True, tag="payout.asked"):
    """Of what a player has won, a payment was asked for unasked: the `number`-th of the player's.

    `counted_micros` is what was won by then; should the payment fail, it counts again.
    `left_micros` was won too, and is left for the next, as this one is the largest that there is.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_all_counted,)

    player_id: PlayerId
    payment_id: PaymentId
    number: int
    counted_micros: int
    currency: str
    left_micros: int = 0


class WinsLost(Fact, frozen=True, kw_only=True, tag="payout.wins_lost"):
    """Of what a player has won only so much is left, now that money is about to be paid in.

    `won_micros` of what was won since the last payment; `counted_micros` of what that was for.
    """

    player_id: PlayerId
    won_micros: int
    counted_micros: int
    currency: str


# Every type of this room, for who reads facts.
FACTS = (
    CapRaised,
    LimitSet,
    LimitLoosened,
    LimitKept,
    LimitReached,
    LimitRefused,
    PayoutSumSet,
    PayoutSumRefused,
    WinsLost,
    WinsPaidOut,
)
