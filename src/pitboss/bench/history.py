"""Years of earlier bets, written by PostgreSQL itself: big tables are what slows a young design.

Each earlier bet was lost: its hold is posted to the house, which leaves a hold, a transfer, a bet
and both accounts as they would be.  Commands and facts of that time are left out, because the
processors read and write those tables at their newest end only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pitboss.bench import server, town
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.model import stake_account
from pitboss.wallet.model import player_account

STAKE_MICROS = 5 * town.UNIT
DAYS_BETWEEN_ROUNDS = 3
# Written side by side, each by a connection of its own.
HALVES = 2
# As long as the legs of a single, and none: nobody settles these bets again.
_LEGS = b"[]".ljust(220)

# Who bets: their number, their place among the players of their shard, and how many those are.
_PEOPLE = (
    "CREATE TEMPORARY TABLE bench_player AS SELECT number - 1 AS number, shard, player_id,"
    " account_id, house_id, row_number() OVER (PARTITION BY shard ORDER BY number) AS place,"
    " count(*) OVER (PARTITION BY shard) AS neighbours"
    " FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY"
    "   AS people (shard, player_id, account_id, house_id, number)"
)
# One bet of each of the first so many players, in the order of their numbers.
_ROUND = (
    "CREATE TEMPORARY TABLE bench_round AS SELECT uuidv7(make_interval(days => $1)) AS bet_id,"
    " people.* FROM bench_player AS people WHERE number < $2 ORDER BY number"
)
_BETS = (
    "INSERT INTO bet (shard, bet_id, player_id, state, refusal, stake_micros, currency, rounding,"
    " legs, placed_at, decided_at, returns_micros, settled_at)"
    " SELECT shard, bet_id, player_id, 'settled', NULL, $1, $2, 'down.v1', $3,"
    " now() + make_interval(days => $4), now() + make_interval(days => $4), 0,"
    " now() + make_interval(days => $4) FROM bench_round"
)
_HOLDS = (
    "INSERT INTO wallet_hold (shard, key, account_id, micros, currency, posted, voided, refusal)"
    " SELECT shard, bet_id, account_id, $1, $2, $1, 0, NULL FROM bench_round"
)
# The accounts stand as they did before the first round, of which there were $4 since.
_TRANSFERS = (
    "INSERT INTO wallet_transfer (shard, key, debit_id, credit_id, micros, currency, hold_key,"
    " whole, debit_after, credit_after, debit_no, credit_no, booked_at)"
    " SELECT play.shard, bet_id, play.account_id, house_id, $1::bigint, $2, bet_id, true,"
    " giver.credits - giver.debits - $1::bigint * ($4::int + 1),"
    " taker.credits - taker.debits + $1::bigint * ($4::int * neighbours + place),"
    " giver.entries + $4::int + 1, taker.entries + $4::int * neighbours + place,"
    " now() + make_interval(days => $3::int) FROM bench_round AS play"
    " JOIN wallet_account AS giver ON giver.shard = play.shard"
    "   AND giver.account_id = play.account_id"
    " JOIN wallet_account AS taker ON taker.shard = play.shard AND taker.account_id = house_id"
)
# What $2 rounds of all and one of the first $3 players leave of the accounts.
_GIVERS = (
    "UPDATE wallet_account AS account SET debits = debits + $1::bigint * bets,"
    " entries = entries + bets FROM (SELECT shard, account_id,"
    "   $2::int + (number < $3::int)::int AS bets FROM bench_player) AS sums"
    " WHERE account.shard = sums.shard AND account.account_id = sums.account_id"
)
_TAKERS = (
    "UPDATE wallet_account AS account SET credits = credits + $1::bigint * bets,"
    " entries = entries + bets FROM (SELECT shard, house_id,"
    "   sum($2::int + (number < $3::int)::int)::bigint AS bets"
    "   FROM bench_player GROUP BY 1, 2) AS sums"
    " WHERE account.shard = sums.shard AND account.account_id = sums.house_id"
)


async def write(database: Database, people: town.Town, *, bets: int) -> None:
    """Write this many earlier bets, spread evenly over the players, oldest first."""
    halves = [
        [item for item in people.players if shard_of(item) % HALVES == half]
        for half in range(HALVES)
    ]
    shares = [bets * len(half) // len(people.players) for half in halves]
    shares[0] += bets - sum(shares)
    async with asyncio.TaskGroup() as group:
        for players, share in zip(halves, shares, strict=True):
            group.create_task(_write(database, players, share))


async def _write(database: Database, players: Sequence[PlayerId], bets: int) -> None:
    """Write the bets of some players, whose shards nobody else writes."""
    if not players:
        return
    shards = [shard_of(player_id) for player_id in players]
    async with server.connected(database.url) as connection:
        await connection.execute(
            _PEOPLE,
            shards,
            list(players),
            [player_account(player_id, town.CURRENCY) for player_id in players],
            [stake_account(shard, town.CURRENCY) for shard in shards],
        )
        await connection.execute("ANALYZE bench_player")
        rounds, rest = divmod(bets, len(players))
        async with connection.transaction():
            for number in range(rounds):
                await _play(
                    connection, number, DAYS_BETWEEN_ROUNDS * (number - rounds), len(shards)
                )
            await _play(connection, rounds, 0, rest)
            await connection.execute(_GIVERS, STAKE_MICROS, rounds, rest)
            await connection.execute(_TAKERS, STAKE_MICROS, rounds, rest)


async def _play(connection: server.Connection, number: int, days: int, playing: int) -> None:
    """Write one round of bets, this many days from now."""
    await connection.execute(_ROUND, days, playing)
    await connection.execute("ANALYZE bench_round")
    for query, values in (
        (_BETS, (STAKE_MICROS, town.CURRENCY, _LEGS, days)),
        (_HOLDS, (STAKE_MICROS, town.CURRENCY)),
        (_TRANSFERS, (STAKE_MICROS, town.CURRENCY, days, number)),
    ):
        await connection.execute(query, *values)
    await connection.execute("DROP TABLE bench_round")
