"""The SQL of the audit: over raw tables alone, so that it shares nothing with the rooms.

Every promise is a query for what breaks it; each row is a sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# As many ids as are sent at once.
IDS_AT_ONCE = 10_000

# What several promises look at.  A fact is read once, however many ask for it: `OFFSET 0` keeps
# PostgreSQL from reading it again for every field.
_VIEWS = r"""
told AS MATERIALIZED (
    SELECT shard, seq, stream, version, sha256('\x00'::bytea || body) AS hash,
           envelope ->> 'prev' AS prev, envelope -> 'data' AS data,
           envelope -> 'data' ->> 'type' AS type,
           ROW (envelope ->> 'shard', envelope ->> 'seq', envelope ->> 'stream', envelope ->> 'ver')
             = ROW (shard::text, seq::text, stream::text, version::text) AS in_its_place
    FROM (SELECT fact.*, convert_from(body, 'UTF8')::jsonb AS envelope FROM fact OFFSET 0) AS read
),
outcome AS MATERIALIZED (
    SELECT coalesce(data ->> 'bet_id', data ->> 'command_id')::uuid AS id, shard, type,
           data ->> 'player_id' AS player_id, (data ->> 'stake_micros')::bigint AS stake
    FROM told WHERE type IN ('bet.accepted', 'bet.refused', 'command.set_aside')
),
settled AS MATERIALIZED (
    SELECT (data ->> 'bet_id')::uuid AS id, shard, (data ->> 'voided')::boolean AS voided,
           (data ->> 'returns_micros')::bigint AS returns, data -> 'movements' AS movements
    FROM told WHERE type = 'bet.settled'
),
movement AS MATERIALIZED (
    SELECT shard, item ->> 'kind' AS kind, (item ->> 'key')::uuid AS key,
           (item ->> 'micros')::bigint AS micros, item ->> 'currency' AS currency,
           (item ->> 'account')::uuid AS account_id, (item ->> 'debit')::uuid AS debit_id,
           (item ->> 'credit')::uuid AS credit_id, (item ->> 'hold')::uuid AS hold_key
    FROM told CROSS JOIN jsonb_array_elements(data -> 'movements') AS item
),
entry AS MATERIALIZED (
    SELECT shard, debit_id AS account_id, debit_no AS no, -micros AS micros, debit_after AS after,
           currency, key FROM wallet_transfer
    UNION ALL
    SELECT shard, credit_id, credit_no, micros, credit_after, currency, key FROM wallet_transfer
)"""

_LOG: Mapping[str, str] = {
    "offsets_are_gap_free": """
        SELECT format('partition %s: %s commands at %s to %s, and the log ends at %s', partition,
                      coalesce(commands, 0), first, last, next_offset)
        FROM log_head FULL JOIN (
            SELECT partition, count(*) AS commands, min("offset") AS first, max("offset") AS last
            FROM command GROUP BY partition
        ) AS found USING (partition)
        WHERE next_offset IS DISTINCT FROM coalesce(commands, 0)
           OR (commands > 0 AND (first <> 0 OR last <> commands - 1))""",
    "consumers_are_not_ahead": """
        SELECT format('partition %s: processed up to %s, and the log ends at %s', partition,
                      consumer.next_offset, head.next_offset)
        FROM log_head AS head FULL JOIN log_consumer AS consumer USING (partition)
        WHERE (consumer.next_offset <= head.next_offset) IS NOT TRUE""",
    "everything_is_processed": """
        SELECT format('partition %s: processed up to %s of %s', partition,
                      consumer.next_offset, head.next_offset)
        FROM log_head AS head JOIN log_consumer AS consumer USING (partition)
        WHERE consumer.next_offset <> head.next_offset""",
    "keys_are_appended_once": """
        SELECT format('key %s is in the log %s times', key, count(*))
        FROM command GROUP BY key HAVING count(*) > 1
        UNION ALL
        SELECT format('command %s is in the log %s times', command_id, count(*))
        FROM command GROUP BY command_id HAVING count(*) > 1""",
    "commands_have_one_outcome": """
        SELECT format('command %s (partition %s, offset %s) has %s outcomes', command_id,
                      partition, "offset", coalesce(outcomes, 0))
        FROM command JOIN log_consumer USING (partition) LEFT JOIN (
            SELECT id, count(*) AS outcomes FROM outcome GROUP BY id
        ) AS found ON found.id = command_id
        WHERE coalesce(outcomes, 0) <> ("offset" < next_offset)::int""",
    "outcomes_were_commanded": """
        SELECT format('%s of %s, which nobody commanded', type, id)
        FROM outcome WHERE NOT EXISTS (SELECT FROM command WHERE command_id = outcome.id)""",
}

_BETS: Mapping[str, str] = {
    "bets_are_as_decided": """
        SELECT format('bet %s is %s with a stake of %s, and was told as %s with %s',
                      coalesce(bet_id, id), coalesce(state, 'missing'), stake_micros,
                      coalesce(type, 'nothing'), stake)
        FROM bet FULL JOIN (
            SELECT * FROM outcome WHERE type <> 'command.set_aside'
        ) AS decided ON decided.id = bet_id AND decided.shard = bet.shard
        WHERE (stake_micros = stake AND bet.player_id::text = decided.player_id
               AND (state = 'refused') = (type = 'bet.refused')) IS NOT TRUE""",
    "bets_are_settled_once": """
        SELECT format('bet %s is %s and returned %s; told %s times, returning %s',
                      coalesce(bet_id, id), coalesce(state, 'missing'), returns_micros,
                      coalesce(times, 0), returns)
        FROM bet FULL JOIN (
            SELECT shard, id, count(*) AS times, sum(returns) AS returns,
                   bool_or(voided) AS voided FROM settled GROUP BY shard, id
        ) AS paid ON paid.id = bet_id AND paid.shard = bet.shard
        WHERE (CASE WHEN state IN ('settled', 'voided')
               THEN times = 1 AND returns = returns_micros AND voided = (state = 'voided')
               ELSE bet_id IS NOT NULL AND times IS NULL END) IS NOT TRUE""",
    "stakes_are_held_while_open": """
        SELECT format('bet %s is %s with a stake of %s; its hold has %s, posted %s, voided %s',
                      bet_id, state, stake_micros, hold.micros, posted, voided)
        FROM bet LEFT JOIN wallet_hold AS hold
          ON hold.shard = bet.shard AND hold.key = bet_id AND hold.refusal IS NULL
        WHERE (CASE state
               WHEN 'refused' THEN hold.key IS NULL
               ELSE hold.micros = stake_micros
                AND posted = CASE state WHEN 'settled' THEN stake_micros ELSE 0 END
                AND voided = CASE state WHEN 'voided' THEN stake_micros ELSE 0 END
               END) IS NOT TRUE""",
    "returns_are_paid": """
        SELECT format('bet %s returned %s, and %s was paid', id, returns, paid)
        FROM (
            SELECT id, returns, (
                SELECT coalesce(sum((item ->> 'micros')::bigint), 0)
                FROM jsonb_array_elements(movements) AS item
                WHERE item ->> 'kind' = CASE WHEN voided THEN 'void' ELSE 'transfer' END
            ) AS paid FROM settled
        ) AS told_of WHERE returns <> paid""",
    "results_are_gap_free": """
        SELECT format('%s results, numbered %s to %s', count(*), min(no), max(no))
        FROM settlement_result HAVING count(*) > 0 AND (min(no) <> 1 OR max(no) <> count(*))
        UNION ALL
        SELECT format('result %s of market %s was told %s times', no, market_id, times)
        FROM settlement_result FULL JOIN (
            SELECT (data ->> 'no')::bigint AS no, count(*) AS times
            FROM told WHERE type = 'market.resulted' GROUP BY 1
        ) AS found USING (no)
        WHERE times IS DISTINCT FROM 1 OR market_id IS NULL""",
    "nothing_waits_for_known_results": """
        SELECT format('bet %s is still open, and all its results are known', bet_id)
        FROM bet WHERE state = 'accepted' AND NOT EXISTS (
            SELECT FROM bet_leg WHERE bet_leg.shard = bet.shard AND bet_leg.bet_id = bet.bet_id
              AND NOT EXISTS (SELECT FROM settlement_result AS result
                              WHERE result.market_id = bet_leg.market_id))""",
}

_MONEY: Mapping[str, str] = {
    "money_is_conserved": """
        SELECT format('%s: all accounts together have %s micros', currency, sum(credits - debits))
        FROM wallet_account GROUP BY currency HAVING sum(credits - debits) <> 0""",
    "transfers_join_two_accounts": """
        SELECT format('transfer %s names account %s, which is not there in %s', key,
                      entry.account_id, entry.currency)
        FROM entry WHERE NOT EXISTS (
            SELECT FROM wallet_account AS account WHERE account.shard = entry.shard
              AND account.account_id = entry.account_id AND account.currency = entry.currency)
        UNION ALL
        SELECT format('transfer %s moves %s micros from %s to %s', key, micros, debit_id, credit_id)
        FROM wallet_transfer WHERE debit_id = credit_id OR micros <= 0""",
    "balances_equal_their_entries": """
        SELECT format('account %s: debits %s, credits %s, entries %s; its entries say %s, %s, %s',
                      account_id, account.debits, account.credits, account.entries,
                      coalesce(sums.debits, 0), coalesce(sums.credits, 0),
                      coalesce(sums.entries, 0))
        FROM wallet_account AS account LEFT JOIN (
            SELECT shard, account_id, count(*) AS entries,
                   coalesce(-sum(micros) FILTER (WHERE micros < 0), 0) AS debits,
                   coalesce(sum(micros) FILTER (WHERE micros > 0), 0) AS credits
            FROM entry GROUP BY shard, account_id
        ) AS sums USING (shard, account_id)
        WHERE account.entries <> coalesce(sums.entries, 0)
           OR account.debits <> coalesce(sums.debits, 0)
           OR account.credits <> coalesce(sums.credits, 0)""",
    "entries_run_on": """
        SELECT format('account %s: entry %s leaves %s; it is the %sth and should leave %s',
                      account_id, no, after, place, sum)
        FROM (
            SELECT account_id, no, after, row_number() OVER running AS place,
                   sum(micros) OVER running AS sum
            FROM entry WINDOW running AS (PARTITION BY shard, account_id ORDER BY no)
        ) AS run WHERE no <> place OR after <> sum""",
    "nobody_is_overdrawn": """
        SELECT format('account %s has %s micros, of which %s are held', account_id,
                      credits - debits, held)
        FROM wallet_account
        WHERE held < 0 OR (NOT may_overdraw AND held > credits - debits)""",
    "held_equals_open_holds": """
        SELECT format('account %s holds %s micros, and its open holds have %s', account_id, held,
                      coalesce(still_held, 0))
        FROM wallet_account FULL JOIN (
            SELECT shard, account_id, sum(micros - posted - voided) AS still_held
            FROM wallet_hold WHERE refusal IS NULL GROUP BY shard, account_id
        ) AS holds USING (shard, account_id)
        WHERE held IS DISTINCT FROM coalesce(still_held, 0)""",
    "holds_are_drawn_once": """
        SELECT format('hold %s of %s: posted %s, voided %s; transfers took %s, facts voided %s',
                      hold.key, hold.micros, posted, voided, coalesce(taken, 0),
                      coalesce(freed, 0))
        FROM wallet_hold AS hold LEFT JOIN (
            SELECT shard, hold_key AS key, sum(micros) AS taken FROM wallet_transfer
            WHERE hold_key IS NOT NULL GROUP BY shard, hold_key
        ) AS took USING (shard, key) LEFT JOIN (
            SELECT shard, key, sum(micros) AS freed FROM movement WHERE kind = 'void'
            GROUP BY shard, key
        ) AS loosened USING (shard, key)
        WHERE posted <> coalesce(taken, 0) OR voided <> coalesce(freed, 0)
           OR (refusal IS NULL AND posted + voided > hold.micros)""",
    "money_keys_are_used_once": """
        SELECT format('key %s was booked as a %s %s times', key, verb, count(*))
        FROM (
            SELECT key, 'transfer' AS verb FROM wallet_transfer
            UNION ALL SELECT key, 'hold' FROM wallet_hold
        ) AS booked GROUP BY key, verb HAVING count(*) > 1""",
    "movements_are_booked": """
        SELECT format('hold %s of %s micros: told %s times, of %s', key, hold.micros,
                      coalesce(times, 0), told_of.micros)
        FROM (SELECT * FROM wallet_hold WHERE refusal IS NULL) AS hold FULL JOIN (
            SELECT shard, key, account_id, currency, sum(micros) AS micros, count(*) AS times
            FROM movement WHERE kind = 'hold' GROUP BY shard, key, account_id, currency
        ) AS told_of USING (shard, key)
        WHERE (hold.micros = told_of.micros AND times = 1 AND hold.currency = told_of.currency
               AND hold.account_id = told_of.account_id) IS NOT TRUE
        UNION ALL
        SELECT format('transfer %s of %s micros: told %s times, of %s', key, transfer.micros,
                      coalesce(times, 0), told_of.micros)
        FROM wallet_transfer AS transfer FULL JOIN (
            SELECT shard, key, debit_id, credit_id, currency, hold_key, sum(micros) AS micros,
                   count(*) AS times
            FROM movement WHERE kind IN ('post', 'transfer')
            GROUP BY shard, key, debit_id, credit_id, currency, hold_key
        ) AS told_of USING (shard, key)
        WHERE (transfer.micros = told_of.micros AND times = 1
               AND transfer.currency = told_of.currency
               AND transfer.debit_id = told_of.debit_id AND transfer.credit_id = told_of.credit_id
               AND transfer.hold_key IS NOT DISTINCT FROM told_of.hold_key) IS NOT TRUE""",
    "balances_follow_from_facts": """
        SELECT format('account %s: %s posted and %s held, by facts %s and %s', account_id,
                      credits - debits, account.held, coalesce(follows.posted, 0),
                      coalesce(follows.held, 0))
        FROM wallet_account AS account FULL JOIN (
            SELECT shard, account_id, sum(posted) AS posted, sum(held) AS held
            FROM (
                SELECT shard, account_id, 0 AS posted,
                       CASE kind WHEN 'hold' THEN micros ELSE -micros END AS held
                FROM movement WHERE kind IN ('hold', 'void')
                UNION ALL
                SELECT shard, debit_id, -micros, CASE kind WHEN 'post' THEN -micros ELSE 0 END
                FROM movement WHERE kind IN ('post', 'transfer')
                UNION ALL
                SELECT shard, credit_id, micros, 0
                FROM movement WHERE kind IN ('post', 'transfer')
            ) AS change GROUP BY shard, account_id
        ) AS follows USING (shard, account_id)
        WHERE credits - debits IS DISTINCT FROM coalesce(follows.posted, 0)
           OR account.held IS DISTINCT FROM coalesce(follows.held, 0)""",
    "accounts_were_opened": """
        SELECT format('account %s was opened %s times', coalesce(account_id, id),
                      coalesce(times, 0))
        FROM wallet_account AS account FULL JOIN (
            SELECT shard, (data ->> 'account_id')::uuid AS id, count(*) AS times
            FROM told WHERE type = 'account.opened' GROUP BY 1, 2
        ) AS opened ON opened.id = account_id AND opened.shard = account.shard
        WHERE times IS DISTINCT FROM 1 OR account_id IS NULL""",
    "payments_move_money_once": """
        SELECT format('%s %s is %s: confirmed %s times, moved %s of %s micros, holds %s', kind,
                      payment_id, state, coalesce(times, 0), coalesce(transfer.micros, 0),
                      payment.micros, coalesce(hold.micros - hold.posted - hold.voided, 0))
        FROM payment LEFT JOIN wallet_transfer AS transfer
          ON transfer.shard = payment.shard AND transfer.key = payment_id
        LEFT JOIN wallet_hold AS hold
          ON hold.shard = payment.shard AND hold.key = payment_id AND hold.refusal IS NULL
        LEFT JOIN (
            SELECT (data ->> 'payment_id')::uuid AS id, count(*) AS times FROM told
            WHERE type IN ('deposit.confirmed', 'withdrawal.paid') GROUP BY 1
        ) AS confirmed ON confirmed.id = payment_id
        WHERE coalesce(times, 0) <> (state = 'succeeded')::int
           OR coalesce(transfer.micros, 0)
              <> CASE state WHEN 'succeeded' THEN payment.micros ELSE 0 END
           OR coalesce(hold.micros - hold.posted - hold.voided, 0)
              <> CASE WHEN kind = 'withdrawal' AND state IN ('requested', 'submitted')
                 THEN payment.micros ELSE 0 END""",
}

_FACTS: Mapping[str, str] = {
    "shards_are_gap_free": """
        SELECT format('shard %s: %s facts, seq %s to %s, and its head is at %s', shard,
                      coalesce(facts, 0), first, last, head.seq)
        FROM shard_head AS head FULL JOIN (
            SELECT shard, count(*) AS facts, min(seq) AS first, max(seq) AS last
            FROM fact GROUP BY shard
        ) AS found USING (shard)
        WHERE head.seq IS DISTINCT FROM coalesce(facts, 0)
           OR (facts > 0 AND (first <> 1 OR last <> facts))""",
    "chains_are_unbroken": r"""
        SELECT format('shard %s, seq %s: %s', shard, seq,
                      CASE WHEN in_its_place THEN 'it does not name the hash of the fact before'
                      ELSE 'its bytes say that it belongs elsewhere' END)
        FROM (
            SELECT shard, seq, in_its_place, prev, coalesce(
                encode(lag(hash) OVER (PARTITION BY shard ORDER BY seq), 'hex'), repeat('00', 32)
            ) AS hash_before FROM told
        ) AS link WHERE (in_its_place AND prev = hash_before) IS NOT TRUE
        UNION ALL
        SELECT format('shard %s: its head has another hash than its last fact', head.shard)
        FROM shard_head AS head LEFT JOIN told USING (shard, seq)
        WHERE head_hash <> coalesce(hash, decode(repeat('00', 32), 'hex'))""",
    "streams_are_gap_free": """
        SELECT format('shard %s, stream %s: version %s is its %sth', shard, stream, version, place)
        FROM (
            SELECT shard, stream, version,
                   row_number() OVER (PARTITION BY shard, stream ORDER BY seq) AS place
            FROM fact
        ) AS counted WHERE version <> place
        UNION ALL
        SELECT format('shard %s, stream %s: %s facts, and its head is at %s', shard, stream,
                      coalesce(facts, 0), head.version)
        FROM stream_head AS head FULL JOIN (
            SELECT shard, stream, count(*) AS facts FROM fact GROUP BY shard, stream
        ) AS found USING (shard, stream)
        WHERE head.version IS DISTINCT FROM facts""",
    "positions_are_gap_free": """
        SELECT format('position %s: the one before ends at %s', position, ends)
        FROM (
            SELECT position, coalesce(lag(position + facts) OVER (ORDER BY position), 0) AS ends
            FROM fact_run
        ) AS link WHERE position <> ends
        UNION ALL
        SELECT format('the order ends at %s, and has %s facts', position, placed)
        FROM sequencer CROSS JOIN (SELECT coalesce(sum(facts), 0) AS placed FROM fact_run) AS runs
        WHERE position <> placed""",
    "every_fact_has_one_place": """
        SELECT format('shard %s, seq %s: the run before ends at %s', shard, seq, ends)
        FROM (
            SELECT shard, seq,
                   coalesce(lag(seq + facts) OVER (PARTITION BY shard ORDER BY seq), 1) AS ends
            FROM fact_run
        ) AS link WHERE seq <> ends
        UNION ALL
        SELECT format('shard %s: %s facts have a place, and there are %s', shard, placed, seq)
        FROM shard_head FULL JOIN (
            SELECT shard, sum(facts) AS placed FROM fact_run GROUP BY shard
        ) AS runs USING (shard) WHERE (coalesce(placed, 0) <= seq) IS NOT TRUE""",
}

PROMISES: Mapping[str, str] = {**_LOG, **_BETS, **_MONEY, **_FACTS}
WHEN_DRAINED = frozenset({"everything_is_processed", "nothing_waits_for_known_results"})


async def find_discrepancies(
    connection: Connection, names: Sequence[str], *, limit: int
) -> list[tuple[str, str]]:
    """Return (promise, what breaks it) for these promises, all seen at one moment."""
    rows = await connection.fetch(_all_of(tuple(names), limit))
    return [(row["promise"], row["detail"]) for row in rows]


async def find_missing(
    connection: Connection, command_ids: Collection[str], *, limit: int
) -> list[str]:
    """Return those of the ids that no command in the log has."""
    ids = list(command_ids)
    missing: list[str] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        rows = await connection.fetch(
            "SELECT id FROM unnest($1::uuid[]) AS id"
            " WHERE NOT EXISTS (SELECT FROM command WHERE command_id = id) LIMIT $2",
            ids[start : start + IDS_AT_ONCE],
            limit - len(missing),
        )
        missing += (str(row["id"]) for row in rows)
        if len(missing) >= limit:
            break
    return missing


async def find_counts(connection: Connection) -> dict[str, int]:
    """Return how many rows there are in the tables that matter most."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM command) AS commands, (SELECT count(*) FROM fact) AS facts,"
        " (SELECT count(*) FROM bet) AS bets, (SELECT count(*) FROM wallet_transfer) AS transfers,"
        " (SELECT count(*) FROM wallet_hold) AS holds, (SELECT count(*) FROM payment) AS payments"
    )
    return {} if row is None else dict(row)


@lru_cache(maxsize=8)
def _all_of(names: tuple[str, ...], limit: int) -> str:
    """Return one statement for many promises: one snapshot, one trip, one reading of the facts."""
    parts = [
        f"(SELECT '{name}' AS promise, detail FROM ({PROMISES[name]}) AS broken (detail)"
        f" LIMIT {limit})"
        for name in names
    ]
    return f"WITH {_VIEWS} {' UNION ALL '.join(parts)}"
