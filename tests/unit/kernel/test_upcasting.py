"""What was stored once can be read for ever, as if it had been written today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from golden import examples
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.upcasting import Schemas, SchemaUnknown

SCHEMAS = examples.schemas()
NEWEST = sorted(SCHEMAS.types.items())
GOLDEN = sorted(examples.FOLDER.glob("*.json"))


def split_name(data: dict[str, Any]) -> dict[str, Any]:
    """Two names stand where one stood."""
    given, _, family = data["name"].partition(" ")
    rest = {key: value for key, value in data.items() if key != "name"}
    return {**rest, "given": given, "family": family}


def add_title(data: dict[str, Any]) -> dict[str, Any]:
    """A title has come to be asked for."""
    return {**data, "title": ""}


class Named(Fact, frozen=True, kw_only=True, tag="test.named"):
    """A fact that has changed twice."""

    schema_version: ClassVar[int] = 3
    upcasters: ClassVar[tuple[Upcaster, ...]] = (split_name, add_title)

    given: str
    family: str
    title: str


NAMED = Schemas([Named])
NOW = Named(given="Ann", family="Lee", title="")


@pytest.mark.parametrize(
    ("sv", "data"),
    [
        (1, {"type": "test.named", "name": "Ann Lee"}),
        (2, {"type": "test.named", "given": "Ann", "family": "Lee"}),
        (3, {"type": "test.named", "given": "Ann", "family": "Lee", "title": ""}),
    ],
)
def test_every_version_is_read_as_the_newest(sv: int, data: dict[str, Any]) -> None:
    before = dict(data)

    fact = NAMED.read_fact(sv, data)

    assert fact == NOW
    assert data == before


@pytest.mark.parametrize("sv", [0, -1, 4])
def test_a_version_that_is_not_known_is_refused_by_name(sv: int) -> None:
    with pytest.raises(SchemaUnknown, match=rf"test\.named has the versions 1 to 3 .* not {sv}"):
        NAMED.read_data("test.named", sv, {})


def test_a_type_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(SchemaUnknown, match=r"'moon\.landed'"):
        NAMED.read_fact(1, {"type": "moon.landed"})


def test_data_without_the_fields_of_its_type_is_refused_by_name() -> None:
    with pytest.raises(SchemaUnknown, match=r"test\.named, version 3: .*`given`"):
        NAMED.read_fact(3, {"type": "test.named"})


@pytest.mark.parametrize(
    ("name", "sv", "data"),
    [
        ("test.other", 1, b'{"type":"test.other"}'),
        ("test.named", 4, b'{"type":"test.named","given":"Ann","family":"Lee","title":""}'),
        ("test.named", 3, b'{"type":"test.named","given":"Ann"}'),
        ("test.named", 3, b'{"type":"test.other","given":"Ann","family":"Lee","title":""}'),
    ],
)
def test_what_is_written_wrongly_is_refused_by_name(name: str, sv: int, data: bytes) -> None:
    with pytest.raises(SchemaUnknown, match=name):
        NAMED.read_written(name, sv, data)


def test_a_version_without_an_upcaster_is_our_own_mistake() -> None:
    class Torn(Fact, frozen=True, kw_only=True, tag="test.torn"):
        schema_version: ClassVar[int] = 2

    with pytest.raises(InvariantBroken, match=r"test\.torn: every version .* upcaster"):
        Schemas([Torn])


def test_two_schemas_of_one_name_are_our_own_mistake() -> None:
    class Twin(Fact, frozen=True, kw_only=True, tag="test.named"):
        pass

    with pytest.raises(InvariantBroken, match=r"one schema has the name test\.named"):
        Schemas([Named, Twin])


def test_every_room_lists_all_its_facts() -> None:
    for module in examples.fact_modules():
        kinds = [item for item in vars(module).values() if isinstance(item, type)]
        own = {item for item in kinds if issubclass(item, Fact) and item is not Fact}

        assert set(module.FACTS) == own, module.__name__


@pytest.mark.parametrize(("name", "fact"), NEWEST, ids=[name for name, _ in NEWEST])
def test_the_newest_version_is_stored_as_its_golden_file_says(name: str, fact: type[Fact]) -> None:
    """If this fails after a change, the change needs a version of its own (golden/examples.py)."""
    path = examples.golden_path(name, fact.schema_version)

    assert examples.example_body(fact) == path.read_bytes()


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_every_golden_file_is_read_whole(path: Path) -> None:
    envelope = msgspec.json.decode(path.read_bytes())
    data, sv = envelope["data"], envelope["sv"]

    newest = SCHEMAS.read_data(data["type"], sv, data)
    fact = SCHEMAS.read_fact(sv, data)

    assert path == examples.golden_path(data["type"], sv)
    assert SCHEMAS.read_written(data["type"], sv, msgspec.json.encode(data)) == fact
    assert msgspec.json.decode(msgspec.json.encode(fact)) == newest


def test_every_version_that_ever_was_has_its_golden_file() -> None:
    versions = {(name, sv) for name, fact in NEWEST for sv in range(1, fact.schema_version + 1)}
    found = {(match[1], int(match[2])) for path in GOLDEN if (match := _NAME.fullmatch(path.name))}

    assert found == versions
    assert len(found) == len(GOLDEN)


_NAME = re.compile(r"(.+)\.v(\d+)\.json")
