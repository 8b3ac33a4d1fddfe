"""The SQL of bets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, MarketId, PlayerId, least_id, time_of
from pitboss.kernel.money import Rounding
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.sportsbook.betting.model import (
    DUPLICATE_WINDOW,
    Bet,
    BetState,
    BuyBack,
    Closing,
    Corrected,
    Correction,
    Leg,
    OpenBet,
    PastCorrection,
    Pending,
    PricePolicy,
    Seen,
    Shape,
    Taken,
    Waiting,
    likeness,
)

# Looked up instead of called: an enumeration's call costs as much as the rest of the row.
_ROUNDINGS = {rounding.value: rounding for rounding in Rounding}
# A bet's id is made before it is acknowledged, and clocks are not all the same.
_RECENT = 2 * DUPLICATE_WINDOW
_number = itemgetter(0)
_encode_legs = msgspec.json.Encoder().encode
_decode_legs = msgspec.json.Decoder(tuple[Leg, ...]).decode
_encode_shape = msgspec.json.Encoder().encode
_decode_shape = msgspec.json.Decoder(Shape).decode
_encode = _encode_legs
_decode_seen = msgspec.json.Decoder(tuple[Seen, ...]).decode


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


async def find_recent(tx: Transaction, shards: Collection[Shard]) -> list[Taken]:
    """Return the slips that were taken in these shards shortly before the newest bet of each.

    Ids of bets say when they were made, so the newest lie at the end of the key; from the clock
    one could not tell, because what is decided next may have waited for a long time.
    """
    ends = await tx.fetch(
        "SELECT lane.shard, last.bet_id FROM unnest($1::smallint[]) AS lane (shard),"
        " LATERAL (SELECT bet_id FROM bet WHERE bet.shard = lane.shard"
        "          ORDER BY bet_id DESC LIMIT 1) AS last",
        list(shards),
    )
    rows = await tx.fetch(
        # A slip is like another one by what was asked for, whatever a limit has left of it.
        "SELECT player_id, coalesce(stake_other_micros, stake_micros) AS stake_micros, currency,"
        " legs, placed_at, shape"
        " FROM unnest($1::smallint[], $2::uuid[]) AS since (shard, bet_id)"
        " JOIN bet ON bet.shard = since.shard AND bet.bet_id >= since.bet_id"
        " WHERE state <> 'refused'",
        [row["shard"] for row in ends],
        [_shortly_before(str(row["bet_id"])) for row in ends],
    )
    return [
        Taken(
            likeness=likeness(
                PlayerId(str(row["player_id"])),
                row["currency"],
                row["stake_micros"],
                [leg.selection_id for leg in _decode_legs(row["legs"])],
                _shape(row["shape"]),
            ),
            placed_at=row["placed_at"],
        )
        for row in rows
    ]


async def find_waiting(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that are accepted and not settled yet, in the order asked."""
    if not places:
        return []
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        "SELECT number, player_id, stake_micros - bought_back_micros, currency, rounding, legs,"
        " decided_at, placed_at, settlements, shape, rules, NULL, false, NULL"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, id, number)"
        " JOIN bet ON bet.shard = wanted.shard AND bet.bet_id = wanted.id"
        " WHERE state = 'accepted'",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    found = [(row[0], _waiting(places[row[0] - 1], row)) for row in rows]
    return [bet for _, bet in sorted(found, key=_number)]


async def find_changeable(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that results may settle, or have settled, in the order asked."""
    if not places:
        return []
    rows = await tx.fetch(
        "SELECT number, player_id, stake_micros - bought_back_micros, currency, rounding, legs,"
        " decided_at, placed_at, settlements, shape, rules, returns_micros, state = 'voided',"
        " settled_at"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, id, number)"
        " JOIN bet ON bet.shard = wanted.shard AND bet.bet_id = wanted.id"
        " WHERE state = 'accepted' OR settlements > 0",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    found = [(row[0], _waiting(places[row[0] - 1], row)) for row in rows]
    return [bet for _, bet in sorted(found, key=_number)]


async def find_open_bets_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, decided_before: datetime | None
) -> list[Waiting]:
    """Return a player's accepted bets that are not settled yet, by their ids."""
    rows = await tx.fetch(
        # Nothing is indexed by player, because every bet would pay for a question that few ask.
        "SELECT bet_id, player_id, stake_micros - bought_back_micros, currency, rounding, legs,"
        " decided_at, placed_at, settlements, shape, rules, NULL, false, NULL FROM bet"
        " WHERE shard = $1 AND player_id = $2 AND state = 'accepted'"
        "   AND decided_at < coalesce($3, 'infinity'::timestamptz) ORDER BY bet_id",
        shard,
        player_id,
        decided_before,
    )
    return [_waiting((shard, BetId(str(row["bet_id"]))), row) for row in rows]


async def save_bets(tx: Transaction, bets: Sequence[Bet]) -> None:
    """Write newly decided bets, and where the accepted ones wait."""
    if not bets:
        return
    await tx.copy_in(
        "bet",
        (
            *("shard", "bet_id", "player_id", "state", "refusal", "stake_micros", "currency"),
            *("rounding", "legs", "placed_at", "decided_at", "shape", "rules", "price_policy"),
            "stake_other_micros",
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
                None if bet.shape is None else _encode_shape(bet.shape),
                bet.rules,
                bet.price_policy.told,
                bet.stake_other_micros,
            )
            for bet in bets
        ],
    )
    await _save_legs(tx, bets)


