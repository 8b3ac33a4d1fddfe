"""From a row of a season file to its event: who, when, how it ended, at which prices."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from pitboss.adapters.football_data.model import MarketName, SeasonEvent, SeasonUnreadable
from pitboss.adapters.football_data.prices import (
    Bookmakers,
    Columns,
    find_bookmakers,
    find_handicap,
    find_total,
    get_match_result,
)
from pitboss.adapters.football_data.text import Header, Row
from pitboss.kernel.errors import Malformed

# The first league season began in 1888; years far from ours are misprints.
YEAR_MIN = 1888
YEAR_MAX = 2199
# Two digits of year: the site's files begin in 1993.
CENTURY_PIVOT = 70

GOALS_MAX = 199
NAME_CHARS_MAX = 80

# For files without times, and rows without one: the traditional hour.
KICK_OFF_TRADITIONAL = time(15, 0)

_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::00)?")
_GOALS = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How this file says what every season says."""

    home: str
    away: str
    bookmakers: Bookmakers
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The event of a row, and the columns that gave its markets their prices."""

    event: SeasonEvent
    used: Sequence[tuple[MarketName, Columns]]


def layout_of(file: str, header: Header, zone: ZoneInfo) -> Layout:
    """Return how this file says what every season says.

    Raises:
        SeasonUnreadable: it has not the columns of a season.
    """
    # Some Greek seasons have HT and AT.
    home = "HT" if header.has("HT") and not header.has("HomeTeam") else "HomeTeam"
    away = "AT" if header.has("AT") and not header.has("AwayTeam") else "AwayTeam"
    lacking = [name for name in ("Date", home, away, "FTHG", "FTAG") if not header.has(name)]
    if lacking:
        raise SeasonUnreadable(
            file, f"is not a season: its header (line {header.line}) lacks {', '.join(lacking)}"
        )
    return Layout(home=home, away=away, bookmakers=find_bookmakers(header), zone=zone)


def read_event(row: Row, layout: Layout) -> Read:
    """Return the event of a row, and where its prices come from.

    Raises:
        Malformed: the row cannot be trusted; `field` is the column that says so.
    """
    if not row.closed:
        last = row.header.name_at(len(row.cells) - 1)
        raise Malformed(last, "opens a quote that is never closed")
    kick_off_at = datetime.combine(_day(row), _hour(row), layout.zone).astimezone(UTC)
    home, away = _sides(row, layout)
    goals_home, goals_away = _score(row)
    result = get_match_result(row, layout.bookmakers)
    total = find_total(row, layout.bookmakers)
    handicap = find_handicap(row, layout.bookmakers)
    used: list[tuple[MarketName, Columns]] = []
    if result:
        used.append(("match_result", result.columns))
    if total:
        used.append(("total_2_5", total.columns))
    if handicap:
        used.append(("asian_handicap", handicap.columns))
    event = SeasonEvent(
        line=row.line,
        division=_name(row, "Div") if row.cell("Div") else "",
        kick_off_at=kick_off_at,
        home=home,
        away=away,
        goals_home=goals_home,
        goals_away=goals_away,
        match_result=result.prices if result else None,
        total_2_5=total.prices if total else None,
        asian_handicap=handicap.prices if handicap else None,
    )
    return Read(event=event, used=used)


def _day(row: Row) -> date:
    parts = _DATE.fullmatch(row.needed("Date"))
    if parts is None:
        raise Malformed("Date", "is not a date such as 26/12/2023 or 26/12/23")
    day, month, year = (int(part) for part in parts.groups())
    if len(parts[3]) == 2:
        year += 1900 if year >= CENTURY_PIVOT else 2000
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise Malformed("Date", f"is not between {YEAR_MIN} and {YEAR_MAX}")
    try:
        return date(year, month, day)
    except ValueError:
        raise Malformed("Date", "is no day of the calendar") from None


def _hour(row: Row) -> time:
    text = row.cell("Time")
    if not text:
        return KICK_OFF_TRADITIONAL
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise Malformed("Time", "is not a time such as 15:00")
    return time(int(parts[1]), int(parts[2]))


def _sides(row: Row, layout: Layout) -> tuple[str, str]:
    home, away = _name(row, layout.home), _name(row, layout.away)
    if home.casefold() == away.casefold():
        raise Malformed(layout.away, "plays against itself")
    return home, away


def _name(row: Row, column: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", row.needed(column)).split())
    if len(text) > NAME_CHARS_MAX or not text.isprintable():
        raise Malformed(column, f"is not a name of at most {NAME_CHARS_MAX} printable characters")
    return text


def _score(row: Row) -> tuple[int, int]:
    home, away = _goals(row, "FTHG"), _goals(row, "FTAG")
    letter = "H" if home > away else "A" if away > home else "D"
    if row.cell("FTR") not in ("", letter):
        raise Malformed("FTR", f"contradicts the score, {home}-{away}")
    return home, away


def _goals(row: Row, column: str) -> int:
    text = row.needed(column)
    if not _GOALS.fullmatch(text) or int(text) > GOALS_MAX:
        raise Malformed(column, "is not a number of goals")
    return int(text)
