"""Writes of betting: bets that nobody can decide on are refused, so that their players know."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.messages import Turn
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.model import Bet, Placing, Refusal


async def give_up(turn: Turn, placings: Sequence[Placing]) -> tuple[Bet, ...]:
    """Refuse bets without a look, because looking at them breaks; return them as decided.

    No money moves, and nobody is asked anything.  One that was decided before stays as it is.

    Args:
        turn: it holds the shards of the bets.
        placings: what was asked for.
    """
    places = [(item.shard, item.command.bet_id) for item in placings]
    known = await store.find_bets(turn.tx, places)
    fresh = rules.first_of_each(placings, known)
    decided = [rules.refused(item, Refusal.UNREADABLE, now=turn.now) for item in fresh]
    await store.save_bets(turn.tx, [bet for bet, _ in decided])
    for bet, fact in decided:
        turn.publish(bet.shard, bet.player_id, fact)
        known[bet.id] = bet
    return tuple([known[bet_id] for _, bet_id in places])
