"""What others have published about returns, each case asked of our arithmetic.

The data is read where it is, and is not part of this repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from pitboss.kernel.errors import Malformed
from pitboss.kernel.odds import OddsFormat, read_odds
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    OPEN,
    VOID,
    WON,
    Bundle,
    Ending,
    Leg,
    Outcome,
    Parts,
    StakeKind,
    Ticket,
)
from pitboss.sportsbook.returns.rules import bets, goals, legs, lines

Row = dict[str, Any]
DATA = Path(__file__).parents[3] / ".." / "shared" / "data" / "settlement"
UNIT, CENT = 1_000_000, 10_000
ENDED = {"win": WON, "half_win": HALF_WON, "half_lose": HALF_LOST, "push": VOID}
STATES = {"WON": WON, "LOST": LOST, "VOID": VOID, "OPEN": None}


def load(name: str) -> dict[str, Any]:
    """Return one file of published cases."""
    found: dict[str, Any] = json.loads((DATA / name).read_text())
    return found


def ticket(
    prices: list[Fraction],
    kind: str | tuple[Bundle, ...],
    unit: str | Fraction,
    *,
    parts: Parts = Parts.WIN,
    terms: list[Fraction] | None = None,
    stake: StakeKind = StakeKind.CASH,
) -> Ticket:
    """Return a bet to the cent; every leg has place terms, of 1/1 unless they are given."""
    bundles = returns.bet_type(kind).bundles if isinstance(kind, str) else kind
    fractions = terms or [Fraction(1)] * len(prices)
    struck = [Leg(price=p, place_fraction=f) for p, f in zip(prices, fractions, strict=True)]
    return Ticket(
        legs=tuple(struck),
        bundles=bundles,
        unit_micros=Fraction(unit) * UNIT,
        minor_unit_micros=CENT,
        parts=parts,
        stake=stake,
    )


def bundles_of(name: str, selections: int) -> tuple[Bundle, ...]:
    """Return the lines of a bet as the published cases name it."""
    perms = re.fullmatch(r"(?:Variable)?Perms\(([\d, ]+)\)", name)
    if perms:
        sizes = tuple(int(size) for size in perms[1].split(","))
        return (Bundle(legs=tuple(range(selections)), sizes=sizes),)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return returns.bet_type(words).bundles


def cases() -> Iterator[tuple[str, Callable[[], bool]]]:
    """Yield every published case: its name, and whether we agree."""
    for row in load("bet_types.json")["capture"]:
        yield row["test"], partial(captured, row)
    for row in load("bet_types.json")["settlement"]:
        yield row["test"], partial(partly_settled, row)
    for i, row in enumerate(load("bet_types.json")["leg_factors"]):
        yield f"leg_factors[{i}]", partial(leg_factor, row)
    for i, row in enumerate(load("bet_types.json")["dead_heat_factors"]):
        yield f"dead_heat_factors[{i}]", partial(dead_heat, row)
    for row in load("accumulators_each_way.json")["vectors"]:
        yield row["name"], partial(accumulator, row)
    for i, row in enumerate(load("football_markets.json")["rows"]):
        yield f"{row['market']}[{i}]", partial(football_row, row)
    for row in load("published_worked_examples.json")["vectors"]:
        if row["status"] != "policy":  # a sentence without numbers
            yield row["id"], partial(worked, row)
    for number, row in enumerate(load("rule4_tables.json")["fractional_bands"]):
        yield f"rule4[{number}]", partial(rule4_band, row["price"], row["pence"])


def deviating() -> set[str]:
    """Return the names of the cases where we do not agree, or which we do not offer."""
    return {name for name, agrees in cases() if not _agrees(agrees)}


def _agrees(case: Callable[[], bool]) -> bool:
    try:
        return case()
    except Malformed:
        return False


def captured(row: Row) -> bool:
    """Whether a bet has as many lines, costs as much and can pay as much as is published."""
    bet = _raw(row["test"]) if row["legs"] is None else None
    if bet is None and row["legs"] is not None:
        prices = [Fraction(price) for price in row["legs"]]
        bet = ticket(prices, bundles_of(row["bet_type"], len(prices)), row["unit_stake"])
    if bet is None:
        grouped = _grouped(row["test"])
        return grouped == (Fraction(row["unit_count"]), Fraction(row["max_return"]))
    # A return of 833.125 is published unrounded.
    fine = Ticket(**{name: getattr(bet, name) for name in bet.__slots__} | {"minor_unit_micros": 1})
    found = returns.work_out(fine, [OPEN] * len(bet.legs))
    count = lines.count(bet.bundles) * bet.parts.bets
    return (
        count == int(row["unit_count"])
        and found.stake_micros == Fraction(row["stake"]) * UNIT
        and found.max_micros == Fraction(row["max_return"]) * UNIT
    )


def _raw(name: str) -> Ticket | None:
    """Return the bets that are published as code, without names for their parts."""
    two, three, four, five = (Fraction(n) for n in (2, 3, 4, 5))
    half, quarter, whole = Fraction(1, 2), Fraction(1, 4), Fraction(1)
    match name:
        case "calculateEachWaySingleBet":
            return ticket([two], "single", "10", parts=Parts.EACH_WAY, terms=[half])
        case "calculatePlaceSingleBet":
            return ticket([two], "single", "10", parts=Parts.PLACE, terms=[half])
        case "calculateEachWayPatentBetWithEquallyDividedFormula":
            return ticket(
                [two, three, four],
                "patent",
                "10",
                parts=Parts.EACH_WAY_DIVIDED,
                terms=[quarter, quarter, whole],
            )
        case "calculatePermsWithBankersBet":
            lines_ = (Bundle(legs=(1, 2, 3), sizes=(2,), bankers=(0,)),)
            return ticket([two, three, four, five], lines_, "1")
    return None


def _grouped(name: str) -> tuple[Fraction, Fraction]:
    """Return lines and returns of bets on groups: a group counts as a leg with its own sum."""

    def perms(size: int, *values: int, banker: int | None = None) -> tuple[Fraction, Fraction]:
        factors = [Fraction(value) for value in (*values, *([banker] if banker else []))]
        bankers = (len(values),) if banker else ()
        bundle = Bundle(legs=tuple(range(len(values))), sizes=(size,), bankers=bankers)
        return Fraction(lines.count([bundle])), lines.total([bundle], factors)

    def over(
        size: int,
        groups: list[tuple[Fraction, Fraction]],
        banker: tuple[Fraction, Fraction] | None = None,
    ) -> tuple[Fraction, Fraction]:
        bundle = Bundle(legs=tuple(range(len(groups))), sizes=(size,))
        both = [lines.total([bundle], [group[i] for group in groups]) for i in (0, 1)]
        return (both[0], both[1]) if banker is None else (both[0] * banker[0], both[1] * banker[1])

    match name:
        case "calculatePermsBetWithAccumulatorGroups":
            return over(2, [perms(2, 2, 3), perms(1, 4), perms(1, 5)])
        case "calculatePermsBetWithPermsGroups":
            return over(2, [perms(2, 2, 3, 4), perms(1, 5, 6), perms(1, 7, 8)])
        case "calculatePermsBetWithPermsBankerGroupsWithBankerLegs":
            groups = [
                perms(2, 5, 6, 7, banker=4),
                perms(1, 9, 10, banker=8),
                perms(1, 12, 13, banker=11),
            ]
            return over(2, groups, banker=perms(1, 2, 3))
    raise Malformed("bet_type", f"{name} is not offered")


def partly_settled(row: Row) -> bool:
    """Whether a bet with some results pays, and could pay, as much as is published."""
    prices = [Fraction(price) for price, _ in row["legs"]]
    bet = ticket(prices, bundles_of(row["bet_type"], len(prices)), row["unit_stake"])
    found = returns.work_out(bet, [Ending(win=STATES[state]) for _, state in row["legs"]])
    return (found.current_micros, found.max_micros) == (
        int(row["current_return"]) * UNIT,
        int(row["max_return"]) * UNIT,
    )


def leg_factor(row: Row) -> bool:
    """Whether a leg multiplies its stake by as much as is published."""
    won, void = Fraction(row["win_factor"]), Fraction(row["void_factor"])
    leg = Leg(price=Fraction(row["price"]), place_fraction=Fraction(row["place_odds_factor"]))
    price = leg.price if row["part"] == "WIN" else legs.place_price(leg)
    return legs.factor(Outcome(won=won, void=void), price) == Fraction(row["factored_price"])


def dead_heat(row: Row) -> bool:
    """Whether a runner's position is worth the published share."""
    place_only = row["fraction"] == "1/1"
    places = row["places"] if row["part"] == "PLACE" or place_only else 1
    found = legs.finished(row["position"], tied=row["shared_among"], places=places)
    return found == Outcome(won=Fraction(row["win_factor"]))


