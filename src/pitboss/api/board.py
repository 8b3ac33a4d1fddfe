"""The board: what displays show of events, kept in this process and told on as facts tell it.

It may be late and is never asked whether a bet is taken: the price row is the price (decision 5).
One reader a process follows the facts of the catalogue's shard, whatever the number of displays.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from pitboss import messages
from pitboss.api.catalogue import EventView, SelectionView, event_view
from pitboss.api.edge import Edge
from pitboss.api.metrics import Metrics
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import EventId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.price import parse_price, show_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.kernel.upcasting import Schemas, type_of
from pitboss.messages.model import SealedFact
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.facts import (
    EventChangeRefused,
    EventRefused,
    HandOverRefused,
    MarketsRefused,
    MarketStatusChanged,
    MarketStatusRefused,
    PriceChanged,
    PriceRefused,
    PricesConfirmed,
    ProducerStatusChanged,
    SelectionRefused,
)
from pitboss.sportsbook.catalog.model import Event, MarketStatus

# A fifth of what an update may take to be seen, and a hundredth of a core.
LOOK_SECONDS = 0.01
RETRY_SECONDS = 0.5
PAGE_FACTS = 2_000
# Some 10 kB each: what nobody looked at for longest is let go of first.
EVENTS_KEPT_MAX = 2_000
# With no display there for so long the reader stops, and the board is wiped: who only lost the
# connection for a moment costs nothing.
IDLE_SECONDS = 5.0
# What a display that does not keep up may have waiting here before it is hung up on.
PENDING_BYTES_MAX = 256 * 1024

_SCHEMAS = Schemas((MarketStatusChanged, PriceChanged))
# What an event's facts tell that no display shows.  Any other fact has the event read again.
_UNSHOWN = frozenset(
    type_of(fact)
    for fact in (
        *(EventRefused, EventChangeRefused, MarketsRefused, MarketStatusRefused),
        *(HandOverRefused, SelectionRefused, PriceRefused, PricesConfirmed),
    )
)
_PRODUCER_CHANGED = f'"type":"{type_of(ProducerStatusChanged)}"'.encode()

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("api.board")


class SelectionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A selection's price as it now is."""

    selection_id: str
    price: str
    price_decimal: str
    tick: int


class MarketChange(msgspec.Struct, frozen=True, kw_only=True):
    """A market's status as it now is."""

    market_id: str
    status: str


class EventChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has changed of an event: `event` is all of it, in the place of what was shown before."""

    event_id: str
    event: EventView | None = None
    markets: tuple[MarketChange, ...] = ()
    selections: tuple[SelectionChange, ...] = ()


class _Envelope(msgspec.Struct):
    sv: int
    rec: str
    data: msgspec.Raw


class _Typed(msgspec.Struct):
    type: str


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_type = msgspec.json.Decoder(_Typed).decode


@dataclass(slots=True)
class Shown:
    """An event as the board has it: read at the seq `floor`, and changed by facts after it.

    No view means that there is no such event.  `changed_at` is the seq of the last change.
    `producers` vouch for prices of it, and cannot be believed about the markets in `unsafe`.
    """

    view: EventView | None
    floor: int
    changed_at: int
    producers: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()
    prices: dict[str, SelectionChange] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    _written: bytes | None = None

    def note(self, change: EventChange, seq: int) -> None:
        """Note what has changed."""
        self.prices.update({item.selection_id: item for item in change.selections})
        self.statuses.update({item.market_id: item.status for item in change.markets})
        self.changed_at, self._written = seq, None

    @classmethod
    def of(cls, event: Event | None, seq: int) -> Shown:
        """Return an event as it was read at a seq."""
        if event is None:
            return cls(None, seq, seq)
        markets = event.markets
        return cls(
            event_view(event),
            floor=seq,
            changed_at=seq,
            producers=frozenset(item.producer for item in markets if item.producer is not None),
            unsafe=frozenset(item.id for item in markets if not item.producer_up),
        )

    def status_of(self, market_id: str, status: str) -> str:
        """Return what a market's status means for who wants to bet."""
        is_open = status == MarketStatus.OPEN
        return MarketStatus.SUSPENDED if is_open and market_id in self.unsafe else status

    def written(self) -> bytes | None:
        """Return the whole event as JSON, as it is now; None if there is none."""
        if self.view is None:
            return None
        if self._written is None:
            self.view = self._with_changes(self.view)
            self._written = _encode(self.view)
        return self._written

    def _with_changes(self, view: EventView) -> EventView:
        prices, self.prices = self.prices, {}
        statuses, self.statuses = self.statuses, {}
        markets = tuple(
            msgspec.structs.replace(
                market,
                status=statuses.get(market.market_id, market.status),
                selections=tuple(
                    _with_price(selection, prices.get(selection.selection_id))
                    for selection in market.selections
                ),
            )
            for market in view.markets
        )
        return msgspec.structs.replace(view, markets=markets)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Events as they are, at `seq` or a little after it, as JSON."""

    seq: int
    written: tuple[bytes, ...]

    def body(self) -> bytes:
        """Return it as a JSON object."""
        return b'{"seq":%d,"events":[%b]}' % (self.seq, b",".join(self.written))


class Watcher:
    """A display that is told of some events; what it has not taken waits here, but not for ever."""

    def __init__(self, told: int) -> None:
        # Up to which seq of the catalogue's shard it was told.
        self.told = told
        self.is_lost = False
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._seq = told
        self._news = asyncio.Event()

    def tell(self, change: bytes, seq: int) -> None:
        """Let a change wait until it is taken; too much of it, and the display is lost."""
        self._waiting.append(change)
        self._waiting_bytes += len(change)
        self._seq = seq
        if self._waiting_bytes > PENDING_BYTES_MAX:
            self.lose()
        self._news.set()

    def lose(self) -> None:
        """Give it up: what it was not told it has to ask for."""
        self.is_lost, self._waiting, self._waiting_bytes = True, [], 0
        self._news.set()

    async def wait(self) -> None:
        """Wait until something waits to be taken, or it is lost."""
        await self._news.wait()

    def take(self) -> tuple[int, int, bytes] | None:
        """Return what waits: after which seq, up to which, and the changes in their order."""
        self._news.clear()
        if not self._waiting:
            return None
        after, self.told = self.told, self._seq
        changes, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return after, self.told, b",".join(changes)

    def pass_by(self, seq: int) -> int | None:
        """Move on to a seq up to which nothing concerned it, and return the one before.

        None if something waits to be taken.
        """
        if self._waiting:
            return None
        after, self.told = self.told, max(self.told, seq)
        return after


class _Gathered:
    """What a page of facts tells of one event; of each price the last."""

    def __init__(self) -> None:
        self.is_anew = False
        self._prices: dict[str, PriceChanged] = {}
        self._statuses: dict[str, str] = {}

    def add(self, envelope: _Envelope) -> None:
        kind = _read_type(envelope.data).type
        if kind not in _SCHEMAS.types:
            self.is_anew = self.is_anew or kind not in _UNSHOWN
            return
        match _SCHEMAS.read_written(kind, envelope.sv, envelope.data):
            case PriceChanged() as fact:
                self._prices[fact.selection_id] = fact
            case MarketStatusChanged() as fact:
                self._statuses[fact.market_id] = fact.status

    def change(self, event_id: EventId, shown: Shown) -> EventChange:
        return EventChange(
            event_id=event_id,
            markets=tuple(
                MarketChange(market_id=market_id, status=shown.status_of(market_id, status))
                for market_id, status in self._statuses.items()
            ),
            selections=tuple(
                SelectionChange(
                    selection_id=fact.selection_id,
                    price=fact.price,
                    price_decimal=show_price(parse_price(fact.price)),
                    tick=fact.tick,
                )
                for fact in self._prices.values()
            ),
        )


class Board:
    """The events that displays look at, and who looks."""

    def __init__(self, edge: Edge, metrics: Metrics) -> None:
        self._edge = edge
        self._metrics = metrics
        # Held while facts are read, and while events are: so neither overtakes the other.
        self._looking = asyncio.Lock()
        self._seq = 0
        self._seen_at = 0.0
        self._used_at = 0.0
        self._events: dict[EventId, Shown] = {}
        self._watchers: dict[EventId, set[Watcher]] = {}
        self._reader: asyncio.Task[None] | None = None

    @property
    def seq(self) -> int:
        """Up to which seq of the catalogue's shard this process has heard."""
        return self._seq

    @property
    def silent_seconds(self) -> float:
        """For how long nobody could find out whether something has changed."""
        return _time() - self._seen_at

    async def snapshot(self, event_ids: Sequence[EventId]) -> Snapshot:
        """Return those of the events that exist, as they are as far as this process knows.

        Raises:
            DatabaseAway: they cannot be read.
        """
        async with self._looking:
            if self._reader is None:
                # Nobody would keep what was read now.
                return await self._read_snapshot(event_ids)
            await self._show(event_ids)
            return self._snapshot(event_ids)

    @contextlib.asynccontextmanager
    async def watch(
        self, event_ids: Sequence[EventId], *, told: int | None
    ) -> AsyncIterator[tuple[Watcher, Snapshot]]:
        """Tell somebody of these events, of what changes after the snapshot that comes first.

        Who was told up to a seq before finds in the snapshot only what has changed since.

        Raises:
            DatabaseAway: the events cannot be read.
        """
        async with self._looking:
            await self._show(event_ids)
            changed = [item for item in event_ids if not self._stands(item, told)]
            snapshot, watcher = self._snapshot(changed), Watcher(self._seq)
            for event_id in event_ids:
                self._watchers.setdefault(event_id, set()).add(watcher)
        try:
            yield watcher, snapshot
        finally:
            self._used_at = _time()
            for event_id in event_ids:
                watchers = self._watchers[event_id]
                watchers.discard(watcher)
                if not watchers:
                    del self._watchers[event_id]

    def _snapshot(self, event_ids: Sequence[EventId]) -> Snapshot:
        written = (self._events[event_id].written() for event_id in event_ids)
        return Snapshot(self._seq, tuple(item for item in written if item is not None))

    def _stands(self, event_id: EventId, told: int | None) -> bool:
        """Say whether somebody who was told up to this seq knows the event as it is."""
        shown = self._events[event_id]
        return told is not None and max(shown.floor, shown.changed_at) <= told <= self._seq

    async def _show(self, event_ids: Sequence[EventId]) -> None:
        """See to it that these events are on the board, and somebody follows what is told."""
        self._used_at = _time()
        if self._reader is None:
            async with self._edge.database.reading() as tx:
                self._seq = await messages.read_seq(tx, CATALOGUE_SHARD)
            self._seen_at = _time()
            self._events = {}
            self._reader = asyncio.create_task(self._read())
        missing = [item for item in event_ids if item not in self._events]
        if missing:
            await self._read_events(missing)
        for event_id in event_ids:
            # Last in the order in which events are let go of.
            self._events[event_id] = self._events.pop(event_id)
        for event_id in self._too_many():
            del self._events[event_id]

    def _too_many(self) -> list[EventId]:
        over = len(self._events) - EVENTS_KEPT_MAX
        idle = (item for item in self._events if item not in self._watchers)
        return [event_id for event_id, _ in zip(idle, range(over), strict=False)]

    async def _read_events(self, event_ids: Collection[EventId]) -> None:
        """Put events on the board, as they are now."""
        floor, found = await self._find(event_ids)
        for event_id in event_ids:
            self._events[event_id] = Shown.of(found.get(event_id), floor)

    async def _read_snapshot(self, event_ids: Collection[EventId]) -> Snapshot:
        seq, found = await self._find(event_ids)
        events = (found.get(event_id) for event_id in event_ids)
        written = tuple(_encode(event_view(event)) for event in events if event is not None)
        return Snapshot(seq, written)

    async def _find(self, event_ids: Collection[EventId]) -> tuple[int, dict[EventId, Event]]:
        """Read events, and the seq at which all of them are so."""
        async with self._edge.database.moment() as tx:
            seq = await messages.read_seq(tx, CATALOGUE_SHARD)
            events = await catalog.find_events_by_id(tx, list(event_ids))
        return seq, {event.id: event for event in events}

    async def _read(self) -> None:
        """Follow the facts for as long as somebody looks at the board."""
        try:
            while True:
                try:
                    async with self._looking:
                        # Under the lock: who comes now finds a reader who stays, or none.
                        if not self._is_wanted():
                            return
                        is_behind = await self._follow()
                except Fault as fault:
                    _log.warning("prices are not followed now", why=str(fault))
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not is_behind:
                    await asyncio.sleep(LOOK_SECONDS)
        except Exception:
            _log.exception("the board broke")
        finally:
            # Whoever still looks asks anew, and then somebody follows again.
            self._reader, self._events = None, {}
            for watcher in set().union(*self._watchers.values()):
                watcher.lose()

    def _is_wanted(self) -> bool:
        return bool(self._watchers) or _time() - self._used_at < IDLE_SECONDS

    async def _follow(self) -> bool:
        """Tell of the next facts; say whether there are more."""
        async with self._edge.database.reading() as tx:
            facts = await messages.read_facts(
                tx, CATALOGUE_SHARD, after_seq=self._seq, limit=PAGE_FACTS
            )
        self._seen_at = _time()
        if facts:
            await self._tell(facts)
        return len(facts) == PAGE_FACTS

    async def _tell(self, facts: Sequence[SealedFact]) -> None:
        gathered: dict[EventId, _Gathered] = {}
        for fact in facts:
            event_id = EventId(fact.stream)
            shown = self._events.get(event_id)
            if shown is not None and fact.seq > shown.floor:
                gathered.setdefault(event_id, _Gathered()).add(_read_envelope(fact.body))
            elif shown is None and _PRODUCER_CHANGED in fact.body:
                for vouched in self._vouched_for(fact):
                    gathered.setdefault(vouched, _Gathered()).is_anew = True
        anew = [event_id for event_id, item in gathered.items() if item.is_anew]
        if anew:
            await self._read_events(anew)

        # From here on nothing waits: all of this page is told, or none of it.
        self._seq = seq = facts[-1].seq
        for event_id, item in gathered.items():
            # What was let go of above is told to nobody.
            known = event_id in self._events
            written = self._take_over(event_id, item, seq) if known else b""
            for watcher in self._watchers.get(event_id, ()) if written else ():
                watcher.tell(written, seq)
        recorded = parse_instant(_read_envelope(facts[-1].body).rec, field="rec")
        lag = (self._edge.clock.now() - recorded).total_seconds()
        self._metrics.price_lag_seconds.observe(max(lag, 0.0))

    def _vouched_for(self, fact: SealedFact) -> list[EventId]:
        """Return the events that are shown otherwise when who vouches for their prices changes.

        What nobody looks at is let go of instead of being read again.
        """
        data = _read_envelope(fact.body).data
        name = msgspec.json.decode(data, type=ProducerStatusChanged).producer
        concerned = [
            event_id
            for event_id, shown in self._events.items()
            if name in shown.producers and fact.seq > shown.floor
        ]
        for event_id in concerned:
            if event_id not in self._watchers:
                del self._events[event_id]
        return [event_id for event_id in concerned if event_id in self._watchers]

    def _take_over(self, event_id: EventId, gathered: _Gathered, seq: int) -> bytes:
        """Note what has changed of an event, and return how that is told, if anything has."""
        shown = self._events[event_id]
        if gathered.is_anew:
            return _encode(EventChange(event_id=event_id, event=shown.view))
        change = gathered.change(event_id, shown)
        if not change.markets and not change.selections:
            return b""
        shown.note(change, seq)
        return _encode(change)


def _with_price(selection: SelectionView, now: SelectionChange | None) -> SelectionView:
    if now is None:
        return selection
    return msgspec.structs.replace(
        selection, price=now.price, price_decimal=now.price_decimal, tick=now.tick
    )


def _time() -> float:
    return asyncio.get_running_loop().time()
