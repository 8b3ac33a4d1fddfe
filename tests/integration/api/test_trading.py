"""The trading view over HTTP: limits, field sheets, scenarios, the ticker, one call that stops."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, event_id, market_id, selection_id, slip
from integration.api.office import hire
from integration.api.test_cases import sequence
from pitboss import jurisdictions
from pitboss.kernel.ids import derived_id

NAME = "cup"
HOME = selection_id(NAME)  # at 2.5
AWAY = selection_id(NAME, code="away")  # at 2.9
OVER = selection_id(NAME, "total", "over")  # at 1.9


@pytest.fixture
async def ann(desk: Desk) -> Somebody:
    for name in (NAME, "final"):
        await desk.event(name)
    return await desk.player(amount="500.00")


async def ask(desk: Desk, path: str, body: Any = None) -> Answer:
    """Ask as a program of the staff's."""
    method = "GET" if body is None else "POST"
    return await desk.client.ask(method, f"/v1/staff{path}", token=desk.staff, body=body)


async def see(desk: Desk, path: str, body: Any = None) -> Any:
    answer = await ask(desk, path, body)
    assert answer.status == 200, answer.body
    return answer.json()


async def bet(desk: Desk, player: Somebody, *selections: str, stake: str = "10.00") -> Any:
    """Place a bet, have it decided, and return how it stands."""
    placed = await desk.place(player, slip(*selections, stake=stake))
    assert placed.status == 202, placed.body
    await desk.process()
    return await desk.look(player, f"/v1/bets/{placed.json()['bet_id']}")


async def test_a_limit_that_staff_set_is_shown_kept_and_counts(desk: Desk, ann: Somebody) -> None:
    wide = {"scope": "all", "currency": "EUR", "winnings_max": "30.00"}
    narrow = {
        "scope": "market",
        "target": market_id(NAME, "total"),
        "currency": "EUR",
        "bet_winnings_max": "1.00",
    }
    await see(desk, "/trading/limits", {"limits": [wide, narrow]})
    await see(desk, "/trading/limits", {"limits": [{**wide, "winnings_max": "16.00"}]})

    found = (await see(desk, "/trading/limits"))["limits"]
    assert [(one["scope"], one["bet_winnings_max"], one["winnings_max"]) for one in found] == [
        ("all", None, "16.00"),
        ("market", "1.00", None),
    ]
    history = (await see(desk, "/trading/limits/history?of=all"))["limits"]
    assert [(one["no"], one["winnings_max"]) for one in history] == [(3, "16.00"), (1, "30.00")]
    assert {one["set_by"] for one in history} == {"staff:ann"}
    assert (await bet(desk, ann, HOME))["state"] == "accepted"
    assert (await bet(desk, ann, HOME, stake="1.00"))["refusal"] == "selection_limit"
    assert (await bet(desk, ann, OVER, stake="2.00"))["refusal"] == "bet_limit"


