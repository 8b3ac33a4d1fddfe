"""Laws of markets: somebody is right, nobody twice, and sides can be swapped."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from pitboss.sportsbook import registry
from pitboss.sportsbook.registry.model import (
    ChoiceSpecifier,
    Ended,
    FixedCodes,
    Kind,
    LineSpecifier,
    NumberSpecifier,
    PairSpecifier,
    Rule,
    write_decimal,
)
from pitboss.sportsbook.returns.model import Outcome

NINE = Fraction(9)
RUNNERS = tuple("abcdef")
SCORES = st.integers(0, 9)
FIXED = [
    kind
    for kind in registry.kinds()
    if isinstance(kind.selections, FixedCodes) and kind.rule is not Rule.NAMED
]
SWAPPED = {"home": "away", "away": "home", "1X": "X2", "X2": "1X"}


def values_of(draw: st.DrawFn, kind: Kind) -> dict[str, str]:
    """Return specifiers that a market of this kind can have."""
    values: dict[str, str] = {}
    for item in kind.specifiers:
        match item:
            case LineSpecifier():
                low, high = max(Fraction(item.least), -NINE), min(Fraction(item.most), NINE)
                step = Fraction(item.step)
                steps = draw(st.integers(0, int((high - low) / step)))
                values[item.name] = write_decimal(low + steps * step)
            case NumberSpecifier():
                most = 1 if item.name in ("set", "map") else min(item.most, 2)
                values[item.name] = str(draw(st.integers(item.least, max(most, item.least))))
            case ChoiceSpecifier():
                values[item.name] = draw(st.sampled_from(item.choices))
            case PairSpecifier():
                values[item.name] = "0:0" if item.name == "score" else "1:0"
    return values


@st.composite
def settled(
    draw: st.DrawFn,
) -> tuple[Kind, dict[str, str], dict[str, Outcome], dict[str, Outcome]]:
    """A market of a kind with fixed selections: as it ended, and with the sides swapped."""
    kind = draw(st.sampled_from(FIXED))
    known = {sport.id: sport for sport in registry.sports()}
    sport = known["football"] if kind.sports == ("*",) else known[kind.sports[0]]
    values = values_of(draw, kind)
    number = sport.periods or draw(st.sampled_from((1, 3)))
    periods = [(draw(SCORES), draw(SCORES)) for _ in range(number)]
    if not sport.periods:
        periods = [(home, away + (home == away)) for home, away in periods]
    goals = tuple(draw(st.lists(st.sampled_from(("home", "away")), max_size=4)))
    assert isinstance(kind.selections, FixedCodes)
    found = []
    for swap in (False, True):
        told = {
            str(at + 1): f"{b}-{a}" if swap else f"{a}-{b}" for at, (a, b) in enumerate(periods)
        }
        sources = ("games",) if not sport.periods else ("score", "corners", "cards")
        ended = Ended(
            counts=dict.fromkeys(sources, told) if kind.settles_from != "scorers" else {},
            scorers=tuple(SWAPPED[side] for side in goals) if swap else goals,
        )
        registry.check_ended(ended, sport=sport.id, field="ended")
        line = values.get("line") if kind.id in ("total", "asian_handicap") else None
        asked = {name: value for name, value in values.items() if line is None or name != "line"}
        outcomes = registry.settle(
            kind.id,
            sport=sport.id,
            line=line,
            specifiers=asked,
            codes=kind.selections.codes,
            ended=ended,
        )
        assert outcomes is not None
        found.append(outcomes)
    return kind, values, found[0], found[1]


@given(settled())
def test_of_answers_that_shut_each_other_out_the_shares_are_one(
    case: tuple[Kind, dict[str, str], dict[str, Outcome], dict[str, Outcome]],
) -> None:
    kind, _, outcomes, _ = case
    right = 2 if kind.rule is Rule.DOUBLE_CHANCE else 1

    if all(outcome.void == 1 for outcome in outcomes.values()):
        return
    # A half that is void on one side is void on the other too.
    assert sum(item.won + item.void / len(outcomes) for item in outcomes.values()) == right


@given(settled())
def test_swapping_the_sides_swaps_the_answers_about_them(
    case: tuple[Kind, dict[str, str], dict[str, Outcome], dict[str, Outcome]],
) -> None:
    kind, values, outcomes, swapped = case
    if {"side", "start"} & values.keys() or (kind.rule is Rule.HANDICAP and values["line"] != "0"):
        return
    if kind.rule is Rule.HALF_TIME_FULL_TIME:
        mirrored = {
            "/".join(SWAPPED.get(part, part) for part in code.split("/")): outcome
            for code, outcome in outcomes.items()
        }
    else:
        mirrored = {SWAPPED.get(code, code): outcome for code, outcome in outcomes.items()}

    assert swapped == mirrored


@st.composite
def races(draw: st.DrawFn) -> Ended:
    """A race in which all run, some tie, and some may not finish."""
    runners = draw(st.permutations(RUNNERS))[draw(st.integers(0, 2)) :]
    ties = draw(st.lists(st.booleans(), min_size=len(RUNNERS), max_size=len(RUNNERS)))
    order: list[tuple[str, ...]] = []
    for runner, tie in zip(runners, ties, strict=False):
        if order and tie:
            order[-1] = (*order[-1], runner)
        else:
            order.append((runner,))
    return Ended(order=tuple(order))


@given(race=races(), places=st.integers(2, 8))
def test_as_many_places_are_paid_as_there_are(race: Ended, places: int) -> None:
    won = ask("race_winner", race, RUNNERS)
    placed = ask("race_place", race, RUNNERS, places=str(places))
    finished = sum(map(len, race.order or ()))

    assert sum(outcome.won for outcome in won.values()) == 1
    assert sum(outcome.won for outcome in placed.values()) == min(places, finished)
    assert all(placed[runner].won >= won[runner].won for runner in RUNNERS)


@given(race=races())
def test_the_orders_of_a_race_share_one_win(race: Ended) -> None:
    for kind, size in (("forecast", 2), ("tricast", 3)):
        straight = ask(kind, race, tuple(map(">".join, permutations(RUNNERS, size))))
        mixed = ask(f"reverse_{kind}", race, tuple(map("+".join, combinations(RUNNERS, size))))

        assert sum(outcome.won for outcome in straight.values()) == 1
        assert sum(outcome.won for outcome in mixed.values()) == 1
        for code, outcome in mixed.items():
            orders = map(">".join, permutations(code.split("+")))
            assert outcome.won == sum((straight[order].won for order in orders), Fraction(0))


def ask(kind: str, race: Ended, codes: tuple[str, ...], **values: str) -> dict[str, Outcome]:
    """Return how a market of a race ended, which its kind knows."""
    registry.check_market(
        kind, sport="horse_racing", line=None, specifiers=values, codes=codes, field="market"
    )
    found = registry.settle(
        kind, sport="horse_racing", line=None, specifiers=values, codes=codes, ended=race
    )
    assert found is not None
    return found
