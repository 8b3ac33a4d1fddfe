"""Nouns of a season file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from pitboss.kernel.errors import Malformed

MarketName = Literal["match_result", "total_2_5", "asian_handicap"]


class SeasonUnreadable(Malformed):
    """The file as a whole is not a season; `field` is its path as it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResultPrices:
    """Prices of a win of the home side, a draw, and a win of the away side."""

    home: Fraction
    draw: Fraction
    away: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalPrices:
    """Prices of more and of fewer than two and a half goals."""

    over: Fraction
    under: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class HandicapPrices:
    """Prices of both sides at the home side's line, a multiple of a quarter."""

    line: Fraction
    home: Fraction
    away: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonEvent:
    """A row that can be trusted: an event that was played, and its prices before it began.

    `line` is where its row begins in the file, from 1.  A market is None where the row has no
    usable prices for it; `match_result` only where the file has no columns for it at all.
    """

    line: int
    division: str
    kick_off_at: datetime
    home: str
    away: str
    goals_home: int
    goals_away: int
    match_result: MatchResultPrices | None
    total_2_5: TotalPrices | None
    asian_handicap: HandicapPrices | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that is left out, the cell because of which, and why.

    `value` is the beginning of that cell, `reason` a phrase that goes on after it.
    """

    file: str
    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        value = f"{self.value!r} " if self.value else ""
        return f"{self.file}, line {self.line}, column {self.column}: {value}{self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedColumns:
    """Columns that gave a market its prices (a handicap's line first), for so many events."""

    market: MarketName
    columns: tuple[str, ...]
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A file as read: events by kick-off, then line; skipped rows by line.

    `columns` says where the prices come from, the most used first.
    """

    events: tuple[SeasonEvent, ...]
    skipped: tuple[SkippedRow, ...]
    columns: tuple[UsedColumns, ...]
