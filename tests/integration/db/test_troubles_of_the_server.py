"""What the server cannot help is told as away, and no sound command is set aside for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integration.sportsbook.world import World, selection
from pitboss.db import Database
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook.catalog.model import MarketKind

# A full disk, no memory, too many connections, a statement that was broken off, a bad file.
TROUBLES = ("53100", "53200", "53300", "57014", "58030")
HOME = selection("A", MarketKind.MATCH_RESULT, "home")
TROUBLE = (
    "CREATE FUNCTION be_in_trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
    " CREATE TRIGGER trouble BEFORE INSERT ON bet EXECUTE FUNCTION be_in_trouble()"
)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    made = World(database=database)
    await made.event("A")
    yield made


@pytest.mark.parametrize("code", TROUBLES)
async def test_trouble_of_the_server_is_told_as_away(database: Database, code: str) -> None:
    with pytest.raises(DatabaseAway):
        async with database.transaction() as tx:
            await tx.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")


async def test_a_full_disk_sets_no_bet_aside_and_once_there_is_room_it_is_decided(
    world: World, owned: Database
) -> None:
    player_id = await world.player()
    bet_id = await world.wish(player_id, HOME)
    processor = world.processor(partition_of(shard_of(player_id)))
    await processor.own()
    async with owned.transaction() as tx:
        await tx.execute(TROUBLE)

    for _ in range(3):
        with pytest.raises(DatabaseAway):
            await processor.step()
    async with owned.transaction() as tx:
        await tx.execute("DROP TRIGGER trouble ON bet")
    await processor.step()

    bet = await world.bet(player_id, bet_id)
    assert bet.state == "accepted"
    assert not await world.facts(shard_of(player_id), "command.set_aside")
