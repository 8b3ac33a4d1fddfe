"""What bets name: stakes that were given, boosts, and combinations of one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import structs

from pitboss.db import Transaction
from pitboss.jurisdictions.model import SportsbookRules
from pitboss.kernel.ids import SelectionId
from pitboss.kernel.money import AMOUNT_MICROS_MAX
from pitboss.sportsbook import combinations
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.model import (
    Boost,
    FreeBet,
    PlaceBet,
    Placing,
    Refusal,
    StakeMax,
    bets_after,
)
from pitboss.sportsbook.catalog.model import Offer
from pitboss.sportsbook.combinations.model import Combination


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a batch of bets names; of gifts, with whatever bets use them so far."""

    free_bets: dict[str, FreeBet]
    boosts: dict[str, Boost]
    combinations: dict[str, Combination]

    def judge(
        self,
        command: PlaceBet,
        offers: Mapping[SelectionId, Offer],
        licence: SportsbookRules,
        now: datetime,
    ) -> Refusal | None:
        """Return why a bet may not have what it names, if so."""
        shape, refusal = command.shape, None
        if shape is None:
            return None
        if shape.free_bet is not None:
            refusal = rules.judge_free_bet(
                command, self.free_bets, allowed=licence.free_bets, now=now
            )
        if refusal is None and shape.boost is not None:
            refusal = rules.judge_boost(command, self.boosts, allowed=licence.price_boosts, now=now)
        if refusal is None and shape.combination is not None:
            refusal = rules.judge_combination(command, self.combinations, offers, licence, now)
        return refusal

    def stake_max(self, command: PlaceBet) -> StakeMax:
        """Return the largest stake that what a bet names goes with."""
        shape = command.shape
        boost = None if shape is None else self.boosts.get(shape.boost or "")
        micros = AMOUNT_MICROS_MAX if boost is None else boost.stake_micros_max
        return StakeMax(micros=micros, bound=Refusal.BOOST_STAKE_TOO_LARGE)

    def use(self, command: PlaceBet) -> None:
        """Remember that this bet uses the gifts that it names, so that no other one does."""
        shape = command.shape
        if shape is not None and shape.free_bet is not None:
            mine = self.free_bets[shape.free_bet]
            bet_ids = bets_after(mine.bet_ids, command.bet_id, stands=True)
            self.free_bets[mine.id] = structs.replace(mine, bet_ids=bet_ids)
        if shape is not None and shape.boost is not None:
            raised = self.boosts[shape.boost]
            bet_ids = bets_after(raised.bet_ids, command.bet_id, stands=True)
            self.boosts[raised.id] = structs.replace(raised, bet_ids=bet_ids)


async def look_up(
    tx: Transaction, placings: Sequence[Placing], licences: Sequence[SportsbookRules | None]
) -> tuple[Sequence[Placing], Named]:
    """Return the placings with what the things that they name say, and these things.

    They are none in nearly every batch.  For acceptance the catalogue is locked.

    Args:
        tx: the turn's; a moment is enough for who only asks.
        placings: what is asked for.
        licences: what the licence of each one's player says; None where the gate says no.
    """
    shapes = [
        (item.shard, item.command.shape) for item in placings if item.command.shape is not None
    ]
    stakes = [(shard, shape.free_bet) for shard, shape in shapes if shape.free_bet is not None]
    raises = [(shard, shape.boost) for shard, shape in shapes if shape.boost is not None]
    wanted = {shape.combination.id for _, shape in shapes if shape.combination is not None}
    named = Named(
        free_bets=await store.find_gifts(tx, store.FREE_BETS, stakes) if stakes else {},
        boosts=await store.find_gifts(tx, store.BOOSTS, raises) if raises else {},
        combinations=await combinations.find(tx, wanted),
    )
    if not shapes:
        return placings, named
    struck: list[Placing] = []
    for item, licence in zip(placings, licences, strict=True):
        boosted = rules.with_boost(item, named.boosts)
        struck.append(rules.with_combination(boosted, named.combinations, licence))
    return struck, named
