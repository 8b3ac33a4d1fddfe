"""Feeds as staff see them: who is believed, what was not done, and what becomes of it."""

from __future__ import annotations

from integration.api.desk import Desk
from integration.feeds.world import EVENT_ID, World
from unit.feeds.said import FEED, odds_change, one_x_two


async def test_staff_see_producers_and_what_was_not_done_and_decide_on_it(desk: Desk) -> None:
    world = World(database=desk.database)
    await world.come_up(1)
    await world.send(odds_change(one_x_two(), at=world.ms, event="sr:match:404"), b"\xff<no/>")

    producers = await desk.client.ask("GET", "/v1/staff/feeds", token=desk.staff)
    shown = {item["producer"]: (item["up"], item["why"]) for item in producers.json()["producers"]}
    assert shown == {"uof:1": (True, "recovered"), "uof:3": (False, "started")}

    page = await desk.client.ask("GET", "/v1/staff/feeds/parked?limit=1", token=desk.staff)
    (first,) = page.json()["parked"]
    rest = await desk.client.ask(
        "GET", f"/v1/staff/feeds/parked?after={page.json()['next_after']}", token=desk.staff
    )
    (second,) = rest.json()["parked"]
    by_reason = {item["reason"]: item for item in (first, second)}
    assert by_reason.keys() == {"unknown_event", "not_xml"}
    assert by_reason["not_xml"]["message"] == "\\xff<no/>"

    place = f"/v1/staff/feeds/parked/{by_reason['not_xml']['parked_id']}/decision"
    for _ in range(2):
        answer = await desk.client.ask(
            "POST", place, token=desk.staff, body={"decision": "dismiss"}
        )
        assert (answer.status, answer.json()["state"]) == (200, "dismissed")
    again = await desk.client.ask("POST", place, token=desk.staff, body={"decision": "retry"})
    assert again.json()["state"] == "dismissed"


async def test_staff_say_which_event_is_which(desk: Desk) -> None:
    world = World(database=desk.database)
    await world.come_up(1)
    await world.send(odds_change(one_x_two(), at=world.ms))
    body = {"feed": FEED, "foreign_id": "sr:match:again", "event_id": EVENT_ID}

    answer = await desk.client.ask("POST", "/v1/staff/feeds/links", token=desk.staff, body=body)
    await world.send(odds_change(one_x_two(home="2.2"), at=world.ms + 1, event="sr:match:again"))

    assert (answer.status, answer.json()) == (200, body)
    assert (await world.prices())["home"] == "11/5"
    unknown = await desk.client.ask(
        "POST",
        "/v1/staff/feeds/links",
        token=desk.staff,
        body={**body, "event_id": "00000000-0000-7000-8000-000000000001"},
    )
    assert (unknown.status, unknown.json()["errors"][0]["field"]) == (422, "event_id")
