"""Attacks on players' accounts over HTTP: each is refused, by name, and leaves nothing behind.

Forged tokens of location are in `test_location.py`, races of guesses in `test_access.py`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from integration.api.client import Answer
from integration.api.desk import PASSWORD, SECRET, Desk, registration
from pitboss import jurisdictions
from pitboss.adapters import passwords
from pitboss.api.tokens import PLAYER_TOKEN_LIFE, Role, Tokens
from pitboss.db import Database

FAILURES_MAX = jurisdictions.get("demo").sessions.failed_logins_max
# Reading one's own data, changing it, staking, and moving money.
DOORS = (
    ("GET", "/v1/me"),
    ("GET", "/v1/me/data"),
    ("POST", "/v1/me/password"),
    ("POST", "/v1/bets"),
    ("POST", "/v1/bets/batch"),
    ("POST", "/v1/withdrawals"),
    ("POST", "/v1/me/session/renewal"),
)


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    """Give the API that the tests of this file share; everybody in them is somebody new."""
    return shared_desk


async def knock_everywhere(desk: Desk, token: str) -> set[int]:
    """Return what these doors answer to a token."""
    answers = [
        await desk.client.ask(method, path, token=token, key=desk.key(), body={"x": 1})
        for method, path in DOORS
    ]
    return {answer.status for answer in answers}


async def log_in(desk: Desk, email: str, password: str = PASSWORD) -> Answer:
    body = {"email": email, "password": password}
    return await desk.client.ask("POST", "/v1/sessions", body=body)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, without asking whether it is true."""
    part = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


def written(part: object) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def forged(claims: dict[str, Any], algorithm: str, key: bytes = SECRET) -> str:
    """Return a token under a header of our choice, signed with HMAC-SHA-256 or not at all."""
    text = f"{written({'alg': algorithm, 'typ': 'JWT'})}.{written(claims)}"
    if algorithm.lower() == "none":
        return f"{text}."
    signature = hmac.digest(key, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_a_token_under_another_key_is_nobodys(desk: Desk) -> None:
    ann = await desk.player()
    claims = claims_of(ann.token)

    for key in (b"another secret of thirty-two bytes", SECRET[:-1], b""):
        assert await knock_everywhere(desk, forged(claims, "HS256", key)) == {401}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "HS384", "RS256", "ES256"])
async def test_a_token_does_not_choose_how_it_is_checked(desk: Desk, algorithm: str) -> None:
    ann = await desk.player()

    assert await knock_everywhere(desk, forged(claims_of(ann.token), algorithm)) == {401}


async def test_a_token_that_is_really_signed_otherwise_is_nobodys(desk: Desk) -> None:
    claims = claims_of((await desk.player()).token)
    long = OctKey.import_key(SECRET * 2)
    tokens = [
        jwt.encode({"alg": "HS512"}, claims, long, algorithms=["HS512"]),
        jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048), algorithms=["RS256"]),
    ]

    for token in tokens:
        assert await knock_everywhere(desk, token) == {401}


async def test_a_token_whose_words_were_changed_is_nobodys(desk: Desk) -> None:
    ann, bob = await desk.player(), await desk.player()
    head, said, signature = ann.token.split(".")
    changes: list[dict[str, Any]] = [
        {"sub": bob.player_id},
        {"role": "staff"},
        {"exp": 2**31},
        {"sid": claims_of(bob.token)["sid"]},
    ]

    for change in changes:
        text = written(claims_of(ann.token) | change)
        assert await knock_everywhere(desk, f"{head}.{text}.{signature}") == {401}
    for token in (f"{head}.{said}.", f"{head}.{said}", said, f".{said}.{signature}"):
        assert await knock_everywhere(desk, token) == {401}


async def test_a_token_of_one_players_session_is_not_another_players(desk: Desk) -> None:
    ann, bob = await desk.player(), await desk.player()
    # Even who could sign would have to name a session that is the player's own.
    mixed = desk.tokens.issue(
        ann.player_id,
        Role.PLAYER,
        "EUR",
        now=desk.wall.now(),
        session=claims_of(bob.token)["sid"],
    )

    assert await knock_everywhere(desk, mixed.text) == {401}


async def test_a_token_that_has_expired_is_nobodys_though_its_session_lives(desk: Desk) -> None:
    ann = await desk.player()
    session = claims_of(ann.token)["sid"]
    past = desk.wall.now() - PLAYER_TOKEN_LIFE
    old = desk.tokens.issue(ann.player_id, Role.PLAYER, "EUR", now=past, session=session)
    almost = desk.tokens.issue(
        ann.player_id, Role.PLAYER, "EUR", now=past + timedelta(seconds=1), session=session
    )

    assert await knock_everywhere(desk, old.text) == {401}
    assert (await desk.client.ask("GET", "/v1/me", token=almost.text)).status == 200


