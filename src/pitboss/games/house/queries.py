"""Rounds of the house's games, step by step, their replay, and their PAR sheets.

Nothing here books money or keeps a round: whoever plays keeps what `store_form` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import (
    Action,
    BlackjackRound,
    Draw,
    House,
    Par,
    RouletteBet,
    RouletteRound,
    Round,
    SlotRound,
    SlotSpin,
    View,
)
from pitboss.rng.records import DrawRecord
from pitboss.rng.records import replay as map_again

from .rules import blackjack, blackjack_par, roulette, slot, slot_par, strategy
from .rules.slot import Sheet

_ROUND = msgspec.json.Decoder(Round)


def begin_roulette(bets: Sequence[RouletteBet], *, minor_micros: int) -> RouletteRound:
    """Take the bets of a round, before its spin.

    Raises:
        Unplayable: there are none or too many, a place is not on the table, a stake cannot be.
    """
    return roulette.begin(bets, minor_micros=minor_micros)


def begin_slot(stake_micros: int, *, minor_micros: int) -> SlotRound:
    """Take the stake of a round, before its spin.

    Raises:
        Unplayable: it is no multiple of thirty of the currency's smallest coins.
    """
    return slot.begin(stake_micros, minor_micros=minor_micros)


def begin_blackjack(stake_micros: int, *, minor_micros: int) -> BlackjackRound:
    """Take the stake of a round, before its deal.

    Raises:
        Unplayable: it is no multiple of two of the currency's smallest coins.
    """
    return blackjack.begin(stake_micros, minor_micros=minor_micros)


def ask(state: Round, action: Action) -> dict[str, Any] | None:
    """Return the mapping of the draw that an action needs (`rng.mapping`), or none.

    Raises:
        Unplayable: the action is none of this moment.
    """
    if isinstance(state, RouletteRound):
        return roulette.ask(state, action)
    if isinstance(state, SlotRound):
        return slot.ask(state, action)
    return blackjack.ask(state, action)


def step(state: Round, action: Action, draw: Draw | None = None) -> Round:
    """Return the round after an action, with the draw that `ask` named; the old one stays.

    Raises:
        Unplayable: the action is none of this moment, or the draw is for something else.
    """
    if isinstance(state, RouletteRound):
        return roulette.step(state, action, draw)
    if isinstance(state, SlotRound):
        return slot.step(state, action, draw)
    return blackjack.step(state, action, draw)


def actions(state: Round) -> tuple[Action, ...]:
    """Return what may be done now; nothing once the round is over."""
    if isinstance(state, BlackjackRound):
        return blackjack.actions(state)
    return () if state.over else (Action.SPIN,)


def blackjack_view(state: BlackjackRound) -> View:
    """Return what a player may see of a round."""
    return blackjack.view(state)


def store_form(state: Round) -> bytes:
    """Return a round as JSON, from which it goes on where it stood."""
    return msgspec.json.encode(state)


def read_round(stored: bytes) -> Round:
    """Return the round that was stored.

    Raises:
        Unplayable: it is none.
    """
    try:
        state: Round = _ROUND.decode(stored)
    except msgspec.DecodeError as error:
        raise Unplayable(f"no round: {error}") from None
    return state


def draw_of(record: DrawRecord) -> Draw:
    """Return what a recorded draw gave, once its raw words have been mapped again.

    Raises:
        Malformed: the record contradicts itself (`rng.errors`).
    """
    return Draw(mapping=dict(record.mapping), values=tuple(map_again(record)))


def replay(state: Round, acted: Iterable[Action], records: Iterable[DrawRecord]) -> Round:
    """Play a round again from what was done and drawn, in order, and return where it ends.

    Raises:
        Unplayable: an action is none of its moment, or draws are too few, too many or others.
        Malformed: a record contradicts itself (`rng.errors`).
    """
    left = list(records)
    for action in acted:
        draw = None
        if ask(state, action) is not None:
            if not left:
                raise Unplayable("there are fewer draws than the round needs")
            draw = draw_of(left.pop(0))
        state = step(state, action, draw)
    if left:
        raise Unplayable("there are more draws than the round needs")
    return state


def pars(game: House) -> tuple[Par, ...]:
    """Return the PAR sheets of a game: one, but for roulette, which has one for each kind of bet.

    Every number is exact.  Blackjack takes some seconds the first time.
    """
    if game is House.ROULETTE:
        return roulette.sheets()
    if game is House.SLOT:
        return (slot_par.sheet_par(),)
    return (blackjack_par.sheet_par(),)


def editions() -> dict[House, frozenset[str]]:
    """Return every version of each game whose rules are here: rounds of those are played on."""
    return {
        House.ROULETTE: roulette.EDITIONS,
        House.SLOT: frozenset(slot.SHEETS),
        House.BLACKJACK: blackjack.EDITIONS,
    }


def versions() -> dict[House, str]:
    """Return the version of each game's rules that rounds begin with."""
    return {
        House.ROULETTE: roulette.VERSION,
        House.SLOT: slot.SHEET.version,
        House.BLACKJACK: blackjack.VERSION,
    }


def slot_spins(state: SlotRound) -> tuple[SlotSpin, ...]:
    """Return what each spin of a round shows and pays, in order."""
    return slot.spins(state)


def slot_sheet() -> Sheet:
    """Return the strips and the pay table that are played."""
    return slot.SHEET


def roulette_table() -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return every place of the table by its kind of bet."""
    return dict(roulette.table())


def advise(state: BlackjackRound) -> Action:
    """Return what basic strategy does in a round that is not over.

    Raises:
        Unplayable: it is over.
    """
    return strategy.advise(state)


def basic_splits(card: int, up: int) -> bool:
    """Return whether basic strategy splits two cards of this value (1 to 10) against another."""
    return strategy.splits(card, up)


def basic_action(total: int, up: int, *, soft: bool, may_double: bool) -> Action:
    """Return what basic strategy does with a total from 4 to 21 that it does not split."""
    return strategy.choose(total, up, soft=soft, may_double=may_double)
