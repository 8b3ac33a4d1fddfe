"""The process that decides on bets."""

from __future__ import annotations

import asyncio

from pitboss.app import collector
from pitboss.app.parts import (
    clock_of,
    open_database,
    owner_name,
    partitions_of,
    run_process,
    show_figures,
    stand_back,
    tracing,
)
from pitboss.kernel.entropy import SystemEntropy
from pitboss.settings import Settings
from pitboss.workers import bets
from pitboss.workers.observer import Observer


def run(settings: Settings, worker: int) -> None:
    """Process this worker's share of the log until told to stop."""
    name = f"bets-{worker}"

    async def main(stop: asyncio.Event) -> None:
        async with open_database(settings) as database:
            with tracing(settings, name) as tracer:
                observer = Observer(tracer=tracer)
                show_figures(settings, observer.figures.registry)
                await bets.run(
                    database,
                    clock=clock_of(settings),
                    entropy=SystemEntropy(),
                    partitions=partitions_of(worker, settings.bet_workers),
                    owner=owner_name(settings, name),
                    stop=stop,
                    observer=observer,
                )

    collector.look_rarely()
    stand_back()
    run_process(name, settings, main)
