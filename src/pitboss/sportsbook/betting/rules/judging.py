"""Whether the sportsbook wants a bet: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from pitboss.jurisdictions.model import SportsbookRules
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, EventId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import (
    BOOK_MIN,
    IN_PLAY_DELAY_SECONDS_MIN,
    IN_PLAY_PRICE_AGE_MAX,
    LEGS_MAX,
    MARKETS_OWN,
    OF_A_COMPETITION,
    Leg,
    Lines,
    PlaceBet,
    Placing,
    Refusal,
    Seen,
    Shape,
    SlipLeg,
)
from pitboss.sportsbook.catalog.model import EventStatus, Offer
from pitboss.sportsbook.returns.model import OPEN, Parts, PlaceTerms
from pitboss.sportsbook.returns.model import Leg as PricedLeg

NO_DELAY = timedelta()


def first_of_each(placings: Sequence[Placing], known: Collection[BetId]) -> list[Placing]:
    """Return the first wish for each bet that is not known, in order."""
    first: dict[BetId, Placing] = {}
    for item in placings:
        if item.command.bet_id not in known:
            first.setdefault(item.command.bet_id, item)
    return list(first.values())


def judge(
    command: PlaceBet,
    offers: Mapping[SelectionId, Offer],
    *,
    minor_unit_micros: int,
    licence: SportsbookRules,
    now: datetime,
) -> tuple[Leg, ...] | Refusal:
    """Return the legs at their struck prices, or the first reason to refuse.

    Every leg must pass by itself: its selection exists, its market takes bets, and its price is
    still the one that the player saw, or one that the player's policy takes instead; then that is
    struck.  Another line is another market, and never a better price.  A line may name an event
    once only, because such legs depend on each other.
    """
    if not 0 < len(command.legs) <= LEGS_MAX:
        return Refusal.WRONG_NUMBER_OF_LEGS
    if command.stake_micros % minor_unit_micros:
        return Refusal.STAKE_NOT_WHOLE

    legs: list[Leg] = []
    for wanted in command.legs:
        offer = offers.get(wanted.selection_id)
        if offer is None:
            return Refusal.UNKNOWN_SELECTION
        closed = refusal_of(offer, licence, now)
        if closed is not None:
            return closed
        if not wanted.takes(offer.price, offer.tick, command.price_policy):
            return Refusal.PRICE_CHANGED
        legs.append(strike(offer, wanted, licence))
    combined = command.shape is not None and command.shape.combination is not None
    if (
        len(legs) > 1
        and not combined
        and share_a_competition(
            [offers[leg.selection_id] for leg in legs],
            () if command.shape is None else command.shape.lines,
        )
    ):
        return Refusal.RELATED_LEGS
    if command.shape is not None:
        return _judge_shape(command.shape, command, legs, offers, minor_unit_micros, licence)
    if len(legs) > 1 and are_related([leg.event_id for leg in legs], ()):
        return Refusal.RELATED_LEGS
    top, bottom = command.stake_micros, 1
    for leg in legs:
        # `fractions` computes its two properties in Python; the pair is one call.
        gains, parts = offers[leg.selection_id].price.as_integer_ratio()
        top *= gains
        bottom *= parts
    if top > licence.returns_micros_max * bottom:
        return Refusal.RETURNS_TOO_LARGE
    return tuple(legs)


def are_related(events: Sequence[EventId], lines: Sequence[Lines]) -> bool:
    """Say whether a line names an event twice; without lines all legs are one.

    Args:
        events: of the legs, in their order; at least one.
        lines: which of them are together.
    """
    if len(set(events)) == len(events):
        return False
    return not lines or any(_is_related(events, some) for some in lines)


def share_a_competition(offers: Sequence[Offer], lines: Sequence[Lines]) -> bool:
    """Say whether a line has what a whole competition comes to beside another leg of it.

    Who wins the cup depends on who wins the semi-final.  Two events of one competition do not
    depend on each other.
    """
    whole = [place for place, offer in enumerate(offers) if offer.kind in OF_A_COMPETITION]
    for place in whole:
        mine = (offers[place].sport, offers[place].competition)
        for other, offer in enumerate(offers):
            if other == place or (offer.sport, offer.competition) != mine:
                continue
            # All apart, but for these two.
            events = [EventId(str(number)) for number in range(len(offers))]
            events[other] = events[place]
            if are_related(events, lines):
                return True
    return False


def _is_related(events: Sequence[EventId], lines: Lines) -> bool:
    fixed = [events[place] for place in lines.bankers]
    others = [events[place] for place in lines.legs]
    longest = max(lines.sizes)
    # Of two others both are in a line only if it is long enough for that.
    return (
        len(set(fixed)) < len(fixed)
        or (longest > 0 and not set(fixed).isdisjoint(others))
        or (longest > 1 and len(set(others)) < len(others))
    )


def place_terms(offer: Offer, table: str | None) -> tuple[PlaceTerms, str] | None:
    """Return by which terms a bet may be on a place of this selection, and whose they are.

    The market's own come first; a race without any has those of the licence's table, by its
    runners.  None: nobody bets on a place here.
    """
    if offer.place_terms is not None:
        return offer.place_terms, MARKETS_OWN
    if table is None or not offer.runners:
        return None
    # Whether a race is a handicap is not known; the terms of others are never the better ones.
    found = returns.each_way_terms(table, offer.runners, handicap=False)
    return (found, table) if found.places else None


def _judge_shape(
    shape: Shape,
    command: PlaceBet,
    struck: Sequence[Leg],
    offers: Mapping[SelectionId, Offer],
    minor_unit_micros: int,
    licence: SportsbookRules,
) -> tuple[Leg, ...] | Refusal:
    """Return the legs, or why they cannot be such a bet; all its lines together count."""
    legs: Sequence[Leg] = struck
    if shape.parts != Parts.WIN:
        placed = [
            _with_places(leg, offers[leg.selection_id], licence.each_way_terms) for leg in struck
        ]
        legs = [leg for leg in placed if leg is not None]
        if len(legs) < len(struck):
            return Refusal.NO_PLACE_TERMS
    try:
        ticket = shape.ticket(
            tuple(
                [
                    PricedLeg(price=leg.price_exact, place_fraction=leg.fraction_exact)
                    for leg in legs
                ]
            ),
            stake_micros=command.stake_micros,
            minor_unit_micros=minor_unit_micros,
            rounding=Rounding.DOWN_V1,
        )
    except Malformed:
        # The edge has looked; a command that came another way is refused, not set aside.
        return Refusal.UNREADABLE
    combined = shape.combination is not None
    if len(legs) > 1 and not combined and are_related([leg.event_id for leg in legs], shape.lines):
        return Refusal.RELATED_LEGS
    most = returns.work_out(ticket, [OPEN] * len(legs)).max_micros
    return Refusal.RETURNS_TOO_LARGE if most > licence.returns_micros_max else tuple(legs)


def _with_places(leg: Leg, offer: Offer, table: str | None) -> Leg | None:
    found = place_terms(offer, table)
    if found is None:
        return None
    terms, whose = found
    return replace(leg, places=terms.places, place_fraction=str(terms.fraction), place_terms=whose)


def refusal_of(offer: Offer, licence: SportsbookRules, now: datetime) -> Refusal | None:
    """Return why nobody may bet on this selection now, if so, whatever its price is.

    Before play, until the event was to start or is known to have started, whichever is first; in
    play where the licence lets this kind of market be offered, at a price that is young enough.
    Never while the prices of its market cannot be meant.

    Source: the licence's `sportsbook.in_play_allowed` and `sportsbook.in_play_kinds`.
    """
    if not offer.in_play and (
        now >= offer.starts_at or offer.event_status is not EventStatus.PREMATCH
    ):
        return Refusal.EVENT_STARTED
    if not offer.producer_up:
        return Refusal.PRODUCER_DOWN
    if not offer.market_open:
        return Refusal.MARKET_NOT_OPEN
    if offer.book is not None and offer.book < BOOK_MIN:
        return Refusal.PALPABLE_ERROR
    if offer.in_play:
        if not licence.offers_in_play(offer.kind):
            return Refusal.IN_PLAY_NOT_OFFERED
        if now - offer.priced_at > IN_PLAY_PRICE_AGE_MAX:
            return Refusal.PRICE_STALE
    return None


def delay_of(command: PlaceBet, offers: Mapping[SelectionId, Offer]) -> timedelta:
    """Return for how long a bet is delayed that passed: the longest of its legs in play.

    Source: UKGC, Remote gambling and software technical standards (RTS) 15A.
    """
    seconds = 0
    for leg in command.legs:
        offer = offers[leg.selection_id]
        if offer.in_play:
            seconds = max(seconds, offer.bet_delay_seconds, IN_PLAY_DELAY_SECONDS_MIN)
    return timedelta(seconds=seconds) if seconds else NO_DELAY


def see(command: PlaceBet, offers: Mapping[SelectionId, Offer]) -> tuple[Seen, ...]:
    """Return how the legs of a bet stand."""
    found = [offers[leg.selection_id] for leg in command.legs]
    return tuple(
        [
            Seen(
                selection_id=offer.selection_id,
                tick=offer.tick,
                status_no=offer.status_no,
                live_no=offer.live_no,
                score=offer.score,
                red_cards=offer.red_cards,
            )
            for offer in found
        ]
    )


def refusal_after_delay(
    seen: Sequence[Seen], offers: Mapping[SelectionId, Offer]
) -> Refusal | None:
    """Return what has happened to a leg since its bet was delayed, if that refuses the bet.

    A score, a red card or a new period; or anything that stopped bets, if only for a moment.
    """
    for item in seen:
        offer = offers.get(item.selection_id)
        if offer is None:
            return Refusal.UNKNOWN_SELECTION
        if offer.live_no != item.live_no:
            return Refusal.SCORE_CHANGED
        if offer.status_no != item.status_no:
            return Refusal.MARKET_INTERRUPTED
    return None


def strike(offer: Offer, wanted: SlipLeg, licence: SportsbookRules) -> Leg:
    """Return the leg at the current price, with what was shown where that is another.

    A leg of a race has the licence's table for runners that are withdrawn later.
    """
    rule4 = None if offer.runners is None else licence.rule4_table
    if offer.tick == wanted.tick:
        return Leg(
            selection_id=offer.selection_id,
            market_id=offer.market_id,
            event_id=offer.event_id,
            price=offer.price_text,
            tick=offer.tick,
            rule4=rule4,
        )
    return Leg(
        selection_id=offer.selection_id,
        market_id=offer.market_id,
        event_id=offer.event_id,
        price=offer.price_text,
        tick=offer.tick,
        shown_tick=wanted.tick,
        shown_price=wanted.price,
        rule4=rule4,
    )
