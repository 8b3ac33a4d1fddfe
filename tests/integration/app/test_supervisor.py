"""The supervisor keeps the others running whatever becomes of one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from integration.app.lives import living
from pitboss.app.home import Home
from pitboss.app.parts import free_ports
from pitboss.app.roster import read_roster, write_roster
from pitboss.app.supervisor import Program, Supervisor, until_gone
from pitboss.settings import Settings
from scenario.hands import until

# Swift to start, and there until it is told to end.
STEADY = Program(name="steady", words=("sandbox", "payments"))
# Says its version and ends.
BRIEF = Program(name="brief", words=("version",))


def supervisor_of(home: Path, *programs: Program) -> Supervisor:
    """Return a supervisor that has no PostgreSQL to look after."""
    (port,) = free_ports("127.0.0.1", 1)
    settings = Settings(home=home, database_url="postgresql://nowhere", sandbox_port=port)
    return Supervisor(settings=settings, programs=programs)


async def test_a_process_that_cannot_be_started_does_not_take_the_others_down(
    tmp_path: Path,
) -> None:
    blocked = Program(name="blocked", words=STEADY.words)
    supervisor = supervisor_of(tmp_path, STEADY, blocked, BRIEF)
    in_the_way = Home(tmp_path).logs / "blocked.err"
    in_the_way.mkdir()
    stop = asyncio.Event()

    running = asyncio.create_task(supervisor.run(stop))
    await until_restarted(supervisor, {"blocked": 2, "brief": 1})
    before = dict(supervisor.pids)
    in_the_way.rmdir()
    await until_running(supervisor, "blocked")
    after = dict(supervisor.pids)
    stop.set()
    await running

    assert after["steady"] == before["steady"]
    assert supervisor.pids == {}
    assert read_roster(tmp_path) == ()
    assert living(after.values()) == []


async def test_a_supervisor_that_is_cancelled_leaves_nobody_behind(tmp_path: Path) -> None:
    supervisor = supervisor_of(tmp_path, STEADY)

    running = asyncio.create_task(supervisor.run(asyncio.Event()))
    await until_running(supervisor, "steady")
    pid = supervisor.pids["steady"]
    running.cancel()
    await asyncio.wait((running,))

    assert running.cancelled()
    assert living([pid]) == []


async def test_a_process_of_an_earlier_run_is_waited_for_and_no_other_is(tmp_path: Path) -> None:
    supervisor = supervisor_of(tmp_path / "earlier", STEADY)
    (tmp_path / "later").mkdir()
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    await until_running(supervisor, "steady")
    posts = read_roster(tmp_path / "earlier")
    # As after a restart of the machine: the id is that of a process of another home.
    write_roster(tmp_path / "later", posts)

    async with asyncio.timeout(1):
        await until_gone(tmp_path / "later")
    waiting = asyncio.create_task(until_gone(tmp_path / "earlier"))
    early, _ = await asyncio.wait((waiting,), timeout=0.3)
    os.kill(posts[0].pid, signal.SIGKILL)
    stop.set()
    await running
    await waiting

    assert early == set()


async def until_restarted(supervisor: Supervisor, times: dict[str, int]) -> None:
    """Wait until these were started again so many times."""

    async def restarted() -> bool:
        return all(supervisor.restarts.get(name, 0) >= count for name, count in times.items())

    await until(restarted, f"{times} are restarted")


async def until_running(supervisor: Supervisor, name: str) -> None:
    """Wait until a process is there."""

    async def there() -> bool:
        return name in supervisor.pids

    await until(there, f"{name} runs")
