"""Decisions of the catalogue: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, SelectionId
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    Event,
    MarketStatus,
    NewEvent,
    Placed,
    PriceChange,
    Priced,
    Refusal,
    Refused,
)


def check_event(event: NewEvent, *, field: str) -> None:
    """Refuse an event that could not be settled.

    Raises:
        Malformed: a market lacks a selection, has a foreign one, or has one twice; or an id is
            given to two markets or two selections.
    """
    ids: set[str] = set()
    for at, market in enumerate(event.markets):
        place = f"{field}.markets[{at}]"
        codes = tuple(selection.code for selection in market.selections)
        if sorted(codes) != sorted(market.kind.codes):
            raise Malformed(
                f"{place}.selections",
                f"a market of kind {market.kind} has the selections {', '.join(market.kind.codes)}",
            )
        if (market.line is None) is market.kind.has_line:
            raise Malformed(f"{place}.line", f"does not fit the kind {market.kind}")
        named = [(f"{place}.market_id", str(market.id))] + [
            (f"{place}.selections[{number}].selection_id", str(selection.id))
            for number, selection in enumerate(market.selections)
        ]
        for name, one in named:
            if one in ids:
                raise Malformed(name, f"{one} is another market's or selection's id")
            ids.add(one)


def decide_openings(
    events: Sequence[NewEvent], known: Mapping[EventId, Event], taken: Collection[str]
) -> tuple[tuple[Answer, ...], list[NewEvent]]:
    """Answer each event in order, and return those that are to be opened.

    Args:
        known: those of the events that are open already.
        taken: ids of markets and selections that belong to other events.
    """
    answers: list[Answer] = []
    fresh: dict[EventId, NewEvent] = {}
    used = set(taken)
    for event in events:
        twin, earlier = fresh.get(event.id), known.get(event.id)
        if earlier is not None:
            same = opened_as(earlier, event)
        elif twin is not None:
            same = twin == event
        elif used.isdisjoint(inner_ids(event)):
            fresh[event.id] = event
            used |= inner_ids(event)
            answers.append(Done(changed=True))
            continue
        else:
            same = False
        answers.append(
            Done(changed=False) if same else Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID)
        )
    return tuple(answers), list(fresh.values())


def inner_ids(event: NewEvent) -> set[str]:
    """Return the ids of an event's markets and selections, none of which another may have."""
    selections = {selection.id for market in event.markets for selection in market.selections}
    return {market.id for market in event.markets} | selections


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
        elif before.price == change.price:
            answers.append(Done(changed=False))
        else:
            after = replace(before, price=change.price, tick=before.tick + 1)
            current[change.selection_id] = moved[change.selection_id] = after
            answers.append(Done(changed=True))
    return tuple(answers), moved


def with_status(place: Placed, status: MarketStatus) -> Placed:
    """Return the market with another status."""
    return replace(place, status=status)


def opened_as(event: Event, new: NewEvent) -> bool:
    """Say whether an open event is the one that this would open, prices aside."""
    return (
        (event.sport, event.competition, event.home, event.away, event.starts_at)
        == (new.sport, new.competition, new.home, new.away, new.starts_at)
    ) and {
        (market.id, market.kind, market.line, selection.id, selection.code)
        for market in event.markets
        for selection in market.selections
    } == {
        (market.id, market.kind, market.line, selection.id, selection.code)
        for market in new.markets
        for selection in market.selections
    }
