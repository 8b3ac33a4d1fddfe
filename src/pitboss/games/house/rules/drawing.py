"""Stakes and draws that a game takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import STAKE_MICROS_MAX, Draw, Round


def check_stake(stake_micros: int, coin_micros: int) -> int:
    """Return a stake that is a whole number of the game's coins.

    Raises:
        Unplayable: it is not, or it is not above nothing, or it is too much.
    """
    if type(stake_micros) is not int or not 0 < stake_micros <= STAKE_MICROS_MAX:
        raise Unplayable(f"a stake is from 1 to {STAKE_MICROS_MAX} micros")
    if type(coin_micros) is not int or coin_micros < 1 or stake_micros % coin_micros:
        raise Unplayable(f"a stake here is a multiple of {coin_micros} micros")
    return stake_micros


def check_version(state: Round, editions: Collection[str]) -> None:
    """See to it that a round is played on by the rules that it began with.

    Raises:
        Unplayable: they are none of the editions that there are.
    """
    if state.version not in editions:
        raise Unplayable(f"the rules of version {state.version[:20]} are not here")


def values_of(draw: Draw | None, asked: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the values of the draw that was asked for.

    Raises:
        Unplayable: there is none, it answers something else, or its values cannot be.
    """
    if draw is None:
        raise Unplayable("this action needs a draw")
    if draw.mapping != asked:
        raise Unplayable("the draw is for something else")
    kind, values = asked["kind"], draw.values
    low, high = (asked["low"], asked["high"]) if kind == "range" else (0, asked["size"] - 1)
    if len(values) != asked["count"] or not _all_within(values, low, high):
        raise Unplayable("the draw's values are not of its mapping")
    if kind == "shuffle" and len(set(values)) != len(values):
        raise Unplayable("the draw's values are not of its mapping")
    return values


def _all_within(values: Sequence[int], low: int, high: int) -> bool:
    return all(type(value) is int and low <= value <= high for value in values)