def accumulator(row: Row) -> bool:
    """Whether an accumulator, perhaps each way, costs and pays what is published."""
    if not row["runners"]:
        return Fraction(row["unit_stake"]) == 0 == Fraction(row["expected"]["returns"])
    prices = [read_odds(r["odds"], OddsFormat.FRACTIONAL) for r in row["runners"]]
    parts = Parts.EACH_WAY if row["each_way"] else Parts.WIN
    terms = [Fraction(r["terms"]) for r in row["runners"]]
    bet = ticket(prices, row["type"], row["unit_stake"], parts=parts, terms=terms)
    found = returns.work_out(bet, [_finished(r["position"]) for r in row["runners"]])
    return (
        found.stake_micros == Fraction(row["expected"]["totalStake"]) * UNIT
        and found.current_micros == Fraction(row["expected"]["returns"]) * UNIT
    )


def _finished(position: int) -> Ending:
    if position == -1:
        return Ending(win=VOID, place=VOID)
    return Ending(win=WON if position == 1 else LOST, place=WON if position else LOST)


def football_row(row: Row) -> bool:
    """Whether a selection ends on a score as published."""
    return football(row) == str(row["expected"])


def football(row: Row) -> str:
    """Return how a selection ended by our rules, in the published words."""
    selection = row["selection"]
    text = row["score"]
    if text.startswith("{"):
        period = json.loads(text)["1"]
        score = int(period["home"]), int(period["away"])
    else:
        home, _, away = text.partition("-")
        score = int(home), int(away)
    outcome = _football_outcome(row["market"], selection, score)
    names = ((WON, "WON"), (LOST, "LOST"), (VOID, "VOID"), (HALF_WON, "HALF_WON"))
    return dict(names).get(outcome, "HALF_LOST")


