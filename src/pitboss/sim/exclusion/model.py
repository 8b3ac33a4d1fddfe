"""Nouns of an exclusion storm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pitboss.sim.crash.report import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something that takes money of players, by the words of its facts.

    What is taken once a player is excluded is what must never be.
    """

    name: str
    taken: str
    refused: str


# Whatever takes stakes or deposits has a line here.
PRODUCTS = (
    Product(name="sportsbook", taken="bet.accepted", refused="bet.refused"),
    Product(name="games", taken="round.staked", refused="round.stake_refused"),
    Product(name="deposits", taken="deposit.requested", refused="payment.refused"),
)
EXCLUDED = "player.excluded"
PAID_OUT = "withdrawal.requested"
WON = "round.won"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How many players are excluded, and how long the storm blows before and after that."""

    players: int
    seed: int = 1
    seconds_around: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What of a product was taken before its player was excluded and after, and refused after."""

    taken_before: int = 0
    taken_after: int = 0
    refused_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a storm.

    `asked` counts requests by what they were for, `turned_away` those that ended at the door, with
    a session that was over.  `paid_out_after` are withdrawals of excluded players, which stay open,
    and `won_after` wins of rounds that were staked in time.
    `seconds` is how long it took to exclude everybody.  `undecided` were acknowledged and never
    decided on.  `answer_ms` is how long one exclusion took, in the storm.
    """

    config: Config
    excluded: int
    asked: Mapping[str, int]
    turned_away: int
    counts: Mapping[str, Count]
    paid_out_after: int
    won_after: int
    undecided: int
    seconds: float
    answer_ms: Latency | None
    faults: tuple[str, ...] = ()

    @property
    def taken_after(self) -> int:
        """What was taken of players after they were excluded: nothing, if all is well."""
        return sum(count.taken_after for count in self.counts.values())

    @property
    def ok(self) -> bool:
        """Whether nothing was taken after, in what was a storm."""
        return not (self.taken_after or self.faults)
