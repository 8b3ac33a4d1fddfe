"""The programme: a season as it is put on offer, match day by match day.  Pure."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from pitboss.adapters.football_data import SeasonEvent
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.sim.season.picks import Pick
from pitboss.sim.season.races import Race, make_races
from pitboss.sportsbook.catalog.model import MarketKind

# Bets are taken until two hours before the first kick-off, and two hours after the last one
# everything has ended; so with six hours between them match days cannot meet.
BEFORE_KICK_OFF = timedelta(hours=2)
AFTER_KICK_OFF = timedelta(hours=2)
BETWEEN_MATCH_DAYS = timedelta(hours=6)
# Three rounds of a league: enough events on offer for an accumulator of twenty legs.
ON_OFFER = timedelta(days=21)
# Players register and pay in during the week before.
BEFORE_SEASON = timedelta(days=7)
# About four events of a season; their bets are void.
ABANDONED_SHARE = 0.01

TOTAL_LINE = Fraction(5, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMarket:
    """A market to open."""

    id: MarketId
    kind: MarketKind
    line: Fraction | None
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent:
    """An event of the season to open; `no` is its place in the programme."""

    no: int
    id: EventId
    row: SeasonEvent
    abandoned: bool
    markets: tuple[ListedMarket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDay:
    """Events that are played without a long pause between them.

    `events` are played, `on_offer` can be bet on until they begin; both are places in the
    programme.
    """

    no: int
    opens_at: datetime
    ends_at: datetime
    events: range
    on_offer: range


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """The events of a season by kick-off, the days on which they are played, and some races."""

    events: tuple[ListedEvent, ...]
    days: tuple[MatchDay, ...]
    races: tuple[Race, ...] = ()

    def races_on(self, day: int) -> tuple[Race, ...]:
        """Return the races of a match day."""
        return tuple(race for race in self.races if race.day == day)

    @property
    def begins_at(self) -> datetime:
        """When players may come: a week before the first match day."""
        return self.days[0].opens_at - BEFORE_SEASON


def make_programme(rows: Iterable[SeasonEvent], *, seed: int, run: str) -> Programme:
    """Return the programme of these events; those without a market are left out.

    The ids follow from `run`, so that two runs on one instance do not meet; nothing else does.
    """
    chance = random.Random(f"{seed}:abandoned")  # noqa: S311 - reproducible on purpose
    events: list[ListedEvent] = []
    for row in rows:
        abandoned = chance.random() < ABANDONED_SHARE
        markets = _list_markets(row, no=len(events), run=run)
        if markets:
            events.append(
                ListedEvent(
                    no=len(events),
                    id=EventId(derived_id("season event", run, str(len(events)))),
                    row=row,
                    abandoned=abandoned,
                    markets=markets,
                )
            )
    days = _match_days(events)
    races = make_races([day.opens_at for day in days], seed=seed, run=run)
    return Programme(events=tuple(events), days=days, races=tuple(races))


def _list_markets(row: SeasonEvent, *, no: int, run: str) -> tuple[ListedMarket, ...]:
    markets: list[ListedMarket] = []
    if row.match_result is not None:
        prices = row.match_result
        three = (prices.home, prices.draw, prices.away)
        markets.append(_market(MarketKind.MATCH_RESULT, None, three, no=no, run=run))
    if row.total_2_5 is not None:
        pair = (row.total_2_5.over, row.total_2_5.under)
        markets.append(_market(MarketKind.TOTAL_GOALS, TOTAL_LINE, pair, no=no, run=run))
    if row.asian_handicap is not None:
        line, pair = row.asian_handicap.line, (row.asian_handicap.home, row.asian_handicap.away)
        markets.append(_market(MarketKind.ASIAN_HANDICAP, line, pair, no=no, run=run))
    return tuple(markets)


def _market(
    kind: MarketKind, line: Fraction | None, prices: Sequence[Fraction], *, no: int, run: str
) -> ListedMarket:
    return ListedMarket(
        id=MarketId(derived_id("season market", run, str(no), kind)),
        kind=kind,
        line=line,
        picks=tuple(
            Pick(
                event_no=no,
                kind=kind,
                code=code,
                selection_id=SelectionId(derived_id("season selection", run, str(no), kind, code)),
                price=price,
            )
            for code, price in zip(kind.codes, prices, strict=True)
        ),
    )


def _match_days(events: Sequence[ListedEvent]) -> tuple[MatchDay, ...]:
    kick_offs = [event.row.kick_off_at for event in events]
    firsts = [
        place
        for place, kick_off in enumerate(kick_offs)
        if place == 0 or kick_off - kick_offs[place - 1] >= BETWEEN_MATCH_DAYS
    ]
    days: list[MatchDay] = []
    for no, (first, behind) in enumerate(pairwise([*firsts, len(events)])):
        beyond = bisect_right(kick_offs, kick_offs[first] + ON_OFFER)
        days.append(
            MatchDay(
                no=no,
                opens_at=kick_offs[first] - BEFORE_KICK_OFF,
                ends_at=kick_offs[behind - 1] + AFTER_KICK_OFF,
                events=range(first, behind),
                on_offer=range(first, max(behind, beyond)),
            )
        )
    return tuple(days)
