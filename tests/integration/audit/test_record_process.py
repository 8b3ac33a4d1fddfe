"""The loops of the record, as their process runs them: whatever they do, facts get an order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from integration.audit.scene import KEY, SHARDS, Scene
from integration.messages.world import NOW
from pitboss import order
from pitboss.app.processes.sequencer import Record
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.settings import Settings
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.witness.server import Witness, WitnessConfig
from pitboss.workers.apart import apart
from pitboss.workers.figures import Figures

WITNESS = SigningKey.generate("w.example", SeededEntropy("w"), kind=COSIGNATURE_ED25519)
PATIENCE_SECONDS = 30.0


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    made = Scene(database=database, folder=tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "log.keys").write_text(f"{KEY.write()}\n")
    (tmp_path / "policy").write_text(f"witness w {WITNESS.verifier}\nquorum w\n")
    return made


@contextlib.asynccontextmanager
async def at_work(scene: Scene) -> AsyncIterator[Figures]:
    """Run the loops of the record beside the sequencer; give what they count."""
    config = WitnessConfig(key=WITNESS, logs=(KEY.verifier,), folder=scene.folder / "witness")
    witness = httpx.ASGITransport(app=Witness(config, clock=ManualClock(NOW)))
    stop, figures = asyncio.Event(), Figures()
    async with httpx.AsyncClient(transport=witness) as client, asyncio.TaskGroup() as group:
        record = Record(
            settings=Settings(
                home=scene.folder,
                database_url=scene.database.url,
                witnesses=(f"{WITNESS.verifier} http://w",),
                policy=scene.folder / "policy",
            ),
            database=scene.database,
            client=client,
            clock=ManualClock(NOW),
            figures=figures,
            sequencer=scene.sequencer,
        )
        group.create_task(scene.sequencer.run(stop))
        group.create_task(
            apart("the record", record.run, stop, failed=record.refused, again_seconds=0.05)
        )
        yield figures
        stop.set()


async def reaches(figures: Figures, name: str, wanted: float) -> None:
    """Wait until a figure has a value."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while value_of(figures, name) != wanted:  # noqa: ASYNC110 - nobody else tells
            await asyncio.sleep(0.02)


def value_of(figures: Figures, name: str) -> float | None:
    """Return the value of a figure."""
    labels = {"witness": WITNESS.name} if "witness" in name else {}
    return figures.registry.get_sample_value(name, labels)


async def note(scene: Scene, facts: int) -> None:
    """Let facts happen, which others put in order."""
    await scene.world.note(SHARDS[0], *map(str, range(facts)))


async def test_what_is_published_is_cosigned_and_counted(scene: Scene) -> None:
    async with at_work(scene) as figures:
        for facts, size in ((10, 10), (300, 310)):
            await note(scene, facts)
            await reaches(figures, "pitboss_record_entries", size)
            await reaches(figures, "pitboss_record_witnessed_entries", size)
            await reaches(figures, "pitboss_record_quorum_entries", size)

    assert value_of(figures, "pitboss_record_refused_total") == 0
    assert value_of(figures, "pitboss_record_quorum_missing") == 0
    assert (await scene.verify()).size == 310


@pytest.mark.parametrize("spoilt", ["keys/log.keys", "policy"])
async def test_a_record_that_cannot_even_begin_keeps_no_fact_from_its_order(
    scene: Scene, spoilt: str
) -> None:
    target = scene.folder / spoilt
    whole = target.read_bytes()
    target.write_bytes(b"\xff\xfe nonsense")
    async with at_work(scene) as figures:
        await note(scene, 20)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await end_of(scene) < 20:  # noqa: ASYNC110 - nobody else tells
                await asyncio.sleep(0.02)
        assert value_of(figures, "pitboss_record_entries") == 0

        target.write_bytes(whole)
        await reaches(figures, "pitboss_record_entries", 20)
        refused = value_of(figures, "pitboss_record_refused_total")
    assert refused is not None
    assert refused > 0


async def end_of(scene: Scene) -> int:
    """Return how many facts have their position."""
    async with scene.database.reading() as tx:
        return await order.read_end(tx)
