"""National registers over HTTP: asked before anybody is let in, and shown to staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, registration
from pitboss import jurisdictions
from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.model import FAILURES_MAX
from pitboss.registers.model import Answer as Word

EMAIL = "ann@example.test"


async def register(desk: Desk, code: str = "GB", **changes: Any) -> Answer:
    """Ask to become a player under a licence with a register."""
    body = {
        **registration(EMAIL),
        "jurisdiction": code,
        "currency": {"GB": "GBP", "SE": "SEK"}[code],
        "postcode": "E1 1AA",
        **changes,
    }
    return await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)


async def log_in(desk: Desk, password: str = PASSWORD) -> Answer:
    body = {"email": EMAIL, "password": password}
    return await desk.client.ask("POST", "/v1/sessions", body=body)


async def check(desk: Desk, token: str) -> str:
    answer = await desk.client.ask("POST", "/v1/me/register-check", token=token)
    assert answer.status == 200, answer.body
    return str(answer.json()["verdict"])


async def deposit(desk: Desk, token: str) -> str:
    """Return why a deposit is refused, or that it is on its way."""
    body = {"amount": "10.00", "currency": "GBP"}
    answer = await desk.client.ask("POST", "/v1/deposits", token=token, key=desk.key(), body=body)
    return kind(answer) if answer.status >= 400 else str(answer.status)


def kind(answer: Answer) -> str:
    return f"{answer.status} {answer.problem['type'].rpartition(':')[2]}"


def asked(desk: Desk, register: Register = Register.GAMSTOP) -> list[Moment]:
    return [moment for moment, _ in desk.registers[register].asked]


async def test_whom_a_register_names_becomes_no_player_and_is_not_told_why(desk: Desk) -> None:
    desk.registers[Register.GAMSTOP].answers["example"] = Word.EXCLUDED

    answer = await register(desk)
    desk.registers[Register.GAMSTOP].answers.clear()

    assert kind(answer) == "403 registration_not_possible"
    assert b"register" not in answer.body.replace(b"registration", b"")
    assert asked(desk) == [Moment.REGISTRATION]
    assert (await log_in(desk)).status == 401
    assert (await register(desk)).status == 201


async def test_nobody_becomes_a_player_while_the_register_is_silent(desk: Desk) -> None:
    desk.registers[Register.GAMSTOP].away = True
    away = await register(desk)
    desk.registers[Register.GAMSTOP].away = False

    assert kind(away) == "503 register_down"
    assert (await register(desk)).status == 201


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("GB", {"postcode": None}, "postcode"),
        ("SE", {}, "national_id"),
        ("SE", {"national_id": "19900101-9803"}, "national_id"),
    ],
)
async def test_what_the_register_wants_to_know_is_asked_for_by_name(
    desk: Desk, code: str, changes: dict[str, Any], field: str
) -> None:
    answer = await register(desk, code, **changes)

    assert answer.status == 422
    assert [error["field"] for error in answer.problem["errors"]] == [field]


async def test_of_a_locked_login_the_register_is_asked_by_no_password(desk: Desk) -> None:
    ann = (await register(desk)).json()["player_id"]
    for number in range(jurisdictions.get("GB").sessions.failed_logins_max):
        await log_in(desk, f"wrong horse {number}")

    wrong, right = await log_in(desk, "wrong horse"), await log_in(desk)

    assert (right.status, right.body) == (wrong.status, wrong.body)
    assert asked(desk).count(Moment.LOGIN) == 0
    await desk.client.ask("POST", f"/v1/staff/players/{ann}/unlock", token=desk.staff)
    assert (await log_in(desk)).status == 201
    assert asked(desk).count(Moment.LOGIN) == 1


async def test_a_login_asks_the_register_first_and_whoever_is_named_sees_their_money_only(
    desk: Desk,
) -> None:
    first = (await register(desk)).json()["token"]
    before = await deposit(desk, first)
    desk.registers[Register.GAMSTOP].answers["example"] = Word.EXCLUDED
    wrong = await log_in(desk, "wrong horse")
    asked_for_a_guess = asked(desk).count(Moment.LOGIN)

    token = (await log_in(desk)).json()["token"]

    assert (wrong.status, asked_for_a_guess, asked(desk).count(Moment.LOGIN)) == (401, 0, 1)
    assert before == "202"
    assert (await desk.client.ask("GET", "/v1/me", token=first)).status == 401
    assert (await desk.client.ask("GET", "/v1/me/wallet", token=token)).status == 200
    assert await deposit(desk, token) == "403 player_excluded"
    assert await check(desk, token) == "excluded"
    back = await desk.client.ask("POST", "/v1/me/return", token=token)
    assert kind(back) == "403 held_by_register"


async def test_a_register_that_is_down_at_login_stops_play_and_not_the_login(desk: Desk) -> None:
    await register(desk)
    desk.registers[Register.GAMSTOP].away = True
    tokens = [(await log_in(desk)).json()["token"] for _ in range(FAILURES_MAX)]
    token = tokens[-1]
    silent = (await deposit(desk, token), await check(desk, token))
    shown = await staff_view(desk, "gamstop")
    tries = len(desk.registers[Register.GAMSTOP].asked)
    desk.registers[Register.GAMSTOP].away = False
    resting = await check(desk, token)
    desk.wall.advance(timedelta(seconds=6))
    back = await check(desk, token)

    assert silent == ("409 register_down", "down")
    assert (await desk.client.ask("GET", "/v1/me/wallet", token=token)).status == 200
    assert (shown["state"], shown["reason"], shown["waiting"]) == ("down", "away", 1)
    # The one more is the registration; while it is down it is left alone.
    assert tries == FAILURES_MAX + 1
    assert (resting, back, await deposit(desk, token)) == ("down", "clear", "202")
    assert (await staff_view(desk, "gamstop"))["state"] == "up"


async def test_staff_sees_every_register_and_what_its_licences_do_when_it_is_silent(
    desk: Desk,
) -> None:
    desk.registers.pop(Register.OASIS)
    fresh = await staff_view(desk, "spelpaus")

    assert fresh == {
        "register": "spelpaus",
        "connected": True,
        "state": "unknown",
        "since": None,
        "reason": None,
        "waiting": 0,
        "excluded": 0,
        "answered_at": None,
        "licences": [{"jurisdiction": "SE", "when_down": "refuse"}],
    }


async def test_a_swedish_number_is_told_as_the_register_wants_it(desk: Desk) -> None:
    answer = await register(desk, "SE", national_id="19900101-9802")

    (moment, (question,)), *_ = desk.registers[Register.SPELPAUS].asked
    assert answer.status == 201
    assert (moment, question.person.national_id) == (Moment.REGISTRATION, "199001019802")


async def staff_view(desk: Desk, register: str) -> dict[str, Any]:
    """Return what staff sees of a register."""
    answer = await desk.client.ask("GET", "/v1/staff/registers", token=desk.staff)
    assert answer.status == 200, answer.body
    found = [item for item in answer.json()["registers"] if item["register"] == register]
    view: dict[str, Any] = found[0]
    return view
