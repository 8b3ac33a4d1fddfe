"""The house's own games over HTTP: opened, played, looked at, and refused in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody
from integration.games.dealing import GAMES_BUILD, RNG_BUILD, Files, Scripted, shoe
from pitboss.adapters.rng import RngAway
from pitboss.db import Database
from pitboss.games import house
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.kernel.ids import derived_id

SCATTERS, FREE = (6, 0, 2, 16, 7), (0, 0, 0, 0, 0)
RED = {"kind": "red", "numbers": list(house.roulette_table()["red"][0]), "stake": "1.00"}


@pytest.fixture
async def draws() -> Scripted:
    return Scripted()


@pytest.fixture
async def parlour(database: Database, draws: Scripted) -> Desk:
    """Give a desk with the three games of the house, certified for what deals here."""
    desk = Desk(database=database, house=Equipment(draws=draws, games=Files()))
    games = [listed(game) for game in House]
    answer = await desk.client.ask(
        "POST",
        "/v1/staff/games/import",
        token=desk.staff,
        body={"provider": "house", "games": games},
    )
    assert all(item["changed"] for item in answer.json()["games"]), answer.body
    return desk


def listed(game: House, *hashes: str) -> dict[str, Any]:
    """Return a game of the house as staff imports it."""
    return {
        "code": game.value,
        "version": house.versions()[game],
        "title": game.value.capitalize(),
        "kind": "slot" if game is House.SLOT else "table",
        "rtp": "97.2972",
        "top_win_chance": "1/37",
        "cycle_ms_min": 5_000,
        "autoplay": False,
        "certificates": [
            {
                "licence": "demo",
                "laboratory": "Lab",
                "number": f"L-{game.value}",
                "issued_on": "2026-01-31",
                "hashes": list(hashes or (RNG_BUILD, GAMES_BUILD)),
            }
        ],
    }


async def tell(desk: Desk, player: Somebody, path: str, body: object) -> Answer:
    return await desk.client.ask("POST", f"/v1/games{path}", token=player.token, body=body)


async def opened(desk: Desk, player: Somebody, game: str) -> str:
    """Open a game of the house; return the session's id."""
    answer = await tell(desk, player, "/launch", {"provider": "house", "game": game})
    assert answer.status == 201, answer.body
    session = answer.json()["session_id"]
    paged = game != "blackjack"
    assert answer.json()["url"] == (f"/play/{game}#{session}" if paged else None)
    assert (answer.json()["rtp"], answer.json()["top_win_chance"]) == ("97.2972", "1/37")
    return str(session)


async def see(desk: Desk, player: Somebody, path: str) -> Any:
    answer = await desk.client.ask("GET", f"/v1/games/house{path}", token=player.token)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_roulette_is_opened_played_and_looked_at(parlour: Desk, draws: Scripted) -> None:
    draws.left.append((1,))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "roulette")
    begin = {"round_id": derived_id("r1"), "session_id": session, "bets": [RED]}

    played = await tell(parlour, ann, "/house/roulette/rounds", begin)
    again = await tell(parlour, ann, "/house/roulette/rounds", begin)

    assert played.status == again.status == 200
    shown = played.json()
    assert (shown["number"], shown["won"], shown["balance"]) == (1, "2.00", "11.00")
    assert shown["over"] and shown["actions"] == []
    assert again.json() == shown
    assert await see(parlour, ann, "/rounds") == {"rounds": []}
    looked = await see(parlour, ann, f"/rounds/{begin['round_id']}")
    assert looked == {name: value for name, value in shown.items() if name != "balance"}
    (mine,) = (await parlour.client.ask("GET", "/v1/me/rounds", token=ann.token)).json()["rounds"]
    assert (mine["provider"], mine["staked"], mine["won"]) == ("house", "1.00", "2.00")


