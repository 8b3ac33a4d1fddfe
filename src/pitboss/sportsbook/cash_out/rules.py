"""What a bet is worth before it is settled.  Pure: no clock, no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from msgspec import structs

from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import currency
from pitboss.sportsbook import registry, returns
from pitboss.sportsbook.betting.model import (
    IN_PLAY_DELAY_SECONDS_MIN,
    ONE_LINE,
    Leg,
    Waiting,
)
from pitboss.sportsbook.cash_out.model import (
    Appraisal,
    Around,
    Policy,
    Quote,
    Refusal,
    Refused,
    Request,
    Seen,
    State,
    parse_share,
    write_share,
)
from pitboss.sportsbook.catalog.model import Market, parse_specifiers
from pitboss.sportsbook.returns.model import NOTHING, OPEN, Chances, Ending, Parts
from pitboss.sportsbook.returns.model import Leg as PricedLeg

# Prices of what a market sells that together make more than this of one cannot be meant: one of
# them is far too short, and whoever holds it would be given several times what their bet is worth.
BOOK_MAX = Fraction(3, 2)
# Of a leg that is decided nobody asks how likely it is.
_NONE = Chances(won=NOTHING)


def appraise(bet: Waiting, around: Around) -> Appraisal | Refused:
    """Return what all that is left of a bet is worth now, or why that cannot be said.

    Legs that are decided count by their results, open ones by the chances in the current prices of
    their markets, the margin of the market taken out; they are taken to be independent.  A leg
    that cannot be bet on cannot be priced either.  Source: Sportradar MTS, cash-out.
    """
    if bet.settlements:
        # It was settled once, so its stake is the house's already.
        return Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)
    shape = bet.shape or ONE_LINE
    if shape.parts != Parts.WIN or any(_is_of_a_race(leg, around) for leg in bet.legs):
        # No price says how likely a place is, nor which runner will be withdrawn.
        return Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)
    if shape.combination is not None:
        # Its legs depend on each other, and no price says how.
        return Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)
    if bet.is_free or shape.boost is not None:
        # What was given is not the player's to sell.
        return Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)
    seen: list[Seen] = []
    endings: list[Ending] = []
    chances: list[Chances] = []
    delay = timedelta(0)
    for leg in bet.legs:
        known = around.endings.get(leg.selection_id)
        if known is not None:
            seen.append(Seen(selection_id=leg.selection_id, result_no=known[0]))
            endings.append(known[1])
            chances.append(_NONE)
            continue
        offer, market = around.offers.get(leg.selection_id), around.markets.get(leg.market_id)
        if offer is None or market is None or leg.selection_id in around.stopped:
            return Refused(reason=Refusal.CASH_OUT_SUSPENDED)
        if book_of(market) > BOOK_MAX:
            return Refused(reason=Refusal.CASH_OUT_SUSPENDED)
        if offer.in_play:
            seconds = max(offer.bet_delay_seconds, IN_PLAY_DELAY_SECONDS_MIN)
            delay = max(delay, timedelta(seconds=seconds))
        chance = fair_chance(market, leg)
        seen.append(
            Seen(
                selection_id=leg.selection_id,
                tick=offer.tick,
                status_no=offer.status_no,
                live_no=offer.live_no,
                price=offer.price_text,
                chance=write_share(chance),
            )
        )
        endings.append(OPEN)
        chances.append(Chances(won=chance))
    if all(item.result_no is not None for item in seen):
        # It is being settled, and a margin on what is certain would be a mere loss.
        return Refused(reason=Refusal.BET_NOT_OPEN)
    return Appraisal(value=value(bet, endings, chances), seen=tuple(seen), delay=delay)


def _is_of_a_race(leg: Leg, around: Around) -> bool:
    """Say whether runners that are withdrawn may reduce what a leg pays, by whatever rule."""
    offer = around.offers.get(leg.selection_id)
    return leg.rule4 is not None or (offer is not None and offer.runners is not None)


def value(bet: Waiting, endings: list[Ending], chances: list[Chances]) -> Fraction:
    """Return what is left of a bet is worth in micros, by what is decided and what is likely."""
    ticket = (bet.shape or ONE_LINE).ticket(
        tuple([PricedLeg(price=leg.price_exact) for leg in bet.legs]),
        stake_micros=bet.stake_micros,
        minor_unit_micros=currency(bet.currency).minor_unit_micros,
        rounding=bet.rounding,
    )
    return returns.fair_value(ticket, endings, [(chance, _NONE) for chance in chances])


def fair_chance(market: Market, leg: Leg) -> Fraction:
    """Return how likely a selection is by its market's prices: never more than its own says.

    The prices of what is sold add up to more than one for each answer that can be right at once;
    that margin is taken out in proportion.  Where they add up to less, as those of a list that
    leaves answers out, nothing is put in: who sold at once would get more than they paid.  Of a
    line that can push this is the chance among the results that do not, which prices do not tell
    apart.
    """
    (price,) = [item.price for item in market.selections if item.id == leg.selection_id]
    return 1 / price / max(book_of(market), Fraction(1))


def book_of(market: Market) -> Fraction:
    """Return what the prices of all that is sold make of one, for each answer that can be right."""
    kind = registry.find_kind(market.kind)
    winners = 1 if kind is None else kind.winners(parse_specifiers(market.specifiers))
    sold = sum((1 / item.price for item in market.selections if item.active), Fraction(0))
    return sold / winners


def offer(bet: Waiting, worth: Fraction, stake_micros: int, margin: Fraction) -> int:
    """Return what is offered for a stake of a bet that is worth so much in all: rounded down.

    Raises:
        Malformed: the stake is more than the bet has.
    """
    return returns.buy_back_offer(
        worth,
        margin=margin,
        share=Fraction(stake_micros, bet.stake_micros),
        minor_unit_micros=currency(bet.currency).minor_unit_micros,
    )


def quote(
    bet: Waiting,
    appraisal: Appraisal,
    *,
    stake_micros: int | None,
    policy: Policy,
    now: datetime,
) -> Quote | Refused:
    """Return what is offered for a stake of a bet, all that is left of it if none is named."""
    unit = currency(bet.currency).minor_unit_micros
    stake = bet.stake_micros if stake_micros is None else stake_micros
    if not 0 < stake <= bet.stake_micros or stake % unit:
        return Refused(reason=Refusal.CASH_OUT_STAKE)
    offered = offer(bet, appraisal.value, stake, policy.margin)
    if not offered:
        return Refused(reason=Refusal.CASH_OUT_WORTHLESS)
    return Quote(
        bet_id=bet.id,
        player_id=bet.player_id,
        currency=bet.currency,
        left_micros=bet.stake_micros,
        stake_micros=stake,
        offer_micros=offered,
        margin=write_share(policy.margin),
        marks=appraisal.marks,
        expires_at=write_instant(now + policy.quote_life),
    )


def refusal_of(quoted: Quote, bet: Waiting | None, *, now: datetime) -> Refusal | None:
    """Return why a quote cannot be taken, whatever prices are now; None if they are to be asked."""
    if now >= parse_instant(quoted.expires_at, field="expires_at"):
        return Refusal.QUOTE_EXPIRED
    return refusal_after_delay(quoted, bet)


def refusal_after_delay(quoted: Quote, bet: Waiting | None) -> Refusal | None:
    """Return why a quote that was taken in time cannot stand, whatever prices are now."""
    if bet is None:
        return Refusal.BET_NOT_OPEN
    return Refusal.QUOTE_STALE if bet.stake_micros != quoted.left_micros else None


def holds(quoted: Quote, bet: Waiting, appraisal: Appraisal) -> bool:
    """Say whether a quote is what would be offered now: at the same prices, by the same results."""
    return (
        appraisal.marks == quoted.marks
        and offer(bet, appraisal.value, quoted.stake_micros, parse_share(quoted.margin))
        == quoted.offer_micros
    )


def moved(
    request: Request,
    state: State,
    *,
    reason: str | None = None,
    decide_at: datetime | None = None,
    decided_at: datetime | None = None,
) -> Request:
    """Return a request as it stands after a step; the moment until which it waited stays."""
    return structs.replace(
        request,
        state=state,
        reason=reason,
        decide_at=request.decide_at if decide_at is None else decide_at,
        decided_at=decided_at,
    )
