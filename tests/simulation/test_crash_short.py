"""Real processes are killed, frozen and cut off for a while, and nothing is lost or doubled.

One short run with every fault once, one upon the other; then what is left of it is spoiled in
every way that would be a loss, and each is found.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.sim import audit, crash
from pitboss.sim.crash.checks import run_checks
from pitboss.sim.crash.memory import Memory, Want
from pitboss.sim.crash.model import FaultKind
from pitboss.sim.crash.trial import read_evidence

# A processor is frozen first: then the rest happens while another stands in for it.
SEED = 12
SHORT_MINUTES = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruin:
    """What is left of a run: its report, and its server, up again."""

    report: crash.CrashReport
    url: str

    async def broken(self, *statements: str, acknowledged: tuple[str, ...] = ()) -> set[str]:
        """Spoil the tables inside a transaction, audit them, and return what the audit finds."""
        connection = await asyncpg.connect(self.url)
        transaction = connection.transaction()
        await transaction.start()
        try:
            # History refuses to be changed, unless somebody may switch its guards off.
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
            findings = await audit.inspect(connection, acknowledged=acknowledged)
        finally:
            await transaction.rollback()
            await connection.close()
        return set(findings.broken)


@pytest.fixture(scope="module")
async def ruin() -> AsyncIterator[Ruin]:
    """Give what is left of one short run."""
    told: list[str] = []
    report = await crash.run(
        crash.CrashConfig(
            minutes=SHORT_MINUTES, seed=SEED, commands_per_second=60.0, players=40, keep=True
        ),
        tell=told.append,
    )
    assert report.home is not None, told
    server = EmbeddedPostgres(Path(report.home))
    try:
        await asyncio.to_thread(server.start)
        yield Ruin(report=report, url=server.owner_url())
    finally:
        await asyncio.to_thread(server.stop, immediate=True)
        shutil.rmtree(report.home)


async def test_every_fault_happens_and_no_promise_is_broken(ruin: Ruin) -> None:
    report = ruin.report

    told = crash.as_json(report)
    assert told["failed"] == {}
    assert report.ok
    assert report.faults == dict.fromkeys(FaultKind, 1)
    killed = ("api", "settlement", "sequencer", "payments", "sandbox", "postgres")
    assert report.restarts.keys() >= set(killed)
    assert report.connections_cut > 0
    assert report.zombies_fenced > 0
    assert report.decided == report.accepted + report.refused > 0
    assert report.settled == report.accepted > 0
    assert report.payments >= 40
    assert report.repeats > 0
    assert report.retries > 0


async def test_the_audit_of_what_is_left_finds_nothing(ruin: Ruin) -> None:
    assert not await ruin.broken()


@pytest.mark.parametrize(
    ("statement", "promise"),
    [
        (
            "DELETE FROM bet WHERE bet_id = (SELECT min(bet_id::text)::uuid FROM bet)",
            "bets_are_as_decided",
        ),
        (
            "DELETE FROM command WHERE command_id = (SELECT min(bet_id::text)::uuid FROM bet)",
            "offsets_are_gap_free",
        ),
        (
            "DELETE FROM fact WHERE (shard, seq) = (SELECT shard, seq FROM fact"
            " WHERE convert_from(body, 'UTF8') LIKE '%\"bet.accepted\"%' LIMIT 1)",
            "commands_have_one_outcome",
        ),
        (
            "UPDATE wallet_account SET credits = credits + 1 WHERE account_id ="
            " (SELECT min(account_id::text)::uuid FROM wallet_account WHERE credits > 0)",
            "balances_equal_their_entries",
        ),
        (
            "DELETE FROM wallet_transfer WHERE key ="
            " (SELECT min(payment_id::text)::uuid FROM payment WHERE state = 'succeeded')",
            "payments_move_money_once",
        ),
        (
            "UPDATE fact SET body = convert_to(replace(convert_from(body, 'UTF8'),"
            " '\"stake_micros\":', '\"stake_micros\":1'), 'UTF8')"
            " WHERE (shard, seq) = (SELECT shard, seq FROM fact"
            " WHERE convert_from(body, 'UTF8') LIKE '%\"bet.refused\"%' LIMIT 1)",
            "chains_are_unbroken",
        ),
        ("UPDATE stream_head SET version = version + 1", "streams_are_gap_free"),
    ],
)
async def test_a_planted_loss_is_found(ruin: Ruin, statement: str, promise: str) -> None:
    assert promise in await ruin.broken(statement)


async def test_an_acknowledgement_of_what_never_was_is_found(ruin: Ruin) -> None:
    fabricated = derived_id("bet", "that", "never", "was")

    assert await ruin.broken(acknowledged=(fabricated,)) == {"acknowledged_is_in_the_log"}


async def test_clients_who_remember_more_than_the_tables_are_heard(ruin: Ruin) -> None:
    evidence = await read_evidence(ruin.url)
    memory = Memory()
    player_id = PlayerId(evidence.log[0].player_id)
    asked = memory.ask(Want.BET, player_id, "a key of their own", 1, at=0.0)
    memory.acknowledge(asked, derived_id("bet", "that", "never", "was"), at=0.1)

    broken = {check.name for check in run_checks(memory, evidence) if not check.ok}

    assert {"acknowledged_bets_are_in_the_log", "acknowledged_bets_are_decided"} <= broken
    # And what the tables have, these clients never asked for.
    assert {"nothing_is_decided_unasked", "nothing_is_paid_unasked"} <= broken


@pytest.mark.slow
async def test_three_minutes_of_faults_break_no_promise() -> None:
    report = await crash.run(crash.CrashConfig(minutes=3.0, seed=11), tell=lambda text: None)

    assert crash.as_json(report)["failed"] == {}
    assert min(report.faults.values()) >= 2
    assert report.zombies_fenced > 0
