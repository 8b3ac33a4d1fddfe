"""From raw bytes to outcomes, without bias: ranges, shuffles and weighted picks.

Everything is built of one step, the choice of a number below `n`, made of a 64-bit word.  A word
at or above the largest multiple of `n` is rejected and the next one is read, so that each number
has exactly as many words as the others.  There are no floats.  The functions are pure: given the
same words again they give the same outcomes, which is how a record is replayed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from .errors import Failed, Malformed

WORD_BYTES = 8
WORDS = 1 << (8 * WORD_BYTES)
COUNT_MAX = 4096
SIZE_MAX = 4096
WEIGHTS_MAX = 4096
# Of `n` words fewer than half are ever rejected, so this many in a row do not happen by chance.
REJECTED_MAX = 128
# Between two reseeds the sequences of choices are at most 2**248, and the seeds 2**256: a sequence
# that no seed leads to is then not to be expected anywhere (each is missed with e**-256).
REACH = 1 << 248

# Returns the next word; told true, with fresh entropy brought in before it.
Words = Callable[[bool], bytes]


class Choices:
    """A run of choices, and what was used up for them."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._reach = 1
        self.raw = bytearray()
        self.rejected = 0
        self.reseeds = 0

    def below(self, size: int) -> int:
        """Choose a number from 0 to below `size`, each with the same chance.

        Raises:
            Failed: so many words were rejected that they cannot be random.
        """
        self._reach *= size
        reseed = self._reach > REACH
        if reseed:
            self._reach = size
            self.reseeds += 1
        limit = WORDS - WORDS % size
        for _ in range(REJECTED_MAX):
            word = self._words(reseed)
            self.raw += word
            reseed = False
            number = int.from_bytes(word, "big")
            if number < limit:
                return number % size
            self.rejected += 1
        raise Failed(f"{REJECTED_MAX} words in a row were rejected")


def apply(mapping: Mapping[str, Any], choices: Choices) -> list[int]:
    """Map words to what was asked for.

    * `range`: `count` numbers from `low` to `high`, both included, with replacement
    * `shuffle`: the first `count` places of a shuffle of 0 to `size` - 1 (Fisher and Yates)
    * `weighted`: `count` places in `weights`, each as often as its weight says, with replacement

    Raises:
        Malformed: there is no such mapping, or its arguments are out of bounds.
    """
    checked = check(mapping)
    kind, count = checked["kind"], checked["count"]
    if kind == "range":
        low, size = checked["low"], checked["high"] - checked["low"] + 1
        return [low + choices.below(size) for _ in range(count)]
    if kind == "shuffle":
        return _shuffle(checked["size"], count, choices)
    bounds = list(accumulate(checked["weights"]))
    return [bisect_right(bounds, choices.below(bounds[-1])) for _ in range(count)]


def check(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping whose arguments are all there, of their types, and within bounds.

    Raises:
        Malformed: they are not.
    """
    kind = mapping.get("kind")
    names = {
        "range": ("low", "high", "count"),
        "shuffle": ("size", "count"),
        "weighted": ("weights", "count"),
    }.get(kind if isinstance(kind, str) else "")
    if names is None:
        raise Malformed("a mapping is a range, a shuffle or weighted")
    if set(mapping) != {"kind", *names}:
        raise Malformed(f"{kind} has {', '.join(names)} and nothing else")
    count = _integer(mapping, "count", 1, COUNT_MAX)
    if kind == "range":
        low = _integer(mapping, "low", -(WORDS >> 1), WORDS >> 1)
        high = _integer(mapping, "high", low, WORDS >> 1)
        if high - low >= WORDS:
            raise Malformed(f"a range has at most {WORDS} numbers")
        return {"kind": kind, "low": low, "high": high, "count": count}
    if kind == "shuffle":
        size = _integer(mapping, "size", 1, SIZE_MAX)
        if count > size:
            raise Malformed(f"count: {count} of {size}")
        return {"kind": kind, "size": size, "count": count}
    return {"kind": kind, "weights": _weights(mapping["weights"]), "count": count}


def _shuffle(size: int, count: int, choices: Choices) -> list[int]:
    places = list(range(size))
    for place in range(count):
        # The last place has nothing left to choose, and takes no word.
        other = place + choices.below(size - place) if place < size - 1 else place
        places[place], places[other] = places[other], places[place]
    return places[:count]


def _weights(weights: object) -> list[int]:
    if not isinstance(weights, list | tuple) or not 1 <= len(weights) <= WEIGHTS_MAX:
        raise Malformed(f"weights: 1 to {WEIGHTS_MAX} integers")
    for weight in weights:
        if type(weight) is not int or not 0 <= weight < WORDS:
            raise Malformed("weights: integers from 0 to 2**64 - 1")
    if not 1 <= sum(weights) <= WORDS:
        raise Malformed("weights: their sum is from 1 to 2**64")
    return list(weights)


def _integer(mapping: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = mapping[name]
    # A bool is an int to Python, and a float may say the same number.
    if type(value) is not int or not low <= value <= high:
        raise Malformed(f"{name}: an integer from {low} to {high}")
    return value
