"""Betfair's exchange stream as recorded: one JSON message a line, plain or compressed with bzip2.

A message changes markets.  `marketDefinition` is all of a market's state but its prices; `rc` holds
what has changed of its runners' ladders, and `img` says that nothing from before holds.  What is
read here is the best price at which a runner may be backed; files of the BASIC kind have no
ladders, and then it is the price that was traded last.

A line that cannot be believed is skipped and told; the file goes on.

Source: Betfair Exchange Stream API, market subscriptions; Betfair historic data, file format.
"""

from __future__ import annotations

import bz2
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import IO, cast

import msgspec

from pitboss.kernel.errors import Malformed

# Whoever sends more than this in one line does not send the state of a few markets.
LINE_BYTES_MAX = 4 * 1024 * 1024
MARKETS_MAX = 1_000
RUNNERS_MAX = 1_000
LEVELS_MAX = 1_000
PRICE_MIN, PRICE_MAX = Decimal("1.01"), Decimal(1000)
DELAY_SECONDS_MAX = 60
DIVISOR_MAX = 100
DECIMALS_MAX = 12
# As a share it is written exactly, and no share has a longer denominator.
FACTOR_DECIMALS_MAX = 8
REASON_CHARS_MAX = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BZIP2 = b"BZh"


class FeedUnreadable(Malformed):
    """There is no such file, or it cannot be read; `field` is its path as it was given."""


