"""Rounds by the million pay what rounds one by one pay, and tell a wrong sheet from a right one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pitboss.assay import house as assay
from pitboss.assay.tables import Ints, Table, play
from pitboss.games import house
from pitboss.games.house.model import Action, BlackjackRound, Draw, House, RouletteBet, SlotRound

CENT = 10_000


def test_arrays_of_numbers_pay_what_a_round_of_roulette_pays() -> None:
    numbers = np.arange(37)
    spin = {"kind": "range", "low": 0, "high": 36, "count": 1}

    for kind, places in house.roulette_table().items():
        for place in places:
            bet = RouletteBet(kind=kind, numbers=place, stake_micros=CENT)
            state = house.begin_roulette([bet], minor_micros=CENT)
            ends = [
                house.step(state, Action.SPIN, Draw(mapping=spin, values=(number,)))
                for number in range(37)
            ]
            assert [end.win_micros // CENT for end in ends] == list(
                assay.roulette_returns(numbers, place)
            )


def test_arrays_of_stops_pay_what_rounds_of_the_slot_pay() -> None:
    random = np.random.default_rng(11)
    base, free = assay.Reels(free=False), assay.Reels(free=True)
    stops = random.integers(0, base.stops, size=(20_000, 5))
    # Enough rounds with free spins, with every number of scatters.
    for found in (3, 4, 5):
        for reel in range(found):
            stops[found * 10 : found * 10 + 10, reel] = house.slot_sheet().strips[reel].index("S")
    used: list[Ints] = []

    def more(size: int) -> Ints:
        used.append(random.integers(0, free.stops, size=(size, 5)))
        return used[-1]

    coins = assay.slot_rounds(base, free, stops, more)

    left = iter(used[0].tolist())
    for row, together in zip(stops.tolist(), coins.tolist(), strict=True):
        state = spun(house.begin_slot(30 * CENT, minor_micros=CENT), row)
        while not state.over:
            state = spun(state, next(left))
        assert state.win_micros == together * CENT
    assert next(left, None) is None
    assert len(used[0]) > 1000


def spun(state: SlotRound, stops: list[int]) -> SlotRound:
    """Return a round after a spin."""
    draw = Draw(mapping=house.slot_sheet().spin, values=tuple(stops))
    after = house.step(state, Action.SPIN, draw)
    assert isinstance(after, SlotRound)
    return after


def test_tables_side_by_side_pay_what_rounds_of_blackjack_pay() -> None:
    random = np.random.default_rng(12)
    shoes = np.array([random.permutation(312)[:59] for _ in range(20_000)], dtype=np.int64)

    stakes, halves = play(Table(), lambda rows, places: shoes[rows, places], len(shoes))

    for shoe, staked, returned in zip(
        shoes.tolist(), stakes.tolist(), halves.tolist(), strict=True
    ):
        state = house.begin_blackjack(2 * CENT, minor_micros=CENT)
        asked = house.ask(state, Action.DEAL)
        assert asked is not None
        state = acted(state, Action.DEAL, Draw(mapping=asked, values=tuple(shoe)))
        while not state.over:
            state = acted(state, house.advise(state))
        assert (state.staked_micros, state.win_micros) == (2 * CENT * staked, CENT * returned)
    assert set(stakes.tolist()) == {1, 2, 3, 4}


def acted(state: BlackjackRound, action: Action, draw: Draw | None = None) -> BlackjackRound:
    """Return a round after an action."""
    after = house.step(state, action, draw)
    assert isinstance(after, BlackjackRound)
    return after


@pytest.mark.parametrize("game", [House.ROULETTE, House.SLOT])
def test_a_million_rounds_agree_with_the_sheet(game: House) -> None:
    lines = assay.simulate(game, rounds=1_000_000, seed=1)

    assert len(lines) == len(house.pars(game))
    for line, sheet in zip(lines, house.pars(game), strict=True):
        assert line.agrees
        assert line.low < float(line.exact) < line.high
        assert line.hits == pytest.approx(float(sheet.hits), abs=0.002)
        assert line.deviation == pytest.approx(float(sheet.variance) ** 0.5, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("game", list(House))
def test_ten_million_rounds_agree_with_the_sheet(game: House) -> None:
    assert all(line.agrees for line in assay.simulate(game, rounds=10_000_000, seed=1))


def test_the_same_seed_plays_the_same_rounds_and_another_others() -> None:
    one, again, other = (assay.simulate(House.SLOT, rounds=10_000, seed=seed) for seed in (1, 1, 2))

    assert one == again
    assert one != other


def test_a_sheet_that_is_off_by_a_hundredth_is_told_to_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheets = house.pars(House.SLOT)
    wrong = tuple(replace(sheet, mean=sheet.mean + Fraction(1, 100)) for sheet in sheets)
    monkeypatch.setattr(house, "pars", lambda game: wrong)

    (line,) = assay.simulate(House.SLOT, rounds=2_000_000, seed=1)

    assert not line.agrees


def test_a_right_sheet_fails_for_one_seed_in_a_hundred_however_short_the_run() -> None:
    """A short run rarely has a great win, and whoever takes its own deviation for the game's is
    sure of too much."""
    failed = sum(
        not line.agrees
        for seed in range(400)
        for line in assay.simulate(House.SLOT, rounds=1_000, seed=seed)
    )

    # More than ten of 400 come once in 400 times.
    assert failed <= 10
