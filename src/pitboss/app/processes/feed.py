"""The process that reads one supplier's messages."""

from __future__ import annotations

import asyncio

from pitboss.app import collector
from pitboss.app.feeds import open_feed
from pitboss.app.parts import (
    clock_of,
    open_database,
    owner_name,
    run_process,
    show_figures,
)
from pitboss.kernel.entropy import SystemEntropy
from pitboss.settings import Settings
from pitboss.workers.feed import Loop
from pitboss.workers.figures import Figures


def run(settings: Settings, name: str) -> None:
    """Read until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        async with (
            open_database(settings, connections_max=3) as database,
            open_feed(settings, name) as feed,
        ):
            loop = Loop(
                reader=feed.reader,
                source=feed.source,
                supplier=feed.supplier,
                terms=feed.terms,
                owner=owner_name(settings, f"feed-{name}"),
                database=database,
                clock=clock_of(settings),
                entropy=SystemEntropy(),
                figures=figures,
            )
            await loop.run(stop)

    collector.look_rarely()
    run_process(f"feed-{name}", settings, main)
