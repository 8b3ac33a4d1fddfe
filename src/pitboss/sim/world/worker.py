"""Playing worlds one after another, in one process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator

import msgspec

from pitboss.sim.world.bugs import BUGS
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.outcome import Outcome
from pitboss.sim.world.play import play
from pitboss.sim.world.stage import built


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Where worlds are played, and which bug is planted in them."""

    url: str
    bug: str | None = None


def play_all(assignment: Assignment, seeds: Iterator[int]) -> Iterator[Outcome]:
    """Play worlds one after another in this process, and yield what comes of each."""
    loop = WorldLoop()
    outcomes = _outcomes(assignment, seeds)
    try:
        while (outcome := loop.run_until_complete(anext(outcomes, None))) is not None:
            yield outcome
    finally:
        loop.run_until_complete(outcomes.aclose())
        loop.close()


async def _outcomes(assignment: Assignment, seeds: Iterator[int]) -> AsyncGenerator[Outcome, None]:
    bug = None if assignment.bug is None else BUGS[assignment.bug]
    async with built(assignment.url, None if bug is None else bug.weaken) as stage:
        with contextlib.nullcontext() if bug is None else bug.plant():
            for seed in seeds:
                yield await play(stage, seed)
