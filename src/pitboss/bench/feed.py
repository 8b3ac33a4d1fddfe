"""`pitboss bench feed`: prices pushed over HTTP while bets are decided, seen by displays.

Every push is one turn of the catalogue, which batches of bets wait for and hold up.  An update
is timed from the moment at which its push was due until a display has it.  The baseline gives each
price a transaction of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import msgspec

from pitboss import messages
from pitboss.bench import (
    books,
    displays,
    log,
    processes,
    row_at_a_time,
    server,
    slow_prices,
    town,
)
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.bench.venue import Venue, open_venue
from pitboss.db import Database
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages.model import Entry
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    MarketKind,
    NewEvent,
    NewMarket,
    NewSelection,
    PriceChange,
)

Tell = Callable[[str], None]

PROCESSES = ("api", "bets-0", "bets-1")
SOURCE = "bench"
# As many as one display may follow.
EVENTS = 100
LINES = 20
PUSHED_AT_ONCE = 500
# Displays of one event each, beside the one that follows them all and is timed.
SMALL_DISPLAYS = 20
WARM_UP_SECONDS = 2.0
SEEN_SECONDS_MAX = 30.0
DRAIN_SECONDS_MAX = 120.0
_PRICES = tuple(Fraction(cents, 100) for cents in range(180, 220))

_COUNT_BETS = "SELECT count(*) FROM bet"
_COUNT_ACCEPTED = "SELECT count(*) FROM bet WHERE state = 'accepted'"
_COUNT_TOLD = (
    "SELECT count(*) FROM fact WHERE shard = $1 AND position('\"price.changed\"' in"
    " convert_from(body, 'UTF8')) > 0"
)
_DIFFERENT = (
    "SELECT count(*) FROM catalog_selection AS now"
    " JOIN unnest($1::uuid[], $2::text[], $3::bigint[]) AS pushed (selection_id, price, tick)"
    " USING (selection_id) WHERE (now.price, now.tick) <> (pushed.price, pushed.tick)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    """What to run: `rate` price updates a second beside `bets_rate` bets a second."""

    seconds: float = 10.0
    rate: float = 10_000.0
    bets_rate: float = 5_000.0
    players: int = 5_000
    small_displays: int = SMALL_DISPLAYS
    baseline_seconds: float = 3.0
    seed: int = 1
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class Programme:
    """What the feed prices: events, and the price and tick that each selection will end with."""

    events: tuple[NewEvent, ...]
    ends: dict[SelectionId, tuple[Fraction, int]]
    chance: random.Random
    sequence: int = 0

    def pushes(self, count: int) -> list[displays.Push]:
        """Write the next pushes, which go through all selections over and over."""
        ids = list(self.ends)
        return [self._push(ids) for _ in range(count)]

    def _push(self, ids: Sequence[SelectionId]) -> displays.Push:
        start = self.sequence * PUSHED_AT_ONCE
        self.sequence += 1
        changes: list[displays.Change] = []
        said: list[dict[str, str]] = []
        for number in range(start, start + PUSHED_AT_ONCE):
            selection_id = ids[number % len(ids)]
            price, tick = self.ends[selection_id]
            price = _another(price, self.chance)
            self.ends[selection_id] = (price, tick + 1)
            changes.append(displays.Change(selection_id=selection_id, tick=tick + 1))
            said.append({"selection_id": selection_id, "price": write_price(price)})
        body = {"source": SOURCE, "sequence": self.sequence, "changes": said}
        return displays.Push(body=msgspec.json.encode(body), changes=tuple(changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of the measured part."""

    pushed: displays.Pushed
    expected: displays.Expected
    bets_rate: float
    bets: int
    seconds: float
    messages: Sequence[int]


