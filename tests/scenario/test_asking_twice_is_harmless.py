"""A player whose connection breaks asks again, and nothing is done twice."""

from __future__ import annotations

import asyncio

from scenario.hands import PASSWORD, House


async def test_a_bet_that_is_asked_for_by_many_at_once_is_one_bet(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")

    answers = await asyncio.gather(
        *(player.bet("30.00", event.selection("home"), key="one") for _ in range(32))
    )
    await player.until(answers[0].json()["links"]["status"], state="accepted")

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert await player.money() == ("50.00", "30.00")


async def test_a_key_for_another_bet_is_refused_even_after_the_first_was_settled(
    house: House,
) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")
    first = await player.bet("10.00", event.selection("home"), key="one")
    await player.until(first.json()["links"]["status"], state="accepted")
    await house.result(event, 1, 0)
    await player.until(first.json()["links"]["status"], state="settled")

    same = await player.bet("10.00", event.selection("home"), key="one")
    other = await player.bet("11.00", event.selection("home"), key="one")

    assert (same.status_code, same.json()) == (202, first.json())
    assert other.status_code == 409
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await player.money() == ("65.00", "0.00")


async def test_who_registers_again_under_the_same_key_is_let_in(house: House) -> None:
    body = {
        "email": "once@example.test",
        "password": PASSWORD,
        "name": "Ann Example",
        "date_of_birth": "1990-02-28",
        "jurisdiction": "demo",
        "currency": "EUR",
    }

    first, again = [
        await house.client.post("/v1/players", json=body, headers={"Idempotency-Key": "reg"})
        for _ in range(2)
    ]
    session = await house.client.post(
        "/v1/sessions", json={"email": "ONCE@example.test", "password": PASSWORD}
    )

    assert (first.status_code, again.status_code, session.status_code) == (201, 201, 201)
    ids = {answer.json()["player_id"] for answer in (first, again, session)}
    assert len(ids) == 1


async def test_five_hundred_bets_in_one_request_are_decided_each_by_itself(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="100.00")
    leg = {"selection_id": event.selection("home"), "tick": 1}
    bets = [
        {"key": f"b{number}", "currency": "EUR", "stake": "0.25", "legs": [leg], "again": True}
        for number in range(500)
    ]

    answer = await player.ask("/v1/bets/batch", {"bets": bets})
    paths = [item["links"]["status"] for item in answer.json()["answers"]]
    # One lane of the log: when the last is decided, all are.
    last = await player.look(paths[-1])
    while last["state"] == "pending":
        last = await player.look(paths[-1])
    states = [(await player.look(paths[place]))["state"] for place in (0, 399, 400, 499)]

    assert answer.status_code == 200
    assert states == ["accepted", "accepted", "refused", "refused"]
    assert await player.money() == ("100.00", "100.00")
