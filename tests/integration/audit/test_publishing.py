"""Promises of publishing: what is signed follows from what was signed, whatever breaks between."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import as_owner
from integration.api.rows import count_rows
from integration.audit.scene import KEY, ORIGIN, OTHER_KEY, Scene
from integration.messages.world import NOW
from pitboss.audit.record import store
from pitboss.audit.record.errors import (
    DatabaseBehind,
    DatabaseForked,
    NotPublishable,
    RecordBehind,
    RecordMoved,
    StoreDamaged,
)
from pitboss.audit.record.model import LastCheckpoint
from pitboss.audit.record.operations import PARTIALS_KEPT
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from pitboss.tlog.notes import NoteSigner, NoteVerifier


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database=database, folder=tmp_path)


class Killed(BaseException):
    """The end of a process, between two lines."""


class Mortal:
    """Wraps a store or a record: after so many calls its caller is killed."""

    def __init__(self, inner: object, lives: list[int]) -> None:
        self._inner = inner
        self._lives = lives

    def __getattr__(self, name: str) -> object:
        real = getattr(self._inner, name)

        def call(*values: object) -> object:
            if name == "write":
                (files,) = values
                assert isinstance(files, Iterable)
                for file in files:
                    self._count()
                    real([file])
                return None
            self._count()
            answer = real(*values)
            self._count()
            return answer

        return call

    def _count(self) -> None:
        self._lives[0] -= 1
        if self._lives[0] < 0:
            raise Killed


async def test_a_log_that_grew_in_steps_of_all_sizes_is_verified_whole(scene: Scene) -> None:
    published = await scene.publish(1, 254, 1, 1, 255, 300, 700, 3)

    found = await scene.verify()
    assert (found.facts, found.size, found.checkpoints) == (1_515, 1_515, 8)
    assert found.root == published.root
    assert found.shards == 3
    assert found.streams == (await count_rows(scene.database))["stream_head"]


async def test_with_nothing_new_nothing_is_published(scene: Scene) -> None:
    assert await scene.publisher.step() is None
    await scene.publish(3)

    assert await scene.publisher.step() is None
    assert (await scene.verify()).checkpoints == 1


async def test_what_is_behind_is_published_in_several_checkpoints(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.audit.record.operations.FACTS_MAX", 100)
    await scene.happen(250)

    sizes = []
    while published := await scene.publisher.step():
        sizes.append(published.size)

    assert sizes == [100, 200, 250]
    assert (await scene.verify()).facts == 250


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give how many calls a publisher survives, those that note a checkpoint among them."""
    left = [1_000_000]
    save = store.save_checkpoint

    async def noting(*values: Any, **named: Any) -> None:
        for when in range(2):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            if not when:
                await save(*values, **named)

    monkeypatch.setattr(store, "save_checkpoint", noting)
    return left


async def live_and_die(scene: Scene, lives: list[int], count: int) -> bool:
    """Let a new publisher take a step with so many lives; say whether it was killed."""
    publisher = scene.another_publisher()
    publisher.tiles = Mortal(scene.tiles, lives)  # type: ignore[assignment]
    publisher.last = Mortal(scene.last, lives)  # type: ignore[assignment]
    lives[0] = count
    try:
        await publisher.step()
    except Killed:
        return True
    finally:
        lives[0] = 1_000_000
    return False


async def noted_size(scene: Scene) -> int:
    """Return the size of the newest checkpoint that is noted."""
    async with scene.database.reading() as tx:
        newest = await store.find_newest_checkpoint(tx)
    return newest[0] if newest else 0


