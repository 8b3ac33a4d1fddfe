"""Roulette: the table is the known one, and every place of it loses one in thirty-seven."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pitboss.games import house
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, Draw, House, RouletteBet

CENT = 10_000
EURO = 1_000_000
TABLE = house.roulette_table()
SPIN = {"kind": "range", "low": 0, "high": 36, "count": 1}

# Kind, how many places, how many numbers each, stakes won beside the stake.
KINDS = [
    ("straight", 37, 1, 35),
    ("split", 60, 2, 17),
    ("street", 12, 3, 11),
    ("trio", 2, 3, 11),
    ("corner", 22, 4, 8),
    ("first_four", 1, 4, 8),
    ("six_line", 11, 6, 5),
    ("column", 3, 12, 2),
    ("dozen", 3, 12, 2),
    *((kind, 1, 18, 1) for kind in ("red", "black", "even", "odd", "low", "high")),
]


def bet(kind: str, *numbers: int, stake: int = EURO) -> RouletteBet:
    """Return a bet."""
    return RouletteBet(kind=kind, numbers=numbers, stake_micros=stake)


def test_the_table_has_every_kind_of_bet() -> None:
    assert set(TABLE) == {kind for kind, *_ in KINDS}


@pytest.mark.parametrize(("kind", "places", "size", "pays"), KINDS)
def test_each_place_pays_its_odds_on_its_numbers_alone(
    kind: str, places: int, size: int, pays: int
) -> None:
    assert len(set(TABLE[kind])) == places
    for place in TABLE[kind]:
        assert len(set(place)) == size
        assert list(place) == sorted(place)
        state = house.begin_roulette([bet(kind, *place)], minor_micros=CENT)
        for number in range(37):
            draw = Draw(mapping=SPIN, values=(number,))
            end = house.step(state, Action.SPIN, draw)
            assert end.over
            assert end.win_micros == ((pays + 1) * EURO if number in place else 0)


def test_numbers_that_touch_share_a_split_and_four_that_meet_a_corner() -> None:
    assert (2, 3) in TABLE["split"]
    assert (3, 4) not in TABLE["split"]
    assert (33, 36) in TABLE["split"]
    assert (0, 3) in TABLE["split"]
    assert (32, 33, 35, 36) in TABLE["corner"]
    assert (3, 4, 6, 7) not in TABLE["corner"]
    assert TABLE["red"][0] + TABLE["black"][0] != TABLE["low"][0] + TABLE["high"][0]
    assert sorted(TABLE["red"][0] + TABLE["black"][0]) == list(range(1, 37))


def test_every_bet_returns_thirty_six_of_thirty_seven() -> None:
    sheets = house.pars(House.ROULETTE)

    assert {sheet.name: sheet.rtp for sheet in sheets} == dict.fromkeys(TABLE, Fraction(36, 37))
    for sheet, (kind, _, size, pays) in zip(sheets, KINDS, strict=True):
        assert sheet.name == kind
        assert sheet.hits == Fraction(size, 37)
        assert sheet.variance == Fraction(size, 37) * (pays + 1) ** 2 - Fraction(36, 37) ** 2


def test_bets_of_a_round_are_added_up() -> None:
    bets = [bet("straight", 17), bet("black", *TABLE["black"][0]), bet("dozen", *range(1, 13))]
    state = house.begin_roulette(bets, minor_micros=CENT)

    end = house.step(state, Action.SPIN, Draw(mapping=SPIN, values=(17,)))

    assert (end.staked_micros, end.win_micros) == (3 * EURO, 38 * EURO)
    with pytest.raises(Unplayable):
        house.step(end, Action.SPIN, Draw(mapping=SPIN, values=(17,)))


@pytest.mark.parametrize(
    "bets",
    [
        [],
        [bet("straight", 37)],
        [bet("straight", -1)],
        [bet("straight", 1, 2)],
        [bet("split", 1, 3)],
        [bet("split", 2, 1)],
        [bet("neighbours", 1)],
        [bet("straight", 1, stake=0)],
        [bet("straight", 1, stake=-EURO)],
        [bet("straight", 1, stake=CENT + 1)],
        [bet("straight", 1, stake=10**13)],
        [bet("straight", 1)] * 201,
    ],
)
def test_what_is_not_on_the_table_is_not_taken(bets: list[RouletteBet]) -> None:
    with pytest.raises(Unplayable):
        house.begin_roulette(bets, minor_micros=CENT)


@pytest.mark.parametrize(
    "draw",
    [
        None,
        Draw(mapping=SPIN, values=()),
        Draw(mapping=SPIN, values=(37,)),
        Draw(mapping=SPIN, values=(-1,)),
        Draw(mapping=SPIN, values=(1, 2)),
        Draw(mapping={**SPIN, "high": 35}, values=(1,)),
        Draw(mapping={"kind": "shuffle", "size": 37, "count": 1}, values=(1,)),
    ],
)
def test_only_the_draw_of_a_wheel_is_taken(draw: Draw | None) -> None:
    state = house.begin_roulette([bet("straight", 1)], minor_micros=CENT)

    with pytest.raises(Unplayable):
        house.step(state, Action.SPIN, draw)
    with pytest.raises(Unplayable):
        house.step(state, Action.DEAL, Draw(mapping=SPIN, values=(1,)))
