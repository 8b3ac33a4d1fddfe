"""The process that settles bets, and voids those of excluded players."""

from __future__ import annotations

import asyncio

from pitboss.app import collector
from pitboss.app.parts import (
    clock_of,
    open_database,
    run_process,
    show_figures,
    stand_back,
)
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.settings import Settings
from pitboss.workers import settlement, voiding
from pitboss.workers.figures import Figures


def run(settings: Settings) -> None:
    """Settle until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        async with open_database(settings) as database:
            clock, entropy = clock_of(settings), SystemEntropy()
            voider = voiding.Voider(database=database, clock=clock, entropy=entropy)
            async with asyncio.TaskGroup() as group:
                group.create_task(voider.run(stop))
                group.create_task(
                    settlement.run(
                        database,
                        clock=clock,
                        entropy=entropy,
                        partitions=PARTITIONS_ALL,
                        stop=stop,
                        figures=figures,
                    )
                )

    collector.look_rarely()
    stand_back()
    run_process("settlement", settings, main)
