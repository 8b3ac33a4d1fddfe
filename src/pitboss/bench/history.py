"""Years of earlier bets, written by PostgreSQL itself: big tables are what slows a young design.

Each earlier bet was lost: its hold is posted to the house, which leaves a hold, a transfer, a bet
and both accounts as they would be.  Commands and facts of that time are left out, because the
processors read and write those tables at their newest end only.
"""

from __future__ import annotations

from pitboss.bench import server, town
from pitboss.db import Database
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.model import stake_account
from pitboss.wallet.model import player_account

STAKE_MICROS = 5 * town.UNIT
DAYS_BETWEEN_ROUNDS = 3
# As long as the legs of a single; nobody reads them again.
_LEGS = b" " * 220

# Who bets: their number, and their place among the players of their shard.
_PEOPLE = (
    "CREATE TEMPORARY TABLE bench_player AS SELECT number - 1 AS number, shard, player_id,"
    " account_id, house_id, row_number() OVER (PARTITION BY shard ORDER BY number) AS place"
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
_TRANSFERS = (
    "INSERT INTO wallet_transfer (shard, key, debit_id, credit_id, micros, currency, hold_key,"
    " whole, debit_after, credit_after, debit_no, credit_no, booked_at)"
    " SELECT play.shard, bet_id, play.account_id, house_id, $1, $2, bet_id, true,"
    " giver.credits - giver.debits - $1, taker.credits - taker.debits + $1 * place,"
    " giver.entries + 1, taker.entries + place, now() + make_interval(days => $3)"
    " FROM bench_round AS play"
    " JOIN wallet_account AS giver ON giver.shard = play.shard"
    "   AND giver.account_id = play.account_id"
    " JOIN wallet_account AS taker ON taker.shard = play.shard AND taker.account_id = house_id"
)
_GIVERS = (
    "UPDATE wallet_account AS account SET debits = debits + $1, entries = entries + 1"
    " FROM bench_round AS play"
    " WHERE account.shard = play.shard AND account.account_id = play.account_id"
)
_TAKERS = (
    "UPDATE wallet_account AS account SET credits = credits + $1 * bets, entries = entries + bets"
    " FROM (SELECT shard, house_id, count(*) AS bets FROM bench_round GROUP BY 1, 2) AS sums"
    " WHERE account.shard = sums.shard AND account.account_id = sums.house_id"
)


async def write(database: Database, people: town.Town, *, bets: int) -> None:
    """Write this many earlier bets, spread evenly over the players, oldest first."""
    shards = [shard_of(player_id) for player_id in people.players]
    async with server.connected(database.url) as connection:
        await connection.execute(
            _PEOPLE,
            shards,
            list(people.players),
            [player_account(player_id, town.CURRENCY) for player_id in people.players],
            [stake_account(shard, town.CURRENCY) for shard in shards],
        )
        rounds = -(-bets // len(people.players))
        for number in range(rounds):
            playing = min(bets - number * len(people.players), len(people.players))
            async with connection.transaction():
                await _play(connection, -DAYS_BETWEEN_ROUNDS * (rounds - number), playing)


async def _play(connection: server.Connection, days: int, playing: int) -> None:
    """Write one round of bets, this many days from now."""
    await connection.execute(_ROUND, days, playing)
    await connection.execute("ANALYZE bench_round")
    for query, values in (
        (_BETS, (STAKE_MICROS, town.CURRENCY, _LEGS, days)),
        (_HOLDS, (STAKE_MICROS, town.CURRENCY)),
        (_TRANSFERS, (STAKE_MICROS, town.CURRENCY, days)),
        (_GIVERS, (STAKE_MICROS,)),
        (_TAKERS, (STAKE_MICROS,)),
    ):
        await connection.execute(query, *values)
    await connection.execute("DROP TABLE bench_round")
