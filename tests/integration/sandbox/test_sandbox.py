"""Promises of the sandbox provider, over real HTTP: strict at its door, unruly in its webhooks."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from integration.cashier.world import until
from integration.sandbox.town import API_KEY, FAITHFUL, Canned, receiving, sandbox, served
from pitboss.adapters.payments.sandbox import SandboxProvider
from pitboss.cashier.errors import ProviderAway, ProviderConfused
from pitboss.cashier.model import Instruction, NewsStatus, PaymentKind
from pitboss.kernel.ids import PaymentId, derived_id
from pitboss.sandbox.fates import Temper, draw_fate

ID = derived_id("payment", "one")
BODY: dict[str, Any] = {
    "payment_id": ID,
    "kind": "deposit",
    "amount": "12.50",
    "currency": "GBP",
}
KEY = {"authorization": f"Bearer {API_KEY}"}
INSTRUCTION = Instruction(
    payment_id=PaymentId(ID), kind=PaymentKind.DEPOSIT, micros=12_500_000, currency="GBP"
)
NOWHERE = "http://127.0.0.1:1/webhooks"


def many(number: int, amount: str = "12.50") -> list[dict[str, Any]]:
    return [
        {**BODY, "payment_id": derived_id("payment", str(each)), "amount": amount}
        for each in range(number)
    ]


async def take(client: httpx.AsyncClient, bodies: list[dict[str, Any]]) -> None:
    for body in bodies:
        answer = await client.post("/payments", json=body, headers=KEY)
        assert answer.status_code == 202


async def test_the_same_request_is_taken_once_and_another_under_its_id_is_not(
    tmp_path: Path,
) -> None:
    async with sandbox(tmp_path, NOWHERE) as url, httpx.AsyncClient(base_url=url) as client:
        first = await client.post("/payments", json=BODY, headers=KEY)
        again = await client.post("/payments", json=BODY, headers=KEY)
        other = await client.post("/payments", json={**BODY, "amount": "12.51"}, headers=KEY)

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    assert first.json() == again.json()
    assert (tmp_path / "payments.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"payment_id": "one"},
        {"kind": "gift"},
        {"amount": "0.00"},
        {"amount": "-1"},
        {"amount": "1.001"},
        {"amount": 1},
        {"currency": "XXX"},
        {"more": 1},
    ],
)
async def test_what_cannot_be_a_payment_is_not_taken(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    async with sandbox(tmp_path, NOWHERE) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/payments", json=BODY | change, headers=KEY)

    assert answer.status_code == 422


async def test_strangers_and_nonsense_are_turned_away(tmp_path: Path) -> None:
    async with sandbox(tmp_path, NOWHERE) as url, httpx.AsyncClient(base_url=url) as client:
        statuses = [
            (await client.post("/payments", json=BODY)).status_code,
            (
                await client.get(f"/payments/{ID}", headers={"authorization": "Bearer x"})
            ).status_code,
            (await client.post("/payments", content=b"{", headers=KEY)).status_code,
            (await client.post("/payments", content=b" " * 70_000, headers=KEY)).status_code,
            (await client.get("/payments", headers=KEY)).status_code,
            (await client.get("/elsewhere", headers=KEY)).status_code,
            (await client.get(f"/payments/{ID}", headers=KEY)).status_code,
            (await client.get("/healthz")).status_code,
        ]

    assert statuses == [401, 401, 422, 413, 404, 404, 404, 200]


async def test_a_payment_shows_how_it_stands_until_and_after_it_ends(tmp_path: Path) -> None:
    temper = Temper(seed=7, delay_ms_max=600_000)
    async with (
        sandbox(tmp_path / "slow", NOWHERE, temper=temper) as url,
        httpx.AsyncClient(base_url=url, headers=KEY) as client,
    ):
        await take(client, [BODY])
        pending = (await client.get(f"/payments/{ID}")).json()
    async with (
        receiving() as (receiver, webhooks),
        sandbox(tmp_path / "fast", webhooks, temper=FAITHFUL) as url,
        httpx.AsyncClient(base_url=url, headers=KEY) as client,
    ):
        await take(client, [{**BODY, "amount": "12.13"}])
        await until(lambda: len(receiver.heard) == 2)
        ended = (await client.get(f"/payments/{ID}")).json()

    assert (pending["status"], pending["reason"]) == ("pending", None)
    assert (ended["status"], ended["reason"]) == ("failed", "rejected_by_bank")
    assert (ended["kind"], ended["amount"], ended["currency"]) == ("deposit", "12.13", "GBP")


async def test_webhooks_arrive_as_the_dice_fell_repeats_and_disorder_included(
    tmp_path: Path,
) -> None:
    temper = Temper(
        seed=7, delay_ms_max=20, repeat_share=0.5, disorder_share=0.5, failure_share=0.3
    )
    bodies = many(30)
    fates = {body["payment_id"]: draw_fate(temper, body["payment_id"], "12.50") for body in bodies}
    expected = Counter(
        (payment_id, telling.event_id, telling.sequence, telling.status.value)
        for payment_id, fate in fates.items()
        for telling in fate.tellings
    )
    async with (
        receiving() as (receiver, webhooks),
        sandbox(tmp_path, webhooks, temper=temper) as url,
    ):
        async with httpx.AsyncClient(base_url=url) as client:
            await take(client, bodies[::-1])
        await until(lambda: len(receiver.heard) >= expected.total())

    heard = [webhook.told for webhook in receiver.heard]
    assert expected == Counter(
        (told["payment_id"], told["event_id"], told["sequence"], told["status"]) for told in heard
    )
    assert len({webhook.body for webhook in receiver.heard}) == len(expected)
    assert max(expected.values()) == 2


async def test_a_webhook_is_sent_until_it_is_accepted(tmp_path: Path) -> None:
    moods = iter([500, 404, 302, 401])

    async def moody(headers: dict[str, str], body: bytes) -> int:
        return next(moods, 204)

    async with (
        receiving(moody) as (receiver, webhooks),
        sandbox(tmp_path, webhooks, temper=FAITHFUL) as url,
    ):
        async with httpx.AsyncClient(base_url=url) as client:
            await take(client, [BODY])
        await until(lambda: len(receiver.heard) == 6)
        await asyncio.sleep(0.1)

    assert len(receiver.heard) == 6
    assert len({webhook.told["event_id"] for webhook in receiver.heard}) == 2


async def test_after_a_restart_only_what_did_not_arrive_is_sent_again(tmp_path: Path) -> None:
    bodies = many(10)
    async with (
        sandbox(tmp_path, NOWHERE, temper=FAITHFUL) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        await take(client, bodies)

    async with receiving() as (receiver, webhooks):
        async with sandbox(tmp_path, webhooks, temper=FAITHFUL) as url:
            await until(lambda: len(receiver.heard) == 20)
            async with httpx.AsyncClient(base_url=url, headers=KEY) as client:
                again = await client.post("/payments", json=bodies[0])
                known = await client.get(f"/payments/{bodies[9]['payment_id']}")
        async with sandbox(tmp_path, webhooks, temper=FAITHFUL):
            await asyncio.sleep(0.1)

    assert len(receiver.heard) == 20
    assert (again.status_code, known.json()["status"]) == (202, "succeeded")


@pytest.mark.parametrize("passes", [True, False])
async def test_the_adapter_says_which_faults_pass_by_themselves(passes: bool) -> None:
    canned = Canned()
    async with served(canned) as url, SandboxProvider(url, API_KEY) as provider:
        for canned.status in (500, 502, 503, 429) if passes else (400, 401, 403, 409, 418, 302):
            for ask in (provider.submit(INSTRUCTION), provider.ask(INSTRUCTION.payment_id)):
                with pytest.raises((ProviderAway, ProviderConfused)) as fault:
                    await ask
                assert fault.value.retryable is passes


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, b""),
        (202, b"{}"),
        (202, b"\xff"),
        (202, b'{"reference": ""}'),
        (202, b'{"reference": "a b"}'),
        (402, b"<html>"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_a_fault(status: int, body: bytes) -> None:
    async with (
        served(Canned(status=status, body=body)) as url,
        SandboxProvider(url, API_KEY) as provider,
    ):
        with pytest.raises(ProviderConfused):
            await provider.submit(INSTRUCTION)


@pytest.mark.parametrize(
    "change", [{}, {"payment_id": derived_id("payment", "two")}, {"amount": "1.001"}]
)
async def test_who_answers_for_another_payment_is_confused(change: dict[str, str]) -> None:
    told = BODY | {"reference": "r", "status": "pending"} | change
    async with (
        served(Canned(status=200, body=msgspec.json.encode(told))) as url,
        SandboxProvider(url, API_KEY) as provider,
    ):
        if not change:
            news = await provider.ask(INSTRUCTION.payment_id)
            assert news is not None
            assert news.status is NewsStatus.PENDING
            return
        with pytest.raises(ProviderConfused):
            await provider.ask(INSTRUCTION.payment_id)


async def test_a_provider_that_does_not_answer_in_time_is_away() -> None:
    async with (
        served(Canned(seconds=5)) as url,
        SandboxProvider(url, API_KEY, answer_seconds_max=0.05) as provider,
    ):
        with pytest.raises(ProviderAway):
            await provider.submit(INSTRUCTION)
