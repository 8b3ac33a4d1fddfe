"""What is tested: raw bytes, and numbers, picks and shuffles that were mapped from words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pitboss.assay.findings import Finding, Numbers, Skipped
from pitboss.assay.mapped import assay_numbers, assay_shuffles, assay_weighted
from pitboss.assay.raw import assay_raw
from pitboss.rng.errors import Failed
from pitboss.rng.mapping import WORD_BYTES, Choices, apply

# Each way in which games use words: the name of the stream and the mapping of one draw.  Those of
# the house's games are the first three; the others are what somebody may build on.
STREAMS: dict[str, dict[str, Any]] = {
    "roulette": {"kind": "range", "low": 0, "high": 36, "count": 1},
    "slot": {"kind": "range", "low": 0, "high": 31, "count": 5},
    "blackjack": {"kind": "shuffle", "size": 312, "count": 59},
    "dice": {"kind": "range", "low": 0, "high": 5, "count": 5},
    "reels": {"kind": "weighted", "weights": [30, 24, 18, 12, 0, 8, 5, 3], "count": 5},
    "four cards": {"kind": "shuffle", "size": 4, "count": 4},
    "deck": {"kind": "shuffle", "size": 52, "count": 52},
    "shoe of six decks": {"kind": "shuffle", "size": 312, "count": 312},
    "an odd range": {"kind": "range", "low": 0, "high": 1_000_002, "count": 64},
    "a wide range": {"kind": "range", "low": 0, "high": (1 << 62) - 1, "count": 64},
}
# What one stream takes at most, so that the slow way in which games draw stays bearable.
WORDS_MAX = 1 << 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Raw bytes, and the values of many draws, one draw a row, by the names of `STREAMS`.

    `about` is what a report says of the build that made them, where one is known.
    """

    origin: str
    raw: bytes = field(repr=False)
    draws: dict[str, list[list[int]]] = field(default_factory=dict, repr=False)
    about: dict[str, Any] = field(default_factory=dict, repr=False)


def words_of(mapping: dict[str, Any]) -> int:
    """Return how many words a draw takes, if none is rejected."""
    size = mapping.get("size", 0)
    return int(mapping["count"]) - (1 if size == mapping["count"] else 0)


def draws_for(raw_bytes: int, mapping: dict[str, Any]) -> int:
    """Return how many draws of a stream go with so many raw bytes."""
    words = min(raw_bytes // WORD_BYTES // len(STREAMS), WORDS_MAX)
    return max(words // words_of(mapping), 1)


def material_of(raw: bytes, *, origin: str) -> Material:
    """Map all of some raw bytes, each stream from the beginning, as our mapping does."""
    return Material(
        origin=origin,
        raw=raw,
        draws={name: _mapped(raw, mapping) for name, mapping in STREAMS.items()},
    )


def assay(material: Material) -> Iterator[Finding | Skipped]:
    """Run our own tests on the raw bytes and on every mapped stream."""
    yield from assay_raw(material.raw)
    for name, rows in material.draws.items():
        mapping = STREAMS[name]
        if not rows:
            yield Skipped(suite="own", stream=name, test="all", why="too few words for it")
            continue
        numbers: Numbers = np.array(rows, dtype=np.int64)
        if mapping["kind"] == "range":
            size = mapping["high"] - mapping["low"] + 1
            yield from assay_numbers(numbers.ravel() - mapping["low"], size, stream=name)
        elif mapping["kind"] == "weighted":
            yield from assay_weighted(numbers.ravel(), mapping["weights"], stream=name)
        else:
            yield from assay_shuffles(numbers, mapping["size"], stream=name)


def _mapped(raw: bytes, mapping: dict[str, Any]) -> list[list[int]]:
    rows = []
    words = _words(raw)
    for _ in range(draws_for(len(raw), mapping)):
        try:
            rows.append(apply(mapping, Choices(words)))
        except (_NoMoreWords, Failed):
            # Words that are all rejected end it too; the tests of the raw bytes say why.
            break
    return rows


class _NoMoreWords(Exception):
    """The raw bytes are used up."""


def _words(raw: bytes) -> Callable[[bool], bytes]:
    place = 0

    def next_word(_: bool) -> bytes:
        nonlocal place
        word = raw[place : place + WORD_BYTES]
        if len(word) < WORD_BYTES:
            raise _NoMoreWords
        place += WORD_BYTES
        return word

    return next_word
