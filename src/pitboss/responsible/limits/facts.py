"""What limits publish.  Source: NL `wok_player_limits`, GR `Online_Limits` (who, when, what)."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


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


# Every type of this room, for who reads facts.
FACTS = (CapRaised, LimitSet, LimitLoosened, LimitKept, LimitReached, LimitRefused)
