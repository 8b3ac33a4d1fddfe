"""A player closes the account, is kept for as long as the licence says, and then is forgotten."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody, event_id, news, selection_id, slip
from pitboss import messages
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import SHARDS_ALL
from pitboss.messages.model import NO_HASH
from pitboss.messages.rules import leaf_hash
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus

BASIS = {"basis": "gdpr_17_1_a"}
CLOSED = {"status": "closed", "reason": "player_asked"}
FIVE_YEARS = timedelta(days=5 * 366)


def ask(desk: Desk, player: Somebody, door: str, body: Any, *, key: str | None = None) -> Any:
    path = f"/v1/staff/players/{player.player_id}/{door}"
    return desk.client.ask("POST", path, token=desk.staff, key=key, body=body)


async def erase(desk: Desk, player: Somebody) -> Answer:
    answer: Answer = await ask(desk, player, "erasure", BASIS)
    return answer


async def close(desk: Desk, player: Somebody) -> None:
    answer = await ask(desk, player, "status", CLOSED, key=desk.key())
    assert answer.json() == {"player_id": player.player_id, "status": "closed"}


async def log_in(desk: Desk, player: Somebody) -> Answer:
    body = {"email": player.email, "password": PASSWORD}
    return await desk.client.ask("POST", "/v1/sessions", body=body)


async def withdraw(desk: Desk, player: Somebody, amount: str) -> dict[str, Any]:
    answer = await desk.client.ask(
        "POST",
        "/v1/withdrawals",
        token=player.token,
        key=desk.key(),
        body={"amount": amount, "currency": "EUR"},
    )
    said: dict[str, Any] = answer.json()
    return said


async def facts(desk: Desk) -> list[bytes]:
    """Return every fact, after checking that each shard's chain holds."""
    found: list[bytes] = []
    async with desk.database.reading() as tx:
        for shard in SHARDS_ALL:
            before = NO_HASH
            for fact in await messages.read_facts(tx, shard, after_seq=0):
                assert msgspec.json.decode(fact.body)["prev"] == before.hex()
                before = leaf_hash(fact.body)
                found.append(fact.body)
    return found


async def test_a_player_is_forgotten_when_nothing_stands_between_us_any_more(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="10.00")
    placed = await desk.place(player, slip(selection_id("cup"), stake="4.00"))

    refused = [(await erase(desk, player)).slug]
    await desk.process()
    await close(desk, player)
    refused.append((await erase(desk, player)).slug)
    result = {"event_id": event_id("cup"), "home": 0, "away": 1}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body={"results": [result]})
    await desk.process()
    refused.append((await erase(desk, player)).slug)
    # The account is closed and its sessions are over, but who has money in it is let in for it.
    player = replace(player, token=(await log_in(desk, player)).json()["token"])
    payment = await withdraw(desk, player, "6.00")
    refused.append((await erase(desk, player)).slug)
    await desk.tell(news(payment))
    refused.append((await erase(desk, player)).slug)
    desk.clock.advance(FIVE_YEARS)
    answer = await erase(desk, player)
    again = await erase(desk, player)

    assert placed.status == 202
    assert refused == [
        "account_not_closed",
        "money_held",
        "money_left",
        "payment_open",
        "retention_not_over",
    ]
    assert answer.status == 200
    assert answer.json()["repeated"] is False
    assert again.json() == answer.json() | {"repeated": True}


async def forgotten(desk: Desk) -> Somebody:
    """Return somebody who has played, has gone, and was erased."""
    player = await desk.player()
    await close(desk, player)
    desk.clock.advance(FIVE_YEARS)
    assert (await erase(desk, player)).status == 200
    return player


async def test_who_is_forgotten_cannot_log_in_and_keeps_a_status(desk: Desk) -> None:
    player = await forgotten(desk)

    login = await log_in(desk, player)
    looked = await ask(desk, player, "personal-data", {"purpose": "support", "paths": ["/email"]})

    assert login.slug == "login_failed"
    assert (looked.status, looked.slug) == (410, "subject_erased")
    answer = await desk.client.ask("GET", "/v1/me", token=player.token)
    assert answer.status == 401
    async with desk.database.reading() as tx:
        kept = await identity.get_player(tx, PlayerId(player.player_id))
    assert kept.status is PlayerStatus.CLOSED


async def test_the_address_of_who_is_forgotten_is_free(desk: Desk) -> None:
    player = await forgotten(desk)

    async with desk.database.reading() as tx:
        rows = await tx.fetch("SELECT request_digest FROM player_registration")
        logins = await tx.fetch("SELECT 1 FROM player_login")

    assert [row[0] for row in rows] == [None]
    assert logins == []
    body = {
        "email": player.email,
        "password": PASSWORD,
        "name": "Ann Example",
        "date_of_birth": "1990-02-28",
        "jurisdiction": "demo",
        "currency": "EUR",
    }
    answer = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)
    assert answer.status == 201
    assert answer.json()["player_id"] != player.player_id


async def test_facts_stay_as_they_are_and_hold_together(desk: Desk) -> None:
    player = await desk.player(amount="5.00")
    before = await facts(desk)
    payment = await withdraw(desk, player, "5.00")
    await desk.tell(news(payment))
    await close(desk, player)
    desk.clock.advance(FIVE_YEARS)

    assert (await erase(desk, player)).status == 200

    after = await facts(desk)
    assert set(before) <= set(after)
    assert b"example" not in b"".join(after).lower()
    assert b"subject.erased" in b"".join(after)


async def test_a_refused_erasure_is_told_with_its_reason(desk: Desk) -> None:
    player = await desk.player()

    await erase(desk, player)

    (data,) = [
        fact["data"]
        for fact in map(msgspec.json.decode, await facts(desk))
        if fact["data"]["type"] == "player.erasure_refused"
    ]
    assert (data["reason"], data["basis"]) == ("account_not_closed", BASIS["basis"])


async def test_staff_sees_who_a_player_is_and_can_prove_it(desk: Desk) -> None:
    player = await desk.player()
    wanted = {"purpose": "dispute", "paths": ["/born_on", "/email", "/given_name"]}

    seen = await ask(desk, player, "personal-data", wanted)
    opened = (await ask(desk, player, "disclosure", wanted)).json()["opened"]

    assert seen.json()["values"] == {
        "/born_on": "1990-02-28",
        "/email": player.email,
        "/given_name": "Ann",
    }
    registered = next(
        fact["data"]["pd"]
        for fact in map(msgspec.json.decode, await facts(desk))
        if fact["data"]["type"] == "player.registered"
    )
    for item in opened:
        plain = bytes.fromhex(item["salt"]) + msgspec.json.encode(item["value"])
        assert hashlib.sha256(plain).hexdigest() == registered[item["path"]]


async def test_a_player_may_not_do_what_staff_may(desk: Desk) -> None:
    player = await desk.player()

    for door, body in (("erasure", BASIS), ("personal-data", {}), ("disclosure", {})):
        path = f"/v1/staff/players/{player.player_id}/{door}"
        answer = await desk.client.ask("POST", path, token=player.token, body=body)
        assert answer.status == 403
