"""What a bet pays: the sum over its lines, rounded once.

`return = unit * sum over lines of the product over legs of (won * price + void)`
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import round_micros
from pitboss.sportsbook.returns.model import (
    LOST,
    NOTHING,
    VOID,
    WON,
    Bundle,
    Chances,
    Combo,
    Ending,
    Leg,
    Outcome,
    Parts,
    Returns,
    StakeKind,
    Ticket,
)
from pitboss.sportsbook.returns.rules import combos, lines
from pitboss.sportsbook.returns.rules import legs as leg_rules

Factors = list[Fraction]


def whole_stake(ticket: Ticket) -> Fraction:
    """Return the stake on all lines and parts together, in micros."""
    return ticket.unit_micros * lines.count(ticket.bundles) * ticket.parts.bets


def unit_of_total(total_micros: int, bundles: Sequence[Bundle], parts: Parts) -> Fraction:
    """Return the stake on each line when a total was staked: exact, never rounded to coins."""
    return Fraction(total_micros, lines.count(bundles) * parts.bets)


def work_out(ticket: Ticket, endings: Sequence[Ending], *, cashed: Fraction = NOTHING) -> Returns:
    """Return what a bet pays by what became of its legs, and what it could still pay.

    `endings` are in the order of the legs.  A line with a lost leg is decided though another is
    open; a line with an open leg pays nothing yet.  The rule of rounding is the ticket's.
    `cashed` (0 to 1) is the share that was bought back: the rest is paid.

    Raises:
        Malformed: there is not one ending for each leg, or the share is none.
    """
    if len(endings) != len(ticket.legs):
        raise Malformed("endings", "there is one for each leg")
    if not 0 <= cashed <= 1:
        raise Malformed("cashed", f"{cashed} is not between 0 and 1")
    stake = whole_stake(ticket)
    now = ticket.unit_micros * _lines_total(ticket, endings, hoped=False)
    open_still = any(
        (ticket.parts is not Parts.PLACE and ending.win is None)
        or (ticket.parts.placed and ending.place is None)
        for ending in endings
    )
    most = ticket.unit_micros * _lines_total(ticket, endings, hoped=True) if open_still else now
    voided = (not open_still or now == most) and _all_void(ticket, endings)
    kept = 1 - cashed
    return Returns(
        stake_micros=stake,
        current_micros=_paid(ticket, stake, now, voided=voided, kept=kept),
        max_micros=_paid(ticket, stake, most, voided=voided, kept=kept),
        decided=now == most,
        voided=voided,
    )


def fair_value(
    ticket: Ticket, endings: Sequence[Ending], chances: Sequence[tuple[Chances, Chances]]
) -> Fraction:
    """Return what a bet is worth in micros, exactly: its lines with expected factors where open.

    `chances` are those of the win and of the place part of each leg, and count where it is open;
    legs are taken to be independent.  Never more than the most that the bet could pay.

    Raises:
        Malformed: there is not one of each for each leg, or the stake is not cash.
    """
    if not len(endings) == len(chances) == len(ticket.legs):
        raise Malformed("chances", "there is one for each leg")
    if ticket.stake is not StakeKind.CASH or ticket.combo is not None:
        raise Malformed("stake", "only own money on legs that stand apart is bought back")
    wins: Factors = []
    places: Factors = []
    for leg, ending, (to_win, to_place) in zip(ticket.legs, endings, chances, strict=True):
        win, place = _factors(ticket.parts, leg, ending)
        price = leg_rules.deducted(leg.price, ending.deduction)
        wins.append(_expected(to_win, price) if win is None else win)
        if ticket.parts.placed:
            at = leg_rules.place_price(leg, ending.deduction)
            places.append(_expected(to_place, at) if place is None else place)
    value = ticket.unit_micros * _parts_total(ticket, wins, places)
    most = ticket.unit_micros * _lines_total(ticket, endings, hoped=True)
    return min(value, _capped(ticket, whole_stake(ticket), most))


def _expected(chances: Chances, price: Fraction) -> Fraction:
    half = Fraction(1, 2)
    won = chances.won * price + chances.half_won * (price + 1) * half
    return won + chances.void + chances.half_lost * half


def _lines_total(ticket: Ticket, endings: Sequence[Ending], *, hoped: bool) -> Fraction:
    """Return the sum over the lines, where an open leg has lost, or is hoped to win."""
    if ticket.combo is not None:
        return _combined(ticket.combo, endings, hoped=hoped)
    wins: Factors = []
    places: Factors = []
    for leg, ending in zip(ticket.legs, endings, strict=True):
        win, place = _factors(ticket.parts, leg, ending)
        if win is None:
            win = leg_rules.deducted(leg.price, ending.deduction) if hoped else NOTHING
        wins.append(win)
        if ticket.parts.placed:
            if place is None:
                place = leg_rules.place_price(leg, ending.deduction) if hoped else NOTHING
            places.append(place)
    return _parts_total(ticket, wins, places)


def _combined(combo: Combo, endings: Sequence[Ending], *, hoped: bool) -> Fraction:
    """Return what a combination pays on a stake of one, where an open leg has lost.

    Or else the most: open legs are hoped to win, or to be void, which is better beside a lost one.
    """
    if not hoped:
        return combos.factor(combo, _outcomes_with(endings, LOST))
    return max(combos.factor(combo, _outcomes_with(endings, best)) for best in (WON, VOID))


def _outcomes_with(endings: Sequence[Ending], instead: Outcome) -> list[Outcome]:
    return [instead if ending.win is None else ending.win for ending in endings]


def _factors(parts: Parts, leg: Leg, ending: Ending) -> tuple[Fraction | None, Fraction | None]:
    """Return what both parts of a leg multiply by; nothing for what is open or not bet on."""
    win = place = None
    if ending.win is not None:
        win = leg_rules.factor(ending.win, leg_rules.deducted(leg.price, ending.deduction))
    if parts.placed and ending.place is not None:
        place = leg_rules.factor(ending.place, leg_rules.place_price(leg, ending.deduction))
    return win, place


def _parts_total(ticket: Ticket, wins: Factors, places: Factors) -> Fraction:
    match ticket.parts:
        case Parts.WIN:
            return lines.total(ticket.bundles, wins)
        case Parts.PLACE:
            return lines.total(ticket.bundles, places)
        case Parts.EACH_WAY:
            return lines.total(ticket.bundles, wins) + lines.total(ticket.bundles, places)
        case Parts.EACH_WAY_DIVIDED:
            halves = [(win + place) / 2 for win, place in zip(wins, places, strict=True)]
            return 2 * lines.total(ticket.bundles, halves)


def _all_void(ticket: Ticket, endings: Sequence[Ending]) -> bool:
    if ticket.combo is not None:
        return combos.void_share(ticket.combo, _outcomes_with(endings, LOST)) == 1
    outcomes: list[Outcome | None] = []
    for ending in endings:
        if ticket.parts is not Parts.PLACE:
            outcomes.append(ending.win)
        if ticket.parts.placed:
            outcomes.append(ending.place)
    return all(outcome == VOID for outcome in outcomes)


def _capped(ticket: Ticket, stake: Fraction, gross: Fraction) -> Fraction:
    if ticket.boost and gross > stake:
        gross = stake * leg_rules.boosted(gross / stake, ticket.boost)
    if ticket.profit_max_micros is None:
        return gross
    return min(gross, stake + ticket.profit_max_micros)


def _paid(ticket: Ticket, stake: Fraction, gross: Fraction, *, voided: bool, kept: Fraction) -> int:
    """Return what is paid out of gross returns, by the kind of stake and the cap; rounded once.

    A free stake that is void is given back as a token, so it pays nothing.
    """
    exact = _capped(ticket, stake, gross)
    if ticket.stake is not StakeKind.CASH and voided:
        return 0
    if ticket.stake is StakeKind.FREE_NOT_RETURNED:
        exact = max(NOTHING, exact - stake)
    return round_micros(exact * kept, ticket.minor_unit_micros, ticket.rounding)
