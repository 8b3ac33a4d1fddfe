"""What is told of second factors: that they changed, and nothing of what they are."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class FactorChanged(Fact, frozen=True, kw_only=True, tag="factor.changed"):
    """A second factor was offered, confirmed or removed, or one of its recovery codes was used."""

    player_id: PlayerId
    kind: str
    change: str


# Every type of this room, for who reads facts.
FACTS = (FactorChanged,)
