"""The baseline of betting: each bet decided and booked in a transaction of its own."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import asyncpg
import msgspec

from pitboss import jurisdictions
from pitboss.bench import row_at_a_time, slow_books
from pitboss.bench.server import Connection
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import Rounding, currency
from pitboss.kernel.price import parse_price
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import RULES_NOW, Leg, PlaceBet
from pitboss.wallet.model import HoldRequest, player_account

_encode = msgspec.json.Encoder().encode


async def place(connection: Connection, bet: PlaceBet, *, clock: Clock, entropy: Entropy) -> None:
    """Decide on one bet as the processor does: gate, price, money, bet, fact; and commit."""
    shard, now = shard_of(bet.player_id), clock.now()
    async with connection.transaction():
        player = await connection.fetchrow(
            "SELECT jurisdiction, currency, status FROM player WHERE shard = $1 AND player_id = $2",
            shard,
            bet.player_id,
        )
        offers = [await _offer(connection, leg.selection_id) for leg in bet.legs]
        refusal = _refusal(bet, player, offers, now)
        if refusal is None:
            refusal = await row_at_a_time.hold(connection, _hold(bet))
        legs = tuple(_leg(offer) for offer in offers if offer is not None and refusal is None)
        rounding = Rounding.DOWN_V1
        await connection.execute(
            "INSERT INTO bet (shard, bet_id, player_id, state, refusal, stake_micros, currency,"
            " rounding, legs, placed_at, decided_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *(shard, bet.bet_id, bet.player_id),
            *("accepted" if refusal is None else "refused", refusal),
            *(bet.stake_micros, bet.currency, rounding, _encode(legs), now, now),
        )
        for leg in legs:
            await connection.execute(
                "INSERT INTO bet_leg (market_id, shard, bet_id) VALUES ($1, $2, $3)",
                leg.market_id,
                shard,
                bet.bet_id,
            )
            await slow_books.add(connection, shard, leg, bet.stake_micros, bet.currency)
        await row_at_a_time.tell(
            connection,
            shard,
            bet.player_id,
            _fact(bet, legs, refusal, rounding, now),
            clock=clock,
            entropy=entropy,
        )


async def _offer(connection: Connection, selection_id: str) -> asyncpg.Record | None:
    return await connection.fetchrow(
        "SELECT selection_id, market_id, event_id, price, tick, catalog_market.status,"
        " starts_at"
        " FROM catalog_selection JOIN catalog_market USING (market_id)"
        " JOIN catalog_event USING (event_id) WHERE selection_id = $1",
        selection_id,
    )


def _refusal(
    bet: PlaceBet,
    player: asyncpg.Record | None,
    offers: list[asyncpg.Record | None],
    now: datetime,
) -> str | None:
    if player is None:
        return "unknown_player"
    allowed = jurisdictions.get(player["jurisdiction"]).sportsbook
    if player["status"] != "active":
        return "player_not_active"
    if player["currency"] != bet.currency:
        return "wrong_currency"
    if not allowed.stake_micros_min <= bet.stake_micros <= allowed.stake_micros_max:
        return "stake_out_of_range"
    if bet.stake_micros % currency(bet.currency).minor_unit_micros:
        return "stake_not_whole"
    returns = Fraction(bet.stake_micros)
    for leg, offer in zip(bet.legs, offers, strict=True):
        if offer is None:
            return "unknown_selection"
        if now >= offer["starts_at"] or offer["status"] != "open":
            return "market_not_open"
        if offer["tick"] != leg.tick:
            return "price_changed"
        returns *= parse_price(offer["price"])
    return "returns_too_large" if returns > allowed.returns_micros_max else None


def _hold(bet: PlaceBet) -> HoldRequest:
    return HoldRequest(
        shard=shard_of(bet.player_id),
        key=bet.bet_id,
        account_id=player_account(bet.player_id, bet.currency),
        micros=bet.stake_micros,
        currency=bet.currency,
    )


def _leg(offer: asyncpg.Record) -> Leg:
    return Leg(
        selection_id=SelectionId(str(offer["selection_id"])),
        market_id=MarketId(str(offer["market_id"])),
        event_id=EventId(str(offer["event_id"])),
        price=offer["price"],
        tick=offer["tick"],
    )


def _fact(
    bet: PlaceBet, legs: tuple[Leg, ...], refusal: str | None, rounding: Rounding, now: datetime
) -> Fact:
    if refusal is not None:
        return BetRefused(
            bet_id=bet.bet_id,
            player_id=bet.player_id,
            reason=refusal,
            stake_micros=bet.stake_micros,
            currency=bet.currency,
            legs=bet.legs,
            placed_at=write_instant(now),
        )
    return BetAccepted(
        bet_id=bet.bet_id,
        player_id=bet.player_id,
        stake_micros=bet.stake_micros,
        currency=bet.currency,
        rounding=rounding,
        jurisdiction="demo",
        legs=legs,
        placed_at=write_instant(now),
        rules=RULES_NOW,
        movements=(
            Movement(
                kind="hold",
                key=bet.bet_id,
                micros=bet.stake_micros,
                currency=bet.currency,
                account=player_account(bet.player_id, bet.currency),
            ),
        ),
    )
