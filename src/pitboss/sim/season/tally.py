"""The tally: what the players of a season were told over HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pitboss.sim.season.plan import PlannedBet

# Beyond this many surprises nobody reads on.
SURPRISES_KEPT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A bet that a player sold before a match day: so much of what was left of its stake."""

    bet_id: str
    day: int
    micros: int
    left: int
    paid: int

    @property
    def whole(self) -> bool:
        """Whether nothing of the bet was left."""
        return self.micros == self.left


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of every request of a bet or a payment, as the players saw it.

    `acknowledged` names the player's number by the bet's id, `slips` what was asked for.
    `repeated` counts requests that were made again and answered with the same bet.  `looks` counts
    bets of which somebody asked what the house would give for them, `unsold` those that were not
    sold, by reason.  A surprise is an answer that the plan does not allow.
    """

    asked: int = 0
    repeated: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    slips: dict[str, PlannedBet] = field(default_factory=dict)
    looks: int = 0
    sales: list[Sale] = field(default_factory=list)
    unsold: Counter[str] = field(default_factory=Counter)
    refused_early: Counter[str] = field(default_factory=Counter)
    payments: Counter[str] = field(default_factory=Counter)
    surprises: int = 0
    surprises_kept: list[str] = field(default_factory=list)

    def surprise(self, what: str) -> None:
        """Note an answer that should not have been given."""
        self.surprises += 1
        if len(self.surprises_kept) < SURPRISES_KEPT_MAX:
            self.surprises_kept.append(what)
