"""Corrections over HTTP: nobody gains or loses more than was shown, and two agree on much."""

from __future__ import annotations

import asyncio
from typing import Any

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, event_id, market_id, selection_id, slip
from integration.api.office import Colleague, hire
from integration.players.people import assert_rebuilt

AT_ONCE = 6


def draw(why: str = "mistake") -> dict[str, Any]:
    """Return the body that says that it was a draw."""
    return {
        "market_id": market_id("cup"),
        "kind": "result",
        "why": why,
        "results": [
            {"selection_id": selection_id("cup", code=code), "won": code == "draw"}
            for code in ("home", "draw", "away")
        ],
    }


async def won(desk: Desk, stake: str) -> tuple[Somebody, str]:
    """Have a player win this stake on the home side; return where the bet is shown."""
    player = await desk.player(amount="1000.00")
    await desk.event("cup")
    placed = await desk.place(player, slip(selection_id("cup"), stake=stake))
    await desk.process()
    body = {"results": [{"event_id": event_id("cup"), "home": 2, "away": 0, "abandoned": False}]}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body=body)
    await desk.process()
    return player, placed.json()["links"]["status"]


async def withdraw(desk: Desk, player: Somebody, amount: str) -> Answer:
    body = {"amount": amount, "currency": "EUR"}
    return await desk.client.ask(
        "POST", "/v1/withdrawals", token=player.token, key=desk.key(), body=body
    )


async def preview(agent: Colleague, body: dict[str, Any]) -> dict[str, Any]:
    answer = await agent.ask("POST", "/v1/staff/corrections/preview", body)
    assert answer.status == 200, answer.body
    shown: dict[str, Any] = answer.json()
    return shown


async def commit(agent: Colleague, body: dict[str, Any], shown: dict[str, Any]) -> Answer:
    wanted = {**body, "shown": shown["digest"], "after": shown["version"]}
    return await agent.ask("POST", "/v1/staff/corrections", wanted)


async def test_a_small_correction_is_what_was_shown_and_the_player_is_told_why(desk: Desk) -> None:
    trader = await hire(desk, "ann", "trader")
    player, link = await won(desk, "5.00")

    shown = await preview(trader, draw())
    untouched = await desk.look(player, link)
    first = await commit(trader, draw(), shown)
    again = await commit(trader, draw(), shown)
    await desk.process()
    bet = await desk.look(player, link)

    assert shown["sums"] == [{"currency": "EUR", "bets": 1, "gained": "0.00", "lost": "12.50"}]
    assert shown["players"][0]["player_id"] == player.player_id
    assert (shown["needs_two"], untouched["returns"]) == (False, "12.50")
    assert (first.json()["recorded"], first.json()["changed"]) == (True, True)
    assert (again.json()["recorded"], again.json()["changed"]) == (True, False)
    assert bet["returns"] == "0.00"
    (correction,) = bet["corrections"]
    told = {name: correction[name] for name in ("was", "returns", "cause", "reason", "owed")}
    assert told == {
        "was": "12.50",
        "returns": "0.00",
        "cause": "result",
        "reason": "mistake",
        "owed": "0.00",
    }
    words = await trader.ask("GET", f"/v1/staff/corrections/{market_id('cup')}")
    assert [item["said"].get("source", "score") for item in words.json()["words"]] == [
        *("score", "staff")
    ]
    await assert_rebuilt(desk.database)


async def test_what_has_changed_since_it_was_shown_is_not_recorded(desk: Desk) -> None:
    trader = await hire(desk, "ann", "trader")
    player, link = await won(desk, "5.00")
    shown = await preview(trader, draw())
    void = {"market_id": market_id("cup"), "kind": "cancel", "why": "mistake"}
    await commit(trader, void, await preview(trader, void))
    await desk.process()

    late = await commit(trader, draw(), shown)

    assert (late.status, late.slug) == (409, "not_as_shown")
    assert (await desk.look(player, link))["state"] == "voided"


async def test_a_large_correction_is_done_by_the_second_who_approves_it(desk: Desk) -> None:
    ann, bob = [await hire(desk, name, "trader") for name in ("ann", "bob")]
    player, link = await won(desk, "100.00")

    shown = await preview(ann, draw())
    asked = (await commit(ann, draw(), shown)).json()
    await desk.process()
    waiting = await desk.look(player, link)
    path = f"/v1/staff/approvals/{asked['approval_id']}/approval"
    own = await ann.ask("POST", path)
    answers = await asyncio.gather(*(bob.ask("POST", path) for _ in range(AT_ONCE)))
    await desk.process()

    assert (shown["needs_two"], asked["recorded"]) == (True, False)
    assert waiting["returns"] == "250.00"
    assert (own.status, own.slug) == (403, "own_request")
    assert {answer.status for answer in answers} == {200}, [answer.body for answer in answers]
    assert (await desk.look(player, link))["returns"] == "0.00"
    await assert_rebuilt(desk.database)


