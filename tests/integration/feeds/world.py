"""A supplier, a database and a loop that reads the one into the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contract.fake_feed import FakeSource, FakeSupplier
from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import EventId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import TurnContext
from pitboss.sportsbook import catalog, feeds, settlement
from pitboss.sportsbook.catalog.model import Event, Market, Offer
from pitboss.sportsbook.feeds import Taken
from pitboss.sportsbook.feeds.model import (
    Fixture,
    ForeignEvent,
    Parked,
    ParkedState,
    Phase,
    ProducerId,
    ProducerTerms,
    Standing,
)
from pitboss.sportsbook.settlement.model import MarketResult
from pitboss.workers.feed import Loop
from unit.feeds.said import EVENT, FEED, T0, alive, reader, snapshot_complete

LIVE, PREMATCH = ProducerId("uof:1"), ProducerId("uof:3")
TERMS = (
    ProducerTerms(id=LIVE, phase=Phase.LIVE),
    ProducerTerms(id=PREMATCH, phase=Phase.PREMATCH),
)
NOW = datetime.fromtimestamp(T0 / 1_000, UTC)
EVENT_ID = EventId(derived_id("feed event", FEED, EVENT))
FIXTURE = Fixture(
    event=ForeignEvent(EVENT),
    sport="football",
    competition="A league",
    home="Home",
    away="Away",
    starts_at=NOW + timedelta(hours=2),
)


@dataclass(slots=True, kw_only=True)
class World:
    """A database, a supplier and the clocks; `ms` is the supplier's own, to the millisecond."""

    database: Database
    source: FakeSource = field(default_factory=FakeSource)
    supplier: FakeSupplier = field(default_factory=FakeSupplier)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    seconds: float = 1_000.0
    loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        self.supplier.fixtures[ForeignEvent(EVENT)] = FIXTURE
        self.loop = self.make_loop()

    def make_loop(self, owner: str = "reader") -> Loop:
        """Return a loop, as a process that has just started has it."""
        return Loop(
            reader=reader(),
            source=self.source,
            supplier=self.supplier,
            terms=TERMS,
            owner=owner,
            database=self.database,
            clock=self.clock,
            entropy=SystemEntropy(),
            steady=lambda: self.seconds,
            wait_seconds=0,
        )

    @property
    def ms(self) -> int:
        """The present moment."""
        return T0 + round((self.clock.now() - NOW).total_seconds() * 1_000)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(seconds=seconds))
        self.seconds += seconds

    async def send(self, *bodies: bytes) -> Taken:
        """Have messages sent and worked off."""
        self.source.send(*bodies)
        return await self.loop.round()

    async def come_up(self, *products: int) -> None:
        """Have producers recover, as they do at a start."""
        for product in products or (1, 3):
            await self.send(alive(at=self.ms, product=product))
        for producer, number, _ in list(self.supplier.asked):
            product = int(producer.partition(":")[2])
            await self.send(snapshot_complete(number, at=self.ms, product=product))
        self.later(0.001)

    async def event(self) -> Event | None:
        """Return the event as it is shown."""
        async with self.database.reading() as tx:
            return await catalog.find_event(tx, EVENT_ID)

    async def market(self, kind: str = "1x2") -> Market:
        """Return the event's market of this kind."""
        event = await self.event()
        assert event is not None
        (found,) = [market for market in event.markets if market.kind == kind]
        return found

    async def prices(self, kind: str = "1x2") -> dict[str, str]:
        """Return a market's prices by code."""
        return {item.code: str(item.price) for item in (await self.market(kind)).selections}

    async def ruled(self) -> MarketResult:
        """Return what counts of the market, for settlement."""
        found = await self.market()
        async with self.database.reading() as tx:
            return (await settlement.find_results(tx, [found.id]))[found.id]

    async def result(self) -> dict[str, bool]:
        """Return which selections of the market won, by code, as far as that counts."""
        found = await self.market()
        async with self.database.reading() as tx:
            ruled = (await settlement.find_results(tx, [found.id])).get(found.id)
        codes = {item.id: item.code for item in found.selections}
        selections = () if ruled is None else ruled.selections
        return {codes[item.selection_id]: item.won for item in selections}

    async def offer(self, code: str = "home") -> Offer:
        """Return what deciding on a bet would see."""
        (found,) = [item for item in (await self.market()).selections if item.code == code]
        async with self.database.transaction() as tx:
            return (await catalog.Shelf().locked(tx, [found.id]))[found.id]

    async def parked(self, *states: ParkedState) -> list[Parked]:
        """Return what is parked."""
        async with self.database.reading() as tx:
            return await feeds.list_parked(tx, states=states or tuple(ParkedState))

    async def reasons(self) -> dict[str, int]:
        """Return why things were parked, and how often."""
        found: dict[str, int] = {}
        for item in await self.parked():
            found[item.reason] = found.get(item.reason, 0) + item.times
        return found

    async def standing(self, producer: ProducerId) -> Standing:
        """Return how a producer stands."""
        async with self.database.reading() as tx:
            standings = await feeds.find_standings(tx)
        return next(item for item in standings if item.producer == producer)

    def turn(self, actor: str = "tester") -> TurnContext:
        """Return a turn of the catalogue's shard."""
        return messages.turn(
            self.database,
            {CATALOGUE_SHARD},
            now=self.clock.now(),
            actor=actor,
            entropy=SystemEntropy(),
        )
