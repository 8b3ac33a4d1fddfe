"""An audit finds nothing in a story that is true, and each lie by the name of what it breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg
import pytest

from integration.sim.audit.story import Story
from pitboss.db import Database
from pitboss.sim import audit
from pitboss.sim.audit import store

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# What must be found, and the lie that is told to the raw tables: past triggers, and past the
# constraints that would not have it.
LIES = [
    ("offsets_are_gap_free", 'DELETE FROM command WHERE "offset" = 1'),
    ("offsets_are_gap_free", "UPDATE log_head SET next_offset = next_offset + 1"),
    ("consumers_are_not_ahead", "UPDATE log_consumer SET next_offset = next_offset + 1"),
    (
        "everything_is_processed",
        "UPDATE log_consumer SET next_offset = next_offset - 1 WHERE next_offset > 0",
    ),
    (
        "keys_are_appended_once",
        'UPDATE command SET key = (SELECT key FROM command WHERE "offset" = 0 LIMIT 1)',
    ),
    (
        "keys_are_appended_once",
        "UPDATE command SET command_id = (SELECT command_id FROM command LIMIT 1)",
    ),
    ("commands_have_one_outcome", "{forget} LIKE '%\"bet.accepted\"%'"),
    ("commands_have_one_outcome", "{forget} LIKE '%\"bet.refused\"%'"),
    ("commands_have_one_outcome", "{forget} LIKE '%\"command.set_aside\"%'"),
    ("commands_have_one_outcome", "{repeat} LIKE '%\"bet.refused\"%'"),
    ("outcomes_were_commanded", "DELETE FROM command"),
    ("bets_are_as_decided", "DELETE FROM bet WHERE state = 'accepted'"),
    ("bets_are_as_decided", "UPDATE bet SET stake_micros = stake_micros + 1"),
    ("bets_are_as_decided", "UPDATE bet SET state = 'accepted' WHERE state = 'refused'"),
    ("bets_are_as_decided", "UPDATE bet SET player_id = bet_id"),
    ("bets_are_as_decided", "UPDATE bet SET shard = 0"),
    ("bets_are_settled_once", "UPDATE bet SET returns_micros = returns_micros + 1"),
    ("bets_are_settled_once", "UPDATE bet SET state = 'accepted' WHERE state = 'settled'"),
    ("bets_are_settled_once", "UPDATE bet SET state = 'settled' WHERE state = 'accepted'"),
    ("bets_are_settled_once", "UPDATE bet SET state = 'settled' WHERE state = 'voided'"),
    ("bets_are_settled_once", "{repeat} LIKE '%\"bet.settled\"%'"),
    ("stakes_are_held_while_open", "DELETE FROM wallet_hold"),
    ("stakes_are_held_while_open", "UPDATE wallet_hold SET micros = micros + 1"),
    ("stakes_are_held_while_open", "UPDATE wallet_hold SET posted = 0"),
    ("stakes_are_held_while_open", "UPDATE wallet_hold SET voided = 0"),
    ("stakes_are_held_while_open", "UPDATE wallet_hold SET refusal = NULL"),
    (
        "returns_are_paid",
        "UPDATE fact SET body = replace(convert_from(body, 'UTF8'), '\"returns_micros\":',"
        " '\"returns_micros\":1')::bytea WHERE convert_from(body, 'UTF8') LIKE '%bet.settled%'",
    ),
    ("results_are_gap_free", "UPDATE settlement_result SET no = no + 1"),
    ("results_are_gap_free", "DELETE FROM settlement_result WHERE no = 1"),
    ("results_are_gap_free", "{forget} LIKE '%\"market.resulted\"%'"),
    (
        "nothing_waits_for_known_results",
        "UPDATE bet SET state = 'accepted' WHERE state = 'voided'",
    ),
    ("money_is_conserved", "UPDATE wallet_account SET credits = credits + 1 WHERE kind = 'house'"),
    ("transfers_join_two_accounts", "DELETE FROM wallet_account WHERE kind = 'house'"),
    ("transfers_join_two_accounts", "UPDATE wallet_transfer SET currency = 'GBP'"),
    ("transfers_join_two_accounts", "UPDATE wallet_transfer SET shard = shard + 1"),
    ("transfers_join_two_accounts", "UPDATE wallet_transfer SET micros = -micros"),
    ("transfers_join_two_accounts", "UPDATE wallet_transfer SET debit_id = credit_id"),
    ("balances_equal_their_entries", "DELETE FROM wallet_transfer WHERE hold_key IS NULL"),
    (
        "balances_equal_their_entries",
        "UPDATE wallet_account SET debits = debits + 1, credits = credits + 1",
    ),
    ("balances_equal_their_entries", "UPDATE wallet_account SET entries = entries + 1"),
    ("entries_run_on", "UPDATE wallet_transfer SET debit_after = debit_after + 1"),
    ("entries_run_on", "UPDATE wallet_transfer SET credit_no = credit_no + 1"),
    ("nobody_is_overdrawn", "UPDATE wallet_account SET held = credits - debits + 1"),
    ("held_equals_open_holds", "UPDATE wallet_account SET held = held + 1"),
    ("held_equals_open_holds", "UPDATE wallet_hold SET voided = voided - 1 WHERE voided > 0"),
    ("holds_are_drawn_once", "UPDATE wallet_hold SET posted = posted - 1 WHERE posted > 0"),
    ("holds_are_drawn_once", "UPDATE wallet_hold SET voided = voided - 1 WHERE voided > 0"),
    ("holds_are_drawn_once", "UPDATE wallet_transfer SET micros = micros * 2"),
    (
        "money_keys_are_used_once",
        "UPDATE wallet_transfer SET key = (SELECT key FROM wallet_transfer LIMIT 1)",
    ),
    (
        "money_keys_are_used_once",
        "UPDATE wallet_hold SET key = (SELECT key FROM wallet_hold LIMIT 1)",
    ),
    ("movements_are_booked", "DELETE FROM wallet_transfer"),
    ("movements_are_booked", "DELETE FROM wallet_hold"),
    ("movements_are_booked", "UPDATE wallet_transfer SET credit_id = key"),
    ("movements_are_booked", "{repeat} LIKE '%\"deposit.confirmed\"%'"),
    ("movements_are_booked", "{forget} LIKE '%\"bet.settled\"%'"),
    ("balances_follow_from_facts", "{forget} LIKE '%\"deposit.confirmed\"%'"),
    ("balances_follow_from_facts", "UPDATE wallet_account SET held = held + 1"),
    ("accounts_were_opened", "{forget} LIKE '%\"account.opened\"%'"),
    ("accounts_were_opened", "DELETE FROM wallet_account WHERE entries = 0"),
    ("payments_move_money_once", "UPDATE payment SET state = 'requested' WHERE kind = 'deposit'"),
    (
        "payments_move_money_once",
        "UPDATE payment SET state = 'succeeded' WHERE state = 'submitted'",
    ),
    ("payments_move_money_once", "UPDATE payment SET state = 'failed' WHERE kind = 'withdrawal'"),
    ("payments_move_money_once", "UPDATE payment SET micros = micros + 1"),
    ("payments_move_money_once", "{repeat} LIKE '%\"withdrawal.paid\"%'"),
    ("shards_are_gap_free", "DELETE FROM fact WHERE seq = 2"),
    ("shards_are_gap_free", "UPDATE shard_head SET seq = seq + 1 WHERE shard = 9"),
    ("shards_are_gap_free", "UPDATE fact SET seq = seq + 1"),
    ("chains_are_unbroken", "UPDATE fact SET body = body || ' ' WHERE seq = 2"),
    ("chains_are_unbroken", "UPDATE fact SET seq = seq + 100 WHERE seq = 2"),
    ("chains_are_unbroken", "UPDATE shard_head SET head_hash = sha256('x') WHERE shard = 9"),
    ("chains_are_unbroken", "UPDATE fact SET stream = gen_random_uuid()"),
    ("chains_are_unbroken", "UPDATE fact SET version = version + 1"),
    ("streams_are_gap_free", "UPDATE fact SET version = version + 1"),
    ("streams_are_gap_free", "UPDATE stream_head SET version = version + 1"),
    ("streams_are_gap_free", "DELETE FROM stream_head"),
    ("positions_are_gap_free", "UPDATE fact_run SET position = position + 1"),
    ("positions_are_gap_free", "UPDATE sequencer SET position = position + 1"),
    ("every_fact_has_one_place", "UPDATE fact_run SET seq = seq + 1"),
    ("every_fact_has_one_place", "UPDATE fact_run SET facts = facts + 1000000"),
]
# A fact that is forgotten, or told a second time, at the end of its shard.
SHORTHANDS = {
    "{forget}": "DELETE FROM fact WHERE convert_from(body, 'UTF8')",
    "{repeat}": (
        "INSERT INTO fact SELECT shard, seq + 1000, stream, version + 1000, body FROM fact"
        " WHERE convert_from(body, 'UTF8')"
    ),
}
WITHOUT_CONSTRAINTS = """
DO $$ DECLARE step text; BEGIN
    FOR step IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass,
                      conname)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         AND contype IN ('c', 'u', 'p', 'f')
    LOOP EXECUTE step; END LOOP;
