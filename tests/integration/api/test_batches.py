"""Up to five hundred bets in one request: each is answered as a request of its own would be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, selection_id, slip
from integration.api.rows import count_rows
from pitboss.kernel.ids import derived_id

HOME = selection_id("cup")
NOWHERE = derived_id("no such thing")


@pytest.fixture
async def player(desk: Desk) -> Somebody:
    """Give a player, and an event to bet on."""
    await desk.event("cup")
    return await desk.player(amount="100.00")


def keyed(key: str, *selections: str, **changed: Any) -> dict[str, Any]:
    """Return a bet of a batch."""
    return {**slip(*(selections or (HOME,))), "key": key, **changed}


async def send(desk: Desk, player: Somebody, bets: list[Any]) -> Answer:
    """Send a batch."""
    return await desk.client.ask(
        "POST", "/v1/bets/batch", token=player.token, raw=msgspec.json.encode({"bets": bets})
    )


async def test_five_hundred_bets_are_answered_in_order(desk: Desk, player: Somebody) -> None:
    bets = [keyed(str(number), stake=f"0.{number % 90 + 10}") for number in range(500)]

    answer = await send(desk, player, bets)
    again = await send(desk, player, bets[::-1])
    await desk.process()

    assert answer.status == 200
    answers = answer.json()["answers"]
    assert [item["status"] for item in answers] == [202] * 500
    assert again.json()["answers"] == answers[::-1]
    seen = [
        (await desk.look(player, answers[number]["links"]["status"]))["stake"]
        for number in (0, 1, 250, 499)
    ]
    assert seen == ["0.10", "0.11", "0.80", "0.59"]
    assert (await count_rows(desk.database))["bet"] == 500


@pytest.mark.parametrize("count", [0, 501])
async def test_no_bets_and_too_many_are_refused_as_a_whole(
    desk: Desk, player: Somebody, count: int
) -> None:
    before = await count_rows(desk.database)

    answer = await send(desk, player, [keyed(str(number)) for number in range(count)])

    assert (answer.status, answer.fields) == (422, ["bets"])
    assert await count_rows(desk.database) == before


async def test_one_refusal_stops_nobody_else(desk: Desk, player: Somebody) -> None:
    bets = [
        keyed("a"),
        "not a bet",
        keyed("b", NOWHERE),
        keyed("c", stake="-1"),
        keyed("a b"),
        keyed("d", legs=[{"selection_id": HOME, "tick": 9}]),
        keyed("a", stake="7.00"),
        keyed("a"),
        keyed("e"),
    ]

    answer = await send(desk, player, bets)

    answers = answer.json()["answers"]
    assert [item["status"] for item in answers] == [202, 422, 422, 422, 422, 409, 409, 202, 202]
    assert [item["problem"]["errors"][0]["field"] for item in answers if "problem" in item] == [
        "body",
        "legs[0].selection_id",
        "stake",
        "key",
        "legs[0].tick",
        "Idempotency-Key",
    ]
    assert answers[0]["bet_id"] == answers[7]["bet_id"] != answers[8]["bet_id"]
    assert (await count_rows(desk.database))["command"] == 2


async def test_a_key_in_a_batch_is_the_key_of_a_request(desk: Desk, player: Somebody) -> None:
    alone = await desk.place(player, slip(HOME), key="one")
    batch = await send(desk, player, [keyed("one"), keyed("one", stake="6.00")])

    same, other = batch.json()["answers"]
    assert same["bet_id"] == alone.json()["bet_id"]
    assert other["problem"]["type"] == "urn:pitboss:problem:idempotency_key_reused"


async def test_what_is_behind_by_too_much_takes_no_more(desk: Desk, player: Somebody) -> None:
    behind = desk.twin(backlog_max=3)
    bets = [keyed(str(number)) for number in range(3)]

    taken = await send(behind, player, bets)
    later = desk.twin(backlog_max=3)
    refused = await later.place(player, slip(HOME))
    batch = await send(later, player, bets)
    await desk.process()
    free = desk.twin(backlog_max=3)
    open_again = await free.place(player, slip(HOME))

    assert [item["status"] for item in taken.json()["answers"]] == [202] * 3
    assert [(answer.status, answer.slug) for answer in (refused, batch)] == [
        (503, "backlog_full"),
    ] * 2
    assert refused.problem["backlog_waiting"] == 3
    assert refused.headers["retry-after"] == "1"
    assert open_again.status == 202
