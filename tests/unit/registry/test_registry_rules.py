"""Markets are named as their kinds say, and settle from what happened and nothing else."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook import registry
from pitboss.sportsbook.registry.model import Ended, Withdrawal
from pitboss.sportsbook.returns.model import HALF_LOST, HALF_WON, LOST, VOID, WON, Outcome

SIDES, THREE, TWO = ("home", "away"), ("home", "draw", "away"), ("over", "under")
HALF = Outcome(won=Fraction(1, 2))
FULL = Ended(
    counts={
        "score": {"match": "2-1", "1": "1-1", "2": "1-0"},
        "corners": {"match": "4-4"},
        "cards": {"1": "1-0", "2": "0-2"},
    },
    scorers=("away", "home", "home"),
)
TENNIS = Ended(counts={"games": {"1": "6-4", "2": "3-6", "3": "7-6"}})
HOOPS = Ended(
    counts={"score": {"1": "20-25", "2": "30-20", "3": "10-20", "4": "20-15", "overtime": "9-8"}}
)
AT = "2026-08-01T12:00:00.000000Z"


def gone(
    runner: str,
    *,
    at: str = AT,
    runners: tuple[str, ...] | None = None,
    order: tuple[tuple[str, ...], ...] | None = (("3",),),
    **said: Any,
) -> Ended:
    """Return a race that 3 has won, and from which this runner was withdrawn."""
    withdrawn = (Withdrawal(runner=runner, at=at, **said),)
    return Ended(
        order=order, non_runners=(runner,) if runners is None else runners, withdrawn=withdrawn
    )


MANY_GONE = Ended(
    non_runners=tuple(str(number) for number in range(13)),
    withdrawn=tuple(Withdrawal(runner=str(number), at=AT, price="4") for number in range(13)),
)
RACE = Ended(order=(("3",), ("7", "1"), ("2",)), non_runners=("5",))


def ask(
    kind: str,
    ended: Ended,
    codes: tuple[str, ...],
    *,
    sport: str = "football",
    own_line: str | None = None,
    **values: str,
) -> dict[str, Outcome] | None:
    """Return how a market ended, which its kind knows."""
    registry.check_market(
        kind, sport=sport, line=own_line, specifiers=values, codes=codes, field="market"
    )
    registry.check_ended(ended, sport=sport, field="ended")
    return registry.settle(
        kind, sport=sport, line=own_line, specifiers=values, codes=codes, ended=ended
    )


@pytest.mark.parametrize(
    ("kind", "codes", "values", "outcomes"),
    [
        ("1x2", THREE, {}, (WON, LOST, LOST)),
        ("double_chance", ("1X", "12", "X2"), {}, (WON, WON, LOST)),
        ("draw_no_bet", SIDES, {}, (WON, LOST)),
        ("half_draw_no_bet", SIDES, {"half": "1"}, (VOID, VOID)),
        ("half_1x2", THREE, {"half": "2"}, (WON, LOST, LOST)),
        ("period_1x2", THREE, {"period": "1"}, (LOST, WON, LOST)),
        ("half_total", TWO, {"half": "1", "line": "2"}, (VOID, VOID)),
        ("half_total", TWO, {"half": "1", "line": "1.75"}, (HALF_WON, HALF_LOST)),
        ("team_total", TWO, {"side": "home", "line": "1.5"}, (WON, LOST)),
        ("exact_total", ("0", "1", "2", "3", "4+"), {}, (LOST, LOST, LOST, WON, LOST)),
        ("european_handicap", THREE, {"start": "0:1"}, (LOST, WON, LOST)),
        ("both_score", ("yes", "no"), {}, (WON, LOST)),
        ("correct_score", ("2-1", "1-2", "other"), {}, (WON, LOST, LOST)),
        ("correct_score", ("1-1", "1-2", "other"), {}, (LOST, LOST, WON)),
        ("correct_score", ("1-1", "other", "other_home"), {}, (LOST, LOST, WON)),
        ("correct_score", ("1-1", "other_away", "other_draw"), {}, (LOST, LOST, LOST)),
        ("odd_even", ("odd", "even"), {}, (WON, LOST)),
        ("clean_sheet", ("yes", "no"), {"side": "home"}, (LOST, WON)),
        ("winning_margin", ("home_1", "home_2+", "draw", "away_1-9"), {}, (WON, LOST, LOST, LOST)),
        ("winning_margin", ("home_2-3", "draw"), {}, (LOST, LOST)),
        ("first_goal", ("home", "none", "away"), {}, (LOST, LOST, WON)),
        ("next_goal", ("home", "none", "away"), {"goal": "3"}, (WON, LOST, LOST)),
        ("next_goal", ("home", "none", "away"), {"goal": "4"}, (LOST, WON, LOST)),
        ("last_goal", ("home", "none", "away"), {}, (WON, LOST, LOST)),
        ("rest_1x2", THREE, {"score": "2:0"}, (LOST, LOST, WON)),
        ("rest_asian_handicap", SIDES, {"score": "1:1", "line": "-1"}, (VOID, VOID)),
        ("corners_1x2", THREE, {}, (LOST, WON, LOST)),
        ("cards_total", TWO, {"line": "3"}, (VOID, VOID)),
        ("cards_asian_handicap", SIDES, {"line": "1.5"}, (WON, LOST)),
    ],
)  # fmt: skip
def test_a_football_market_settles_from_goals_corners_or_cards(
    kind: str, codes: tuple[str, ...], values: dict[str, str], outcomes: tuple[Outcome, ...]
) -> None:
    assert ask(kind, FULL, codes, **values) == dict(zip(codes, outcomes, strict=True))


def test_half_time_and_full_time_are_called_together() -> None:
    codes = tuple(f"{one}/{two}" for one in THREE for two in THREE)

    found = ask("half_time_full_time", FULL, codes)

    assert found is not None
    assert [code for code in codes if found[code] == WON] == ["draw/home"]


@pytest.mark.parametrize(
    ("kind", "codes", "values", "outcomes"),
    [
        ("match_winner", SIDES, {}, (WON, LOST)),
        ("set_betting", ("2-0", "2-1", "0-2", "1-2"), {}, (LOST, WON, LOST, LOST)),
        ("total_sets", TWO, {"line": "2.5"}, (WON, LOST)),
        ("set_handicap", SIDES, {"line": "-1.5"}, (LOST, WON)),
        ("total_games", TWO, {"line": "32"}, (VOID, VOID)),
        ("side_total_games", TWO, {"line": "15.5", "side": "away"}, (WON, LOST)),
        ("games_handicap", SIDES, {"line": "0.5"}, (WON, LOST)),
        ("set_winner", SIDES, {"set": "2"}, (LOST, WON)),
        ("set_winner", SIDES, {"set": "4"}, (VOID, VOID)),
        ("set_total_games", TWO, {"set": "3", "line": "12.5"}, (WON, LOST)),
        ("set_correct_score", ("6-4", "other"), {"set": "1"}, (WON, LOST)),
    ],
)
def test_a_tennis_market_settles_from_sets_and_games(
    kind: str, codes: tuple[str, ...], values: dict[str, str], outcomes: tuple[Outcome, ...]
) -> None:
    found = ask(kind, TENNIS, codes, sport="tennis", **values)

    assert found == dict(zip(codes, outcomes, strict=True))


@pytest.mark.parametrize(
    ("kind", "codes", "values", "outcomes"),
    [
        ("moneyline", SIDES, {}, (WON, LOST)),
        ("spread", SIDES, {"line": "-1"}, (VOID, VOID)),
        ("points_total", TWO, {"line": "176.5"}, (WON, LOST)),
        ("1x2", THREE, {}, (LOST, WON, LOST)),
        ("total", TWO, {"line": "160"}, (VOID, VOID)),
        ("half_1x2", THREE, {"half": "1"}, (WON, LOST, LOST)),
        ("half_total", TWO, {"half": "2", "line": "64.5"}, (WON, LOST)),
        ("period_total", TWO, {"period": "4", "line": "35"}, (VOID, VOID)),
        ("points_odd_even", ("odd", "even"), {}, (WON, LOST)),
    ],
)
def test_overtime_counts_where_the_kind_says_so(
    kind: str, codes: tuple[str, ...], values: dict[str, str], outcomes: tuple[Outcome, ...]
) -> None:
    own_line = values.get("line") if kind == "total" else None
    others = {} if own_line else values

    found = ask(kind, HOOPS, codes, sport="basketball", own_line=own_line, **others)

    assert found == dict(zip(codes, outcomes, strict=True))


@pytest.mark.parametrize(
    ("kind", "values", "outcomes"),
    [
        ("race_winner", {}, {"3": WON, "7": LOST, "5": VOID, "9": LOST}),
        ("race_place", {"places": "2"}, {"3": WON, "7": HALF, "1": HALF, "2": LOST, "5": VOID}),
        ("race_place", {"places": "3"}, {"3": WON, "7": WON, "1": WON, "2": LOST}),
        ("forecast", {}, {"3>7": HALF, "3>1": HALF, "7>3": LOST, "3>2": LOST, "3>5": VOID}),
        ("reverse_forecast", {}, {"3+7": HALF, "1+3": HALF, "1+7": LOST, "3+5": VOID}),
        ("tricast", {}, {"3>7>1": HALF, "3>1>7": HALF, "3>7>2": LOST}),
        ("reverse_tricast", {}, {"1+3+7": WON, "2+3+7": LOST}),
    ],
)
def test_runners_that_tie_share_the_places_that_are_left(
    kind: str, values: dict[str, str], outcomes: dict[str, Outcome]
) -> None:
    found = ask(kind, RACE, tuple(outcomes), sport="horse_racing", **values)

    assert found == outcomes
    assert registry.finishes(RACE) == {"3": (1, 1), "7": (2, 2), "1": (2, 2), "2": (4, 1)}


def test_what_somebody_says_answers_a_market_that_nothing_else_does() -> None:
    said = Ended(named={"to_qualify": ("away",), "outright_place|places=2": ("a", "b", "c")})

    assert ask("to_qualify", said, SIDES) == {"home": LOST, "away": WON}
    assert ask("outright_winner", said, ("a", "b")) is None
    found = ask("outright_place", said, ("a", "b", "c", "d"), places="2")
    assert found == {**dict.fromkeys("abc", Outcome(won=Fraction(2, 3))), "d": LOST}
    dead_heat = Ended(named={"top_scorer": ("a", "z")})
    assert ask("top_scorer", dead_heat, ("a", "b", "other")) == {
        "a": HALF,
        "b": LOST,
        "other": HALF,
    }
    with pytest.raises(Malformed):
        ask("top_scorer", dead_heat, ("a", "b"))


@pytest.mark.parametrize(
    ("kind", "ended", "values"),
    [
        ("half_1x2", Ended(counts={"score": {"match": "2-1"}}), {"half": "1"}),
        ("half_1x2", Ended(counts={"score": {"2": "2-1"}}), {"half": "1"}),
        ("corners_1x2", Ended(counts={"score": {"match": "2-1"}}), {}),
        ("1x2", Ended(counts={"score": {"1": "2-1"}}), {}),
        ("1x2", Ended(), {}),
    ],
)
def test_what_nobody_has_told_yet_leaves_a_market_open(
    kind: str, ended: Ended, values: dict[str, str]
) -> None:
    assert ask(kind, ended, THREE, **values) is None


def test_the_scorers_follow_from_a_score_to_nil_alone() -> None:
    goals = ("home", "none", "away")

    nil = ask("last_goal", Ended(counts={"score": {"match": "0-0"}}), goals)
    won = ask("first_goal", Ended(counts={"score": {"match": "0-2"}}), goals)
    open_still = ask("first_goal", Ended(counts={"score": {"match": "1-2"}}), goals)

    assert nil == {"home": LOST, "none": WON, "away": LOST}
    assert won == {"home": LOST, "none": LOST, "away": WON}
    assert open_still is None


def test_of_an_event_that_was_abandoned_what_was_completed_stands() -> None:
    ended = Ended(
        counts={"score": {"1": "1-0"}}, scorers=("home",), named={"to_qualify": ("home",)},
        abandoned=True,
    )  # fmt: skip
    goals = ("home", "none", "away")

    assert ask("1x2", ended, THREE) == dict.fromkeys(THREE, VOID)
    assert ask("half_1x2", ended, THREE, half="1") == {"home": WON, "draw": LOST, "away": LOST}
    assert ask("half_1x2", ended, THREE, half="2") == dict.fromkeys(THREE, VOID)
    assert ask("first_goal", ended, goals) == {"home": WON, "none": LOST, "away": LOST}
    assert ask("next_goal", ended, goals, goal="2") == dict.fromkeys(goals, VOID)
    assert ask("last_goal", ended, goals) == dict.fromkeys(goals, VOID)
    assert ask("to_qualify", ended, SIDES) == {"home": WON, "away": LOST}
    assert ask("outright_winner", ended, ("a",)) == {"a": VOID}
    race = Ended(abandoned=True)
    assert ask("race_winner", race, ("1", "2"), sport="golf") == {"1": VOID, "2": VOID}


def test_whoever_gives_up_has_lost_if_a_set_was_completed() -> None:
    at_once = Ended(counts={"games": {}}, retired=True, named={"match_winner": ("home",)})
    later = Ended(counts={"games": {"1": "4-6"}}, retired=True, named={"match_winner": ("home",)})
    unsaid = Ended(counts={"games": {"1": "4-6"}}, retired=True)

    def tennis(kind: str, ended: Ended, **values: str) -> dict[str, Outcome] | None:
        codes = TWO if "total" in kind else SIDES
        return ask(kind, ended, codes, sport="tennis", **values)

    assert tennis("match_winner", at_once) == dict.fromkeys(SIDES, VOID)
    assert tennis("match_winner", later) == {"home": WON, "away": LOST}
    assert tennis("match_winner", unsaid) is None
    assert tennis("total_games", later, line="20.5") == dict.fromkeys(TWO, VOID)
    assert tennis("set_winner", later, set="1") == {"home": LOST, "away": WON}
    assert tennis("set_winner", later, set="2") == dict.fromkeys(SIDES, VOID)


def test_who_is_withdrawn_is_said_before_the_order_or_with_it() -> None:
    first, more = gone("5", price="4", order=None), gone("7", factor="0.1")
    both = registry.put_together(first, more)
    assert both is not None
    assert [one.runner for one in both.withdrawn] == ["5", "7"]
    assert both.runners == ("3", "5", "7")
    assert registry.put_together(both, more) == both
    assert registry.put_together(both, gone("9", price="4")) is None
    assert registry.put_together(both, gone("5", price="5")) is None


@pytest.mark.parametrize(
    ("ended", "field"),
    [
        (Ended(counts={"kicks": {"match": "1-0"}}), "counts.kicks"),
        (Ended(counts={"scorers": {"match": "1-0"}}), "counts.scorers"),
        (Ended(counts={"score": {"first": "1-0"}}), "counts.score.first"),
        (Ended(counts={"score": {"0": "1-0"}}), "counts.score.0"),
        (Ended(counts={"score": {"21": "1-0"}}), "counts.score.21"),
        (Ended(counts={"score": {"²": "1-0"}}), "counts.score"),
        (Ended(counts={"score": {"match": "1-"}}), "counts.score.match"),
        (Ended(counts={"score": {"match": "-1-0"}}), "counts.score.match"),
        (Ended(counts={"score": {"match": "1000-0"}}), "counts.score.match"),
        (Ended(counts={"score": {"match": "1-0", "1": "2-0"}}), "more than the match"),
        (Ended(counts={"score": {"match": "2-0", "1": "1-0", "2": "0-0"}}), "come to the match"),
        (Ended(counts={"score": {"match": "2-0"}}, scorers=("home",)), "scorers"),
        (Ended(scorers=("left",)), "scorers"),
        (Ended(order=(("1",), ("1",))), "order"),
        (Ended(order=((),)), "order"),
        (Ended(order=tuple((str(number),) for number in range(201))), "order"),
        (Ended(order=(("1",),), non_runners=("1",)), "non_runners"),
        (gone("5", price="4", runners=()), r"withdrawn\[0\]\.runner"),
        (gone("3", price="4"), r"withdrawn\[0\]\.runner"),
        (gone("5"), r"withdrawn\[0\]"),
        (gone("5", price="4", factor="0.1"), r"withdrawn\[0\]"),
        (gone("5", price="1"), r"withdrawn\[0\]\.price"),
        (gone("5", deduction_pence=-5), r"withdrawn\[0\]\.deduction_pence"),
        (gone("5", deduction_pence=95), r"withdrawn\[0\]\.deduction_pence"),
        (gone("5", deduction_pence=12), r"withdrawn\[0\]\.deduction_pence"),
        (gone("5", factor="0"), r"withdrawn\[0\]\.factor"),
        (gone("5", factor="1"), r"withdrawn\[0\]\.factor"),
        (gone("5", at="noon", price="4"), r"withdrawn\[0\]\.at"),
        (MANY_GONE, "withdrawn"),
        (Ended(named={"to_qualify": ()}), "named"),
        (Ended(named={"to_qualify": ("home", "home")}), "named"),
    ],
)
def test_what_cannot_have_happened_is_malformed(ended: Ended, field: str) -> None:
    with pytest.raises(Malformed, match=field):
        registry.check_ended(ended, sport="football", field="ended")


@pytest.mark.parametrize(
    ("kind", "codes", "values", "field"),
    [
        ("moon_landing", SIDES, {}, "kind"),
        ("moneyline", SIDES, {}, "kind"),
        ("half_1x2", THREE, {}, "specifiers"),
        ("half_1x2", THREE, {"half": "3"}, "specifiers"),
        ("half_1x2", THREE, {"half": "01"}, "specifiers"),
        ("half_1x2", THREE, {"half": "1", "map": "1"}, "specifiers"),
        ("period_1x2", THREE, {"period": "3"}, "specifiers"),
        ("half_total", TWO, {"half": "1", "line": "0.3"}, "specifiers"),
        ("half_total", TWO, {"half": "1", "line": "1.50"}, "specifiers"),
        ("half_total", TWO, {"half": "1", "line": "-0.5"}, "specifiers"),
        ("half_total", TWO, {"half": "1", "line": "1e9"}, "specifiers"),
        ("half_total", TWO, {"half": "1", "line": "1/2"}, "specifiers"),
        ("team_total", TWO, {"side": "left", "line": "1.5"}, "specifiers"),
        ("european_handicap", THREE, {"start": "0-1"}, "specifiers"),
        ("european_handicap", THREE, {"start": "0:99"}, "specifiers"),
        ("european_handicap", THREE, {"start": "00:1"}, "specifiers"),
        ("1x2", SIDES, {}, "selections"),
        ("1x2", (*THREE, "home"), {}, "selections"),
        ("1x2", (), {}, "selections"),
        ("correct_score", ("2-01",), {}, "selections"),
        ("correct_score", ("2:1",), {}, "selections"),
        ("correct_score", ("2-1", "rest"), {}, "selections"),
        ("exact_total", ("1", "1+"), {}, "selections"),
        ("exact_total", ("-1",), {}, "selections"),
        ("winning_margin", ("home_1-3", "home_2"), {}, "selections"),
        ("winning_margin", ("home_3-1",), {}, "selections"),
        ("winning_margin", ("home_0",), {}, "selections"),
        ("outright_winner", ("a b",), {}, "selections"),
        ("outright_winner", tuple(map(str, range(201))), {}, "selections"),
    ],
)
def test_a_market_that_its_kind_does_not_know_is_malformed(
    kind: str, codes: tuple[str, ...], values: dict[str, str], field: str
) -> None:
    with pytest.raises(Malformed) as found:
        ask(kind, FULL, codes, **values)

    assert found.value.field == f"market.{field}"


@pytest.mark.parametrize(
    ("sport", "kind", "values"),
    [
        ("tennis", "set_winner", {"set": "1"}),
        ("ice_hockey", "period_1x2", {"period": "3"}),
        ("basketball", "half_1x2", {"half": "2"}),
        ("esports", "map_winner", {"map": "3"}),
        ("curling", "1x2", {}),
    ],
)
def test_a_sport_is_offered_its_own_parts(sport: str, kind: str, values: dict[str, str]) -> None:
    codes = SIDES if "winner" in kind else THREE

    registry.check_market(kind, sport=sport, line=None, specifiers=values, codes=codes, field="")
    with pytest.raises(Malformed):
        registry.check_market(
            "half_1x2",
            sport="ice_hockey",
            line=None,
            specifiers={"half": "1"},
            codes=THREE,
            field="",
        )


@pytest.mark.parametrize("code", ["7>7", "7", "7>2>1", "7+2", "7>", "7>2 "])
def test_what_is_no_order_of_runners_is_malformed(code: str) -> None:
    with pytest.raises(Malformed, match="selections"):
        ask("forecast", RACE, (code,), sport="horse_racing")
    with pytest.raises(Malformed, match="selections"):
        ask("reverse_forecast", RACE, (code.replace(">", "+"),), sport="horse_racing")


def test_more_before_than_in_all_is_malformed() -> None:
    with pytest.raises(Malformed, match="score"):
        ask("rest_1x2", FULL, THREE, score="0:2")
