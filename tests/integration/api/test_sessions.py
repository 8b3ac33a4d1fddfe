"""Logging in and out over HTTP: what ends a session ends it at the next request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer, AsgiClient
from integration.api.desk import (
    PASSWORD,
    SECRET,
    Desk,
    Somebody,
    news,
    registration,
    selection_id,
    slip,
)
from integration.api.rows import count_rows
from integration.players.keys import KEYS
from pitboss.adapters import passwords
from pitboss.api.asgi import make_app
from pitboss.api.edge import Edge
from pitboss.api.tokens import Role, Tokens
from pitboss.players.access.model import ADDRESS_ATTEMPTS_MAX
from pitboss.players.factors import rules
from pitboss.players.factors.model import STEP_SECONDS

NEW_PASSWORD = "another horse"


async def join(desk: Desk, jurisdiction: str = "demo", currency: str = "EUR") -> Somebody:
    number = next(desk.numbers)
    email = f"player{number}@example.test"
    body = {**registration(email), "jurisdiction": jurisdiction, "currency": currency}
    if jurisdiction == "GB":
        body["postcode"] = f"E{number} 1AA"
    answer = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)
    assert answer.status == 201, answer.body
    said = answer.json()
    return Somebody(player_id=said["player_id"], token=said["token"], email=email)


async def log_in(
    desk: Desk, player: Somebody | str, password: str = PASSWORD, **more: Any
) -> Answer:
    email = player if isinstance(player, str) else player.email
    body = {"email": email, "password": password, **more}
    return await desk.client.ask("POST", "/v1/sessions", body=body)


async def who(desk: Desk, token: str) -> int:
    return (await desk.client.ask("GET", "/v1/me", token=token)).status


async def token_of(desk: Desk, player: Somebody, **more: Any) -> str:
    answer = await log_in(desk, player, **more)
    assert answer.status == 201, answer.body
    return str(answer.json()["token"])


async def place(desk: Desk, player: Somebody) -> Answer:
    body = slip(selection_id("cup"))
    return await desk.client.ask("POST", "/v1/bets", token=player.token, key=desk.key(), body=body)


async def place_batch(desk: Desk, player: Somebody) -> Answer:
    body = {"bets": [{"key": desk.key(), **slip(selection_id("cup"))}]}
    return await desk.client.ask("POST", "/v1/bets/batch", token=player.token, body=body)


def kind(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.problem["type"].rpartition(":")[2]


async def test_a_token_is_good_for_nothing_after_logout_in_any_process(desk: Desk) -> None:
    ann = await join(desk)
    other = await token_of(desk, ann)
    twin = desk.twin()
    before = (await who(desk, ann.token), await who(twin, ann.token))

    out = await desk.client.ask("DELETE", "/v1/me/session", token=ann.token)

    assert before == (200, 200)
    assert out.status == 204
    assert (await who(desk, ann.token), await who(twin, ann.token)) == (401, 401)
    for body, path in ((slip("x"), "/v1/bets"), ({"bets": []}, "/v1/bets/batch")):
        bet = await desk.client.ask("POST", path, token=ann.token, key="k", body=body)
        assert bet.status == 401
    assert await who(desk, other) == 200


async def test_a_session_that_was_remembered_takes_no_bet_once_it_has_ended_anywhere(
    desk: Desk,
) -> None:
    await desk.event("cup")
    ann, bob = await join(desk), await join(desk)
    twin = desk.twin()
    for player in (ann, bob):
        # Seen once, the process remembers it and looks no more.
        assert (await place(desk, player)).status == 202
    assert (await place_batch(desk, ann)).status == 200
    logged = (await count_rows(desk.database))["command"]

    out = await twin.client.ask("DELETE", "/v1/me/session", token=ann.token)
    answers = await asyncio.gather(
        *(place(desk, player) for player in (ann, bob, ann, bob)), place_batch(desk, ann)
    )

    assert out.status == 204
    assert [answer.status for answer in answers] == [401, 202, 401, 202, 401]
    assert (await count_rows(desk.database))["command"] == logged + 2


async def test_a_logout_that_was_answered_comes_before_every_later_bet(desk: Desk) -> None:
    await desk.event("cup")
    players = [await join(desk) for _ in range(10)]
    twin = desk.twin()
    late: list[Answer] = []

    async def bet_and_leave(player: Somebody) -> None:
        for _ in range(3):
            await place(desk, player)
        await twin.client.ask("DELETE", "/v1/me/session", token=player.token)
        late.append(await place(desk, player))

    await asyncio.gather(*map(bet_and_leave, players))

    assert {answer.status for answer in late} == {401}
    assert (await count_rows(desk.database))["command"] == 3 * len(players)


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_a_change_of_status_ends_every_session(desk: Desk, status: str) -> None:
    ann = await join(desk)
    tokens = [ann.token, await token_of(desk, ann)]

    await desk.client.ask(
        "POST",
        f"/v1/staff/players/{ann.player_id}/status",
        token=desk.staff,
        key="s",
        body={"status": status, "reason": "staff_decision"},
    )

    assert [await who(desk, token) for token in tokens] == [401, 401]
    # Who is suspended may still come and take their money out.
    assert (await log_in(desk, ann)).status == (201 if status == "suspended" else 401)


async def test_a_second_login_ends_the_first_where_one_is_allowed(desk: Desk) -> None:
    ann = await join(desk, "NJ", "USD")

    second = await token_of(desk, ann)

    assert (await who(desk, ann.token), await who(desk, second)) == (401, 200)


async def test_every_login_has_a_session_of_its_own_whatever_the_client_brings(
    desk: Desk,
) -> None:
    ann = await join(desk)
    fixed = await desk.client.ask(
        "POST",
        "/v1/sessions",
        token=ann.token,
        body={"email": ann.email, "password": PASSWORD},
    )
    again = await log_in(desk, ann)
    brought = await log_in(desk, ann, session_id="00000000-0000-7000-8000-000000000000")

    ids = {answer.json()["session_id"] for answer in (fixed, again)}
    assert len(ids) == 2
    assert brought.status == 422


async def test_a_session_dies_when_nobody_uses_it_and_lives_while_somebody_does(
    desk: Desk,
) -> None:
    ann = await join(desk, "GB", "GBP")
    for _ in range(4):
        desk.clock.advance(timedelta(minutes=20))
        assert await who(desk, ann.token) == 200

    desk.clock.advance(timedelta(minutes=30))

    assert await who(desk, ann.token) == 401


async def test_a_player_sees_and_ends_sessions_and_nobody_elses(desk: Desk) -> None:
    ann, bob = await join(desk), await join(desk)
    second = await log_in(desk, ann)
    listed = await desk.look(ann, "/v1/me/sessions")
    wanted = second.json()["session_id"]

    by_bob = await desk.client.ask("DELETE", f"/v1/me/sessions/{wanted}", token=bob.token)
    alive = await who(desk, second.json()["token"])
    by_ann = await desk.client.ask("DELETE", f"/v1/me/sessions/{wanted}", token=ann.token)

    assert [item["current"] for item in listed["sessions"]].count(True) == 1
    assert len(listed["sessions"]) == 2
    assert (by_bob.status, alive, by_ann.status) == (204, 200, 204)
    assert await who(desk, second.json()["token"]) == 401
    assert await who(desk, ann.token) == 200


async def test_a_renewed_token_is_of_the_same_session_and_ends_with_it(desk: Desk) -> None:
    ann = await join(desk)
    renewed = await desk.client.ask("POST", "/v1/me/session/renewal", token=ann.token)
    token = renewed.json()["token"]
    await desk.client.ask("DELETE", "/v1/me/session", token=token)

    assert renewed.status == 200
    assert (await who(desk, token), await who(desk, ann.token)) == (401, 401)


async def test_the_previous_login_is_told(desk: Desk) -> None:
    ann = await join(desk)
    desk.clock.advance(timedelta(hours=1))

    answer = await log_in(desk, ann)

    assert answer.json()["previous_login_at"] == "2026-08-01T12:00:00.000000Z"


async def test_a_changed_password_ends_the_other_sessions(desk: Desk) -> None:
    ann = await join(desk)
    other = await token_of(desk, ann)
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}

    wrong = await desk.client.ask(
        "POST", "/v1/me/password", token=ann.token, body={**body, "password": "not this"}
    )
    short = await desk.client.ask(
        "POST", "/v1/me/password", token=ann.token, body={**body, "new_password": "x"}
    )
    changed = await desk.client.ask("POST", "/v1/me/password", token=ann.token, body=body)

    assert (kind(wrong), short.status, changed.status) == ((403, "wrong_password"), 422, 204)
    assert (await who(desk, ann.token), await who(desk, other)) == (200, 401)
    assert (await log_in(desk, ann)).status == 401
    assert (await log_in(desk, ann, NEW_PASSWORD)).status == 201


async def test_a_second_factor_is_set_up_asked_for_and_removed(desk: Desk) -> None:
    ann = await join(desk)

    async def ask(path: str, code: str | None = None) -> Answer:
        body = None if code is None else {"code": code}
        return await desk.client.ask(
            "POST", f"/v1/me/second-factor{path}", token=ann.token, body=body
        )

    def code() -> str:
        desk.clock.advance(timedelta(seconds=2 * STEP_SECONDS))
        return rules.totp(seed, int(desk.clock.now().timestamp()) // STEP_SECONDS)

    offered = await ask("")
    seed = rules.read_seed(offered.json()["secret"])
    wrong = await ask("/confirmation", "000000")
    unasked = await log_in(desk, ann)
    confirmed = await ask("/confirmation", code())
    again = await ask("")
    alone = await log_in(desk, ann)
    stranger = await log_in(desk, ann, "not the password")
    inside = await log_in(desk, ann, code=code())
    recovered = await log_in(desk, ann, recovery_code=confirmed.json()["recovery_codes"][0])
    removed = await ask("/removal", code())

    assert (wrong.status, unasked.status) == (403, 201)
    assert len(confirmed.json()["recovery_codes"]) == 10
    assert kind(again) == (409, "factor_active")
    assert kind(alone) == (403, "second_factor_needed")
    # Who does not know the password does not learn that there is a second factor.
    assert kind(stranger) == (401, "login_failed")
    assert (inside.status, recovered.status, removed.status) == (201, 201, 204)
    assert (await log_in(desk, ann)).status == 201


async def test_staff_are_not_shown_what_a_player_proves_who_they_are_with(desk: Desk) -> None:
    ann = await join(desk)
    await desk.client.ask("POST", "/v1/me/second-factor", token=ann.token)
    body = {"purpose": "support", "paths": ["/secret/totp"]}

    for door in ("personal-data", "disclosure"):
        path = f"/v1/staff/players/{ann.player_id}/{door}"
        answer = await desk.client.ask("POST", path, token=desk.staff, body=body)
        assert answer.status == 422


async def test_a_locked_login_looks_like_a_stranger_until_staff_open_it(desk: Desk) -> None:
    ann = await join(desk, "NJ", "USD")
    for _ in range(3):
        await log_in(desk, ann, "wrong horse")

    locked = await log_in(desk, ann)
    stranger = await log_in(desk, "nobody@example.test")
    path = f"/v1/staff/players/{ann.player_id}/unlock"
    unlocked = await desk.client.ask("POST", path, token=desk.staff)

    assert locked.problem == stranger.problem
    assert unlocked.status == 204
    assert (await log_in(desk, ann)).status == 201


async def test_staff_end_every_session_of_a_player(desk: Desk) -> None:
    ann = await join(desk)
    path = f"/v1/staff/players/{ann.player_id}/sessions"

    assert (await desk.client.ask("DELETE", path, token=desk.staff)).status == 204
    assert await who(desk, ann.token) == 401


async def test_too_many_tries_from_one_address_are_refused_whoever_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.players.access.operations.ADDRESS_ATTEMPTS_MAX", 3)
    ann = await join(desk)
    assert ADDRESS_ATTEMPTS_MAX > 3
    for _ in range(5):
        # Who comes in is not counted.
        assert (await log_in(desk, ann)).status == 201

    answers = await asyncio.gather(
        *(log_in(desk, f"nobody{number}@example.test") for number in range(5))
    )
    last = await log_in(desk, ann)

    statuses = sorted(answer.status for answer in answers)
    assert statuses == [401, 401, 401, 429, 429]
    assert kind(last) == (429, "too_many_logins")
    assert int(last.headers["retry-after"]) > 0


async def test_guesses_from_inside_count_by_address_as_those_from_outside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.players.access.operations.ADDRESS_ATTEMPTS_MAX", 2)
    anns = [await join(desk) for _ in range(4)]
    good = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    bad = {**good, "password": "wrong horse"}

    async def ask(number: int, body: dict[str, str]) -> int:
        token = anns[number].token
        answer = await desk.client.ask("POST", "/v1/me/password", token=token, body=body)
        return answer.status

    # Who changes their own password is no attacker, and is not counted.
    changed = [await ask(0, good), await ask(1, good), await ask(2, good)]
    guessed = [await ask(3, bad), await ask(3, bad), await ask(3, bad)]

    assert changed == [204, 204, 204]
    assert guessed == [403, 403, 429]
    assert (await log_in(desk, anns[3])).status == 429


async def test_an_account_is_closed_once_nothing_is_left_in_it(desk: Desk) -> None:
    ann = await desk.player(amount="10.00")

    async def close() -> Answer:
        return await desk.client.ask("POST", "/v1/me/closure", token=ann.token, key=desk.key())

    money = {"amount": "10.00", "currency": "EUR"}
    left = await close()
    payment = await desk.client.ask(
        "POST", "/v1/withdrawals", token=ann.token, key=desk.key(), body=money
    )
    held = await close()
    await desk.tell(news(payment.json()))
    closed = await close()

    assert kind(left) == (409, "money_left")
    assert held.status == 409
    assert closed.status == 204
    assert await who(desk, ann.token) == 401
    assert kind(await log_in(desk, ann)) == (401, "login_failed")


@dataclass(slots=True)
class CountedPasswords:
    """Real hashes, and what was asked for."""

    verified: list[bool] = field(default_factory=list)

    def hash_password(self, password: str) -> str:
        """Hash a password."""
        return passwords.hash_password(password)

    def verify_password(self, stored: str | None, password: str) -> bool:
        """Check a password."""
        self.verified.append(stored is not None)
        return passwords.verify_password(stored, password)

    def needs_rehash(self, stored: str) -> bool:
        """Say whether it is old."""
        return passwords.needs_rehash(stored)


async def test_a_stranger_costs_the_same_work_and_hears_the_same_words(desk: Desk) -> None:
    counted = CountedPasswords()
    edge = Edge(
        database=desk.database,
        clock=desk.clock,
        entropy=desk.entropy,
        tokens=Tokens(SECRET),
        passwords=counted,
        personal_keys=KEYS,
        wall=desk.wall,
    )
    ann = await join(desk)
    other = AsgiClient(make_app(edge))

    async def facts_after(email: str, password: str) -> tuple[Answer, int]:
        before = await _facts(desk)
        body = {"email": email, "password": password}
        answer = await other.ask("POST", "/v1/sessions", body=body)
        return answer, await _facts(desk) - before

    known, told_known = await facts_after(ann.email, "wrong horse")
    stranger, told_stranger = await facts_after("nobody@example.test", "wrong horse")
    long = await other.ask(
        "POST", "/v1/sessions", body={"email": ann.email, "password": "x" * 1_000_000}
    )

    assert (known.status, known.body) == (stranger.status, stranger.body)
    assert known.headers.keys() == stranger.headers.keys()
    # One hash each, and one turn with one fact each.
    assert counted.verified == [True, False]
    assert told_known == told_stranger == 1
    # A megabyte is refused before anything is hashed.
    assert long.status == 413


async def _facts(desk: Desk) -> int:
    async with desk.database.reading() as tx:
        row = await tx.fetch_one("SELECT count(*) AS rows FROM fact")
    assert row is not None
    return int(row["rows"])


@pytest.mark.parametrize("session", ["two", "00000000-0000-7000-8000-000000000000"])
async def test_a_token_of_a_session_that_never_was_is_nobodys(desk: Desk, session: str) -> None:
    ann = await join(desk)
    token = desk.tokens.issue(
        ann.player_id, Role.PLAYER, "EUR", now=desk.wall.now(), session=session
    )

    assert await who(desk, token.text) == 401
