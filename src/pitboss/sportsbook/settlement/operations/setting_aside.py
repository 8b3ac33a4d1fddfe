"""Writes about bets that break settlement: told when they are set aside, and when it is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pitboss import messages
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.messages import Turn
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import OpenBet
from pitboss.sportsbook.settlement import store
from pitboss.sportsbook.settlement.facts import BetSetAside, BetTakenUp

WHY_LENGTH_MAX = 500


async def set_aside(
    tx: Transaction, place: OpenBet, *, why: str, now: datetime, entropy: Entropy
) -> bool:
    """Tell staff that settlement goes on without a bet, and why; return whether that is new.

    It is told once, however often the bet is tried again in vain.
    """
    async with messages.join_turn(
        tx, {place.shard}, now=now, actor="settlement", entropy=entropy
    ) as turn:
        if await store.find_aside(tx, [place]):
            return False
        # No more of the bet is read: it may be what cannot be read.
        player_id = await betting.find_owner(tx, place.bet_id)
        if player_id is None:
            return False
        fact = BetSetAside(bet_id=place.bet_id, player_id=player_id, why=_readable(why))
        await store.save_aside(tx, place, fact, turn.now)
        turn.publish(place.shard, player_id, fact)
    return True


def _readable(why: str) -> str:
    """Return what an error said as text that can be kept, whatever bytes were in it."""
    text = why.encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")
    return text[:WHY_LENGTH_MAX]


async def take_up(turn: Turn, places: Collection[OpenBet]) -> None:
    """Tell of those of these bets that were set aside that they are not any more."""
    found = await store.find_aside(turn.tx, places)
    for one in found:
        turn.publish(
            one.shard, one.player_id, BetTakenUp(bet_id=one.bet_id, player_id=one.player_id)
        )
    await store.end_aside(turn.tx, found)