@pytest.mark.parametrize("growth", [(0, 5), (5, 300), (250, 700)], ids=str)
async def test_killed_anywhere_the_next_publisher_goes_on_and_signs_one_history(
    scene: Scene, growth: tuple[int, int], lives: list[int], tmp_path: Path
) -> None:
    before, size = tmp_path / "before", sum(growth)
    for folder in ("log", "record"):
        (scene.folder / folder).mkdir()
    if growth[0]:
        await scene.publish(growth[0])
    await scene.happen(growth[1])
    for folder in ("log", "record"):
        shutil.copytree(scene.folder / folder, before / folder)

    shown_and_not_noted = 0
    for deaths in itertools.count():
        for folder in ("log", "record"):
            shutil.rmtree(scene.folder / folder)
            shutil.copytree(before / folder, scene.folder / folder)
        await scene.tamper(f"DELETE FROM audit_checkpoint WHERE size > {growth[0]}")

        killed = await live_and_die(scene, lives, deaths)
        shown = scene.tiles.read("checkpoint") or b""
        if f"\n{size}\n".encode() in shown and await noted_size(scene) < size:
            shown_and_not_noted += 1
        # And once more, while it finds out where the first one was.
        await live_and_die(scene, lives, scene.chance.randrange(8))
        await scene.another_publisher().step()

        found = await scene.verify()
        assert (found.size, found.checkpoints) == (size, 2 if growth[0] else 1)
        assert await scene.another_publisher().step() is None
        if not killed:
            break
    assert deaths > 12
    assert shown_and_not_noted


async def test_a_checkpoint_that_was_recorded_and_not_shown_is_shown_after_the_restart(
    scene: Scene,
) -> None:
    await scene.publish(20)
    older = scene.tiles.read("checkpoint")
    newer = await scene.publish(30)
    assert older is not None
    scene.tiles.write([("checkpoint", older)])

    assert await scene.another_publisher().step() is None

    assert scene.tiles.read("checkpoint") == newer.note.encode()


async def test_a_checkpoint_that_was_shown_and_not_noted_is_noted_after_the_restart(
    scene: Scene,
) -> None:
    newest = await scene.publish(20)
    await scene.tamper("DELETE FROM audit_checkpoint")

    assert await scene.another_publisher().step() is None

    async with scene.database.reading() as tx:
        (row,) = await tx.fetch("SELECT size, root, note FROM audit_checkpoint")
    assert tuple(row) == (20, newest.root, newest.note)


async def test_two_that_publish_the_same_log_do_not_fork_it(scene: Scene) -> None:
    await scene.publish(20)
    twin = scene.another_publisher()
    await twin.step()
    await scene.happen(30)
    assert await twin.step() is not None
    await scene.happen(5)

    with pytest.raises(RecordMoved):
        await scene.publisher.step()
    assert (await scene.publisher.step()) is not None
    assert (await scene.verify()).size == 55


async def test_of_two_that_record_at_once_one_is_told(scene: Scene) -> None:
    await scene.publish(1)
    before = scene.last.load()
    wishes = [
        LastCheckpoint(origin="o", size=size, root=bytes(32), ends={}) for size in range(2, 12)
    ]

    answers = await asyncio.gather(
        *(asyncio.to_thread(scene.last.swap, before, wish) for wish in wishes),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, RecordMoved) for answer in answers) == 9
    assert scene.last.load() == wishes[answers.index(None)]


@pytest.fixture
async def backup(scene: Scene, database: Database) -> AsyncIterator[Database]:
    """Give a copy of the database as it was after the first hundred facts."""
    await scene.publish(100)
    place = urlsplit(database.url)
    original, name = place.path[1:], f"{place.path[1:]}_backup"
    await database.close()
    maintenance = Database(urlsplit(as_owner(database.url))._replace(path="/postgres").geturl())
    async with maintenance.reading() as tx:
        await tx.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
    copy = Database(place._replace(path=f"/{name}").geturl())
    yield copy
    await copy.close()
    async with maintenance.reading() as tx:
        await tx.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await maintenance.close()


async def test_a_restored_backup_signs_nothing(scene: Scene, backup: Database) -> None:
    await scene.publish(50)
    shown = scene.tiles.read("checkpoint")

    with pytest.raises(DatabaseBehind, match="100 facts in order, and 150 were recorded"):
        await scene.another_publisher(backup).step()
    assert scene.tiles.read("checkpoint") == shown


async def test_a_restored_backup_that_went_on_signs_no_fork(
    scene: Scene, backup: Database, tmp_path: Path
) -> None:
    await scene.publish(50)
    fork = Scene(database=backup, folder=tmp_path)
    fork.world.entropy.random_bytes(7)
    fork.chance.seed(99)
    await fork.happen(90)

    with pytest.raises(DatabaseForked, match="another history"):
        await fork.publisher.step()
    assert (await scene.verify()).size == 150


