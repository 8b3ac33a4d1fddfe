"""Which slips are sent twice: pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime

from pitboss.sportsbook.betting.model import (
    DUPLICATE_WINDOW,
    Likeness,
    PlaceBet,
    Placing,
    Taken,
    likeness,
)


class Recent:
    """Slips that were taken a moment ago, to tell one that is sent twice.

    Only who decides on all bets of a shard may keep one from batch to batch, and only as long as
    every batch that it was told of is committed.
    """

    def __init__(self, taken: Iterable[Taken] = ()) -> None:
        # Not a plain dict, whose first key is looked for behind all that were taken out before it.
        self._at: OrderedDict[Likeness, datetime] = OrderedDict()
        for item in sorted(taken, key=_placed_at):
            self.note(item.likeness, item.placed_at)

    def __len__(self) -> int:
        return len(self._at)

    def has(self, likeness: Likeness, placed_at: datetime) -> bool:
        """Say whether such a slip was taken within the window of this moment."""
        before = self._at.get(likeness)
        return before is not None and abs(placed_at - before) < DUPLICATE_WINDOW

    def note(self, likeness: Likeness, placed_at: datetime) -> None:
        """Take note of a slip that was taken, and forget those that are too old by now."""
        taken = self._at
        taken[likeness] = placed_at
        taken.move_to_end(likeness)
        while placed_at - taken[oldest := next(iter(taken))] >= DUPLICATE_WINDOW:
            del taken[oldest]


def likeness_of(command: PlaceBet) -> Likeness:
    """Return what makes a slip the same as another one, whatever prices are on them."""
    if len(command.legs) == 1:
        # Nearly every bet: the same, without a list of one.
        leg = command.legs[0].selection_id
        return (command.player_id, command.currency, command.stake_micros, command.shape, leg)
    return likeness(
        command.player_id,
        command.currency,
        command.stake_micros,
        [leg.selection_id for leg in command.legs],
        command.shape,
    )


def find_twins(
    placings: Sequence[Placing],
    verdicts: Sequence[object],
    keys: Sequence[Likeness],
    recent: Recent,
) -> dict[int, int | None]:
    """Return which wanted bets of a batch are sent twice, by their places.

    Each with the place of the one before it in this batch, whose stake may still be refused; None
    if the other one was taken before.  A verdict with legs is a bet that is wanted.
    """
    twins: dict[int, int | None] = {}
    here: dict[Likeness, int] = {}
    for place, (item, verdict, key) in enumerate(zip(placings, verdicts, keys, strict=True)):
        if not isinstance(verdict, tuple):
            continue
        if not item.command.again:
            before = here.get(key)
            if before is not None and _are_near(item, placings[before]):
                twins[place] = before
                continue
            if recent.has(key, item.placed_at):
                twins[place] = None
                continue
        here[key] = place
    return twins


def _are_near(one: Placing, other: Placing) -> bool:
    return abs(one.placed_at - other.placed_at) < DUPLICATE_WINDOW


def _placed_at(taken: Taken) -> datetime:
    return taken.placed_at