async def save_pending(tx: Transaction, pendings: Sequence[Pending]) -> None:
    """Write which bets are delayed, and until when."""
    if pendings:
        await tx.copy_in(
            "bet_pending",
            ("shard", "bet_id", "decide_at", "seen"),
            [(item.shard, item.bet_id, item.decide_at, _encode(item.seen)) for item in pendings],
        )


async def find_next_due(tx: Transaction, shards: Collection[Shard]) -> datetime | None:
    """Return when the next delay of these shards is over; None if there is none."""
    row = await tx.fetch_one(
        "SELECT min(decide_at) AS at FROM bet_pending WHERE shard = ANY($1::smallint[])",
        list(shards),
    )
    return None if row is None else row["at"]


async def find_due(
    tx: Transaction, shards: Collection[Shard], *, by: datetime, limit: int
) -> list[Pending]:
    """Return the delayed bets of these shards whose time has come, the longest due first."""
    rows = await tx.fetch(
        "SELECT shard, bet_id, decide_at, seen FROM bet_pending"
        " WHERE shard = ANY($1::smallint[]) AND decide_at <= $2"
        " ORDER BY decide_at, bet_id LIMIT $3",
        list(shards),
        by,
        limit,
    )
    return [
        Pending(
            shard=row["shard"],
            bet_id=BetId(str(row["bet_id"])),
            decide_at=row["decide_at"],
            seen=_decode_seen(row["seen"]),
        )
        for row in rows
    ]


async def end_pending(tx: Transaction, bets: Sequence[Bet]) -> None:
    """Write how delayed bets were decided, and where the accepted ones wait."""
    await tx.execute(
        "DELETE FROM bet_pending USING unnest($1::smallint[], $2::uuid[]) AS ended (shard, bet_id)"
        " WHERE bet_pending.shard = ended.shard AND bet_pending.bet_id = ended.bet_id",
        [bet.shard for bet in bets],
        [bet.id for bet in bets],
    )
    await tx.execute(
        "UPDATE bet SET state = batch.state, refusal = batch.refusal, rounding = batch.rounding,"
        " legs = batch.legs, decided_at = batch.decided_at, rules = batch.rules,"
        " stake_micros = batch.stake_micros, stake_other_micros = batch.stake_other_micros"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[],"
        "   $7::timestamptz[], $8::text[], $9::bigint[], $10::bigint[])"
        "   AS batch (shard, bet_id, state, refusal, rounding, legs, decided_at, rules,"
        "   stake_micros, stake_other_micros)"
        " WHERE bet.shard = batch.shard AND bet.bet_id = batch.bet_id AND bet.state = 'delayed'",
        [bet.shard for bet in bets],
        [bet.id for bet in bets],
        [bet.state for bet in bets],
        [bet.refusal for bet in bets],
        [bet.rounding for bet in bets],
        [_encode_legs(bet.legs) for bet in bets],
        [bet.decided_at for bet in bets],
        [bet.rules for bet in bets],
        [bet.stake_micros for bet in bets],
        [bet.stake_other_micros for bet in bets],
    )
    await _save_legs(tx, bets)


async def _save_legs(tx: Transaction, bets: Sequence[Bet]) -> None:
    waiting = [
        (market_id, bet.shard, bet.id)
        for bet in bets
        if bet.state is BetState.ACCEPTED
        # Two legs may be of one market, on lines apart; the bet waits for it once.
        for market_id in dict.fromkeys([leg.market_id for leg in bet.legs])
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
        " settled_at = $6, settlements = CASE final WHEN true THEN 0 ELSE settlements + 1 END"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[], $5::boolean[])"
        "   AS batch (shard, bet_id, state, returns_micros, final)"
        " WHERE bet.shard = batch.shard AND bet.bet_id = batch.bet_id",
        [closing.bet.shard for closing in closings],
        [closing.bet.id for closing in closings],
        [BetState.VOIDED if closing.voided else BetState.SETTLED for closing in closings],
        [closing.returns_micros for closing in closings],
        [closing.final for closing in closings],
        now,
    )


