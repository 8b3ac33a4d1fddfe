"""Promises about the providers' calls over HTTP: who is let in, and what they are told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from integration.games.table import BASE, Table, lay
from integration.games.test_conformance import private_pem, public_pem
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.launching import (
    Hub88Launcher,
    SoftSwissLauncher,
    ValkyrieLauncher,
)
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.api import bodies
from pitboss.api.providers import Pace
from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Account, Move, Wrong
from pitboss.conformance.softswiss import SoftSwissSpeaker
from pitboss.conformance.valkyrie import ValkyrieSpeaker
from pitboss.db import Database, Transaction
from pitboss.games.rounds import store
from pitboss.games.rounds.model import Round
from pitboss.games.rounds.ports import Launcher
from unit.protocols.keys import PAIR

SECRET = b"a secret of a studio"
KEY = "a key of an aggregator"


@pytest.fixture
async def table(database: Database) -> Table:
    return await lay(database, SoftSwiss("acme", [SECRET]))


def speaker(table: Table, secret: bytes = SECRET) -> SoftSwissSpeaker:
    return SoftSwissSpeaker(table.http, BASE, secret, "book")


async def test_who_is_no_provider_is_not_there(table: Table) -> None:
    answer = await table.http.post("http://wallet.test/v1/providers/nobody/balance", content=b"{}")

    assert answer.status_code == 404


async def test_a_secret_that_was_rotated_out_counts_no_more(database: Database) -> None:
    table = await lay(database, SoftSwiss("acme", [b"newest", b"older"]))
    account, _ = await table.account()

    said = [await speaker(table, key).balance(account) for key in (b"newest", b"older", b"oldest")]

    assert [item.ok for item in said] == [True, True, False]
    assert said[-1].wrong is Wrong.SIGNATURE


async def test_calls_from_elsewhere_and_too_many_are_refused(database: Database) -> None:
    elsewhere = await lay(
        database, SoftSwiss("acme", [SECRET]), networks=(ip_network("10.0.0.0/8"),)
    )
    account, _ = await elsewhere.account()
    refused = await speaker(elsewhere).balance(account)
    provider = elsewhere.desk.edge.providers["acme"]
    assert provider.networks
    table = await lay(database, SoftSwiss("acme", [SECRET]), calls_per_second=2)

    said = [await speaker(table).balance(account) for _ in range(4)]

    assert refused.wrong is Wrong.SIGNATURE
    assert [item.ok for item in said][:2] == [True, True]
    assert said[3].status == 500


async def test_calls_that_nobody_signed_take_nothing_of_a_providers_pace(
    database: Database,
) -> None:
    table = await lay(database, SoftSwiss("acme", [SECRET]), calls_per_second=2)
    account, _ = await table.account()

    forged = [await speaker(table, b"another").balance(account) for _ in range(10)]
    said = await speaker(table).balance(account)

    assert {item.wrong for item in forged} == {Wrong.SIGNATURE}
    assert said.ok


def test_a_pace_recovers_with_time() -> None:
    now = 0.0
    pace = Pace(10, lambda: now)

    first = [pace.take() for _ in range(12)]
    now = 0.25
    then = [pace.take() for _ in range(4)]

    assert first == [True] * 10 + [False] * 2
    assert then == [True] * 2 + [False] * 2


async def test_a_length_that_is_a_lie_is_refused(table: Table) -> None:
    account, _ = await table.account()
    body = b"{" + b" " * 70_000
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()

    async def pieces() -> Any:
        for at in range(0, len(body), 10_000):
            yield body[at : at + 10_000]

    answer = await table.http.post(
        f"{BASE}/balance", content=pieces(), headers={"x-request-sign": signature}
    )

    assert answer.status_code == 400
    assert account.player


async def test_a_call_that_does_not_come_whole_may_be_made_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "WANTED_SECONDS_MAX", 0.05)
    monkeypatch.setattr(bodies, "LOOK_SECONDS", 0.01)

    async def pieces() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    answer = await table.http.post(f"{BASE}/balance", content=pieces())

    assert answer.status_code == 500
    assert answer.json()["meta"]["api_code"] == "503"


async def test_whoever_calls_from_elsewhere_is_refused_before_their_body_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "UNWANTED_SECONDS_MAX", 0.05)
    monkeypatch.setattr(bodies, "LOOK_SECONDS", 0.01)
    elsewhere = await lay(
        database, SoftSwiss("acme", [SECRET]), networks=(ip_network("10.0.0.0/8"),)
    )

    async def pieces() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    answer = await elsewhere.http.post(f"{BASE}/balance", content=pieces())

    assert (answer.status_code, answer.json()["meta"]["api_code"]) == (400, "403")


async def test_a_round_is_over_when_the_studio_says_so_without_naming_the_game(
    table: Table,
) -> None:
    # As published: /finish is the one call that has no game_id.
    account, _ = await table.account()
    await speaker(table).play(account, "r1", Move(kind="bet", id="b1", amount="1"))
    body = json.dumps({"account_id": account.player, "currency": "EUR", "round_id": "r1"}).encode()
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()

    said = [
        await table.http.post(f"{BASE}/finish", content=body, headers={"x-request-sign": signature})
        for _ in range(2)
    ]
    late = await speaker(table).play(account, "r1", Move(kind="bet", id="b2", amount="1"))

    assert [(item.status_code, item.json()) for item in said] == [(200, {"balance": "199.00"})] * 2
    assert late.wrong is Wrong.REQUEST


async def test_a_rollback_that_takes_nothing_back_has_no_id_of_ours(table: Table) -> None:
    account, _ = await table.account()
    talk = speaker(table)
    refused = await talk.play(account, "r1", Move(kind="bet", id="b1", amount="5000"))
    await talk.play(account, "r2", Move(kind="bet", id="b2", amount="1"))
    undone = await talk.play(account, "r2", Move(kind="rollback", id="u2", original="b2"))

    said = [
        await talk.play(account, "r1", Move(kind="rollback", id=name, original=original))
        for name, original in (("u1", "b1"), ("u1", "b1"), ("u3", "b2"), ("u4", "b9"), ("u5", "b9"))
    ]
    again = await talk.play(account, "r2", Move(kind="rollback", id="u2", original="b2"))

    assert not refused.ok
    assert [item.ids for item in said] == [("",)] * 5
    assert [item.balance for item in said] == [200] * 5
    assert undone.ids == again.ids != ("",)


async def test_a_crash_in_the_middle_books_nothing_and_takes_no_neighbour_down(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [(await table.account())[0] for _ in range(4)]
    save, doomed = store.save_rounds, accounts[0].player

    async def crash(tx: Transaction, changed: Sequence[Round]) -> None:
        await save(tx, changed)
        if any(item.player_id == doomed for item in changed):
            raise RuntimeError("a secret of the house")

    monkeypatch.setattr(store, "save_rounds", crash)
    bet = Move(kind="bet", id="b1", amount="1")

    said = await asyncio.gather(*(speaker(table).play(one, "r1", bet) for one in accounts))
    monkeypatch.setattr(store, "save_rounds", save)
    before = [await speaker(table).balance(one) for one in accounts]
    again = [await speaker(table).play(one, "r1", bet) for one in accounts]

    assert [item.ok for item in said] == [False, True, True, True]
    assert (said[0].status, said[0].code) == (500, "500")
    assert b"secret" not in said[0].body
    assert [item.balance for item in before] == [200, 199, 199, 199]
    assert all(item.ok for item in again)
    assert [item.balance for item in again] == [199] * 4


async def test_another_providers_session_is_nobodys(database: Database) -> None:
    first = await lay(database, SoftSwiss("acme", [SECRET]))
    account, _ = await first.account()
    second = await lay(database, SoftSwiss("other", [SECRET]))
    said = await speaker(second).play(account, "r1", Move(kind="bet", id="b1", amount="1"))

    assert not said.ok


async def test_valkyrie_tells_sessions_transactions_and_rounds(database: Database) -> None:
    table = await lay(database, Valkyrie("acme", [KEY], recon="recon"), game="kit/book")
    _, account = await table.account()
    talk = ValkyrieSpeaker(table.http, BASE, KEY.encode(), "book")

    async def see(path: str, token: str | None = account.token, **query: str) -> httpx.Response:
        return await table.http.get(
            BASE + path,
            params={"provider": "kit", **query},
            headers={"authorization": f"Bearer {KEY}", "x-player-token": token or ""},
        )

    session = (await see("/players/session")).json()["session"]
    await talk.play(account, "r1", Move(kind="bet", id="b1", amount="2"))
    own = f"/players/{account.player}"
    by_id = (await see(f"{own}/transactions", providerTransactionId="b1")).json()
    open_round = (await see(f"{own}/gamerounds/r1")).json()["gameround"]
    recon = Account(player=account.player, currency="EUR", token="recon")
    stake = await talk.play(recon, "r2", Move(kind="bet", id="b2", amount="1"))
    paid = await talk.play(
        recon, "r1", Move(kind="win", id="w1", original="b1", amount="3"), closes=True
    )
    by_ref = (await see(f"{own}/transactions", token="recon", providerBetRef="ref-b1")).json()[
        "transactions"
    ]
    closed = (await see(f"{own}/gamerounds/r1")).json()["gameround"]

    assert (session["playerId"], session["gameId"]) == (account.player, "book")
    (booked,) = by_id["transactions"]
    assert (booked["transactionType"], booked["cashAmount"]) == ("WITHDRAW", 2)
    assert "endTime" not in open_round
    assert "endTime" in closed
    assert not stake.ok
    assert paid.ok
    assert {item["transactionType"] for item in by_ref} == {"WITHDRAW", "DEPOSIT"}
    assert (await see(f"{own}/transactions")).status_code == 400
    assert (await see(f"{own}/gamerounds/r9")).status_code == 404
    assert (await see("/players/session", token="0" * 34)).status_code == 401
    nowhere = await table.http.get(
        f"{BASE}/players/session", headers={"authorization": f"Bearer {KEY}"}
    )
    assert nowhere.json()["error"]["code"] == "PAM_ERR_MISSING_PROVIDER"


async def test_who_asks_for_the_session_before_each_win_is_told_of_one_that_stakes_no_more(
    database: Database,
) -> None:
    # As the aggregator does for Caleta: without a session it asks for no win and no rollback.
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/book")
    _, account = await table.account()
    talk = ValkyrieSpeaker(table.http, BASE, KEY.encode(), "book")
    headers = {"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""}
    await talk.play(account, "r1", Move(kind="bet", id="b1", amount="2"))
    await talk.play(account, "r2", Move(kind="bet", id="b2", amount="1"))
    await talk.rotate(account)

    session = await table.http.get(
        f"{BASE}/players/session", params={"provider": "kit"}, headers=headers
    )
    won = Move(kind="win", id="w1", original="b1", amount="3")
    paid = await talk.play(account, "r1", won)
    undone = await talk.play(account, "r2", Move(kind="rollback", id="u2", original="b2"))
    staked = await talk.play(account, "r3", Move(kind="bet", id="b3", amount="1"))

    assert session.json()["session"]["playerId"] == account.player, session.content
    assert (paid.ok, undone.ok, staked.ok) == (True, True, False)
    assert staked.wrong is Wrong.TOKEN


async def test_nothing_is_booked_whose_answer_could_not_be_written(database: Database) -> None:
    table = await lay(database, Hub88("acme", [public_pem(PAIR)]))
    _, account = await table.account()
    talk = Hub88Speaker(table.http, BASE, private_pem(PAIR), "book")
    path, body = talk.written(account, "r1", Move(kind="bet", id="b1", amount=Decimal(1)))

    # Half of a pair: JSON may have it, and no UTF-8 does.
    said = await talk.send(path, json.dumps(body | {"request_uuid": "\ud800"}).encode())
    after = await talk.balance(account)

    assert said.code == "RS_ERROR_WRONG_TYPES"
    assert after.balance == 200


async def test_a_supplier_may_have_names_of_its_own_for_players(database: Database) -> None:
    # As Hub88 sends it: `user` is ours, and `supplier_user` what the supplier made of it.
    table = await lay(database, Hub88("acme", [public_pem(PAIR)]))
    _, account = await table.account()
    talk = Hub88Speaker(table.http, BASE, private_pem(PAIR), "book")
    path, body = talk.written(account, "r1", Move(kind="bet", id="b1", amount=Decimal(1)))

    said = await talk.send(path, json.dumps(body | {"supplier_user": "hub88_john"}).encode())

    assert said.code == "RS_OK"
    assert said.balance == 199


async def test_who_a_player_is_may_be_asked_without_a_token(database: Database) -> None:
    table = await lay(database, Hub88("acme", [public_pem(PAIR)]))
    _, account = await table.account()
    talk = Hub88Speaker(table.http, BASE, private_pem(PAIR), "book")

    said = [
        await talk.send("/user/info", json.dumps({"user": user, "request_uuid": "u1"}).encode())
        for user in (account.player, "john12345")
    ]

    # The demo licence is of no country, so none is told.
    assert json.loads(said[0].body) == {
        "status": "RS_OK",
        "request_uuid": "u1",
        "user": account.player,
    }
    assert said[1].code == "RS_ERROR_INVALID_TOKEN"


async def test_a_vendor_may_have_a_space_in_its_name(database: Database) -> None:
    # As the aggregator's own constant for one of its three vendors has: `Red Tiger`.
    table = await lay(database, Valkyrie("acme", [KEY]), game="RedTiger/book")
    _, account = await table.account()
    headers = {"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""}
    vendor, own = {"provider": "Red Tiger"}, f"{BASE}/players/{account.player}"
    bet = {
        "currency": "EUR",
        "provider": "Red Tiger",
        "transactionType": "WITHDRAW",
        "cashAmount": 1,
        "bonusAmount": 0,
        "promoAmount": 0,
        "transactionDateTime": "2026-11-27T12:00:00Z",
        "providerTransactionId": "b1",
        "providerGameId": "book",
        "providerRoundId": "r1",
    }

    async def see(path: str, **query: str) -> dict[str, Any]:
        answer = await table.http.get(own + path, params=vendor | query, headers=headers)
        return dict(answer.json())

    staked = await table.http.post(f"{own}/transactions", params=vendor, headers=headers, json=bet)
    (found,) = (await see("/transactions", providerTransactionId="b1"))["transactions"]
    round_ = (await see("/gamerounds/r1"))["gameround"]

    assert staked.json()["status"] == "OK", staked.content
    assert {name: found[name] for name in ("provider", "providerTransactionId")} == {
        "provider": "Red Tiger",
        "providerTransactionId": "b1",
    }
    assert (found["providerGameId"], round_["providerGameId"]) == ("book", "book")
    assert round_["providerRoundId"] == "r1"


def launchers(client: httpx.AsyncClient) -> dict[str, tuple[Launcher, str]]:
    url = "https://games.example"
    return {
        "softswiss": (SoftSwissLauncher(client, url, "casino", SECRET), "launch_url"),
        "hub88": (Hub88Launcher(Hub88Calls(client, url, "7", private_pem(PAIR))), "url"),
        "valkyrie": (ValkyrieLauncher(client, url, "casino"), "gameUrl"),
    }


@pytest.mark.parametrize("protocol", ["softswiss", "hub88", "valkyrie"])
async def test_a_launch_opens_a_session_and_asks_the_provider(
    database: Database, protocol: str
) -> None:
    heard: list[httpx.Request] = []
    member = {"softswiss": "launch_url", "hub88": "url", "valkyrie": "gameUrl"}[protocol]

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, json={member: "https://games.example/play"})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    launcher, _ = launchers(client)[protocol]
    table = await lay(database, SoftSwiss("acme", [SECRET]), game="kit/book", launcher=launcher)
    player = await table.desk.player(amount="5.00")
    wish = {"provider": "acme", "game": "kit/book", "return_url": "https://lobby.example"}

    async def ask(body: dict[str, Any]) -> Any:
        return await table.desk.client.ask(
            "POST", "/v1/games/launch", token=player.token, body=body
        )

    opened = await ask(wish)
    demo = await ask({**wish, "demo": True})
    unknown = await ask({**wish, "game": "nothing"})

    assert opened.status == 201, opened.body
    assert opened.json()["url"] == "https://games.example/play"
    told = (opened.json()["rtp"], opened.json()["top_win_chance"])
    assert told == ("96.5", "1/1250000")
    assert player.player_id in heard[0].content.decode()
    assert (unknown.status, unknown.slug) == (404, "unknown_game")
    if protocol == "valkyrie":
        assert (demo.status, demo.slug) == (404, "demo_not_offered")
    else:
        assert demo.json() == {
            "url": "https://games.example/play",
            "session_id": None,
            "token": None,
            "rtp": "96.5",
            "top_win_chance": "1/1250000",
        }
        assert player.player_id not in heard[1].content.decode()
    if protocol == "hub88":
        check_signature(heard[0])
        assert json.loads(heard[1].content)["currency"] == "FUN"
    account = Account(player=player.player_id, currency="EUR", token=opened.json()["session_id"])
    staked = SoftSwissSpeaker(table.http, BASE, SECRET, "kit/book")
    said = await staked.play(account, "r1", Move(kind="bet", id="b1", amount="1"))
    assert said.ok, said.body


async def test_a_session_ends_with_its_login(table: Table) -> None:
    player = await table.desk.player(amount="5.00")
    opened = await table.desk.client.ask(
        "POST",
        "/v1/games/launch",
        token=player.token,
        body={"provider": "acme", "game": "book"},
    )
    account = Account(player=player.player_id, currency="EUR", token=opened.json()["session_id"])
    first = await speaker(table).play(account, "r1", Move(kind="bet", id="b1", amount="1"))
    left = await table.desk.client.ask("DELETE", "/v1/me/session", token=player.token)

    then = await speaker(table).play(account, "r2", Move(kind="bet", id="b2", amount="1"))
    paid = await speaker(table).play(account, "r1", Move(kind="win", id="w1", amount="2"))

    assert (first.ok, left.status, then.ok, paid.ok) == (True, 204, False, True)


async def test_a_provider_that_is_silent_opens_nothing(database: Database) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(fail))
    launcher = SoftSwissLauncher(client, "https://games.example", "casino", SECRET)
    table = await lay(database, SoftSwiss("acme", [SECRET]), launcher=launcher)
    player = await table.desk.player(amount="5.00")

    answer = await table.desk.client.ask(
        "POST", "/v1/games/launch", token=player.token, body={"provider": "acme", "game": "book"}
    )

    assert (answer.status, answer.slug) == (503, "peer_away")


def check_signature(request: httpx.Request) -> None:
    signature = base64.b64decode(request.headers["x-hub88-signature"])
    try:
        PAIR.public_key().verify(signature, request.content, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        pytest.fail("the launch is not signed")
    assert public_pem(PAIR)