async def run(options: FeedOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure price updates applied per second, and how soon they are seen, beside bets."""
    tell(f"an instance with {options.players:,} players starts")
    async with open_venue(players=options.players, only=PROCESSES, folder=options.folder) as venue:
        machine = server.describe_machine(venue.home)
        programme = await open_programme(venue.database, seed=options.seed)
        await server.settle_down(venue.database)
        tell("the baseline: one transaction for each price")
        baseline = await _baseline(venue, programme, options)
        pids = {name: pid for name, pid in venue.instance.pids.items() if name != "postgres"}
        seen = processes.Processes(pids, server_pid=venue.instance.pids["postgres"])
        tell(f"{options.rate:,.0f} prices/s beside {options.bets_rate:,.0f} bets/s")
        async with seen.watched():
            await play(venue, programme, options, seconds=WARM_UP_SECONDS)
            played = await play(venue, programme, options, seconds=options.seconds)
        tell("checking the books")
        async with venue.database.reading() as tx:
            durability = await server.read_durability(tx)
        return BenchReport(
            bench="feed",
            unit="price updates/s",
            rate=played.pushed.changed / played.seconds,
            baseline_rate=baseline,
            ack_ms=Latency.of_seconds(played.pushed.took),
            rss_mb=seen.rss_mb,
            durability=durability,
            machine=machine,
            versions=server.describe_versions(),
            options={
                "seconds": options.seconds,
                "rate": options.rate,
                "bets_rate": options.bets_rate,
                "players": options.players,
                "small_displays": options.small_displays,
                "seed": options.seed,
            },
            invariants=await _invariants(venue, programme, played),
            figures=_figures(played),
        )


async def play(
    venue: Venue, programme: Programme, options: FeedOptions, *, seconds: float
) -> Played:
    """Push prices and append bets for so long; wait until all is seen and decided."""
    clock, every = SystemClock(), PUSHED_AT_ONCE / options.rate
    pushes = programme.pushes(max(int(seconds / every), 1))
    entries = _entries(venue, options, int(options.bets_rate * seconds), clock)
    host, port, token = venue.instance.host, venue.instance.port, venue.instance.staff_token
    everything = [event.id for event in programme.events]
    groups = [everything, *([event_id] for event_id in everything[: options.small_displays])]
    expected = displays.Expected()
    async with displays.displaying(host, port, groups, expected) as counts:
        pouring = asyncio.create_task(
            log.pour(venue.database, entries, rate=options.bets_rate, clock=clock)
        )
        pushed = await displays.push_all(host, port, token, pushes, every=every, expected=expected)
        bets_rate = await pouring
        async with asyncio.timeout(SEEN_SECONDS_MAX):
            while expected.left:  # noqa: ASYNC110 - a bench's own look, not on the measured path
                await asyncio.sleep(log.LOOK_SECONDS)
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        await log.drained(venue.database)
    return Played(
        pushed=pushed,
        expected=expected,
        bets_rate=bets_rate,
        bets=len(entries),
        seconds=pushed.ended_at - pushed.dues[0],
        messages=tuple(counts),
    )


async def open_programme(database: Database, *, seed: int) -> Programme:
    """Open what the feed prices; nobody bets on it, so that every bet is at a price that stands."""
    clock, entropy = SystemClock(), SystemEntropy()
    starts_at = clock.now() + timedelta(days=2)
    events = tuple(_event(number, starts_at) for number in range(EVENTS))
    for event in events:
        async with messages.turn(
            database, [CATALOGUE_SHARD], now=clock.now(), actor="bench", entropy=entropy
        ) as turn:
            await catalog.open_events(turn, [event])
    ends = {
        selection.id: (selection.price, 1)
        for event in events
        for market in event.markets
        for selection in market.selections
    }
    return Programme(events=events, ends=ends, chance=random.Random(seed))  # noqa: S311 - load


def _entries(venue: Venue, options: FeedOptions, count: int, clock: Clock) -> list[Entry]:
    bets = town.bets(venue.people, seed=options.seed, clock=clock, entropy=SystemEntropy())
    return [town.entry(next(bets)) for _ in range(count)]


async def _baseline(venue: Venue, programme: Programme, options: FeedOptions) -> float:
    """Return how many prices a second one transaction for each gives, with 8 clients."""
    clock, entropy = SystemClock(), SystemEntropy()

    async def act(connection: server.Connection, wish: PriceChange) -> None:
        await slow_prices.change(connection, wish, clock=clock, entropy=entropy)
        _, tick = programme.ends[wish.selection_id]
        programme.ends[wish.selection_id] = (wish.price, tick + 1)

    count, seconds = await row_at_a_time.rate(
        venue.database.url,
        _wishes(programme),
        act,
        clients=row_at_a_time.CLIENTS,
        seconds=options.baseline_seconds,
    )
    return count / seconds


def _wishes(programme: Programme) -> Iterator[PriceChange]:
    while True:
        for selection_id in list(programme.ends):
            price = _another(programme.ends[selection_id][0], programme.chance)
            yield PriceChange(selection_id=selection_id, price=price)


def _another(price: Fraction, chance: random.Random) -> Fraction:
    """Draw a price that is not this one."""
    drawn = _PRICES[int(chance.random() * len(_PRICES))]
    return drawn if drawn != price else drawn + Fraction(1, 200)


async def _invariants(venue: Venue, programme: Programme, played: Played) -> dict[str, bool]:
    database, ends = venue.database, programme.ends
    moved = sum(tick - 1 for _, tick in ends.values())
    different = await books.count(
        database,
        _DIFFERENT,
        list(ends),
        [write_price(price) for price, _ in ends.values()],
        [tick for _, tick in ends.values()],
    )
    bets = await books.count(database, _COUNT_BETS)
    return {
        "every_update_was_applied": played.pushed.changed == len(played.expected.took),
        "every_update_was_seen": played.expected.left == 0,
        "prices_are_the_last_that_were_pushed": different == 0,
        "every_update_is_told_once": await books.count(database, _COUNT_TOLD, CATALOGUE_SHARD)
        == moved,
        "every_display_was_told": all(played.messages),
        "every_bet_was_accepted": await books.count(database, _COUNT_ACCEPTED) == bets > 0,
        **(await books.check(database)).invariants,
    }


def _figures(played: Played) -> dict[str, Figure]:
    seen = Latency.of_seconds(played.expected.took) or Latency(p50=0, p99=0, p999=0)
    return {
        "bets_per_second": round(played.bets_rate, 1),
        "bets": played.bets,
        "visible_ms_p50": seen.p50,
        "visible_ms_p99": seen.p99,
        "visible_ms_p999": seen.p999,
        "updates": played.pushed.changed,
        "displays": len(played.messages),
        "messages": sum(played.messages),
    }


def _event(number: int, starts_at: datetime) -> NewEvent:
    name = f"feed {number}"
    lines: list[tuple[str, Fraction | None, tuple[str, ...]]] = [
        (MarketKind.MATCH_RESULT, None, MarketKind.MATCH_RESULT.codes),
        *(
            (MarketKind.TOTAL_GOALS, Fraction(line, 4), MarketKind.TOTAL_GOALS.codes)
            for line in range(2, 2 + LINES)
        ),
    ]
    return NewEvent(
        id=EventId(derived_id("bench", "event", name)),
        sport="football",
        competition="Bench Feed",
        home=f"Home {number}",
        away=f"Away {number}",
        starts_at=starts_at,
        markets=tuple(
            NewMarket(
                id=MarketId(derived_id("bench", "market", name, kind, str(line))),
                kind=kind,
                line=line,
                selections=tuple(
                    NewSelection(
                        id=SelectionId(derived_id("bench", "selection", name, str(line), code)),
                        code=code,
                        price=_PRICES[0],
                    )
                    for code in codes
                ),
            )
            for kind, line, codes in lines
        ),
    )