async def correct_bets(tx: Transaction, corrected: Sequence[Corrected], now: datetime) -> None:
    """Write what the bets return now, and what they returned before."""
    wanted = [item.correction for item in corrected]
    await tx.execute(
        "UPDATE bet SET state = batch.state, returns_micros = batch.returns_micros,"
        # A settlement that is corrected is as old as it was; one that is undone is none.
        " settled_at = CASE WHEN batch.returns_micros IS NULL THEN NULL"
        "   ELSE coalesce(settled_at, $6) END, settlements = batch.version"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bigint[], $5::smallint[])"
        "   AS batch (shard, bet_id, state, returns_micros, version)"
        " WHERE bet.shard = batch.shard AND bet.bet_id = batch.bet_id",
        [item.bet.shard for item in wanted],
        [item.bet.id for item in wanted],
        [_state_of(item) for item in wanted],
        [item.returns_micros for item in wanted],
        [item.version for item in wanted],
        now,
    )
    await tx.copy_in(
        "bet_correction",
        (
            *("shard", "bet_id", "version", "was_micros", "was_voided", "returns_micros", "voided"),
            *("cause", "reason", "result_no", "owed_micros", "absorbed_micros", "corrected_at"),
        ),
        [
            (
                *(item.bet.shard, item.bet.id, item.version),
                *(item.bet.returns_micros, item.bet.voided, item.returns_micros, item.voided),
                *(item.cause, item.reason, item.result_no),
                *(done.owed_micros, done.absorbed_micros, now),
            )
            for done, item in zip(corrected, wanted, strict=True)
        ],
    )


async def find_corrections(
    tx: Transaction, places: Collection[tuple[Shard, BetId]]
) -> dict[BetId, list[PastCorrection]]:
    """Return the corrections of these bets, the oldest first."""
    rows = await tx.fetch(
        "SELECT correction.* FROM bet_correction AS correction"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, bet_id)"
        " ON correction.shard = wanted.shard AND correction.bet_id = wanted.bet_id"
        " ORDER BY correction.bet_id, version",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    found: dict[BetId, list[PastCorrection]] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if name != "shard"}
        values["bet_id"] = BetId(str(row["bet_id"]))
        found.setdefault(values["bet_id"], []).append(PastCorrection(**values))
    return found


def _state_of(item: Correction) -> BetState:
    if item.returns_micros is None:
        return BetState.ACCEPTED
    return BetState.VOIDED if item.voided else BetState.SETTLED


async def buy_back(tx: Transaction, sale: BuyBack, now: datetime) -> None:
    """Write what was sold of a bet; when all of it is, it is over."""
    await tx.execute(
        "UPDATE bet SET bought_back_micros = bought_back_micros + $3, state = $4,"
        " returns_micros = CASE WHEN $5 THEN $6::bigint END,"
        " settled_at = CASE WHEN $5 THEN $7::timestamptz END"
        " WHERE shard = $1 AND bet_id = $2",
        sale.bet.shard,
        sale.bet.id,
        sale.stake_micros,
        BetState.CASHED_OUT if sale.whole else BetState.ACCEPTED,
        sale.whole,
        sale.paid_micros,
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


def _waiting(place: tuple[Shard, BetId], row: asyncpg.Record) -> Waiting:
    """Read a bet; by places, because names are looked up one by one."""
    _, player_id, stake_micros, currency, rounding, legs, decided_at, placed_at, *more = row
    settlements, shape, rules, returns_micros, voided, settled_at = more
    return Waiting(
        shard=place[0],
        id=place[1],
        player_id=PlayerId(str(player_id)),
        stake_micros=stake_micros,
        currency=currency,
        rounding=_ROUNDINGS[rounding],
        legs=_decode_legs(legs),
        decided_at=decided_at,
        placed_at=placed_at,
        settlements=settlements,
        shape=_shape(shape),
        rules=rules,
        returns_micros=returns_micros,
        voided=voided,
        settled_at=settled_at,
    )


def _shortly_before(bet_id: str) -> str:
    """Return the least id of a bet that may be like this one; an id without a time is its own."""
    made_by_time = bet_id[14] == "7"
    return least_id(time_of(bet_id) - _RECENT) if made_by_time else bet_id


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
        bought_back_micros=row["bought_back_micros"],
        shape=_shape(row["shape"]),
        rules=row["rules"],
        settlements=row["settlements"],
        price_policy=PricePolicy(row["price_policy"] or PricePolicy.NONE),
        stake_other_micros=row["stake_other_micros"],
    )


def _shape(stored: bytes | None) -> Shape | None:
    return None if stored is None else _decode_shape(stored)
