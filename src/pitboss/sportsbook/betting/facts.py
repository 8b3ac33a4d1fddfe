"""What betting publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.sportsbook.betting.model import Leg, SlipLeg


def _without_whence(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say from which session, nor on which check of location, a bet was taken."""
    return data


class BetAccepted(Fact, frozen=True, kw_only=True, tag="bet.accepted"):
    """A bet became a contract: its stake is held, its prices are struck.

    `rounding` names the rule for its returns, `jurisdiction` the rulebook it was taken under.
    `session_id` is the player's session, and `check_id` the check of location that it rests on, if
    the licence wants one.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_whence,)

    bet_id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    rounding: str
    jurisdiction: str
    legs: tuple[Leg, ...]
    placed_at: str
    session_id: str | None = None
    check_id: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake."""
        return (Play(player_id=self.player_id, staked=self.stake_micros),)


class BetRefused(Fact, frozen=True, kw_only=True, tag="bet.refused"):
    """A bet was not accepted, and why; no money moved."""

    bet_id: BetId
    player_id: PlayerId
    reason: str
    stake_micros: int
    currency: str
    legs: tuple[SlipLeg, ...]
    placed_at: str


class CommandSetAside(Fact, frozen=True, kw_only=True, tag="command.set_aside"):
    """A command could not be processed at all and waits for a person; nothing came of it."""

    command_id: str
    partition: int
    offset: int
    why: str


# Every type of this room, for who reads facts.
FACTS = (BetAccepted, BetRefused, CommandSetAside)
