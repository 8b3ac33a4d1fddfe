"""Blackjack at many tables at once, each played by basic strategy, over arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitboss.games import house
from pitboss.games.house.model import Action

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Gives the card at a place of the shoe, for each of these tables.
Shoes = Callable[[Ints, Ints], Ints]

_HIT, _STAND, _DOUBLE = 0, 1, 2
_CODES = {Action.HIT: _HIT, Action.STAND: _STAND, Action.DOUBLE: _DOUBLE}


class Table:
    """Basic strategy as arrays: actions by double, soft, total and card; splits by both cards."""

    def __init__(self) -> None:
        self.actions = np.full((2, 2, 22, 11), _STAND, dtype=np.int64)
        self.splits = np.zeros((11, 11), dtype=np.bool_)
        for up in range(1, 11):
            for card in range(1, 11):
                self.splits[card, up] = house.basic_splits(card, up)
            for double in (False, True):
                for soft in (False, True):
                    for total in range(12 if soft else 4, 22):
                        action = house.basic_action(total, up, soft=soft, may_double=double)
                        self.actions[int(double), int(soft), total, up] = _CODES[action]


@dataclass(slots=True)
class _Hands:
    """One hand at each table: its hard total, whether it has an ace, its stakes."""

    hard: Ints
    ace: Flags
    stakes: Ints

    @classmethod
    def of(cls, first: Ints, second: Ints) -> _Hands:
        return cls(
            first + second, (first == 1) | (second == 1), np.ones(len(first), dtype=np.int64)
        )

    def take(self, rows: Ints, values: Ints) -> None:
        self.hard[rows] += values
        self.ace[rows] |= values == 1

    def soft(self, rows: Ints) -> Flags:
        flags: Flags = self.ace[rows] & (self.hard[rows] <= 11)
        return flags

    def total(self, rows: Ints) -> Ints:
        return self.hard[rows] + 10 * self.soft(rows)


def play(table: Table, shoes: Shoes, size: int) -> tuple[Ints, Ints]:
    """Play a round at each table; return the stakes, and the half stakes that came back."""
    every = np.arange(size)

    def dealt(place: int) -> Ints:
        return _values(shoes(every, np.full(size, place)))

    first, up, second, hole = (dealt(place) for place in range(4))
    natural = (first + second == 11) & ((first == 1) | (second == 1))
    against = (up + hole == 11) & ((up == 1) | (hole == 1))
    live = ~natural & ~against
    split = live & (first == second) & table.splits[first, up]
    places = np.full(size, 4)

    mine, other = _Hands.of(first, second), _Hands.of(second, second)
    pairs = np.flatnonzero(split)
    if len(pairs):
        for place, hands in enumerate((mine, other)):
            values = _values(shoes(pairs, places[pairs] + place))
            hands.hard[pairs] = first[pairs] + values
            hands.ace[pairs] = (first[pairs] == 1) | (values == 1)
        places[pairs] += 2
    stopped = split & (first == 1)
    _act(table, shoes, places, mine, up, np.flatnonzero(live & ~stopped))
    _act(table, shoes, places, other, up, np.flatnonzero(split & ~stopped))

    dealer = _Hands.of(up, hole)
    standing = live & ((mine.hard <= 21) | (split & (other.hard <= 21)))
    _draw(shoes, places, dealer, np.flatnonzero(standing))

    theirs = dealer.total(every)
    stakes, halves = np.ones(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    stakes[live] = mine.stakes[live]
    stakes[split] += other.stakes[split]
    halves[live] = _paid(mine, theirs, every)[live]
    halves[split] += _paid(other, theirs, every)[split]
    halves[natural] = np.where(against[natural], 2, 5)
    return stakes, halves


def _values(cards: Ints) -> Ints:
    values: Ints = np.minimum(cards % 13 + 1, 10)
    return values


def _act(table: Table, shoes: Shoes, places: Ints, hands: _Hands, up: Ints, rows: Ints) -> None:
    """Play hands of two cards to their ends."""
    may_double = 1
    while len(rows):
        total = hands.total(rows)
        rows, total = rows[total < 21], total[total < 21]
        actions = table.actions[may_double, hands.soft(rows).astype(np.int64), total, up[rows]]
        rows, actions = rows[actions != _STAND], actions[actions != _STAND]
        hands.take(rows, _values(shoes(rows, places[rows])))
        places[rows] += 1
        hands.stakes[rows[actions == _DOUBLE]] = 2
        rows, may_double = rows[actions == _HIT], 0


def _draw(shoes: Shoes, places: Ints, dealer: _Hands, rows: Ints) -> None:
    """Draw for the dealer, who stands on every 17."""
    while len(rows):
        rows = rows[dealer.total(rows) < 17]
        dealer.take(rows, _values(shoes(rows, places[rows])))
        places[rows] += 1


def _paid(hands: _Hands, theirs: Ints, every: Ints) -> Ints:
    """Return the half stakes that come back of hands that are no blackjacks."""
    total = hands.total(every)
    won = (theirs > 21) | (total > theirs)
    factor = np.where(total > 21, 0, np.where(won, 2, np.where(total == theirs, 1, 0)))
    paid: Ints = 2 * hands.stakes * factor
    return paid
