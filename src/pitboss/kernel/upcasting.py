"""Facts of older schema versions are read as if they had been written today.

Stored bytes are never rewritten.  When a type of fact gets a field more, its class gets the next
`schema_version` and one upcaster more: a pure function from the decoded `data` of the version
before.  A new meaning is a new type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pitboss.kernel.errors import PlatformError
from pitboss.kernel.facts import Fact
from pitboss.kernel.invariant import ensure


class SchemaUnknown(PlatformError):
    """A fact was written by a pitboss that knows more than this one; it cannot be read here."""


class Schemas:
    """What is known of types of facts: the newest version of each, and the way there.

    A reader makes one of the `FACTS` of the rooms that it reads.
    """

    def __init__(self, facts: Iterable[type[Fact]]) -> None:
        self._facts: dict[str, type[Fact]] = {}
        self._decoders: dict[str, msgspec.json.Decoder[Fact]] = {}
        for fact in facts:
            name = type_of(fact)
            self._decoders[name] = msgspec.json.Decoder(fact)
            ensure(self._facts.setdefault(name, fact) is fact, f"one schema has the name {name}")
            ensure(
                fact.schema_version == 1 + len(fact.upcasters),
                f"{name}: every version but the last one has an upcaster",
            )

    @property
    def types(self) -> Mapping[str, type[Fact]]:
        """The newest form of every type, by its name."""
        return self._facts

    def read_data(self, type_name: str, sv: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return a fact's decoded `data` as its type's newest version would have written it.

        `type_name` is `data["type"]` and `sv` the envelope's.  What is at the newest version comes
        back as it is.

        Raises:
            SchemaUnknown: there is no such type, or no such version of it; the message names both.
        """
        fact = self._facts.get(type_name)
        if fact is None:
            raise SchemaUnknown(f"this pitboss knows no facts of type {type_name!r}")
        if not 1 <= sv <= fact.schema_version:
            raise SchemaUnknown(
                f"{type_name} has the versions 1 to {fact.schema_version} in this pitboss, not {sv}"
            )
        for upcast in fact.upcasters[sv - 1 :]:
            data = upcast(data)
        return data

    def read_fact(self, sv: int, data: dict[str, Any]) -> Fact:
        """Return a fact's decoded `data` as the noun that its type is today.

        Raises:
            SchemaUnknown: as `read_data`; also if the data names no type, or has not its form.
        """
        type_name = str(data.get("type"))
        newest = self.read_data(type_name, sv, data)
        try:
            return msgspec.convert(newest, self._facts[type_name])
        except msgspec.ValidationError as error:
            raise SchemaUnknown(f"{type_name}, version {sv}: {error}") from None

    def read_written(self, type_name: str, sv: int, data: bytes | msgspec.Raw) -> Fact:
        """Return a fact's `data` as it is written as the noun that its type is today.

        It is `read_fact` for who reads many, and half as long: most are at the newest version.

        Raises:
            SchemaUnknown: as `read_fact`.
        """
        fact = self._facts.get(type_name)
        if fact is None or sv != fact.schema_version:
            return self.read_fact(sv, msgspec.json.decode(data))
        try:
            return self._decoders[type_name].decode(data)
        except msgspec.ValidationError as error:
            raise SchemaUnknown(f"{type_name}, version {sv}: {error}") from None


def type_of(fact: type[Fact]) -> str:
    """Return the name of a type of fact, as it stands in `data["type"]`."""
    return str(fact.__struct_config__.tag)
