"""`pitboss rng draws` compares what the generator has drawn with what was dealt, to its end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from integration.games.dealing import Parlour, Scripted, house_listing, on_red
from pitboss.app import rng
from pitboss.app.house import audit_draws
from pitboss.db import Database
from pitboss.games import dealing
from pitboss.games.dealing import queries
from pitboss.games.dealing.operations import counting
from pitboss.games.house.model import House
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of
from pitboss.settings import Settings


class Asked(Scripted):
    """A generator that is asked over a connection, which is closed in the end."""

    async def close(self) -> None:
        self.left.clear()


async def test_what_is_settled_is_taken_from_the_count_or_compared_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "REMEMBERED", 1)
    monkeypatch.setattr(queries, "LOOKED_THROUGH_MAX", 2)
    draws = Asked(*[(number,) for number in range(7)])
    monkeypatch.setattr(rng, "client_of", lambda _: draws)
    parlour = Parlour(database=database, draws=draws)
    await parlour.list_games(house_listing(House.ROULETTE))
    ann = await parlour.player(units=100)
    session = await parlour.sit(ann, House.ROULETTE)
    for number in range(7):
        play = parlour.first(ann, session, on_red(1))
        parlour.clock.advance(timedelta(seconds=5))
        if number not in (1, 6):
            await parlour.took(play)
            continue
        with pytest.raises(ConnectionError):
            async with parlour.turn(shard_of(ann)) as turn:
                await dealing.play(turn, [play], parlour.equipment)
                raise ConnectionError
    async with parlour.turn(SYSTEM_SHARD) as turn:
        await dealing.count_draws(turn, await draws.drawn())
    settings = Settings(home=tmp_path, database_url=database.url)

    drawn, undealt = await audit_draws(settings, patience_seconds=0)
    _, all_undealt = await audit_draws(settings, patience_seconds=0, every=True)

    assert (drawn.draws, undealt.missing, undealt.first, undealt.until) == (7, 2, (7,), 7)
    assert (all_undealt.missing, all_undealt.first, all_undealt.until) == (2, (2, 7), 7)
