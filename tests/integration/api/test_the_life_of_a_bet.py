"""A bet from its slip to its returns, and who may look at it, over the API alone."""

from __future__ import annotations

from integration.api.desk import Desk, event_id, news, selection_id, slip


async def test_a_won_bet_pays_its_returns(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    placed = await desk.place(player, slip(selection_id("final"), stake="10.00"))

    pending = await desk.look(player, placed.json()["links"]["status"])
    await desk.process()
    accepted = await desk.look(player, placed.json()["links"]["status"])
    await desk.client.ask(
        "POST",
        "/v1/staff/results",
        token=desk.staff,
        body={"results": [{"event_id": event_id("final"), "home": 2, "away": 0}]},
    )
    await desk.process()
    settled = await desk.look(player, placed.json()["links"]["status"])

    assert placed.status == 202
    assert [pending["state"], accepted["state"], settled["state"]] == [
        "pending",
        "accepted",
        "settled",
    ]
    assert settled["returns"] == "25.00"
    assert (await desk.look(player, "/v1/me/wallet"))["available"] == "65.00"
    statement = await desk.look(player, "/v1/me/statement")
    assert [entry["movement"] for entry in statement["entries"]] == ["25.00", "-10.00", "50.00"]


async def test_a_refused_bet_says_why_and_holds_nothing(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="5.00")
    placed = await desk.place(player, slip(selection_id("final"), stake="5.01"))

    await desk.process()

    bet = await desk.look(player, placed.json()["links"]["status"])
    assert (bet["state"], bet["refusal"]) == ("refused", "insufficient_funds")
    assert bet["legs"][0]["selection_id"] == selection_id("final")
    assert (await desk.look(player, "/v1/me/wallet"))["held"] == "0.00"


async def test_nobody_sees_what_is_somebody_elses(desk: Desk) -> None:
    await desk.event("final")
    ann, bob = await desk.player(amount="50.00"), await desk.player()
    bet = (await desk.place(ann, slip(selection_id("final")))).json()["links"]["status"]
    payment = (await desk.deposit(ann, "7.00")).json()

    before = [await desk.client.ask("GET", bet, token=bob.token)]
    await desk.process()
    after = [
        await desk.client.ask("GET", path, token=bob.token)
        for path in (
            bet,
            payment["links"]["status"],
            f"/v1/payments?before={payment['payment_id']}",
        )
    ]

    assert [answer.slug for answer in before + after] == ["not_found"] * 4
    assert (await desk.look(bob, "/v1/payments"))["payments"] == []
    assert (await desk.look(bob, "/v1/me/wallet"))["posted"] == "0.00"
    assert (await desk.look(bob, "/v1/me/statement"))["entries"] == []
    assert (await desk.look(bob, "/v1/me"))["player_id"] == bob.player_id


async def test_one_key_serves_two_players_as_two_keys(desk: Desk) -> None:
    await desk.event("final")
    ann, bob = await desk.player(), await desk.player()
    body = slip(selection_id("final"))

    first = await desk.place(ann, body, key="the same")
    second = await desk.place(bob, body, key="the same")

    assert (first.status, second.status) == (400, 400)
    first = await desk.place(ann, body, key="same")
    second = await desk.place(bob, body, key="same")
    assert (first.status, second.status) == (202, 202)
    assert first.json()["bet_id"] != second.json()["bet_id"]


async def test_a_withdrawal_holds_until_it_is_paid(desk: Desk) -> None:
    player = await desk.player(amount="50.00")
    body = {"amount": "20.00", "currency": "EUR"}
    answer = await desk.client.ask(
        "POST", "/v1/withdrawals", token=player.token, key="w", body=body
    )

    held = await desk.look(player, "/v1/me/wallet")
    told = await desk.tell(news(answer.json()))

    assert answer.status == 202
    assert (held["held"], held["available"]) == ("20.00", "30.00")
    assert told.json()["believed"]
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "30.00"
