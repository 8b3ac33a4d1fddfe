"""A draw decides the step that it was made for, and no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from integration.games.dealing import Parlour, Scripted, house_listing, on_red
from pitboss.db import Database
from pitboss.games import dealing
from pitboss.games.house.model import House
from pitboss.kernel.ids import derived_id
from pitboss.rng.records import DrawRecord


class Swapped(Scripted):
    """Draws that were made for one step and are dealt in another: a choice between outcomes."""

    changes: dict[str, Any]

    async def draw(
        self, *, draw_id: str, round_id: str, purpose: str, mapping: Mapping[str, Any]
    ) -> DrawRecord:
        made = await super().draw(
            draw_id=draw_id, round_id=round_id, purpose=purpose, mapping=mapping
        )
        return dataclasses.replace(made, **self.changes)


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({}, True),
        ({"round_id": derived_id("another")}, False),
        ({"draw_id": derived_id("another")}, False),
        ({"purpose": "slot spin"}, False),
    ],
)
async def test_a_draw_that_was_made_for_another_step_does_not_agree(
    database: Database, changes: dict[str, Any], agrees: bool
) -> None:
    """Its words give its numbers and nothing is missing: it is told by its names alone."""
    draws = Swapped((1,))
    draws.changes = changes
    parlour = Parlour(database=database, draws=draws)
    await parlour.list_games(house_listing(House.ROULETTE))
    ann = await parlour.player(units=100)
    session = await parlour.sit(ann, House.ROULETTE)
    await parlour.took(parlour.first(ann, session, on_red()))

    async with database.reading() as tx:
        replayed = await dealing.replay_all(tx)

    assert replayed.rounds == 1
    assert (replayed.disagreements == ()) is agrees
