"""What happened in a world, step by step, and the digest that two runs of one seed must share."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator


class History:
    """Takes down what happens.  The same seed must give the same lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.faults: Counter[str] = Counter()
        self._asides: list[tuple[int, str]] = []
        self.statements = 0

    def note(self, seconds: float, who: str, what: str) -> None:
        """Take down a step."""
        self.lines.append(f"{seconds:10.3f} {who:<12} {what}")

    def fault(self, seconds: float, who: str, kind: str, what: str = "") -> None:
        """Take down a fault, and count it."""
        self.faults[kind] += 1
        self.note(seconds, who, f"** {kind} {what}".rstrip())

    def aside(self, text: str) -> None:
        """Take down what a program logged; it explains, and is not part of the digest."""
        self._asides.append((len(self.lines), text))

    def told(self) -> Iterator[str]:
        """Return the whole story, with what was logged where it was logged."""
        asides = iter([*self._asides, (len(self.lines) + 1, "")])
        place, text = next(asides)
        for no, line in enumerate(self.lines):
            while place <= no:
                yield f"{'':10} {'log':<12} {text}"
                place, text = next(asides)
            yield line

    def digest(self, *endings: bytes) -> str:
        """Return the hash of all steps and of how everything stands in the end."""
        hashed = hashlib.sha256("\n".join(self.lines).encode())
        for ending in endings:
            hashed.update(ending)
        return hashed.hexdigest()
