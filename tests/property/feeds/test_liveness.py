"""Producers, whatever is sent, lost, repeated and reordered: down at once, up only by recovery."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pitboss.sportsbook.feeds import Watch
from pitboss.sportsbook.feeds.model import (
    Alive,
    AnyMessage,
    Delivery,
    FeedName,
    ForeignEvent,
    Liveness,
    Phase,
    ProducerId,
    ProducerTerms,
    RecoveryDone,
    RecoveryWish,
    Stopped,
    Tolerance,
    Why,
)

ONE, TWO = ProducerId("uof:1"), ProducerId("uof:3")
TOLERANCE = Tolerance()
TERMS = (
    ProducerTerms(id=ONE, phase=Phase.LIVE, tolerance=TOLERANCE),
    ProducerTerms(id=TWO, phase=Phase.PREMATCH, tolerance=TOLERANCE),
)
T0_MS = 1_783_000_000_000


@dataclass
class Play:
    """A watch, a steady clock, and what really happened."""

    watch: Watch = field(default_factory=lambda: Watch.of(TERMS, {}))
    at: float = 1_000.0
    # The recovery of each producer that was asked for since it last went down.
    good: dict[ProducerId, int | None] = field(default_factory=lambda: {ONE: None, TWO: None})
    done: dict[ProducerId, set[int]] = field(default_factory=lambda: {ONE: set(), TWO: set()})
    count: int = 0

    @property
    def now_ms(self) -> int:
        return T0_MS + int(self.at * 1_000)

    def state(self, producer: ProducerId) -> Liveness:
        return next(item for item in self.watch.states if item.terms.id == producer)

    def hear(self, said: AnyMessage) -> None:
        delivery = Delivery(feed=FeedName("uof"), body=b"", said=said)
        self.watch.hear(delivery, at=self.at, now_ms=self.now_ms)
        if isinstance(said, RecoveryDone):
            self.done[said.producer].add(said.request_no)

    def ask(self) -> list[RecoveryWish]:
        wishes = self.watch.wishes(at=self.at, now_ms=self.now_ms)
        for wish in wishes:
            self.count += 1
            self.watch.ask(wish, self.count, at=self.at)
            self.good[wish.producer] = self.count
        return wishes

    def wait(self, seconds: float) -> None:
        self.at += seconds
        self.watch.look(at=self.at)

    def forget_fallen(self) -> None:
        """A recovery that was asked for before a fall is of no use after it."""
        for item in self.watch.states:
            if item.recovery is None and not item.up:
                self.good[item.terms.id] = None


producers = st.sampled_from([ONE, TWO])
ages = st.sampled_from([0, 0, 0, 10, 5_000, 19_000, 25_000, -25_000])
moves = st.one_of(
    st.tuples(st.just("alive"), producers, st.booleans(), ages),
    st.tuples(st.just("message"), producers, ages),
    st.tuples(st.just("done"), producers, st.integers(1, 8), ages),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 5.0, 9.0, 15.0, 21.0, 31.0, 1_300.0])),
    st.tuples(st.just("ask")),
    st.tuples(st.just("fail"), producers),
    st.tuples(st.just("disconnect")),
)


def do(play: Play, move: tuple[object, ...]) -> None:
    match move:
        case ("alive", str() as who, bool() as subscribed, int() as age):
            producer = ProducerId(who)
            said = Alive(producer=producer, generated_ms=play.now_ms - age, subscribed=subscribed)
            play.hear(said)
        case ("message", str() as who, int() as age):
            play.hear(
                Stopped(
                    producer=ProducerId(who),
                    generated_ms=play.now_ms - age,
                    event=ForeignEvent("sr:match:1"),
                )
            )
        case ("done", str() as who, int() as number, int() as age):
            play.hear(
                RecoveryDone(
                    producer=ProducerId(who), generated_ms=play.now_ms - age, request_no=number
                )
            )
        case ("wait", float() as seconds):
            play.wait(seconds)
        case ("ask",):
            play.ask()
        case ("fail", str() as who):
            failed = play.good[ProducerId(who)]
            if failed is not None:
                wish = RecoveryWish(producer=ProducerId(who), after_ms=None)
                play.watch.fail(wish, failed)
        case ("disconnect",):
            play.watch.fall(Why.DISCONNECTED)


@given(st.lists(moves, max_size=60))
def test_a_producer_is_up_only_by_the_recovery_that_was_asked_for_since_it_fell(
    script: list[tuple[object, ...]],
) -> None:
    play = Play()
    for move in script:
        do(play, move)
        play.forget_fallen()
        for item in play.watch.states:
            if item.up:
                number = play.good[item.terms.id]
                assert number is not None and number in play.done[item.terms.id]


@given(st.lists(moves, max_size=60), st.floats(20.1, 1_000.0))
def test_silence_takes_a_producer_down_whatever_came_before(
    script: list[tuple[object, ...]], seconds: float
) -> None:
    play = Play()
    for move in script:
        do(play, move)

    play.wait(seconds)

    assert not any(item.up for item in play.watch.states)


@given(st.lists(moves, max_size=60), producers, st.integers(20_001, 10**7))
def test_lag_past_the_limit_takes_that_producer_down_and_no_other(
    script: list[tuple[object, ...]], producer: ProducerId, age: int
) -> None:
    play = Play()
    for move in script:
        do(play, move)
    others = {item.terms.id: item.up for item in play.watch.states if item.terms.id != producer}

    do(play, ("message", producer, age))

    assert play.state(producer).down is Why.LAGGING
    assert {name: play.state(name).up for name in others} == others


@given(st.lists(moves, max_size=60))
def test_a_producer_that_is_well_comes_up_whatever_came_before(
    script: list[tuple[object, ...]],
) -> None:
    play = Play()
    for move in script:
        do(play, move)

    # Ten seconds a step, as suppliers send them, and every recovery is answered.
    for _ in range(140):
        play.wait(10.0)
        for producer in (ONE, TWO):
            do(play, ("alive", producer, True, 0))
        for wish in play.ask():
            number = play.good[wish.producer]
            assert number is not None
            do(play, ("done", wish.producer, number, 0))
            do(play, ("alive", wish.producer, True, -1))

    assert all(item.up for item in play.watch.states)


@given(st.lists(moves, max_size=60), producers, st.integers(100, 10**9))
def test_the_end_of_a_recovery_that_nobody_asked_for_opens_nothing(
    script: list[tuple[object, ...]], producer: ProducerId, number: int
) -> None:
    play = Play()
    for move in script:
        do(play, move)
    up = play.state(producer).up

    do(play, ("done", producer, number, 0))

    assert play.state(producer).up is up


@given(st.lists(moves, max_size=60))
def test_recoveries_are_not_asked_for_more_often_than_the_supplier_allows(
    script: list[tuple[object, ...]],
) -> None:
    play, asked = Play(), {ONE: float("-inf"), TWO: float("-inf")}
    for move in script:
        if move == ("ask",):
            for wish in play.ask():
                assert play.at - asked[wish.producer] >= TOLERANCE.ask_every_seconds
                asked[wish.producer] = play.at
        else:
            do(play, move)


def test_every_producer_is_down_at_the_start() -> None:
    assert [item.down for item in Watch.of(TERMS, {}).states] == [Why.STARTED, Why.STARTED]


def test_without_a_subscription_a_producer_is_down_until_a_new_recovery_ends() -> None:
    play = Play()
    do(play, ("alive", ONE, False, 0))
    assert [wish.producer for wish in play.ask()] == [ONE]

    do(play, ("done", ONE, 1, 0))
    assert not play.state(ONE).up
    play.wait(1.0)
    do(play, ("alive", ONE, True, 0))

    assert play.state(ONE).up
    play.wait(1.0)
    do(play, ("alive", ONE, False, 0))
    assert play.state(ONE).down is Why.NOT_SUBSCRIBED


def test_what_the_supplier_no_longer_keeps_is_asked_for_as_all_there_is() -> None:
    play = Play()
    do(play, ("alive", ONE, True, 0))
    play.ask()
    do(play, ("done", ONE, 1, 0))
    play.wait(1.0)
    do(play, ("alive", ONE, True, 0))
    good_ms = play.state(ONE).good_ms
    assert play.state(ONE).up and good_ms == play.now_ms

    play.wait(60.0)
    do(play, ("alive", ONE, True, 0))
    assert [wish.after_ms for wish in play.ask()] == [good_ms]
    play.wait(73 * 3_600.0)
    do(play, ("alive", ONE, True, 0))
    assert [wish.after_ms for wish in play.ask()] == [None]
