"""Witnesses are asked beside publishing: none delays it, and one that saw more ends it."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from integration.audit.scene import KEY, Scene
from integration.messages.world import NOW
from pitboss.app.record import AskedWitness, HaltFile
from pitboss.audit.record import Publisher
from pitboss.audit.record.errors import WitnessDisagrees
from pitboss.audit.record.model import Cosigned, NotCosigned, Published
from pitboss.audit.record.ports import TileStore, Witness
from pitboss.cli.commands import app
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.checkpoints import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from pitboss.tlog.cosignatures import cosign, verifier_of
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey, VerifierKey
from pitboss.tlog.notes import Note, NoteSigner, parse_note
from pitboss.witness.server import Witness as WitnessServer
from pitboss.witness.server import WitnessConfig
from pitboss.workers.cosigner import Cosigning
from pitboss.workers.publisher import Publishing

AUDITOR, REGULATOR = (
    SigningKey.generate(name, SeededEntropy(name), kind=COSIGNATURE_ED25519)
    for name in ("auditor.example/w1", "regulator.example/w1")
)
PATIENCE_SECONDS = 20.0


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database=database, folder=tmp_path)


@pytest.fixture
async def auditor(tmp_path: Path) -> AsyncIterator[AskedWitness]:
    """Lend a witness of the real kind."""
    async with client_of(tmp_path / "witness") as client:
        yield AskedWitness(AUDITOR.verifier, "http://witness", client)


def client_of(folder: Path) -> httpx.AsyncClient:
    """Return a client whose every request reaches the witness that remembers in this folder."""
    config = WitnessConfig(key=AUDITOR, logs=(KEY.verifier,), folder=folder)
    witness = WitnessServer(config, clock=ManualClock(NOW))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=witness))


@dataclass(slots=True)
class Scripted:
    """A witness that does what a test says."""

    does: Callable[[Note], Awaitable[Cosigned | NotCosigned]]
    key: VerifierKey = REGULATOR.verifier
    asked: list[int] = field(default_factory=list)

    async def cosign(self, note: Note, tiles: TileStore) -> Cosigned | NotCosigned:
        """Do it."""
        self.asked.append(parse_checkpoint(note.text).size)
        return await self.does(note)


async def signs(note: Note) -> Cosigned:
    """Cosign whatever is shown."""
    return Cosigned(signatures=(cosign(note.text, REGULATOR, at=NOW),))


async def is_silent(_: Note) -> Cosigned:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def fails(_: Note) -> Cosigned:
    """Fail in a way that nobody thought of."""
    raise ZeroDivisionError


async def is_away(_: Note) -> NotCosigned:
    """Be away."""
    return NotCosigned(why="away")


def has_seen(size: int) -> Callable[[Note], Awaitable[NotCosigned]]:
    """Return a witness that has seen so many entries."""

    async def does(_: Note) -> NotCosigned:
        return NotCosigned(why="seen", seen=size)

    return does


def watched(scene: Scene, *witnesses: Witness) -> Publisher:
    """Return a publisher that was just started, with these witnesses."""
    publisher = scene.another_publisher()
    publisher.witnesses = witnesses
    publisher.halt = HaltFile(scene.folder / "record" / "halted")
    return publisher


def cosigners(scene: Scene) -> tuple[int, set[str]]:
    """Return the size of what is shown, and who has cosigned it."""
    data = scene.tiles.read("checkpoint")
    assert data is not None
    known = [verifier_of(key.verifier) for key in (KEY, AUDITOR, REGULATOR)]
    opened = open_checkpoint(data, known)
    names = [line.name for line in opened.signatures]
    assert len(parse_note(data).signatures) == len(set(names))
    return opened.checkpoint.size, set(names) - {KEY.name}


async def test_a_checkpoint_is_shown_at_once_and_again_with_each_cosignature(
    scene: Scene, auditor: AskedWitness
) -> None:
    regulator = Scripted(signs)
    publisher = watched(scene, auditor, regulator)
    for facts, size in ((40, 40), (300, 340)):
        await scene.happen(facts)
        published = await publisher.step()
        assert published is not None
        assert scene.tiles.read("checkpoint") == published.note.encode()

        assert await publisher.cosign(auditor) == size
        assert cosigners(scene) == (size, {AUDITOR.name})
        assert await publisher.cosign(regulator) == size
        assert cosigners(scene) == (size, {AUDITOR.name, REGULATOR.name})
        assert await publisher.cosign(auditor) is None
    assert (await scene.verify()).size == 340


async def test_what_was_shown_before_a_restart_is_cosigned_after_it(
    scene: Scene, auditor: AskedWitness
) -> None:
    await scene.publish(40)

    assert await watched(scene, auditor).cosign(auditor) == 40
    assert cosigners(scene) == (40, {AUDITOR.name})
    assert await watched(scene, auditor).cosign(auditor) is None


async def test_a_cosignature_that_comes_late_does_not_bring_back_an_older_checkpoint(
    scene: Scene,
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answers_late(note: Note) -> Cosigned:
        asked.set()
        await may_answer.wait()
        return await signs(note)

    witness = Scripted(answers_late)
    publisher = watched(scene)
    await scene.happen(10)
    await publisher.step()
    late = asyncio.create_task(publisher.cosign(witness))
    await asked.wait()
    await scene.happen(5)
    await publisher.step()
    may_answer.set()

    assert await late == 10
    assert cosigners(scene) == (15, set())
    assert await publisher.cosign(witness) == 15
    assert cosigners(scene) == (15, {REGULATOR.name})


async def test_a_witness_that_is_silent_delays_neither_checkpoints_nor_other_witnesses(
    scene: Scene, auditor: AskedWitness
) -> None:
    silent = Scripted(is_silent)
    publisher, stop = watched(scene, auditor), asyncio.Event()
    sizes: asyncio.Queue[int] = asyncio.Queue()
    loops = [
        asyncio.create_task(loop.run(stop))
        for loop in (
            Cosigning(publisher=publisher, witness=silent),
            Cosigning(publisher=publisher, witness=auditor, told=sizes.put_nowait),
        )
    ]

    async with asyncio.timeout(PATIENCE_SECONDS):
        for facts, size in ((10, 10), (20, 30), (30, 60)):
            await scene.happen(facts)
            published = await publisher.step()
            assert published is not None
            assert await sizes.get() == published.size == size
    assert silent.asked
    for loop in loops:
        loop.cancel()


async def test_before_the_first_signature_all_witnesses_are_asked_at_once(scene: Scene) -> None:
    together = asyncio.Barrier(2)

    async def waits(note: Note) -> Cosigned:
        await together.wait()
        return await signs(note)

    broken = Scripted(fails)
    publisher = watched(scene, Scripted(waits), Scripted(waits), broken, Scripted(is_away))
    await scene.happen(5)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await publisher.step() is not None
    await scene.happen(5)
    assert await publisher.step() is not None
    assert broken.asked == [0]


async def test_a_rolled_back_log_signs_nothing_until_an_operator_acts(
    scene: Scene, auditor: AskedWitness, tmp_path: Path
) -> None:
    """Tiles, record and what the database notes are put back together to a checkpoint before."""
    await scene.publish(100)
    for place in ("log", "record"):
        shutil.copytree(tmp_path / place, tmp_path / "backup" / place)
    await scene.publish(50)
    assert await watched(scene, auditor).cosign(auditor) == 150
    for place in ("log", "record"):
        shutil.rmtree(tmp_path / place)
        shutil.copytree(tmp_path / "backup" / place, tmp_path / place)
    await scene.tamper("DELETE FROM audit_checkpoint WHERE size > 100")
    shown = scene.tiles.read("checkpoint")
    why = "the witness auditor.example/w1 has seen 150 entries of this log, and 100 are recorded"

    with pytest.raises(WitnessDisagrees, match=why):
        await watched(scene, auditor).step()
    # The next process, which nobody tells, and whose witness is away.
    with pytest.raises(WitnessDisagrees, match=why):
        await watched(scene, Scripted(is_away)).step()
    assert scene.tiles.read("checkpoint") == shown

    told = CliRunner().invoke(app, ["audit", "resume", "--json", "--home", str(tmp_path)])
    assert why in json.loads(told.stdout.splitlines()[-1])["stopped"]
    with pytest.raises(WitnessDisagrees, match=why):
        await watched(scene, auditor).step()
    HaltFile(tmp_path / "record" / "halted").clear()
    assert await watched(scene).step() is not None


async def test_a_log_that_was_begun_anew_under_its_old_key_signs_nothing(
    scene: Scene, auditor: AskedWitness, tmp_path: Path
) -> None:
    await scene.publish(100)
    assert await watched(scene, auditor).cosign(auditor) == 100
    for place in ("log", "record"):
        shutil.rmtree(tmp_path / place)

    with pytest.raises(WitnessDisagrees, match="has seen 100 entries of this log, and 0 are"):
        await watched(scene, auditor).step()
    assert scene.tiles.read("checkpoint") is None


@pytest.mark.parametrize("seen", [50, 90])
async def test_another_history_is_known_though_it_is_no_shorter_than_what_a_witness_saw(
    scene: Scene, auditor: AskedWitness, seen: int
) -> None:
    fork = Checkpoint(origin=KEY.name, size=seen, root=bytes(32))
    shown = sign_checkpoint(fork, [NoteSigner(KEY)])
    assert isinstance(await auditor.cosign(shown, scene.tiles), Cosigned)
    await scene.publish(90)
    publisher = watched(scene)
    why = f"has seen other {seen} entries than the first of our 90"

    with pytest.raises(WitnessDisagrees, match=why):
        await publisher.cosign(auditor)
    await scene.happen(5)
    with pytest.raises(WitnessDisagrees, match=why):
        await publisher.step()


async def test_a_checkpoint_that_another_process_has_published_meanwhile_is_no_alarm(
    scene: Scene,
) -> None:
    publisher = watched(scene)
    await scene.happen(10)
    await publisher.step()
    twin = watched(scene)
    await scene.happen(10)
    await twin.step()

    answer = await publisher.cosign(Scripted(has_seen(20)))
    assert isinstance(answer, NotCosigned)
    assert await twin.step() is None


async def test_a_stop_is_kept_even_if_the_disk_was_full_when_it_came(scene: Scene) -> None:
    publisher = watched(scene)
    await scene.happen(10)
    await publisher.step()
    await scene.happen(10)
    full = FullDisk(failures=2)
    publisher.halt = full

    with pytest.raises(OSError, match="full"):
        await publisher.cosign(Scripted(has_seen(99)))
    with pytest.raises(OSError, match="full"):
        await publisher.step()
    with pytest.raises(WitnessDisagrees):
        await publisher.step()
    assert full.why is not None


@dataclass(slots=True)
class FullDisk:
    """Keeps nothing at first."""

    failures: int
    why: str | None = None

    def load(self) -> str | None:
        """Return what was kept."""
        return self.why

    def save(self, why: str) -> None:
        """Keep it, at last."""
        self.failures -= 1
        if self.failures >= 0:
            raise OSError("full")
        self.why = why


async def test_a_witness_that_fails_is_asked_ever_more_rarely_and_told_of(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.workers.cosigner.RETRY_SECONDS", 0.01)
    monkeypatch.setattr("pitboss.workers.cosigner.RETRY_SECONDS_MAX", 0.2)
    await scene.publish(10)
    stop, times = asyncio.Event(), list[float]()

    def failed() -> None:
        times.append(time.monotonic())
        if len(times) == 7:
            stop.set()

    away = Scripted(is_away)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await Cosigning(publisher=watched(scene), witness=away, failed=failed).run(stop)

    waits = [later - sooner for sooner, later in pairwise(times)]
    assert waits[0] < 0.1 < waits[-1]
    assert away.asked == [10] * 7


async def test_a_store_that_gives_back_nonsense_is_refused_and_publishing_goes_on_after_it(
    scene: Scene,
) -> None:
    """What cannot be read at all is as bad as what is different, and no more."""
    publisher, stop = watched(scene), asyncio.Event()
    await scene.happen(20)
    refusals: list[None] = []
    sizes: asyncio.Queue[int] = asyncio.Queue()
    publisher.tiles = Nonsense(scene.tiles)

    def told(published: Published) -> None:
        sizes.put_nowait(published.size)

    def refused() -> None:
        refusals.append(None)
        publisher.tiles = scene.tiles

    publishing = Publishing(
        publisher=publisher,
        told=lambda published: sizes.put_nowait(published.size),
        refused=refused,
    )
    running = asyncio.create_task(publishing.run(stop))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await sizes.get() == 20
    stop.set()
    await running
    assert len(refusals) == 1


@dataclass(slots=True)
class Nonsense:
    """A store that gives back a bundle whose end is missing."""

    inner: TileStore

    def read(self, path: str) -> bytes | None:
        """Return it."""
        data = self.inner.read(path)
        return data[:-1] if data is not None and "entries" in path else data

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files."""
        self.inner.write(files)

    def find(self, beginning: str) -> Sequence[str]:
        """Find files."""
        return self.inner.find(beginning)

    def discard_partial(self, path: str) -> None:
        """Discard files."""
        self.inner.discard_partial(path)
