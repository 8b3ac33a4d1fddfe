"""Reads of feeds, and judgements on them that need no database."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from pitboss.db import Transaction
from pitboss.kernel.ids import MarketId
from pitboss.kernel.shards import Section, section_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import ProducerState
from pitboss.sportsbook.feeds.errors import Unreadable
from pitboss.sportsbook.feeds.model import (
    AboutEvent,
    Alive,
    AnyMessage,
    Delivery,
    FeedName,
    ForeignEvent,
    Liveness,
    Note,
    Parked,
    ParkedState,
    ProducerId,
    ProducerTerms,
    Progress,
    Quoted,
    Reason,
    RecoveryDone,
    RecoveryWish,
    Standing,
    Stopped,
    ToldMarket,
    Why,
    feed_of,
    join_line,
    market_key,
    told_markets,
)
from pitboss.sportsbook.feeds.ports import Reader

from . import rules, store

PARKED_PAGE_MAX = 100
# Of what cannot be read, so many different things are told apart; the rest is one.
UNREADABLE_MAX = 1_000
_MORE = "more than can be told apart"


async def find_left_out(
    tx: Transaction, producer: ProducerId, told: Collection[ToldMarket]
) -> list[MarketId]:
    """Return the open markets of a producer that it did not tell of."""
    links = await store.find_links(tx, feed_of(producer), {event for event, _ in told})
    sold = {(links[event], key) for event, key in told if event in links}
    return [
        one.market_id
        for one in await catalog.find_open_of(tx, producer)
        if (one.event_id, market_key(one.kind, join_line(one.line, one.specifiers))) not in sold
    ]


class Watch:
    """How the producers of one feed stand, followed message by message.  Nothing here is stored.

    `at` is the moment of a steady clock in seconds, `now_ms` that of the platform's.
    """

    def __init__(
        self,
        states: Mapping[ProducerId, Liveness],
        told: dict[ProducerId, set[ToldMarket]] | None = None,
    ) -> None:
        self._states = dict(states)
        # What is sent again is told again if it is rolled back, so copies share it.
        self._told = {} if told is None else told
        self._whole: dict[ProducerId, frozenset[ToldMarket]] = {}

    @classmethod
    def of(cls, terms: Collection[ProducerTerms], progress: Mapping[ProducerId, Progress]) -> Watch:
        """Begin to watch: every producer is down until it has recovered."""
        states = {}
        for item in terms:
            known = progress.get(item.id)
            good_ms = None if known is None else known.good_ms
            states[item.id] = Liveness(terms=item, good_ms=good_ms)
        return cls(states)

    def copy(self) -> Watch:
        """Return another one that stands the same, to follow what may be rolled back."""
        return Watch(self._states, self._told)

    @property
    def whole(self) -> Mapping[ProducerId, frozenset[ToldMarket]]:
        """Whose recovery of all there is has just ended, and which markets it told of."""
        return self._whole

    @property
    def states(self) -> tuple[Liveness, ...]:
        """How each producer stands."""
        return tuple(self._states.values())

    def shows_as(self, other: Watch) -> bool:
        """Say whether the same producers are up, and the others down for the same reasons."""
        mine = {item.terms.id: item.down for item in self.states}
        return mine == {item.terms.id: item.down for item in other.states}

    def hear(self, delivery: Delivery, *, at: float, now_ms: int) -> Note | None:
        """Take note of a message that is being worked off; return what of it is to be parked."""
        said = delivery.said
        state = None if said is None else self._states.get(said.producer)
        if said is None or state is None or delivery.retry_of is not None:
            return None
        note = None
        self._hear_whole(said, state)
        match said:
            case Alive():
                state = rules.hear_alive(
                    state, said.generated_ms, subscribed=said.subscribed, at=at
                )
            case RecoveryDone():
                if not rules.is_awaited(state, said.request_no):
                    note = _unknown_recovery(said, delivery)
                state = rules.complete(state, said.request_no, said.generated_ms)
            case _:
                pass
        # What is sent again for a recovery is old by its nature.
        if delivery.problem is None and getattr(said, "request_no", None) is None:
            state = rules.process(state, said.generated_ms, now_ms=now_ms)
        self._states[said.producer] = state
        return note

    def _hear_whole(self, said: AnyMessage, state: Liveness) -> None:
        """Note what is told while a producer is down, and when a recovery of all there is ends.

        What it has not told by then it does not sell any more.
        """
        running = state.recovery
        if state.up:
            self._told.pop(said.producer, None)
        elif isinstance(said, Quoted):
            self._told.setdefault(said.producer, set()).update(told_markets(said))
        elif (
            isinstance(said, RecoveryDone)
            and running is not None
            and (running.request_no, running.after_ms) == (said.request_no, None)
        ):
            self._whole[said.producer] = frozenset(self._told.get(said.producer, ()))

    def look(self, *, at: float) -> None:
        """Take note of silence."""
        self._states = {name: rules.look(item, at=at) for name, item in self._states.items()}

    def fall(self, why: Why) -> None:
        """Take all of them down."""
        self._states = {name: rules.fall(item, why) for name, item in self._states.items()}

    def wishes(self, *, at: float, now_ms: int) -> list[RecoveryWish]:
        """Return the recoveries to ask for now."""
        found = [rules.wish(item, at=at, now_ms=now_ms) for item in self.states]
        return [item for item in found if item is not None]

    def ask(self, wish: RecoveryWish, request_no: int, *, at: float) -> None:
        """Take note that a recovery is about to be asked for."""
        state = self._states[wish.producer]
        self._states[wish.producer] = rules.ask(state, request_no, wish.after_ms, at=at)

    def fail(self, wish: RecoveryWish, request_no: int) -> None:
        """Take note that it could not be asked for."""
        self._states[wish.producer] = rules.fail(self._states[wish.producer], request_no)


def read(
    reader: Reader,
    body: bytes,
    *,
    known: Collection[ProducerId],
    seen: set[str],
    now_ms: int,
    retry_of: str | None = None,
) -> Delivery:
    """Read a message as far as it can be read; never fails.

    Args:
        known: the producers that are read.  A message of theirs about an event that cannot be read
            stops the event: whatever it was, the prices from before it are not to be trusted.
        seen: what could not be read before, by this process; it is added to, and bounded.
    """
    try:
        return Delivery(feed=reader.feed, body=body, said=reader.read(body), retry_of=retry_of)
    except Unreadable as problem:
        subject = problem.detail
        if problem.owed:
            subject = hashlib.sha256(body).hexdigest()
        elif subject not in seen and len(seen) >= UNREADABLE_MAX:
            subject = _MORE
        else:
            seen.add(subject)
        stop = None
        if problem.producer in known and problem.event is not None:
            stop = Stopped(
                producer=ProducerId(problem.producer or ""),
                generated_ms=now_ms,
                event=ForeignEvent(problem.event),
            )
        return Delivery(
            feed=reader.feed,
            body=body,
            said=stop,
            problem=problem.reason,
            subject=subject,
            detail=problem.detail,
            owed=problem.owed,
            retry_of=retry_of,
        )


def broken(delivery: Delivery, why: str, *, stops: bool = True) -> Delivery:
    """Return a message that could not be worked off because our own code is wrong.

    It is kept, to be tried again when that is mended; nobody else waits for that.  Like one that
    cannot be read it stops its event, unless that is what breaks.
    """
    said, stop = delivery.said, None
    if stops and isinstance(said, AboutEvent):
        stop = Stopped(producer=said.producer, generated_ms=said.generated_ms, event=said.event)
    return Delivery(
        feed=delivery.feed,
        body=delivery.body,
        said=stop,
        problem=Reason.BROKE_THE_READER,
        subject=hashlib.sha256(delivery.body).hexdigest(),
        detail=why,
        owed=True,
        retry_of=delivery.retry_of,
    )


async def find_sections(
    tx: Transaction, feed: FeedName, deliveries: Collection[Delivery]
) -> frozenset[Section] | None:
    """Return in which sections of the catalogue a batch is told; None if it is told elsewhere too.

    Prices and stops are told of their events, if we have these.  What comes of a batch may still be
    more, such as a market that is not open yet: `take` says so then.
    """
    events: set[ForeignEvent] = set()
    for item in deliveries:
        if item.problem is not None or item.retry_of is not None:
            return None
        if isinstance(item.said, AboutEvent):
            if not isinstance(item.said, Quoted | Stopped):
                return None
            events.add(item.said.event)
    links = await store.find_links(tx, feed, list(events))
    if not events or len(links) < len(events):
        return None
    return frozenset(map(section_of, links.values()))


async def find_progress(tx: Transaction) -> dict[ProducerId, Progress]:
    """Return how far every producer is that was ever read."""
    return {item.producer: item for item in await store.find_progress(tx)}


async def find_unlinked(
    tx: Transaction, feed: FeedName, events: Collection[ForeignEvent]
) -> list[ForeignEvent]:
    """Return those of a supplier's events that are none of ours."""
    known = await store.find_links(tx, feed, events)
    return [event for event in dict.fromkeys(events) if event not in known]


