"""Players are told how long and how much, answer, and read it again afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import (
    FOR_REGISTERS,
    KICK_OFF,
    Desk,
    Somebody,
    event_id,
    registration,
    selection_id,
    slip,
)
from paced import CAPPED, CHECKED, PAUSED, put_in_force
from pitboss import jurisdictions
from pitboss.jurisdictions.model import Shown
from pitboss.kernel.ids import derived_id
from pitboss.kernel.instants import write_instant
from proofs import Proves

CHECK = "/v1/me/reality-check"
INTERVAL, ANSWER = f"{CHECK}/interval", f"{CHECK}/answer"


async def ask(
    desk: Desk, player: Somebody, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    """Ask as this player."""
    return await desk.client.ask(method, path, token=player.token, body=body)


def wait(desk: Desk, minutes: float) -> None:
    """Let time go by, for tokens too, which would be renewed meanwhile."""
    desk.clock.advance(timedelta(minutes=minutes))


async def outcome(desk: Desk, player: Somebody, stake: str = "1.00") -> str | None:
    """Ask for a bet; return why it was refused, if it was."""
    placed = await desk.place(player, slip(selection_id("final"), stake=stake))
    await desk.process()
    found: str | None = (await desk.look(player, f"/v1/bets/{placed.json()['bet_id']}"))["refusal"]
    return found


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_a_check_shows_what_the_licence_wants_shown(
    code: str, desk: Desk, proves: Proves
) -> None:
    proves("reality_check.shows", code)
    licence = jurisdictions.get(code)
    body = {
        **registration(),
        **FOR_REGISTERS,
        "jurisdiction": code,
        "currency": licence.licence.currencies[0],
    }
    answer = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)
    player = Somebody(player_id=answer.json()["player_id"], token=answer.json()["token"], email="")
    wait(desk, 10)

    shown = await desk.look(player, CHECK)

    rules = licence.reality_check
    assert shown["elapsed_seconds"] == 600
    assert shown["clock"]
    assert (shown["staked"] is not None) == (Shown.STAKED in rules.shows)
    assert (shown["net_position"] is not None) == (Shown.NET_POSITION in rules.shows)
    assert shown["minutes"] == rules.minutes_default
    assert tuple(shown["minutes_choices"]) == rules.minutes_choices
    assert (shown["due"], shown["answer_required"]) == (False, rules.answer_required)
    assert (shown["break_starts_at"] is None) == (licence.breaks.mandatory_minutes is None)


async def test_play_goes_on_once_a_check_is_answered_and_the_session_ends_when_left(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, CHECKED)
    await desk.event("final")
    player = await desk.player(amount="50.00")
    wait(desk, 30)
    stopped = await outcome(desk, player)
    due = await desk.look(player, CHECK)
    early = await ask(desk, player, "POST", ANSWER, {"due_at": due["opened_at"], "reply": "leave"})
    seen = await ask(desk, player, "POST", ANSWER, {"due_at": due["due_at"], "reply": "seen"})
    body = {"due_at": due["due_at"], "reply": "continue"}
    answers = [await ask(desk, player, "POST", ANSWER, body) for _ in range(2)]
    went_on = await outcome(desk, player, "2.50")
    wait(desk, 30)
    later = await desk.look(player, CHECK)
    body = {"due_at": later["due_at"], "reply": "leave"}
    left = await ask(desk, player, "POST", ANSWER, body)
    gone = await ask(desk, player, "GET", CHECK)

    assert (stopped, went_on) == ("reality_check_due", None)
    assert (due["due"], due["pace"]) == (True, "check_due")
    assert (early.status, early.slug) == (409, "no_check_due")
    assert (seen.status, seen.slug) == (409, "answer_needed")
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["next_due_at"] == later["due_at"]
    assert later["net_position"] == "0.00"
    assert (left.status, left.json()["next_due_at"], gone.status) == (200, None, 401)


async def test_an_interval_is_one_of_the_licences_and_shown(desk: Desk) -> None:
    player = await desk.player()
    chosen = await ask(desk, player, "PUT", INTERVAL, {"minutes": 15})
    odd = await ask(desk, player, "PUT", INTERVAL, {"minutes": 7})
    shown = await desk.look(player, CHECK)
    without = await ask(desk, player, "PUT", INTERVAL, {"minutes": None})

    assert (chosen.status, chosen.json()) == (200, {"minutes": 15})
    assert (odd.status, odd.slug) == (404, "interval_not_offered")
    assert shown["minutes"] == 15
    assert (without.status, without.json()) == (200, {"minutes": None})


async def test_the_next_break_and_the_end_of_the_session_are_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, PAUSED, {"sessions": {"minutes_max": 600}})
    player = await desk.player()
    wait(desk, 61)
    shown = await desk.look(player, CHECK)

    opened_at = desk.clock.now() - timedelta(minutes=61)
    assert shown["pace"] == "on_break"
    assert shown["break_starts_at"] == write_instant(opened_at + timedelta(minutes=60))
    assert shown["break_ends_at"] == write_instant(opened_at + timedelta(minutes=65))
    assert shown["session_ends_at"] == write_instant(opened_at + timedelta(minutes=600))


async def test_a_session_that_reached_its_cap_is_nobodys(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, CAPPED)
    player = await desk.player()
    wait(desk, 9.9)
    before = await ask(desk, player, "GET", CHECK)
    wait(desk, 0.1)
    after = await ask(desk, player, "GET", CHECK)

    assert (before.status, after.status) == (200, 401)


async def test_a_statement_tells_a_session_from_its_first_moment_to_its_last(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    (first,) = (await desk.look(player, "/v1/me/sessions"))["sessions"]
    path = f"/v1/me/sessions/{first['session_id']}/statement"
    await outcome(desk, player, "4.00")
    wait(desk, 5)
    running = await desk.look(player, path)
    body = {"email": player.email, "password": "correct horse"}
    entered_at = write_instant(desk.clock.now())
    entered = (await desk.client.ask("POST", "/v1/sessions", body=body)).json()
    again = Somebody(player_id=player.player_id, token=entered["token"], email=player.email)
    await ask(desk, player, "DELETE", "/v1/me/session")
    desk.clock.advance(KICK_OFF + timedelta(hours=2) - desk.clock.now())
    result = {"event_id": event_id("final"), "home": 1, "away": 0, "abandoned": False}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body={"results": [result]})
    await desk.process()
    ended = await desk.look(again, path)
    newer = await desk.look(again, f"/v1/me/sessions/{entered['session_id']}/statement")

    assert (running["ended_at"], running["elapsed_seconds"]) == (None, 300)
    assert (running["staked"], running["deposited"]) == ("4.00", "50.00")
    assert (running["net_position"], running["won"]) == ("0.00", "0.00")
    assert ended["until"] == ended["ended_at"] == entered_at
    # What became of its bet after the next login stands in the statement of that.
    assert (ended["staked"], ended["won"], ended["net_position"]) == ("4.00", "0.00", "0.00")
    assert (newer["staked"], newer["deposited"], newer["net_position"]) == ("0.00", "0.00", "6.00")


async def test_a_session_of_somebody_else_is_not_there(desk: Desk) -> None:
    ann, bob = await desk.player(), await desk.player()
    (session,) = (await desk.look(ann, "/v1/me/sessions"))["sessions"]
    own = await ask(desk, ann, "GET", f"/v1/me/sessions/{session['session_id']}/statement")
    other = await ask(desk, bob, "GET", f"/v1/me/sessions/{session['session_id']}/statement")
    none = await ask(desk, bob, "GET", f"/v1/me/sessions/{derived_id('none')}/statement")
    odd = await ask(desk, bob, "GET", "/v1/me/sessions/none/statement")

    assert [item.status for item in (own, other, none, odd)] == [200, 404, 404, 422]


async def test_what_is_used_of_a_limit_is_shown_with_the_notice_that_is_reached(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"notices_percent": (50, 100)}})
    await desk.event("final")
    player = await desk.player(amount="50.00")
    for path, body in (
        ("/v1/me/limits/stake/day", {"amount": "10.00"}),
        ("/v1/me/limits/session_time/day", {"minutes": 10}),
        ("/v1/me/limits/single_stake/none", {"amount": "9.00"}),
    ):
        assert (await ask(desk, player, "PUT", path, body)).status == 200
    seen = []
    for stake in ("4.90", "0.10", "5.00"):
        assert await outcome(desk, player, stake) is None
        wait(desk, 3)
        limits = (await desk.look(player, "/v1/me/limits"))["limits"]
        seen.append({limit["kind"]: limit for limit in limits})

    assert [item["stake"]["used"] for item in seen] == ["4.90", "5.00", "10.00"]
    assert [item["stake"]["notice_percent"] for item in seen] == [None, 50, 100]
    assert [item["session_time"]["minutes_used"] for item in seen] == [3, 6, 9]
    assert [item["session_time"]["notice_percent"] for item in seen] == [None, 50, 50]
    assert seen[-1]["single_stake"]["used"] is None


async def test_the_history_of_limits_tells_every_change_page_by_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.responsible.limits.queries.CHANGES_MAX", 2)
    player = await desk.player()
    path = "/v1/me/limits/stake/day"
    for amount in ("10.00", "5.00", "20.00"):
        await ask(desk, player, "PUT", path, {"amount": amount})
    await ask(desk, player, "PUT", path, {"amount": "20.00"})
    await ask(desk, player, "DELETE", f"{path}/waiting")
    newest = await desk.look(player, "/v1/me/limits/history")
    older = await desk.look(player, f"/v1/me/limits/history?older_than={newest['next_older_than']}")
    odd = [
        await ask(desk, player, "GET", f"/v1/me/limits/history?older_than={number}")
        for number in ("0", str(2**31), "x")
    ]

    told = [*newest["changes"], *older["changes"]]
    assert [(item["number"], item["happened"], item["amount"]) for item in told] == [
        (4, "kept", None),
        (3, "asked", "20.00"),
        (2, "set", "5.00"),
        (1, "set", "10.00"),
    ]
    assert [item["amount_before"] for item in told] == [None, "5.00", "10.00", None]
    assert told[1]["counts_from"] is not None
    assert older["next_older_than"] is None
    assert [answer.status for answer in odd] == [422, 422, 422]
