"""Nouns of the registry: kinds of markets as their file says them, and how an event ended.

The structs of the file forbid what they do not know, and have no defaults: a key that is missing
and one that is misspelt are both refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.errors import Malformed

Pair = tuple[int, int]

ANY_SPORT = "*"
# What comes after regular time counts where the kind says so; a shoot-out counts nowhere.
OVERTIME = "overtime"
MATCH = "match"
PERIODS_MAX = 20
RUNNERS_MAX = 200
# With each of them in the result of each runner, the results of a race fit into a fact.
WITHDRAWN_MAX = 12
GOALS_MAX = 999
# The kinds whose line stands beside the specifiers, because they are older than these.
OWN_LINE = frozenset({"total", "asian_handicap"})
# Specifiers that say of which part of an event a market is.
PARTS = ("period", "half", "set", "map")

_PAIR = re.compile(r"([0-9]{1,3})[-:]([0-9]{1,3})")
_LINE = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,2})?")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
# The order in which answers are shown; those that are not here follow, numbers by their value.
_SHOWN = ("home", "draw", "away", "over", "under")
_DIGITS = re.compile(r"([0-9]+)")


class Source(StrEnum):
    """What of an event a market settles from."""

    SCORE = "score"  # what the sport counts: goals, points, sets, maps, runs
    CORNERS = "corners"
    CARDS = "cards"
    GAMES = "games"  # what is counted within a set or a map
    SCORERS = "scorers"  # which side scored, goal by goal
    ORDER = "order"  # who finished where
    NAMED = "named"  # what somebody says the answer is


class Rule(StrEnum):
    """How a market settles from its source."""

    RESULT = "result"
    DOUBLE_CHANCE = "double_chance"
    WINNER = "winner"
    TOTAL = "total"
    TEAM_TOTAL = "team_total"
    EXACT_TOTAL = "exact_total"
    HANDICAP = "handicap"
    EUROPEAN_HANDICAP = "european_handicap"
    BOTH_SCORE = "both_score"
    CORRECT_SCORE = "correct_score"
    HALF_TIME_FULL_TIME = "half_time_full_time"
    ODD_EVEN = "odd_even"
    GOAL = "goal"
    LAST_GOAL = "last_goal"
    CLEAN_SHEET = "clean_sheet"
    MARGIN = "margin"
    FINISH = "finish"
    FORECAST = "forecast"
    NAMED = "named"


class Void(StrEnum):
    """When a market is void, or a selection of it."""

    ABANDONED = "abandoned"  # what it asks about was not completed
    NOT_PLAYED = "not_played"  # the part that it asks about did not take place
    LEVEL = "level"  # both sides are level and neither can be backed
    RETIRED = "retired"  # a side gave up, at any time
    RETIRED_AT_ONCE = "retired_at_once"  # a side gave up before one part was completed
    NON_RUNNER = "non_runner"  # who did not start; a bet on others stands


class LineSpecifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="line"
):
    """A line between two bounds, a whole number of steps away from `offset`; all of them exact."""

    name: str
    least: str
    most: str
    step: str
    offset: str

    def check(self, text: str, *, field: str) -> None:
        """Refuse what is no such line.

        Raises:
            Malformed: it is none.
        """
        value = Fraction(text) if _LINE.fullmatch(text) else None
        fits = value is not None and Fraction(self.least) <= value <= Fraction(self.most)
        if value is None or not fits or (value - Fraction(self.offset)) % Fraction(self.step):
            raise Malformed(
                field,
                f"{self.name} is from {self.least} to {self.most}, {self.step} apart,"
                f" not {text[:40]!r}",
            )
        if text != write_decimal(value):
            raise Malformed(field, f"{self.name} is written {write_decimal(value)}")


class NumberSpecifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="number"
):
    """A whole number between two bounds."""

    name: str
    least: int
    most: int

    def check(self, text: str, *, field: str) -> None:
        """Refuse what is no such number.

        Raises:
            Malformed: it is none.
        """
        if not _NUMBER.fullmatch(text) or not self.least <= int(text) <= self.most:
            raise Malformed(
                field, f"{self.name} is from {self.least} to {self.most}, not {text[:40]!r}"
            )


class ChoiceSpecifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="choice"
):
    """One of some words."""

    name: str
    choices: tuple[str, ...]

    def check(self, text: str, *, field: str) -> None:
        """Refuse what is none of the words.

        Raises:
            Malformed: it is none.
        """
        if text not in self.choices:
            raise Malformed(field, f"{self.name} is {' or '.join(self.choices)}")


class PairSpecifier(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="pair"
):
    """Two numbers, of home and away, written `1:0`."""

    name: str
    most: int

    def check(self, text: str, *, field: str) -> None:
        """Refuse what is no such pair.

        Raises:
            Malformed: it is none.
        """
        found = _PAIR.fullmatch(text)
        if not found or ":" not in text or max(parse_pair(text)) > self.most:
            raise Malformed(field, f"{self.name} is home:away, each at most {self.most}")
        if text != "{}:{}".format(*parse_pair(text)):
            raise Malformed(field, f"{self.name} has no leading zeros")


Specifier = LineSpecifier | NumberSpecifier | ChoiceSpecifier | PairSpecifier


class FixedCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="fixed"
):
    """Selections that a market always has, all of them."""

    codes: tuple[str, ...]


class ScoreCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="scores"
):
    """Selections that are scores (`2-1`), and some of these words for all the others."""

    others: tuple[str, ...]


class MarginCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="margins"
):
    """Selections that are margins (`home_1`, `away_2-3`, `home_4+`) and `draw`."""


class NumberCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="numbers"
):
    """Selections that are numbers (`0`, `1`, `6+`)."""


class RunnerCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="runners"
):
    """Selections that are whoever takes part, each by a code of its own."""


class OrderCodes(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="orders"
):
    """Selections that are some runners in order (`7>2`), or in any (`2+7`)."""

    size: int
    ordered: bool


Codes = FixedCodes | ScoreCodes | MarginCodes | NumberCodes | RunnerCodes | OrderCodes


class Sport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sport: whether it has two sides, and how many regular periods; 0: as many as it takes."""

    id: str
    name: str
    sides: bool
    periods: int


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of market, as the file says it.

    `overtime` says whether what comes after regular time counts, `each_way` whether a bet may be
    on a place too, by terms that are the bet's own.
    """

    id: str
    name: str
    sports: tuple[str, ...]
    settles_from: Source
    rule: Rule
    overtime: bool
    specifiers: tuple[Specifier, ...]
    selections: Codes
    each_way: bool
    void: tuple[Void, ...]

    @property
    def is_complete(self) -> bool:
        """Whether its answers are all that there can be, so that one of them must be right."""
        return isinstance(self.selections, FixedCodes)

    def winners(self, values: Mapping[str, str]) -> int:
        """Return how many of its answers can be right at once; `values` are its specifiers."""
        if self.rule is Rule.DOUBLE_CHANCE:
            return 2
        return int(values.get("places", "1"))

    @property
    def has_one_winner(self) -> bool:
        """Whether exactly one of its answers is right, or the stakes come back."""
        return self.is_complete and self.rule is not Rule.DOUBLE_CHANCE

    @property
    def part(self) -> str | None:
        """The specifier that says of which part of an event it is, if it has one."""
        return next((item.name for item in self.specifiers if item.name in PARTS), None)


class RegistryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    sports: tuple[Sport, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Every sport and every kind of market, by their ids."""

    sports: Mapping[str, Sport]
    kinds: Mapping[str, Kind]


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A runner that was taken out of an event at this instant, and what bets before it suffer.

    By its decimal `price` then (`"7/5"`), by the deduction that was announced for it, in pence in
    the pound, or by the reduction `factor` that an exchange gave: one of the three.
    """

    runner: str
    at: str
    price: str | None = None
    deduction_pence: int | None = None
    factor: str | None = None


class Ended(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of how an event ended, as it stands in facts.

    `counts` are pairs of home and away by source and part: `match` is all of regular time, `1` its
    first period (set, map), `overtime` what came after it alone.  Of an event that was abandoned
    or given up only parts that were completed are counted.  `scorers` are sides, goal by goal in
    regular time.  `order` are runners by their place, those who tie together; who did not finish
    is in none.  `withdrawn` are those of the `non_runners` that take something from bets that were
    placed before.  `named` answers markets that settle from nothing else, by kind (and specifiers).
    """

    counts: dict[str, dict[str, str]] = {}
    scorers: tuple[str, ...] | None = None
    order: tuple[tuple[str, ...], ...] | None = None
    non_runners: tuple[str, ...] = ()
    named: dict[str, tuple[str, ...]] = {}
    abandoned: bool = False
    retired: bool = False
    withdrawn: tuple[Withdrawal, ...] = ()

    @property
    def runners(self) -> tuple[str, ...]:
        """Every runner that is named, those who finished before the others."""
        came_in = [code for together in self.order or () for code in together]
        return tuple(dict.fromkeys([*came_in, *self.non_runners]))


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Ended).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A market as its kind's rule sees it: what it asks, and which answers it has."""

    kind: Kind
    values: Mapping[str, str]
    codes: tuple[str, ...]
    sport: str

    @property
    def line(self) -> Fraction:
        """The line, exact.  Raises Malformed if there is none."""
        if "line" not in self.values:
            raise Malformed("line", f"a market of kind {self.kind.id} needs a line")
        return Fraction(self.values["line"])

    @property
    def key(self) -> str:
        """The name under which somebody says what the answer is."""
        values = "|".join(f"{name}={value}" for name, value in sorted(self.values.items()))
        return f"{self.kind.id}|{values}" if values else self.kind.id


