"""The process that gives facts their one order."""

from __future__ import annotations

import asyncio

from pitboss.app.parts import clock_of, open_database, owner_name, run_process, show_figures
from pitboss.settings import Settings
from pitboss.workers.figures import Figures
from pitboss.workers.sequencer import Sequencer


def run(settings: Settings) -> None:
    """Sequence facts until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        async with open_database(settings) as database:
            sequencer = Sequencer(
                owner=owner_name(settings, "sequencer"),
                database=database,
                clock=clock_of(settings),
                told=figures.sequenced.inc,
            )
            await sequencer.run(stop)

    run_process("sequencer", settings, main)
