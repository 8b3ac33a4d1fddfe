"""What bets of a season return, worked out the long way.  Pure.

From the scores of the season's file, the orders of its races, the slips as they were asked for, and
the prices: line by line, by arithmetic of its own.  Nothing here asks the platform, which is why it
may be believed where both agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import floor, prod

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import SelectionId
from pitboss.sim.season.model import MICROS_PER_CENT
from pitboss.sim.season.picks import Pick
from pitboss.sim.season.plan import PlannedBet, PriceMove
from pitboss.sim.season.programme import ListedEvent, ListedMarket, Programme
from pitboss.sim.season.races import PLACE_FRACTION, PLACES, Race
from pitboss.sportsbook.catalog.model import MarketKind

# Rule 4: up to these odds of a withdrawn runner so many pence in the pound.
# Source: Tattersalls Committee, Rules on Betting, Rule 4(c).
RULE_4 = (
    *((Fraction(1, 9), 90), (Fraction(2, 11), 85), (Fraction(1, 4), 80), (Fraction(3, 10), 75)),
    *((Fraction(2, 5), 70), (Fraction(8, 15), 65), (Fraction(8, 13), 60), (Fraction(4, 5), 55)),
    *((Fraction(20, 21), 50), (Fraction(6, 5), 45), (Fraction(6, 4), 40), (Fraction(7, 4), 35)),
    *((Fraction(9, 4), 30), (Fraction(3), 25), (Fraction(4), 20), (Fraction(11, 2), 15)),
    *((Fraction(9), 10), (Fraction(14), 5)),
)
PENCE_MAX = 90

_HALF = Fraction(1, 2)
_QUARTER = Fraction(1, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a pick ended: the shares of a stake on it that won and that came back.

    Of a runner `placed` is the share that took a place, and `kept` what withdrawals left of what is
    won.
    """

    won: Fraction = Fraction(0)
    back: Fraction = Fraction(0)
    placed: Fraction = Fraction(0)
    kept: Fraction = Fraction(1)

    def pays(self, price: Fraction) -> Fraction:
        """Return what a stake of one gets at a price."""
        return self.won * (1 + (price - 1) * self.kept) + self.back

    def pays_place(self, price: Fraction) -> Fraction:
        """Return what a stake of one on a place gets, for a part of the winnings at a price."""
        return self.placed * (1 + (price - 1) * self.kept * PLACE_FRACTION) + self.back


