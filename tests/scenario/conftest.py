"""One instance for all scenarios, and its house."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest

from folders import make_folder
from pitboss.app.instance import Instance, start_instance
from pitboss.settings import RegisterSettings, SandboxSettings, Settings
from scenario.hands import House, house_of

# Swift, but as unreliable as ever: it repeats itself, is late, and changes the order.
SWIFT = SandboxSettings(
    seed=7, delay_ms_max=150, failure_share=0, repeat_share=0.5, disorder_share=0.3, late_share=0.3
)


@pytest.fixture(scope="session")
async def instance() -> AsyncIterator[Instance]:
    """Give a whole instance: PostgreSQL and every process."""
    home = make_folder("pitboss-scenario-")
    try:
        settings = Settings(
            home=home, port=0, sandbox=SWIFT, registers=RegisterSettings(sandbox=True)
        )
        async with start_instance(settings) as running:
            yield running
    finally:
        shutil.rmtree(home)


@pytest.fixture(scope="session")
async def house(instance: Instance) -> AsyncIterator[House]:
    """Give the house of that instance."""
    found = house_of(instance)
    yield found
    await found.client.aclose()