def _football_outcome(market: str, selection: Row, score: tuple[int, int]) -> Outcome:
    side = str(selection.get("side", selection.get("name", "")))
    own, other = score if side.lower() in {"home", "1"} else score[::-1]
    match market:
        case "asian_handicap":
            return goals.handicap(own, other, Fraction(selection["line"]))
        case "total_goals" | "1h_total_goals":
            line = Fraction(selection["line"])
            return goals.total(sum(score), line, over=side.lower() == "over")
        case "draw_no_bet":
            return goals.draw_no_bet(own, other)
        case "double_chance":
            return goals.double_chance(score, CHANCES.get(side, side))
        case "btts":
            return goals.both_score(score, yes=side.lower() == "yes")
        case "odd_even":
            return goals.odd_or_even(score, odd=side.lower() == "odd")
        case _:
            return goals.correct_score(score, _called(selection))


CHANCES = {"Home or Draw": "1X", "Home or Away": "12", "Draw or Away": "X2", "2X": "X2"}


def _called(selection: Row) -> tuple[int, int]:
    """Return the score that was called, which is told from the winner's side."""
    own, _, other = str(selection["name"]).partition("-")
    called = int(own), int(other)
    return called[::-1] if selection["header"] == "Away" else called


def worked(row: Row) -> bool:
    """Whether a worked example comes to the published amount."""
    asked, told = row["input"], row["expected"]
    if row["kind"] == "exchange_reduction_factor":
        factor = Fraction(asked["reduction_factor_pct"]) / 100
        return legs.reduced(Fraction(asked["decimal"]), [factor]) == Fraction(told["new_decimal"])
    if "net_odds" in asked:
        bet = ticket([1 + Fraction(odds) for odds in asked["net_odds"]], "fivefold", "1")
        found = returns.work_out(bet, [Ending(win=ENDED[word]) for word in asked["legs"]])
        return found.current_micros == Fraction(told["total_odds"]) * UNIT
    bet, endings = _worked_bet(row["kind"], asked)
    found = returns.work_out(bet, endings)
    return found.current_micros == Fraction(told["returns"]) * UNIT


