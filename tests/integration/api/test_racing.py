"""Races over HTTP: from an each-way slip to what it pays, by the order in which runners came in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import NOW, Desk, Somebody, event_id, market_id, new_event, selection_id
from integration.api.desk import slip as plain_slip
from integration.api.office import hire
from integration.players.people import assert_rebuilt
from pitboss.audit import replay
from pitboss.kernel.instants import write_instant

RUNNERS = {
    "Arkle": "5.0",
    "Barge": "6.0",
    "Comet": "9.0",
    "Dingo": "11.0",
    "Ember": "3.0",
    "Fable": "13.0",
    "Gusto": "15.0",
    "Hello": "4.0",
}
SOON = timedelta(hours=1)
# Two share the first place, two the last one that is paid, and one falls.
ORDER = [
    {"runners": ["Barge", "Arkle"], "dead_heat": True},
    {"runners": ["Comet", "Dingo"], "dead_heat": True},
    {"runners": ["Ember"]},
    {"runners": ["Fable"]},
]


def runner(code: str, kind: str = "race_winner") -> str:
    """Return the id of a runner's selection."""
    return selection_id("ascot", kind, code)


def race(runners: dict[str, str] = RUNNERS) -> dict[str, Any]:
    """Return a race to open."""
    market = {
        "market_id": market_id("ascot", "race_winner"),
        "kind": "race_winner",
        "selections": [
            {"selection_id": runner(code), "code": code, "price": price}
            for code, price in runners.items()
        ],
    }
    nameless = {"home": None, "away": None, "name": "The 14:30"}
    return {**new_event("ascot"), **nameless, "sport": "horse_racing", "markets": [market]}


def withdrawal(name: str = "Hello", **said: Any) -> dict[str, Any]:
    """Return a runner that was withdrawn an hour after everything was opened."""
    return {"runner": name, "at": write_instant(NOW + SOON), **(said or {"price": "4.0"})}


def ending(**said: Any) -> dict[str, Any]:
    """Return how the race ended."""
    wanted = {"order": ORDER, "withdrawn": [withdrawal()], **said}
    return {"endings": [{"event_id": event_id("ascot"), **wanted}]}


async def opened(desk: Desk) -> Somebody:
    """Open the race; return somebody who may bet on it."""
    answer = await desk.client.ask(
        "POST", "/v1/staff/events", token=desk.staff, body={"events": [race()]}
    )
    assert answer.json()["answers"][0]["changed"] is True
    return await desk.player(amount="500.00")


async def end(desk: Desk, body: dict[str, Any]) -> Answer:
    return await desk.client.ask("POST", "/v1/staff/endings", token=desk.staff, body=body)


async def bet(desk: Desk, player: Somebody, *names: str, parts: str = "each_way") -> str:
    """Bet five on each part; return where the bet is shown."""
    slip = plain_slip(*map(runner, names), stake="5.00")
    answer = await desk.place(player, {**slip, "parts": parts, "stake_on": "line"})
    await desk.process()
    link: str = answer.json()["links"]["status"]
    assert (await desk.look(player, link))["state"] == "accepted"
    return link


async def returned(desk: Desk, player: Somebody, link: str) -> tuple[str, str]:
    """Return what became of a bet."""
    found = await desk.look(player, link)
    return found["state"], found["returns"]


async def test_an_each_way_bet_is_settled_by_the_order_with_what_rule_4_takes(desk: Desk) -> None:
    player = await opened(desk)
    before = [await bet(desk, player, name) for name in ("Arkle", "Hello", "Gusto", "Ember")]
    placed = await bet(desk, player, "Comet", parts="place")
    won = await bet(desk, player, "Arkle", parts="win")
    desk.clock.advance(2 * SOON)
    after = await bet(desk, player, "Barge")

    answers = [(await end(desk, ending())).json()["answers"][0] for _ in range(2)]
    await desk.process()

    assert [answer["changed"] for answer in answers] == [True, False]
    # 25p of a pound off for one at 3/1: 4 becomes 3 for Arkle, and half of five wins at 1 + 3; a
    # place pays 1 + 3 / 5, and both who share the first have one.
    assert [await returned(desk, player, link) for link in before] == [
        ("settled", "18.00"),
        ("voided", "10.00"),
        ("settled", "0.00"),
        ("settled", "0.00"),
    ]
    # Of 8, 6 are left: a place pays 1 + 6 / 5, and two share the third.
    assert await returned(desk, player, placed) == ("settled", "5.50")
    assert await returned(desk, player, won) == ("settled", "10.00")
    # Who came later knew who would not run: half of five at 6, and a place at 1 + 5 / 5.
    assert await returned(desk, player, after) == ("settled", "25.00")
    await the_record_agrees(desk)


