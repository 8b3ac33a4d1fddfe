"""Staff finds any round: a player's, by its provider's name, and of those left open every one."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.desk import Desk, Somebody
from integration.api.doors import GAME
from integration.api.test_games import import_games, see
from integration.games.world import PLAIN
from pitboss import messages
from pitboss.games import rounds
from pitboss.games.rounds.model import Done, Launch, Opened, Request, Stake, make_token
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of

# One more than a page has, all begun in one instant.
MANY = 101


async def play(desk: Desk, player: Somebody, names: list[str], *, closes: bool = False) -> None:
    """Stake a cent in a round of each of these names."""
    player_id = PlayerId(player.player_id)
    shard = shard_of(player_id)
    async with messages.turn(
        desk.database, [shard], now=desk.clock.now(), actor="test", entropy=desk.entropy
    ) as turn:
        opened = await rounds.open_session(
            turn,
            Launch(
                player_id=player_id,
                provider="acme",
                game="book",
                session_id=derived_id("session", names[0]),
                secret=make_token(shard, names[0].encode().ljust(16)[:16]),
                login_id=None,
                network=None,
            ),
        )
        assert isinstance(opened, Opened), opened
        answers = await rounds.play(
            turn,
            [
                Request(
                    provider="acme",
                    player_id=player_id,
                    game="book",
                    round_ref=name,
                    currency="EUR",
                    steps=(Stake(external_id=f"bet of {name}".replace(" ", "-"), micros=100_000),),
                    dialect=PLAIN,
                    closes=closes,
                )
                for name in names
            ],
        )
    assert all(isinstance(answer, Done) for answer in answers), answers


async def pages(desk: Desk, path: str, token: str | None = None) -> list[dict[str, Any]]:
    """Return what all pages of a list of rounds show."""
    found: list[dict[str, Any]] = []
    after = ""
    for _ in range(5):
        page = await see(desk, f"{path}{after}", *([] if token is None else [token]))
        found += page["rounds"]
        if page["next_after"] is None:
            return found
        after = f"{'&' if '?' in path else '?'}after={page['next_after']}"
    pytest.fail("the pages have no end")


async def test_every_round_is_found_however_many_there_are(desk: Desk) -> None:
    await import_games(desk, GAME)
    player, other = await desk.player(amount="50.00"), await desk.player(amount="5.00")
    await play(desk, player, [f"r{number}" for number in range(MANY)])
    await play(desk, other, ["theirs"])
    of_player = f"/v1/staff/players/{player.player_id}/rounds"

    left_open = await pages(desk, "/v1/staff/games/rounds?provider=acme")
    seen = await pages(desk, of_player)
    mine = await pages(desk, "/v1/me/rounds", player.token)

    names = {f"r{number}" for number in range(MANY)}
    assert sorted(item["reference"] for item in left_open) == sorted({*names, "theirs"})
    assert sorted(item["reference"] for item in seen) == sorted(names)
    assert [item["round_id"] for item in mine] == [item["round_id"] for item in seen]


async def test_a_round_is_found_by_its_providers_name_when_it_is_over_too(desk: Desk) -> None:
    await import_games(desk, GAME)
    player = await desk.player(amount="5.00")
    await play(desk, player, ["first", "second"], closes=True)
    path = f"/v1/staff/players/{player.player_id}/rounds"

    (found,) = (await see(desk, f"{path}?provider=acme&reference=second"))["rounds"]
    inspected = await see(desk, f"{path}/{found['round_id']}")
    elsewhere = await see(desk, f"{path}?provider=other&reference=second")
    nobodys = await see(desk, f"/v1/staff/players/{derived_id('nobody')}/rounds")

    assert (found["reference"], found["closed_by"]) == ("second", "provider")
    assert inspected["bookings"][0]["external_id"] == "bet-of-second"
    assert (elsewhere["rounds"], nobodys["rounds"]) == ([], [])


@pytest.mark.parametrize("after", ["r1", "2026-01-01T00:00:00Z", "x,y", "%00"])
async def test_a_place_to_go_on_from_that_is_none_is_named(desk: Desk, after: str) -> None:
    answer = await desk.client.ask("GET", f"/v1/staff/games/rounds?after={after}", token=desk.staff)

    assert (answer.status, answer.slug) == (422, "malformed"), answer.body
    assert [error["field"] for error in answer.json()["errors"]] == ["after"]
