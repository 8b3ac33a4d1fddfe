"""What every tile store and every record of the last checkpoint promises: one suite for both."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from contract.bucket_server import bucket_server, environment
from pitboss.adapters.tiles.folder import FileRecord, FolderStore
from pitboss.adapters.tiles.s3 import (
    BucketAway,
    BucketRecord,
    BucketStore,
    ConditionsIgnored,
    LibraryMissing,
    open_record,
    open_store,
)
from pitboss.audit.record.errors import RecordMoved, StoreDamaged
from pitboss.audit.record.model import ChainEnd, LastCheckpoint
from pitboss.audit.record.ports import CheckpointRecord, TileStore
from pitboss.kernel.shards import Shard

TILE = "tile/0/x001/234"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere for tiles and for a record; `spoil` writes into the record behind its back."""

    tiles: TileStore
    record: Callable[[], CheckpointRecord]
    spoil: Callable[[bytes], object]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with bucket_server() as url:
        yield url


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    name = f"b-{abs(hash(tmp_path))}"
    client().create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        file = tmp_path / "record" / "last.json"
        return Place(FolderStore(tmp_path / "log"), lambda: FileRecord(file), file.write_bytes)
    bucket = request.getfixturevalue("bucket")
    return Place(
        open_store(bucket, "mt/2026h2"),
        lambda: open_record(bucket, "record/last.json"),
        lambda data: client().put_object(Bucket=bucket, Key="record/last.json", Body=data),
    )


def client() -> Any:
    """Return the library's own client."""
    return boto3.client("s3")


def last(size: int) -> LastCheckpoint:
    """Return a checkpoint of this size."""
    ends = {Shard(40): ChainEnd(seq=size, leaf=bytes([size]) * 32)}
    return LastCheckpoint(origin="log.example/a", size=size, root=bytes([size]) * 32, ends=ends)


def test_what_was_written_is_read_and_what_was_not_is_none(place: Place) -> None:
    files = [(f"tile/entries/{number:03}", bytes([number]) * 700) for number in range(30)]

    place.tiles.write(iter(files))

    assert [place.tiles.read(path) for path, _ in files] == [data for _, data in files]
    assert place.tiles.read("tile/entries/030") is None
    assert place.tiles.read("tile/entries/000/x") is None
    assert place.tiles.read("checkpoint") is None


def test_writing_again_replaces(place: Place) -> None:
    place.tiles.write([("checkpoint", b"one"), (TILE, b"same")])
    place.tiles.write([("checkpoint", b"two"), (TILE, b"same")])

    assert place.tiles.read("checkpoint") == b"two"
    assert place.tiles.read(TILE) == b"same"


def test_files_at_the_top_are_found_by_how_they_begin(place: Place) -> None:
    top = ["checkpoint", "checkpoint.9", "checkpoint.10", "checkpoint.10.tsr", "check"]
    place.tiles.write([*((path, b"x") for path in top), ("checkpoint.d/1", b"x"), (TILE, b"x")])

    assert place.tiles.find("checkpoint.") == [
        *("checkpoint.10", "checkpoint.10.tsr", "checkpoint.9")
    ]
    assert place.tiles.find("nothing") == []


def test_of_a_tile_only_its_own_partial_files_are_discarded(place: Place) -> None:
    kept = [TILE, "tile/0/x001/235.p/7", "tile/1/x001/234.p/7", "checkpoint"]
    partial = [f"{TILE}.p/{width}" for width in (1, 20, 255)]
    place.tiles.write([(path, b"x") for path in [*kept, *partial]])

    place.tiles.discard_partial(TILE)
    place.tiles.discard_partial(TILE)

    assert [place.tiles.read(path) for path in partial] == [None] * 3
    assert [place.tiles.read(path) for path in kept] == [b"x"] * 4


def test_a_record_remembers_what_was_recorded_last(place: Place) -> None:
    assert place.record().load() is None

    place.record().swap(None, last(1))
    place.record().swap(last(1), last(2))

    assert place.record().load() == last(2)


@pytest.mark.parametrize("before", [None, last(1), last(3)], ids=["nothing", "older", "other"])
def test_who_expects_another_last_checkpoint_records_nothing(
    place: Place, before: LastCheckpoint | None
) -> None:
    place.record().swap(None, last(2))

    with pytest.raises(RecordMoved, match=r"has size 2, and . was expected"):
        place.record().swap(before, last(4))
    assert place.record().load() == last(2)


