"""What was dealt once is shown and ended by its own rules for ever."""

from __future__ import annotations

import pytest

from pitboss.games import house
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, House, SlotRound

# Every version that ever dealt a round for money.  A line is added here with each, and none goes.
EVER = {
    House.ROULETTE: {"1.0.0"},
    House.SLOT: {"1.0.0"},
    House.BLACKJACK: {"1.0.0"},
}


@pytest.mark.parametrize("game", House)
def test_the_rules_of_every_version_that_ever_dealt_are_here(game: House) -> None:
    assert house.editions()[game] == EVER[game]
    assert house.versions()[game] in EVER[game]


def test_a_round_of_rules_that_are_not_here_is_neither_played_on_nor_shown_by_others() -> None:
    strange = SlotRound(version="0.0.1", stake_micros=300_000, spins=((0, 0, 0, 0, 0),))

    with pytest.raises(Unplayable, match=r"version 0\.0\.1 are not here"):
        house.ask(strange, Action.SPIN)
    with pytest.raises(Unplayable, match=r"version 0\.0\.1 are not here"):
        house.slot_spins(strange)