@pytest.mark.parametrize("change", [{"nbf": 3_600}, {"iat": 3_600}])
async def test_a_token_that_is_not_valid_yet_is_nobodys(desk: Desk, change: dict[str, int]) -> None:
    ann = await desk.player()
    now = int(desk.wall.now().timestamp())
    claims = claims_of(ann.token) | {name: now + ahead for name, ahead in change.items()}
    claims["exp"] = now + 7_200

    assert await knock_everywhere(desk, forged(claims, "HS256")) == {401}


STRANGE: list[dict[str, Any]] = [
    {"exp": "never"},
    {"exp": float("inf")},
    {"exp": float("nan")},
    {"exp": None},
    {"exp": [1]},
    {"role": "root"},
    {"role": None},
    {"sub": None},
    {"sub": ""},
    {"sub": "a" * 500},
    {"sub": "00000000-0000-0000-0000-000000000000'--"},
    {"sid": "x"},
    {"sid": None},
    {"sid": {"a": 1}},
]


@pytest.mark.parametrize("change", STRANGE, ids=str)
async def test_a_token_that_says_strange_things_is_nobodys_and_breaks_nothing(
    desk: Desk, change: dict[str, Any]
) -> None:
    """As if somebody had found the secret: what is signed is not believed for that alone."""
    ann = await desk.player()

    statuses = await knock_everywhere(desk, forged(claims_of(ann.token) | change, "HS256"))

    assert statuses == {401}


async def test_a_player_is_not_staff_and_staff_are_no_player(desk: Desk) -> None:
    ann = await desk.player()

    by_player = await desk.client.ask(
        "GET", f"/v1/staff/players/{ann.player_id}/locations?purpose=support", token=ann.token
    )
    by_staff = await desk.client.ask("GET", "/v1/me", token=desk.staff)

    assert (by_player.status, by_staff.status) == (403, 403)


async def test_a_stolen_token_is_worth_nothing_after_its_owner_logs_out(desk: Desk) -> None:
    ann = await desk.player()
    stolen = ann.token
    renewed = await desk.client.ask("POST", "/v1/me/session/renewal", token=stolen)

    await desk.client.ask("DELETE", "/v1/me/session", token=ann.token)

    # What the thief made of it before is worth nothing either.
    for token in (stolen, renewed.json()["token"]):
        assert await knock_everywhere(desk, token) == {401}


async def test_a_stolen_token_changes_neither_password_nor_factors(desk: Desk) -> None:
    ann = await desk.player()
    body = {"password": "a guess of a thief", "new_password": "the thief's own"}

    changed = [
        await desk.client.ask("POST", "/v1/me/password", token=ann.token, body=body)
        for _ in range(FAILURES_MAX)
    ]

    assert {answer.status for answer in changed} == {403}
    # Guessing from inside locks the door as guessing from outside does.
    assert (await log_in(desk, ann.email)).status == 401


async def test_a_stolen_token_finds_no_password_however_long_it_guesses(desk: Desk) -> None:
    ann = await desk.player()
    stolen = ann.token

    async def guess(password: str) -> str:
        body = {"password": password, "new_password": "the thief's own"}
        answer = await desk.client.ask("POST", "/v1/me/password", token=stolen, body=body)
        return answer.slug if answer.status >= 400 else "changed"

    counted = await asyncio.gather(*(guess(f"guess {number}") for number in range(20)))
    found = await guess(PASSWORD)

    assert counted.count("wrong_password") == FAILURES_MAX
    assert counted.count("login_locked") == 20 - FAILURES_MAX
    assert found == "login_locked"
    await desk.client.ask("POST", f"/v1/staff/players/{ann.player_id}/unlock", token=desk.staff)
    assert (await log_in(desk, ann.email)).status == 201


async def test_a_session_that_a_client_brings_is_not_the_one_that_it_gets(desk: Desk) -> None:
    ann, thief = await desk.player(), await desk.player()
    fixed = claims_of(thief.token)["sid"]
    cookies = {"cookie": f"session={fixed}; sid={fixed}", "x-session-id": fixed}

    answer = await desk.client.ask(
        "POST",
        f"/v1/sessions?session_id={fixed}&sid={fixed}",
        token=thief.token,
        body={"email": ann.email, "password": PASSWORD},
        headers=cookies,
    )

    assert answer.json()["session_id"] != fixed
    assert answer.json()["player_id"] == ann.player_id
    me = await desk.client.ask("GET", "/v1/me", token=thief.token)
    assert me.json()["player_id"] == thief.player_id


