"""Stored facts are read as what they are today, and what is none is named."""

from __future__ import annotations

import importlib
from pathlib import Path

import msgspec
import pytest

import pitboss
from pitboss.audit.reading.errors import FactUnreadable
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.kernel.shards import Shard
from pitboss.messages.model import SealedFact
from pitboss.messages.rules import leaf_hash

PACKAGE = Path(pitboss.__file__).parent
GOLDEN = Path(__file__).parents[2] / "golden" / "facts"


def sealed(body: bytes) -> SealedFact:
    """Return a fact as the table would hold it."""
    said = msgspec.json.decode(body)
    return SealedFact(
        shard=Shard(said["shard"]),
        seq=said["seq"],
        stream=said["stream"],
        version=said["ver"],
        body=body,
    )


def golden() -> dict[str, bytes]:
    """Return the stored bytes of every version of every type."""
    return {path.name: path.read_bytes() for path in sorted(GOLDEN.glob("*.json"))}


def test_the_facts_of_every_room_can_be_read() -> None:
    paths = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("facts.py"))
    rooms = [".".join(path.parent.parts) for path in paths if path.parts[0] != "kernel"]
    modules = [importlib.import_module(f"pitboss.{room}.facts") for room in rooms]

    assert set(ALL_FACTS) == {fact for module in modules for fact in module.FACTS}


@pytest.mark.parametrize("name", golden())
def test_every_version_is_read_with_what_its_envelope_says(name: str) -> None:
    body = golden()[name]

    read = Reader().read(sealed(body))

    said = msgspec.json.decode(body)
    assert read.told.fact.__struct_config__.tag == said["data"]["type"]
    assert read.told.recorded_at.isoformat() == "2024-01-01T12:00:00+00:00"
    assert (read.told.seq, read.told.cause) == (said["seq"], said["cause"])
    assert (read.previous, read.hash) == (said["prev"], leaf_hash(body).hex())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"{", b"[", "cannot be read"),
        (b'"sv":1', b'"sv":9', "versions 1 to 1 in this pitboss, not 9"),
        (b'"type":"account.opened"', b'"type":"account.eaten"', "no facts of type 'account.eaten'"),
        (b'"may_overdraw":true', b'"may_overdraw":"yes"', "account.opened, version 1"),
        (b'"owner":"owner"', b'"owner":"\xff"', "cannot be read"),
    ],
)
def test_bytes_that_are_no_fact_are_named(old: bytes, new: bytes, why: str) -> None:
    body = golden()["account.opened.v1.json"]
    fact = msgspec.structs.replace(sealed(body), body=body.replace(old, new, 1))

    with pytest.raises(FactUnreadable, match=why) as refused:
        Reader().read(fact)
    assert str(refused.value).startswith("fact 1 of shard 3 ")


@pytest.mark.parametrize("column", ["shard", "seq", "stream", "version"])
def test_a_fact_that_lies_where_it_does_not_belong_is_named(column: str) -> None:
    fact = sealed(golden()["account.opened.v1.json"])
    moved = msgspec.structs.replace(fact, **{column: "x" if column == "stream" else 8})

    with pytest.raises(FactUnreadable, match="says that it is fact 1 of shard 3, version 1"):
        Reader().read(moved)
