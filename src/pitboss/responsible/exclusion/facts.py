"""What exclusion publishes.  Source: GR `Online_Exclusions`; AGCO 2.14(8) (request, start, end,
reason, channel)."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class PlayerExcluded(Fact, frozen=True, kw_only=True, tag="player.excluded"):
    """A player is kept away from every product from now on; `ends_at` None: without an end."""

    player_id: PlayerId
    kind: str
    initiator: str
    reason: str
    ends_at: str | None = None


class ExclusionRefused(Fact, frozen=True, kw_only=True, tag="player.exclusion_refused"):
    """A player was not kept away, because the licence has no such term."""

    player_id: PlayerId
    kind: str
    initiator: str
    reason: str
    hours: int | None = None
    months: int | None = None


class ReturnAsked(Fact, frozen=True, kw_only=True, tag="player.return_asked"):
    """A player asked to come back after the term; `returns_at` is when play is open again.

    `keys` name what still kept the player away, and of which that was not asked before.
    """

    player_id: PlayerId
    returns_at: str
    keys: tuple[str, ...]


class ExclusionReleased(Fact, frozen=True, kw_only=True, tag="player.exclusion_released"):
    """What kept the player away does so no more; `keys` are the exclusions.

    No national register names the player any more, and then the licence says when play is open; or
    staff lifted what it had imposed, and then it is: the fact's cause is the approval.
    """

    player_id: PlayerId
    keys: tuple[str, ...]


class ReturnRefused(Fact, frozen=True, kw_only=True, tag="player.return_refused"):
    """A player asked to come back and may not."""

    player_id: PlayerId
    reason: str


# Every type of this room, for who reads facts.
FACTS = (PlayerExcluded, ExclusionRefused, ReturnAsked, ExclusionReleased, ReturnRefused)
