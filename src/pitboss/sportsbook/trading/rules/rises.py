"""What becomes of a bet that waits, once it would win more than was taken for it.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import structs

from pitboss.kernel.ids import PlayerId, SelectionId
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    TAKEN,
    Answer,
    Bound,
    Rise,
    Risk,
    TooMuch,
)
from pitboss.sportsbook.trading.rules.weighing import (
    Ledger,
    floor_of,
    risks_of,
    rooms_in_all,
    stake_max,
)


def decide_rises(
    rises: Sequence[Rise], ledgers: Sequence[Ledger], factors: Mapping[PlayerId, Fraction]
) -> list[Answer]:
    """Answer each bet that would win more than was taken for it; see `decide`.

    All that it may win is held against the limit for one bet, and what is more against the room.
    What was taken for one that is refused comes back, so a smaller stake may have that, too.
    """
    answers: list[Answer] = []
    for rise, ledger in zip(rises, ledgers, strict=True):
        factor = factors.get(rise.after.player_id, EVERYBODY)
        bound = _bound_of(rise, ledger, factor)
        if bound is not None:
            offer = stake_max(rise.after, rooms_in_all(rise.after, ledger, _had(rise)), factor)
            answers.append(structs.replace(offer, bound=bound))
            continue
        for risk, extra in _more(rise):
            ledger[risk.selection_id].room -= extra
            ledger[risk.selection_id].winnings_micros += extra
        answers.append(TAKEN)
    return answers


def needs_of_rises(
    rises: Sequence[Rise], ledgers: Sequence[Ledger], answers: Sequence[Answer]
) -> dict[tuple[int, SelectionId], tuple[int, int]]:
    """Return the pages on which rises found no room, or too little for what is offered instead.

    See `needs_of`: who is above another limit gets no room, and only asks what there is.
    """
    needs: dict[tuple[int, SelectionId], tuple[int, int]] = {}
    for rise, ledger, answer in zip(rises, ledgers, answers, strict=True):
        if not isinstance(answer, TooMuch):
            continue
        for risk, extra in _more(rise):
            key, found = (id(ledger), risk.selection_id), ledger[risk.selection_id].winnings_micros
            total, least = needs.setdefault(key, (0, 0))
            if answer.bound is Bound.SELECTION:
                needs[key] = (total or found) + extra, min(least or extra, extra)
    return needs


def _bound_of(rise: Rise, ledger: Ledger, factor: Fraction) -> Bound | None:
    """Return the first limit that a bet is above with what it would win more, if it is."""
    for risk, extra in _more(rise):
        ceiling = ledger[risk.selection_id].book.ceiling
        one_max = ceiling.ever_max if rise.after.waits else ceiling.bet_max
        if risk.winnings_micros > floor_of(one_max, factor):
            return Bound.BET
        if extra > ledger[risk.selection_id].room:
            return Bound.SELECTION
    return None


def _more(rise: Rise) -> list[tuple[Risk, int]]:
    """Return what a bet would win where that is more than was taken for it, and how much more."""
    had = _had(rise)
    now = [(risk, risk.winnings_micros - had[risk.selection_id]) for risk in risks_of(rise.after)]
    return [(risk, extra) for risk, extra in now if extra > 0]


def _had(rise: Rise) -> dict[SelectionId, int]:
    """Return what was taken for a bet on each of its selections."""
    return {risk.selection_id: risk.winnings_micros for risk in risks_of(rise.before)}
