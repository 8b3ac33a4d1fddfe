"""A bet from its slip to its returns, and who may look at it, over the API alone."""

from __future__ import annotations

from integration.api.desk import Desk, event_id, new_event, news, selection_id, slip


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


async def test_a_system_is_staked_by_line_and_shown_with_what_it_may_return(desk: Desk) -> None:
    names = ("first", "second", "third")
    for name in names:
        await desk.event(name)
    player = await desk.player(amount="50.00")
    body = slip(*map(selection_id, names), stake="1.00")
    trixie = {**body, "bet_type": "trixie", "stake_on": "line"}
    placed = await desk.place(player, trixie, key="k")
    link = placed.json()["links"]["status"]

    again = await desk.place(player, {**body, "stake": "4.00", "bet_type": "trixie"}, key="k")
    other = await desk.place(player, {**body, "stake": "4.00"}, key="k")
    pending = await desk.look(player, link)
    await desk.process()
    accepted = await desk.look(player, link)
    ends = [{"event_id": event_id(name), "home": 2, "away": 0} for name in names]
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body={"results": ends})
    await desk.process()
    settled = await desk.look(player, link)

    # The same lines and the same stake are the same bet, however the stake was said.
    assert (again.json()["bet_id"], other.slug) == (
        placed.json()["bet_id"],
        "idempotency_key_reused",
    )
    for bet in (pending, accepted, settled):
        assert (bet["bet_type"], bet["stake"], bet["lines_count"]) == ("trixie", "4.00", 4)
        assert bet["lines"] == [{"legs": [0, 1, 2], "sizes": [2, 3], "bankers": []}]
    assert (pending["returns_max"], accepted["returns_max"]) == (None, "34.37")
    assert (settled["state"], settled["returns"]) == ("settled", "34.37")
    assert (await desk.look(player, "/v1/me/wallet"))["available"] == "80.37"


async def test_an_each_way_bet_is_shown_with_the_terms_that_it_keeps(desk: Desk) -> None:
    event = new_event("race")
    event["markets"][0]["place_terms"] = {"places": 2, "fraction": "1/5"}
    opened = {"events": [event]}
    await desk.client.ask("POST", "/v1/staff/events", token=desk.staff, body=opened)
    player = await desk.player(amount="50.00")
    body = {**slip(selection_id("race"), stake="5.00"), "parts": "each_way", "stake_on": "line"}
    placed = await desk.place(player, body)
    await desk.process()

    bet = await desk.look(player, placed.json()["links"]["status"])
    shown = await desk.look(player, f"/v1/events/{event_id('race')}")

    assert (bet["state"], bet["parts"], bet["stake"]) == ("accepted", "each_way", "10.00")
    assert (bet["legs"][0]["places"], bet["legs"][0]["place_fraction"]) == (2, "1/5")
    # Five at 2.5, and five at 1 + 1.5 / 5.
    assert bet["returns_max"] == "19.00"
    terms = [market["place_terms"] for market in shown["markets"] if market["place_terms"]]
    assert terms == [{"places": 2, "fraction": "1/5"}]


async def test_a_free_bet_is_given_shown_used_and_gone(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="1.00")
    path = f"/v1/staff/players/{player.player_id}/free-bets"
    body = {"stake": "5.00", "currency": "EUR", "expires_at": "2030-01-01T00:00:00Z"}
    given = [
        await desk.client.ask("POST", path, token=desk.staff, key="k", body=wanted)
        for wanted in (body, body, {**body, "stake": "6.00"})
    ]
    (mine,) = (await desk.look(player, "/v1/me/free-bets"))["free_bets"]

    slip_of_it = {**slip(selection_id("final"), stake="5.00"), "free_bet": mine["free_bet"]}
    placed = await desk.place(player, slip_of_it)
    await desk.process()
    bet = await desk.look(player, placed.json()["links"]["status"])

    assert [answer.status for answer in given] == [200, 200, 409]
    assert [answer.json()["changed"] for answer in given[:2]] == [True, False]
    assert (mine["stake"], mine["currency"]) == ("5.00", "EUR")
    # Five at 2.50, without the five.
    assert (bet["state"], bet["free_bet"]) == ("accepted", mine["free_bet"])
    assert bet["returns_max"] == "7.50"
    assert (await desk.look(player, "/v1/me/free-bets"))["free_bets"] == []
    assert (await desk.look(player, "/v1/me/wallet"))["held"] == "0.00"
