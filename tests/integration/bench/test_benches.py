"""Each bench runs for a moment on a server of its own; its books balance and its JSON is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pitboss.bench import (
    bets,
    books,
    feed,
    games,
    gate,
    location,
    logins,
    registers,
    settle,
    slow_flush,
    wallet,
)
from pitboss.bench.report import BenchReport, as_json
from pitboss.db import Database

MOMENT = 0.2
KEYS = {"ok", "unit", "rate", "baseline_rate", "ratio", "rss_mb", "durability", "invariants"}


def check(report: BenchReport, *, decide_ms: bool = True) -> None:
    """Check what is the same for every bench."""
    told = as_json(report)
    assert told.keys() >= KEYS
    assert ("decide_ms" in told) is decide_ms
    assert {name for name, held in report.invariants.items() if not held} == set()
    assert told["ok"] is True
    assert report.rate > 0
    assert report.baseline_rate is not None
    assert report.baseline_rate > 0
    assert report.durability["fsync"] == "on"
    assert report.durability["synchronous_commit"] == "on"
    assert report.durability["full_page_writes"] == "on"
    assert report.rss_mb["postgres"] > 0


async def test_the_wallet_bench_balances() -> None:
    report = await wallet.run(
        wallet.WalletOptions(seconds=MOMENT, baseline_seconds=MOMENT, players=50, batch=20)
    )

    check(report)
    assert report.invariants["every_hold_is_told_once"]


async def test_the_logins_bench_opens_a_session_for_every_login() -> None:
    report = await logins.run(logins.LoginsOptions(seconds=MOMENT, players=5, clients=4))

    check(report, decide_ms=False)
    assert report.invariants["every_login_has_a_session"]
    assert report.figures["argon2id_memory_kib"] == 19 * 1024


async def test_the_gate_bench_asks_the_gate_in_every_second_part() -> None:
    report = await gate.run(
        gate.GateOptions(bets=300, wallets=20, rounds=2, acknowledge_seconds=MOMENT)
    )

    check(report, decide_ms=False)
    assert report.invariants["everybody_was_let_through"]
    assert report.invariants["what_the_gate_let_through_is_counted"]


async def test_the_games_bench_books_every_round_that_was_answered() -> None:
    report = await games.run(games.GamesOptions(seconds=MOMENT, players=100, connections=8))

    check(report, decide_ms=False)
    assert report.invariants["every_answered_round_is_booked_once"]
    assert report.invariants["every_stake_has_its_win"]


@pytest.mark.parametrize("legs", [1, 4])
async def test_the_bets_bench_decides_all_that_was_in_the_log(legs: int) -> None:
    report = await bets.run(
        bets.BetsOptions(
            seconds=MOMENT,
            baseline_seconds=MOMENT,
            wallets=50,
            history=70,
            legs=legs,
            warm_up=200,
            idle_bets=3,
        )
    )

    check(report)
    assert report.invariants["every_command_has_one_outcome"]
    assert report.figures["refused"] == 0


async def test_the_feed_bench_shows_every_price_that_it_pushed() -> None:
    report = await feed.run(
        feed.FeedOptions(
            seconds=0.5,
            rate=1_000,
            bets_rate=100,
            players=50,
            small_displays=2,
            baseline_seconds=MOMENT,
        )
    )

    check(report, decide_ms=False)
    assert report.invariants["every_update_was_seen"]
    assert report.figures["updates"] == 500
    assert report.figures["displays"] == 3


@pytest.mark.parametrize(("legs", "fewest_won"), [(1, 50), (3, 1)])
async def test_the_settle_bench_settles_every_bet(legs: int, fewest_won: int) -> None:
    report = await settle.run(
        settle.SettleOptions(bets=300, legs=legs, baseline_seconds=MOMENT, wallets=50, clients=4)
    )

    check(report, decide_ms=False)
    assert report.invariants["every_win_is_paid_once"]
    assert float(report.figures["won"]) >= fewest_won


async def test_books_that_do_not_balance_are_found(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO wallet_account (shard, account_id, kind, owner, currency, may_overdraw,"
            " credits, held) VALUES (1, gen_random_uuid(), 'player', '-', 'EUR', false, 5, 3)"
        )

    found = await books.check(database)

    broken = {name for name, held in found.invariants.items() if not held}
    assert broken == {
        "books_sum_to_zero",
        "held_is_what_the_holds_still_have",
        "balances_are_what_the_transfers_say",
    }


def test_what_is_preloaded_is_loaded_only_meanwhile(tmp_path: Path) -> None:
    library = slow_flush.build(tmp_path)
    if library is None:
        pytest.skip("there is no C compiler here, or this is not Linux")

    with slow_flush.preloaded(library, 1.5):
        inside = (os.environ["LD_PRELOAD"], os.environ["PITBOSS_FLUSH_DELAY_MICROS"])

    assert inside == (str(library), "1500")
    assert "PITBOSS_FLUSH_DELAY_MICROS" not in os.environ


@pytest.mark.parametrize("algorithm", location.ALGORITHMS)
async def test_the_location_bench_passes_the_good_and_refuses_the_bent(
    algorithm: str, tmp_path: Path
) -> None:
    report = await location.run(
        location.LocationOptions(checks=100, algorithm=algorithm, folder=tmp_path)
    )

    assert report.ok, report.invariants
    assert report.baseline_rate is not None
    assert report.rate > report.baseline_rate > 0
    assert all(isinstance(value, float) and value > 0 for value in report.figures.values())


async def test_the_registers_bench_asks_about_everybody_once_beside_bets() -> None:
    options = registers.RegistersOptions(players=300, rate=50, seconds=MOMENT)

    report = await registers.run(options)

    # A busy machine may keep a bet waiting; everything else holds on any.
    assert {name for name, held in report.invariants.items() if not held} <= {
        "bets_beside_it_wait_no_longer"
    }
    assert report.rate > 0
