"""A batch of more than a process remembers is answered whole: what was just read is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from integration.players.people import NOW, in_turn, some_player
from integration.players.terms.test_terms import publish
from pitboss import jurisdictions, registers
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity, terms, verification

CODE = "GB"
LICENCE = jurisdictions.get(CODE)
Room = Callable[[Turn, PlayerId], Awaitable[object]]


async def of_verification(turn: Turn, player_id: PlayerId) -> object:
    return (await verification.recall_verifications(turn, [player_id]))[player_id]


async def of_ages(turn: Turn, player_id: PlayerId) -> object:
    return (await identity.recall_ages(turn, {player_id: LICENCE}))[player_id]


async def of_terms(turn: Turn, player_id: PlayerId) -> object:
    return (await terms.recall_agreed(turn, {player_id: CODE}))[player_id]


async def of_registers(turn: Turn, player_id: PlayerId) -> object:
    players = await identity.recall_players(turn, [(shard_of(player_id), player_id)])
    found = await registers.recall_verdicts(
        turn, list(players.values()), {CODE: LICENCE}, for_play=True
    )
    return found[player_id]


@pytest.mark.parametrize("room", [of_verification, of_ages, of_terms, of_registers])
async def test_more_than_is_remembered_is_answered_in_one_turn(
    database: Database, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await some_player(database)
    await publish(database, "2026-1", licence=CODE)

    async def work(turn: Turn) -> object:
        return await room(turn, ann)

    expected = await in_turn(database, ann, work, now=NOW)
    # So that one player is more than are remembered.
    monkeypatch.setattr("pitboss.messages.model.REMEMBERED_MAX", 0)

    assert await in_turn(database, ann, work, now=NOW) == expected
