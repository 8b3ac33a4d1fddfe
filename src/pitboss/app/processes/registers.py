"""The process that asks national registers about everybody, and tells the central files."""

from __future__ import annotations

import asyncio

from pitboss.app import collector
from pitboss.app.parts import (
    clock_of,
    open_database,
    personal_keys,
    run_process,
    show_figures,
    stand_back,
)
from pitboss.app.registers import open_central, open_registers
from pitboss.kernel.entropy import SystemEntropy
from pitboss.settings import Settings
from pitboss.workers import central, registers
from pitboss.workers.figures import Figures


def run(settings: Settings) -> None:
    """Ask until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        async with (
            open_database(settings) as database,
            open_registers(settings) as clients,
            open_central(settings) as files,
        ):
            loop = central.Loop(
                files=files,
                database=database,
                keys=personal_keys(settings),
                clock=clock_of(settings),
                entropy=SystemEntropy(),
                figures=figures,
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(loop.run(stop))
                group.create_task(
                    registers.run(
                        database,
                        clients,
                        keys=personal_keys(settings),
                        clock=clock_of(settings),
                        entropy=SystemEntropy(),
                        stop=stop,
                        figures=figures,
                    )
                )
            await stop.wait()

    collector.look_rarely()
    stand_back()
    run_process("registers", settings, main)
