"""What staff gave and bets use, through corrections too: stakes that are free, and boosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from pitboss.db import Transaction
from pitboss.messages import Turn
from pitboss.sportsbook.betting import store
from pitboss.sportsbook.betting.model import Bet, Boost, FreeBet, Use, Waiting

G = TypeVar("G", FreeBet, Boost)


async def use_gifts(turn: Turn, bets: Iterable[tuple[Bet | Waiting, bool]]) -> None:
    """Write of each bet, in order, that it stands on what it names of what was given, or not.

    The turn is that of the players, so nobody else uses it meanwhile.
    """
    stakes: list[Use] = []
    raises: list[Use] = []
    for bet, stands in bets:
        if bet.shape is None:
            continue
        for uses, gift in ((stakes, bet.shape.free_bet), (raises, bet.shape.boost)):
            if gift is not None:
                uses.append(Use(shard=bet.shard, gift=gift, bet_id=bet.id, stands=stands))
    await _change(turn.tx, store.FREE_BETS, stakes)
    await _change(turn.tx, store.BOOSTS, raises)


async def _change(tx: Transaction, kind: store.Gifts[G], uses: Sequence[Use]) -> None:
    """Write uses one after the other, because two bets of one gift may change at once."""
    if not uses:
        return
    known = await store.find_gifts(tx, kind, {(use.shard, use.gift) for use in uses})
    changed: dict[str, G] = {}
    for use in uses:
        known[use.gift] = changed[use.gift] = known[use.gift].after(use)
    await store.save_uses(tx, kind, list(changed.values()))