async def test_a_debt_stops_withdrawals_until_it_is_written_off(desk: Desk) -> None:
    ann, bob = [await hire(desk, name, "trader") for name in ("ann", "bob")]
    cat = await hire(desk, "cat", "payments")
    player, _ = await won(desk, "400.00")
    gone = await withdraw(desk, player, "1600.00")
    await commit(ann, draw(), shown := await preview(ann, draw()))
    asked = (await commit(ann, draw(), shown)).json()
    await bob.ask("POST", f"/v1/staff/approvals/{asked['approval_id']}/approval")
    await desk.process()
    await desk.deposit(player, "10.00")

    debts = (await cat.ask("GET", f"/v1/staff/debts/{player.player_id}")).status
    owed = (await ann.ask("GET", f"/v1/staff/debts/{player.player_id}")).json()["debts"]
    refused = await withdraw(desk, player, "5.00")
    body = {"player_id": player.player_id, "currency": "EUR", "why": "goodwill"}
    amounts = [(await cat.ask("POST", "/v1/staff/debts", body)).json()["amount"] for _ in "ab"]

    assert gone.status == 202, gone.body
    assert debts == 403
    assert owed == [{"currency": "EUR", "owed": "1000.00"}]
    assert (refused.status, refused.slug) == (409, "debt_open"), refused.body
    assert amounts == ["1000.00", "0.00"]
    await assert_rebuilt(desk.database)


async def test_free_bets_count_in_what_is_shown_and_in_what_needs_a_second(desk: Desk) -> None:
    ann, bob = [await hire(desk, name, "trader") for name in ("ann", "bob")]
    player = await desk.player(amount="1.00")
    await desk.event("cup")
    body = {"stake": "100.00", "currency": "EUR", "expires_at": "2030-01-01T00:00:00Z"}
    path = f"/v1/staff/players/{player.player_id}/free-bets"
    given = await desk.client.ask("POST", path, token=desk.staff, key="k", body=body)
    asked_for = slip(selection_id("cup"), stake="100.00")
    placed = await desk.place(player, {**asked_for, "free_bet": given.json()["free_bet"]})
    await desk.process()
    link = placed.json()["links"]["status"]
    ended = {"results": [{"event_id": event_id("cup"), "home": 2, "away": 0, "abandoned": False}]}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body=ended)
    await desk.process()

    void = {"market_id": market_id("cup"), "kind": "cancel", "why": "mistake"}
    shown = await preview(ann, void)
    asked = (await commit(ann, void, shown)).json()
    await desk.process()
    waiting = await desk.look(player, link)
    await bob.ask("POST", f"/v1/staff/approvals/{asked['approval_id']}/approval")
    await desk.process()
    bet = await desk.look(player, link)
    (back,) = (await desk.look(player, "/v1/me/free-bets"))["free_bets"]

    # A hundred at 2.50 without the hundred, which is above what one may do to a single bet.
    assert shown["sums"] == [{"currency": "EUR", "bets": 1, "gained": "0.00", "lost": "150.00"}]
    assert (shown["needs_two"], asked["recorded"], waiting["returns"]) == (True, False, "150.00")
    assert (bet["state"], bet["returns"]) == ("voided", "0.00")
    assert [item["returns"] for item in bet["corrections"]] == ["0.00"]
    assert back["free_bet"] == given.json()["free_bet"]
    assert (await desk.look(player, "/v1/me/wallet"))["available"] == "1.00"
    await assert_rebuilt(desk.database)


async def test_two_winners_are_shown_to_be_torn_before_and_after_they_are_said(desk: Desk) -> None:
    trader = await hire(desk, "ann", "trader")
    player, link = await won(desk, "5.00")
    second = {
        **draw(),
        "results": [{"selection_id": selection_id("cup", code="draw"), "won": True}],
    }
    both = [selection_id("cup", code=code) for code in ("home", "draw")]

    shown = await preview(trader, second)
    recorded = await commit(trader, second, shown)
    await desk.process()
    words = (await trader.ask("GET", f"/v1/staff/corrections/{market_id('cup')}")).json()

    assert (shown["torn"], shown["opened"]) == (both, 1)
    assert recorded.json()["changed"]
    assert [item["selection_id"] for item in words["torn"]] == both
    assert [(item["selection_id"], item["won"]) for item in words["results"]] == [
        (selection_id("cup", code="away"), False)
    ]
    bet = await desk.look(player, link)
    assert (bet["state"], bet["returns"]) == ("accepted", None)
    await assert_rebuilt(desk.database)