async def test_a_slot_with_free_spins_goes_on_after_an_interruption(
    parlour: Desk, draws: Scripted
) -> None:
    draws.left.extend([SCATTERS, *[FREE] * 8])
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "slot")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "0.30"}

    first = (await tell(parlour, ann, "/house/slot/rounds", begin)).json()
    (interrupted,) = (await see(parlour, ann, "/rounds"))["rounds"]
    shown = interrupted
    while not shown["over"]:
        body = {"number": shown["steps"] + 1, "action": shown["actions"][0]}
        answer = await tell(parlour, ann, f"/house/rounds/{shown['round_id']}/steps", body)
        shown = answer.json()

    assert (first["free_left"], first["balance"], interrupted["steps"]) == (8, "9.70", 1)
    assert [spin["free"] for spin in shown["spins"]] == [False] + [True] * 8
    assert sum(spin["reels"][0].count("S") for spin in shown["spins"][1:]) == 0
    assert shown["steps"] == 9


async def test_of_cards_a_player_sees_what_lies_open(parlour: Desk, draws: Scripted) -> None:
    draws.left.append(shoe(4, 8, 5, 9, 22))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "blackjack")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "2.00"}

    dealt = await tell(parlour, ann, "/house/blackjack/rounds", begin)
    shown = dealt.json()
    step = {"number": 2, "action": "double", "session_id": session}
    ended = await tell(parlour, ann, f"/house/rounds/{begin['round_id']}/steps", step)

    assert (shown["hole"], len(shown["dealer"])) == (True, 1)
    assert b"shoe" not in dealt.body and b"wager" not in dealt.body
    assert [card["rank"] for card in shown["hands"][0]["cards"]] == ["5", "6"]
    assert set(shown["actions"]) == {"hit", "stand", "double"}
    assert (ended.json()["won"], ended.json()["balance"]) == ("8.00", "14.00")
    assert len(ended.json()["dealer"]) == 2


async def test_rules_are_shown_to_anybody_with_what_the_registry_says(parlour: Desk) -> None:
    async def rules(game: str) -> Any:
        answer = await parlour.client.ask("GET", f"/v1/games/house/{game}")
        return answer.json() if answer.status == 200 else answer.slug

    wheel, reels, cards = [await rules(game.value) for game in House]

    assert (wheel["rtp"], wheel["cycle_ms_min"]) == ("97.2972", 5_000)
    assert wheel["top_win_chance"] == "1/37"
    assert {bet["kind"]: bet["pays"] for bet in wheel["bets"]}["corner"] == 8
    assert (reels["pays"]["A"], reels["free_spins"]["3"], reels["coins"]) == ([30, 100, 500], 8, 30)
    assert cards["coins"] == 2
    assert await rules("baccarat") == "unknown_game"


@pytest.mark.parametrize(
    ("game", "changes", "field"),
    [
        ("roulette", {"bets": []}, "bets"),
        ("roulette", {"bets": [RED | {"numbers": [1, 2]}]}, "bets[0].numbers"),
        ("roulette", {"bets": [RED | {"kind": "reds"}]}, "bets[0].kind"),
        ("roulette", {"bets": [RED | {"stake": "0"}]}, "bets[0].stake"),
        ("roulette", {"bets": [RED | {"stake": "1e2"}]}, "bets[0].stake"),
        ("roulette", {"bets": [RED], "stake": "1.00"}, "stake"),
        ("slot", {"stake": "0.31"}, "stake"),
        ("slot", {"stake": "0.30", "bets": [RED]}, "bets"),
        ("blackjack", {"stake": "0.01"}, "stake"),
        ("blackjack", {"stake": "1.00", "round_id": "A" * 36}, "round_id"),
    ],
)
async def test_a_wager_that_cannot_be_is_blamed_on_its_field(
    parlour: Desk, draws: Scripted, game: str, changes: dict[str, Any], field: str
) -> None:
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, game)
    begin = {"round_id": derived_id("r1"), "session_id": session, **changes}

    answer = await tell(parlour, ann, f"/house/{game}/rounds", begin)

    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, field)
    assert draws.ids == []


@pytest.mark.parametrize(
    ("game", "stake", "said"),
    [
        ("slot", "0.31", "a stake here is a multiple of 0.30 EUR"),
        ("blackjack", "1000000.02", "a stake is 1000000.00 EUR at most"),
    ],
)
async def test_a_stake_that_cannot_be_is_told_in_the_players_money(
    parlour: Desk, game: str, stake: str, said: str
) -> None:
    ann = await parlour.player(amount="10.00")
    begin = {"round_id": derived_id("r1"), "session_id": await opened(parlour, ann, game)}

    answer = await tell(parlour, ann, f"/house/{game}/rounds", begin | {"stake": stake})

    assert (answer.status, answer.json()["errors"][0]["detail"]) == (422, said)


