"""In a world time passes when it is told to, and never by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from pitboss.sim.world.loop import WorldLoop


class Hurry:
    """A watcher that lets an hour pass whenever nobody can go on, a number of times."""

    def __init__(self, loop: WorldLoop, hours: int) -> None:
        self._loop = loop
        self._hours = hours
        self.times: list[float | None] = []

    def idle(self) -> float | None:
        self.times.append(self._loop.next_timer())
        if self._hours == 0:
            raise AssertionError("nobody comes back")
        self._hours -= 1
        self._loop.advance(self._loop.time() + 3_600)
        return 0.0

    def impatient(self) -> None:
        raise AssertionError("nobody was waited for")


@pytest.fixture
def loop() -> Iterator[WorldLoop]:
    made = WorldLoop()
    yield made
    made.close()


def test_a_timer_fires_when_the_time_has_come(loop: WorldLoop) -> None:
    loop.watcher = watcher = Hurry(loop, hours=3)

    loop.run_until_complete(asyncio.sleep(2.5 * 3_600))

    assert loop.time() == 3 * 3_600
    assert watcher.times == [9_000, 9_000, 9_000]


def test_a_timer_that_was_given_up_is_nobodys_next(loop: WorldLoop) -> None:
    given_up = loop.call_later(1, print)
    kept = loop.call_later(2, print)

    given_up.cancel()

    assert loop.next_timer() == 2
    kept.cancel()
    assert loop.next_timer() is None


def test_a_timeout_is_in_the_time_of_the_world(loop: WorldLoop) -> None:
    loop.watcher = Hurry(loop, hours=2)

    async def wait() -> None:
        async with asyncio.timeout(5_000):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        loop.run_until_complete(wait())


def test_a_world_begins_when_all_of_the_last_one_is_over(loop: WorldLoop) -> None:
    timer = loop.call_later(10, print)
    loop.advance(5)

    with pytest.raises(RuntimeError, match="still there"):
        loop.begin_again()
    timer.cancel()
    loop.begin_again()

    assert loop.time() == 0
