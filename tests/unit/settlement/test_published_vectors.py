"""Settlement agrees with what feeds, bookmakers and other implementations have published."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from pitboss.kernel.money import Rounding
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Result,
    Score,
    Settled,
)
from pitboss.sportsbook.settlement.rules import leg_factor, result_of, results_of, settle
from unit.settlement.vectors import (
    UNIT_MICROS,
    Row,
    bet_on,
    exact_price,
    load,
    load_season,
    params,
)

ENDINGS = {
    "WON": WON,
    "LOST": LOST,
    "VOID": VOID,
    "DRAW": VOID,
    "HALF_WON": HALF_WON,
    "HALF_LOST": HALF_LOST,
    "win": WON,
    "half_win": HALF_WON,
    "half_lose": HALF_LOST,
    "push": VOID,
}

# double_chance, draw_no_bet, odd_even, btts and correct_score are markets we do not offer.
FOOTBALL_KINDS = {
    "asian_handicap": MarketKind.ASIAN_HANDICAP,
    "total_goals": MarketKind.TOTAL_GOALS,
    "1h_total_goals": MarketKind.TOTAL_GOALS,
}
FOOTBALL = [row for row in load("football_markets.json", "rows") if row["market"] in FOOTBALL_KINDS]

WORKED_KINDS = {
    "uof_result_void_factor",
    "dead_heat",
    "asian_handicap",
    "asian_handicap_accumulator",
    "odds_precision",
    "single",
}
WORKED = [
    row
    for row in load("published_worked_examples.json", "vectors")
    if row["kind"] in WORKED_KINDS or row["input"].get("mode") == "cash"
]

WIN_ACCUMULATORS = [
    row
    for row in load("accumulators_each_way.json", "vectors")
    if not row["each_way"] and row["type"] != "trixie"
]
LEG_FACTORS = [row for row in load("bet_types.json", "leg_factors") if row["part"] == "WIN"]


def _football_score(text: str) -> Score:
    if text.startswith("{"):
        period = json.loads(text)["1"]
        return Score(home=int(period["home"]), away=int(period["away"]))
    home, _, away = text.partition("-")
    return Score(home=int(home), away=int(away))


@pytest.mark.parametrize(
    "row",
    params(
        FOOTBALL,
        name=lambda row: "{market} {score} {selection}".format(**row),
        doubt=lambda row: None,
    ),
)
def test_football_markets_end_as_published(row: Row) -> None:
    kind = FOOTBALL_KINDS[row["market"]]
    code = row["selection"]["side"].lower()
    # The rows give the line of the selected side, a market has the home side's.
    line = Fraction(row["selection"]["line"]) * (-1 if code == "away" else 1)

    result = result_of(kind, line, code, _football_score(row["score"]))

    assert result == ENDINGS[row["expected"]]


@pytest.mark.parametrize(
    "row",
    params(
        load("odds_formats.json", "asian_difference_rule"),
        name=lambda row: row["adjusted_difference"],
        doubt=lambda row: (
            "a difference that no line of quarters gives"
            if row["adjusted_difference"] == "0.01"
            else None
        ),
    ),
)
def test_the_adjusted_difference_decides_an_asian_handicap(row: Row) -> None:
    line = Fraction(row["adjusted_difference"])

    results = results_of(MarketKind.ASIAN_HANDICAP, line, Score(home=2, away=2))

    assert results == {"home": ENDINGS[row["home"]], "away": ENDINGS[row["away"]]}


def test_a_season_of_match_results_ends_as_published() -> None:
    season = load_season()
    if not season:
        pytest.skip("the published season is not at ../shared/data/football")
    letters = {"home": "H", "draw": "D", "away": "A"}

    won = [
        [
            letters[code]
            for code, result in results_of(
                MarketKind.MATCH_RESULT,
                None,
                Score(home=int(match["FTHG"]), away=int(match["FTAG"])),
            ).items()
            if result == WON
        ]
        for match in season
    ]

    assert won == [[match["FTR"]] for match in season]


def _worked_legs(row: Row) -> list[tuple[Fraction, Result]]:
    given = row["input"]
    match row["kind"]:
        case "uof_result_void_factor":
            void_share = Fraction(given["void_factor"])
            result = Result(won=given["result"] == 1, void_share=void_share)
            return [(exact_price(given), result)]
        case "dead_heat":
            places = given.get("places") or given["places_remaining"]
            result = Result(won=True, dead_heat=Fraction(places, given["tied"]))
            return [(exact_price(given), result)]
        case "asian_handicap":
            score = Score(home=given["score_for"], away=given["score_against"])
            result = result_of(MarketKind.ASIAN_HANDICAP, Fraction(given["line"]), "home", score)
            return [(exact_price(given), result)]
        case "asian_handicap_accumulator":
            prices = given.get("odds") or [Fraction(net) + 1 for net in given["net_odds"]]
            return [
                (Fraction(price), ENDINGS[leg])
                for price, leg in zip(prices, given["legs"], strict=True)
            ]
        case _:
            return [(exact_price(given), WON)]


# Every row in no doubt agrees with half up to cents; the two that do not are marked in the file.
@pytest.mark.parametrize(
    "row",
    params(
        WORKED,
        name=lambda row: row["id"],
        doubt=lambda row: None if row["status"] == "ok" else f"{row['status']}: {row['note']}",
    ),
)
def test_worked_examples_pay_what_was_published(row: Row) -> None:
    stake = row["input"].get("stake", "1")
    expected = row["expected"].get("returns") or row["expected"]["total_odds"]
    terms, results = bet_on(_worked_legs(row), stake=stake, rounding=Rounding.HALF_UP_V1)

    settled = settle(terms, results)

    assert isinstance(settled, Settled)
    assert settled.returns_micros == Fraction(expected) * UNIT_MICROS


# Source of the rule: the file says "rounded once, at the end, to 2 decimals half-up".
@pytest.mark.parametrize(
    "row",
    params(
        WIN_ACCUMULATORS,
        name=lambda row: row["name"],
        doubt=lambda row: (
            None if row.get("verified") else "not verified: a bet without runners is no bet"
        ),
    ),
)
def test_win_accumulators_pay_what_was_published(row: Row) -> None:
    endings = {1: WON, 0: LOST, -1: VOID}
    ended = [
        (1 + Fraction(runner["odds"]), endings[runner["position"]]) for runner in row["runners"]
    ]
    terms, results = bet_on(ended, stake=row["unit_stake"], rounding=Rounding.HALF_UP_V1)

    settled = settle(terms, results)

    assert settled == Settled(
        bet_id=terms.bet_id,
        returns_micros=int(Fraction(row["expected"]["returns"]) * UNIT_MICROS),
        voided=all(result == VOID for result in results.values()),
    )


@pytest.mark.parametrize(
    "row",
    params(
        LEG_FACTORS,
        name=lambda row: f"won {row['win_factor']} void {row['void_factor']}",
        doubt=lambda row: None,
    ),
)
def test_a_leg_multiplies_the_stake_as_published(row: Row) -> None:
    win, void = Fraction(row["win_factor"]), Fraction(row["void_factor"])
    # The file gives the part of the whole stake that wins, a result the part of what is not void.
    dead_heat = win / (1 - void) if win else Fraction(1)
    result = Result(won=win > 0, void_share=void, dead_heat=dead_heat)

    factor = leg_factor(Fraction(row["price"]), result)

    assert factor == Fraction(row["factored_price"])
