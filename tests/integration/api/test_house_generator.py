"""Staff and regulators see whether the generator draws, by which certificate, and why not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from integration.api.client import Answer
from integration.api.desk import Desk
from integration.api.test_house_games import SCATTERS, listed, opened, place_of, tell
from integration.games.dealing import RNG_BUILD, Files, Scripted
from pitboss import messages
from pitboss.adapters.rng import RngAway, RngClosed
from pitboss.db import Database
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import SYSTEM_SHARD

DIFFERS = "what runs here is not what was certified: room/pitboss/rng/mapping.py: changed"
RUNNING = {
    "may_draw": True,
    "why_not": None,
    "instance": "one",
    "version": "1",
    "code_hash": RNG_BUILD,
    "certificate": {
        "number": "LAB-7",
        "laboratory": "Lab",
        "issued": "2026-01-31",
        "licences": ["GB"],
    },
    "checked_seconds_ago": 60,
}


@pytest.fixture
async def draws() -> Scripted:
    return Scripted()


@pytest.fixture
async def desk(database: Database, draws: Scripted) -> Desk:
    return Desk(database=database, house=Equipment(draws=draws, games=Files()))


@pytest.fixture
async def games(desk: Desk) -> Desk:
    """Give a desk with the slot of the house, certified for what deals here."""
    body = {"provider": "house", "games": [listed(House.SLOT)]}
    await desk.client.ask("POST", "/v1/staff/games/import", token=desk.staff, body=body)
    return desk


async def see(desk: Desk) -> Any:
    answer = await desk.client.ask("GET", "/v1/staff/games/generator", token=desk.staff)
    assert answer.status == 200, answer.body
    return answer.json()


async def check(desk: Desk) -> Answer:
    return await desk.client.ask("POST", "/v1/staff/games/house/check", token=desk.staff)


async def test_staff_sees_which_build_of_which_certificate_draws(desk: Desk) -> None:
    assert await see(desk) == RUNNING


async def test_staff_sees_why_nothing_is_drawn(desk: Desk, draws: Scripted) -> None:
    """Whoever is told by players that no game opens must not have to log in to the machine."""
    draws.why_not = DIFFERS

    shown = await see(desk)

    assert (shown["may_draw"], shown["why_not"]) == (False, DIFFERS)
    assert shown["certificate"] is None


async def test_a_generator_that_does_not_answer_is_shown_so(desk: Desk, draws: Scripted) -> None:
    draws.fault = RngAway("gone")

    shown = await see(desk)

    assert shown == {
        "may_draw": False,
        "why_not": "the generator does not answer: gone",
        **dict.fromkeys(("instance", "version", "code_hash", "certificate", "checked_seconds_ago")),
    }


async def test_the_generator_is_measured_on_demand_with_the_games(
    desk: Desk, draws: Scripted
) -> None:
    answer = (await check(desk)).json()

    assert draws.checks == 1
    assert answer["may_deal"] is True
    assert answer["generator"] == RUNNING | {"checked_seconds_ago": 0}


@pytest.mark.parametrize("away", [False, True])
async def test_nothing_may_be_dealt_where_the_generator_draws_nothing(
    desk: Desk, draws: Scripted, away: bool
) -> None:
    """The games' own files are as they were, and still no game is dealt."""
    if away:
        draws.fault = RngAway("gone")
    else:
        draws.why_not = DIFFERS

    answer = (await check(desk)).json()

    assert (answer["may_deal"], answer["differing"]) == (False, [])
    assert answer["generator"]["may_draw"] is False
    assert answer["generator"]["why_not"] in (DIFFERS, "the generator does not answer: gone")


async def test_what_a_check_on_demand_has_found_is_in_the_record_at_once(
    database: Database, desk: Desk, draws: Scripted
) -> None:
    """Whoever starts the generator anew right after it cannot have it forgotten."""
    await check(desk)
    draws.why_not = DIFFERS
    await check(desk)

    async with database.reading() as tx:
        sealed = await messages.read_facts(tx, SYSTEM_SHARD, after_seq=0)
    found = [msgspec.json.decode(fact.body) for fact in sealed]
    told = [item for item in found if item["data"]["type"] == "house_generator.checked"]
    assert [item["data"]["may_draw"] for item in told] == [True, False]
    assert told[0]["data"]["checked_seconds_ago"] == 0
    assert told[1]["data"]["why_not"] == DIFFERS
    assert all(item["actor"].startswith("staff") for item in told)


async def test_where_there_is_no_generator_there_is_none_to_be_seen(database: Database) -> None:
    desk = Desk(database=database)

    answer = await desk.client.ask("GET", "/v1/staff/games/generator", token=desk.staff)

    assert (answer.status, answer.slug) == (404, "unknown_provider")


@pytest.mark.parametrize(
    "fault",
    [RngAway("gone"), RngClosed("what runs here is not what was certified"), GamesChanged()],
)
async def test_a_game_does_not_open_while_nothing_is_dealt_and_says_so(
    games: Desk, draws: Scripted, fault: Exception
) -> None:
    """It is not the database that is away, and nobody else has failed."""
    ann = await games.player(amount="10.00")
    draws.build_fault = fault

    answer = await tell(games, ann, "/launch", {"provider": "house", "game": "slot"})

    assert (answer.status, answer.slug) == (503, "games_away")


async def test_staff_that_closes_a_round_while_nothing_is_dealt_is_told_so(
    games: Desk, draws: Scripted
) -> None:
    draws.left.append(SCATTERS)
    ann = await games.player(amount="10.00")
    session = await opened(games, ann, "slot")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "0.30"}
    begun = await tell(games, ann, "/house/slot/rounds", begin)
    assert begun.status == 200 and not begun.json()["over"], begun.body
    draws.build_fault = RngClosed("what runs here is not what was certified")

    path = f"{await place_of(games, ann)}/resolution"
    body = {"resolution": "close"}
    answer = await games.client.ask("POST", path, token=games.staff, body=body)

    assert (answer.status, answer.slug) == (503, "games_away")
