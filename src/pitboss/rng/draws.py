"""A draw, its record, and the record mapped again.

The record holds all that an outcome follows from: the raw words in the order of their use, the
mapping with its arguments, and which build of which version did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from . import RNG_ID, RNG_VERSION
from .errors import Malformed
from .generator import Generator
from .mapping import WORD_BYTES, Choices, apply, check

ID_LETTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRequest:
    """What is asked for: a name for the draw, the round it is for, why, and how to map it."""

    draw_id: str
    round_id: str
    purpose: str
    mapping: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRecord:
    """What came of it.

    `instance` names one start of the generator and `sequence` counts its draws from 1, so that a
    draw that was made and never used leaves a gap.  `raw` is in hex.  `rejected` counts the words
    of `raw` that chose nothing, `reseeds` how often fresh entropy came in, once before the first
    word included.  `code_hash` is the SHA-256 of the files of the room.
    """

    draw_id: str
    round_id: str
    purpose: str
    mapping: Mapping[str, Any]
    raw: str
    rejected: int
    reseeds: int
    values: list[int]
    rng_id: str
    rng_version: str
    code_hash: str
    instance: str
    sequence: int

    def to_json(self) -> dict[str, Any]:
        """Return the members of its JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, members: object) -> DrawRecord:
        """Read a record; its types are checked, and not that it is true: `replay` does that.

        Raises:
            Malformed: it is none.
        """
        names = {field.name: field.type for field in fields(cls)}
        if not isinstance(members, dict) or set(members) != set(names):
            raise Malformed("a record of a draw has other members")
        texts = [name for name, kind in names.items() if kind == "str"]
        numbers = [name for name, kind in names.items() if kind == "int"]
        values = members["values"]
        if (
            any(type(members[name]) is not str for name in texts)
            or any(type(members[name]) is not int for name in numbers)
            or not isinstance(members["mapping"], dict)
            or not isinstance(values, list)
            or any(type(value) is not int for value in values)
        ):
            raise Malformed("a record of a draw has members of other types")
        return cls(**members)


def parse_request(members: Mapping[str, Any]) -> DrawRequest:
    """Read a request.

    Raises:
        Malformed: it has other members, or they cannot be what they say.
    """
    if set(members) != {"draw_id", "round_id", "purpose", "mapping"}:
        raise Malformed("a draw has draw_id, round_id, purpose and mapping")
    for name in ("draw_id", "round_id", "purpose"):
        text = members[name]
        if not isinstance(text, str) or not 1 <= len(text) <= ID_LETTERS_MAX:
            raise Malformed(f"{name}: 1 to {ID_LETTERS_MAX} letters")
        if not text.isprintable():
            raise Malformed(f"{name}: letters that can be printed")
    if not isinstance(members["mapping"], dict):
        raise Malformed("mapping: an object")
    return DrawRequest(
        draw_id=members["draw_id"],
        round_id=members["round_id"],
        purpose=members["purpose"],
        mapping=check(members["mapping"]),
    )


def draw(
    generator: Generator, request: DrawRequest, *, code_hash: str, instance: str, sequence: int
) -> DrawRecord:
    """Draw what was asked for, from entropy that is fresh for this draw.

    Raises:
        Failed: the generator is in its error state.
        Malformed: there is no such mapping; nothing was drawn.
    """
    mapping = check(request.mapping)
    before = generator.reseeds
    additional = f"{request.draw_id}\n{request.round_id}\n{request.purpose}".encode()
    first = True

    def words(reseed: bool) -> bytes:
        nonlocal first
        fresh, first = first or reseed, False
        return generator.read(WORD_BYTES, fresh=fresh, additional=additional if fresh else b"")

    choices = Choices(words)
    values = apply(mapping, choices)
    return DrawRecord(
        draw_id=request.draw_id,
        round_id=request.round_id,
        purpose=request.purpose,
        mapping=mapping,
        raw=choices.raw.hex(),
        rejected=choices.rejected,
        reseeds=generator.reseeds - before,
        values=values,
        rng_id=RNG_ID,
        rng_version=RNG_VERSION,
        code_hash=code_hash,
        instance=instance,
        sequence=sequence,
    )


def replay(record: DrawRecord) -> list[int]:
    """Map the raw words of a record again, and return the values if they are the recorded ones.

    Raises:
        Malformed: the record contradicts itself: other values, words too few or too many, another
            count of rejected words, or another version of the mapping.
    """
    if (record.rng_id, record.rng_version) != (RNG_ID, RNG_VERSION):
        raise Malformed(f"drawn by {record.rng_id} {record.rng_version}; this is {RNG_VERSION}")
    try:
        raw = bytes.fromhex(record.raw)
    except ValueError:
        raise Malformed("raw: not hex") from None
    used = 0

    def words(_: bool) -> bytes:
        nonlocal used
        word = raw[used : used + WORD_BYTES]
        if len(word) != WORD_BYTES:
            raise Malformed("raw: fewer words than the mapping takes")
        used += WORD_BYTES
        return word

    choices = Choices(words)
    values = apply(record.mapping, choices)
    if used != len(raw):
        raise Malformed("raw: more words than the mapping takes")
    # A shuffle of one thing takes no word, and so no entropy.
    reseeds = choices.reseeds + (1 if raw else 0)
    if (values, choices.rejected, reseeds) != (record.values, record.rejected, record.reseeds):
        raise Malformed("values, rejected or reseeds: other than the words say")
    return values
