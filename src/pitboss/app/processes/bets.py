"""The process that decides on bets."""

from __future__ import annotations

import asyncio
from datetime import timedelta

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
from pitboss.workers import bets, feed_watch
from pitboss.workers.observer import Observer


def run(settings: Settings, worker: int) -> None:
    """Process this worker's share of the log until told to stop."""
    name = f"bets-{worker}"

    async def main(stop: asyncio.Event) -> None:
        async with open_database(settings) as database:
            with tracing(settings, name) as tracer:
                observer = Observer(tracer=tracer)
                show_figures(settings, observer.figures.registry)
                clock, entropy = clock_of(settings), SystemEntropy()
                async with asyncio.TaskGroup() as group:
                    # Whoever takes bets sees to it that somebody vouches for the prices.
                    group.create_task(
                        feed_watch.run(database, clock=clock, entropy=entropy, stop=stop)
                    )
                    await bets.run(
                        database,
                        clock=clock,
                        entropy=entropy,
                        partitions=partitions_of(worker, settings.bet_workers),
                        owner=owner_name(settings, name),
                        stop=stop,
                        observer=observer,
                        refer_for=timedelta(seconds=settings.referral_seconds),
                    )

    collector.look_rarely()
    stand_back()
    run_process(name, settings, main)
