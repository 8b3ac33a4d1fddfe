"""One example of every type of fact, made from its schema, and its golden bytes beside it.

`python tests/golden/examples.py` writes the files that are missing.  It never replaces one: what
was stored once is read for ever.  A changed schema gets the next `schema_version` and an upcaster.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import inspect

import pitboss
from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Shard
from pitboss.kernel.upcasting import Schemas
from pitboss.messages.model import NO_HASH, Head, Publication
from pitboss.messages.rules import seal

FOLDER = Path(__file__).with_name("facts")
PACKAGE = Path(pitboss.__file__).parent
_STREAM = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
_ID = "017f22e2-79b0-7000-8000-000000000001"
_CAUSE = "017f22e2-79b0-7000-8000-00000000000c"


def fact_modules() -> list[ModuleType]:
    """Return the `facts` of every room."""
    paths = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("facts.py"))
    rooms = [".".join(path.parent.parts) for path in paths if path.parts[0] != "kernel"]
    return [importlib.import_module(f"pitboss.{room}.facts") for room in rooms]


def schemas() -> Schemas:
    """Return every schema that the platform stores."""
    return Schemas(fact for module in fact_modules() for fact in module.FACTS)


def golden_path(type_name: str, sv: int) -> Path:
    """Return where the golden bytes of a version lie."""
    return FOLDER / f"{type_name}.v{sv}.json"


def example_body(fact: type[Fact]) -> bytes:
    """Return the stored bytes of a fact of this type in which every field says something."""
    shard = Shard(3)
    example = msgspec.convert(_value(inspect.type_info(fact), "fact"), fact)
    facts, _, _ = seal(
        {shard: Head(shard=shard, epoch=0, seq=0, hash=NO_HASH)},
        {},
        [Publication(shard=shard, stream=_STREAM, fact=example, cause=_CAUSE)],
        ids=[_ID],
        recorded_at=datetime(2024, 1, 1, 12, tzinfo=UTC),
        actor="golden",
    )
    return facts[0].body


def write_missing() -> Iterator[Path]:
    """Write the golden files of newest versions that have none; yield them."""
    for name, fact in schemas().types.items():
        path = golden_path(name, fact.schema_version)
        if not path.exists():
            path.write_bytes(example_body(fact))
            yield path


def _value(kind: inspect.Type, name: str) -> Any:
    """Return a value of this kind; a text says the name of its field."""
    match kind:
        case inspect.StructType():
            fields = {field.encode_name: field.type for field in kind.fields}
            values = {key: _value(field, key) for key, field in fields.items()}
            return values if kind.tag is None else {"type": kind.tag, **values}
        case inspect.UnionType():
            (said,) = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return _value(said, name)
        case inspect.VarTupleType() | inspect.ListType():
            return [_value(kind.item_type, name)]
        case inspect.DictType():
            return {f"/{name}": _value(kind.value_type, name)}
        case inspect.StrType():
            return name
        case inspect.IntType():
            return 7
        case inspect.BoolType():
            return True
        case _:
            raise AssertionError(f"no fact has held {kind} so far: give an example of it here")


if __name__ == "__main__":
    for written in write_missing():
        print(f"wrote {written.name}; look at it before you commit it")
