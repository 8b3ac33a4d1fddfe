"""Chance as an argument: nothing below the edge draws random bytes by itself."""

from __future__ import annotations

import random
import secrets
from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return this many random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator; what production uses.

    Ids are drawn from a buffer, because one system call for each costs more than the id.
    """

    _BUFFER_BYTES = 4096

    def __init__(self) -> None:
        self._buffer = b""
        self._used = 0

    def random_bytes(self, count: int) -> bytes:
        """Return fresh bytes; no byte is ever handed out twice."""
        if self._used + count > len(self._buffer):
            self._buffer = secrets.token_bytes(max(self._BUFFER_BYTES, count))
            self._used = 0
        start, self._used = self._used, self._used + count
        return self._buffer[start : self._used]


class SeededEntropy:
    """Bytes that follow from a seed, for simulations and tests; never for secrets."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose

    def random_bytes(self, count: int) -> bytes:
        """Return the next bytes of the seed's sequence."""
        return self._random.randbytes(count)
