"""Promises about a provider's own words: kept with what was booked, and told again."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from integration.games.table import BASE, Table, lay
from integration.games.test_conformance import private_pem, public_pem
from integration.games.world import Games, stake, win
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Account, Move
from pitboss.db import Database
from pitboss.games.rounds.model import round_id_of
from pitboss.kernel.ids import PlayerId
from unit.protocols.keys import PAIR

KEY = "a key"
PROMO = {
    "promoType": "FREEROUNDS",
    "promoName": "Autumn",
    "promoReference": "award-7",
    "promoAmount": 3.5,
    "currency": "EUR",
}
JACKPOT = {
    "jackpotId": "grand",
    "jackpotAmount": 1,
    "jackpotBuckets": [{"bucketType": "seed", "bucketAmount": 0.25, "currency": "EUR"}],
}


@pytest.fixture
async def table(database: Database) -> Table:
    talk = Valkyrie("acme", [KEY], free_play=True)
    return await lay(database, talk, game="kit/book")


async def ask(table: Table, account: Account, kind: str, name: str, **about: Any) -> dict[str, Any]:
    """Ask for a transaction, which is done."""
    answer = await try_to(table, account, kind, name, **about)
    assert answer["status"] == "OK", answer
    return answer


async def try_to(
    table: Table, account: Account, kind: str, name: str, **about: Any
) -> dict[str, Any]:
    """Ask for a transaction."""
    body = {
        "currency": "EUR",
        "provider": "kit",
        "transactionType": kind,
        "cashAmount": 0,
        "bonusAmount": 0,
        "promoAmount": 0,
        "transactionDateTime": "2026-11-27T12:00:00Z",
        "providerTransactionId": name,
        "providerGameId": "book",
        "providerRoundId": "r1",
        **about,
    }
    answer = await table.http.post(
        f"{BASE}/players/{account.player}/transactions",
        params={"provider": "kit"},
        headers={"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""},
        json=body,
    )
    return dict(answer.json())


async def look(table: Table, account: Account, **query: str) -> list[dict[str, Any]]:
    """Look transactions up."""
    answer = await table.http.get(
        f"{BASE}/players/{account.player}/transactions",
        params={"provider": "kit", **query},
        headers={"authorization": f"Bearer {KEY}", "x-player-token": account.token or ""},
    )
    return list(answer.json()["transactions"])


async def test_a_promotion_is_looked_up_as_one(table: Table) -> None:
    _, account = await table.account()
    ref = {"providerBetRef": "ref-b1"}
    await ask(table, account, "PROMOWITHDRAW", "b1", cashAmount=2, **ref)
    await ask(table, account, "PROMODEPOSIT", "w1", cashAmount=5, **ref)
    await ask(table, account, "WITHDRAW", "b2", cashAmount=1, providerBetRef="ref-b2")
    await ask(table, account, "PROMOCANCEL", "u2", providerBetRef="ref-b2")

    by_id = [await look(table, account, providerTransactionId=name) for name in ("b1", "w1", "u2")]
    by_ref = await look(table, account, **ref)

    kinds = [item["transactionType"] for (item,) in by_id]
    assert kinds == ["PROMOWITHDRAW", "PROMODEPOSIT", "PROMOCANCEL"]
    assert [item["cashAmount"] for (item,) in by_id[:2]] == [2, 5]
    assert {item["transactionType"] for item in by_ref} == {"PROMOWITHDRAW", "PROMODEPOSIT"}


async def test_a_bet_is_looked_up_by_whatever_name_it_is_paid_by(table: Table) -> None:
    # Its vendor gave it no name of its own, and calls it by its id.
    _, account = await table.account()
    await ask(table, account, "WITHDRAW", "b1", cashAmount=2)
    await ask(table, account, "WITHDRAW", "b2", cashAmount=1, providerBetRef="ref-b2")
    staked = await look(table, account, providerBetRef="b1")
    await ask(table, account, "DEPOSIT", "w1", cashAmount=5, providerBetRef="b1")

    found = await look(table, account, providerBetRef="b1")

    assert [item["providerTransactionId"] for item in staked] == ["b1"]
    kinds = [(item["transactionType"], item["providerTransactionId"]) for item in found]
    assert sorted(kinds) == [("DEPOSIT", "w1"), ("WITHDRAW", "b1")]


async def test_a_bet_that_was_paid_by_one_name_is_looked_up_by_the_other(table: Table) -> None:
    _, account = await table.account()
    await ask(table, account, "WITHDRAW", "b1", cashAmount=2, providerBetRef="ref-b1")
    await ask(table, account, "WITHDRAW", "b2", cashAmount=1)
    await ask(table, account, "DEPOSIT", "w1", cashAmount=5, providerBetRef="ref-b1")

    found = [await look(table, account, providerBetRef=name) for name in ("b1", "ref-b1", "b2")]

    names = [sorted(item["providerTransactionId"] for item in items) for items in found]
    assert names == [["b1", "w1"], ["b1", "w1"], ["b2"]]


async def test_a_cancel_that_found_nothing_is_found_by_nobody(table: Table) -> None:
    _, account = await table.account()
    ref = {"providerBetRef": "ref-b1"}
    no = await try_to(table, account, "WITHDRAW", "b1", cashAmount=5_000, **ref)
    undone = [await try_to(table, account, "CANCEL", "u1", **ref) for _ in range(2)]

    found = [
        await look(table, account, **query) for query in (ref, {"providerTransactionId": "u1"})
    ]

    assert no["error"]["code"] == "PAM_ERR_BET_NOT_ALLOWED"
    assert [item["error"]["code"] for item in undone] == ["PAM_ERR_CANCEL_NOT_FOUND"] * 2
    assert found == [[], []]


@pytest.mark.parametrize("kinds", [("DEPOSIT", "PROMODEPOSIT"), ("PROMODEPOSIT", "DEPOSIT")])
async def test_a_win_is_no_repeat_of_a_promotions_under_its_id(
    table: Table, kinds: tuple[str, str]
) -> None:
    # It was answered with yes, and paid nothing.
    _, account = await table.account()
    await ask(table, account, "WITHDRAW", "b1", cashAmount=2)
    await ask(table, account, kinds[0], "w1", cashAmount=5)
    again = await ask(table, account, kinds[0], "w1", cashAmount=5)

    other = await try_to(table, account, kinds[1], "w1", cashAmount=5)

    assert again["transactionResult"]["balance"]["cashAmount"] == 203
    assert other["error"]["code"] == "PAM_ERR_DUPLICATE_TRANS"


async def test_promotions_and_jackpots_are_told_as_they_were_said(table: Table) -> None:
    _, account = await table.account()
    await ask(table, account, "WITHDRAW", "b1", cashAmount=2, betCode="red", tip={"tipAmount": 0.1})
    about = {"promos": [PROMO, {"promoName": "x" * 41}], "jackpots": [JACKPOT]}
    await ask(table, account, "DEPOSIT", "w1", cashAmount=5, **about)

    (bet,) = await look(table, account, providerTransactionId="b1")
    (won,) = await look(table, account, providerTransactionId="w1")

    assert (bet["betCode"], bet["tip"]) == ("red", {"tipAmount": 0.1})
    assert (won["promos"], won["jackpots"]) == ([PROMO], [JACKPOT])
    assert won["transactionType"] == "DEPOSIT"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"reward_uuid": "reward-1", "campaign_uuid": "campaign-1"}, True),
        ({"reward_uuid": "", "campaign_uuid": 7}, False),
    ],
)
async def test_staff_sees_which_reward_a_free_bet_is_of(
    database: Database, told: dict[str, Any], kept: bool
) -> None:
    talk = Hub88("acme", [public_pem(PAIR)], free_play=True)
    table = await lay(database, talk)
    _, account = await table.account()
    speaker = Hub88Speaker(table.http, BASE, private_pem(PAIR), "book")
    path, body = speaker.written(account, "r1", Move(kind="bet", id="b1", amount="1", free=True))
    said = await speaker.send(path, json.dumps(body | told).encode())
    player = PlayerId(account.player)
    own = f"/v1/staff/players/{player}/rounds/{round_id_of('acme', player, 'r1')}"
    seen = await table.desk.client.ask("GET", own, token=table.desk.staff)

    assert said.code == "RS_OK", said.body
    (booked,) = seen.json()["bookings"]
    assert booked["free"]
    assert json.loads(booked["said"] or "null") == (told if kept else None)


async def test_what_was_won_before_the_words_were_kept_is_known_from_its_fact(
    database: Database,
) -> None:
    world = Games(database=database)
    await world.list_games()
    player = await world.player(units=10)
    await world.launch(player)
    await world.done(player, stake("b1", 2), win("w1", 3, promo=True), win("w2", 3))
    step = resources.files("pitboss.db").joinpath("steps/0061_words_of_providers.sql").read_text()
    filled = step[step.index("UPDATE game_booking") :]

    async with database.transaction() as tx:
        await tx.execute("UPDATE game_booking SET promo = false")
        await tx.execute(filled)
        rows = await tx.fetch("SELECT external_id FROM game_booking WHERE promo")

    assert [row["external_id"] for row in rows] == ["w1"]
