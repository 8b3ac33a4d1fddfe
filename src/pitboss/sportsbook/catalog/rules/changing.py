"""What may change of what is open, and how it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.price import is_same
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import (
    CLOCK_SECONDS_MAX,
    CLOCK_STEP_SECONDS,
    PERIOD_LENGTH_MAX,
    PLACES_MAX,
    Answer,
    Done,
    EventChange,
    EventEnd,
    EventState,
    EventStatus,
    HandOver,
    KnownEnd,
    MarketStatus,
    Placed,
    PriceChange,
    Priced,
    Producer,
    ProducerChange,
    ProducerState,
    Refusal,
    Refused,
    SelectionChange,
    Stage,
    StatusChange,
    check_pair,
    check_producer,
)
from pitboss.sportsbook.catalog.rules.opening import check_delay
from pitboss.sportsbook.registry.model import Ended
from pitboss.sportsbook.returns.model import PlaceTerms, TermsChange

_CHANGED, _SAME = Done(changed=True), Done(changed=False)
# An event goes on from one to the other; whatever is not here is back, or over.
_ONWARD: Mapping[EventStatus, Collection[EventStatus]] = {
    EventStatus.PREMATCH: frozenset(EventStatus),
    EventStatus.SUSPENDED: frozenset(EventStatus),
    EventStatus.POSTPONED: frozenset(EventStatus),
    EventStatus.LIVE: frozenset(EventStatus) - {EventStatus.PREMATCH, EventStatus.POSTPONED},
    EventStatus.ENDED: frozenset(),
    EventStatus.ABANDONED: frozenset(),
    EventStatus.CANCELLED: frozenset(),
}
# A market goes to where the number is not lower; a settled one may be cancelled, and not again.
_FORWARD = {
    MarketStatus.OPEN: 0,
    MarketStatus.SUSPENDED: 0,
    MarketStatus.CLOSED: 1,
    MarketStatus.SETTLED: 2,
    MarketStatus.CANCELLED: 3,
}


def check_change(change: EventChange, *, field: str) -> None:
    """Refuse what no event can come to.

    Raises:
        Malformed: a score or the red cards are not two numbers, a period's name is empty or too
            long, or a clock or a delay is out of its range.
    """
    for name, pair in (("score", change.score), ("red_cards", change.red_cards)):
        if pair is not None:
            check_pair(pair, field=f"{field}.{name}")
    if change.period is not None and not 0 < len(change.period) <= PERIOD_LENGTH_MAX:
        raise Malformed(f"{field}.period", f"a period has 1 to {PERIOD_LENGTH_MAX} characters")
    if change.clock_seconds is not None and not 0 <= change.clock_seconds <= CLOCK_SECONDS_MAX:
        raise Malformed(f"{field}.clock_seconds", f"{change.clock_seconds} is not on any clock")
    if change.bet_delay_seconds is not None:
        check_delay(change.bet_delay_seconds, field=f"{field}.bet_delay_seconds")


def check_terms(terms: PlaceTerms, *, field: str) -> None:
    """Refuse terms that pay no place, or more for it than for the win.

    Raises:
        Malformed: there are not 1 to 40 places, or the fraction is not above 0 and at most 1.
    """
    if not 0 < terms.places <= PLACES_MAX:
        raise Malformed(f"{field}.places", f"a market pays 1 to {PLACES_MAX} places")
    if not 0 < terms.fraction <= 1:
        raise Malformed(f"{field}.fraction", "a place pays above 0 and at most all winnings")


def decide_terms(
    place: Placed | None, known: Mapping[MarketId, PlaceTerms], change: TermsChange
) -> Answer:
    """Answer whether a market may have these terms for places; once it has some, no others."""
    if place is None:
        return Refused(reason=Refusal.UNKNOWN_MARKET)
    if not place.status.takes_prices:
        return Refused(reason=Refusal.MARKET_CLOSED)
    before = known.get(change.market_id)
    if before is not None and before != change.terms:
        return Refused(reason=Refusal.OTHER_TERMS)
    return Done(changed=before is None)


def decide_prices(
    priced: Mapping[SelectionId, Priced], changes: Sequence[PriceChange]
) -> tuple[tuple[Answer, ...], dict[SelectionId, Priced]]:
    """Answer each change in order; return the selections that moved, as they end."""
    current, moved = dict(priced), {}
    answers: list[Answer] = []
    for change in changes:
        before = current.get(change.selection_id)
        if before is None:
            answers.append(Refused(reason=Refusal.UNKNOWN_SELECTION))
        elif before.market_closed:
            answers.append(Refused(reason=Refusal.MARKET_CLOSED))
        elif is_same(before.price, change.price):
            answers.append(_SAME)
        else:
            after = msgspec.structs.replace(before, price=change.price, tick=before.tick + 1)
            current[change.selection_id] = moved[change.selection_id] = after
            answers.append(_CHANGED)
    return tuple(answers), moved


def decide_selections(
    priced: Mapping[SelectionId, Priced],
    places: Mapping[MarketId, Placed],
    changes: Sequence[SelectionChange],
) -> tuple[tuple[Answer, ...], list[tuple[Priced, Placed]]]:
    """Answer each change in order; return each that was made, with its market after it."""
    current, markets = dict(priced), dict(places)
    answers: list[Answer] = []
    made: list[tuple[Priced, Placed]] = []
    for change in changes:
        before = current.get(change.selection_id)
        if before is None:
            answers.append(Refused(reason=Refusal.UNKNOWN_SELECTION))
        elif before.market_closed:
            answers.append(Refused(reason=Refusal.MARKET_CLOSED))
        elif before.active == change.active:
            answers.append(Done(changed=False))
        else:
            after = msgspec.structs.replace(before, active=change.active)
            market = _counted(markets[before.market_id])
            current[change.selection_id], markets[before.market_id] = after, market
            made.append((after, market))
            answers.append(Done(changed=True))
    return tuple(answers), made


def decide_status(place: Placed | None, change: StatusChange) -> Placed | Answer:
    """Return the market after this change, or why there is none."""
    if place is None:
        return Refused(reason=Refusal.UNKNOWN_MARKET)
    if place.status is change.status:
        return Done(changed=False)
    if _FORWARD[change.status] < _FORWARD[place.status] and not change.takes_back:
        return Refused(reason=Refusal.MARKET_CLOSED)
    return replace(_counted(place), status=change.status)


def decide_hand_over(
    place: Placed | None, change: HandOver, producers: Mapping[str, Producer]
) -> Placed | Answer:
    """Return the market under its new producer, or why there is none.

    What counts of the former producer stays counted in the market, so that what an offer's
    `status_no` was before is never there again.
    """
    if place is None:
        return Refused(reason=Refusal.UNKNOWN_MARKET)
    if place.producer == change.producer:
        return Done(changed=False)
    if not place.status.takes_prices:
        return Refused(reason=Refusal.MARKET_CLOSED)
    former = producers.get(place.producer or "")
    counted = 0 if former is None else former.change_no
    after = _counted(place)
    return replace(after, producer=change.producer, status_no=after.status_no + counted)


def decide_event(stage: Stage | None, change: EventChange) -> Stage | Answer:
    """Return the event after this change, or why there is none.

    A clock that moves on by less than ten seconds alone is no change.
    """
    if stage is None:
        return Refused(reason=Refusal.UNKNOWN_EVENT)
    before = stage.state
    status = before.status if change.status is None else change.status
    onward = status is before.status or status in _ONWARD[before.status]
    if not onward and not change.takes_back:
        return Refused(reason=Refusal.STATUS_GOES_BACK)
    state = _changed(before, change, status)
    after = replace(stage, state=state, starts_at=change.starts_at or stage.starts_at)
    if _live(state) != _live(before):
        state = replace(state, live_no=before.live_no + 1)
    if _whether_open(after) != _whether_open(stage):
        state = replace(state, status_no=before.status_no + 1)
    after = replace(after, state=state)
    if after == stage or _clock_alone(after, stage):
        return Done(changed=False)
    return after


def decide_end(
    known: KnownEnd | None, end: EventEnd, *, now: datetime, field: str
) -> Ended | Answer:
    """Return all that is known of how an event ended after this is said, or why it is not.

    Args:
        known: what was known before; None if there is no such event.
        end: what is said.
        now: by our own clock; nobody was withdrawn later.
        field: what is said stands in this part of a request.

    Raises:
        Malformed: no event can have ended as that, or it names a runner that no market has.
    """
    sport, before = ("", None) if known is None else (known.sport, known.ended)
    registry.check_ended(end.ended, sport=sport, field=field)
    _check_runners(() if known is None else known.runners, end, now=now, field=field)
    if known is None:
        return Refused(reason=Refusal.UNKNOWN_EVENT)
    if before is None:
        return end.ended
    after = registry.put_together(before, end.ended)
    if after is None:
        return Refused(reason=Refusal.ENDED_OTHERWISE)
    registry.check_ended(after, sport=sport, field=field)
    return Done(changed=False) if after == before else after


def _check_runners(listed: Collection[str], end: EventEnd, *, now: datetime, field: str) -> None:
    strange = [code for code in end.ended.runners if code not in (*listed, *end.unlisted)]
    # Without a market that is about runners nobody can say which there are.
    if listed and strange:
        part = "non_runners" if strange[0] in end.ended.non_runners else "order"
        raise Malformed(
            f"{field}.{part}",
            f"no market of the event has a runner {strange[0][:40]!r}: `unlisted` names such",
        )
    for at, one in enumerate(end.ended.withdrawn):
        place = f"{field}.withdrawn[{at}].at"
        if parse_instant(one.at, field=place) > now:
            raise Malformed(place, "nobody was withdrawn yet who will be")


def over(stage: Stage, ended: Ended) -> EventChange | None:
    """Return what an event comes to by its end; None if it is over already."""
    if not _ONWARD[stage.state.status]:
        return None
    status = EventStatus.ABANDONED if ended.abandoned else EventStatus.ENDED
    return EventChange(event_id=stage.event_id, status=status)


def decide_producers(
    changes: Sequence[ProducerChange], known: Mapping[str, Producer], now: datetime
) -> tuple[tuple[Answer, ...], list[Producer]]:
    """Answer each change in order; return each producer after each change that was made.

    Raises:
        Malformed: a name is none of a producer.
    """
    current = dict(known)
    answers: list[Answer] = []
    made: list[Producer] = []
    for at, change in enumerate(changes):
        name = check_producer(change.producer, field=f"producers[{at}].producer")
        before = current.get(name)
        state, held = _stands(before, change)
        if before is not None and (before.state, before.held) == (state, held):
            answers.append(Done(changed=False))
            continue
        after = Producer(
            producer=name,
            state=state,
            held=held,
            why=change.why,
            changed_at=now,
            change_no=1 if before is None else before.change_no + 1,
        )
        current[name] = after
        made.append(after)
        answers.append(Done(changed=True))
    return tuple(answers), made


def _stands(before: Producer | None, change: ProducerChange) -> tuple[ProducerState, bool]:
    """Return how a producer stands after a change; who was never heard of is down, and not held."""
    state = ProducerState.DOWN if before is None else before.state
    held = False if before is None else before.held
    return (
        state if change.state is None else change.state,
        held if change.held is None else change.held,
    )


def _counted(place: Placed) -> Placed:
    return replace(place, status_no=place.status_no + 1)


def _changed(before: EventState, change: EventChange, status: EventStatus) -> EventState:
    def newest(new: str | None, old: str | None) -> str | None:
        return old if new is None else new

    delay, in_play_open = change.bet_delay_seconds, change.in_play_open
    clock = change.clock_seconds
    return replace(
        before,
        status=status,
        score=newest(change.score, before.score),
        period=newest(change.period, before.period),
        clock_seconds=before.clock_seconds if clock is None else clock,
        red_cards=newest(change.red_cards, before.red_cards),
        bet_delay_seconds=before.bet_delay_seconds if delay is None else delay,
        in_play_open=before.in_play_open if in_play_open is None else in_play_open,
    )


def _live(state: EventState) -> tuple[str | None, str | None, str | None]:
    return state.score, state.period, state.red_cards


def _whether_open(stage: Stage) -> tuple[EventStatus, bool, datetime]:
    return stage.state.status, stage.state.in_play_open, stage.starts_at


def _clock_alone(after: Stage, before: Stage) -> bool:
    clocks = after.state.clock_seconds, before.state.clock_seconds
    if None in clocks or replace(after.state, clock_seconds=clocks[1]) != before.state:
        return False
    moved = (clocks[0] or 0) - (clocks[1] or 0)
    return 0 <= moved < CLOCK_STEP_SECONDS
