"""What marketing publishes.  Source: LCCP SR 5.1.12 (direct marketing preferences); GDPR, 7."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class MarketingChanged(Fact, frozen=True, kw_only=True, tag="player.marketing_changed"):
    """A player gave or withdrew the consent to be written to by a channel.

    `heeded` is how many exclusions and time-outs the player had taken before; the next one takes
    the consent back.
    """

    player_id: PlayerId
    channel: str
    given: bool
    heeded: int


class MarketingRefused(Fact, frozen=True, kw_only=True, tag="player.marketing_refused"):
    """A player who is kept away wanted to give a consent, and it was not taken."""

    player_id: PlayerId
    channel: str
    reason: str


# Every type of this room, for who reads facts.
FACTS = (MarketingChanged, MarketingRefused)