async def test_limits_are_set_together_or_not_at_all(desk: Desk, ann: Somebody) -> None:
    good = {"scope": "all", "currency": "EUR", "winnings_max": "30.00"}
    nothing = {"scope": "selection", "target": derived_id("nobody"), "currency": "EUR"}

    answer = await ask(desk, "/trading/limits", {"limits": [good, nothing]})

    assert answer.status == 422
    assert (await see(desk, "/trading/limits"))["limits"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"currency": "XXX"}, "limits[0].currency"),
        ({"target": "somebody"}, "limits[0].target"),
        ({"scope": "kind"}, "limits[0].target"),
        ({"scope": "market", "target": "1"}, "limits[0].target"),
        ({"winnings_max": "-1.00"}, "limits[0].winnings_max"),
        ({"bet_winnings_max": "1e3"}, "limits[0].bet_winnings_max"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_by_its_field(
    desk: Desk, wrong: dict[str, str], field: str
) -> None:
    body = {"scope": "all", "currency": "EUR", **wrong}

    answer = await ask(desk, "/trading/limits", {"limits": [body]})

    assert answer.status == 422
    assert [error["field"] for error in answer.problem["errors"]] == [field]


async def test_a_factor_is_set_for_a_player_there_is(desk: Desk, ann: Somebody) -> None:
    everybody = {"scope": "all", "currency": "EUR", "bet_winnings_max": "30.00"}
    await see(desk, "/trading/limits", {"limits": [everybody]})
    path = f"/players/{ann.player_id}/trading-factor"
    assert (await see(desk, path))["factors"] == []

    await see(desk, path, {"factor": "1/10"})

    assert (await see(desk, path))["factors"][0]["factor"] == "1/10"
    assert (await bet(desk, ann, HOME, stake="2.01"))["refusal"] == "bet_limit"
    assert (await bet(desk, ann, HOME, stake="2.00"))["state"] == "accepted"
    assert (await ask(desk, path, {"factor": "1/0"})).status == 422
    nobody = f"/players/{derived_id('nobody')}/trading-factor"
    assert (await ask(desk, nobody, {"factor": "1"})).status == 404


async def test_a_field_sheet_says_what_each_selection_would_leave(
    desk: Desk, ann: Somebody
) -> None:
    limit = {"scope": "selection", "target": HOME, "currency": "EUR", "winnings_max": "100.00"}
    await see(desk, "/trading/limits", {"limits": [limit]})
    await bet(desk, ann, HOME)
    await bet(desk, ann, AWAY, stake="20.00")
    await bet(desk, ann, HOME, selection_id("final"), stake="4.00")

    sheet = await see(desk, f"/events/{event_id(NAME)}/field-sheet")

    found = {one["code"]: one for one in sheet["selections"] if one["bets"]}
    assert found.keys() == {"home", "away"}
    home, away = found["home"], found["away"]
    assert (home["bets"], home["stake"], home["winnings"]) == (2, "14.00", "21.00")
    assert (home["net"], away["net"]) == ("-1.00", "-24.00")
    assert (home["winnings_max"], home["room"]) == ("100.00", "79.00")
    assert (away["winnings_max"], away["room"]) == (None, None)
    assert (await ask(desk, f"/events/{derived_id('nobody')}/field-sheet")).status == 404


async def test_scenarios_say_what_each_score_would_leave(desk: Desk, ann: Somebody) -> None:
    """Ten on the home side at 2.5, twenty on more than two and a half goals at 1.9."""
    await bet(desk, ann, HOME)
    await bet(desk, ann, OVER, stake="20.00")

    found = await see(desk, f"/events/{event_id(NAME)}/scenarios?goals_max=3")

    nets = {one["score"]: one["net"] for one in found["scenarios"]}
    assert len(nets) == 16
    assert {score: nets[score] for score in ("0-0", "1-0", "2-1", "1-2")} == {
        "0-0": "30.00",
        "1-0": "5.00",
        "2-1": "-33.00",
        "1-2": "-8.00",
    }


async def test_the_ticker_shows_each_accepted_bet_once(desk: Desk, ann: Somebody) -> None:
    small = await bet(desk, ann, HOME, stake="1.00")
    large = await bet(desk, ann, selection_id("final"), stake="50.00")
    await bet(desk, ann, HOME, stake="5000.00")  # there is no money for it
    await sequence(desk)

    first = await see(desk, "/bets/ticker")
    again = await see(desk, f"/bets/ticker?after={first['next_after']}")
    of_one = await see(desk, f"/bets/ticker?event_id={event_id(NAME)}")
    of_large = await see(desk, "/bets/ticker?stake_min=2.00")
    waited = await see(desk, f"/bets/ticker?after={first['next_after']}&wait=1")

    def ids(ticks: Any) -> list[str]:
        return [one["bet_id"] for one in ticks["bets"]]

    assert ids(first) == [small["bet_id"], large["bet_id"]]
    assert first["bets"][0]["stake"] == "1.00"
    assert first["bets"][0]["legs"][0]["selection_id"] == HOME
    assert ids(again) == ids(waited) == []
    assert ids(of_one) == [small["bet_id"]]
    assert ids(of_large) == [large["bet_id"]]


async def test_one_call_stops_a_market_or_an_event_and_lets_it_go_on(
    desk: Desk, ann: Somebody
) -> None:
    async def stop(scope: str, target: str, *, suspended: bool) -> int:
        body = {"scope": scope, "target": target, "suspended": suspended}
        return int((await see(desk, "/trading/suspension", body))["changed"])

    async def states() -> list[str]:
        shown = (await desk.client.ask("GET", f"/v1/events/{event_id(NAME)}")).json()
        return [market["status"] for market in shown["markets"]]

    assert await stop("market", market_id(NAME), suspended=True) == 1
    assert sorted(await states()) == ["open", "suspended"]
    assert await stop("event", event_id(NAME), suspended=True) == 1
    assert await states() == ["suspended"] * 2
    assert await stop("event", event_id(NAME), suspended=False) == 2
    assert await states() == ["open"] * 2
    assert await stop("producer", "house", suspended=True) == 1
    assert await stop("producer", "house", suspended=True) == 0
    for scope in ("market", "event"):
        body = {"scope": scope, "target": derived_id("nobody"), "suspended": True}
        assert (await ask(desk, "/trading/suspension", body)).status == 422


async def test_who_may_not_see_the_books_does_not(desk: Desk) -> None:
    eve = await hire(desk, "eve", "support")

    answers = [
        await desk.client.ask("GET", f"/v1/staff{path}", token=eve.token)
        for path in ("/trading/limits", "/bets/ticker", f"/events/{event_id(NAME)}/scenarios")
    ]

    assert [answer.status for answer in answers] == [403] * 3


async def test_a_player_can_ask_how_much_would_pass_and_why_not_more(
    desk: Desk, ann: Somebody
) -> None:
    wide = {"scope": "all", "currency": "EUR", "bet_winnings_max": "30.00", "winnings_max": "40.00"}
    await see(desk, "/trading/limits", {"limits": [wide]})

    async def most(*selections: str) -> tuple[str, str]:
        body = {"currency": "EUR", "legs": slip(*selections)["legs"]}
        answer = await desk.client.ask("POST", "/v1/bets/max-stake", token=ann.token, body=body)
        assert answer.status == 200, answer.body
        found = answer.json()
        return found["stake_max"], found["refusal"]

    assert await most(HOME) == ("20.00", "bet_limit")
    await bet(desk, ann, HOME, stake="20.00")
    assert await most(HOME) == ("6.66", "selection_limit")
    assert await most(HOME, selection_id("final")) == ("6.66", "selection_limit")
    assert (await bet(desk, ann, HOME, stake="6.67"))["stake_max"] == "6.66"
    path = f"/players/{ann.player_id}/trading-factor"
    await see(desk, path, {"factor": "0"})
    assert await most(HOME) == ("0.00", "bet_limit")
    gone = {"currency": "EUR", "legs": [{"selection_id": derived_id("nobody"), "tick": 1}]}
    answer = await desk.client.ask("POST", "/v1/bets/max-stake", token=ann.token, body=gone)
    assert answer.status == 422


async def test_without_limits_the_licence_says_how_much_may_be_staked(
    desk: Desk, ann: Somebody
) -> None:
    allowed = jurisdictions.get("demo").sportsbook
    body = {"currency": "EUR", "legs": slip(HOME)["legs"]}

    answer = await desk.client.ask("POST", "/v1/bets/max-stake", token=ann.token, body=body)

    most = min(allowed.stake_micros_max, allowed.returns_micros_max * 2 // 5)
    assert answer.json()["stake_max"] == f"{most // 1_000_000}.{most // 10_000 % 100:02d}"


async def test_a_slip_may_say_that_less_is_welcome(desk: Desk, ann: Somebody) -> None:
    wide = {"scope": "all", "currency": "EUR", "winnings_max": "15.00"}
    await see(desk, "/trading/limits", {"limits": [wide]})
    body = {**slip(HOME, stake="50.00"), "on_limit": "reduce"}
    key = desk.key()

    placed = await desk.place(ann, body, key=key)
    await desk.process()

    again = await desk.place(ann, body, key=key)
    other = await desk.place(ann, slip(HOME, stake="50.00"), key=key)
    found = await desk.look(ann, f"/v1/bets/{placed.json()['bet_id']}")
    assert (found["state"], found["stake"], found["stake_asked"]) == ("accepted", "10.00", "50.00")
    assert again.json()["bet_id"] == placed.json()["bet_id"]
    assert other.status == 409
