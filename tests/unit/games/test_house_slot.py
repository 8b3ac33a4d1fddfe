"""The slot: windows worked out by hand, and a sheet that equals counting everything one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from pitboss.games import house
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import (
    Action,
    BlackjackRound,
    Draw,
    House,
    RouletteRound,
    Round,
    SlotRound,
)
from pitboss.games.house.rules.slot import REELS, Sheet, spin, ways
from pitboss.games.house.rules.slot_par import make_par, outcomes

CENT = 10_000
SHEET = house.slot_sheet()
# The version's fingerprint: strips and pay table never change under it.
DIGEST = "7f89e2a4542634234f39a4b0bdefcdaaf69799cec1f3d92620f8905e9d3b3ae8"
SMALL = Sheet(
    version="test",
    coins=3,
    strips=("ASBA", "WABS", "BWSA", "ASAB", "BASA"),
    free_strips=("ABAX", "WABX", "BAAB", "BWBX", "BBAX"),
    free_factor=3,
    pays={"A": (1, 2, 5), "B": (2, 3, 9)},
    scatters={4: 6, 5: 20},
    free={4: 1, 5: 2},
)


@pytest.mark.parametrize(
    ("reels", "coins"),
    [
        ("AXX AXX XXX AXX AXX", 0),
        ("AXX AXX AXX XXX AXX", 10),
        ("AXX XXA XAX AXX XXX", 20),
        ("AXX XXA XAX AXX XXA", 30),
        ("AAX AXX AAA AXX XXX", 20 * 6),
        ("AXX WXX XXW XXX XXX", 10),
        ("AAA WAX XWX XXW AAX", 30 * 3 * 2 * 2),
        ("XXX WXX XWX XWX AXX", 0),
        ("AXX SXX AXX AXX AXX", 0),
    ],
)
def test_a_symbol_pays_for_each_way_from_the_first_reel_on(reels: str, coins: int) -> None:
    assert ways(reels.split(), "A", (10, 20, 30)) == coins


def test_every_strip_is_as_the_rules_say() -> None:
    for strips in (SHEET.strips, SHEET.free_strips):
        assert {len(strip) for strip in strips} == {SHEET.stops}
        assert "W" not in strips[0] + strips[4]
        assert all("W" in strip for strip in strips[1:4])
        assert set("".join(strips)) - {"W", "S"} == set(SHEET.pays)
    assert [strip.count("S") for strip in SHEET.strips] == [1] * REELS
    assert "S" not in "".join(SHEET.free_strips)
    assert all(list(pays) == sorted(pays) and pays[0] > 0 for pays in SHEET.pays.values())


def test_the_sheet_of_this_version_never_changes() -> None:
    assert (SHEET.version, SHEET.digest) == ("1.0.0", DIGEST)


def rounds_of(sheet: Sheet) -> list[tuple[int, int]]:
    """Return how often each number of coins comes, by playing every round there is."""

    def ends(stops: Sequence[int]) -> list[int]:
        coins, found = spin(sheet, stops, free=False)
        totals = [coins]
        for _ in range(sheet.free.get(found, 0)):
            totals = [total + won for total in totals for won in free]
        return totals

    size = len(sheet.free_strips[0])
    free = [spin(sheet, stops, free=True)[0] for stops in product(range(size), repeat=REELS)]
    return [
        (total, len(free) ** (1 - spins))
        for stops in product(range(sheet.stops), repeat=REELS)
        for spins in [sheet.free.get(spin(sheet, stops, free=False)[1], 0)]
        for total in ends(stops)
    ]


def test_the_distribution_of_a_spin_equals_counting_it() -> None:
    counted: dict[int, int] = {}
    for stops in product(range(SMALL.stops), repeat=REELS):
        coins, _ = spin(SMALL, stops, free=False)
        counted[coins] = counted.get(coins, 0) + 1

    derived: dict[int, int] = {}
    for (coins, scatters), times in outcomes(SMALL, free=False).items():
        total = coins + SMALL.scatters.get(scatters, 0)
        derived[total] = derived.get(total, 0) + times

    assert derived == counted


def test_the_par_sheet_equals_playing_every_round_there_is() -> None:
    small = replace(SMALL, free={4: 1, 5: 1})
    played = rounds_of(small)
    weight = sum(times for _, times in played)
    mean = Fraction(sum(coins * times for coins, times in played), weight * small.coins)
    squares = Fraction(sum(coins**2 * times for coins, times in played), weight * small.coins**2)
    most = max(coins for coins, _ in played)

    par = make_par(small)

    assert par.rtp == mean
    assert par.variance == squares - mean**2
    assert par.hits == Fraction(sum(times for coins, times in played if coins), weight)
    assert par.win_max == Fraction(most, small.coins)
    assert par.win_max_chance == Fraction(
        sum(times for coins, times in played if coins == most), weight
    )


def test_the_parts_of_the_return_sum_up_and_stay_below_the_stake() -> None:
    (par,) = house.pars(House.SLOT)

    assert sum(par.parts.values()) == par.rtp
    assert set(par.parts) == {"ways", "scatters", "free spins"}
    assert Fraction(95, 100) < par.rtp < Fraction(97, 100)
    assert 0 < par.win_max_chance < par.hits < 1


def test_free_spins_are_played_out_one_by_one_and_bring_no_others() -> None:
    state: SlotRound = house.begin_slot(30 * CENT, minor_micros=CENT)
    scatters = tuple(strip.index("S") for strip in SHEET.strips)

    state = spun(state, scatters)
    first = state.win_micros

    assert state.free_left == SHEET.free[5]
    assert first >= SHEET.scatters[5] * CENT
    for left in reversed(range(SHEET.free[5])):
        assert not state.over
        before = state.win_micros
        state = spun(state, scatters)
        assert state.free_left == left
        assert state.win_micros - before == spin(SHEET, scatters, free=True)[0] * CENT
    assert state.over
    with pytest.raises(Unplayable):
        spun(state, scatters)


def spun(state: SlotRound, stops: tuple[int, ...]) -> SlotRound:
    """Return a round after one more spin."""
    asked = house.ask(state, Action.SPIN) if not state.over else SHEET.spin
    after = house.step(state, Action.SPIN, Draw(mapping=dict(asked or {}), values=stops))
    assert isinstance(after, SlotRound)
    return after


@pytest.mark.parametrize("stake", [0, -30 * CENT, CENT, 31 * CENT, 30 * CENT + 1, 30 * 10**12])
def test_a_stake_is_a_multiple_of_thirty_coins(stake: int) -> None:
    with pytest.raises(Unplayable):
        house.begin_slot(stake, minor_micros=CENT)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (SlotRound(version="0.9.0", stake_micros=30 * CENT), Action.SPIN),
        (RouletteRound(version="0.9.0", bets=()), Action.SPIN),
        (BlackjackRound(version="0.9.0", stake_micros=30 * CENT), Action.DEAL),
    ],
)
def test_a_round_of_another_version_is_not_played_on(state: Round, action: Action) -> None:
    with pytest.raises(Unplayable, match=r"0\.9\.0"):
        house.ask(state, action)


@pytest.mark.parametrize("stored", [b"", b"{}", b'{"type":"dice"}', b'{"type":"slot"}', b"[1"])
def test_what_is_no_round_is_not_read(stored: bytes) -> None:
    with pytest.raises(Unplayable):
        house.read_round(stored)
