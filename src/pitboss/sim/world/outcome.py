"""What came of one world."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one seed: nothing is wrong if there are no findings.

    `story` is told only if there are: every step, and what the programs logged.
    """

    seed: int
    digest: str
    findings: Mapping[str, tuple[str, ...]]
    faults: Mapping[str, int]
    statements: int
    decided: int
    seconds: float
    story: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the world was as it must be."""
        return not self.findings
