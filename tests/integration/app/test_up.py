"""`pitboss up` as people run it: one command, until Ctrl-C, and whatever happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from folders import make_folder
from integration.app.lives import living
from pitboss.app.instance import staff_token
from pitboss.app.parts import free_ports
from pitboss.app.roster import read_roster
from pitboss.app.supervisor import until_gone
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.settings import Settings
from scenario.hands import House, until

END_SECONDS_MAX = 60
# The clock of a command that has nothing to wait for; a busy machine included.
AT_ONCE_SECONDS = 15
# No deposit fails here by the sandbox's dice: players' ids, and so their fates, are new each time.
SWIFT = '{"delay_ms_max": 50, "failure_share": 0, "late_share": 0}'
# What this file has started, so that a test that fails leaves nothing behind.
STARTED: list[asyncio.subprocess.Process] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    words: str

    @property
    def said(self) -> dict[str, Any]:
        """The last line of standard output."""
        said: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A running `pitboss up --json`."""

    process: asyncio.subprocess.Process
    home: Path
    port: int

    @property
    def family(self) -> set[int]:
        """The ids of all its processes, PostgreSQL's first one included."""
        posts = {post.pid for post in read_roster(self.home)}
        postgres = EmbeddedPostgres(self.home).pid()
        return posts | ({postgres} if postgres else set())

    async def ready(self) -> None:
        """Wait until the API serves."""

        async def serves() -> bool:
            assert self.process.returncode is None, (await self.ended()).words
            async with httpx.AsyncClient(trust_env=False) as client:
                with contextlib.suppress(httpx.TransportError):
                    return (await client.get(f"{self.url}/readyz")).is_success
            return False

        await until(serves, "the API is ready")

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    @contextlib.asynccontextmanager
    async def house(self) -> AsyncIterator[House]:
        """Lend the house of this instance."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            token = staff_token(Settings(home=self.home))
            yield House(client=client, staff_token=token)

    async def ended(self) -> Ended:
        """Wait until it ends."""
        async with asyncio.timeout(END_SECONDS_MAX):
            out, words = await self.process.communicate()
        assert self.process.returncode is not None
        return Ended(status=self.process.returncode, out=out.decode(), words=words.decode())


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    """Give a home, and stop whatever a failed test left in it."""
    path = make_folder("pitboss-up-")
    yield path
    while STARTED:
        process = STARTED.pop()
        if process.returncode is None:
            process.kill()
            await process.communicate()
    await until_gone(path)
    await asyncio.to_thread(EmbeddedPostgres(path).stop, immediate=True)
    shutil.rmtree(path)


async def run_up(home: Path, port: int, *words: str) -> Up:
    """Start it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss", "up", "--json"),
        *("--home", str(home), "--port", str(port), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PITBOSS_BET_WORKERS": "1", "PITBOSS_SANDBOX": SWIFT},
    )
    STARTED.append(process)
    return Up(process=process, home=home, port=port)


async def test_the_life_of_an_installation(home: Path, tmp_path: Path) -> None:
    (port,) = free_ports("127.0.0.1", 1)

    up = await run_up(home, port)
    await up.ready()
    async with up.house() as house:
        sample = await sample_of(house)
        event = await house.open_event("2.5", "3.2", "2.9")
        player = await house.player(amount="20.00")
        bet = await player.accepted("5.00", event.selection("home"))
    first_family = up.family

    refused_home = await (await run_up(home, 0)).ended()
    started = time.monotonic()
    refused_port = await (await run_up(tmp_path / "other", port)).ended()
    seconds = time.monotonic() - started

    os.kill(up.process.pid, signal.SIGKILL)
    await up.process.wait()
    # At once, as whoever sees a command die does, while its children are still ending.
    up = await run_up(home, port)
    await up.ready()
    left = living(first_family - up.family)
    async with up.house() as house:
        player = type(player)(client=house.client, token=player.token, email=player.email)
        yesterday = await player.look(bet)
        await house.result(event, 1, 0)
        settled = await player.until(bet, state="settled")
        sample_again = await sample_of(house)
    second_family = up.family

    up.process.send_signal(signal.SIGINT)
    ended = await up.ended()

    assert sample == sample_again
    assert (refused_home.status, refused_home.said["ok"]) == (1, False)
    assert str(home) in refused_home.said["error"]
    assert "another pitboss runs" in refused_home.said["error"]
    assert (refused_port.status, refused_port.said["ok"]) == (1, False)
    assert refused_port.said["error"] == f"port {port} is taken; name another with --port"
    assert seconds < AT_ONCE_SECONDS
    assert not (tmp_path / "other" / "postgres").exists(), "nothing was made for nothing"

    assert left == [], "nobody survives a killed supervisor for long"
    assert yesterday["state"] == "accepted"
    assert settled["returns"] == "12.50"

    assert ended.status == 0
    assert ended.said == {"ok": True, "home": str(home)}
    assert len(ended.out.splitlines()) == 1
    assert "Traceback" not in ended.words
    # To be copied as it is: a token of another home is no staff's here.
    assert f"pitboss token staff --home {home}\n" in ended.words
    assert living(second_family) == []
    assert (home / "logs" / "api.log").read_text()


async def test_who_is_told_to_end_while_coming_up_does(home: Path) -> None:
    up = await run_up(home, 0, "--no-sample")
    await until_started(home)

    up.process.terminate()
    ended = await up.ended()

    assert (ended.status, ended.said["ok"]) == (0, True), ended.words
    assert "sample" not in ended.words
    assert read_roster(home) == ()
    assert EmbeddedPostgres(home).pid() is None


async def sample_of(house: House) -> set[str]:
    """Return the ids of the sample events, once there are any."""

    async def offered() -> set[str]:
        events = (await house.client.get("/v1/events")).json()["events"]
        return {item["event_id"] for item in events if item["competition"] == "Sample League"}

    return await until(offered, "the sample catalogue is loaded")


async def until_started(home: Path) -> None:
    """Wait until the first of the processes is there."""

    async def started() -> bool:
        return bool(read_roster(home))

    await until(started, "a process is started")
