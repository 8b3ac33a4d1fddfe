"""The feed loop: reads one supplier's messages, and vouches for its producers while it does.

What waits is taken at once and done in one turn of the catalogue's shard: of the sections of its
events if it is prices and stops, so that bets on others do not wait for it.  A message counts as
read when that has been committed; whoever is killed is given it again, and recognises it.  While
nobody reads, nobody vouches: `workers/feed_watch.py` takes the producers of a reader that is gone
down.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.db.errors import TransactionConflict
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import CATALOGUE_SHARD, Section
from pitboss.kernel.waiting import happened
from pitboss.messages import TurnContext
from pitboss.sportsbook import feeds
from pitboss.sportsbook.feeds import Taken, Watch
from pitboss.sportsbook.feeds.errors import FeedAway, LeaseLost
from pitboss.sportsbook.feeds.model import (
    Delivery,
    EventMessage,
    FeedName,
    Fixture,
    FixtureChanged,
    ForeignEvent,
    Note,
    ProducerId,
    ProducerTerms,
    Quoted,
    RecoveryWish,
    Why,
    millis,
    told_markets,
)
from pitboss.sportsbook.feeds.ports import Reader, Source, Supplier
from pitboss.workers.figures import Figures

# Some 10,000 prices; a turn of the catalogue's shard for that long is what bettors wait at most.
BATCH_MAX = 200
# Of markets that a recovery leaves out, so many are suspended in one turn.
LEFT_OUT_MAX = 2_000
WAIT_SECONDS = 0.5
RETRY_SECONDS = 1.0
# A third of a lease, so that one that fails may be tried again.
BEAT_SECONDS = 1.5
RETRIES_MAX = 50
# Of events that we have not, so many are asked for while a batch waits, and no longer than this.
FIXTURES_MAX = 32
FIXTURES_SECONDS_MAX = 2.0
# A supplier that does not know an event, or could not say, is not asked again for so long.
UNKNOWN_SECONDS = 60.0
UNKNOWN_MAX = 10_000
FORGET_SECONDS = 600.0
FORGET_MS = 14 * 24 * 3_600 * 1_000
FORGET_MAX = 5_000

_log = structlog.get_logger("feed")


def _steady() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is done in one turn: messages with what is known for them, and how producers stand."""

    deliveries: Sequence[Delivery]
    fixtures: Mapping[ForeignEvent, Fixture]
    notes: Sequence[Note]
    watch: Watch


