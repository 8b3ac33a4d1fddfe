"""The process that gives facts their one order, and publishes the log of them."""

from __future__ import annotations

import asyncio

import httpx

from pitboss.app import collector
from pitboss.app.parts import clock_of, open_database, owner_name, run_process, show_figures
from pitboss.app.record import open_publisher
from pitboss.settings import Settings
from pitboss.workers.figures import Figures
from pitboss.workers.publisher import Publishing
from pitboss.workers.sequencer import Sequencer


def run(settings: Settings) -> None:
    """Sequence and publish facts until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        clock = clock_of(settings)
        async with (
            open_database(settings, connections_max=4) as database,
            httpx.AsyncClient(trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            sequencer = Sequencer(
                owner=owner_name(settings, "sequencer"),
                database=database,
                clock=clock,
                told=figures.sequenced.inc,
            )
            publishing = Publishing(
                publisher=open_publisher(settings, database, client),
                may=lambda: sequencer.epoch is not None,
                told=lambda published: figures.show_published(published, now=clock.now()),
                refused=figures.not_signed.inc,
            )
            group.create_task(sequencer.run(stop))
            group.create_task(publishing.run(stop))

    collector.look_rarely()
    run_process("sequencer", settings, main)
