"""The sandbox's checks through our adapter: every fate, signed, repeated, over real HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.sandbox.town import API_KEY, SECRET, receiving
from pitboss.adapters.verification.sandbox import SandboxCheckReader, SandboxVerifier
from pitboss.app.parts import free_port
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.ids import derived_id
from pitboss.players.verification.errors import ProviderAway, ProviderConfused
from pitboss.players.verification.model import CheckId, CheckNews, NewsStatus, Person
from pitboss.sandbox import payments
from pitboss.sandbox.couriers import Address
from pitboss.sandbox.verification import CheckerConfig, SandboxChecker

SECONDS_MAX = 20.0


def person(family_name: str, **changes: str) -> Person:
    return Person(
        check_id=CheckId(derived_id("check", family_name)),
        given_name=changes.get("given_name", "Ann"),
        family_name=family_name,
        born_on="1990-01-01",
    )


async def test_every_fate_is_told_as_a_provider_tells_it(tmp_path: Path) -> None:
    reader, wall = SandboxCheckReader([SECRET]), SystemClock()
    arrived: asyncio.Queue[CheckNews] = asyncio.Queue()
    tries = iter(range(1_000_000))

    async def listen(headers: dict[str, str], body: bytes) -> int:
        news = reader.read_news(headers, body, now=wall.now())
        arrived.put_nowait(news)
        # The first callback finds us away, and comes again.
        return 200 if next(tries) else 503

    async with receiving(listen) as (_, url):
        port, stop = free_port("127.0.0.1"), asyncio.Event()
        address = Address(url=url, secret=SECRET, retry_ms_min=10)
        checker = SandboxChecker(CheckerConfig(api_key=API_KEY, address=address, delay_ms=20))
        config = payments.SandboxConfig(
            folder=tmp_path, api_key=API_KEY, address=address, port=port
        )
        serving = asyncio.create_task(payments.serve(config, stop, checker=checker))
        try:
            async with SandboxVerifier(f"http://127.0.0.1:{port}", API_KEY) as verifier:
                await _until_up(verifier)
                await _check_fates(verifier, arrived)
            async with SandboxVerifier(f"http://127.0.0.1:{port}", "wrong") as stranger:
                with pytest.raises(ProviderConfused):
                    await stranger.submit(person("Instant"))
        finally:
            stop.set()
            await checker.close()
            await serving


async def _until_up(verifier: SandboxVerifier) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            try:
                await verifier.ask(CheckId(derived_id("nothing")))
            except ProviderAway:
                await asyncio.sleep(0.05)
            else:
                return


async def _check_fates(verifier: SandboxVerifier, arrived: asyncio.Queue[CheckNews]) -> None:
    heard: list[CheckNews] = []
    reference, at_once = await verifier.submit(person("Instant"))
    again, _ = await verifier.submit(person("Instant"))
    assert reference == again
    assert at_once is not None
    assert at_once.status is NewsStatus.VERIFIED
    assert at_once.valid_until is not None
    with pytest.raises(ProviderConfused):
        await verifier.submit(person("Instant", given_name="Bob"))
    with pytest.raises(ProviderAway):
        await verifier.submit(person("Fails"))

    wanted = {
        "Smith": NewsStatus.VERIFIED,
        "Refused": NewsStatus.REFUSED,
        "Documents": NewsStatus.DOCUMENTS_WANTED,
    }
    for name in (*wanted, "Silent"):
        _, news = await verifier.submit(person(name))
        assert news is None
    async with asyncio.timeout(SECONDS_MAX):
        # Each comes twice although it arrived, and one of them a third time.
        for _ in range(2 * len(wanted) + 1):
            heard.append(await arrived.get())
    told = {news.check_id: news for news in heard}
    assert {id_: news.status for id_, news in told.items()} == {
        person(name).check_id: status for name, status in wanted.items()
    }
    assert len({news.event_id for news in heard}) == len(wanted)
    assert told[person("Documents").check_id].documents == ("identity_card", "utility_bill")
    assert await verifier.ask(person("Silent").check_id) is None
    asked = await verifier.ask(person("Smith").check_id)
    assert asked is not None
    assert asked.valid_until == told[person("Smith").check_id].valid_until
