"""The words of the catalogue: statuses, lines, specifiers, and how they are read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from pitboss.kernel.errors import Malformed

LINE_STEP = Fraction(1, 4)
LINE_MAX = Fraction(1000)
BET_DELAY_SECONDS_MAX = 60
# A clock that moves by less than this, and nothing with it, is not worth a fact.
CLOCK_STEP_SECONDS = 10
CLOCK_SECONDS_MAX = 1_000_000
PERIOD_LENGTH_MAX = 40
PLACES_MAX = 40
RACES = ("race_winner",)
SPECIFIERS_LENGTH_MAX = 200
# Not whatever `Fraction` reads: `1e99999999` would keep a processor busy for minutes.
_LINE = re.compile(r"[+-]?[0-9]{1,6}(?:[./][0-9]{1,6})?")
_PAIR = re.compile(r"[0-9]{1,3}-[0-9]{1,3}")
_SPECIFIER = re.compile(r"[a-z][a-z0-9_]{0,30}=[A-Za-z0-9_.:+/-]{1,60}")
_PRODUCER = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}")


class MarketKind(StrEnum):
    """A question about an event, and with it how it settles from a score."""

    MATCH_RESULT = "1x2"
    TOTAL_GOALS = "total"
    ASIAN_HANDICAP = "asian_handicap"

    @property
    def codes(self) -> tuple[str, ...]:
        """The possible answers, in the order in which they are shown."""
        match self:
            case MarketKind.MATCH_RESULT:
                return ("home", "draw", "away")
            case MarketKind.TOTAL_GOALS:
                return ("over", "under")
            case MarketKind.ASIAN_HANDICAP:
                return ("home", "away")

    @property
    def has_line(self) -> bool:
        """Whether the question needs a line, such as a handicap or a total."""
        return self is not MarketKind.MATCH_RESULT


WITH_LINE = frozenset(kind.value for kind in MarketKind if kind.has_line)


class MarketStatus(StrEnum):
    """Where a market is in its life: it goes forward, and back only when its feed takes it back."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    SETTLED = "settled"
    CANCELLED = "cancelled"

    @property
    def takes_prices(self) -> bool:
        """Whether its prices may still move."""
        return self in (MarketStatus.OPEN, MarketStatus.SUSPENDED)


class EventStatus(StrEnum):
    """Where a sporting event is in its life."""

    PREMATCH = "prematch"
    LIVE = "live"
    SUSPENDED = "suspended"
    ENDED = "ended"
    POSTPONED = "postponed"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"

    @property
    def has_begun(self) -> bool:
        """Whether the event is known to have begun, whenever it was to begin."""
        return self not in (EventStatus.PREMATCH, EventStatus.POSTPONED, EventStatus.CANCELLED)


class ProducerState(StrEnum):
    """Whether who makes prices can be believed."""

    UP = "up"
    DOWN = "down"


def parse_line(text: str | None, kind: str, *, field: str = "line") -> Fraction | None:
    """Read a line such as `"-0.75"` or `"-3/4"`.

    Raises:
        Malformed: it is not a whole number of quarters, or the kind of market has no line, or
            needs one.
    """
    if text is None:
        if kind in WITH_LINE:
            raise Malformed(field, f"a market of kind {kind} needs a line")
        return None
    if kind not in WITH_LINE:
        raise Malformed(field, f"a market of kind {kind} has no line")
    try:
        line = Fraction(text) if _LINE.fullmatch(text) else None
    except ZeroDivisionError:
        line = None
    if line is None or line % LINE_STEP or abs(line) > LINE_MAX:
        raise Malformed(field, f"{text[:40]!r} is not a whole number of quarters")
    return line


def write_line(line: Fraction | None) -> str | None:
    """Write a line exactly, as `parse_line` reads it."""
    return None if line is None else str(line)


def parse_specifiers(text: str, *, field: str = "specifiers") -> dict[str, str]:
    """Read what tells two markets of one kind apart: `"line=2.5|period=1"`, in any order.

    Raises:
        Malformed: it is not such a text, or names something twice.
    """
    if not text:
        return {}
    parts = text.split("|")
    if len(text) > SPECIFIERS_LENGTH_MAX or not all(map(_SPECIFIER.fullmatch, parts)):
        raise Malformed(field, f"{text[:40]!r} is not made of name=value, with | between them")
    found = dict(part.split("=", 1) for part in parts)
    if len(found) < len(parts):
        raise Malformed(field, f"{text[:40]!r} names something twice")
    return found


def write_specifiers(specifiers: Mapping[str, str]) -> str:
    """Write specifiers in the one way that names a market: sorted, `k=v|k=v`."""
    return "|".join(f"{name}={value}" for name, value in sorted(specifiers.items()))


def check_pair(text: str, *, field: str) -> str:
    """Return two numbers below 1,000, of home and away, as they were written: `"2-1"`.

    Raises:
        Malformed: it is none.
    """
    if not _PAIR.fullmatch(text):
        raise Malformed(field, f"{text[:40]!r} is not two numbers with - between them")
    return text


def check_producer(text: str, *, field: str = "producer") -> str:
    """Return the name of a producer: lower-case letters, digits and `_.:-`, at most 40.

    Raises:
        Malformed: it is none.
    """
    if not _PRODUCER.fullmatch(text):
        raise Malformed(field, f"{text[:40]!r} is not the name of a producer")
    return text