@dataclass(slots=True, kw_only=True)
class Loop:
    """Reads one feed.  `clock` is the platform's; `steady` only ever goes on, and times silence."""

    reader: Reader
    source: Source
    supplier: Supplier
    terms: Sequence[ProducerTerms]
    owner: str
    database: Database
    clock: Clock
    entropy: Entropy
    figures: Figures | None = None
    steady: Callable[[], float] = _steady
    wait_seconds: float = WAIT_SECONDS
    _epoch: int | None = None
    _watch: Watch = field(default_factory=lambda: Watch({}))
    _shown: Watch | None = None
    _pending: list[bytes] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _unknown: dict[ForeignEvent, float] = field(default_factory=dict)
    _beat_at: float = float("-inf")
    _forget_at: float = float("-inf")

    @property
    def feed(self) -> FeedName:
        """The feed that this reads."""
        return self.reader.feed

    @property
    def watch(self) -> Watch:
        """How its producers stand."""
        return self._watch

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop, then let go in order; faults of the world are waited out."""
        while not stop.is_set():
            try:
                await self.round()
            except Fault as fault:
                _log.warning("trying again", feed=self.feed, why=str(fault))
                await happened(stop, RETRY_SECONDS)
            except Exception:
                # A fault of ours must stop neither the other producers nor the next message.
                _log.exception("a round broke", feed=self.feed)
                await happened(stop, RETRY_SECONDS)
        with contextlib.suppress(Fault):
            await self._let_go()
        with contextlib.suppress(Fault):
            await self.source.close()

    async def round(self) -> Taken:
        """Work off what waits, once; return what came of it.

        Raises:
            Fault: the database is away, or the lease is lost; what was taken is kept.
        """
        if self._epoch is None and not await self._begin():
            await asyncio.sleep(self.wait_seconds)
            return Taken()
        try:
            taken = await self._work_off(await self._take())
        except LeaseLost:
            self._epoch = None
            raise
        await self._recover()
        await self._forget()
        return taken

    async def _begin(self) -> bool:
        """Become the feed's reader; its producers are down until each has recovered."""
        async with self.database.transaction() as tx:
            self._epoch = await feeds.claim(tx, self.feed, owner=self.owner)
            progress = await feeds.find_progress(tx)
        if self._epoch is None:
            return False
        self._watch = Watch.of(self.terms, progress)
        self._shown = None
        _log.info("reads", feed=self.feed, epoch=self._epoch)
        # At once, and not when somebody has been connected to: who read before us may have been
        # killed while they vouched.
        await self._commit([], {})
        return True

    async def _take(self) -> Sequence[bytes]:
        """Return the messages that wait; a connection that is gone takes the producers down."""
        if self._pending:
            return self._pending
        try:
            await self.source.connect()
            self._pending = list(await self.source.take(BATCH_MAX, seconds_max=self.wait_seconds))
        except FeedAway as away:
            _log.warning("not connected", feed=self.feed, why=str(away))
            self._watch.fall(Why.DISCONNECTED)
            await asyncio.sleep(self.wait_seconds)
        return self._pending

    async def _work_off(self, bodies: Sequence[bytes]) -> Taken:
        now_ms = millis(self.clock.now())
        known = [item.id for item in self.terms]
        deliveries = [
            feeds.read(self.reader, body, known=known, seen=self._seen, now_ms=now_ms)
            for body in bodies
        ]
        deliveries += await self._wanted(known, now_ms)
        fixtures = await self._find_fixtures(deliveries)
        try:
            taken = await self._commit(deliveries, fixtures)
        except Fault:
            raise
        except Exception as error:
            if not deliveries:
                raise
            taken = await self._one_by_one(deliveries, fixtures, error)
        self._pending = []
        with contextlib.suppress(FeedAway):
            await self.source.done()
        return taken

    async def _one_by_one(
        self,
        deliveries: Sequence[Delivery],
        fixtures: Mapping[ForeignEvent, Fixture],
        error: Exception,
    ) -> Taken:
        """Work off messages of which one breaks our own code; that one is parked."""
        if len(deliveries) == 1:
            _log.error("a message broke the reader", feed=self.feed, exc_info=error)
            why = type(error).__name__
            try:
                return await self._commit([feeds.broken(deliveries[0], why)], {})
            except Fault:
                raise
            except Exception:
                _log.exception("its event cannot be stopped", feed=self.feed)
                return await self._commit([feeds.broken(deliveries[0], why, stops=False)], {})
        taken = Taken()
        for delivery in deliveries:
            try:
                part = await self._commit([delivery], fixtures)
            except Fault:
                raise
            except Exception as broke:
                part = await self._one_by_one([delivery], fixtures, broke)
            taken.counts.update(part.counts)
            taken.parked.update(part.parked)
        return taken

    async def _commit(
        self, deliveries: Sequence[Delivery], fixtures: Mapping[ForeignEvent, Fixture]
    ) -> Taken:
        """Do what messages say and show who may be believed then, in one transaction."""
        started, at, now = perf_counter(), self.steady(), self.clock.now()
        watch = self._watch.copy()
        notes: list[Note] = []
        for delivery in deliveries:
            note = watch.hear(delivery, at=at, now_ms=millis(now))
            notes += [] if note is None else [note]
        watch.look(at=at)
        news = bool(notes) or any(map(_changes, deliveries))
        taken = Taken()
        if news or watch.whole or self._shown is None or not watch.shows_as(self._shown):
            batch = _Batch(
                deliveries=deliveries if news else (), fixtures=fixtures, notes=notes, watch=watch
            )
            taken = await self._do(batch)
        elif at - self._beat_at >= BEAT_SECONDS:
            async with self.database.transaction() as tx:
                await self._beat(tx, watch)
        else:
            self._watch = watch
            return taken
        self._watch, self._shown, self._beat_at = watch, watch.copy(), at
        self._show_figures(taken, perf_counter() - started, len(deliveries))
        return taken

    async def _do(self, batch: _Batch) -> Taken:
        """Do a batch in a turn of its sections if that is enough, or of all of the catalogue."""
        await self._leave_out(batch)
        sections = await self._find_sections(batch)
        if sections is not None:
            with contextlib.suppress(TransactionConflict):
                return await self._do_in_turn(batch, sections)
        return await self._do_in_turn(batch, None)

    async def _do_in_turn(self, batch: _Batch, sections: frozenset[Section] | None) -> Taken:
        taken = Taken()
        async with self._turn(sections) as turn:
            await self._beat(turn.tx, batch.watch)
            if batch.deliveries:
                taken = await feeds.take(
                    turn,
                    self.feed,
                    batch.deliveries,
                    terms={item.id: item for item in self.terms},
                    fixtures=batch.fixtures,
                    notes=batch.notes,
                )
            if self._shows_anew(batch):
                await feeds.show(turn, batch.watch.states)
        return taken

    async def _leave_out(self, batch: _Batch) -> None:
        """Suspend what a recovery of all there is did not tell of, nor a message beside its end.

        Before its producer is shown as up, so that nobody bets on them; there may be more of them
        than one transaction can change, and who is killed in between recovers all once more.
        """
        quoted = [item.said for item in batch.deliveries if isinstance(item.said, Quoted)]
        beside = {key for said in quoted for key in told_markets(said)}
        for producer, told in batch.watch.whole.items():
            async with self.database.reading() as tx:
                left_out = await feeds.find_left_out(tx, producer, told | beside)
            for start in range(0, len(left_out), LEFT_OUT_MAX):
                async with self._turn() as turn:
                    # As it stood before: nothing that was missed is here yet.
                    await self._beat(turn.tx, self._watch)
                    await feeds.suspend_left_out(turn, left_out[start : start + LEFT_OUT_MAX])
            _log.info("left out", producer=producer, markets=len(left_out))

    async def _find_sections(self, batch: _Batch) -> frozenset[Section] | None:
        # Who may be believed is told of no event.
        if batch.notes or batch.fixtures or batch.watch.whole or self._shows_anew(batch):
            return None
        async with self.database.reading() as tx:
            return await feeds.find_sections(tx, self.feed, batch.deliveries)

    def _shows_anew(self, batch: _Batch) -> bool:
        return self._shown is None or not batch.watch.shows_as(self._shown)

    async def _beat(self, tx: Transaction, watch: Watch) -> None:
        epoch = self._epoch
        if epoch is None:
            raise LeaseLost(f"{self.feed} is not ours to read")
        await feeds.beat(tx, self.feed, watch.states, epoch=epoch, now=self.clock.now())

    async def _wanted(self, known: Sequence[ProducerId], now_ms: int) -> list[Delivery]:
        """Return what staff want tried again, as often as a beat."""
        if self.steady() - self._beat_at < BEAT_SECONDS:
            return []
        async with self.database.reading() as tx:
            found = await feeds.find_wanted(tx, [*known, self.feed], limit=RETRIES_MAX)
        return [
            feeds.read(
                self.reader,
                item.body,
                known=known,
                seen=self._seen,
                now_ms=now_ms,
                retry_of=item.id,
            )
            for item in found
        ]

    async def _find_fixtures(self, deliveries: Sequence[Delivery]) -> dict[ForeignEvent, Fixture]:
        """Return what the supplier knows of events that we have not, or that have changed."""
        now = self.steady()
        self._unknown = {event: till for event, till in self._unknown.items() if till > now}
        changed = [item.said.event for item in deliveries if isinstance(item.said, FixtureChanged)]
        sold = [
            item.said.event
            for item in deliveries
            if isinstance(item.said, Quoted) and any(m.ref.kind for m in item.said.markets)
        ]
        wanted = dict.fromkeys(event for event in sold if event not in self._unknown)
        if not wanted and not changed:
            return {}
        async with self.database.reading() as tx:
            unlinked = await feeds.find_unlinked(tx, self.feed, list(wanted))
        asked = list(dict.fromkeys([*changed, *unlinked]))[:FIXTURES_MAX]
        found: dict[ForeignEvent, Fixture] = {}

        async def ask(event: ForeignEvent) -> None:
            with contextlib.suppress(FeedAway):
                fixture = await self.supplier.find_fixture(event)
                if fixture is not None:
                    found[event] = fixture

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIXTURES_SECONDS_MAX), asyncio.TaskGroup() as group:
                for event in asked:
                    group.create_task(ask(event))
        if len(self._unknown) < UNKNOWN_MAX:
            silent = [event for event in asked if event not in found]
            self._unknown |= dict.fromkeys(silent, now + UNKNOWN_SECONDS)
        return found

    async def _recover(self) -> None:
        """Ask for what was missed.  The number is on record before it is asked for."""
        wishes = self._watch.wishes(at=self.steady(), now_ms=millis(self.clock.now()))
        for wish in wishes:
            async with self._turn() as turn:
                await self._beat(turn.tx, self._watch)
                request_no = await feeds.note_recovery(turn, wish)
            # Before the answer: its messages may be faster.
            self._watch.ask(wish, request_no, at=self.steady())
            await self._ask(wish, request_no)

    async def _ask(self, wish: RecoveryWish, request_no: int) -> None:
        try:
            await self.supplier.ask_recovery(
                wish.producer, request_no=request_no, after_ms=wish.after_ms
            )
        except FeedAway as away:
            # Not asked is not begun, whatever the supplier made of it.
            self._watch.fail(wish, request_no)
            _log.warning("no recovery", producer=wish.producer, why=str(away))
        else:
            _log.info("recovers", producer=wish.producer, request=request_no, after=wish.after_ms)

    async def _forget(self) -> None:
        """Forget, now and then, what was heard of things that are long over."""
        if self.steady() - self._forget_at < FORGET_SECONDS:
            return
        before_ms = millis(self.clock.now()) - FORGET_MS
        async with self.database.transaction() as tx:
            forgotten = await feeds.forget(tx, before_ms=before_ms, limit=FORGET_MAX)
        if forgotten < FORGET_MAX:
            self._forget_at = self.steady()

    async def _let_go(self) -> None:
        """Take the producers down and let the next reader begin at once."""
        epoch = self._epoch
        if epoch is None:
            return
        self._watch.fall(Why.READER_GONE)
        async with self._turn() as turn:
            await self._beat(turn.tx, self._watch)
            await feeds.show(turn, self._watch.states)
            await feeds.release(turn.tx, self.feed, epoch=epoch)
        self._epoch = None

    def _show_figures(self, taken: Taken, seconds: float, messages_count: int) -> None:
        if self.figures is None:
            return
        self.figures.show_feed(self._watch.states)
        self.figures.feed_messages.labels(self.feed).inc(messages_count)
        if messages_count:
            self.figures.feed_batch.labels(self.feed).observe(seconds)
        for reason, count in taken.parked.items():
            self.figures.feed_parked.labels(self.feed, reason).inc(count)
        for verdict, count in taken.counts.items():
            self.figures.feed_parts.labels(self.feed, verdict).inc(count)

    def _turn(self, sections: frozenset[Section] | None = None) -> TurnContext:
        return messages.turn(
            self.database,
            {CATALOGUE_SHARD},
            now=self.clock.now(),
            actor=f"feed:{self.feed}",
            entropy=self.entropy,
            sections=sections,
        )


def _changes(delivery: Delivery) -> bool:
    """Say whether a message may change more than how its producer stands."""
    return delivery.problem is not None or isinstance(delivery.said, EventMessage)