async def find_standings(tx: Transaction) -> list[Standing]:
    """Return how all producers stand, those of no feed included, by their names."""
    producers = {item.producer: item for item in await catalog.find_producers(tx)}
    progress = {str(item.producer): item for item in await store.find_progress(tx)}
    waiting = await store.count_waiting(tx)
    standings: list[Standing] = []
    for name in sorted(producers.keys() | progress.keys()):
        said = producers.get(name)
        standings.append(
            Standing(
                producer=name,
                up=said is not None and said.state is ProducerState.UP,
                held=said is not None and said.held,
                why=None if said is None else said.why,
                changed_at=None if said is None else said.changed_at,
                progress=progress.get(name),
                waiting=waiting.get(name, 0),
            )
        )
    return standings


async def list_parked(
    tx: Transaction,
    *,
    states: Collection[ParkedState],
    owed: bool | None = None,
    after: str | None = None,
    limit: int = PARKED_PAGE_MAX,
) -> list[Parked]:
    """Return what is parked in these states, the oldest first, at most 100; `after` continues.

    With `owed`, only that on which money may hang, or only the rest.
    """
    return await store.list_parked(
        tx, states=states, owed=owed, after=after, limit=min(limit, PARKED_PAGE_MAX)
    )


async def find_wanted(tx: Transaction, producers: Collection[str], *, limit: int) -> list[Parked]:
    """Return what staff want tried again of these producers, the oldest first."""
    return await store.find_wanted(tx, producers, limit=limit)


async def is_reader_gone(tx: Transaction, *, grace_seconds: float) -> bool:
    """Say whether a feed has a reader who has not been heard of for too long."""
    return bool(await store.find_abandoned(tx, grace_seconds=grace_seconds))


def _unknown_recovery(said: RecoveryDone, delivery: Delivery) -> Note:
    return Note(
        producer=said.producer,
        reason=Reason.UNKNOWN_RECOVERY,
        subject=said.producer,
        detail=f"the end of recovery {said.request_no}, which is not waited for",
        body=delivery.body,
    )
