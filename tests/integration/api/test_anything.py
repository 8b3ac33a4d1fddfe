"""Whatever is sent, to whichever address: never a failure of ours, and a problem that is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.api.bodies import DOORS, at, token_for
from integration.api.catalogue_doors import NAME
from integration.api.client import Answer
from integration.api.desk import SIGNING, Desk, Somebody
from integration.api.doors import Door
from pitboss.sandbox.couriers import SIGNATURE_HEADER, sign

# The database is shared, and a request may wait for it: neither is what is tried here.
TRIES = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["5.00", "EUR", "demo", "\x00", "2.5", "1/0", "open", "9" * 400])
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
ADDRESSES = [
    *("/{}", "/v1/events/{}", "/v1/bets/{}", "/v1/payments/{}", "/v1/webhooks/{}", "/docs/{}"),
    *("/docs-assets/{}", "/v1/events?after={}", "/v1/events?limit={}", "/v1/payments?before={}"),
    *("/v1/me/statement?before_no={}", "/v1/me/statement?{}", "/v1/events?limit=1&limit={}"),
]
HEADERS = ["authorization", "content-type", "content-length", "idempotency-key", "accept", "cookie"]


@pytest.fixture(scope="module")
async def event(shared_desk: Desk) -> None:
    """Open an event to bet on."""
    await shared_desk.event(NAME)


@pytest.fixture
async def player(shared_desk: Desk, event: None) -> Somebody:
    """Give a player of this test's own, whose session nothing has ended yet."""
    return await shared_desk.player(amount="100.00")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
@TRIES
@given(body=VALUES, key=KEYS)
async def test_any_json_is_answered(
    shared_desk: Desk, player: Somebody, door: Door, body: object, key: str
) -> None:
    answer = await knock(shared_desk, player, door, key, json.dumps(body).encode())

    assert answer.status in {200, 400, 413, 422}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
@TRIES
@given(data=st.data(), key=KEYS)
async def test_a_good_body_with_anything_in_one_place_is_answered(
    shared_desk: Desk, player: Somebody, door: Door, data: st.DataObject, key: str
) -> None:
    path = data.draw(st.sampled_from(list(places(door.sample))))
    body = at(door.sample, path, data.draw(VALUES))

    await knock(shared_desk, player, door, key, json.dumps(body).encode())


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
@TRIES
@given(raw=st.binary(max_size=2_000), key=KEYS)
async def test_any_bytes_are_answered(
    shared_desk: Desk, player: Somebody, door: Door, raw: bytes, key: str
) -> None:
    answer = await knock(shared_desk, player, door, key, raw)

    assert answer.status in {200, 400, 413, 422}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
@TRIES
@given(name=st.sampled_from(HEADERS), value=st.text(st.characters(max_codepoint=255)))
async def test_any_header_is_answered(
    shared_desk: Desk, player: Somebody, door: Door, name: str, value: str
) -> None:
    answer = await shared_desk.client.ask(
        door.method,
        door.path,
        token=token_for(shared_desk, player, door),
        key="k",
        raw=b"{}",
        headers={name: value},
    )

    assert 400 <= answer.status < 500
    assert answer.problem


@pytest.mark.parametrize("address", ADDRESSES)
@TRIES
@given(text=st.text() | st.integers().map(str), method=st.sampled_from(["GET", "POST", "PUT"]))
async def test_any_address_is_answered(
    shared_desk: Desk, player: Somebody, address: str, text: str, method: str
) -> None:
    target = address.format(quote(text, safe="", errors="replace"))

    answer = await shared_desk.client.ask(method, target, token=player.token)

    check(answer)


@TRIES
@given(raw=st.binary(max_size=500) | VALUES.map(lambda value: json.dumps(value).encode()))
async def test_any_signed_webhook_is_answered(shared_desk: Desk, raw: bytes) -> None:
    header = {SIGNATURE_HEADER.lower(): sign(SIGNING, raw, at=shared_desk.wall.now())}

    answer = await shared_desk.client.ask("POST", "/v1/webhooks/sandbox", raw=raw, headers=header)

    assert answer.status in {400, 422}
    assert answer.problem["errors"]


async def knock(desk: Desk, player: Somebody, door: Door, key: str, raw: bytes) -> Answer:
    """Send these bytes to a door, by somebody who may."""
    answer = await desk.client.ask(
        door.method, door.path, token=token_for(desk, player, door), key=key, raw=raw
    )
    check(answer)
    return answer


def check(answer: Answer) -> None:
    """Check that we did not fail, and that a problem is whole."""
    assert answer.status < 500
    html = answer.headers.get("content-type", "").startswith("text/html")
    if answer.status >= 400 and not html:
        assert answer.problem


def places(sample: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Return the path to every part of a body."""
    yield path
    if isinstance(sample, list):
        for number, item in enumerate(sample):
            yield from places(item, (*path, number))
    if isinstance(sample, dict):
        for name, item in sample.items():
            yield from places(item, (*path, name))
