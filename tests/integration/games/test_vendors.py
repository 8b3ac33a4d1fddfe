"""Promises about vendors behind Valkyrie: what each looks up and promises is its own."""

from __future__ import annotations

from typing import Any

import pytest

from integration.games.table import BASE, lay
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.conformance.model import Move, Wrong
from pitboss.conformance.valkyrie import ValkyrieSpeaker
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.kernel.ids import PlayerId

KEY = "a key of an aggregator"
MOVES = ("bet", "win")


@pytest.mark.parametrize("name", ["b\x00", "b 1", "x" * 256, "b\u00e9"], ids=ascii)
@pytest.mark.parametrize("field", ["providerTransactionId", "providerBetRef"])
async def test_what_can_be_no_id_is_found_by_nobody_and_breaks_nothing(
    database: Database, field: str, name: str
) -> None:
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/book")
    _, account = await table.account()

    answer = await table.http.get(
        f"{BASE}/players/{account.player}/transactions",
        params={"provider": "kit"} | {field: name},
        headers={"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""},
    )

    assert (answer.status_code, answer.json()) == (200, {"status": "OK", "transactions": []})


async def test_promotions_of_two_vendors_are_two_rounds(database: Database) -> None:
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/book")
    _, account = await table.account()
    for vendor in ("kit", "other"):
        win = {
            "currency": "EUR",
            "provider": vendor,
            "transactionType": "PROMODEPOSIT",
            "cashAmount": 1,
            "bonusAmount": 0,
            "promoAmount": 0,
            "transactionDateTime": "2026-11-27T12:00:00Z",
            "providerTransactionId": "p1",
        }
        paid = await table.http.post(
            f"{BASE}/players/{account.player}/transactions",
            params={"provider": vendor},
            headers={"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""},
            json=win,
        )
        assert paid.json()["status"] == "OK"

    async with database.reading() as tx:
        found = await rounds.find_rounds(tx, PlayerId(account.player))

    assert [item.won_micros for item in found] == [1_000_000] * 2


async def test_a_cancel_that_is_answered_as_not_found_does_not_keep_the_rounds_win_out(
    database: Database,
) -> None:
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/book")
    _, account = await table.account()
    talk = ValkyrieSpeaker(table.http, BASE, KEY.encode(), "book")
    await talk.play(account, "r1", Move(kind="bet", id="b1", amount="2"))

    undo = Move(kind="rollback", id="u2", original="b2")
    undone = await talk.play(account, "r1", undo, closes=True)
    paid = await talk.play(account, "r1", Move(kind="win", id="w1", original="b1", amount="5"))

    assert undone.wrong is Wrong.NOT_FOUND
    assert paid.ok
    assert paid.balance == 203


async def test_a_session_tells_the_whole_of_its_games_name(database: Database) -> None:
    # A vendor may have what it likes in the names of its tables.
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/live/7")
    _, account = await table.account()

    answer = await table.http.get(
        f"{BASE}/players/session",
        params={"provider": "kit"},
        headers={"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""},
    )

    assert answer.json()["session"]["gameId"] == "live/7"


async def test_a_cancel_is_of_the_game_and_the_round_that_its_stake_was_of(
    database: Database,
) -> None:
    table = await lay(database, Valkyrie("acme", [KEY]), game="kit/book")
    _, account = await table.account()
    talk = ValkyrieSpeaker(table.http, BASE, KEY.encode(), "book")
    await talk.play(account, "r1", Move(kind="bet", id="b1", amount="2"))
    undo = Move(kind="rollback", id="u1", original="b1")
    undone = await talk.play(account, "r2", undo, providerGameId="elsewhere")

    found = await talk.look_up(account, "u1")

    assert undone.ok
    assert undone.balance == 200
    assert found is not None
    assert found["providerGameId"] == "book"


@pytest.mark.parametrize("path", ["/players//transactions", "/players/transactions"])
async def test_a_rollback_that_names_no_player_is_of_whose_token_it_shows(
    database: Database, path: str
) -> None:
    # Caleta's rollbacks need not name one, and then the aggregator has none for the address.
    table = await lay(database, Valkyrie("acme", [KEY], recon="recon"), game="kit/book")
    _, account = await table.account()
    talk = ValkyrieSpeaker(table.http, BASE, KEY.encode(), "book")
    await talk.play(account, "r1", Move(kind="bet", id="b1", amount="2"))

    async def ask(move: Move, token: str | None = account.token) -> dict[str, Any]:
        _, body = talk.written(account, "r1", move)
        answer = await table.http.post(
            BASE + path,
            params={"provider": "kit"},
            headers={"authorization": f"Bearer {KEY}", "x-player-token": token or ""},
            json=body,
        )
        return dict(answer.json())

    undo = Move(kind="rollback", id="u1", original="b1")
    nobodys = [await ask(undo, token) for token in ("recon", "0" * 34, "")]
    others = [await ask(Move(kind=kind, id="x1", amount="1", original="b1")) for kind in MOVES]
    undone = await ask(undo)

    assert {item["error"]["code"] for item in nobodys} == {"PAM_ERR_SESSION_NOT_FOUND"}
    assert {item["error"]["code"] for item in others} == {"PAM_ERR_PLAYER_NOT_FOUND"}
    assert undone["status"] == "OK", undone
    assert (await talk.balance(account)).balance == 200