def parse_pair(text: str) -> Pair:
    """Read two numbers of home and away, with `-` or `:` between them.

    Raises:
        Malformed: it is not that.
    """
    found = _PAIR.fullmatch(text)
    if found is None:
        raise Malformed("pair", f"{text[:40]!r} is not two numbers with - between them")
    return int(found[1]), int(found[2])


def write_ended(ended: Ended) -> str:
    """Write what is known of how an event ended, the same always in the same way."""
    return _encode(ended).decode()


def parse_ended(text: str) -> Ended:
    """Read what `write_ended` wrote."""
    return _decode(text)


def write_decimal(value: Fraction) -> str:
    """Write a quarter as a decimal without needless zeros: `2.25`, `-0.5`, `3`."""
    sign, hundredths = "-" if value < 0 else "", abs(value) * 100
    whole, rest = divmod(int(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}".rstrip("0").rstrip(".")


def place_of_code(code: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Return what a market's answers are sorted by to be shown."""
    if code in _SHOWN:
        return _SHOWN.index(code), ()
    # 10:0 behind 2:1, and not before it.
    numbers = [int(part) if _DIGITS.fullmatch(part) else -1 for part in _DIGITS.split(code)]
    return len(_SHOWN), tuple(zip(numbers, _DIGITS.split(code), strict=True))
