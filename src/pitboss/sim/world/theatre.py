"""Playing worlds one after another in one process: a loop and a stage for all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from pitboss.sim.world.bugs import Bug
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.outcome import Outcome
from pitboss.sim.world.play import play
from pitboss.sim.world.stage import built


@contextlib.contextmanager
def opened(
    server_url: str, bug: Bug | None = None, *, drop: bool = True
) -> Iterator[Callable[[int], Outcome]]:
    """Build a stage for the body, and lend what plays the world of a seed on it.

    Args:
        server_url: where databases may be made and dropped, as a superuser.
        bug: what to plant for as long as the body runs.
        drop: whether to drop the database; dropping waits for the disk, and is of no use on a
            server that is about to be thrown away.
    """
    loop = WorldLoop()
    building = built(server_url, None if bug is None else bug.weaken, drop=drop)
    try:
        stage = loop.run_until_complete(building.__aenter__())
        try:
            with contextlib.nullcontext() if bug is None else bug.plant():
                yield lambda seed: loop.run_until_complete(play(stage, seed))
        finally:
            loop.run_until_complete(building.__aexit__(None, None, None))
    finally:
        loop.close()
