"""What a new installation offers: events that can be opened and settled, the same all day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from pitboss.app.sample_catalogue import sample_events
from pitboss.kernel.ids import parse_id
from pitboss.sportsbook.catalog.model import MarketKind, NewEvent
from pitboss.sportsbook.catalog.rules import check_event, inner_ids

TODAY, TOMORROW = date(2026, 8, 1), date(2026, 8, 2)


def ids_of(events: list[NewEvent]) -> set[str]:
    """Return the ids of events and all that is in them."""
    return {event.id for event in events}.union(*(inner_ids(event.markets) for event in events))


def test_every_sample_event_can_be_opened() -> None:
    events = sample_events(TODAY)

    assert len(events) >= 5
    for event in events:
        check_event(event, field="event")
        assert {market.kind for market in event.markets} == set(MarketKind)
        for text in (event.sport, event.competition, event.home, event.away):
            assert text.strip() == text != ""
        assert event.home != event.away


def test_every_sample_event_is_still_to_come_whenever_it_is_loaded() -> None:
    last_moment = datetime.combine(TODAY, time.max, UTC)

    assert all(event.starts_at > last_moment for event in sample_events(TODAY))


def test_the_house_has_an_edge_in_every_market() -> None:
    for event in sample_events(TODAY):
        for market in event.markets:
            book = sum(1 / selection.price for selection in market.selections)
            assert 1 < book < 1.15, (event.home, market.kind)


def test_the_ids_are_the_same_on_the_same_day_and_no_others_are() -> None:
    today, again = sample_events(TODAY), sample_events(TODAY)

    assert today == again
    assert {parse_id(one, field="id") for one in ids_of(today)} == ids_of(today)
    events = [len(event.markets) + 1 for event in today]
    selections = [len(market.selections) for event in today for market in event.markets]
    assert len(ids_of(today)) == sum(events) + sum(selections)


def test_every_day_has_events_of_its_own() -> None:
    assert ids_of(sample_events(TODAY)).isdisjoint(ids_of(sample_events(TOMORROW)))
