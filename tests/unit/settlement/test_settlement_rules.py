"""What bets pay and how markets end, in examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from pitboss.kernel.errors import InvariantBroken, Malformed
from pitboss.kernel.ids import BetId, EventId, MarketId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.model import RULES_FIRST, RULES_NOW
from pitboss.sportsbook.catalog.model import (
    Event,
    Market,
    MarketKind,
    MarketStatus,
    Selection,
    parse_line,
)
from pitboss.sportsbook.returns.model import parse_share
from pitboss.sportsbook.settlement.errors import RulesUnknown
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Leg,
    Result,
    RuleBook,
    Score,
    ScoreReport,
    SelectionResult,
    Settled,
    Terms,
    Unsettled,
)
from pitboss.sportsbook.settlement.rules import (
    RULE_BOOK,
    V1,
    leg_factor,
    market_results,
    result_of,
    results_of,
    settle,
)

PRICE = Fraction(5, 2)
FIRST, SECOND, THIRD = (SelectionId(name) for name in ("first", "second", "third"))
ONE_NIL = Score(home=1, away=0)


def bet(
    *legs: SelectionId, stake_micros: int = 10_000_000, rounding: Rounding = Rounding.DOWN_V1
) -> Terms:
    """Return a bet on these selections, all at one price."""
    return Terms(
        bet_id=BetId("bet"),
        stake_micros=stake_micros,
        minor_unit_micros=10_000,
        rounding=rounding,
        legs=tuple(Leg(selection_id=selection_id, price=PRICE) for selection_id in legs),
    )


def paid(returns_micros: int, *, voided: bool = False) -> Settled:
    """Return the settlement of the bet."""
    return Settled(bet_id=BetId("bet"), returns_micros=returns_micros, voided=voided)


def waits_for(*selections: SelectionId) -> Unsettled:
    """Return the answer that the bet still waits."""
    return Unsettled(bet_id=BetId("bet"), waiting_for=selections)


@pytest.mark.parametrize(
    ("result", "factor"),
    [
        (WON, PRICE),
        (LOST, Fraction(0)),
        (VOID, Fraction(1)),
        (Result(won=True, void_share=Fraction(1)), Fraction(1)),
        (HALF_WON, (PRICE + 1) / 2),
        (HALF_LOST, Fraction(1, 2)),
        (Result(won=True, dead_heat=Fraction(2, 3)), PRICE * 2 / 3),
        (Result(won=False, dead_heat=Fraction(2, 3)), Fraction(0)),
        (
            Result(won=True, void_share=Fraction(1, 4), dead_heat=Fraction(1, 2)),
            Fraction(1, 4) + Fraction(3, 4) * PRICE / 2,
        ),
    ],
)
def test_each_way_to_end_has_its_factor(result: Result, factor: Fraction) -> None:
    assert leg_factor(PRICE, result) == factor


@pytest.mark.parametrize(
    ("results", "answer"),
    [
        ({FIRST: WON, SECOND: WON}, paid(62_500_000)),
        ({FIRST: WON, SECOND: LOST}, paid(0)),
        ({FIRST: VOID, SECOND: LOST}, paid(0)),
        ({FIRST: WON, SECOND: VOID}, paid(25_000_000)),
        ({FIRST: HALF_WON, SECOND: HALF_LOST}, paid(8_750_000)),
        ({FIRST: VOID, SECOND: VOID}, paid(10_000_000, voided=True)),
        ({}, waits_for(FIRST, SECOND)),
        ({FIRST: WON}, waits_for(SECOND)),
        ({SECOND: VOID}, waits_for(FIRST)),
        ({FIRST: HALF_LOST}, waits_for(SECOND)),
        ({FIRST: LOST}, paid(0)),
        ({SECOND: LOST}, paid(0)),
        ({THIRD: LOST}, waits_for(FIRST, SECOND)),
    ],
)
def test_a_double_pays_or_waits(
    results: dict[SelectionId, Result], answer: Settled | Unsettled
) -> None:
    assert settle(bet(FIRST, SECOND), results) == answer


def test_a_void_single_is_marked_so_that_its_hold_is_released() -> None:
    settled = settle(bet(FIRST), {FIRST: VOID})

    assert settled == paid(10_000_000, voided=True)


def test_a_voided_stake_comes_back_whole_even_below_the_minor_unit() -> None:
    settled = settle(bet(FIRST, stake_micros=1_234_567), {FIRST: VOID})

    assert settled == paid(1_234_567, voided=True)


def test_a_bet_that_happens_to_pay_its_stake_is_not_voided() -> None:
    evens_halved = Result(won=True, dead_heat=Fraction(2, 5))

    settled = settle(bet(FIRST), {FIRST: evens_halved})

    assert settled == paid(10_000_000)


# Ten units at 2.0 half won, 2.2, 1.91 and 2.5 come to 157.575, which Bodog prints as 157.57.
@pytest.mark.parametrize(
    ("rounding", "returns_micros"),
    [
        (Rounding.DOWN_V1, 157_570_000),
        (Rounding.HALF_UP_V1, 157_580_000),
        (Rounding.HALF_EVEN_V1, 157_580_000),
    ],
)
def test_half_a_cent_is_rounded_by_the_rule_on_the_bet(
    rounding: Rounding, returns_micros: int
) -> None:
    prices = {"a": "2.0", "b": "2.2", "c": "1.91", "d": "2.5"}
    legs = tuple(
        Leg(selection_id=SelectionId(name), price=Fraction(text)) for name, text in prices.items()
    )
    terms = Terms(
        bet_id=BetId("bet"),
        stake_micros=10_000_000,
        minor_unit_micros=10_000,
        rounding=rounding,
        legs=legs,
    )
    results = {leg.selection_id: WON for leg in legs} | {SelectionId("a"): HALF_WON}

    settled = settle(terms, results)

    assert settled == paid(returns_micros)


def test_a_bet_without_legs_is_our_own_mistake() -> None:
    with pytest.raises(InvariantBroken, match="a bet has a leg"):
        settle(bet(), {})


@pytest.mark.parametrize(
    ("score", "winner"),
    [((2, 1), "home"), ((0, 0), "draw"), ((3, 3), "draw"), ((0, 4), "away")],
)
def test_one_of_three_wins_a_match(score: tuple[int, int], winner: str) -> None:
    home, away = score

    results = results_of(MarketKind.MATCH_RESULT, None, Score(home=home, away=away))

    assert results == {code: WON if code == winner else LOST for code in ("home", "draw", "away")}


@pytest.mark.parametrize(
    ("line", "over", "under"),
    [
        ("2", WON, LOST),
        ("2.25", WON, LOST),
        ("2.5", WON, LOST),
        ("2.75", HALF_WON, HALF_LOST),
        ("3", VOID, VOID),
        ("3.25", HALF_LOST, HALF_WON),
        ("3.5", LOST, WON),
        ("4", LOST, WON),
    ],
)
def test_three_goals_against_every_kind_of_total(line: str, over: Result, under: Result) -> None:
    results = results_of(MarketKind.TOTAL_GOALS, Fraction(line), Score(home=1, away=2))

    assert results == {"over": over, "under": under}


@pytest.mark.parametrize(
    ("line", "home", "away"),
    [
        ("0", WON, LOST),
        ("-0.25", WON, LOST),
        ("-0.5", WON, LOST),
        ("-0.75", HALF_WON, HALF_LOST),
        ("-1", VOID, VOID),
        ("-1.25", HALF_LOST, HALF_WON),
        ("-1.5", LOST, WON),
        ("0.25", WON, LOST),
    ],
)
def test_a_win_by_one_against_every_kind_of_handicap(line: str, home: Result, away: Result) -> None:
    results = results_of(MarketKind.ASIAN_HANDICAP, Fraction(line), ONE_NIL)

    assert results == {"home": home, "away": away}


@pytest.mark.parametrize(
    ("kind", "line", "code", "field"),
    [
        (MarketKind.MATCH_RESULT, None, "over", "code"),
        (MarketKind.TOTAL_GOALS, "2.5", "home", "code"),
        (MarketKind.ASIAN_HANDICAP, "0", "draw", "code"),
        (MarketKind.MATCH_RESULT, "0", "home", "line"),
        (MarketKind.TOTAL_GOALS, None, "over", "line"),
        (MarketKind.ASIAN_HANDICAP, None, "away", "line"),
        (MarketKind.TOTAL_GOALS, "2.3", "over", "line"),
        (MarketKind.ASIAN_HANDICAP, "1/3", "home", "line"),
    ],
)
def test_a_market_that_cannot_be_is_malformed(
    kind: MarketKind, line: str | None, code: str, field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        result_of(kind, None if line is None else Fraction(line), code, ONE_NIL)

    assert caught.value.field == field


def event() -> Event:
    """Return an event with a match result and a handicap."""
    markets = [(MarketKind.MATCH_RESULT, None), (MarketKind.ASIAN_HANDICAP, Fraction(-5, 4))]
    return Event(
        id=EventId("event"),
        sport="football",
        competition="league",
        home="Home",
        away="Away",
        starts_at=datetime(2024, 1, 1, tzinfo=UTC),
        markets=tuple(
            Market(
                id=MarketId(kind),
                event_id=EventId("event"),
                kind=kind,
                line=line,
                status=MarketStatus.OPEN,
                selections=tuple(
                    Selection(id=SelectionId(f"{kind} {code}"), code=code, price=PRICE, tick=1)
                    for code in kind.codes
                ),
            )
            for kind, line in markets
        ),
    )


def test_a_score_ends_every_selection_of_the_event() -> None:
    report = ScoreReport(event_id=EventId("event"), score=ONE_NIL)

    results = market_results(event(), report)

    assert results == {
        MarketId("1x2"): (
            WON.told_of(SelectionId("1x2 home")),
            LOST.told_of(SelectionId("1x2 draw")),
            LOST.told_of(SelectionId("1x2 away")),
        ),
        MarketId("asian_handicap"): (
            HALF_LOST.told_of(SelectionId("asian_handicap home")),
            HALF_WON.told_of(SelectionId("asian_handicap away")),
        ),
    }


def test_an_abandoned_event_voids_every_selection() -> None:
    report = ScoreReport(event_id=EventId("event"), score=None)

    results = market_results(event(), report)

    assert {Result.of(item) for items in results.values() for item in items} == {VOID}
    assert [len(items) for items in results.values()] == [3, 2]


def test_a_result_is_stored_with_exact_shares() -> None:
    result = Result(won=True, void_share=Fraction(1, 2), dead_heat=Fraction(2, 3))

    stored = result.told_of(FIRST)

    assert stored == SelectionResult(
        selection_id=FIRST, won=True, void_share="1/2", dead_heat="2/3"
    )
    assert Result.of(stored) == result


@pytest.mark.parametrize(("void_share", "dead_heat"), [("-1/4", "1"), ("5/4", "1")])
def test_a_void_share_lies_between_nothing_and_all(void_share: str, dead_heat: str) -> None:
    with pytest.raises(Malformed) as caught:
        Result(won=True, void_share=Fraction(void_share), dead_heat=Fraction(dead_heat))

    assert caught.value.field == "void_share"


@pytest.mark.parametrize("dead_heat", ["0", "-1/2", "3/2"])
def test_a_dead_heat_leaves_something_to_share(dead_heat: str) -> None:
    with pytest.raises(Malformed) as caught:
        Result(won=True, dead_heat=Fraction(dead_heat))

    assert caught.value.field == "dead_heat"


@pytest.mark.parametrize(
    ("text", "share"),
    [("0", Fraction(0)), ("1", Fraction(1)), ("1/2", Fraction(1, 2)), ("0.25", Fraction(1, 4))],
)
def test_a_share_is_read_exactly(text: str, share: Fraction) -> None:
    assert parse_share(text, field="void_share") == share


@pytest.mark.parametrize(
    "text", ["", "half", "1/0", "-1/2", "3/2", "1e-99999999", "1/2/3", " 1", "1_0", "½", "0." * 9]
)
def test_what_is_no_share_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_share(text, field="void_share")

    assert caught.value.field == "void_share"


@pytest.mark.parametrize(("home", "away", "field"), [(-1, 0, "home"), (0, 1000, "away")])
def test_a_score_has_a_number_of_goals_on_each_side(home: int, away: int, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        Score(home=home, away=away)

    assert caught.value.field == field


@pytest.mark.parametrize("text", ["1e99999999", "2_5", " 2.5", "1/0", "2.3", "2000", "", "½"])
def test_a_line_that_could_not_be_settled_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_line(text, MarketKind.TOTAL_GOALS)


@pytest.mark.parametrize("text", ["-0.75", "-3/4", "+1.25", "2", "0.0"])
def test_a_line_in_quarters_is_read_exactly(text: str) -> None:
    assert parse_line(text, MarketKind.ASIAN_HANDICAP) == Fraction(text)


def test_the_rules_have_the_name_that_settlements_carry() -> None:
    assert RULE_BOOK.current.version == RULES_NOW
    assert RULE_BOOK.versions[0].version == RULES_FIRST


def test_a_book_of_rules_keeps_its_older_versions() -> None:
    second = replace(V1, version="settlement.v2000")
    book = RuleBook(versions=(V1, second))

    assert book.current is second
    assert book.get("settlement.v1") is V1


def test_rules_that_nobody_has_are_refused_by_name() -> None:
    with pytest.raises(RulesUnknown, match=r"settlement\.v4, not 'settlement\.v9'"):
        RULE_BOOK.get("settlement.v9")