async def test_a_generator_that_is_away_is_said_and_costs_nothing(
    parlour: Desk, draws: Scripted
) -> None:
    draws.left.append((1,))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "roulette")
    draws.fault = RngAway("gone")
    begin = {"round_id": derived_id("r1"), "session_id": session, "bets": [RED]}

    away = await tell(parlour, ann, "/house/roulette/rounds", begin)
    draws.fault = None
    there = await tell(parlour, ann, "/house/roulette/rounds", begin)

    assert (away.status, away.slug) == (503, "games_away")
    assert (there.status, there.json()["balance"]) == (200, "11.00")


async def test_a_game_that_would_be_dealt_by_another_generator_does_not_open(
    parlour: Desk, draws: Scripted
) -> None:
    ann = await parlour.player(amount="10.00")
    draws.code_hash = "cc" * 32

    answer = await tell(parlour, ann, "/launch", {"provider": "house", "game": "slot"})

    assert (answer.status, answer.slug) == (403, "game_build_not_certified")


async def test_staff_that_closes_a_round_of_the_house_has_it_played_to_its_end(
    parlour: Desk, draws: Scripted
) -> None:
    draws.left.extend([SCATTERS, *[FREE] * 8])
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "slot")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "0.30"}
    assert (await tell(parlour, ann, "/house/slot/rounds", begin)).status == 200
    (mine,) = (await parlour.client.ask("GET", "/v1/me/rounds", token=ann.token)).json()["rounds"]
    path = f"/v1/staff/players/{ann.player_id}/rounds/{mine['round_id']}/resolution"

    async def resolve() -> Answer:
        body = {"resolution": "close"}
        return await parlour.client.ask("POST", path, token=parlour.staff, body=body)

    ended, twice = await resolve(), await resolve()

    assert (ended.status, ended.json()["refunded"]) == (200, "0.00")
    assert (twice.status, twice.slug) == (409, "round_closed")
    shown = await see(parlour, ann, f"/rounds/{begin['round_id']}")
    assert (shown["over"], shown["steps"]) == (True, 9)
    seen = await parlour.client.ask("GET", "/v1/staff/games/draws?hours=1", token=parlour.staff)
    (run,) = seen.json()["runs"]
    assert (run["used"], run["missing"], run["last"]) == (9, 0, 9)
    assert seen.json()["whole"] is True
    assert seen.json()["running"] == {
        "instance": "one",
        "drawn": 9,
        "compared": 9,
        "missing": 0,
        "first_missing": [],
    }


async def test_staff_sees_what_was_drawn_last_and_never_dealt(
    parlour: Desk, draws: Scripted
) -> None:
    draws.left.append((7,))
    await draws.draw(draw_id="d", round_id="r", purpose="a look", mapping={})

    seen = await parlour.client.ask("GET", "/v1/staff/games/draws", token=parlour.staff)

    assert seen.json()["runs"] == []
    running = seen.json()["running"]
    assert (running["drawn"], running["missing"], running["first_missing"]) == (1, 1, [1])


async def test_what_a_round_of_the_house_has_won_already_is_not_voided_away(
    parlour: Desk, draws: Scripted
) -> None:
    """The first spin has paid three times the stake: to give that back takes two thirds of it."""
    draws.left.extend([SCATTERS, *[FREE] * 8])
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "slot")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "0.30"}
    won = (await tell(parlour, ann, "/house/slot/rounds", begin)).json()["won"]
    assert won == "0.90"
    (mine,) = (await parlour.client.ask("GET", "/v1/me/rounds", token=ann.token)).json()["rounds"]
    path = f"/v1/staff/players/{ann.player_id}/rounds/{mine['round_id']}/resolution"

    async def void() -> Answer:
        body = {"resolution": "void"}
        return await parlour.client.ask("POST", path, token=parlour.staff, body=body)

    ended, twice = await void(), await void()

    assert (ended.status, ended.json()["refunded"]) == (200, "0.00")
    assert (twice.status, twice.slug) == (409, "round_closed")
    shown = await see(parlour, ann, f"/rounds/{begin['round_id']}")
    assert (shown["over"], shown["steps"]) == (True, 9)
    (booked,) = (await parlour.client.ask("GET", "/v1/me/rounds", token=ann.token)).json()["rounds"]
    assert booked["won"] == shown["won"]
    assert Decimal(booked["won"]) >= Decimal(won)