@pytest.mark.parametrize(
    "path", ["/v1/players", "/v1/sessions", "/v1/sessions/challenges", "/v1/me/password"]
)
async def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed(
    desk: Desk, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await desk.player()
    long = "x" * 1_000_000
    bodies: dict[str, dict[str, Any]] = {
        "/v1/players": {**registration("long@example.test"), "password": long},
        "/v1/me/password": {"password": long, "new_password": long},
    }
    hashed: list[str] = []

    def hash_nothing(*texts: str) -> str:
        hashed.append(texts[-1])
        return ""

    monkeypatch.setattr(passwords, "hash_password", hash_nothing)
    monkeypatch.setattr(passwords, "verify_password", hash_nothing)

    for length in (1_000_000, 1_025):
        body = bodies.get(path, {"email": ann.email, "password": long})
        shorter = {name: value[:length] if value == long else value for name, value in body.items()}
        token = ann.token if "/me/" in path else None
        answer = await desk.client.ask("POST", path, token=token, key=desk.key(), body=shorter)
        assert answer.status in {413, 422}
    assert hashed == []


# The first letter is another alphabet's: Cyrillic, Greek, Armenian; or it cannot be seen.
ALIKE = [
    "\u0430nn@example.test",
    "ann@ex\u0430mple.test",
    "\u03bfnn@example.test",
    "an\u0578@example.test",
    "a\u200bnn@example.test",
    "ann@example.test\u202e",
    "\u2060ann@example.test",
]


@pytest.mark.parametrize("email", ALIKE)
async def test_an_email_that_looks_like_anothers_is_not_taken(desk: Desk, email: str) -> None:
    answer = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=registration(email))

    assert (answer.status, answer.fields) == (422, ["email"])


async def test_another_spelling_of_an_email_is_the_same_player(desk: Desk) -> None:
    ann = await desk.player()
    full_width = "".join(
        chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter
        for letter in ann.email
    )

    for email in (ann.email.upper(), full_width):
        taken = await desk.client.ask(
            "POST", "/v1/players", key=desk.key(), body=registration(email)
        )
        assert (taken.status, taken.slug) == (409, "email_taken")
        assert (await log_in(desk, email)).json()["player_id"] == ann.player_id


async def test_what_is_said_at_the_door_does_not_tell_who_has_an_account(desk: Desk) -> None:
    ann, locked, closed = [await desk.player() for _ in range(3)]
    for _ in range(FAILURES_MAX):
        await log_in(desk, locked.email, "wrong horse")
    await desk.client.ask("POST", "/v1/me/closure", token=closed.token, key=desk.key())

    for path in ("/v1/sessions", "/v1/sessions/challenges"):
        answers = [
            await desk.client.ask("POST", path, body={"email": email, "password": "wrong horse"})
            for email in (ann.email, locked.email, closed.email, "nobody@example.test")
        ]
        assert {answer.status for answer in answers} == {401}
        assert len({answer.body for answer in answers}) == 1
        assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1


async def test_many_guesses_at_once_open_nothing_and_lock_the_login(desk: Desk) -> None:
    ann = await desk.player()
    guesses = [f"guess number {number}" for number in range(30)] + [PASSWORD]

    answers = await asyncio.gather(*(log_in(desk, ann.email, guess) for guess in guesses))
    after = await log_in(desk, ann.email)

    assert {answer.status for answer in answers[:-1]} == {401}
    # The right one came in only if it was judged before the lock.
    assert answers[-1].status in {201, 401}
    assert after.status == 401


async def test_who_spreads_guesses_over_many_players_is_stopped_by_address(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.players.access.operations.ADDRESS_ATTEMPTS_MAX", 5)
    desk = Desk(database=database, proxies_trusted=1)

    async def guess(number: int, address: str) -> int:
        answer = await desk.client.ask(
            "POST",
            "/v1/sessions",
            body={"email": f"player{number}@example.test", "password": "password1"},
            headers={"x-forwarded-for": f"198.51.100.{number}, {address}"},
        )
        return answer.status

    statuses = [await guess(number, "192.0.2.7") for number in range(8)]
    elsewhere = await guess(9, "192.0.2.8")

    # What the client wrote into the header itself counts for nothing.
    assert statuses == [401] * 5 + [429] * 3
    assert elsewhere == 401


async def test_a_secret_is_in_no_answer_of_the_api(desk: Desk) -> None:
    ann = await desk.player()
    offered = await desk.client.ask("POST", "/v1/me/second-factor", token=ann.token)
    secret = offered.json()["secret"]
    paths = ("/v1/me", "/v1/me/data", "/v1/me/sessions", "/v1/me/security-keys")

    bodies = [(await desk.client.ask("GET", path, token=ann.token)).body for path in paths]

    for body in bodies:
        assert secret.encode() not in body
        assert b"argon2" not in body


async def test_tokens_of_another_house_are_nobodys(desk: Desk) -> None:
    ann = await desk.player()
    other = Tokens(b"a secret of thirty-two other bytes")
    session = claims_of(ann.token)["sid"]
    token = other.issue(ann.player_id, Role.PLAYER, "EUR", now=desk.wall.now(), session=session)

    assert await knock_everywhere(desk, token.text) == {401}