async def test_without_its_record_a_log_is_not_continued(scene: Scene) -> None:
    await scene.publish(10)
    (scene.folder / "record" / "last-checkpoint.json").unlink()

    with pytest.raises(NotPublishable, match="no record of the last checkpoint"):
        await scene.another_publisher().step()


async def test_a_database_that_published_before_begins_no_new_log_without_tiles_and_record(
    scene: Scene,
) -> None:
    await scene.publish(120)
    shutil.rmtree(scene.folder / "log")
    shutil.rmtree(scene.folder / "record")

    with pytest.raises(NotPublishable, match="published checkpoints are there and no record"):
        await scene.another_publisher().step()
    assert scene.tiles.read("checkpoint") is None


async def test_a_record_that_was_set_back_signs_nothing(scene: Scene) -> None:
    file = scene.folder / "record" / "last-checkpoint.json"
    await scene.publish(20)
    older = file.read_bytes()
    await scene.publish(30)
    shown = scene.tiles.read("checkpoint")
    assert shown is not None
    file.write_bytes(older)

    with pytest.raises(RecordBehind, match="has 50 entries, and 20 were recorded"):
        await scene.another_publisher().step()
    (scene.folder / "log" / "checkpoint").unlink()
    with pytest.raises(RecordBehind, match="the newest one noted has 50"):
        await scene.another_publisher().step()


@pytest.mark.parametrize("where", ["tiles", "database"])
async def test_what_was_published_of_another_history_is_not_continued(
    scene: Scene, where: str
) -> None:
    await scene.publish(20)
    if where == "database":
        await scene.tamper("UPDATE audit_checkpoint SET root = sha256('x')")
    else:
        fork = Checkpoint(origin=ORIGIN, size=20, root=bytes(32))
        note = sign_checkpoint(fork, [NoteSigner(KEY)])
        scene.tiles.write([("checkpoint", str(note).encode())])

    with pytest.raises(DatabaseForked, match="another history"):
        await scene.another_publisher().step()


@pytest.mark.parametrize("path", ["tile/0/000.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"])
async def test_a_store_that_lost_or_changed_its_edge_is_not_built_upon(
    scene: Scene, path: str
) -> None:
    await scene.publish(300)
    await scene.happen(5)
    path = path.replace("tile/0/000", "tile/0/001")
    whole = scene.tiles.read(path)
    assert whole is not None

    (scene.folder / "log" / path).unlink()
    with pytest.raises(StoreDamaged, match="missing"):
        await scene.another_publisher().step()
    scene.tiles.write([(path, whole[:-1])])
    with pytest.raises(StoreDamaged):
        await scene.another_publisher().step()
    scene.tiles.write([(path, whole)])
    assert await scene.another_publisher().step() is not None


async def test_while_a_key_is_replaced_both_sign_and_either_is_enough(scene: Scene) -> None:
    scene.keys = (KEY, OTHER_KEY)
    scene.publisher = scene.another_publisher()
    published = await scene.publish(10)

    for key in scene.keys:
        opened = open_checkpoint(published.note, [NoteVerifier(key.verifier)])
        assert opened.checkpoint.size == 10


def partial_tiles(scene: Scene) -> set[str]:
    """Return where there are partial tiles."""
    log = scene.folder / "log"
    return {str(path.relative_to(log)) for path in (log / "tile").rglob("*.p")}


EDGE = {"tile/0/002.p", "tile/1/000.p", "tile/entries/002.p"}


@pytest.mark.parametrize("restarted", [False, True])
async def test_partial_tiles_are_taken_away_when_the_full_ones_have_been_there_for_a_while(
    scene: Scene, restarted: bool
) -> None:
    await scene.publish(*[37] * 20)
    assert {"tile/0/000.p", "tile/0/001.p", "tile/entries/001.p"} < partial_tiles(scene)
    if restarted:
        scene.publisher = scene.another_publisher()
        await scene.publisher.step()
        assert partial_tiles(scene) > EDGE

    scene.publisher.clock = ManualClock(NOW + PARTIALS_KEPT)
    assert await scene.publisher.step() is None

    assert partial_tiles(scene) == EDGE
    assert (await scene.verify(database=False)).size == 740
