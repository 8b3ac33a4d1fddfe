"""The reckoning of a season: its figures and counts, out of the evidence.  Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.sim.season.books import ACCUMULATOR, Figures
from pitboss.sim.season.checks import own_bets
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.model import CURRENCY
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind

KINDS = (*MarketKind, ACCUMULATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetCounts:
    """What became of bets.

    `requested` were planned, `asked` counts requests over HTTP: those refused early, before
    anything was acknowledged, and those `repeated` under the same key too.  `settled` are all
    accepted bets that ended, `voided` those of them that are void as a whole.
    """

    requested: int
    asked: int
    repeated: int
    refused_early: int
    acknowledged: int
    accepted: int
    refused: int
    settled: int
    voided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonBooks:
    """What the same seed gives again: figures, counts, and what each player has in the end.

    `markets` are singles by the kind of their market, and accumulators.  `refused_early` and
    `refusals` count by reason, `payments` by kind and end; `balances` are micros by the player's
    number.
    """

    markets: Mapping[str, Figures]
    bets: BetCounts
    refused_early: Mapping[str, int]
    refusals: Mapping[str, int]
    payments: Mapping[str, int]
    balances: tuple[int, ...]

    @property
    def total(self) -> Figures:
        """All markets together."""
        total = Figures()
        for figures in self.markets.values():
            total = total.plus(figures)
        return total

    @property
    def digest(self) -> str:
        """A fingerprint: equal for equal books."""
        said = msgspec.json.encode(
            (
                {name: (item.turnover, item.returns) for name, item in self.markets.items()},
                self.bets,
                (self.refused_early, self.refusals, self.payments),
                self.balances,
            ),
            order="sorted",
        )
        return hashlib.sha256(said).hexdigest()


def reckon(evidence: Evidence, *, requested: int) -> SeasonBooks:
    """Return the books of this season's players."""
    books, tally = evidence.books, evidence.tally
    states = Counter(line.state for line in own_bets(evidence))
    reasons = Counter(line.reason for line in own_bets(evidence) if line.state is BetState.REFUSED)
    settled = states[BetState.SETTLED] + states[BetState.VOIDED]
    return SeasonBooks(
        markets={str(kind): books.figures(evidence.players, kind) for kind in KINDS},
        bets=BetCounts(
            requested=requested,
            asked=tally.asked,
            repeated=tally.repeated,
            refused_early=tally.refused_early.total(),
            acknowledged=len(tally.acknowledged),
            accepted=states[BetState.ACCEPTED] + settled,
            refused=states[BetState.REFUSED],
            settled=settled,
            voided=states[BetState.VOIDED],
        ),
        refused_early=_sorted(tally.refused_early),
        refusals=_sorted(reasons),
        payments=_sorted(tally.payments),
        balances=_balances(evidence),
    )


def _balances(evidence: Evidence) -> tuple[int, ...]:
    by_number: dict[int, PlayerId] = {no: player for player, no in evidence.players.items()}
    people = evidence.books.people
    return tuple(
        people[player, CURRENCY].balance if (player, CURRENCY) in people else 0
        for _, player in sorted(by_number.items())
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