async def test_what_was_announced_or_an_exchange_took_counts_as_it_was_said(desk: Desk) -> None:
    player = await opened(desk)
    link = await bet(desk, player, "Arkle", parts="win")
    desk.clock.advance(2 * SOON)
    taken = [
        withdrawal("Hello", deduction_pence=20),
        withdrawal("Gusto", price="15/1"),
        withdrawal("Fable", deduction_pence=5),
        withdrawal("Ember", factor="0.1"),
    ]
    order = [{"runners": ["Arkle"]}, {"runners": ["Barge"]}]

    answer = await end(desk, ending(order=order, withdrawn=taken))
    await desk.process()

    assert answer.json()["answers"][0]["changed"] is True
    # A tenth off 5 is 4.5, and 20p and 5p off its winnings; a decimal 15 is 14/1, and takes 5p.
    assert await returned(desk, player, link) == ("settled", f"{5 * (1 + 3.5 * 0.70):.2f}")
    await the_record_agrees(desk)


async def test_a_race_is_open_until_its_order_is_told_and_void_if_it_is_abandoned(
    desk: Desk,
) -> None:
    player = await opened(desk)
    link = await bet(desk, player, "Arkle")

    named = {"answers": [{"market": "race_winner", "won": ["Arkle"]}], "order": None}
    told = await end(desk, ending(**named, withdrawn=[]))
    await desk.process()
    waiting = await desk.look(player, link)
    whole = await end(desk, ending(order=[{"runners": ["Arkle"]}], withdrawn=[]))
    await desk.process()

    assert [answer.json()["answers"][0]["changed"] for answer in (told, whole)] == [True, True]
    assert waiting["state"] == "accepted"
    assert await returned(desk, player, link) == ("settled", "34.00")
    await the_record_agrees(desk)


async def test_all_bets_on_a_race_that_is_abandoned_come_back(desk: Desk) -> None:
    player = await opened(desk)
    link = await bet(desk, player, "Arkle")

    await end(desk, ending(order=None, withdrawn=[], abandoned=True))
    await desk.process()

    assert await returned(desk, player, link) == ("voided", "10.00")


async def test_who_was_withdrawn_is_told_with_the_order_at_the_latest(desk: Desk) -> None:
    player = await opened(desk)
    link = await bet(desk, player, "Arkle", parts="win")
    desk.clock.advance(2 * SOON)
    order = [{"runners": ["Arkle"]}]

    first = await end(desk, ending(order=order, withdrawn=[]))
    late = await end(desk, ending(order=order, withdrawn=[withdrawal()]))
    await desk.process()

    assert first.json()["answers"][0]["changed"] is True
    assert late.json()["answers"][0]["refusal"] == "ended_otherwise"
    assert await returned(desk, player, link) == ("settled", "25.00")


async def test_a_stewards_decision_moves_runners_and_what_they_pay(desk: Desk) -> None:
    trader = await hire(desk, "ann", "trader")
    player = await opened(desk)
    links = [await bet(desk, player, name) for name in ("Arkle", "Ember", "Gusto")]
    desk.clock.advance(2 * SOON)
    order = [{"runners": [name]} for name in ("Arkle", "Barge", "Comet", "Ember")]
    await end(desk, ending(order=order, withdrawn=[]))
    await desk.process()
    first = [await returned(desk, player, link) for link in links]

    body = {
        "market_id": market_id("ascot", "race_winner"),
        "kind": "result",
        "why": "mistake",
        "results": [
            {
                "selection_id": runner("Arkle"),
                "won": False,
                "place": "0",
                "withdrawn": [
                    {"at": write_instant(NOW + SOON), "deduction_pence": 25},
                ],
            },
            {
                "selection_id": runner("Ember"),
                "won": False,
                "finish": {"position": 3},
                "withdrawn": [{"at": write_instant(NOW + SOON), "price": "4.0"}],
            },
        ],
    }
    shown = (await trader.ask("POST", "/v1/staff/corrections/preview", body)).json()
    wanted = {**body, "shown": shown["digest"], "after": shown["version"]}
    done = await trader.ask("POST", "/v1/staff/corrections", wanted)
    await desk.process()

    assert first == [("settled", "34.00"), ("settled", "0.00"), ("settled", "0.00")]
    assert done.json()["recorded"] is True
    # A place at 1 + 2 * 3/4 / 5.
    assert [await returned(desk, player, link) for link in links] == [
        ("settled", "0.00"),
        ("settled", "6.50"),
        ("settled", "0.00"),
    ]
    await the_record_agrees(desk)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"order": [{"runners": ["Arkle", "Barge"]}]}, "order[0].dead_heat"),
        ({"order": [{"runners": ["Arkle"], "dead_heat": True}]}, "order[0].dead_heat"),
        ({"order": [{"runners": ["Arkle"]}, {"runners": ["Nobody"]}]}, "order"),
        ({"non_runners": ["Nobody"]}, "non_runners"),
        ({"withdrawn": [withdrawal("Nobody")]}, "non_runners"),
        ({"withdrawn": [withdrawal("Arkle")]}, "withdrawn[0].runner"),
        ({"withdrawn": [withdrawal(), withdrawal()]}, "withdrawn[1].runner"),
        ({"withdrawn": [withdrawal(deduction_pence=95)]}, "withdrawn[0].deduction_pence"),
        ({"withdrawn": [withdrawal(deduction_pence=7)]}, "withdrawn[0].deduction_pence"),
        ({"withdrawn": [withdrawal(deduction_pence=101)]}, "withdrawn[0].deduction_pence"),
        ({"withdrawn": [withdrawal(price="1.0")]}, "withdrawn[0].price"),
        ({"withdrawn": [withdrawal(factor="1")]}, "withdrawn[0].factor"),
        ({"withdrawn": [withdrawal(factor="-0.1")]}, "withdrawn[0].factor"),
        ({"withdrawn": [withdrawal(price="4.0", deduction_pence=25)]}, "withdrawn[0]"),
        ({"withdrawn": [withdrawal(price=None)]}, "withdrawn[0]"),
        ({"withdrawn": [{**withdrawal(), "at": "yesterday"}]}, "withdrawn[0].at"),
        (
            {"withdrawn": [{**withdrawal(), "at": write_instant(NOW + 10 * SOON)}]},
            "withdrawn[0].at",
        ),
    ],
)
async def test_an_order_that_cannot_be_is_refused_by_field_and_settles_nothing(
    desk: Desk, said: dict[str, Any], field: str
) -> None:
    player = await opened(desk)
    link = await bet(desk, player, "Arkle")
    desk.clock.advance(2 * SOON)

    answer = await end(desk, ending(**said))
    await desk.process()

    assert (answer.status, answer.fields) == (422, [f"endings[0].{field}"])
    assert (await desk.look(player, link))["state"] == "accepted"


