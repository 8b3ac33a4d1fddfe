"""What a bet pays once its legs have results.

Products stay exact until the last step, so a twenty-fold loses nothing to rounding on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from msgspec import structs

from pitboss.kernel.ids import SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.money import round_ratio
from pitboss.kernel.price import parse_price
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import ONE_LINE
from pitboss.sportsbook.returns.model import NOTHING, OPEN, Ending, Outcome, Parts, parse_share
from pitboss.sportsbook.returns.model import VOID as VOID_OUTCOME
from pitboss.sportsbook.returns.model import Leg as PricedLeg
from pitboss.sportsbook.settlement.model import Leg, Result, Settled, Terms, Unsettled


def settle(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return what a bet pays, or the selections it still waits for.

    One lost leg loses the bet, even while others are open.  A void leg passes its stake on, as if
    it had won at a price of one; when every leg is void the stake comes back whole.  Returns are
    rounded once, by the rule that was recorded with the bet.
    """
    ensure(terms.legs, "a bet has a leg")
    top, bottom = terms.stake_micros, 1
    voided = True
    waiting = False
    for leg in terms.legs:
        result = results.get(leg.selection_id)
        if result is None:
            waiting = True
            continue
        gains, parts = _leg_ratio(leg.price, result)
        if not gains:
            return Settled(bet_id=terms.bet_id, returns_micros=0, voided=False)
        voided = voided and result.void_share == 1
        top *= gains
        bottom *= parts
    if waiting:
        open_ids = [leg.selection_id for leg in terms.legs if leg.selection_id not in results]
        return Unsettled(bet_id=terms.bet_id, waiting_for=tuple(open_ids))

    if voided:
        returns = terms.stake_micros
    else:
        returns = round_ratio(top, bottom, terms.minor_unit_micros, terms.rounding)
    return Settled(bet_id=terms.bet_id, returns_micros=returns, voided=voided)


def settle_lines(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return what a bet of any shape pays, or the selections it still waits for.

    One line over all legs is settled as by the first rules.  Of several lines and parts each is
    worked out by itself, and the bet is settled as soon as none of them can pay more or less:
    though a leg is open, if every line with it has lost.  Runners withdrawn after the bet reduce
    prices.  All returns are rounded together, once.
    """
    if terms.shape is None and not _has_withdrawals(terms, results):
        return settle(terms, results)
    known = [results.get(leg.selection_id) for leg in terms.legs]
    shape = terms.shape or ONE_LINE
    ticket = shape.ticket(
        tuple([_priced(leg, at, terms) for leg, at in zip(terms.legs, known, strict=True)]),
        stake_micros=terms.stake_micros,
        minor_unit_micros=terms.minor_unit_micros,
        rounding=terms.rounding,
    )
    endings = [_ending(leg, at, terms) for leg, at in zip(terms.legs, known, strict=True)]
    worked = returns.work_out(ticket, endings)
    if worked.decided:
        paid = worked.current_micros
        return Settled(bet_id=terms.bet_id, returns_micros=paid, voided=worked.voided)
    waiting_for = [
        leg.selection_id
        for leg, ending in zip(terms.legs, endings, strict=True)
        if (ticket.parts is not Parts.PLACE and ending.win is None)
        or (ticket.parts.placed and ending.place is None)
    ]
    return Unsettled(bet_id=terms.bet_id, waiting_for=tuple(waiting_for))


def settle_as_struck(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return the same, but of runners withdrawn those alone count that went after it was struck.

    Its price may be newer than the wish for it: then it knows of who had gone by that time.
    """
    if terms.shape is None and not _has_withdrawals(terms, results):
        return settle(terms, results)
    return settle_lines(structs.replace(terms, placed_at=terms.struck_at), results)


def leg_factor(price: Fraction, result: Result) -> Fraction:
    """Return what one leg multiplies the stake by."""
    return Fraction(*_leg_ratio(price, result))


def _leg_ratio(price: Fraction, result: Result) -> tuple[int, int]:
    """Return `void + (1 - void) * won * price * dead_heat` as two whole numbers.

    Not in lowest terms: reducing at every leg costs more than all the rest.
    """
    # `fractions` computes its two properties in Python; the pair is one call.
    void, void_parts = result.void_share.as_integer_ratio()
    if not result.won or void == void_parts:
        return void, void_parts
    heat, heat_parts = result.dead_heat.as_integer_ratio()
    gains, gains_parts = price.as_integer_ratio()
    parts = heat_parts * gains_parts
    return void * parts + (void_parts - void) * heat * gains, void_parts * parts


def _has_withdrawals(terms: Terms, results: Mapping[SelectionId, Result]) -> bool:
    # A loop, because nearly every bet passes here and has none.
    for leg in terms.legs:
        result = results.get(leg.selection_id)
        if result is not None and result.withdrawn:
            return True
    return False


def _priced(leg: Leg, result: Result | None, terms: Terms) -> PricedLeg:
    """Return a leg as it was struck, but at the price that reduction factors leave of it."""
    price = leg.price
    for one in () if result is None else result.withdrawn:
        if one.factor is not None and one.reaches(terms.placed_at):
            price = returns.reduced(price, [parse_share(one.factor, field="withdrawn.factor")])
    return PricedLeg(price=price, place_fraction=leg.place_fraction)


def _ending(leg: Leg, result: Result | None, terms: Terms) -> Ending:
    if result is None:
        return OPEN
    deduction = NOTHING
    prices = [
        parse_price(one.price)
        for one in result.withdrawn
        if one.price is not None and one.reaches(terms.placed_at)
    ]
    announced = [
        Fraction(one.deduction_pence, 100)
        for one in result.withdrawn
        if one.deduction_pence is not None and one.reaches(terms.placed_at)
    ]
    if (prices or announced) and leg.rule4 is not None:
        deduction = returns.rule4_deduction(leg.rule4, prices, announced=announced)
    return Ending(win=_outcome(result), place=_placed(leg, result), deduction=deduction)


def _placed(leg: Leg, result: Result) -> Outcome | None:
    """Return how the place part ended by the terms of this leg; None while nobody knows."""
    if result.void_share == 1:
        # Who did not run is void in both parts.
        return VOID_OUTCOME
    if result.finish is not None and leg.places is not None:
        finish = result.finish
        return returns.finished(finish.position, tied=finish.tied, places=leg.places)
    return result.place


def ending_of(result: Result | None) -> Ending:
    """Return what became of a leg for the arithmetic; open if nothing is known."""
    return OPEN if result is None else Ending(win=_outcome(result))


@lru_cache(maxsize=1024)
def _outcome(result: Result) -> Outcome:
    """Return a result as shares of the stake.  Source: Sportradar UOF, bet settlement."""
    won = (1 - result.void_share) * result.dead_heat if result.won else NOTHING
    return Outcome(won=won, void=result.void_share)
