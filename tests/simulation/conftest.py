"""A stage for the worlds of these tests: building one takes longer than playing on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pitboss.sim.world import theatre
from pitboss.sim.world.outcome import Outcome

Play = Callable[[int], Outcome]


@pytest.fixture(scope="module")
def play(postgres_url: str) -> Iterator[Play]:
    """Give what plays the world of a seed."""
    with theatre.opened(postgres_url) as player:
        yield player
