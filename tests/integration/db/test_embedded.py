"""The embedded PostgreSQL outlives us, keeps what was committed, and stops when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from integration.db.connections import MakeServer, read_value, run, wait_for_value
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.db.errors import DatabaseAway, EmbeddedServerFailed

# More work than any machine does while a test runs; it ends only when it is killed.
ENDLESS_QUERY = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"

START = """
import sys
from pathlib import Path
from pitboss.db.embedded import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), memory_bytes=512 * 1024**2)
print(server.start(), server.pid(), flush=True)
"""

HEARING = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


async def test_a_stopped_server_keeps_its_data(server: EmbeddedPostgres) -> None:
    url = server.start()
    await run(server.owner_url(), "CREATE TABLE kept AS SELECT 7 AS number")

    server.stop()
    stopped = server.is_running()
    again = server.start()

    assert (stopped, again) == (False, url)
    assert await read_value(server.owner_url(), "SELECT number FROM kept") == 7


async def test_starting_a_running_server_changes_nothing(server: EmbeddedPostgres) -> None:
    url = server.start()
    pid = server.pid()
    written = (server.data / "pitboss.conf").stat()

    again = server.start()

    assert (again, server.pid()) == (url, pid)
    assert (server.data / "pitboss.conf").stat() == written


def test_a_server_that_was_never_started_can_be_stopped(new_server: EmbeddedPostgres) -> None:
    new_server.stop()

    assert new_server.pid() is None


def test_processes_that_start_one_home_at_once_share_one_server(
    new_server: EmbeddedPostgres,
) -> None:
    starts = [_start_elsewhere(new_server.data.parent) for _ in range(3)]

    answers = {start.communicate(timeout=60)[0].strip() for start in starts}

    assert answers == {f"{new_server.url()} {new_server.pid()}"}


def test_a_server_outlives_the_interrupt_that_ends_its_starter(server: EmbeddedPostgres) -> None:
    # In naps, because an interrupt that comes just before a nap does not end it; and heard also
    # where the tests were started in a background that does not hear it.
    waiting = f"{HEARING}{START}\nimport time\nfor _ in range(600): time.sleep(1)"
    starter = _start_elsewhere(server.data.parent, waiting)
    assert starter.stdout is not None
    starter.stdout.readline()

    os.killpg(starter.pid, signal.SIGINT)
    starter.communicate(timeout=60)

    assert starter.returncode != 0
    assert server.is_running()


async def test_a_killed_server_recovers_what_was_committed(server: EmbeddedPostgres) -> None:
    server.start()
    url = server.owner_url()
    await run(url, "CREATE TABLE kept AS SELECT 7 AS number")
    pid = server.pid()
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    server.start()

    assert server.pid() != pid
    assert await read_value(url, "SELECT number FROM kept") == 7


async def test_a_killed_server_leaves_no_session_at_work_on_the_data(
    server: EmbeddedPostgres,
) -> None:
    database = Database(server.start())
    pid = server.pid()
    assert pid is not None
    busy = asyncio.create_task(_run_endlessly(database))
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series%b'"
    await wait_for_value(database.url, query, 1)

    os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(server.start)

    with pytest.raises(DatabaseAway):
        await busy
    assert await read_value(database.url, query) == 0
    await database.close()


async def test_an_immediate_stop_loses_nothing_that_was_committed(
    server: EmbeddedPostgres,
) -> None:
    server.start()
    url = server.owner_url()
    await run(url, "CREATE TABLE kept AS SELECT 7 AS number")

    server.stop(immediate=True)
    server.start()

    assert await read_value(url, "SELECT number FROM kept") == 7


@pytest.mark.parametrize(
    "left_behind",
    [
        pytest.param(f"{os.getpid()}\nelsewhere\n1\n5432\n/tmp\n\n1 1\nready   \n", id="reused"),
        pytest.param("4194304\nelsewhere\n1\n5432\n/tmp\n\n1 1\nready   \n", id="ended"),
        pytest.param("", id="empty"),
        pytest.param("what?\n", id="garbage"),
    ],
)
async def test_a_pid_file_left_behind_does_not_stop_a_start(
    server: EmbeddedPostgres, left_behind: str
) -> None:
    url = server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(left_behind)

    found = server.is_running()
    server.start()

    assert not found
    assert await read_value(url, "SELECT 1") == 1


async def test_half_made_files_are_made_again(new_server: EmbeddedPostgres) -> None:
    aside = new_server.data.with_name("postgres.new")
    aside.mkdir(parents=True)
    (aside / "PG_VERSION").write_text("18\n")

    url = new_server.start()

    assert await read_value(url, "SELECT 1") == 1


async def test_two_homes_have_two_servers(make_server: MakeServer) -> None:
    one, two = make_server("one"), make_server("two")

    for server in (one, two):
        server.start()
    urls = one.owner_url(), two.owner_url()
    await run(urls[0], "CREATE TABLE only_here ()")
    found = [await read_value(url, "SELECT to_regclass('only_here')::text") for url in urls]
    one.stop()

    assert found == ["only_here", None]
    assert (one.is_running(), two.is_running()) == (False, True)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("/".join(["a-folder-with-a-long-name"] * 6), id="too long for a socket"),
        pytest.param("with a space, a comma & an ümlaut's quote", id="marks"),
    ],
)
async def test_a_home_may_have_almost_any_name(make_server: MakeServer, name: str) -> None:
    server = make_server(name)

    url = server.start()

    assert await read_value(url, "SELECT 1") == 1
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700


def test_a_home_with_a_name_that_a_shell_would_read_is_refused(make_server: MakeServer) -> None:
    server = make_server("$(touch harm)")

    with pytest.raises(EmbeddedServerFailed, match="cannot live"):
        server.start()


def test_a_home_is_not_opened_to_everybody(new_server: EmbeddedPostgres) -> None:
    closed = new_server.data.parent.parent

    new_server.start()

    assert stat.S_IMODE(closed.stat().st_mode) & 0o007 == 0
    assert stat.S_IMODE(new_server.data.stat().st_mode) == 0o700


async def test_every_setting_of_ours_is_in_force(server: EmbeddedPostgres) -> None:
    server.start()
    url = server.owner_url()

    ignored = await read_value(
        url,
        "SELECT string_agg(format('%s: %s', name, error), ', ') FROM pg_file_settings"
        " WHERE sourcefile LIKE '%pitboss.conf' AND (error IS NOT NULL OR NOT applied)",
    )

    assert ignored is None
    assert await read_value(url, "SHOW shared_buffers") == "128MB"


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_durability_stays_as_postgresql_ships_it(server: EmbeddedPostgres, name: str) -> None:
    url = server.start()

    query = f"SELECT setting || ' by ' || source FROM pg_settings WHERE name = '{name}'"
    found = await read_value(url, query)

    assert found == "on by default"


def test_settings_are_included_once_and_written_at_every_start(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data / "pitboss.conf").write_text("# of an older version\n")

    server.start()

    lines = (server.data / "postgresql.conf").read_text().splitlines()
    assert lines.count("include 'pitboss.conf'") == 1
    assert "cluster_name" in (server.data / "pitboss.conf").read_text()


def test_a_server_that_does_not_start_says_why(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    with (server.data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")

    with pytest.raises(EmbeddedServerFailed, match="no_such_setting"):
        server.start()


def test_files_of_another_postgresql_are_left_alone(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedServerFailed, match="made by PostgreSQL 17"):
        server.start()


async def _run_endlessly(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(ENDLESS_QUERY)


def _start_elsewhere(home: Path, program: str = START) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
