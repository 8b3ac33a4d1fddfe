"""From the bytes of a season file to its header and rows, however its year wrote them."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TextIO

from pitboss.adapters.football_data.model import SeasonUnreadable
from pitboss.kernel.errors import Malformed

# A season has at most some 600 rows and 400 KiB; all the seasons of a division fit too.
FILE_BYTES_MAX = 32 * 1024**2
FILE_LINES_MAX = 50_000
LINE_BYTES_MAX = 64 * 1024

# A quote that is still open after so many lines was never meant to span them.
QUOTED_LINES_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the columns of a file are called: `positions` by name, from 0; `line` from 1."""

    line: int
    positions: Mapping[str, int]

    def has(self, *columns: str) -> bool:
        """Say whether the file has all these columns."""
        return all(column in self.positions for column in columns)

    def name_at(self, position: int) -> str:
        """Return the name of a column, or its number (from 1) if it has none."""
        names = {position: name for name, position in self.positions.items()}
        return names.get(position, str(position + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The cells under a header; `closed` is false if the last one is quoted without an end."""

    header: Header
    line: int
    cells: Sequence[str]
    closed: bool

    def cell(self, column: str) -> str:
        """Return a cell without the blanks around it; empty if the row or file lacks it."""
        position = self.header.positions.get(column, len(self.cells))
        return self.cells[position].strip() if position < len(self.cells) else ""

    def needed(self, column: str) -> str:
        """Return a cell that may not be empty.

        Raises:
            Malformed: it is.
        """
        text = self.cell(column)
        if not text:
            raise Malformed(column, "is missing")
        return text


def read_lines(file: str, text: TextIO) -> Iterator[str]:
    """Yield the lines of a file that was opened as latin-1, each decoded by itself.

    Raises:
        SeasonUnreadable: a limit is passed.
    """
    size = 0
    read_line = partial(text.readline, LINE_BYTES_MAX + 1)
    for number, line in enumerate(iter(read_line, ""), start=1):
        if number > FILE_LINES_MAX:
            raise SeasonUnreadable(file, f"has more than {FILE_LINES_MAX:,} lines")
        if len(line) > LINE_BYTES_MAX:
            raise SeasonUnreadable(file, f"line {number} is longer than {LINE_BYTES_MAX:,} bytes")
        size += len(line)
        if size > FILE_BYTES_MAX:
            raise SeasonUnreadable(file, f"is larger than {FILE_BYTES_MAX // 1024**2} MiB")
        yield line if line.isascii() else _decode(line.encode("latin-1"))


def read_header(file: str, lines: Iterator[str]) -> Header:
    """Take the first line that is not blank as the header.

    Raises:
        SeasonUnreadable: there is none, or it is not text.
    """
    for number, line in enumerate(lines, start=1):
        names = [cell.strip() for cell in _split(line.removeprefix("\ufeff"))[0]]
        if not all(name.isprintable() for name in names):
            raise SeasonUnreadable(file, f"line {number} is not text")
        if any(names):
            # The first of two columns with one name is the one meant.
            found = [(name, position) for position, name in enumerate(names) if name]
            return Header(line=number, positions=dict(reversed(found)))
    raise SeasonUnreadable(file, "is empty")


def read_rows(lines: Iterator[str], header: Header) -> Iterator[Row]:
    """Yield the rows that are not blank, with the lines on which they begin.

    A quoted cell may span lines.  A quote that is never closed costs its own line alone, and
    not the rest of the file, as it would with one `csv.reader` over everything.
    """
    ahead = deque(islice(lines, QUOTED_LINES_MAX))
    number = header.line + 1
    while ahead:
        height, cells, closed = _first_row(ahead, commas=max(header.positions.values()))
        if not closed or not _is_blank(cells):
            yield Row(header=header, line=number, cells=cells, closed=closed)
        for _ in range(height):
            ahead.popleft()
        ahead.extend(islice(lines, height))
        number += height


def _first_row(ahead: Sequence[str], *, commas: int) -> tuple[int, list[str], bool]:
    """Return how many lines the first row takes, its cells, and whether it is closed.

    `commas` are those of a full row.
    """
    text = ""
    for height, line in enumerate(ahead, start=1):
        # What has a full row's commas is a row, and no part of the one before.
        if height > 1 and line.count(",") >= commas:
            break
        text += line
        cells, closed = _split(text)
        if closed:
            return height, cells, True
    cells, _ = _split(ahead[0])
    return 1, cells, False


def _split(text: str) -> tuple[list[str], bool]:
    """Return the cells of a text, and whether its last quote is closed."""
    # The reader asks for the second line only while a quote is open.
    reader = csv.reader([text, ""])
    try:
        cells = next(reader, [])
    except csv.Error:
        return [text], False
    return cells, reader.line_num == 1


def _is_blank(cells: Sequence[str]) -> bool:
    return all(not cell or cell.isspace() for cell in cells)


def _decode(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")