async def test_cards_that_have_won_nothing_yet_are_voided(parlour: Desk, draws: Scripted) -> None:
    draws.left.append(shoe(4, 8, 5, 9, 22))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "blackjack")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "2.00"}
    assert (await tell(parlour, ann, "/house/blackjack/rounds", begin)).status == 200
    (mine,) = (await parlour.client.ask("GET", "/v1/me/rounds", token=ann.token)).json()["rounds"]
    path = f"/v1/staff/players/{ann.player_id}/rounds/{mine['round_id']}/resolution"

    ended = await parlour.client.ask("POST", path, token=parlour.staff, body={"resolution": "void"})

    assert (ended.status, ended.json()["refunded"]) == (200, "2.00")


async def test_without_a_generator_there_are_no_games_of_the_house(desk: Desk) -> None:
    ann = await desk.player(amount="10.00")
    begin = {"round_id": derived_id("r1"), "session_id": derived_id("s"), "stake": "0.30"}

    launched = await tell(desk, ann, "/launch", {"provider": "house", "game": "slot"})
    played = await tell(desk, ann, "/house/slot/rounds", begin)

    assert (launched.status, played.status) == (404, 404)


async def test_a_round_is_its_players_own(parlour: Desk, draws: Scripted) -> None:
    draws.left.append(shoe(4, 8, 5, 9, 22))
    ann, bob = await parlour.player(amount="10.00"), await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "blackjack")
    round_id = derived_id("r1")
    begin = {"round_id": round_id, "session_id": session, "stake": "2.00"}
    assert (await tell(parlour, ann, "/house/blackjack/rounds", begin)).status == 200

    stolen = await tell(
        parlour, bob, f"/house/rounds/{round_id}/steps", {"number": 2, "action": "hit"}
    )
    looked = await parlour.client.ask("GET", f"/v1/games/house/rounds/{round_id}", token=bob.token)

    assert (stolen.status, looked.status) == (404, 404)
    assert (stolen.slug, looked.slug) == ("unknown_round", "unknown_round")


async def test_staff_sees_how_a_round_was_played_and_that_it_is_what_was_paid(
    parlour: Desk, draws: Scripted
) -> None:
    draws.left.append((1,))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "roulette")
    begin = {"round_id": derived_id("r1"), "session_id": session, "bets": [RED]}
    await tell(parlour, ann, "/house/roulette/rounds", begin)

    shown = await play_of(parlour, ann)

    assert shown["replayable"] and shown["disagreements"] == []
    assert (shown["round"]["number"], shown["booked_win"]) == (1, "2.00")
    (step,) = shown["taken"]
    assert (step["staked"], step["won"], step["draw"]["values"]) == ("1.00", "2.00", [1])


