"""The sandbox's registers: fates by name, by number and by wish; bad requests are told so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from pitboss.sandbox.registers import BATCH_MAX, NAMES, Beside, Fate, SandboxRegisters

KEY = "k"
PERSON = {
    "firstName": "Ann",
    "lastName": "Example",
    "dateOfBirth": "1990-01-01",
    "email": "ann@example.test",
    "postcode": "E1 1AA",
}


async def other(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = Beside(other, SandboxRegisters(KEY))
    transport = httpx.ASGITransport(app=app)
    headers = {"x-api-key": KEY}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sandbox", headers=headers
    ) as made:
        yield made


async def exclusion(http: httpx.AsyncClient, **changes: str) -> str:
    answer = await http.post("/registers/gamstop/v2", data=PERSON | changes)
    return str(answer.headers.get("x-exclusion", answer.status_code))


async def test_names_say_what_becomes_of_people(http: httpx.AsyncClient) -> None:
    found = [await exclusion(http, lastName=name) for name in ("Excluded", "lapsed", "Smith")]

    assert found == ["Y", "P", "N"]


async def test_a_fate_is_set_for_one_person_or_for_all_and_taken_back(
    http: httpx.AsyncClient,
) -> None:
    one = {"fate": "excluded", "who": PERSON["email"]}
    await http.post("/registers/gamstop/fates", json=one)
    named = (await exclusion(http), await exclusion(http, email="bob@example.test"))
    await http.post("/registers/gamstop/fates", json={"fate": "down"})
    down = await exclusion(http)
    await http.post("/registers/gamstop/fates", json={"fate": "clear"})
    back = await exclusion(http)
    await http.post("/registers/gamstop/fates", json=one | {"fate": "clear"})

    assert named == ("Y", "N")
    assert (down, back, await exclusion(http)) == ("503", "Y", "N")


def test_numbers_say_what_becomes_of_people_too() -> None:
    app = SandboxRegisters(KEY)

    found = [app.fate_of("spelpaus", number) for number in ("199001016660", "199001015000", "1")]

    assert found == [Fate.EXCLUDED, Fate.DOWN, Fate.CLEAR]


@pytest.mark.parametrize("name", NAMES)
async def test_without_the_key_nothing_is_said(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.post(f"/registers/{name}", headers={"x-api-key": "another"})

    assert answer.status_code == 401


async def test_bad_requests_are_told_so_and_other_paths_are_not_ours(
    http: httpx.AsyncClient,
) -> None:
    too_many = [{"correlationId": str(number), **PERSON} for number in range(BATCH_MAX + 1)]
    answers = [
        await http.get("/registers/gamstop/v2"),
        await http.post("/registers/gamstop/v2", data={"firstName": "Ann"}),
        await http.post("/registers/gamstop/batch/v2", json=too_many),
        await http.post("/registers/spelpaus/api/blocking-info/7", json={"subjectId": "1" * 12}),
        await http.post("/registers/rofus", content=b"<x/>"),
        await http.post("/registers/cruks", json={"requestId": "r", "person": {"bsn": ""}}),
        await http.post("/registers/gamstop/fates", json={"fate": "eternal"}),
        await http.post("/registers/nowhere"),
        await http.post("/payments"),
    ]

    assert [answer.status_code for answer in answers] == [
        *(405, 400, 400, 400, 400, 400, 400, 404, 204)
    ]
