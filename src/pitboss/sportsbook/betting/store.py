"""The SQL of betting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, MarketId, PlayerId
from pitboss.kernel.money import Rounding
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.sportsbook.betting.model import Bet, BetState, Closing, Leg, OpenBet, Waiting

# Looked up instead of called: an enumeration's call costs as much as the rest of the row.
_ROUNDINGS = {rounding.value: rounding for rounding in Rounding}

_number = itemgetter(0)
_encode_legs = msgspec.json.Encoder().encode
_decode_legs = msgspec.json.Decoder(tuple[Leg, ...]).decode


async def find_bets(tx: Transaction, places: Collection[tuple[Shard, BetId]]) -> dict[BetId, Bet]:
    """Return those of the bets that are decided."""
    rows = await tx.fetch(
        "SELECT bet.* FROM bet JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, bet_id)"
        " ON bet.shard = wanted.shard AND bet.bet_id = wanted.bet_id",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    return {bet.id: bet for bet in map(_bet, rows)}


async def find_owner(tx: Transaction, bet_id: BetId) -> PlayerId | None:
    """Return the player of a decided bet."""
    # Every shard is named, so that each part of the key's index is used.
    row = await tx.fetch_one(
        "SELECT player_id FROM bet WHERE shard = ANY($1::smallint[]) AND bet_id = $2",
        list(SHARDS_ALL),
        bet_id,
    )
    return None if row is None else PlayerId(str(row["player_id"]))


async def find_waiting(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that are accepted and not settled yet, in the order asked."""
    if not places:
        return []
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        "SELECT number, player_id, stake_micros, currency, rounding, legs"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, id, number)"
        " JOIN bet ON bet.shard = wanted.shard AND bet.bet_id = wanted.id"
        " WHERE state = 'accepted'",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    found = [
        (
            number,
            Waiting(
                shard=places[number - 1][0],
                id=places[number - 1][1],
                player_id=PlayerId(str(player_id)),
                stake_micros=stake_micros,
                currency=currency,
                rounding=_ROUNDINGS[rounding],
                legs=_decode_legs(legs),
            ),
        )
        for number, player_id, stake_micros, currency, rounding, legs in rows
    ]
    return [bet for _, bet in sorted(found, key=_number)]


async def find_open_bets_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, decided_before: datetime | None
) -> list[Waiting]:
    """Return a player's accepted bets that are not settled yet, by their ids."""
    rows = await tx.fetch(
        # Nothing is indexed by player, because every bet would pay for a question that few ask.
        "SELECT bet_id, stake_micros, currency, rounding, legs FROM bet"
        " WHERE shard = $1 AND player_id = $2 AND state = 'accepted'"
        "   AND decided_at < coalesce($3, 'infinity'::timestamptz) ORDER BY bet_id",
        shard,
        player_id,
        decided_before,
    )
    return [
        Waiting(
            shard=shard,
            id=BetId(str(row["bet_id"])),
            player_id=player_id,
            stake_micros=row["stake_micros"],
            currency=row["currency"],
            rounding=_ROUNDINGS[row["rounding"]],
            legs=_decode_legs(row["legs"]),
        )
        for row in rows
    ]


async def save_bets(tx: Transaction, bets: Sequence[Bet]) -> None:
    """Write newly decided bets, and where the accepted ones wait."""
    if not bets:
        return
    await tx.copy_in(
        "bet",
        (
            *("shard", "bet_id", "player_id", "state", "refusal", "stake_micros", "currency"),
            *("rounding", "legs", "placed_at", "decided_at"),
        ),
        [
            (
                bet.shard,
                bet.id,
                bet.player_id,
                bet.state,
                bet.refusal,
                bet.stake_micros,
                bet.currency,
                bet.rounding,
                _encode_legs(bet.legs),
                bet.placed_at,
                bet.decided_at,
            )
            for bet in bets
        ],
    )
    waiting = [
        (leg.market_id, bet.shard, bet.id)
        for bet in bets
        if bet.state is BetState.ACCEPTED
        for leg in bet.legs
    ]
    if waiting:
        await tx.copy_in("bet_leg", ("market_id", "shard", "bet_id"), waiting)


async def find_open_bets(
    tx: Transaction,
    market_id: MarketId,
    *,
    shards: tuple[Shard, Shard],
    after: OpenBet | None,
    limit: int,
) -> list[OpenBet]:
    """Return the places of bets that wait for this market, in order of shard and id."""
    first = (shards[0], "00000000-0000-0000-0000-000000000000")
    from_shard, from_bet = first if after is None else (after.shard, after.bet_id)
    rows = await tx.fetch(
        "SELECT shard, bet_id FROM bet_leg WHERE market_id = $1 AND shard <= $2"
        " AND (shard, bet_id) > ($3, $4::uuid) ORDER BY shard, bet_id LIMIT $5",
        market_id,
        shards[1],
        from_shard,
        from_bet,
        limit,
    )
    return [OpenBet(shard=row["shard"], bet_id=BetId(str(row["bet_id"]))) for row in rows]


async def close_bets(tx: Transaction, closings: Sequence[Closing], now: datetime) -> None:
    """Write what the bets returned."""
    await tx.execute(
        "UPDATE bet SET state = batch.state, returns_micros = batch.returns_micros,"
        " settled_at = $5 FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[])"
        "   AS batch (shard, bet_id, state, returns_micros)"
        " WHERE bet.shard = batch.shard AND bet.bet_id = batch.bet_id",
        [closing.bet.shard for closing in closings],
        [closing.bet.id for closing in closings],
        [BetState.VOIDED if closing.voided else BetState.SETTLED for closing in closings],
        [closing.returns_micros for closing in closings],
        now,
    )


async def find_totals(tx: Transaction) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return (bets, stakes, returns) per (currency, state)."""
    rows = await tx.fetch(
        "SELECT currency, state, count(*) AS bets, sum(stake_micros)::bigint AS stakes,"
        " coalesce(sum(returns_micros), 0)::bigint AS returns FROM bet GROUP BY 1, 2"
    )
    return {
        (row["currency"], row["state"]): (row["bets"], row["stakes"], row["returns"])
        for row in rows
    }


def _bet(row: asyncpg.Record) -> Bet:
    return Bet(
        shard=row["shard"],
        id=BetId(str(row["bet_id"])),
        player_id=PlayerId(str(row["player_id"])),
        state=BetState(row["state"]),
        refusal=row["refusal"],
        stake_micros=row["stake_micros"],
        currency=row["currency"],
        rounding=Rounding(row["rounding"]),
        legs=_decode_legs(row["legs"]),
        placed_at=row["placed_at"],
        decided_at=row["decided_at"],
        returns_micros=row["returns_micros"],
        settled_at=row["settled_at"],
    )