async def test_a_runner_that_no_market_has_takes_a_place_if_it_is_said_to(desk: Desk) -> None:
    player = await opened(desk)
    links = [await bet(desk, player, name, parts="place") for name in ("Barge", "Comet")]
    order = [{"runners": [name]} for name in ("Arkle", "Ember", "Stray", "Barge")]

    answer = await end(desk, ending(order=order, withdrawn=[], unlisted=["Stray"]))
    await desk.process()

    assert answer.json()["answers"][0]["changed"] is True
    assert [await returned(desk, player, link) for link in links] == [("settled", "0.00")] * 2


async def the_record_agrees(desk: Desk) -> None:
    """Check that facts alone make the same tables, results and settlements."""
    await assert_rebuilt(desk.database)
    async with desk.database.moment() as tx:
        report = await replay.replay_all(tx)
    assert report.disagreements == []
    assert report.settlements > 0


async def test_all_parts_of_a_bet_count_for_what_may_be_won(desk: Desk) -> None:
    player = await opened(desk)
    limit = {"scope": "all", "currency": "EUR", "bet_winnings_max": "24.00"}
    limits = {"limits": [limit]}
    await desk.client.ask("POST", "/v1/staff/trading/limits", token=desk.staff, body=limits)
    # Four fifths of the winnings of a place at 5, and half of both: 0.8 and 2.4 for each coin.
    most = {"win": "6.00", "place": "30.00", "each_way": "10.00"}

    for parts, stake in most.items():
        asked = {"currency": "EUR", "legs": plain_slip(runner("Arkle"))["legs"], "parts": parts}
        told = await desk.client.ask("POST", "/v1/bets/max-stake", token=player.token, body=asked)
        slip = {**plain_slip(runner("Arkle"), stake="40.00"), "parts": parts}
        placed = await desk.place(player, {**slip, "on_limit": "reduce"})
        refused = await desk.place(player, slip)
        await desk.process()
        taken = await desk.look(player, placed.json()["links"]["status"])
        over = await desk.look(player, refused.json()["links"]["status"])

        assert (told.json()["stake_max"], told.json()["refusal"]) == (stake, "bet_limit")
        assert (taken["state"], taken["stake"], taken["stake_asked"]) == (
            "accepted",
            stake,
            "40.00",
        )
        assert (over["refusal"], over["stake_max"]) == ("bet_limit", stake)
    await assert_rebuilt(desk.database)


async def test_a_free_bet_is_above_a_limit_or_within_and_never_reduced(desk: Desk) -> None:
    player = await opened(desk)
    path = f"/v1/staff/players/{player.player_id}/free-bets"
    gift = {"stake": "10.00", "currency": "EUR", "expires_at": write_instant(NOW + 100 * SOON)}
    given = await desk.client.ask("POST", path, token=desk.staff, key=desk.key(), body=gift)
    limits = {"limits": [{"scope": "all", "currency": "EUR", "winnings_max": "30.00"}]}
    await desk.client.ask("POST", "/v1/staff/trading/limits", token=desk.staff, body=limits)
    free = {"free_bet": given.json()["free_bet"], "on_limit": "reduce"}

    states = []
    for name in ("Arkle", "Ember", "Ember"):
        slip = {**plain_slip(runner(name), stake="10.00"), **free}
        placed = await desk.place(player, slip)
        await desk.process()
        found = await desk.look(player, placed.json()["links"]["status"])
        states.append((found["state"], found["refusal"]))

    # It was not used by the one that was refused.
    assert states == [
        ("refused", "selection_limit"),
        ("accepted", None),
        ("refused", "free_bet_used"),
    ]
    await assert_rebuilt(desk.database)