WON = End(won=Fraction(1))
LOST = End()
BACK = End(back=Fraction(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a bet must return; `voided` if that is the stake because nothing of it counts."""

    micros: int
    voided: bool


@dataclass(frozen=True, kw_only=True)
class Almanac:
    """What is known of a season without its platform: scores, prices by day, the house's margin.

    `moves` are those of each match day.
    """

    programme: Programme
    moves: Sequence[Sequence[PriceMove]]
    margin: Fraction

    @cached_property
    def ends(self) -> Mapping[SelectionId, End]:
        """How every pick ended, by the scores of the file and the orders of the races."""
        ends = {
            pick.selection_id: _end(event, market, pick)
            for event in self.programme.events
            for market in event.markets
            for pick in market.picks
        }
        for race in self.programme.races:
            ends.update(_ends_of_race(race))
        return ends

    def due(
        self, bet: PlannedBet, prices: Sequence[Fraction], *, micros: int, rounding: str
    ) -> Due:
        """Return what must be paid for a stake on all lines of a bet.

        Args:
            bet: as it was asked for.
            prices: those of its picks when it was taken.
            micros: the stake; all of it, or what is left after some was sold.
            rounding: the name of the licence's rule.
        """
        legs = [self.ends[pick.selection_id] for pick in bet.picks]
        if all(leg == BACK for leg in legs):
            return Due(micros=micros, voided=True)
        won = [leg.pays(price) for leg, price in zip(legs, prices, strict=True)]
        exact = _on_lines(bet, won, micros) / MICROS_PER_CENT
        if bet.each_way:
            placed = [leg.pays_place(price) for leg, price in zip(legs, prices, strict=True)]
            exact = (exact + _on_lines(bet, placed, micros) / MICROS_PER_CENT) / 2
        return Due(micros=_to_cents(exact, rounding) * MICROS_PER_CENT, voided=False)

    def offer(self, bet: PlannedBet, prices: Sequence[Fraction], *, micros: int, day: int) -> int:
        """Return what the house gives for a stake on a bet before a match day, in micros.

        A pick that has ended counts as it did, another one by its chance in the prices of that day.
        """
        begins = self.programme.days[day].events.start
        worth = [
            price * self._chance(pick, day)
            if pick.event_no >= begins
            else self.ends[pick.selection_id].pays(price)
            for pick, price in zip(bet.picks, prices, strict=True)
        ]
        exact = _on_lines(bet, worth, micros) * (1 - self.margin) / MICROS_PER_CENT
        return floor(exact) * MICROS_PER_CENT

    def _chance(self, pick: Pick, day: int) -> Fraction:
        """Return how likely a pick is by its market's prices: never more than its own says."""
        (market,) = (
            item for item in self.programme.events[pick.event_no].markets if item.kind == pick.kind
        )
        total = sum((1 / self._price(item, day) for item in market.picks), Fraction())
        return 1 / self._price(pick, day) / max(total, Fraction(1))

    def _price(self, pick: Pick, day: int) -> Fraction:
        moved = self._moved.get(pick.selection_id, ())
        return next((price for since, price in reversed(moved) if since <= day), pick.price)

    @cached_property
    def _moved(self) -> Mapping[SelectionId, Sequence[tuple[int, Fraction]]]:
        moved: dict[SelectionId, list[tuple[int, Fraction]]] = {}
        for day, moves in enumerate(self.moves):
            for move in moves:
                moved.setdefault(move.pick.selection_id, []).append((day, move.price))
        return moved


def _on_lines(bet: PlannedBet, legs: Sequence[Fraction], micros: int) -> Fraction:
    """Share a stake out among the lines, and sum what they make of it."""
    lines = bet.lines
    alive = [line for line in lines if all(legs[place] for place in line)]
    made = [prod((legs[place] for place in line), start=Fraction(1)) for line in alive]
    return sum(made, Fraction()) * micros / len(lines)


def _to_cents(exact: Fraction, rounding: str) -> int:
    match rounding:
        case "down.v1":
            return floor(exact)
        case "half_up.v1":
            return floor(exact + _HALF)
        case "half_even.v1":
            return round(exact)
        case _:
            raise Malformed("rounding", f"{rounding!r} is no rule of these books")


def _end(event: ListedEvent, market: ListedMarket, pick: Pick) -> End:
    if event.abandoned:
        return BACK
    home, away = event.row.goals_home, event.row.goals_away
    if market.kind is MarketKind.MATCH_RESULT:
        said = {"home": home > away, "draw": home == away, "away": home < away}
        return WON if said[pick.code] else LOST
    line = market.line or Fraction(0)
    match pick.code:
        case "over":
            ahead = home + away - line
        case "under":
            ahead = line - home - away
        case "home":
            ahead = home - away + line
        case _:
            ahead = away - home - line
    return _of_halves(ahead)


def _of_halves(ahead: Fraction) -> End:
    """Return how a bet ended that was so many goals ahead of its line.

    On a line of quarters half of the stake is on the line below and half on the one above.
    """
    steps = (ahead - _QUARTER, ahead + _QUARTER) if (ahead * 2).denominator > 1 else (ahead, ahead)
    return End(
        won=sum((_HALF for step in steps if step > 0), Fraction()),
        back=sum((_HALF for step in steps if step == 0), Fraction()),
    )


def _ends_of_race(race: Race) -> Iterator[tuple[SelectionId, End]]:
    """Return how every runner ended.

    Who does not run gives its stakes back, and takes from what the others win by Rule 4.  Who came
    in together share the places that are left.  Source: Betfair, dead heats.
    """
    taken = min(sum(_pence(pick.price - 1) for pick in race.withdrawn), PENCE_MAX)
    kept = 1 - Fraction(taken, 100)
    yield from ((pick.selection_id, BACK) for pick in race.withdrawn)
    before = 0
    for group in race.order:
        won = Fraction(min(max(1 - before, 0), len(group)), len(group))
        placed = Fraction(min(max(PLACES - before, 0), len(group)), len(group))
        end = End(won=won, placed=placed, kept=kept)
        yield from ((pick.selection_id, end) for pick in group)
        before += len(group)


def _pence(odds: Fraction) -> int:
    """Return what a runner withdrawn at these odds takes from each pound that is won."""
    return next((pence for most, pence in RULE_4 if odds <= most), 0)
