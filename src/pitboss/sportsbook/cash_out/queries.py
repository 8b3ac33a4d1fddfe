"""Reads of cash-out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, PlayerId, SelectionId
from pitboss.kernel.shards import Shard
from pitboss.players import identity
from pitboss.sportsbook import betting, catalog, settlement
from pitboss.sportsbook.betting.model import Waiting
from pitboss.sportsbook.cash_out.model import (
    Around,
    Policy,
    Quote,
    Refusal,
    Refused,
    Request,
)
from pitboss.sportsbook.catalog.model import Offer

from . import rules, store


async def quote(
    tx: Transaction,
    shelf: catalog.Shelf,
    shard: Shard,
    player_id: PlayerId,
    bet_id: BetId,
    *,
    stake_micros: int | None,
    policy: Policy,
    now: datetime,
) -> Quote | Refused:
    """Return what is offered for a player's bet at what is known now, or why nothing is.

    For display: whoever takes the quote is answered by what is known then.  `stake_micros` is the
    part of the stake to sell, all that is left if it is None.
    """
    bet = await find_bet(tx, shard, player_id, bet_id)
    if bet is None:
        return Refused(reason=Refusal.BET_NOT_OPEN)
    offers = await shelf.seen(tx, [leg.selection_id for leg in bet.legs])
    appraisal = rules.appraise(bet, await look_around(tx, bet, offers, now=now))
    if isinstance(appraisal, Refused):
        return appraisal
    return rules.quote(bet, appraisal, stake_micros=stake_micros, policy=policy, now=now)


async def find_request(tx: Transaction, shard: Shard, request_id: str) -> Request | None:
    """Return a request as it stands."""
    return await store.find_request(tx, shard, request_id)


async def find_requests_of(tx: Transaction, shard: Shard, bet_id: BetId) -> list[Request]:
    """Return what was asked about a bet, the oldest first."""
    return await store.find_requests_of(tx, shard, bet_id)


async def find_bet(
    tx: Transaction, shard: Shard, player_id: PlayerId, bet_id: BetId
) -> Waiting | None:
    """Return a player's bet if it is open, with the stake that is left of it."""
    found = await betting.find_waiting(tx, [(shard, bet_id)])
    return found[0] if found and found[0].player_id == player_id else None


async def look_around(
    tx: Transaction, bet: Waiting, offers: Mapping[SelectionId, Offer], *, now: datetime
) -> Around:
    """Return what a bet's value rests on besides these offers.

    What stops a bet on a leg stops its sale: a price that is too old, or cannot be meant, buys
    nothing back.
    """
    markets = [leg.market_id for leg in bet.legs]
    players = await identity.find_players(tx, [(bet.shard, bet.player_id)])
    licence = jurisdictions.get(players[bet.player_id].jurisdiction).sportsbook
    mine = [offers[leg.selection_id] for leg in bet.legs if leg.selection_id in offers]
    return Around(
        offers=offers,
        markets={market.id: market for market in await catalog.find_markets(tx, markets)},
        endings=await settlement.find_endings(tx, bet),
        stopped={
            offer.selection_id
            for offer in mine
            if betting.refusal_of(offer, licence, now) is not None
        },
    )