class Status(StrEnum):
    """What an exchange market is."""

    INACTIVE = "INACTIVE"
    OPEN = "OPEN"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class RunnerStatus(StrEnum):
    """What has become of a runner."""

    ACTIVE = "ACTIVE"
    WINNER = "WINNER"
    LOSER = "LOSER"
    PLACED = "PLACED"
    REMOVED = "REMOVED"
    REMOVED_VACANT = "REMOVED_VACANT"
    HIDDEN = "HIDDEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A runner; `adjustment` is its reduction factor as a share (of 1), if it has one."""

    id: int
    name: str | None
    status: RunnerStatus
    adjustment: Fraction | None
    removed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """All of a market but its prices; `version` grows with each change of it."""

    market_id: str
    event_id: str
    sport_id: str
    kind: str
    version: int
    status: Status
    in_play: bool
    in_play_later: bool
    bet_delay_seconds: int
    winners: int
    starts_at: datetime
    venue: str
    each_way_divisor: Fraction | None
    runners: tuple[Runner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketNews:
    """What one message says of one market.

    `prices` are the best ones to back of the runners whose price has changed; None is nobody's
    offer.  With `anew` nothing from before holds of the others: nobody offers anything there.
    """

    market_id: str
    published_at: datetime
    definition: Definition | None
    prices: Mapping[int, Fraction | None]
    anew: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLine:
    """A line that is left out, and why."""

    line: int
    reason: str


class _Runner(msgspec.Struct, rename="camel"):
    id: int
    status: RunnerStatus
    name: str | None = None
    adjustment_factor: Decimal | None = None
    removal_date: datetime | None = None


class _Definition(msgspec.Struct, rename="camel"):
    event_id: str
    event_type_id: str
    market_type: str
    version: int
    status: Status
    in_play: bool
    bet_delay: int
    number_of_winners: int
    market_time: datetime
    runners: list[_Runner]
    turn_in_play_enabled: bool = False
    venue: str = ""
    each_way_divisor: Decimal | None = None


_Pair = tuple[Decimal, Decimal]
_Level = tuple[int, Decimal, Decimal]


class _RunnerChange(msgspec.Struct):
    id: int
    atb: list[_Pair] = []
    batb: list[_Level] = []
    bdatb: list[_Level] = []
    ltp: Decimal | None = None


class _MarketChange(msgspec.Struct, rename="camel"):
    id: str
    img: bool = False
    market_definition: _Definition | None = None
    rc: list[_RunnerChange] = []


class _Message(msgspec.Struct):
    op: str
    pt: int = 0
    status: int | None = None
    mc: list[_MarketChange] = []


_read = msgspec.json.Decoder(_Message).decode


@dataclass(slots=True)
class _Ladder:
    """What is offered to who backs a runner: amounts by price, prices by level, the last trade."""

    offers: dict[Decimal, Decimal] = field(default_factory=dict)
    levels: dict[int, Decimal] = field(default_factory=dict)
    traded: Decimal | None = None
    has_offers: bool = False

    def take(self, change: _RunnerChange) -> None:
        for price, size in change.atb:
            self.has_offers = True
            if size:
                self.offers[_checked(price)] = size
            else:
                self.offers.pop(price, None)
        for level, price, size in (*change.batb, *change.bdatb):
            self.has_offers = True
            if size:
                self.levels[level] = _checked(price)
            else:
                self.levels.pop(level, None)
        if change.ltp is not None:
            self.traded = _checked(change.ltp)
        if len(self.offers) > LEVELS_MAX or len(self.levels) > LEVELS_MAX:
            raise Malformed("rc", "a ladder has more steps than there are prices")

    def best(self) -> Fraction | None:
        """Return the best price; who never had a ladder has the last that was traded."""
        if self.offers:
            return Fraction(max(self.offers))
        if self.levels:
            return Fraction(self.levels[min(self.levels)])
        return None if self.has_offers or self.traded is None else Fraction(self.traded)


class Reader:
    """Reads messages in their order, and remembers the ladders between them."""

    def __init__(self) -> None:
        self._markets: dict[str, dict[int, _Ladder]] = {}
        self._best: dict[tuple[str, int], Fraction | None] = {}
        self._published = _EPOCH

    def read(self, line: bytes) -> list[MarketNews]:
        """Return what a message says; nothing if it is none about markets.

        Raises:
            Malformed: it cannot be believed: it is not such a message, too long, older than the
                one before, of a stream that calls itself unreliable, or has a value that cannot be.
        """
        if len(line) > LINE_BYTES_MAX:
            raise Malformed("line", f"has more than {LINE_BYTES_MAX} bytes")
        try:
            message = _read(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("line", str(error)[:REASON_CHARS_MAX]) from None
        if message.op != "mcm":
            return []
        if message.status:
            raise Malformed("status", f"{message.status}: the stream says that it is unreliable")
        published_at = _instant(message.pt)
        if published_at < self._published:
            raise Malformed("pt", "the message is older than the one before it")
        news = [self._take(change, published_at) for change in message.mc]
        self._published = published_at
        return news

    def _take(self, change: _MarketChange, published_at: datetime) -> MarketNews:
        definition = change.market_definition
        found = None if definition is None else _definition(change.id, definition)
        if change.id not in self._markets and len(self._markets) >= MARKETS_MAX:
            raise Malformed("mc", "there are more markets than anybody follows at once")
        if change.img or change.id not in self._markets:
            self._markets[change.id] = {}
        ladders = self._markets[change.id]
        prices: dict[int, Fraction | None] = {}
        for item in change.rc:
            ladder = ladders.setdefault(item.id, _Ladder())
            ladder.take(item)
            best = ladder.best()
            if change.img or self._best.get((change.id, item.id)) != best:
                prices[item.id] = best
            self._best[change.id, item.id] = best
        if len(ladders) > RUNNERS_MAX:
            raise Malformed("rc", "a market has more runners than can run")
        return MarketNews(
            market_id=change.id,
            published_at=published_at,
            definition=found,
            prices=prices,
            anew=change.img,
        )


def read_file(path: Path) -> Iterator[MarketNews | SkippedLine]:
    """Return what a recorded file says, in its order, and the lines that are left out.

    Raises:
        FeedUnreadable: there is no such file, or it is not what its first bytes say.
    """
    reader = Reader()
    try:
        with _open(path) as lines:
            for number, line in enumerate(_lines(lines), start=1):
                if not line.strip():
                    continue
                try:
                    yield from reader.read(line)
                except Malformed as error:
                    yield SkippedLine(line=number, reason=f"{error.field}: {error.message}")
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "cannot be read"
        raise FeedUnreadable(str(path), reason) from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_packed = file.read(len(_BZIP2)) == _BZIP2
    return cast("IO[bytes]", bz2.open(path)) if is_packed else path.open("rb")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Return lines, never holding more of one than it may have; of a longer one its beginning."""
    while line := file.readline(LINE_BYTES_MAX + 1):
        whole = line
        while whole and not whole.endswith(b"\n") and len(whole) > LINE_BYTES_MAX:
            whole = file.readline(LINE_BYTES_MAX + 1)
        yield line


def _definition(market_id: str, found: _Definition) -> Definition:
    if not 0 <= found.bet_delay <= DELAY_SECONDS_MAX:
        raise Malformed("betDelay", f"{found.bet_delay} is no delay of bets")
    if not 0 <= found.number_of_winners <= RUNNERS_MAX or len(found.runners) > RUNNERS_MAX:
        raise Malformed("runners", "there are more than can run, or win")
    if len({item.id for item in found.runners}) < len(found.runners):
        raise Malformed("runners", "a runner is there twice")
    if found.market_time.tzinfo is None:
        raise Malformed("marketTime", "it is in no zone of time")
    divisor = found.each_way_divisor
    if divisor is not None and not _is_between(divisor, Decimal(1), Decimal(DIVISOR_MAX)):
        raise Malformed("eachWayDivisor", f"{divisor} divides no price")
    return Definition(
        market_id=market_id,
        event_id=found.event_id,
        sport_id=found.event_type_id,
        kind=found.market_type,
        version=found.version,
        status=found.status,
        in_play=found.in_play,
        in_play_later=found.turn_in_play_enabled,
        bet_delay_seconds=found.bet_delay,
        winners=found.number_of_winners,
        starts_at=found.market_time.astimezone(UTC),
        venue=found.venue,
        each_way_divisor=None if divisor is None else Fraction(divisor),
        runners=_runners(found.runners),
    )


def _runners(found: Sequence[_Runner]) -> tuple[Runner, ...]:
    return tuple(
        Runner(
            id=item.id,
            name=item.name,
            status=item.status,
            adjustment=_share(item.adjustment_factor),
            removed_at=item.removal_date,
        )
        for item in found
    )


def _checked(price: Decimal) -> Decimal:
    if not _is_between(price, PRICE_MIN, PRICE_MAX):
        raise Malformed("rc", f"{price} is no price of an exchange")
    return price


def _share(percent: Decimal | None) -> Fraction | None:
    if percent is None:
        return None
    exact = _is_between(percent, Decimal(0), Decimal(100), decimals=FACTOR_DECIMALS_MAX)
    if not exact or percent == 100:
        raise Malformed("adjustmentFactor", f"{percent} is no share of a price")
    return Fraction(percent) / 100


def _is_between(
    value: Decimal, least: Decimal, most: Decimal, *, decimals: int = DECIMALS_MAX
) -> bool:
    """Say whether a value is a number of this size with a few decimals.

    JSON may hold one as a text: NaN compares with nothing, and to make a fraction of `1e-999999999`
    would be the end of us.
    """
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and -decimals <= exponent <= DECIMALS_MAX
        and least <= value <= most
    )


def _instant(millis: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        raise Malformed("pt", f"{millis} is no time") from None
