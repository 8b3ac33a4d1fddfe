"""The process that settles bets, voids and buys back, and ends rounds that were left open."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pitboss.app import collector
from pitboss.app.house import open_house
from pitboss.app.parts import (
    clock_of,
    open_database,
    run_process,
    show_figures,
    stand_back,
)
from pitboss.games.rounds.model import Resolution
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.settings import Settings
from pitboss.workers import cash_out, draws, rounds, settlement, voiding
from pitboss.workers.figures import Figures


def run(settings: Settings) -> None:
    """Settle until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        figures = Figures()
        show_figures(settings, figures.registry)
        async with open_database(settings) as database, open_house(settings) as house:
            clock, entropy = clock_of(settings), SystemEntropy()
            voider = voiding.Voider(
                database=database, clock=clock, entropy=entropy, figures=figures
            )
            buyer = cash_out.Buyer(database=database, clock=clock, entropy=entropy)
            resolver = rounds.Resolver(
                database=database,
                clock=clock,
                entropy=entropy,
                open_for=timedelta(hours=settings.rounds_open_hours),
                rule=Resolution(settings.rounds_rule),
                house=house,
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(resolver.run(stop))
                group.create_task(voider.run(stop))
                if house is not None:
                    watch = draws.DrawWatch(
                        database=database,
                        clock=clock,
                        entropy=entropy,
                        house=house,
                        figures=figures,
                    )
                    group.create_task(watch.run(stop))
                group.create_task(buyer.run(stop))
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
