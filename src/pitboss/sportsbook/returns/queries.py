"""What other rooms ask of the arithmetic.  Pure, but for the tables, which are read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import TypeVar

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.returns.model import (
    BetType,
    Chances,
    EachWayTable,
    Ending,
    PlaceTerms,
    Returns,
    Rule4Table,
    Ticket,
)
from pitboss.sportsbook.returns.rules import bets, tables

T = TypeVar("T")


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


def bet_types() -> tuple[BetType, ...]:
    """Return every bet that has a name."""
    return tuple(_bet_types().values())


def bet_type(code: str) -> BetType:
    """Return the bet with this name.

    Raises:
        Malformed: there is none.
    """
    return _found(_bet_types(), code, "bet_type")


def rule4_deduction(version: str, withdrawn: Sequence[Fraction]) -> Fraction:
    """Return the share that Rule 4 takes from winnings, by the table of this version.

    Raises:
        Malformed: there is no such table, or a decimal price is not above 1.
    """
    return tables.rule4(_found(_rule4(), version, "version"), withdrawn)


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
