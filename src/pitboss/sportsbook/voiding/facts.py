"""What voiding publishes."""

from __future__ import annotations

from pitboss.kernel.facts import Fact, Play
from pitboss.kernel.ids import BetId, PlayerId


class BetVoided(Fact, frozen=True, kw_only=True, tag="bet.voided"):
    """An accepted bet is void before its results, and its stake was given back.

    `exclusion` is the key of the exclusion that it is void for, `excluded_at` when that was
    recorded, and `rule` what the licence said then of open bets.  Source: AGCO 2.14; BET-03.
    """

    bet_id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    reason: str
    rule: str
    exclusion: str
    excluded_at: str

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake, which is decided and came back whole; a free bet moved none."""
        stake = sum(item.micros for item in self.movements if item.kind == "void")
        if not stake:
            return ()
        return (Play(player_id=self.player_id, settled=stake, returned=stake),)


# Every type of this room, for who reads facts.
FACTS = (BetVoided,)
