"""A whole instance of real processes: it comes up, survives the death of each, and goes down."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from folders import make_folder
from integration.app.lives import living
from pitboss import jurisdictions, messages
from pitboss.app.instance import Instance, start_instance
from pitboss.app.parts import opened
from pitboss.app.roster import read_roster
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.kernel.version import VERSION
from pitboss.settings import SandboxSettings, Settings
from scenario.hands import House, house_of, until

SWIFT = SandboxSettings(seed=7, delay_ms_max=50, failure_share=0, late_share=0)
PROCESSES = {"api", "bets-0", "bets-1", "settlement", "sequencer", "payments", "sandbox"}


def make_home() -> Path:
    """Make a folder for an instance."""
    return make_folder("pitboss-app-")


@pytest.fixture(scope="module")
async def instance() -> AsyncIterator[Instance]:
    """Give an instance that the tests of this file share."""
    home = make_home()
    try:
        async with start_instance(Settings(home=home, port=0, sandbox=SWIFT)) as running:
            yield running
    finally:
        shutil.rmtree(home)


@pytest.fixture
async def house(instance: Instance) -> AsyncIterator[House]:
    """Give the house of that instance."""
    found = house_of(instance)
    yield found
    await found.client.aclose()


@pytest.fixture
def other_home() -> Iterator[Path]:
    """Give a folder for another instance."""
    home = make_home()
    yield home
    shutil.rmtree(home)


async def test_a_start_is_told_with_the_software_and_the_rules_in_force(
    instance: Instance,
) -> None:
    async with opened(instance.database_url) as database, database.reading() as tx:
        facts = await messages.read_facts(tx, SYSTEM_SHARD, after_seq=0)
    said = [json.loads(fact.body)["data"] for fact in facts]
    (told,) = [data for data in said if data["type"] == "configuration.applied"]

    assert told["software"] == VERSION
    assert {item["code"] for item in told["licences"]} == set(jurisdictions.codes())
    assert "home" in told["changed"]


async def test_two_instances_live_side_by_side_and_one_that_ends_leaves_nobody_behind(
    instance: Instance, house: House, other_home: Path
) -> None:
    settings = Settings(home=other_home, port=0, sandbox=SWIFT, bet_workers=1)

    async with start_instance(settings) as other:
        other_house = house_of(other)
        mine, theirs = await serve_somebody(house), await serve_somebody(other_house)
        stranger = await other_house.client.get(
            "/v1/me", headers={"Authorization": f"Bearer {instance.staff_token}"}
        )
        pids = set(other.pids.values())
        family = {*pids, *(child.pid for pid in pids for child in _children(pid))}
        names = set(other.pids)
        posts = {post.name for post in read_roster(other_home)}
        await other_house.client.aclose()

    assert mine != theirs
    assert stranger.status_code == 401
    assert names == {*PROCESSES, "postgres"} - {"bets-1"}
    assert posts == PROCESSES - {"bets-1"}
    assert len(family) > len(pids), "PostgreSQL has children"
    assert living(family) == []
    assert read_roster(other_home) == ()
    assert _named_after(other_home) == []
    assert instance.pids.keys() == {*PROCESSES, "postgres"}
    await serve_somebody(house)


async def test_whoever_is_killed_is_started_again_and_service_resumes(
    instance: Instance, house: House
) -> None:
    await serve_somebody(house)
    before = instance.pids

    for name in sorted(PROCESSES):
        os.kill(before[name], signal.SIGKILL)
    await until_all_are_new(instance, before, PROCESSES)
    await until_ready(house)
    await serve_somebody(house)

    assert instance.pids["postgres"] == before["postgres"]
    assert {name: instance.supervisor.restarts[name] for name in PROCESSES} == dict.fromkeys(
        PROCESSES, 1
    )
    posts = {post.name: post for post in read_roster(instance.settings.home)}
    assert {name: post.pid for name, post in posts.items()} == {
        name: instance.pids[name] for name in PROCESSES
    }
    assert {post.restarts for post in posts.values()} == {1}


async def test_a_postgres_that_is_killed_is_started_again_and_service_resumes(
    instance: Instance, house: House
) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="20.00")
    bet = await player.accepted("5.00", event.selection("home"))
    before = instance.pids

    os.kill(before["postgres"], signal.SIGKILL)
    for _ in range(20):
        meanwhile = await player.bet("1.00", event.selection("home"), key="meanwhile")
        assert meanwhile.status_code in {202, 503}
        if meanwhile.status_code == 202:
            break
        assert meanwhile.headers["retry-after"] == "1"
        await asyncio.sleep(0.25)
    await until_all_are_new(instance, before, {"postgres"})
    await until_ready(house)
    again = await player.bet("1.00", event.selection("home"), key="meanwhile")
    await player.until(again.json()["links"]["status"], state="accepted")

    assert (await player.look(bet))["state"] == "accepted"
    assert await player.money() == ("20.00", "6.00")
    unharmed = {name: instance.pids[name] for name in PROCESSES}
    assert unharmed == {name: before[name] for name in PROCESSES}
    await serve_somebody(house)


async def serve_somebody(house: House) -> str:
    """Let somebody pay in, bet, win and be paid out: every process has its part in it."""
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="20.00")
    bet = await player.accepted("10.00", event.selection("home"))
    await house.result(event, 1, 0)
    await player.until(bet, state="settled")
    payment = await player.pay("withdrawals", "35.00")
    await player.until(payment["links"]["status"], state="succeeded")
    assert await player.money() == ("0.00", "0.00")
    return str((await player.look("/v1/me"))["player_id"])


async def until_all_are_new(instance: Instance, before: dict[str, int], names: set[str]) -> None:
    """Wait until each of these processes is another one than before."""

    async def all_new() -> bool:
        now = instance.pids
        return all(now.get(name, before[name]) != before[name] for name in names)

    await until(all_new, f"all of {names} are started again")


async def until_ready(house: House) -> None:
    """Wait until the API says that it can serve."""

    async def ready() -> bool:
        try:
            return (await house.client.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    await until(ready, "the API is ready")


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _named_after(home: Path) -> list[str]:
    """Return the processes whose command or environment names a home."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            words = [*(process.info["cmdline"] or ()), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(home) in word for word in words):
            found.append(f"{process.pid} {process.info['cmdline']}")
    return found
