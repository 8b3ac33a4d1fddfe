"""A fault does what its name says: to programs of our own, over the rows of real tables."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest

from pitboss.db import Database
from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.sim.world import store, weather
from pitboss.sim.world.database import WorldDatabase
from pitboss.sim.world.director import Director
from pitboss.sim.world.history import History
from pitboss.sim.world.lives import Actor, Life
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.stage import Stage, built
from pitboss.sim.world.traffic import Traffic
from pitboss.sim.world.weather import Weather

Program = Callable[[Database], Awaitable[None]]

LOCK = "SELECT 1 FROM shard_head WHERE shard = $1 FOR UPDATE"
MARK = "UPDATE shard_head SET epoch = epoch + 1 WHERE shard = $1"
MARKED = "SELECT epoch FROM shard_head WHERE shard = $1"


class Scene:
    """A stage, and what is needed to let any programs act on it."""

    def __init__(self, url: str) -> None:
        self.loop = WorldLoop()
        self._building = built(url)
        self._stage: Stage = self.loop.run_until_complete(self._building.__aenter__())
        self.history = History()

    def close(self) -> None:
        """Leave the stage."""
        self.loop.run_until_complete(self._building.__aexit__(None, None, None))
        self.loop.close()

    def perform(
        self, *programs: Program, seed: int = 0, faults: int = 0, kinds: tuple[str, ...] = ()
    ) -> list[str]:
        """Let programs act until all are done; return what went wrong with them."""
        return self.loop.run_until_complete(self._perform(programs, seed, faults, kinds))

    def marks(self, shard: int) -> int:
        """Return how often a shard was marked, as committed."""
        return int(self.loop.run_until_complete(self._stage.monitor.fetchval(MARKED, shard)))

    async def _perform(
        self, programs: tuple[Program, ...], seed: int, faults: int, kinds: tuple[str, ...]
    ) -> list[str]:
        await store.begin(self._stage.monitor)
        self.loop.begin_again()
        self.history = History()
        traffic = Traffic(
            self.loop,
            self._stage.sessions,
            monitor=self._stage.monitor,
            clock=self._stage.clock,
            history=self.history,
        )

        def acting(program: Program) -> Callable[[Life], Awaitable[None]]:
            return lambda life: program(WorldDatabase(traffic, life))

        director = Director(
            loop=self.loop,
            traffic=traffic,
            history=self.history,
            chance=random.Random(seed),
            weather=Weather(
                sticky=0.0,
                fault_share=1.0,
                faults_max=faults,
                weights=dict.fromkeys(kinds, 1.0),
                linger_share=0.0,
                time_share=0.0,
                frozen_seconds=(20.0, 20.0),
            ),
            actors=[
                Actor(name=f"actor-{number}", program=acting(program), finite=True)  # type: ignore[arg-type]
                for number, program in enumerate(programs)
            ],
            is_drained=_always,
        )
        self.loop.watcher = traffic
        try:
            await director.run()
            await director.end()
        finally:
            self.loop.watcher = None
        return director.broken


async def _always() -> bool:
    return True


@pytest.fixture(scope="module")
def scene(postgres_url: str) -> Iterator[Scene]:
    """Give a scene to act on."""
    made = Scene(postgres_url)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        (weather.COMMIT_UNDONE, 0),
        (weather.COMMIT_DONE, 1),
        (weather.COMMIT_LATE, 1),
    ],
)
def test_a_lost_commit_is_done_or_not_and_the_program_never_knows(
    scene: Scene, kind: str, marks: int
) -> None:
    heard: list[str] = []

    async def mark(database: Database) -> None:
        try:
            async with database.transaction() as tx:
                await tx.execute(MARK, 9)
        except DatabaseAway:
            heard.append("away")

    assert scene.perform(mark, faults=1, kinds=(kind,)) == []

    assert heard == ["away"]
    assert scene.marks(9) == marks
    assert scene.history.faults == {kind: 1}


@pytest.mark.parametrize("kind", [weather.CUT_BEFORE, weather.CUT_AFTER, weather.DONE_LATE])
@pytest.mark.parametrize("seed", range(5))
def test_a_cut_takes_back_all_that_was_not_committed(scene: Scene, kind: str, seed: int) -> None:
    heard: list[str] = []

    async def mark(database: Database) -> None:
        try:
            async with database.transaction() as tx:
                await tx.execute(MARK, 9)
                await tx.execute(MARK, 9)
        except DatabaseAway:
            heard.append("away")

    assert scene.perform(mark, seed=seed, faults=1, kinds=(kind,)) == []

    assert (heard, scene.marks(9)) in ((["away"], 0), ([], 2))


def test_who_crashed_starts_again_and_nothing_of_what_it_did_is_left(scene: Scene) -> None:
    async def mark(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.execute(MARK, 9)
            await tx.execute(MARK, 9)

    assert scene.perform(mark, seed=1, faults=3, kinds=(weather.CRASH,)) == []

    assert scene.history.faults[weather.CRASH] >= 1
    assert scene.marks(9) % 2 == 0
    assert scene.marks(9) >= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_circle_of_waiting_programs_is_found_and_one_gives_way(scene: Scene, seed: int) -> None:
    conflicts: list[int] = []

    def locking(first: int, second: int) -> Program:
        async def lock(database: Database) -> None:
            try:
                async with database.transaction() as tx:
                    await tx.fetch(LOCK, first)
                    await tx.fetch(LOCK, second)
                    await tx.execute(MARK, first)
            except TransactionConflict:
                conflicts.append(first)

        return lock

    assert scene.perform(locking(3, 9), locking(9, 3), seed=seed) == []

    assert scene.history.faults[weather.CIRCLE] == len(conflicts) <= 1
    assert scene.marks(3) + scene.marks(9) == 2 - len(conflicts)


def test_some_programs_that_lock_in_two_orders_meet(scene: Scene) -> None:
    met = 0

    def locking(first: int, second: int) -> Program:
        async def lock(database: Database) -> None:
            async with database.transaction() as tx:
                await tx.fetch(LOCK, first)
                await tx.fetch(LOCK, second)

        return lock

    for seed in range(12):
        met += bool(scene.perform(locking(3, 9), locking(9, 3), seed=seed))

    assert met > 2


def test_who_is_frozen_in_a_transaction_loses_it_and_its_locks(scene: Scene) -> None:
    heard: list[str] = []

    async def mark(database: Database) -> None:
        try:
            async with database.transaction() as tx:
                await tx.execute(MARK, 9)
                await asyncio.sleep(0)
                await tx.execute(MARK, 9)
        except DatabaseAway:
            heard.append("away")

    for seed in range(20):
        assert scene.perform(mark, seed=seed, faults=1, kinds=(weather.FREEZE,)) == []
        if scene.history.faults[weather.IDLE]:
            break

    assert scene.history.faults == {weather.FREEZE: 1, weather.IDLE: 1}
    assert heard == ["away"]
    assert scene.marks(9) == 0


def test_a_program_that_falls_is_told_of(scene: Scene) -> None:
    async def fall(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO shard_head (shard) VALUES (9)")

    broken = scene.perform(fall)

    assert broken
    assert all("UniqueViolationError" in text for text in broken[:-1])
    assert "too often" in broken[-1]