async def test_a_round_whose_rules_are_gone_is_shown_to_its_player_and_to_staff(
    parlour: Desk, draws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws.left.append(shoe(4, 8, 5, 9, 22))
    ann = await parlour.player(amount="10.00")
    session = await opened(parlour, ann, "blackjack")
    begin = {"round_id": derived_id("r1"), "session_id": session, "stake": "2.00"}
    await tell(parlour, ann, "/house/blackjack/rounds", begin)
    monkeypatch.setattr(house, "editions", lambda: dict.fromkeys(House, frozenset({"9.9.9"})))

    mine = await see(parlour, ann, f"/rounds/{begin['round_id']}")
    before = await play_of(parlour, ann)
    answer = await resolve(parlour, ann, "close")
    after = await play_of(parlour, ann)

    assert (mine["version"], mine["recorded"]) == ("1.0.0", "game_version_changed")
    assert (mine["staked"], mine["won"], mine["actions"]) == ("2.00", "0.00", [])
    assert mine["wager"]["stake_micros"] == 2_000_000
    assert [step["action"] for step in mine["taken"]] == ["deal"]
    # What lies in the shoe nobody sees before the round is over.
    assert "draw" not in mine["taken"][0] and "draw" not in before["taken"][0]
    assert not before["replayable"] and before["round"] == mine
    assert answer.json()["refunded"] == "2.00"
    assert after["taken"][0]["draw"]["values"][:2] == [4, 8] and after["round"]["over"]
    of_staff = await parlour.client.ask("GET", await place_of(parlour, ann), token=parlour.staff)
    assert of_staff.json()["closed_by"] == "staff"
    assert (await see(parlour, ann, "/rounds")) == {"rounds": []}


async def play_of(desk: Desk, player: Somebody) -> Any:
    """Return how the player's newest round was played, as staff sees it."""
    answer = await desk.client.ask("GET", f"{await place_of(desk, player)}/play", token=desk.staff)
    assert answer.status == 200, answer.body
    return answer.json()


async def resolve(desk: Desk, player: Somebody, how: str) -> Answer:
    """Have staff end the player's newest round."""
    path = f"{await place_of(desk, player)}/resolution"
    answer = await desk.client.ask("POST", path, token=desk.staff, body={"resolution": how})
    assert answer.status == 200, answer.body
    return answer


async def place_of(desk: Desk, player: Somebody) -> str:
    """Return where staff finds the player's newest round."""
    mine = await desk.client.ask("GET", "/v1/me/rounds", token=player.token)
    return f"/v1/staff/players/{player.player_id}/rounds/{mine.json()['rounds'][0]['round_id']}"


async def check(desk: Desk) -> Answer:
    return await desk.client.ask("POST", "/v1/staff/games/house/check", token=desk.staff)


async def test_staff_has_the_files_measured_and_nothing_happens_if_they_are_as_they_were(
    parlour: Desk,
) -> None:
    answer = await check(parlour)

    assert answer.status == 200, answer.body
    assert answer.json() == {
        "may_deal": True,
        "generator": {
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
            "checked_seconds_ago": 0,
        },
        "build": GAMES_BUILD,
        "differing": [],
        "games": [
            {
                "game": game.value,
                "licences": ["demo"],
                "licences_of_other_files": [],
                "stopped": False,
            }
            for game in House
        ],
    }


async def test_files_that_differ_are_named_and_stop_the_games_at_once_in_every_process(
    database: Database, parlour: Desk, draws: Scripted
) -> None:
    other = Desk(database=database, house=Equipment(draws=draws, games=Files(changed=True)))

    first = (await check(other)).json()
    again = (await check(other)).json()
    games = await parlour.client.ask("GET", "/v1/staff/games?provider=house", token=parlour.staff)

    assert (first["may_deal"], first["differing"]) == (False, ["rules/slot.py"])
    assert [game["stopped"] for game in first["games"]] == [True] * 3
    assert [game["stopped"] for game in again["games"]] == [False] * 3
    # The process that did not measure reads it in the registry.
    assert [game["suspended"] for game in games.json()["games"]] == [True] * 3


async def test_a_game_that_is_certified_as_other_files_alone_is_stopped_and_no_other(
    database: Database,
) -> None:
    desk = Desk(database=database, house=Equipment(draws=Scripted(), games=Files()))
    games = [listed(House.ROULETTE), listed(House.SLOT, RNG_BUILD, "cd" * 32)]
    body = {"provider": "house", "games": games}
    await desk.client.ask("POST", "/v1/staff/games/import", token=desk.staff, body=body)

    answer = (await check(desk)).json()

    assert answer["may_deal"]
    assert {
        game["game"]: (game["licences"], game["licences_of_other_files"], game["stopped"])
        for game in answer["games"]
    } == {"roulette": (["demo"], [], False), "slot": ([], ["demo"], True)}


async def test_where_the_house_deals_nothing_there_is_nothing_to_measure(
    database: Database,
) -> None:
    answer = await check(Desk(database=database))

    assert (answer.status, answer.slug) == (404, "unknown_provider")
