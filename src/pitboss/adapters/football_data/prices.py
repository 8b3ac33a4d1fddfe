"""Which bookmaker's prices a market of a season file takes: the first that can be trusted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from pitboss.adapters.football_data.model import HandicapPrices, MatchResultPrices, TotalPrices
from pitboss.adapters.football_data.text import Header, Row
from pitboss.kernel.errors import Malformed
from pitboss.kernel.price import parse_price

Columns = tuple[str, ...]
Prices = TypeVar("Prices", MatchResultPrices, TotalPrices, HandicapPrices)

# The longest price that an exchange takes.
SEASON_PRICE_MAX = Fraction(1000)
LINE_STEP = Fraction(1, 4)
LINE_MAX = Fraction(20)

# What a set of prices adds up to (the sum of 1/price).  The best of many bookmakers may fall a
# little below one; far from it, a price has lost its decimal point or its neighbours.
BOOK_MIN = Fraction(4, 5)
BOOK_MAX = Fraction(3, 2)

# In order of preference: the sharpest bookmaker (PS, or P, is Pinnacle), the most complete one,
# the average and then the best of many (Bb is Betbrain, until 2019).
_PREFERRED = ("PS", "P", "B365", "Avg", "BbAv", "Max", "BbMx")
_OTHERS = (
    *("BW", "WH", "VC", "IW", "LB", "GB", "SB", "SJ", "SO", "SY", "BS"),
    *("BF", "BFD", "BMGM", "BV", "CL", "1XB", "PP", "SKB", "BFE"),
)
# A handicap's prices hold at their own line; some bookmakers used to have one for themselves.
_HANDICAPS = (
    *(("AHh", "P"), ("B365AH", "B365"), ("AHh", "B365"), ("AHh", "Avg"), ("BbAHh", "BbAv")),
    *(("AHh", "Max"), ("BbAHh", "BbMx"), ("GBAH", "GB"), ("LBAH", "LB"), ("AHh", "BFE")),
)

MATCH_RESULT_COLUMNS = tuple((f"{b}H", f"{b}D", f"{b}A") for b in (*_PREFERRED, *_OTHERS))
TOTAL_COLUMNS = tuple((f"{b}>2.5", f"{b}<2.5") for b in (*_PREFERRED, "GB", "BFE"))
HANDICAP_COLUMNS = tuple((line, f"{b}AHH", f"{b}AHA") for line, b in _HANDICAPS)

_LINE = re.compile(r"[+-]?(?:[0-9]{1,2}(?:\.[0-9]{0,4})?|\.[0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmakers:
    """The sets of price columns that a file has, in order of preference."""

    match_result: tuple[Columns, ...]
    total_2_5: tuple[Columns, ...]
    asian_handicap: tuple[Columns, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[Prices]):
    """The prices of a market in one row, and the columns that gave them."""

    prices: Prices
    columns: Columns


def find_bookmakers(header: Header) -> Bookmakers:
    """Return the sets of price columns that a file has."""
    return Bookmakers(
        match_result=tuple(columns for columns in MATCH_RESULT_COLUMNS if header.has(*columns)),
        total_2_5=tuple(columns for columns in TOTAL_COLUMNS if header.has(*columns)),
        asian_handicap=tuple(columns for columns in HANDICAP_COLUMNS if header.has(*columns)),
    )


def get_match_result(row: Row, bookmakers: Bookmakers) -> Found[MatchResultPrices] | None:
    """Return the prices of the row's 1X2, or None if the file has no columns for it.

    Raises:
        Malformed: it has, and none of them are usable in this row.
    """
    found = _find(row, bookmakers.match_result, _match_result)
    if bookmakers.match_result and found is None:
        raise _unusable(row, bookmakers.match_result)
    return found


def find_total(row: Row, bookmakers: Bookmakers) -> Found[TotalPrices] | None:
    """Return the prices of over and under 2.5, if any bookmaker's are usable in this row."""
    return _find(row, bookmakers.total_2_5, _total)


def find_handicap(row: Row, bookmakers: Bookmakers) -> Found[HandicapPrices] | None:
    """Return the line and prices of the handicap, if any bookmaker's are usable in this row."""
    return _find(row, bookmakers.asian_handicap, _handicap)


def _find(
    row: Row, sets: Sequence[Columns], read: Callable[[Row, Columns], Prices]
) -> Found[Prices] | None:
    for columns in sets:
        try:
            return Found(prices=read(row, columns), columns=columns)
        except Malformed:
            continue
    return None


def _unusable(row: Row, sets: Sequence[Columns]) -> Malformed:
    """Return why no 1X2 is usable: the first broken cell if any, or else the first empty one."""
    faults: list[Malformed] = []
    for columns in sets:
        try:
            _match_result(row, columns)
        except Malformed as fault:
            faults.append(fault)
    worst = next((fault for fault in faults if row.cell(fault.field)), faults[0])
    return Malformed(worst.field, f"{worst.message}, and no other bookmaker's prices are usable")


def _match_result(row: Row, columns: Columns) -> MatchResultPrices:
    home, draw, away = _prices(row, columns)
    return MatchResultPrices(home=home, draw=draw, away=away)


def _total(row: Row, columns: Columns) -> TotalPrices:
    over, under = _prices(row, columns)
    return TotalPrices(over=over, under=under)


def _handicap(row: Row, columns: Columns) -> HandicapPrices:
    line = _line(row, columns[0])
    home, away = _prices(row, columns[1:])
    return HandicapPrices(line=line, home=home, away=away)


def _line(row: Row, column: str) -> Fraction:
    text = row.needed(column)
    if not _LINE.fullmatch(text):
        raise Malformed(column, "is not a handicap such as -0.75")
    line = Fraction(text)
    if line % LINE_STEP or abs(line) > LINE_MAX:
        raise Malformed(column, f"is not a handicap in quarters, at most {LINE_MAX}")
    return line


def _prices(row: Row, columns: Columns) -> tuple[Fraction, ...]:
    """Return a bookmaker's prices, all of them, if together they can be a market."""
    prices = tuple(_price(row, column) for column in columns)
    book = sum(1 / price for price in prices)
    if not BOOK_MIN <= book <= BOOK_MAX:
        raise Malformed(columns[0], f"is in a set of prices that adds up to {float(book):.0%}")
    return prices


def _price(row: Row, column: str) -> Fraction:
    text = row.needed(column)
    try:
        # The platform also reads "5/2"; in a season file nobody could say what that means.
        price = parse_price(text) if "/" not in text else None
    except Malformed:
        price = None
    if price is None or price > SEASON_PRICE_MAX:
        raise Malformed(column, f"is not a decimal price above 1 and at most {SEASON_PRICE_MAX}")
    return price
