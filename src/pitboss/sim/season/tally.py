"""The tally: what the players of a season were told over HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

# Beyond this many surprises nobody reads on.
SURPRISES_KEPT_MAX = 50


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of every request of a bet or a payment, as the players saw it.

    `acknowledged` names the player's number by the bet's id.  `repeated` counts requests that
    were made again and answered with the same bet.  A surprise is an answer that the plan does
    not allow.
    """

    asked: int = 0
    repeated: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused_early: Counter[str] = field(default_factory=Counter)
    payments: Counter[str] = field(default_factory=Counter)
    surprises: int = 0
    surprises_kept: list[str] = field(default_factory=list)

    def surprise(self, what: str) -> None:
        """Note an answer that should not have been given."""
        self.surprises += 1
        if len(self.surprises_kept) < SURPRISES_KEPT_MAX:
            self.surprises_kept.append(what)
