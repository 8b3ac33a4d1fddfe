"""Which events and markets may be opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.facts import OpenedMarket
from pitboss.sportsbook.catalog.model import (
    BET_DELAY_SECONDS_MAX,
    WITH_LINE,
    Answer,
    Done,
    Event,
    Market,
    MoreMarkets,
    NewEvent,
    NewMarket,
    Refusal,
    Refused,
    check_producer,
    parse_specifiers,
    write_line,
    write_specifiers,
)

# A fact has at most 60,000 bytes, of which an event needs some for itself.
MARKETS_BYTES_MAX = 50_000
_encode = msgspec.json.Encoder().encode


def check_event(event: NewEvent, *, field: str) -> None:
    """Refuse an event that could not be settled, or not be shown.

    Raises:
        Malformed: it has neither two sides nor a name, a delay is out of its range, or as
            `check_markets`.
    """
    if event.name is None and not (event.home and event.away):
        raise Malformed(f"{field}.home", "an event has two sides, or a name")
    if event.name is not None and (event.home or event.away):
        raise Malformed(f"{field}.name", "an event with sides is named by them")
    check_delay(event.bet_delay_seconds, field=f"{field}.bet_delay_seconds")
    check_markets(event.markets, sport=event.sport, field=f"{field}.markets")


def check_markets(markets: Sequence[NewMarket], *, sport: str, field: str) -> None:
    """Refuse markets that could not be settled: those that the registry does not know.

    Raises:
        Malformed: there is no such kind, or not in this sport; a market lacks a selection or a
            specifier, has a foreign one, or has one twice; it is begun as something else than open
            or suspended; it is there twice; or an id is given to two markets or two selections.
    """
    ids: set[str] = set()
    names: set[tuple[str, str | None, str]] = set()
    for at, market in enumerate(markets):
        place = f"{field}[{at}]"
        _check_market(market, sport, place)
        named = [(f"{place}.market_id", str(market.id))] + [
            (f"{place}.selections[{number}].selection_id", str(selection.id))
            for number, selection in enumerate(market.selections)
        ]
        for name, one in named:
            if one in ids:
                raise Malformed(name, f"{one} is another market's or selection's id")
            ids.add(one)
        if name_of(market) in names:
            raise Malformed(f"{place}.kind", "the event has this market twice")
        names.add(name_of(market))


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
        elif used.isdisjoint(inner_ids(event.markets)):
            fresh[event.id] = event
            used |= inner_ids(event.markets)
            answers.append(Done(changed=True))
            continue
        else:
            same = False
        answers.append(
            Done(changed=False) if same else Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID)
        )
    return tuple(answers), list(fresh.values())


def decide_markets(
    wishes: Sequence[MoreMarkets], known: Mapping[EventId, Event], taken: Collection[str]
) -> tuple[tuple[Answer, ...], list[MoreMarkets]]:
    """Answer each wish for more markets in order, and return those markets that are new.

    A wish is granted as a whole or not at all; what of it is there already, as it is wished for,
    is left alone.

    Args:
        known: those of the events that exist.
        taken: ids of markets and selections that are in the catalogue.
    """
    answers: list[Answer] = []
    fresh: list[MoreMarkets] = []
    used = set(taken)
    there = {
        event.id: {market.id: _opened_as(market) for market in event.markets}
        for event in known.values()
    }
    for wish in wishes:
        mine = there.get(wish.event_id)
        if mine is None:
            answers.append(Refused(reason=Refusal.UNKNOWN_EVENT))
            continue
        new = [item for item in wish.markets if mine.get(item.id) != _opened_as(item)]
        names = {content[0] for content in mine.values()}
        if not used.isdisjoint(inner_ids(new)) or any(name_of(item) in names for item in new):
            answers.append(Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID))
            continue
        if new:
            fresh.append(replace(wish, markets=tuple(new)))
            used |= inner_ids(new)
            mine.update({item.id: _opened_as(item) for item in new})
        answers.append(Done(changed=bool(new)))
    return tuple(answers), fresh


def in_portions(markets: Sequence[OpenedMarket], *, field: str) -> list[tuple[OpenedMarket, ...]]:
    """Return markets in portions that fit into a fact each, in order; there is one at least.

    Raises:
        Malformed: a market is too large by itself.
    """
    portions: list[list[OpenedMarket]] = [[]]
    left = MARKETS_BYTES_MAX
    for at, market in enumerate(markets):
        size = len(_encode(market))
        if size > MARKETS_BYTES_MAX:
            raise Malformed(f"{field}[{at}].selections", "all of them together are too long")
        if size > left:
            portions.append([])
            left = MARKETS_BYTES_MAX
        portions[-1].append(market)
        left -= size
    return [tuple(portion) for portion in portions]


def inner_ids(markets: Sequence[NewMarket]) -> set[str]:
    """Return the ids of markets and their selections, none of which another may have."""
    selections = {selection.id for market in markets for selection in market.selections}
    return {market.id for market in markets} | selections


def name_of(market: NewMarket | Market) -> tuple[str, str | None, str]:
    """Return what names a market within its event."""
    return market.kind, None if market.line is None else str(market.line), market.specifiers


def opened_as(event: Event, new: NewEvent) -> bool:
    """Say whether an open event has all that this would open, prices aside."""
    there = {market.id: _opened_as(market) for market in event.markets}
    return (
        (event.sport, event.competition, event.home, event.away, event.name, event.starts_at)
        == (new.sport, new.competition, new.home, new.away, new.name, new.starts_at)
    ) and all(there.get(market.id) == _opened_as(market) for market in new.markets)


def _opened_as(
    market: NewMarket | Market,
) -> tuple[tuple[str, str | None, str], frozenset[tuple[str, str]]]:
    answers = [(str(item.id), item.code) for item in market.selections]
    return name_of(market), frozenset(answers)


def _check_market(market: NewMarket, sport: str, place: str) -> None:
    kind = market.kind
    if registry.find_kind(kind) is None:
        raise Malformed(f"{place}.kind", f"there is no kind of market {kind[:40]!r}")
    if (market.line is not None) is not (kind in WITH_LINE):
        raise Malformed(f"{place}.line", f"does not fit the kind {kind}")
    specifiers = parse_specifiers(market.specifiers, field=f"{place}.specifiers")
    if market.specifiers != write_specifiers(specifiers):
        raise Malformed(f"{place}.specifiers", "specifiers are sorted by their names")
    registry.check_market(
        kind,
        sport=sport,
        line=write_line(market.line),
        specifiers=specifiers,
        codes=[selection.code for selection in market.selections],
        field=place,
    )
    if market.producer is not None:
        check_producer(market.producer, field=f"{place}.producer")
    if not market.status.takes_prices:
        raise Malformed(f"{place}.status", "a market begins open or suspended")


def check_delay(seconds: int, *, field: str) -> None:
    """Refuse a delay that no bet has.

    Raises:
        Malformed: it is not between 0 and 60 seconds.
    """
    if not 0 <= seconds <= BET_DELAY_SECONDS_MAX:
        raise Malformed(field, f"{seconds} is not between 0 and {BET_DELAY_SECONDS_MAX} seconds")
