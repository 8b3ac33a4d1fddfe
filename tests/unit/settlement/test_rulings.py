"""What may be said of a market, and what it comes to: single cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.sportsbook.settlement.model import (
    LOST,
    WON,
    Authority,
    Cancel,
    Effect,
    Refusal,
    Report,
    ResultReport,
    Rollback,
    Ruling,
)
from pitboss.sportsbook.settlement.rules import closes, effect_of, find_refusal, said_of

MARKET, HOME, AWAY = MarketId("market"), SelectionId("home"), SelectionId("away")
NOW = datetime(2026, 8, 15, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def result(won: bool | None, *, at: datetime = NOW, source: str = "uof:1") -> ResultReport:
    ending = None if won is None else WON if won else LOST
    return ResultReport(market_id=MARKET, source=source, reported_at=at, results={HOME: ending})


def rulings(*reports: Report) -> list[Ruling]:
    return [
        Ruling(version=number, said=said_of(report), recorded_at=NOW)
        for number, report in enumerate(reports, start=1)
    ]


def counting(effect: Effect) -> list[bool]:
    return [item.won for item in effect.results]


def test_an_open_selection_stays_open() -> None:
    assert effect_of(rulings(result(None))) == Effect()


def test_rolling_back_one_version_lets_the_one_before_count_again() -> None:
    said = rulings(
        result(True),
        result(False, at=NOW + MINUTE),
        Rollback(
            market_id=MARKET,
            source="staff",
            reported_at=NOW,
            version=2,
            authority=Authority.STAFF,
        ),
    )

    assert counting(effect_of(said[:2])) == [False]
    assert counting(effect_of(said)) == [True]


def test_a_result_that_arrives_after_its_rollback_does_not_count() -> None:
    rollback = Rollback(market_id=MARKET, source="uof:1", reported_at=NOW)

    assert effect_of(rulings(rollback, result(True, at=NOW - MINUTE))) == Effect()
    assert counting(effect_of(rulings(rollback, result(True, at=NOW + MINUTE)))) == [True]


def test_a_result_that_is_not_certain_enough_does_not_count() -> None:
    unsure = ResultReport(
        market_id=MARKET, source="uof:1", reported_at=NOW, results={HOME: WON}, certainty=1
    )
    said = said_of(unsure, certainty_min=2)

    assert said.provisional
    assert effect_of([Ruling(version=1, said=said, recorded_at=NOW)]) == Effect()


@pytest.mark.parametrize(
    ("report", "refusal"),
    [
        (
            ResultReport(market_id=MARKET, source="x", reported_at=NOW, results={}),
            Refusal.NOTHING_SAID,
        ),
        (
            ResultReport(
                market_id=MARKET, source="x", reported_at=NOW, results={SelectionId("none"): WON}
            ),
            Refusal.UNKNOWN_SELECTION,
        ),
        (
            Rollback(
                market_id=MARKET, source="x", reported_at=NOW, selections=(SelectionId("none"),)
            ),
            Refusal.UNKNOWN_SELECTION,
        ),
        (result(True, at=NOW + timedelta(minutes=6)), Refusal.FROM_THE_FUTURE),
        (
            Cancel(market_id=MARKET, source="x", reported_at=NOW, from_at=NOW, until=NOW),
            Refusal.NO_WINDOW,
        ),
        (
            Rollback(market_id=MARKET, source="x", reported_at=NOW, version=7),
            Refusal.UNKNOWN_VERSION,
        ),
        (result(False), Refusal.CONTRADICTS_ITSELF),
        (result(None), Refusal.CONTRADICTS_ITSELF),
    ],
)
def test_what_cannot_be_is_refused(report: Report, refusal: Refusal) -> None:
    before = rulings(result(True))

    assert find_refusal(said_of(report), before, [HOME, AWAY], now=NOW) is refusal


def test_another_source_may_say_something_else_at_the_same_time() -> None:
    other = said_of(result(False, source="uof:3"))

    assert find_refusal(other, rulings(result(True)), [HOME, AWAY], now=NOW) is None


def test_a_market_closes_when_nothing_of_it_is_left_to_bet_on() -> None:
    past = Cancel(market_id=MARKET, source="x", reported_at=NOW, until=NOW)
    on_and_on = Cancel(market_id=MARKET, source="x", reported_at=NOW, from_at=NOW)

    assert not closes(effect_of(rulings(result(False))), [HOME, AWAY], now=NOW)
    assert closes(effect_of(rulings(result(True))), [HOME, AWAY], now=NOW)
    assert closes(effect_of(rulings(result(True))), [HOME], now=NOW)
    assert not closes(effect_of(rulings(past)), [HOME, AWAY], now=NOW)
    assert closes(effect_of(rulings(on_and_on)), [HOME, AWAY], now=NOW)
