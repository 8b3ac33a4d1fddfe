"""What is long is shown in pages, each continuing where the one before ended, nothing twice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from integration.api.desk import Desk, Somebody, event_id, news, selection_id, slip
from pitboss import messages
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of


async def pages(desk: Desk, player: Somebody, path: str, name: str, more: str) -> list[list[Any]]:
    """Return every page of a list."""
    found: list[list[Any]] = []
    query = "?limit=3"
    for _ in range(10):
        said = await desk.look(player, path + query)
        found.append(said[name])
        last = next(value for field, value in said.items() if field.startswith("next_"))
        if last is None:
            return found
        query = f"?limit=3&{more}={last}"
    pytest.fail("there is no end of pages")


async def test_events_continue_behind_the_last_one(desk: Desk) -> None:
    player = await desk.player()
    for number in range(7):
        await desk.event(f"event {number}")

    found = await pages(desk, player, "/v1/events", "events", "after")

    # They start at the same moment, so their ids decide.
    ids = [event["event_id"] for page in found for event in page]
    assert ids == sorted(event_id(f"event {number}") for number in range(7))
    assert [len(page) for page in found] == [3, 3, 1]


async def test_payments_continue_below_the_last_one(desk: Desk) -> None:
    player = await desk.player()
    for number in range(7):
        await desk.deposit(player, f"{number + 1}.00")

    found = await pages(desk, player, "/v1/payments", "payments", "before")

    amounts = [payment["amount"] for page in found for payment in page]
    assert sorted(amounts) == [f"{number + 1}.00" for number in range(7)]


async def test_a_statement_continues_below_the_last_entry_and_adds_up(desk: Desk) -> None:
    player = await desk.player()
    for number in range(7):
        payment = await desk.deposit(player, f"{number + 1}.00")
        await desk.tell(news(payment.json()))

    found = await pages(desk, player, "/v1/me/statement", "entries", "before_no")

    entries = [entry for page in found for entry in page]
    assert [entry["movement"] for entry in entries] == [f"{7 - number}.00" for number in range(7)]
    assert entries[0]["after"] == "28.00"
    assert entries[-1]["before"] == "0.00"
    for newer, older in pairwise(entries):
        assert newer["before"] == older["after"]
    assert [entry["entry_no"] for entry in entries] == list(range(7, 0, -1))


async def test_figures_add_up_and_say_what_waits(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="50.00")
    await desk.place(player, slip(selection_id("cup"), stake="10.00"))
    waiting = await desk.client.ask("GET", "/v1/staff/backlog", token=desk.staff)
    await desk.process()
    await desk.place(player, slip(selection_id("cup"), stake="90.00"))
    await desk.process()

    none = await desk.client.ask("GET", "/v1/staff/backlog", token=desk.staff)
    figures = (await desk.client.ask("GET", "/v1/staff/figures", token=desk.staff)).json()

    assert waiting.json()["commands_waiting"] == 1
    assert none.json()["commands_waiting"] == 0
    bets = {item["state"]: (item["bets"], item["stakes"]) for item in figures["bets"]}
    assert bets == {"accepted": (1, "10.00"), "refused": (1, "90.00")}
    accounts = {
        item["kind"]: (item["credits"], item["debits"], item["held"])
        for item in figures["accounts"]
    }
    assert accounts["player"] == ("50.00", "0.00", "10.00")
    assert accounts["provider"] == ("0.00", "50.00", "0.00")
    (paid,) = figures["payments"]
    assert (paid["state"], paid["payments"], paid["amount"]) == ("succeeded", 1, "50.00")


async def test_who_is_logged_in_is_who_registered(desk: Desk) -> None:
    player = await desk.player()

    async def log_in(email: str, password: str) -> Any:
        body = {"email": email, "password": password}
        return await desk.client.ask("POST", "/v1/sessions", body=body)

    right = await log_in(player.email.upper(), "correct horse")
    wrong = await log_in(player.email, "another horse")
    nobody = await log_in("nobody@example.test", "correct horse")

    assert right.json()["player_id"] == player.player_id
    assert (wrong.status, wrong.slug) == (nobody.status, nobody.slug) == (401, "login_failed")
    assert wrong.body == nobody.body, "nobody learns who has an account"


async def test_every_login_is_told_and_so_is_every_one_that_was_refused(desk: Desk) -> None:
    player = await desk.player()
    for password in ("correct horse", "another horse", "correct horse"):
        body = {"email": player.email, "password": password}
        await desk.client.ask("POST", "/v1/sessions", body=body)
    await desk.client.ask(
        "POST", "/v1/sessions", body={"email": "nobody@example.test", "password": "x"}
    )

    shard = shard_of(PlayerId(player.player_id))
    async with desk.database.reading() as tx:
        facts = [
            msgspec.json.decode(fact.body)["data"]
            for fact in await messages.read_facts(tx, shard, after_seq=0)
        ]
    told = [
        (fact["type"], fact["player_id"], fact.get("reason"))
        for fact in facts
        if fact["type"] in ("session.opened", "session.refused")
    ]
    opened = ("session.opened", player.player_id, None)
    refused = ("session.refused", player.player_id, "wrong_password")
    # By registering, then as asked; one that names nobody is in nobody's history.
    assert told == [opened, opened, refused, opened]
