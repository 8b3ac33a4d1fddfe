"""Bets that wait for a trader, over HTTP: who sees them, who answers, and what the player sees."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, event_id, market_id, selection_id, slip
from integration.api.office import hire
from pitboss.kernel.ids import derived_id
from pitboss.sportsbook.betting.model import REFERRAL_LIFE

NAME = "cup"
HOME = selection_id(NAME)  # at 2.5
REFERRALS = "/v1/staff/trading/referrals"


@pytest.fixture
async def ann(desk: Desk) -> Somebody:
    """A bet of ten passes by itself, and one of up to fifty with a trader."""
    await desk.event(NAME)
    limit = {
        "scope": "all",
        "currency": "EUR",
        "bet_winnings_max": "15.00",
        "referral_winnings_max": "75.00",
    }
    body = {"limits": [limit]}
    path = "/v1/staff/trading/limits"
    answer = await desk.client.ask("POST", path, token=desk.staff, body=body)
    assert answer.status == 200, answer.body
    assert answer.json()["limits"][0]["referral_winnings_max"] == "75.00"
    return await desk.player(amount="500.00")


async def place(desk: Desk, player: Somebody, stake: str = "40.00", **said: Any) -> str:
    """Place a bet, have it looked at, and return its id."""
    placed = await desk.place(player, {**slip(HOME, stake=stake), **said})
    assert placed.status == 202, placed.body
    await desk.process()
    return str(placed.json()["bet_id"])


async def answer(desk: Desk, bet_id: str, body: Any, *, token: str | None = None) -> Answer:
    """Say what becomes of a bet, and let it be decided."""
    path = f"{REFERRALS}/{bet_id}/answer"
    said = await desk.client.ask("POST", path, token=token or desk.staff, body=body)
    await desk.process()
    return said


async def waiting(desk: Desk, token: str | None = None) -> list[dict[str, Any]]:
    """Return what waits for a trader."""
    found = await desk.client.ask("GET", REFERRALS, token=token or desk.staff)
    assert found.status == 200, found.body
    return list(found.json()["referrals"])


async def test_a_trader_sees_what_waits_and_takes_it(desk: Desk, ann: Somebody) -> None:
    tess = await hire(desk, "tess", "trader")
    bet_id = await place(desk, ann)

    (seen,) = await waiting(desk, tess.token)
    state = (await desk.look(ann, f"/v1/bets/{bet_id}"))["state"]
    said = await answer(desk, bet_id, {"answer": "accept"}, token=tess.token)
    again = await answer(desk, bet_id, {"answer": "accept"}, token=tess.token)

    decide_at = seen.pop("decide_at")
    assert decide_at > seen.pop("placed_at")
    assert seen == {
        "bet_id": bet_id,
        "player_id": ann.player_id,
        "stake": "40.00",
        "currency": "EUR",
        "legs": [
            {
                "selection_id": HOME,
                "market_id": market_id(NAME),
                "event_id": event_id(NAME),
                "price": "5/2",
            }
        ],
        "bet_type": None,
        "free_bet": None,
        "boosted": None,
        "combination": None,
        "winnings": "60.00",
        "winnings_max": "15.00",
        "returns_max": "100.00",
        "stake_max": "10.00",
        "takes_less": False,
        "seconds_left": REFERRAL_LIFE.total_seconds(),
    }
    assert state == "delayed"
    assert said.status == 200, said.body
    assert (said.json()["answer"], said.json()["stake"], said.json()["changed"]) == (
        "accept",
        None,
        True,
    )
    assert again.json() == {**said.json(), "changed": False}
    found = await desk.look(ann, f"/v1/bets/{bet_id}")
    assert (found["state"], found["stake"]) == ("accepted", "40.00")
    assert await waiting(desk) == []


async def test_less_is_a_counter_offer_or_taken_as_the_slip_says(desk: Desk, ann: Somebody) -> None:
    offered = await place(desk, ann)
    taken = await place(desk, ann, on_limit="reduce")
    body = {"answer": "reduce", "stake": "25.00"}

    for bet_id in (offered, taken):
        assert (await answer(desk, bet_id, body)).json()["stake"] == "25.00"

    first = await desk.look(ann, f"/v1/bets/{offered}")
    assert (first["state"], first["refusal"]) == ("refused", "referral_refused")
    assert (first["stake"], first["stake_max"]) == ("40.00", "25.00")
    second = await desk.look(ann, f"/v1/bets/{taken}")
    assert (second["state"], second["stake"]) == ("accepted", "25.00")
    assert second["stake_asked"] == "40.00"


async def test_an_answer_to_what_is_decided_or_unknown_says_so(desk: Desk, ann: Somebody) -> None:
    bet_id = await place(desk, ann)
    desk.clock.advance(REFERRAL_LIFE)
    await desk.process()

    late = await answer(desk, bet_id, {"answer": "accept"})
    nobody = await answer(desk, derived_id("nobody"), {"answer": "accept"})
    small = await answer(desk, await place(desk, ann, "5.00"), {"answer": "accept"})
    other = await place(desk, ann)
    await desk.client.ask(
        "POST", f"{REFERRALS}/{other}/answer", token=desk.staff, body={"answer": "refuse"}
    )
    too_late = await desk.client.ask(
        "POST", f"{REFERRALS}/{other}/answer", token=desk.staff, body={"answer": "accept"}
    )

    found = await desk.look(ann, f"/v1/bets/{bet_id}")
    assert (found["refusal"], found["stake_max"]) == ("referral_unanswered", "10.00")
    assert [item.status for item in (late, nobody, small, too_late)] == [409, 404, 404, 409]
    assert [item.json()["type"].rsplit(":", 1)[-1] for item in (late, too_late)] == [
        "referral_over",
        "referral_answered",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"answer": "reduce"},
        {"answer": "reduce", "stake": "0.00"},
        {"answer": "reduce", "stake": "-1.00"},
        {"answer": "reduce", "stake": "40.00"},
        {"answer": "reduce", "stake": "1.001"},
        {"answer": "reduce", "stake": "much"},
        {"answer": "accept", "stake": "25.00"},
        {"answer": "perhaps"},
        {"answer": "accept", "price": "2.4"},
    ],
)
async def test_an_answer_that_makes_no_sense_is_none(desk: Desk, ann: Somebody, body: Any) -> None:
    bet_id = await place(desk, ann)

    said = await answer(desk, bet_id, body)

    assert said.status in (400, 422), said.body
    assert len(await waiting(desk)) == 1


async def test_only_a_trader_answers(desk: Desk, ann: Somebody) -> None:
    bet_id = await place(desk, ann)
    risk = await hire(desk, "rita", "risk")

    said = await answer(desk, bet_id, {"answer": "accept"}, token=risk.token)
    seen = await desk.client.ask("GET", REFERRALS, token=risk.token)
    own = await desk.client.ask("GET", REFERRALS, token=ann.token)

    assert [item.status for item in (said, seen, own)] == [403, 403, 403]
    assert len(await waiting(desk)) == 1
