"""Laws of the house's games: any round can be stored, goes on, ends, and replays from its draws."""

from __future__ import annotations

from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitboss.games import house
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import (
    Action,
    BlackjackRound,
    Draw,
    House,
    RouletteBet,
    Round,
    SlotRound,
)
from pitboss.rng import RNG_ID, RNG_VERSION
from pitboss.rng.mapping import WORD_BYTES, Choices, apply
from pitboss.rng.records import DrawRecord

CENT = 10_000
# A stake that every game takes, in cents.
STAKES = st.integers(1, 1000).map(lambda many: many * 30 * CENT)
TABLE = house.roulette_table()
PLACES = [(kind, place) for kind, places in TABLE.items() for place in places]


@st.composite
def begun(make: st.DrawFn) -> Round:
    """Make a round of any game, before its first draw."""
    game, stake = make(st.sampled_from(House)), make(STAKES)
    if game is House.SLOT:
        return house.begin_slot(stake, minor_micros=CENT)
    if game is House.BLACKJACK:
        return house.begin_blackjack(stake, minor_micros=CENT)
    bets = make(st.lists(st.tuples(st.sampled_from(PLACES), STAKES), min_size=1, max_size=8))
    return house.begin_roulette(
        [RouletteBet(kind=kind, numbers=place, stake_micros=much) for (kind, place), much in bets],
        minor_micros=CENT,
    )


def record_of(mapping: dict[str, Any], seed: int, number: int) -> DrawRecord:
    """Return the record of a draw by the certified mapping, of words that a seed says."""
    words = (sha256(f"{seed} {number} {place}".encode()).digest()[:WORD_BYTES] for place in count())
    choices = Choices(lambda _: next(words))
    values = apply(mapping, choices)
    return DrawRecord(
        draw_id=f"draw-{number}",
        round_id="round",
        purpose="law",
        mapping=mapping,
        raw=choices.raw.hex(),
        rejected=choices.rejected,
        reseeds=choices.reseeds + 1,
        values=values,
        rng_id=RNG_ID,
        rng_version=RNG_VERSION,
        code_hash="0" * 64,
        instance="law",
        sequence=number,
    )


def greatest(state: Round) -> int:
    """Return what a round can return at most, in micros."""
    if isinstance(state, BlackjackRound):
        return 8 * state.stake_micros
    if isinstance(state, SlotRound):
        return int(house.pars(House.SLOT)[0].win_max * state.staked_micros)
    return 36 * state.staked_micros


@settings(deadline=None)
@given(begun(), st.data(), st.integers(0, 2**32))
def test_a_round_survives_storing_ends_and_replays_from_its_recorded_draws(
    first: Round, data: st.DataObject, seed: int
) -> None:
    state, acted, records = first, list[Action](), list[DrawRecord]()
    steps = 0

    while not state.over:
        steps += 1
        action = data.draw(st.sampled_from(house.actions(state)))
        asked = house.ask(state, action)
        given_draw: Draw | None = None
        if asked is not None:
            records.append(record_of(asked, seed, len(records) + 1))
            given_draw = house.draw_of(records[-1])
        before = state
        state = house.step(house.read_round(house.store_form(state)), action, given_draw)
        acted.append(action)
        assert state == house.step(before, action, given_draw)
        assert state.win_micros >= before.win_micros >= 0
        assert state.staked_micros >= before.staked_micros > 0
        assert steps <= 100

    assert house.actions(state) == ()
    assert state.win_micros % CENT == 0
    assert state.staked_micros % CENT == 0
    assert state.win_micros <= greatest(state)
    again = house.replay(first, acted, [DrawRecord.from_json(one.to_json()) for one in records])
    assert again == state


@settings(deadline=None, max_examples=20)
@given(begun())
def test_another_number_of_draws_replays_nothing(first: Round) -> None:
    action = house.actions(first)[0]
    asked = house.ask(first, action)
    assert asked is not None
    record = record_of(asked, 1, 1)

    with pytest.raises(Unplayable):
        house.replay(first, [action], [])
    with pytest.raises(Unplayable):
        house.replay(first, [action], [record, record])
