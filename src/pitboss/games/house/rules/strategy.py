"""Basic strategy for these rules: what to do with a total, or a pair, against the dealer's card.

It is a table by totals, and sees neither which cards make one nor the other hand.  It was read off
the table that is known for six decks, all 17s stood on and doubles after splits;
`tests/unit/games/test_house_blackjack.py` holds each of its cells against what every other action
would return: without end of the shoe, and two close cells in six decks.
"""

from __future__ import annotations

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, BlackjackRound

from . import blackjack
from .blackjack import ACE, BEST, TEN

# Dealer's cards from two to ten, then the ace.  H hit, S stand, D double or else hit, T double or
# else stand.
_COLUMNS = (*range(2, TEN + 1), ACE)
_HARD = {
    9: "HDDDDHHHHH",
    10: "DDDDDDDDHH",
    11: "DDDDDDDDDH",
    12: "HHSSSHHHHH",
    **dict.fromkeys(range(13, 17), "SSSSSHHHHH"),
}
_SOFT = {
    12: "HHHHHHHHHH",  # two aces that cannot be split again
    **dict.fromkeys((13, 14), "HHHDDHHHHH"),
    **dict.fromkeys((15, 16), "HHDDDHHHHH"),
    17: "HDDDDHHHHH",
    18: "STTTTSSHHH",
}
# By the value of one card: where to split.
_SPLIT = {
    ACE: "YYYYYYYYYY",
    2: "YYYYYY----",
    3: "YYYYYY----",
    4: "---YY-----",
    6: "YYYYY-----",
    7: "YYYYYY----",
    8: "YYYYYYYYYY",
    9: "YYYYY-YY--",
}


def splits(card: int, up: int) -> bool:
    """Return whether to split two cards of this value."""
    return card in _SPLIT and _SPLIT[card][_COLUMNS.index(up)] == "Y"


def choose(total: int, up: int, *, soft: bool, may_double: bool) -> Action:
    """Return what to do with a total below 21, once it is not split."""
    if total >= BEST:
        return Action.STAND
    row = _SOFT.get(total, "S" * 10) if soft else _HARD.get(total, "H" * 10 if total < 9 else "")
    letter = (row or "S" * 10)[_COLUMNS.index(up)]
    if letter in "DT" and may_double:
        return Action.DOUBLE
    return Action.STAND if letter in "ST" else Action.HIT


def advise(state: BlackjackRound) -> Action:
    """Return what to do in a round.

    Raises:
        Unplayable: it is over.
    """
    possible = blackjack.actions(state)
    if not possible:
        raise Unplayable("the round is over")
    if Action.DEAL in possible:
        return Action.DEAL
    cards = next(hand for hand in state.hands if not hand.done).cards
    up = blackjack.value(state.dealer[0])
    if Action.SPLIT in possible and splits(blackjack.value(cards[0]), up):
        return Action.SPLIT
    points, soft = blackjack.total(cards)
    return choose(points, up, soft=soft, may_double=Action.DOUBLE in possible)
