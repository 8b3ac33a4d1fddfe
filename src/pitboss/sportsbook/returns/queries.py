"""What other rooms ask of the arithmetic.  Pure, but for the tables, which are read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TypeVar

from pitboss.kernel.errors import Malformed
from pitboss.kernel.price import parse_price
from pitboss.sportsbook.returns.model import (
    BetType,
    Bundle,
    Chances,
    EachWayTable,
    Ending,
    Outcome,
    PlaceTerms,
    Returns,
    Rule4Table,
    Ticket,
    parse_share,
)
from pitboss.sportsbook.returns.rules import bets, cash_out, goals, legs, lines, tables

T = TypeVar("T")

# The table by which deductions are announced.
ANNOUNCED_BY = "tattersalls.v1"


def work_out(
    ticket: Ticket, endings: Sequence[Ending], *, cashed: Fraction = Fraction(0)
) -> Returns:
    """Return what a bet pays; see `rules.bets.work_out`, and raises as it does."""
    return bets.work_out(ticket, endings, cashed=cashed)


def fair_value(
    ticket: Ticket, endings: Sequence[Ending], chances: Sequence[tuple[Chances, Chances]]
) -> Fraction:
    """Return what a bet is worth in micros; see `rules.bets.fair_value`, and raises as it does."""
    return bets.fair_value(ticket, endings, chances)


def by_difference(difference: Fraction) -> Outcome:
    """Return how a selection ended that is ahead of its line by so much; see `rules.goals`."""
    return goals.by_difference(difference)


def finished(position: int | None, *, tied: int = 1, places: int = 1) -> Outcome:
    """Return how a runner ended that finished there; see `rules.legs.finished`."""
    return legs.finished(position, tied=tied, places=places)


def count_lines(bundles: Sequence[Bundle]) -> int:
    """Return how many lines these bundles are."""
    return lines.count(bundles)


def buy_back_offer(
    value_micros: Fraction, *, margin: Fraction, share: Fraction, minor_unit_micros: int
) -> int:
    """Return what is offered for a share (0 to 1) of a bet that is worth so much, in micros.

    Less the house's margin, and rounded down; raises as `rules.cash_out.step` does.
    """
    return cash_out.step(
        value_micros * (1 - margin),
        before=Fraction(0),
        after=share,
        minor_unit_micros=minor_unit_micros,
    )


def reduced(price: Fraction, removals: Sequence[Fraction]) -> Fraction:
    """Return a price after reduction factors; see `rules.legs.reduced`."""
    return legs.reduced(price, removals)


def bet_types() -> tuple[BetType, ...]:
    """Return every bet that has a name."""
    return tuple(_bet_types().values())


def bet_type(code: str) -> BetType:
    """Return the bet with this name.

    Raises:
        Malformed: there is none.
    """
    return _found(_bet_types(), code, "bet_type")


def rule4_deduction(
    version: str, withdrawn: Sequence[Fraction], *, announced: Sequence[Fraction] = ()
) -> Fraction:
    """Return the share that Rule 4 takes from winnings, by the table of this version.

    Args:
        version: of the table.
        withdrawn: decimal prices of runners when they were withdrawn.
        announced: shares that were announced for other runners, without a price.

    Raises:
        Malformed: there is no such table, or a decimal price is not above 1.
    """
    return tables.rule4(_found(_rule4(), version, "version"), withdrawn, announced=announced)


def check_withdrawal(
    *, price: str | None, deduction_pence: int | None, factor: str | None, field: str
) -> None:
    """Refuse what no withdrawn runner takes from bets.

    Exactly one of them says it: the runner's decimal price then, the deduction that was announced,
    in pence in the pound, or the reduction factor of an exchange.

    Raises:
        Malformed: there is none, or two; the price is none; Tattersalls' table has no such
            deduction; or the factor is not a share above 0 and below 1.
    """
    if sum(said is not None for said in (price, deduction_pence, factor)) != 1:
        raise Malformed(
            field, "a withdrawn runner has a price, a deduction or a factor, and one of them alone"
        )
    if price is not None:
        try:
            parse_price(price)
        except Malformed as error:
            raise Malformed(f"{field}.price", error.message) from None
    if deduction_pence is not None:
        pence = sorted(int(share * 100) for _, share in _rule4()[ANNOUNCED_BY].bands)
        # Over 14/1 nothing is deducted, which may be announced as well.
        if deduction_pence not in (0, *pence):
            raise Malformed(
                f"{field}.deduction_pence",
                f"Rule 4 deducts 0, or {pence[0]} to {pence[-1]} pence in the pound in steps of 5",
            )
    if factor is not None and parse_share(factor, field=f"{field}.factor") in (0, 1):
        raise Malformed(f"{field}.factor", "a reduction factor is above 0 and below 1")


def each_way_terms(version: str, runners: int, *, handicap: bool) -> PlaceTerms:
    """Return the place terms of a race, by the table of this version.

    Raises:
        Malformed: there is no such table, or it has nothing for so few runners.
    """
    return tables.each_way(_found(_each_way(), version, "version"), runners, handicap=handicap)


@cache
def _bet_types() -> Mapping[str, BetType]:
    return tables.read_bet_types(_text("bet_types.toml"))


@cache
def _rule4() -> Mapping[str, Rule4Table]:
    return tables.read_rule4(_text("rule4.toml"))


@cache
def _each_way() -> Mapping[str, EachWayTable]:
    return tables.read_each_way(_text("each_way.toml"))


def _text(name: str) -> str:
    folder = resources.files("pitboss.sportsbook.returns")
    return (folder / "tables" / name).read_text(encoding="utf-8")


def _found(table: Mapping[str, T], key: str, field: str) -> T:
    if key not in table:
        raise Malformed(field, f"{key[:40]!r} is none of {', '.join(table)}")
    return table[key]
