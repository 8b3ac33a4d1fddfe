"""A log in a bucket: published, gone on with, verified, and found changed, as in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from contract.bucket_server import bucket_server, environment
from integration.audit.scene import Scene
from integration.messages.world import NOW
from pitboss.app.record import checkpoint_record, tile_store
from pitboss.audit.record.errors import Difference, RecordMoved
from pitboss.audit.record.operations import PARTIALS_KEPT
from pitboss.audit.record.ports import CheckpointRecord, TileStore
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.settings import BucketPlace, Settings

SETTINGS = Settings(
    tiles=BucketPlace("evidence", "mt/2026h2"),
    last_checkpoint=BucketPlace("elsewhere", "mt/2026h2.json"),
)


class BucketScene(Scene):
    """A scene whose files are where the settings say."""

    @property
    def tiles(self) -> TileStore:
        """The tile store."""
        return tile_store(SETTINGS)

    @property
    def last(self) -> CheckpointRecord:
        """What remembers the last checkpoint."""
        return checkpoint_record(SETTINGS)


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with bucket_server() as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        for place in (SETTINGS.tiles, SETTINGS.last_checkpoint):
            assert isinstance(place, BucketPlace)
            boto3.client("s3").create_bucket(Bucket=place.bucket)
        yield


@pytest.fixture
async def scene(buckets: None, database: Database, tmp_path: Path) -> BucketScene:
    return BucketScene(database=database, folder=tmp_path)


async def test_a_log_in_a_bucket_is_published_gone_on_with_and_verified(scene: BucketScene) -> None:
    await scene.publish(200, 100)
    scene.publisher = scene.another_publisher()
    published = await scene.publish(300)

    found = await scene.verify()
    scene.publisher.clock = ManualClock(NOW + PARTIALS_KEPT)
    assert await scene.publisher.step() is None

    assert (found.facts, found.checkpoints, found.root) == (600, 3, published.root)
    assert list(scene.folder.iterdir()) == []
    assert scene.tiles.read("tile/entries/000.p/200") is None


async def test_two_that_publish_into_a_bucket_do_not_fork_the_log(scene: BucketScene) -> None:
    await scene.publish(20)
    twin = scene.another_publisher()
    await twin.step()
    await scene.happen(30)
    assert await twin.step() is not None
    await scene.happen(5)

    with pytest.raises(RecordMoved):
        await scene.publisher.step()

    assert await scene.publisher.step() is not None
    assert (await scene.verify()).size == 55


async def test_a_byte_that_was_changed_in_a_bucket_is_found(scene: BucketScene) -> None:
    await scene.publish(300)
    path = "tile/entries/000"
    data = scene.tiles.read(path)
    assert data is not None
    scene.tiles.write([(path, data.replace(b'"seq":3', b'"seq":4', 1))])

    with pytest.raises(Difference):
        await scene.verify()
