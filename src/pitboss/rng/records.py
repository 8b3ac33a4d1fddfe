"""The record of a draw, and the record mapped again.

The record holds all that an outcome follows from: the raw words in the order of their use, the
mapping with its arguments, and which build of which version did it.  Pure: who reads records needs
no generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from . import RNG_ID, RNG_VERSION
from .errors import Malformed
from .mapping import WORD_BYTES, Choices, apply

# The versions whose words are mapped as this one maps: with any change of how, it begins anew.
MAPPED_ALIKE = frozenset({"1.0.0", RNG_VERSION})


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


def is_mapped_here(record: DrawRecord) -> bool:
    """Say whether the version that drew this maps its words as this one does."""
    return record.rng_id == RNG_ID and record.rng_version in MAPPED_ALIKE


def replay(record: DrawRecord) -> list[int]:
    """Map the raw words of a record again, and return the values if they are the recorded ones.

    Raises:
        Malformed: the record contradicts itself: other values, words too few or too many, another
            count of rejected words; or it is of a version that maps in another way.
    """
    if not is_mapped_here(record):
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