def test_who_expects_one_where_there_is_none_records_nothing(place: Place) -> None:
    with pytest.raises(RecordMoved, match="has size 0, and 1 was expected"):
        place.record().swap(last(1), last(2))
    assert place.record().load() is None


@pytest.mark.parametrize("before", [None, last(1)], ids=["first", "later"])
def test_of_many_that_record_at_once_one_is_told_that_it_did(
    place: Place, before: LastCheckpoint | None
) -> None:
    if before is not None:
        place.record().swap(None, before)
    together = threading.Barrier(8)

    def race(size: int) -> bool:
        record = place.record()
        record.load()
        together.wait()
        try:
            record.swap(before, last(size))
        except RecordMoved:
            return False
        return True

    with ThreadPoolExecutor(8) as hands:
        won = list(hands.map(race, range(2, 10)))

    assert sum(won) == 1
    assert place.record().load() == last(2 + won.index(True))


@pytest.mark.parametrize("data", [b"", b"{", b'{"origin":"a","size":1,"root":"xy","ends":{}}'])
def test_a_record_that_is_not_ours_is_not_believed(place: Place, data: bytes) -> None:
    place.record().swap(None, last(1))
    place.spoil(data)

    with pytest.raises(StoreDamaged, match=r"last\.json cannot be read as a checkpoint"):
        place.record().load()
    with pytest.raises(StoreDamaged):
        place.record().swap(last(1), last(2))


def test_a_change_between_looking_and_writing_is_noticed(bucket: str) -> None:
    record = open_record(bucket, "last.json")
    record.swap(None, last(1))

    def slip_in(**_: object) -> None:
        if client().get_object(Bucket=bucket, Key="last.json")["Body"].read().find(b'"size":1') > 0:
            open_record(bucket, "last.json").swap(last(1), last(7))

    record.bucket.client.meta.events.register("before-call.s3.PutObject", slip_in)

    with pytest.raises(RecordMoved, match="has size 7, and 1 was expected"):
        record.swap(last(1), last(2))
    assert record.load() == last(7)


def deaf(record: BucketRecord, header: str) -> BucketRecord:
    """Let a record's store hear nothing of a condition."""

    def drop(request: Any, **_: object) -> None:
        del request.headers[header]

    record.bucket.client.meta.events.register("before-sign.s3.PutObject", drop)
    return record


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_store_that_ignores_a_condition_keeps_no_record(bucket: str, header: str) -> None:
    open_record(bucket, "last.json").swap(None, last(1))

    with pytest.raises(ConditionsIgnored, match=header.replace("-", "")):
        deaf(open_record(bucket, "last.json"), header).swap(last(1), last(2))
    assert open_record(bucket, "last.json").load() == last(1)


def test_a_bucket_that_is_not_there_is_no_empty_log(bucket: str) -> None:
    with pytest.raises(BucketAway, match=r"cannot read checkpoint in s3://none-such/p: NoSuchBuck"):
        open_store("none-such", "p").read("checkpoint")
    with pytest.raises(BucketAway, match="NoSuchBucket"):
        open_record("none-such", "p").load()


def test_a_store_that_cannot_be_reached_is_a_fault_that_passes(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(BucketAway, match="cannot write checkpoint") as caught:
        open_store(bucket, "p").write([("checkpoint", b"x")])
    assert caught.value.retryable


def test_under_a_retention_lock_partial_files_stay(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = open_store(bucket, "p")
    tiles.write([(f"{TILE}.p/1", b"x")])
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",'
        f'"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}'
    )
    client().put_bucket_policy(Bucket=bucket, Policy=policy)

    tiles.discard_partial(TILE)

    assert tiles.read(f"{TILE}.p/1") == b"x"


def test_readers_of_a_bucket_are_told_what_never_changes(bucket: str) -> None:
    BucketStore(open_store(bucket, "p").bucket).write([("checkpoint", b"x"), (TILE, b"x")])

    heads = [client().head_object(Bucket=bucket, Key=f"p/{path}") for path in ("checkpoint", TILE)]

    assert [head["CacheControl"] for head in heads] == [
        *("no-cache", "public, max-age=31536000, immutable")
    ]


def test_without_its_library_a_bucket_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("boto3"):
            raise ImportError("gone", name="boto3")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)

    with pytest.raises(LibraryMissing, match=r"pitboss\[s3\]"):
        open_store("b", "p")
