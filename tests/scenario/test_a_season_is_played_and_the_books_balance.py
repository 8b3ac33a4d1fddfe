"""A season is played over HTTP on a whole instance, and its books balance; the same seed again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from folders import make_folder
from integration.cashier.world import until
from pitboss.kernel.errors import PlatformError
from pitboss.settings import Settings
from pitboss.sim.season import SeasonConfig, SeasonReport, play, to_json
from unit.sim.season.league import write_league

PUBLISHED = Path(__file__).parents[2] / ".." / "shared/data/football/E0_2023-24_full.csv"
RESIDENT_MB_MAX = 300
# Stopping takes a second; on a machine with much else to do, many.
PATIENCE_SECONDS = 90


class Follower:
    """Remembers how far it was told that things are."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def advance(self, text: str, done: int, total: int) -> None:
        """Remember."""
        self.told.append((text, done, total))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    path = make_folder("pitboss-season-")
    yield path
    shutil.rmtree(path)


async def play_league(home: Path, *, seed: int, follower: Follower) -> SeasonReport:
    config = SeasonConfig(
        path=write_league(home / "league.csv", rounds=4), players=12, bets=300, seed=seed
    )
    try:
        return await play(config, Settings(home=home, port=0), follower)
    except PlatformError as error:
        raise AssertionError(f"{error}\n{_errors_logged(home)}") from error


async def ask_pitboss(*words: str) -> dict[str, Any]:
    """Run a command, and return what it says in its last line."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss", *words, "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        told, _ = await command.communicate()
    said: dict[str, Any] = json.loads(told.splitlines()[-1])
    return said


async def test_a_season_is_played_and_the_same_seed_gives_the_same_books(home: Path) -> None:
    follower = Follower()

    first = await play_league(home, seed=7, follower=follower)
    # In the same home, beside yesterday's players and their money.
    again = await play_league(home, seed=7, follower=Follower())

    assert [check for check in first.checks if not check.ok] == []
    assert [check for check in again.checks if not check.ok] == []
    assert first.books == again.books
    assert to_json(first)["books_sha256"] == to_json(again)["books_sha256"]

    bets = first.books.bets
    assert bets.requested == bets.acknowledged == 300
    assert bets.acknowledged == bets.accepted + bets.refused
    assert bets.accepted == bets.settled + bets.cashed_out
    assert bets.asked == bets.acknowledged + bets.refused_early + bets.repeated
    assert all(figures.turnover > 0 for figures in first.books.markets.values())
    assert min(bets.systems, bets.each_way, bets.corrected) > 0
    games = first.books.games
    assert min(games.played, games.undone, games.staked) > 0
    sales = first.books.sales
    assert min(sales.wholes, sales.parts, bets.cashed_out) > 0
    assert 0 < sales.paid < 2 * sales.sold
    assert set(sales.unsold) <= {"bet_not_open", "cash_out_worthless", "quote_stale"}
    assert (first.events, first.match_days, len(first.skipped)) == (20, 8, 1)
    assert first.races == 6
    assert first.skipped[0].column == "Date"

    assert [done for _, done, _ in follower.told] == sorted(done for _, done, _ in follower.told)
    assert follower.told[-1] == ("the platform stops", 300, 300)
    # The client is this test's own process, which has other things in it.
    resident = {name: mb for name, mb in first.rss_mb.items() if name != "client"}
    assert max(resident.values()) < RESIDENT_MB_MAX

    replayed = await ask_pitboss("replay", "all", "--home", str(home))
    rebuilt = await ask_pitboss("rebuild", "--check", "--home", str(home))

    assert (replayed["ok"], replayed["settlements"]) == (True, 2 * bets.settled), replayed
    assert replayed["sales"] == 2 * (sales.wholes + sales.parts)
    assert (rebuilt["ok"], rebuilt["tables"]["bet"]) == (True, 600), rebuilt
    assert rebuilt["facts"] == replayed["facts"] > 1_000
    assert _left_behind(home) == []


@pytest.mark.slow
async def test_a_published_season_is_played_and_the_books_balance(home: Path) -> None:
    if not PUBLISHED.exists():
        pytest.skip("the published season is not at ../shared/data/football")
    config = SeasonConfig(path=PUBLISHED, players=100, bets=3_000, seed=11)

    report = await play(config, Settings(home=home / "published", port=0), Follower())

    assert report.ok, [check for check in report.checks if not check.ok]
    assert report.books.bets.acknowledged == 3_000
    assert report.events == 380
    assert report.abandoned > 0
    assert report.books.bets.voided > 0
    assert {"insufficient_funds", "related_legs", "event_started"} <= set(report.books.refusals)
    assert set(report.books.refused_early) == {
        "idempotency_key_reused",
        "malformed",
        "price_changed",
    }


@pytest.mark.parametrize("in_background", [False, True])
async def test_a_demo_that_is_told_to_end_leaves_nothing_behind(
    home: Path, in_background: bool
) -> None:
    folder = home / f"temporary-{in_background}"
    folder.mkdir(mode=0o755)
    league = write_league(home / "long.csv", rounds=8)
    words = (*("demo", "--season", str(league)), *("--players", "9", "--bets", "20000", "--json"))
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
        preexec_fn=_ignore_ctrl_c if in_background else _take_ctrl_c,
    )
    await until(lambda: bool(list(folder.glob("*/logs/sandbox.log"))))

    demo.terminate()
    async with asyncio.timeout(PATIENCE_SECONDS):
        told, _ = await demo.communicate()

    assert demo.returncode == 130
    assert json.loads(told.splitlines()[-1]) == {"ok": False, "error": "interrupted"}
    assert _left_behind(folder) == []
    assert list(folder.iterdir()) == []


def _ignore_ctrl_c() -> None:
    """Be what a script starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _take_ctrl_c() -> None:
    """Be what somebody starts at a terminal, whoever runs these tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _errors_logged(home: Path) -> str:
    """Return what the processes logged as errors, before the home is gone."""
    return "\n".join(
        line
        for log in sorted((home / "logs").glob("*.log"))
        for line in log.read_text().splitlines()
        if '"level": "error"' in line
    )


def _left_behind(home: Path) -> list[int]:
    """Return the processes that still have to do with this home."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "environ"])
        if str(home) in " ".join(process.info["cmdline"] or ())
        or str(home) in (process.info["environ"] or {}).get("PITBOSS_HOME", "")
    ]
