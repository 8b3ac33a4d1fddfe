"""The process that gives facts their one order, and publishes the log of them."""

from __future__ import annotations

import asyncio

import httpx

from pitboss.app import collector
from pitboss.app.parts import (
    RECORD_NICENESS,
    clock_of,
    open_database,
    owner_name,
    run_process,
    show_figures,
    stand_back,
)
from pitboss.app.record import open_authority, open_publisher, tile_store
from pitboss.settings import Settings
from pitboss.workers.figures import Figures
from pitboss.workers.publisher import Publishing
from pitboss.workers.sequencer import Sequencer
from pitboss.workers.stamper import Stamping


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
            authority = open_authority(settings, client)
            if authority is not None:
                stamping = Stamping(
                    tiles=tile_store(settings),
                    authority=authority,
                    every_seconds=settings.timestamp_seconds,
                    may=lambda: sequencer.epoch is not None,
                    told=figures.stamped_size.set,
                    failed=figures.not_stamped.inc,
                )
                group.create_task(stamping.run(stop))

    collector.look_rarely()
    stand_back(RECORD_NICENESS)
    run_process("sequencer", settings, main)
