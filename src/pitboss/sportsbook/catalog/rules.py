"""Decisions of the catalogue: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import SelectionId
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


def check_event(event: NewEvent) -> None:
    """Refuse an event that could not be settled.

    Raises:
        Malformed: a market lacks a selection, has a foreign one, or has one twice.
    """
    for place, market in enumerate(event.markets):
        codes = tuple(selection.code for selection in market.selections)
        if sorted(codes) != sorted(market.kind.codes):
            raise Malformed(
                f"markets[{place}].selections",
                f"a market of kind {market.kind} has the selections {', '.join(market.kind.codes)}",
            )
        if (market.line is None) is market.kind.has_line:
            raise Malformed(f"markets[{place}].line", f"does not fit the kind {market.kind}")


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
