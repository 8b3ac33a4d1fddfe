"""Blackjack from a shoe of six decks that is shuffled anew for every round.

The dealer stands on every 17 and looks for a blackjack before the player acts.  A blackjack pays
3 to 2.  Any two cards may be doubled, after a split too.  Two cards of one value may be split once;
split aces get one card each; 21 on a split hand is no blackjack.  A hand of 21 stands by itself.
There is no insurance and no surrender.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, BlackjackRound, Draw, Hand, View

from .drawing import check_stake, check_version, values_of

VERSION = "1.0.0"
# Whose rules are here; what once was dealt by some stays, and is shown by them.
EDITIONS = frozenset({VERSION})
DECKS = 6
RANKS = 13
SHOE = DECKS * 4 * RANKS
# No round needs more.  A hand that takes a card has 20 at most, so that 21 cards are the most of
# each of two hands; and the dealer, who stops at 17, has 17 at most.
CARDS_MAX = 21 + 21 + 17
DEAL: dict[str, Any] = {"kind": "shuffle", "size": SHOE, "count": CARDS_MAX}
ACE = 1
TEN = 10
BEST = 21
STANDS = 17
_MOVES = frozenset({Action.HIT, Action.STAND, Action.DOUBLE, Action.SPLIT})


def begin(stake_micros: int, *, minor_micros: int) -> BlackjackRound:
    """Take the stake of a round: two of the currency's smallest coins or a multiple of that.

    So 3 to 2 is always a whole number of coins.

    Raises:
        Unplayable: it cannot be.
    """
    check_stake(stake_micros, 2 * minor_micros)
    return BlackjackRound(version=VERSION, stake_micros=stake_micros)


def value(card: int) -> int:
    """Return what a card counts: 1 for an ace, 10 for a ten or a picture."""
    return min(card % RANKS + 1, TEN)


def total(cards: Sequence[int]) -> tuple[int, bool]:
    """Return the best total of cards, and whether an ace counts 11 in it."""
    hard = sum(value(card) for card in cards)
    soft = hard + 10 <= BEST and any(value(card) == ACE for card in cards)
    return (hard + 10 if soft else hard), soft


def is_blackjack(cards: Sequence[int]) -> bool:
    """Return whether two cards are an ace and a ten; of a split hand the caller does not ask."""
    return len(cards) == 2 and total(cards)[0] == BEST


def actions(state: BlackjackRound) -> tuple[Action, ...]:
    """Return what may be done now."""
    if state.over:
        return ()
    if not state.shoe:
        return (Action.DEAL,)
    cards = _acting(state)[1].cards
    two = len(cards) == 2
    may_split = two and len(state.hands) == 1 and value(cards[0]) == value(cards[1])
    return (
        Action.HIT,
        Action.STAND,
        *((Action.DOUBLE,) if two else ()),
        *((Action.SPLIT,) if may_split else ()),
    )


def view(state: BlackjackRound) -> View:
    """Return what a player may see: until the end one card of the dealer, and none of the shoe."""
    return View(
        dealer=state.dealer if state.over else state.dealer[:1],
        hole=bool(state.dealer) and not state.over,
        hands=state.hands,
        actions=actions(state),
    )


def ask(state: BlackjackRound, action: Action) -> dict[str, Any] | None:
    """Return the draw that an action needs: the shuffle at the deal, and none after it.

    Raises:
        Unplayable: the action is none of this moment, or the round is of another version.
    """
    check_version(state, EDITIONS)
    if action not in actions(state):
        raise Unplayable(f"{action} is not possible now")
    return DEAL if action is Action.DEAL else None


def step(state: BlackjackRound, action: Action, draw: Draw | None) -> BlackjackRound:
    """Do what the player chose; after the last hand the dealer plays, and all is paid.

    Raises:
        Unplayable: the action is none of this moment, or the draw is none of a shoe.
    """
    asked = ask(state, action)
    if asked is not None:
        return _deal(state, values_of(draw, asked))
    if draw is not None:
        raise Unplayable("the cards of this round are drawn")
    place, hand = _acting(state)
    if action is Action.SPLIT:
        return _finish(_split(state, hand))
    if action is Action.STAND:
        return _finish(_replaced(state, place, msgspec.structs.replace(hand, done=True), 0))
    cards = (*hand.cards, state.shoe[state.dealt])
    doubled = action is Action.DOUBLE
    after = Hand(
        cards=cards,
        stakes=hand.stakes * (2 if doubled else 1),
        done=doubled or total(cards)[0] >= BEST,
    )
    return _finish(_replaced(state, place, after, 1))


def _deal(state: BlackjackRound, shoe: tuple[int, ...]) -> BlackjackRound:
    mine, theirs = (shoe[0], shoe[2]), (shoe[1], shoe[3])
    done = is_blackjack(mine) or is_blackjack(theirs)
    dealt = msgspec.structs.replace(
        state, shoe=shoe, dealt=4, dealer=theirs, hands=(Hand(cards=mine, done=done),)
    )
    return _pay(dealt) if done else dealt


def _split(state: BlackjackRound, hand: Hand) -> BlackjackRound:
    aces = value(hand.cards[0]) == ACE
    pairs = [(card, state.shoe[state.dealt + place]) for place, card in enumerate(hand.cards)]
    hands = tuple(Hand(cards=pair, done=aces or total(pair)[0] == BEST) for pair in pairs)
    return msgspec.structs.replace(state, hands=hands, dealt=state.dealt + 2)


def _acting(state: BlackjackRound) -> tuple[int, Hand]:
    """Return the hand that is played; while the round is not over there is one."""
    return next((place, hand) for place, hand in enumerate(state.hands) if not hand.done)


def _replaced(state: BlackjackRound, place: int, hand: Hand, cards: int) -> BlackjackRound:
    hands = (*state.hands[:place], hand, *state.hands[place + 1 :])
    return msgspec.structs.replace(state, hands=hands, dealt=state.dealt + cards)


def _finish(state: BlackjackRound) -> BlackjackRound:
    if not all(hand.done for hand in state.hands):
        return state
    dealer, dealt = state.dealer, state.dealt
    # Against hands that are all bust the dealer draws nothing.
    if any(total(hand.cards)[0] <= BEST for hand in state.hands):
        while total(dealer)[0] < STANDS:
            dealer, dealt = (*dealer, state.shoe[dealt]), dealt + 1
    return _pay(msgspec.structs.replace(state, dealer=dealer, dealt=dealt))


def _pay(state: BlackjackRound) -> BlackjackRound:
    natural = len(state.hands) == 1 and is_blackjack(state.hands[0].cards)
    halves = sum(_halves(hand, state.dealer, natural=natural) for hand in state.hands)
    return msgspec.structs.replace(
        state, finished=True, win_micros=state.stake_micros // 2 * halves
    )


def _halves(hand: Hand, dealer: tuple[int, ...], *, natural: bool) -> int:
    """Return what a hand gets back, in half stakes."""
    if natural or is_blackjack(dealer):
        if natural and not is_blackjack(dealer):
            return 5
        return 2 if natural else 0
    mine, theirs = total(hand.cards)[0], total(dealer)[0]
    return 2 * hand.stakes * paid(mine, theirs)


def paid(mine: int, theirs: int) -> int:
    """Return how many stakes a total gets back from another: 2 won, 1 even, 0 lost."""
    if mine > BEST:
        return 0
    if theirs > BEST or mine > theirs:
        return 2
    return 1 if mine == theirs else 0
