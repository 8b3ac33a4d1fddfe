"""Decisions about pushed prices: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from pitboss.kernel.ids import SelectionId
from pitboss.sportsbook.pricing.model import (
    Numbered,
    PushAnswer,
    Pushed,
    PushedPrice,
    PushRefused,
    Refusal,
    Source,
    is_far,
    read_answers,
)


def decide_order(last: Source | None, push: Numbered) -> PushAnswer | None:
    """Answer a push that its source has made before, or left behind; None if it is new."""
    if last is None or push.sequence > last.sequence:
        return None
    if push.sequence < last.sequence:
        return PushRefused(reason=Refusal.PUSH_OVERTAKEN, sequence=last.sequence)
    if push.digest != last.digest:
        return PushRefused(reason=Refusal.PUSH_REUSED, sequence=last.sequence)
    return Pushed(answers=read_answers(last.answers), repeated=True)


def find_not_meant(
    standing: Mapping[SelectionId, Fraction], prices: Sequence[PushedPrice], *, move_max: Fraction
) -> set[int]:
    """Return the places of the prices that move too far and were not confirmed.

    Each is held against what stands when its turn comes: the prices before it in the push, as far
    as they are meant, come first.
    """
    current = dict(standing)
    found: set[int] = set()
    for place, pushed in enumerate(prices):
        change = pushed.change
        before = current.get(change.selection_id)
        if before is None:
            continue
        if not pushed.confirmed and is_far(before, change.price, move_max):
            found.add(place)
        else:
            current[change.selection_id] = change.price
    return found
