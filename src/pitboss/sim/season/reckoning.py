"""The reckoning of a season: its figures and counts, out of the evidence.  Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.sim.season.books import ACCUMULATOR, EACH_WAY, SYSTEM, Figures
from pitboss.sim.season.checks import own_bets
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.model import CURRENCY
from pitboss.sim.season.races import RACE_WINNER
from pitboss.sim.season.tally import Tally
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind

KINDS = (*MarketKind, RACE_WINNER, ACCUMULATOR, SYSTEM, EACH_WAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetCounts:
    """What became of bets.

    `requested` were planned, `asked` counts requests over HTTP: those refused early, before
    anything was acknowledged, and those `repeated` under the same key too.  `settled` are all
    accepted bets that ended, `voided` those of them that are void as a whole, and `corrected` those
    that return something else than at first.  `cashed_out` were sold before they ended, all of
    them.  `systems` are accepted bets of several lines, `each_way` those to win and for a place.
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
    corrected: int = 0
    cashed_out: int = 0
    systems: int = 0
    each_way: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleCounts:
    """What came of selling bets back: `looks` at what one would fetch, sales, and reasons of none.

    `wholes` sold all that was left of a bet, `parts` less.  `sold` is that in stakes and `paid`
    what was given for it, in micros.
    """

    looks: int = 0
    wholes: int = 0
    parts: int = 0
    sold: int = 0
    paid: int = 0
    unsold: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GameCounts:
    """What came of rounds of games: those `played`, `undone` and `refused`; micros of the first."""

    played: int = 0
    undone: int = 0
    refused: int = 0
    staked: int = 0
    won: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonBooks:
    """What the same seed gives again: figures, counts, and what each player has in the end.

    `markets` are singles by the kind of their market, and what else there is.  `refused_early`
    and `refusals` count by reason, `payments` by kind and end; `balances` are micros by the
    player's number.
    """

    markets: Mapping[str, Figures]
    bets: BetCounts
    refused_early: Mapping[str, int]
    refusals: Mapping[str, int]
    payments: Mapping[str, int]
    balances: tuple[int, ...]
    sales: SaleCounts = field(default_factory=SaleCounts)
    games: GameCounts = field(default_factory=GameCounts)

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
                self.sales,
                self.games,
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
            accepted=states[BetState.ACCEPTED] + settled + states[BetState.CASHED_OUT],
            refused=states[BetState.REFUSED],
            settled=settled,
            voided=states[BetState.VOIDED],
            corrected=sum(1 for line in own_bets(evidence) if line.corrections),
            cashed_out=states[BetState.CASHED_OUT],
            systems=_count_kind(evidence, SYSTEM),
            each_way=_count_kind(evidence, EACH_WAY),
        ),
        refused_early=_sorted(tally.refused_early),
        refusals=_sorted(reasons),
        payments=_sorted(tally.payments),
        balances=_balances(evidence),
        sales=_count_sales(tally),
        games=_count_games(evidence),
    )


def _count_games(evidence: Evidence) -> GameCounts:
    played = evidence.played.values()
    return GameCounts(
        played=evidence.rounds.get("played", 0),
        undone=evidence.rounds.get("undone", 0),
        refused=evidence.rounds.get("refused", 0),
        staked=sum(item.staked for item in played),
        won=sum(item.won for item in played),
    )


def _count_kind(evidence: Evidence, kind: str) -> int:
    return sum(1 for line in own_bets(evidence) if line.kind == kind)


def _count_sales(tally: Tally) -> SaleCounts:
    wholes = sum(sale.whole for sale in tally.sales)
    return SaleCounts(
        looks=tally.looks,
        wholes=wholes,
        parts=len(tally.sales) - wholes,
        sold=sum(sale.micros for sale in tally.sales),
        paid=sum(sale.paid for sale in tally.sales),
        unsold=_sorted(tally.unsold),
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
