"""Of a race each runner's result says where it came in, and who was withdrawn before."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.messages.rules import BODY_BYTES_MAX
from pitboss.sportsbook.catalog.model import Event, Market, MarketStatus, Selection
from pitboss.sportsbook.registry.model import RUNNERS_MAX, WITHDRAWN_MAX, Ended, Withdrawal
from pitboss.sportsbook.settlement.facts import MarketResulted
from pitboss.sportsbook.settlement.model import (
    VOID,
    WON,
    Finish,
    PlaceResult,
    ScoreReport,
    SelectionResult,
    Withdrawn,
)
from pitboss.sportsbook.settlement.rules import V2, V3

AT = "2026-08-01T12:00:00.000000Z"
GONE = Withdrawal(runner="5", at=AT, price="4/1")
TAKEN = (Withdrawn(at=AT, price="4/1"),)
RACE = derived_id("race")


def race(ended: Ended, *codes: str, kind: str = "race_winner", specifiers: str = "") -> Event:
    """Return a race with one market of these runners, and how it ended."""
    market = Market(
        id=MarketId(derived_id(kind)),
        event_id=EventId(RACE),
        kind=kind,
        line=None,
        status=MarketStatus.OPEN,
        selections=tuple(
            Selection(id=SelectionId(derived_id(code)), code=code, price=Fraction(3), tick=1)
            for code in codes
        ),
        specifiers=specifiers,
    )
    return Event(
        id=EventId(RACE),
        sport="horse_racing",
        competition="Meeting",
        home="",
        away="",
        name="The 14:30",
        starts_at=datetime(2026, 8, 1, 13, tzinfo=UTC),
        markets=(market,),
        ended=ended,
    )


def results(event: Event, rules: Any = V3) -> dict[str, SelectionResult] | None:
    """Return how each runner ended, by code; None while the market is open."""
    found = rules.results(event, ScoreReport(event_id=event.id, score=None))
    (market,) = event.markets
    if market.id not in found:
        return None
    codes = {selection.id: selection.code for selection in market.selections}
    return {codes[item.selection_id]: item for item in found[market.id]}


def test_each_runner_has_its_place_and_who_finished_nowhere_has_lost_it() -> None:
    ended = Ended(order=(("3", "7"), ("1",)), non_runners=("5",), withdrawn=(GONE,))

    found = results(race(ended, "1", "3", "5", "7", "9"))

    assert found is not None
    assert (found["3"].won, found["3"].dead_heat) == (True, "1/2")
    assert [found[code].finish for code in ("3", "7", "1", "9", "5")] == [
        *[Finish(position=1, tied=2)] * 2,
        Finish(position=3),
        *[None] * 2,
    ]
    assert found["9"].place == PlaceResult(won="0")
    assert found["5"] == VOID.told_of(found["5"].selection_id)
    assert [found[code].withdrawn for code in ("3", "1", "9")] == [TAKEN, TAKEN, ()]


@pytest.mark.parametrize(
    ("ended", "decided"),
    [
        (Ended(named={"race_winner": ("3",)}), False),
        (Ended(named={"race_winner": ("3",)}, order=(("3",),)), True),
        (Ended(non_runners=("1",)), False),
        (Ended(abandoned=True), True),
    ],
)
def test_a_race_is_decided_by_its_order_or_void(ended: Ended, decided: bool) -> None:
    assert (results(race(ended, "1", "3")) is not None) is decided


def test_all_are_void_if_a_race_is_abandoned() -> None:
    found = results(race(Ended(abandoned=True), "1", "3"))

    assert found == {code: VOID.told_of(SelectionId(derived_id(code))) for code in ("1", "3")}


def test_a_market_of_places_has_its_own_prices_and_the_rules_before_stay_as_they_were() -> None:
    ended = Ended(order=(("3",), ("1",)), non_runners=("5",), withdrawn=(GONE,))
    codes = ("1", "3", "5")

    placed = results(race(ended, *codes, kind="race_place", specifiers="places=2"))
    before = results(race(ended, *codes), V2)

    assert placed is not None
    assert placed["3"] == WON.told_of(placed["3"].selection_id)
    assert before is not None
    assert before["3"] == WON.told_of(before["3"].selection_id)


def test_the_largest_race_fits_into_a_fact() -> None:
    codes = [f"{number:03}" for number in range(RUNNERS_MAX)]
    gone = codes[:WITHDRAWN_MAX]
    ended = Ended(
        order=tuple((code,) for code in codes[WITHDRAWN_MAX:]),
        non_runners=tuple(gone),
        withdrawn=tuple(Withdrawal(runner=code, at=AT, price="1000003/100000") for code in gone),
    )

    found = results(race(ended, *codes))

    assert found is not None
    fact = MarketResulted(
        market_id=MarketId(derived_id("race_winner")),
        event_id=EventId(RACE),
        no=10**9,
        version=1,
        score=None,
        rules=V3.version,
        results=tuple(found.values()),
    )
    assert len(msgspec.json.encode(fact)) + 1_000 < BODY_BYTES_MAX
