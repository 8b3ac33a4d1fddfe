"""Requests that are wrong whatever they ask for: in size, headers, key, token or address."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from integration.api.bodies import DOORS, token_for
from integration.api.client import Answer
from integration.api.desk import (
    NOW,
    Desk,
    Somebody,
    registration,
    selection_id,
    slip,
)
from integration.api.doors import Door
from integration.api.rows import count_rows
from pitboss.api.tokens import PLAYER_TOKEN_LIFE, Role
from pitboss.api.wire import BATCH_BODY_BYTES_MAX, BODY_BYTES_MAX
from pitboss.kernel.ids import derived_id

HOME, DRAW = selection_id("cup"), selection_id("cup", code="draw")
NOWHERE = derived_id("no such thing")
ONE_EURO, TWO_EUROS = ({"amount": text, "currency": "EUR"} for text in ("1.00", "2.00"))
LARGE_DOORS = {
    "/v1/bets/batch",
    *(f"/v1/staff/{what}" for what in ("events", "events/changes", "markets", "markets/status")),
    *(f"/v1/staff/{what}" for what in ("endings", "prices", "results", "starts")),
}


@pytest.fixture(scope="module")
async def player(shared_desk: Desk) -> Somebody:
    """Give a player, and an event to bet on."""
    await shared_desk.event("cup")
    return await shared_desk.player(amount="100.00")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_a_body_that_is_too_long_is_not_read(
    shared_desk: Desk, player: Somebody, door: Door
) -> None:
    bytes_max = BATCH_BODY_BYTES_MAX if door.path in LARGE_DOORS else BODY_BYTES_MAX
    whole = b"x" * (bytes_max + 1)
    in_pieces = [[b"x" * (bytes_max // pieces + 1)] * pieces for pieces in (2, 50)]

    for answer in await ask_at(shared_desk, player, door, raws=[whole, *in_pieces]):
        assert (answer.status, answer.slug, answer.fields) == (413, "body_too_large", ["body"])
        assert str(bytes_max) in answer.problem["detail"]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_a_body_as_long_as_allowed_is_read(
    shared_desk: Desk, player: Somebody, door: Door
) -> None:
    bytes_max = BATCH_BODY_BYTES_MAX if door.path in LARGE_DOORS else BODY_BYTES_MAX

    answers = await ask_at(shared_desk, player, door, raws=[[b" " * (bytes_max - 2), b"{}"]])

    assert [answer.status for answer in answers] == [422]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_a_length_that_is_wrong_does_not_break_us(
    shared_desk: Desk, player: Somebody, door: Door
) -> None:
    lengths = [{"content-length": length} for length in ("x", "-1", "1.5", "9" * 30, "0")]

    for answer in await ask_at(shared_desk, player, door, raws=[b"{}"], headers=lengths):
        assert answer.status in {400, 413, 422}
        assert answer.problem["errors"]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_only_json_is_read(shared_desk: Desk, player: Somebody, door: Door) -> None:
    others = ("", "text/plain", "application/xml", "multipart/form-data", "json", "\xff")
    types = [{"content-type": other} for other in others]

    for answer in await ask_at(shared_desk, player, door, raws=[b"{}"], headers=types):
        assert (answer.status, answer.fields) == (415, ["Content-Type"])


NOT_JSON = [
    *(b"", b" ", b"{", b"'", b"\xff\xfe", b'{"currency":"\xff"}', b"\x00", b"NaN", b"{}{}"),
    b"[" * 30_000,
    b'{"legs":' * 5_000,
    b'{"legs":[' * 5_000,
]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_what_is_not_json_is_told_so(shared_desk: Desk, player: Somebody, door: Door) -> None:
    for answer in await ask_at(shared_desk, player, door, raws=NOT_JSON):
        assert answer.status in {400, 422}
        assert answer.problem["errors"]


KEYED = [door for door in DOORS if door.keyed]


@pytest.mark.parametrize("door", KEYED, ids=lambda door: door.path)
async def test_a_key_is_needed_and_has_its_form(
    shared_desk: Desk, player: Somebody, door: Door
) -> None:
    sample = json.dumps(dict(door.sample)).encode()
    keys = [{"idempotency-key": key} for key in ("", "a b", "x" * 65, "\xe9", "\x00", "a\tb")]

    for answer in await ask_at(shared_desk, player, door, raws=[sample], headers=keys):
        assert (answer.status, answer.fields) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize(
    ("path", "body", "other", "named"),
    [
        ("/v1/bets", slip(HOME), slip(DRAW), "bet_id"),
        ("/v1/bets", slip(HOME), slip(HOME, stake="6.00"), "bet_id"),
        # What is refused early is not held against the key: it may still be another request.
        ("/v1/bets", slip(HOME), slip(HOME, tick=9), "bet_id"),
        ("/v1/bets", slip(HOME), slip(NOWHERE), "bet_id"),
        *(
            (
                path,
                ONE_EURO,
                TWO_EUROS,
                "payment_id",
            )
            for path in ("/v1/deposits", "/v1/withdrawals")
        ),
        (
            "/v1/players",
            registration("z@b.c"),
            {**registration("z@b.c"), "name": "Z Z"},
            "player_id",
        ),
        (
            "/v1/players",
            registration("y@b.c"),
            {**registration("y@b.c"), "password": "another horse"},
            "player_id",
        ),
    ],
)
async def test_a_key_means_one_request_for_ever(
    shared_desk: Desk,
    player: Somebody,
    path: str,
    body: dict[str, Any],
    other: dict[str, Any],
    named: str,
) -> None:
    key = shared_desk.key()

    async def ask(asked: dict[str, Any]) -> Answer:
        return await shared_desk.client.ask("POST", path, token=player.token, key=key, body=asked)

    first = await ask(body)
    between = await count_rows(shared_desk.database)
    again = await ask(body)
    wrong = await ask(other)
    at_last = await ask(body)

    assert first.status == again.status == at_last.status
    assert first.json()[named] == again.json()[named] == at_last.json()[named]
    assert (wrong.status, wrong.slug) == (409, "idempotency_key_reused")
    assert wrong.fields == ["Idempotency-Key"]
    after = await count_rows(shared_desk.database)
    if path == "/v1/players":
        # Who registers again logs in, or tries to, and that is told.
        assert after.pop("fact") > between.pop("fact")
        assert after.pop("player_session") > between.pop("player_session")
        assert after.pop("session_start") > between.pop("session_start")
        assert after.pop("login_address") >= between.pop("login_address")
    assert after == between


async def test_a_deposits_key_is_not_a_withdrawals(shared_desk: Desk, player: Somebody) -> None:
    key, body = shared_desk.key(), ONE_EURO

    deposit = await shared_desk.client.ask(
        "POST", "/v1/deposits", token=player.token, key=key, body=body
    )
    withdrawal = await shared_desk.client.ask(
        "POST", "/v1/withdrawals", token=player.token, key=key, body=body
    )

    assert deposit.status == 202
    assert (withdrawal.status, withdrawal.slug) == (409, "idempotency_key_reused")


NO_TOKENS = ("", "Bearer", "Bearer ", "Bearer x.y.z", "Bearer \xff", "Basic YTpi", "x" * 5_000)
PRIVATE = [
    *((door.method, door.path) for door in DOORS if door.role is not None),
    *(("GET", path) for path in ("/v1/me", "/v1/me/wallet", "/v1/me/statement", "/v1/payments")),
    *(("GET", f"/v1/{thing}/{NOWHERE}") for thing in ("bets", "payments")),
    *(("GET", path) for path in ("/v1/staff/figures", "/v1/staff/backlog", "/v1/staff/registers")),
    *(("GET", path) for path in ("/v1/staff/feeds", "/v1/staff/feeds/parked")),
    *(("GET", f"/v1/staff/settlement/{what}") for what in ("aside", "awaited")),
    ("GET", f"/v1/staff/bets/{NOWHERE}/replay"),
]


@pytest.mark.parametrize(("method", "path"), PRIVATE)
async def test_whoever_has_no_token_comes_in_nowhere(
    shared_desk: Desk, method: str, path: str
) -> None:
    issued = NOW - PLAYER_TOKEN_LIFE
    old = shared_desk.tokens.issue(NOWHERE, Role.PLAYER, "EUR", now=issued).text
    role = Role.PLAYER if "staff" in path else Role.STAFF
    wrong_role = shared_desk.tokens.issue(NOWHERE, role, "EUR", now=NOW).text

    answers = [
        await shared_desk.client.ask(
            method, path, raw=None if method == "GET" else b"{}", headers={"authorization": text}
        )
        for text in (*NO_TOKENS, f"Bearer {old}")
    ]
    wrong = await shared_desk.client.ask(method, path, token=wrong_role)

    assert {(answer.status, answer.slug) for answer in answers} == {(401, "unauthenticated")}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert (wrong.status, wrong.slug) == (403, "wrong_role")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/events?limit=0", "limit"),
        ("/v1/events?limit=101", "limit"),
        ("/v1/events?limit=-1", "limit"),
        ("/v1/events?limit=x", "limit"),
        ("/v1/events?limit=1.5", "limit"),
        ("/v1/events?limit=" + "9" * 400, "limit"),
        ("/v1/events?after=x", "after"),
        ("/v1/events?after=%00", "after"),
        ("/v1/events?after=%ff", "after"),
        ("/v1/events?after=" + "x" * 10_000, "after"),
        ("/v1/events/x", "event_id"),
        ("/v1/events/%00", "event_id"),
        ("/v1/events/" + NOWHERE.upper().replace("A", "G"), "event_id"),
        ("/v1/bets/x", "bet_id"),
        ("/v1/bets/%ff", "bet_id"),
        ("/v1/payments/x", "payment_id"),
        ("/v1/payments?before=x", "before"),
        ("/v1/payments?limit=201", "limit"),
        ("/v1/me/statement?before_no=0", "before_no"),
        ("/v1/me/statement?before_no=9223372036854775808", "before_no"),
        ("/v1/me/statement?before_no=x", "before_no"),
        ("/v1/me/statement?limit=201", "limit"),
    ],
)
async def test_a_wrong_parameter_is_named(
    shared_desk: Desk, player: Somebody, path: str, field: str
) -> None:
    answer = await shared_desk.client.ask("GET", path, token=player.token)

    assert (answer.status, answer.fields) == (422, [field])
    assert "`" not in answer.problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", f"/v1/events/{NOWHERE}", 404),
        ("GET", f"/v1/bets/{NOWHERE}", 404),
        ("GET", f"/v1/payments/{NOWHERE}", 404),
        ("GET", f"/v1/payments?before={NOWHERE}", 404),
        ("POST", "/v1/webhooks/nobody", 404),
        ("GET", "/docs-assets/..%2f..%2fpyproject.toml", 404),
        ("GET", "/v1/bets", 405),
        ("PUT", "/v1/bets/batch", 405),
        ("DELETE", f"/v1/bets/{NOWHERE}", 405),
        ("PATCH", "/v1/me", 405),
        ("TRACE", "/v1/me", 405),
        ("BREW", "/v1/me", 405),
        ("POST", "/healthz", 405),
    ],
)
async def test_what_is_not_there_is_not_there(
    shared_desk: Desk, player: Somebody, method: str, path: str, status: int
) -> None:
    answer = await shared_desk.client.ask(method, path, token=player.token)

    assert answer.status == status
    assert answer.problem
    assert ("allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize("path", ["/v1/bets/", "//v1/bets", "/v1//bets", "/v1/bets//"])
async def test_a_hot_route_is_one_route_however_it_is_written(
    shared_desk: Desk, player: Somebody, path: str
) -> None:
    body, key = slip(HOME), shared_desk.key()

    plain = await shared_desk.client.ask("POST", "/v1/bets", token=player.token, key=key, body=body)
    other = await shared_desk.client.ask("POST", path, token=player.token, key=key, body=body)

    assert (plain.status, other.status) == (202, 202)
    assert plain.json() == other.json()


async def ask_at(
    desk: Desk,
    player: Somebody,
    door: Door,
    *,
    raws: Sequence[bytes | list[bytes]],
    headers: Sequence[Mapping[str, str]] = ({},),
) -> list[Answer]:
    """Send each of these with each of those to a door, by somebody who may, with fresh keys.

    Nothing may come of any of them: all rows are counted once before and once after.
    """
    before = await count_rows(desk.database)
    answers = [
        await desk.client.ask(
            door.method,
            door.path,
            token=token_for(desk, player, door),
            key=desk.key(),
            raw=raw,
            headers=sent,
        )
        for raw in raws
        for sent in headers
    ]
    assert await count_rows(desk.database) == before
    assert len(answers) == len(raws) * len(headers) > 0
    return answers