END $$"""
NOBODY = "00000000-0000-8000-8000-000000000000"


@pytest.fixture(scope="module")
async def story(
    maintenance: Connection, template_name: str, postgres_url: str
) -> AsyncIterator[Connection]:
    """Give a connection to a database with a true story in it."""
    name = f"{template_name}_story"
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    database = Database(url)
    await Story(database).tell()
    await database.close()
    connection: Connection = await asyncpg.connect(url)
    yield connection
    await connection.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_true_story_breaks_no_promise(story: Connection) -> None:
    found = await audit.inspect(story)

    assert found.broken == {}
    assert found.ok
    assert set(found.promises) >= set(store.PROMISES)
    assert min(found.counts.values()) > 0


async def tell(story: Connection, lie: str) -> str:
    """Change the tables, if need be without what they would refuse."""
    try:
        async with story.transaction():
            return await story.execute(lie)
    except asyncpg.IntegrityConstraintViolationError:
        await story.execute(WITHOUT_CONSTRAINTS)
        return await story.execute(lie)


@pytest.mark.parametrize(("promise", "lie"), LIES)
async def test_a_lie_breaks_its_promise(story: Connection, promise: str, lie: str) -> None:
    for shorthand, meaning in SHORTHANDS.items():
        lie = lie.replace(shorthand, meaning)
    transaction = story.transaction()
    await transaction.start()
    try:
        await story.execute("SET LOCAL session_replication_role = replica")
        assert await tell(story, lie) not in {"UPDATE 0", "DELETE 0", "INSERT 0 0"}

        found = await audit.inspect(story)
    finally:
        await transaction.rollback()

    assert promise in found.broken
    assert not found.ok


async def test_what_was_acknowledged_and_is_not_in_the_log_is_found(story: Connection) -> None:
    there = str(await story.fetchval("SELECT command_id FROM command"))

    found = await audit.inspect(story, acknowledged=[there, NOBODY])

    assert found.broken == {
        "acknowledged_is_in_the_log": (f"command {NOBODY} was acknowledged and is not in the log",)
    }


async def test_what_waits_is_found_only_if_nothing_should(story: Connection) -> None:
    transaction = story.transaction()
    await transaction.start()
    try:
        # As it was before anything was processed: nothing is told of it yet.
        await story.execute("SET LOCAL session_replication_role = replica")
        await story.execute("UPDATE log_head SET next_offset = next_offset + 1 WHERE partition = 3")
        await story.execute("INSERT INTO command SELECT 3, 0, $1, $1, '', '', now()", NOBODY)

        busy = await audit.inspect(story, drained=False)
        drained = await audit.inspect(story)
    finally:
        await transaction.rollback()

    assert busy.broken == {}
    assert list(drained.broken) == ["everything_is_processed"]


async def test_a_fact_that_nobody_can_read_is_found(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO fact VALUES (9, 1, $1, 1, '\\x00ff')", NOBODY)

    found = await audit.audit(database.url)

    assert list(found.broken) == ["facts_can_be_read"]
