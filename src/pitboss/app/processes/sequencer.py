"""The process that gives facts their one order, and publishes the log of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

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
from pitboss.app.record import open_authority, open_publisher, read_policy, tile_store
from pitboss.audit.record import Publisher
from pitboss.audit.record.model import Published
from pitboss.audit.record.ports import Witness
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.settings import Settings
from pitboss.workers.apart import apart
from pitboss.workers.cosigner import Cosigning, QuorumWatch
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
            record = Record(
                settings=settings,
                database=database,
                client=client,
                clock=clock,
                figures=figures,
                sequencer=sequencer,
            )
            group.create_task(sequencer.run(stop))
            # Facts get their order whatever becomes of the log.
            group.create_task(apart("the record", record.run, stop, failed=record.refused))
            group.create_task(apart("timestamps", record.stamp, stop, failed=record.undated))

    collector.look_rarely()
    stand_back(RECORD_NICENESS)
    run_process("sequencer", settings, main)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The loops that make the log of what is sequenced, and show it to others."""

    settings: Settings
    database: Database
    client: httpx.AsyncClient
    clock: Clock
    figures: Figures
    sequencer: Sequencer

    def refused(self) -> None:
        """Count that nothing was signed."""
        self.figures.not_signed.inc()

    def undated(self) -> None:
        """Count that nothing was dated."""
        self.figures.not_stamped.inc()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish, and have each witness cosign beside it."""
        publisher = open_publisher(self.settings, self.database, self.client)
        policy = read_policy(self.settings)
        quorum = None if policy is None else QuorumWatch(policy)
        if quorum is not None:
            self.figures.quorum_missing.set_function(lambda: quorum.misses(self.clock.now()))

        def told(published: Published) -> None:
            now = self.clock.now()
            self.figures.show_published(published, now=now)
            if quorum is not None:
                quorum.published(published.size, now=now)
                self.figures.quorum_size.set(quorum.size)

        publishing = Publishing(publisher=publisher, may=self._may, told=told, refused=self.refused)
        async with asyncio.TaskGroup() as group:
            group.create_task(publishing.run(stop))
            for witness in publisher.witnesses:
                cosigning = self._cosigning(publisher, witness, quorum)
                name = f"cosigning by {witness.key.name}"
                group.create_task(apart(name, cosigning.run, stop, failed=cosigning.failed))

    async def stamp(self, stop: asyncio.Event) -> None:
        """Have checkpoints dated, if an authority is named."""
        authority = open_authority(self.settings, self.client)
        if authority is not None:
            stamping = Stamping(
                tiles=tile_store(self.settings),
                authority=authority,
                every_seconds=self.settings.timestamp_seconds,
                may=self._may,
                told=self.figures.stamped_size.set,
                failed=self.undated,
            )
            await stamping.run(stop)

    def _cosigning(
        self, publisher: Publisher, witness: Witness, quorum: QuorumWatch | None
    ) -> Cosigning:
        name = witness.key.name

        def told(size: int) -> None:
            self.figures.witnessed_size.labels(name).set(size)
            if quorum is not None:
                quorum.cosigned(witness.key, size, now=self.clock.now())
                self.figures.quorum_size.set(quorum.size)

        return Cosigning(
            publisher=publisher,
            witness=witness,
            may=self._may,
            told=told,
            failed=self.figures.not_witnessed.labels(name).inc,
            refused=self.refused,
        )

    def _may(self) -> bool:
        return self.sequencer.epoch is not None
