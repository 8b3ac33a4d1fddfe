"""What an audit found: every promise it looked at, and where it is not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# The first ones tell what is wrong; a thousand tell no more.
DETAILS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is not as it must be, by the name of the promise; nothing, if the promise is kept.

    `counts` say how much there was to look at: an audit of nothing finds nothing.
    """

    promises: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether every promise is kept."""
        return not any(self.promises.values())

    @property
    def broken(self) -> dict[str, tuple[str, ...]]:
        """The promises that are not kept, each with the first things that differ."""
        return {name: details for name, details in self.promises.items() if details}
