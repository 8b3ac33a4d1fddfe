"""A bet processor under a name of its own, which takes over from one that is frozen.

`python -m pitboss.sim.crash.stand_in WORKER OWNER` reads its settings from the environment and ends
when its parent does.
"""

from __future__ import annotations

import asyncio
import sys

from pitboss.app.parts import clock_of, open_database, partitions_of, run_process
from pitboss.kernel.entropy import SystemEntropy
from pitboss.settings import Settings
from pitboss.workers import bets


def main() -> None:
    """Process one worker's partitions under another name until told to stop."""
    settings, worker, owner = Settings(), int(sys.argv[1]), sys.argv[2]

    async def process(stop: asyncio.Event) -> None:
        async with open_database(settings) as database:
            await bets.run(
                database,
                clock=clock_of(settings),
                entropy=SystemEntropy(),
                partitions=partitions_of(worker, settings.bet_workers),
                owner=owner,
                stop=stop,
            )

    run_process(f"stand-in-{worker}", settings, process)


if __name__ == "__main__":
    main()
