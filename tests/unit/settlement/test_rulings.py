"""What may be said of a market, and what it comes to: single cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import msgspec
import pytest

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Authority,
    Cancel,
    Effect,
    Refusal,
    Report,
    Result,
    ResultReport,
    Rollback,
    Ruling,
)
from pitboss.sportsbook.settlement.rules import (
    closes,
    effect_of,
    find_refusal,
    is_repeated,
    said_of,
    was_said,
)

MARKET, HOME, AWAY = MarketId("market"), SelectionId("home"), SelectionId("away")
DRAW = SelectionId("draw")
THREE = (HOME, DRAW, AWAY)
SHARED = Result(won=True, dead_heat=Fraction(1, 2))
STAFF, FEED = Authority.STAFF, Authority.FEED
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


def ending(
    selection_id: SelectionId,
    how: Result,
    *,
    at: datetime = NOW,
    authority: Authority = FEED,
) -> ResultReport:
    """Say how one selection ended."""
    return ResultReport(
        market_id=MARKET,
        source=authority,
        reported_at=at,
        results={selection_id: how},
        authority=authority,
    )


def said_in_one(*reports: Report, selections: int = 3) -> list[Ruling]:
    """Return what is said of a market of so many selections, of which exactly one wins."""
    return [
        Ruling(
            version=item.version,
            said=msgspec.structs.replace(item.said, one_of=selections),
            recorded_at=item.recorded_at,
        )
        for item in rulings(*reports)
    ]


def ended(effect: Effect) -> dict[SelectionId, bool]:
    return {item.selection_id: item.won for item in effect.results}


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
    torn = said_in_one(ending(HOME, LOST), ending(AWAY, LOST, at=NOW + MINUTE), selections=2)
    assert closes(effect_of(torn), [HOME, AWAY], now=NOW)


def test_of_two_winners_where_one_wins_none_counts_until_one_is_said_to_have_lost() -> None:
    two = [ending(HOME, WON), ending(AWAY, WON, at=NOW + MINUTE), ending(DRAW, LOST)]
    healed = [*two, ending(HOME, LOST, at=NOW + 2 * MINUTE)]

    torn = effect_of(said_in_one(*two))

    assert (ended(torn), [item.selection_id for item in torn.torn]) == ({DRAW: False}, [HOME, AWAY])
    assert ended(effect_of(said_in_one(*healed))) == {HOME: False, AWAY: True, DRAW: False}
    assert ended(effect_of(rulings(*two))) == {HOME: True, AWAY: True, DRAW: False}


def test_a_result_that_cannot_be_true_makes_room_for_no_older_one() -> None:
    said = [
        ending(HOME, LOST, at=NOW - MINUTE),
        ending(HOME, WON),
        ending(AWAY, WON),
    ]

    assert ended(effect_of(said_in_one(*said))) == {}


def test_of_all_that_have_lost_none_counts_where_one_wins() -> None:
    lost = [ending(key, LOST, at=NOW + number * MINUTE) for number, key in enumerate(THREE)]

    assert effect_of(said_in_one(*lost)).results == ()
    assert ended(effect_of(said_in_one(*lost[:2]))) == {HOME: False, DRAW: False}
    assert ended(effect_of(said_in_one(*lost[:2], ending(AWAY, VOID)))) == dict.fromkeys(
        THREE, False
    )


@pytest.mark.parametrize(
    ("home", "away"),
    [(SHARED, SHARED), (HALF_WON, HALF_LOST), (WON, VOID), (VOID, VOID), (HALF_WON, HALF_WON)],
)
def test_those_who_share_a_stake_and_what_comes_back_can_be_true(
    home: Result, away: Result
) -> None:
    effect = effect_of(said_in_one(ending(HOME, home), ending(AWAY, away), selections=2))

    assert (len(effect.results), effect.torn) == (2, ())


def test_a_share_of_a_win_beside_a_whole_one_cannot_be_true() -> None:
    effect = effect_of(said_in_one(ending(HOME, SHARED), ending(AWAY, WON)))

    assert (effect.results, len(effect.torn)) == ((), 2)


@pytest.mark.parametrize("first", [FEED, STAFF])
def test_of_two_winners_the_one_of_staff_counts(first: Authority) -> None:
    theirs = ending(HOME, WON, authority=STAFF, at=NOW - MINUTE)
    pair = [theirs, ending(AWAY, WON)]

    effect = effect_of(said_in_one(*(pair if first is STAFF else reversed(pair))))

    assert (ended(effect), [item.selection_id for item in effect.torn]) == ({HOME: True}, [AWAY])


def test_what_staff_say_to_have_lost_stays_so_if_a_feed_leaves_no_winner() -> None:
    said = [ending(HOME, LOST, authority=STAFF), ending(DRAW, LOST), ending(AWAY, LOST)]

    assert ended(effect_of(said_in_one(*said))) == {HOME: False}


def test_two_winners_that_staff_have_said_do_not_count_either() -> None:
    said = [ending(HOME, WON, authority=STAFF), ending(AWAY, WON, authority=STAFF)]

    assert ended(effect_of(said_in_one(*said, ending(DRAW, WON)))) == {}


@pytest.mark.parametrize(
    ("before", "said", "refusal"),
    [
        (ending(HOME, WON, authority=STAFF), ending(AWAY, WON), Refusal.AGAINST_STAFF),
        (ending(HOME, WON), ending(AWAY, WON), None),
        (ending(HOME, WON), ending(AWAY, WON, authority=STAFF), None),
        (ending(HOME, WON, authority=STAFF), ending(AWAY, LOST), None),
        (ending(HOME, SHARED, authority=STAFF), ending(AWAY, SHARED), None),
    ],
)
def test_only_what_is_against_staff_is_not_even_recorded(
    before: Report, said: Report, refusal: Refusal | None
) -> None:
    (earlier,) = said_in_one(before)
    (word,) = said_in_one(said)
    later = msgspec.structs.replace(word.said, reported_at=NOW + MINUTE)

    assert find_refusal(later, [earlier], THREE, now=NOW + MINUTE) is refusal


def test_what_is_said_again_is_the_same_whatever_was_kept_of_its_market() -> None:
    (old,), (new,) = rulings(result(True)), said_in_one(result(True))

    assert was_said(new.said, [old])
    assert is_repeated(new.said, [old], 0)
