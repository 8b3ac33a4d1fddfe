"""Players set their limits over HTTP, and feel them in bets and deposits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody, selection_id, slip
from integration.players.keys import KEYS
from paced import put_in_force
from pitboss import messages
from pitboss.jurisdictions.model import Scope, WhenReached
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.workers import central

STAKE = "/v1/me/limits/stake/day"


async def ask(
    desk: Desk, player: Somebody, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    """Ask as this player."""
    return await desk.client.ask(method, path, token=player.token, body=body)


async def test_a_limit_that_was_set_is_shown_and_felt_by_the_next_bet(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    done = await ask(desk, player, "PUT", STAKE, {"amount": "10.00"})
    shown = await ask(desk, player, "GET", "/v1/me/limits")
    bets = [
        await desk.place(player, slip(selection_id("final"), stake=stake))
        for stake in ("8.00", "3.00")
    ]
    await desk.process()
    states = [
        (await ask(desk, player, "GET", f"/v1/bets/{bet.json()['bet_id']}")).json() for bet in bets
    ]

    assert (done.status, done.json()["amount"]) == (200, "10.00")
    (limit,) = shown.json()["limits"]
    assert (limit["kind"], limit["period"], limit["amount"]) == ("stake", "day", "10.00")
    offered = {item["kind"]: item["periods"] for item in shown.json()["offered"]}
    assert offered["stake"] == ["day", "week", "month"]
    assert offered["single_stake"] == []
    assert [state["state"] for state in states] == ["accepted", "refused"]
    assert states[1]["refusal"] == "above_stake_limit"


async def test_a_stake_when_a_limit_is_used_up_ends_the_session_where_the_licence_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"when_reached": WhenReached.LOG_OUT}})
    await desk.event("final")
    player = await desk.player(amount="50.00")
    await ask(desk, player, "PUT", STAKE, {"amount": "10.00"})

    async def status_after(stake: str) -> int:
        await desk.place(player, slip(selection_id("final"), stake=stake))
        await desk.process()
        return (await ask(desk, player, "GET", "/v1/me/limits")).status

    assert [await status_after(stake) for stake in ("11.00", "10.00", "1.00")] == [200, 200, 401]
    async with desk.database.reading() as tx:
        facts = await messages.read_facts(tx, shard_of(PlayerId(player.player_id)), after_seq=0)
    told = [msgspec.json.decode(fact.body)["data"] for fact in facts][-2:]
    assert [fact["type"] for fact in told] == ["bet.refused", "session.ended"]
    assert (told[0]["reason"], told[1]["reason"]) == ("above_stake_limit", "limit_used_up")


async def test_a_looser_limit_waits_is_confirmed_or_taken_back(desk: Desk) -> None:
    player = await desk.player()
    await ask(desk, player, "PUT", STAKE, {"amount": "10.00"})
    asked = await ask(desk, player, "PUT", STAKE, {"amount": "20.00"})
    early = await ask(desk, player, "POST", f"{STAKE}/confirmation")
    kept = await ask(desk, player, "DELETE", f"{STAKE}/waiting")
    await ask(desk, player, "DELETE", STAKE)
    desk.clock.advance(timedelta(hours=24))
    gone = await ask(desk, player, "POST", f"{STAKE}/confirmation")
    nothing = await ask(desk, player, "DELETE", STAKE)

    assert (asked.json()["amount"], asked.json()["waiting"]["amount"]) == ("10.00", "20.00")
    assert (early.status, early.slug) == (409, "too_early")
    assert (kept.json()["amount"], kept.json()["waiting"]) == ("10.00", None)
    assert (gone.json()["amount"], gone.json()["waiting"]) == (None, None)
    assert (nothing.status, nothing.slug) == (404, "nothing_is_set")


async def test_a_deposit_above_the_limit_is_refused_with_its_reason(desk: Desk) -> None:
    player = await desk.player()
    await ask(desk, player, "PUT", "/v1/me/limits/deposit/week", {"amount": "20.00"})

    first, second = await desk.deposit(player, "15.00"), await desk.deposit(player, "6.00")

    assert first.status == 202
    assert (second.status, second.slug) == (403, "above_deposit_limit")


@pytest.mark.parametrize(
    ("path", "body", "status", "fields"),
    [
        ("/v1/me/limits/luck/day", {"amount": "1.00"}, 422, ["kind"]),
        ("/v1/me/limits/stake/year", {"amount": "1.00"}, 422, ["period"]),
        ("/v1/me/limits/stake/day", {"minutes": 5}, 422, ["minutes"]),
        ("/v1/me/limits/stake/day", {}, 422, ["amount"]),
        ("/v1/me/limits/stake/day", {"amount": "0.00"}, 422, ["amount"]),
        ("/v1/me/limits/stake/day", {"amount": "1.001"}, 422, ["amount"]),
        ("/v1/me/limits/session_time/day", {"amount": "1.00"}, 422, ["amount"]),
        ("/v1/me/limits/session_time/day", {"minutes": 0}, 422, ["amount"]),
        ("/v1/me/limits/stake/none", {"amount": "1.00"}, 404, []),
        ("/v1/me/limits/single_stake/day", {"amount": "1.00"}, 404, []),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_by_name(
    shared_desk: Desk, path: str, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    player = await shared_desk.player()

    answer = await ask(shared_desk, player, "PUT", path, body)

    assert (answer.status, answer.fields) == (status, fields)


async def test_a_limit_of_time_stops_play_once_it_is_used_up_and_not_before(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    await ask(desk, player, "PUT", "/v1/me/limits/session_time/day", {"minutes": 10})

    async def refusal_after(minutes: float) -> str | None:
        for clock in (desk.clock, desk.wall):
            clock.advance(timedelta(minutes=minutes))
        placed = await desk.place(player, slip(selection_id("final"), stake="1.00"))
        await desk.process()
        found = await ask(desk, player, "GET", f"/v1/bets/{placed.json()['bet_id']}")
        refusal: str | None = found.json()["refusal"]
        return refusal

    refusals = [await refusal_after(minutes) for minutes in (0, 9.5, 0.5, 1)]

    assert refusals == [None, None, "session_time_used_up", "session_time_used_up"]


async def test_a_player_is_asked_to_look_at_the_limits_again_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"review_months": 6}})
    ann = await desk.player()
    first = (await desk.look(ann, "/v1/me/limits"))["review_due"]
    desk.clock.advance(timedelta(days=185))
    entered = (
        await desk.client.ask(
            "POST", "/v1/sessions", body={"email": ann.email, "password": PASSWORD}
        )
    ).json()
    ann = replace(ann, token=entered["token"])
    later = (await desk.look(ann, "/v1/me/limits"))["review_due"]
    said = await desk.client.ask("POST", "/v1/me/limits/review", token=ann.token)
    after = (await desk.look(ann, "/v1/me/limits"))["review_due"]

    assert (first, entered["limits_review_due"], later) == (False, True, True)
    assert (said.status, after) == (204, False)


async def test_a_limit_of_a_month_is_told_to_the_central_file_where_there_is_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"scope": Scope.ALL_OPERATORS}})
    player = await desk.player()
    path = "/v1/me/limits/deposit/month"
    loop = central.Loop(
        files=desk.central,
        database=desk.database,
        keys=KEYS,
        clock=desk.clock,
        entropy=desk.entropy,
        wall=desk.wall,
    )
    await ask(desk, player, "PUT", path, {"amount": "80.00"})
    await loop.step()
    await ask(desk, player, "PUT", path, {"amount": "90.00"})
    desk.clock.advance(timedelta(hours=24))
    await ask(desk, player, "POST", f"{path}/confirmation")
    await loop.step()

    told = [claim.micros for claim in desk.central.limits]
    assert told == [80_000_000, 90_000_000]
