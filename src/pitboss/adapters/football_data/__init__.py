"""Season files of football-data.co.uk, as published: one row an event, its score and prices.

The format has drifted since 1993.  What is read here:

- columns come and go with the years and the bookmakers; rows may be shorter or longer than
  the header, and blank lines stand anywhere;
- dates have two or four digits of year; kick-offs are in London time, in older files without any;
- the bytes are UTF-8, with or without a mark, or cp1252; line ends are those of any machine.

A row that cannot be trusted is skipped and reported; the file goes on.

Source: https://www.football-data.co.uk/notes.txt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pitboss.adapters.football_data.model import (
    HandicapPrices,
    MarketName,
    MatchResultPrices,
    Season,
    SeasonEvent,
    SeasonUnreadable,
    SkippedRow,
    TotalPrices,
    UsedColumns,
)
from pitboss.adapters.football_data.rows import Layout, layout_of, read_event
from pitboss.adapters.football_data.text import Row, read_header, read_lines, read_rows
from pitboss.kernel.errors import Fault, Malformed

__all__ = [
    "HandicapPrices",
    "MatchResultPrices",
    "Season",
    "SeasonEvent",
    "SeasonUnreadable",
    "SkippedRow",
    "TotalPrices",
    "UsedColumns",
    "read_season",
]

# What a report shows of a cell; the rest is in the file.
VALUE_CHARS_MAX = 80


def read_season(path: Path) -> Season:
    """Read a season file, trusting no row more than it deserves.

    Each market takes the first bookmaker of a fixed order whose prices in that row are
    complete and plausible.  A file with a header alone is a season without events.

    Raises:
        SeasonUnreadable: there is no such file, it is not text, too large, or has not the
            columns of a season; the message is one line that names the file and what is wrong.
        Fault: this machine does not know London's time.
    """
    file = str(path)
    london = _london()
    try:
        with _open(path) as text:
            lines = read_lines(file, text)
            header = read_header(file, lines)
            layout = layout_of(file, header, london)
            return _read_events(file, read_rows(lines, header), layout)
    except OSError as error:
        raise SeasonUnreadable(file, error.strerror or "cannot be read") from error


def _read_events(file: str, rows: Iterator[Row], layout: Layout) -> Season:
    events: list[SeasonEvent] = []
    skipped: list[SkippedRow] = []
    used: Counter[tuple[MarketName, tuple[str, ...]]] = Counter()
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        try:
            read = read_event(row, layout)
            _check_new(read.event, layout, seen)
        except Malformed as error:
            value = row.cell(error.field)[:VALUE_CHARS_MAX]
            skipped.append(
                SkippedRow(
                    file=file,
                    line=row.line,
                    column=error.field,
                    value=value,
                    reason=error.message,
                )
            )
        else:
            events.append(read.event)
            used.update(read.used)
    return Season(
        events=tuple(sorted(events, key=lambda event: (event.kick_off_at, event.line))),
        skipped=tuple(skipped),
        columns=tuple(
            UsedColumns(market=market, columns=columns, events=count)
            for (market, columns), count in used.most_common()
        ),
    )


def _check_new(event: SeasonEvent, layout: Layout, seen: dict[tuple[object, ...], int]) -> None:
    # With the day: in Scotland two sides meet on one ground twice a season.
    key = (event.kick_off_at.date(), event.home.casefold(), event.away.casefold())
    line = seen.setdefault(key, event.line)
    if line != event.line:
        raise Malformed(layout.home, f"played this event on line {line} already")


def _open(path: Path) -> TextIO:
    try:
        # Latin-1 keeps every byte; each line is decoded when its end is known.
        return path.open(encoding="latin-1", newline="")
    except ValueError as error:
        raise SeasonUnreadable(str(path), "is not a path") from error


def _london() -> ZoneInfo:
    try:
        return ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError as error:
        raise Fault(
            "this machine has no time zones; install the package tzdata", retryable=False
        ) from error