def _worked_bet(kind: str, asked: Row) -> tuple[Ticket, list[Ending]]:
    if "odds" in asked and isinstance(asked["odds"], list):
        prices = [Fraction(price) for price in asked["odds"]]
        all_of_them = tuple(range(len(prices)))
        if kind == "system":
            bundles = (Bundle(legs=all_of_them, sizes=(2,)),)
            unit = bets.unit_of_total(int(asked["total_stake"]), bundles, Parts.WIN)
        else:
            bundles, unit = (Bundle(legs=all_of_them, sizes=(len(prices),)),), asked["stake"]
        return ticket(prices, bundles, unit), [Ending(win=ENDED[word]) for word in asked["legs"]]
    price = price_of(asked)
    free = asked.get("mode") == "stake_not_returned"
    bet = ticket(
        [price],
        "single",
        asked.get("stake") or asked.get("unit_stake") or asked["free_stake"],
        parts=Parts.EACH_WAY if kind.startswith("each_way") else Parts.WIN,
        terms=[Fraction(asked.get("terms", "1"))],
        stake=StakeKind.FREE_NOT_RETURNED if free else StakeKind.CASH,
    )
    return bet, [_worked_ending(kind, asked)]


def price_of(asked: Row) -> Fraction:
    """Return the price of an example, which may be quoted in any of three formats."""
    for form in (OddsFormat.FRACTIONAL, OddsFormat.AMERICAN, OddsFormat.DECIMAL):
        if form in asked:
            return read_odds(asked[form], form)
    return read_odds(asked["odds"], OddsFormat.DECIMAL)


def _worked_ending(kind: str, asked: Row) -> Ending:
    if kind == "uof_result_void_factor":
        void = Fraction(asked["void_factor"])
        return Ending(win=Outcome(won=asked["result"] * (1 - void), void=void))
    if kind == "dead_heat":
        left = int(asked.get("places_remaining") or asked["places"])
        return Ending(win=legs.finished(1, tied=asked["tied"], places=left))
    if kind == "asian_handicap":
        line = Fraction(asked["line"])
        return Ending(win=goals.handicap(asked["score_for"], asked["score_against"], line))
    taken = Fraction(asked.get("deduction", "0"))
    won = asked.get("position", 1) == 1
    return Ending(win=WON if won else LOST, place=WON, deduction=taken)


def rule4_band(words: str, pence: int) -> bool:
    """Whether both ends of a published band are deducted as published."""
    ends = re.findall(r"\d+/\d+", words.replace("Evens", "1/1"))
    prices = [1 + Fraction(end) + Fraction("over" in words, 100) for end in ends]
    found = {returns.rule4_deduction("tattersalls.v1", [price]) for price in prices}
    return found == {Fraction(pence, 100)}
