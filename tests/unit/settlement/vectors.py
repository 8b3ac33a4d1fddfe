"""Published settlement vectors, read in place; absent ones skip with a reason."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.settlement.model import Leg, Result, Terms

Row = dict[str, Any]

DATA = Path(__file__).parents[3] / ".." / "shared" / "data"
CENT_MICROS = 10_000
UNIT_MICROS = 1_000_000


def load(name: str, list_name: str) -> list[Row]:
    """Return one list of a vector file, or nothing where the file is absent."""
    path = DATA / "settlement" / name
    if not path.exists():
        return []
    rows: list[Row] = json.loads(path.read_text())[list_name]
    return rows


def load_season() -> list[dict[str, str]]:
    """Return the matches of a published season, or nothing where the file is absent."""
    path = DATA / "football" / "E0_2023-24_full.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def params(
    rows: list[Row], *, name: Callable[[Row], str], doubt: Callable[[Row], str | None]
) -> list[Any]:
    """Return the rows as named parameters; those in doubt are skipped with their reason."""
    if not rows:
        absent = pytest.mark.skip(reason="the published vectors are not at ../shared/data")
        return [pytest.param({}, marks=absent, id="absent")]
    return [
        pytest.param(row, id=name(row), marks=[pytest.mark.skip(reason=why)] if why else [])
        for row, why in ((row, doubt(row)) for row in rows)
    ]


def exact_price(row: Row) -> Fraction:
    """Return the decimal price of a row that quotes it in any of three formats."""
    if "fractional" in row:
        return 1 + Fraction(row["fractional"])
    if "american" in row:
        points = Fraction(row["american"])
        return 1 + (points / 100 if points > 0 else 100 / -points)
    return Fraction(row.get("decimal") or row["odds"])


def bet_on(
    ended: list[tuple[Fraction, Result]],
    *,
    stake: str | Fraction,
    rounding: Rounding,
    minor_unit_micros: int = CENT_MICROS,
) -> tuple[Terms, dict[SelectionId, Result]]:
    """Return a bet with a leg for each price, and how its selections ended."""
    legs = tuple(
        Leg(selection_id=SelectionId(f"selection {place}"), price=price)
        for place, (price, _) in enumerate(ended)
    )
    terms = Terms(
        bet_id=BetId("bet"),
        stake_micros=int(Fraction(stake) * UNIT_MICROS),
        minor_unit_micros=minor_unit_micros,
        rounding=rounding,
        legs=legs,
    )
    return terms, {leg.selection_id: result for leg, (_, result) in zip(legs, ended, strict=True)}
