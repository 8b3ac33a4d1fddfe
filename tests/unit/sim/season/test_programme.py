"""The programme puts a season on offer day by day, and its days never meet."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from pitboss.adapters.football_data import SeasonEvent
from pitboss.sim.season.programme import ON_OFFER, Programme, make_programme
from pitboss.sportsbook.catalog.model import MarketKind
from unit.sim.season.league import read_league

ROUNDS = 8


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[SeasonEvent, ...]:
    return read_league(tmp_path_factory.mktemp("league"), rounds=ROUNDS)


def programme_of(rows: tuple[SeasonEvent, ...], *, seed: int = 7, run: str = "run") -> Programme:
    return make_programme(rows, seed=seed, run=run)


def test_every_event_is_played_on_one_day_in_order(rows: tuple[SeasonEvent, ...]) -> None:
    programme = programme_of(rows)

    played = [no for day in programme.days for no in day.events]

    assert played == list(range(len(rows))) == [event.no for event in programme.events]
    assert len(programme.days) == 2 * ROUNDS


def test_a_day_opens_before_its_events_and_ends_before_the_next_opens(
    rows: tuple[SeasonEvent, ...],
) -> None:
    programme = programme_of(rows)

    for day in programme.days:
        kick_offs = [programme.events[no].row.kick_off_at for no in day.events]
        assert day.opens_at < min(kick_offs) <= max(kick_offs) < day.ends_at
    assert programme.begins_at < programme.days[0].opens_at
    assert all(day.ends_at < after.opens_at for day, after in pairwise(programme.days))


def test_what_is_near_is_on_offer_and_nothing_else(rows: tuple[SeasonEvent, ...]) -> None:
    programme = programme_of(rows)

    for day in programme.days:
        first = programme.events[day.events.start].row.kick_off_at
        near = [
            event.no
            for event in programme.events
            if first <= event.row.kick_off_at <= first + ON_OFFER
        ]
        assert list(day.on_offer) == near


def test_markets_are_those_of_the_row_at_its_prices(rows: tuple[SeasonEvent, ...]) -> None:
    bare = replace(rows[0], total_2_5=None, asian_handicap=None)

    (event,) = programme_of((bare,)).events

    (market,) = event.markets
    assert bare.match_result is not None
    assert market.kind is MarketKind.MATCH_RESULT
    assert [pick.price for pick in market.picks] == [
        bare.match_result.home,
        bare.match_result.draw,
        bare.match_result.away,
    ]


def test_an_event_that_nobody_can_bet_on_is_left_out(rows: tuple[SeasonEvent, ...]) -> None:
    bare = replace(rows[0], match_result=None, total_2_5=None, asian_handicap=None)

    programme = programme_of((bare, *rows[1:]))

    assert len(programme.events) == len(rows) - 1
    assert programme_of((bare,)).days == ()


def test_only_the_ids_follow_from_the_run(rows: tuple[SeasonEvent, ...]) -> None:
    one, other = programme_of(rows, run="one"), programme_of(rows, run="other")

    assert one == programme_of(rows, run="one")
    assert not {event.id for event in one.events} & {event.id for event in other.events}
    assert one.days == other.days
    assert [event.abandoned for event in one.events] == [event.abandoned for event in other.events]


def test_about_one_event_in_a_hundred_is_abandoned(rows: tuple[SeasonEvent, ...]) -> None:
    many = tuple(rows[0] for _ in range(4_000))

    abandoned = sum(event.abandoned for event in programme_of(many).events)

    assert 20 <= abandoned <= 60
