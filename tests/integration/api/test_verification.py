"""Verification over HTTP: players ask and look, providers call back, staff decide."""

from __future__ import annotations

from typing import Any

import msgspec

from integration.api.client import Answer
from integration.api.desk import SIGNING, Desk, Somebody, news, registration
from pitboss.kernel.ids import derived_id
from pitboss.sandbox.couriers import SIGNATURE_HEADER, sign

PATH = "/v1/me/verification"


async def british(desk: Desk) -> Somebody:
    """Register somebody under a licence that wants to know who plays."""
    body = {
        **registration(),
        "jurisdiction": "GB",
        "currency": "GBP",
        "postcode": "E1 1AA",
    }
    answer = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)
    assert answer.status == 201, answer.body
    said = answer.json()
    return Somebody(player_id=said["player_id"], token=said["token"], email=body["email"])


async def ask(desk: Desk, player: Somebody, *, key: str | None = None) -> Answer:
    return await desk.client.ask("POST", PATH, token=player.token, key=key or desk.key())


async def call_back(
    desk: Desk, told: dict[str, Any], *, secret: bytes = SIGNING, signed: bytes | None = None
) -> Answer:
    body = msgspec.json.encode(told)
    signature = sign(secret, body if signed is None else signed, at=desk.wall.now())
    return await desk.client.ask(
        "POST",
        "/v1/webhooks/verification/sandbox",
        raw=body,
        headers={SIGNATURE_HEADER.lower(): signature},
    )


def told(player: Somebody, key: str, status: str = "verified") -> dict[str, Any]:
    check_id = derived_id("verification", player.player_id, "sandbox", key)
    return {
        "event_id": derived_id("event", check_id, status),
        "check_id": check_id,
        "reference": "chk_1",
        "status": status,
        "reason": None,
        "documents": ["passport"] if status == "documents_wanted" else [],
        "valid_until": "2030-01-01T00:00:00.000000Z" if status == "verified" else None,
    }


async def test_a_player_asks_is_told_and_sees_it(desk: Desk) -> None:
    ann = await british(desk)
    before = await desk.look(ann, PATH)

    asked = await ask(desk, ann, key="k")
    wanted = await call_back(desk, told(ann, "k", "documents_wanted"))
    seen = await desk.look(ann, PATH)
    believed = await call_back(desk, told(ann, "k"))
    again = await call_back(desk, told(ann, "k"))
    after = await desk.look(ann, PATH)

    assert before["state"] == "unverified"
    assert "passport" in before["documents_possible"]
    assert (asked.status, asked.json()["state"]) == (202, "pending")
    assert wanted.json() == believed.json() == again.json() == {"believed": True, "refusal": None}
    assert (seen["state"], seen["documents"]) == ("documents_wanted", ["passport"])
    assert (after["state"], after["documents"]) == ("verified", [])
    assert after["valid_until"] == "2030-01-01T00:00:00.000000Z"


async def test_who_is_pending_or_verified_is_not_checked_again(desk: Desk) -> None:
    ann = await british(desk)
    await ask(desk, ann, key="k")

    second = await ask(desk, ann)
    repeated = await ask(desk, ann, key="k")
    await call_back(desk, told(ann, "k"))
    third = await ask(desk, ann)

    assert (second.status, second.problem["type"].rpartition(":")[2]) == (409, "check_open")
    assert repeated.status == 202
    assert (third.status, third.problem["type"].rpartition(":")[2]) == (409, "already_verified")


async def test_a_callback_that_the_provider_did_not_sign_changes_nothing(desk: Desk) -> None:
    ann = await british(desk)
    await ask(desk, ann, key="k")

    forged = await call_back(desk, told(ann, "k"), secret=b"somebody else's secret")
    altered = await call_back(desk, told(ann, "k"), signed=b"{}")
    unsigned = await desk.client.ask(
        "POST", "/v1/webhooks/verification/sandbox", raw=msgspec.json.encode(told(ann, "k"))
    )
    elsewhere = await desk.client.ask("POST", "/v1/webhooks/verification/nobody", raw=b"{}")

    assert [answer.status for answer in (forged, altered, unsigned)] == [401, 401, 401]
    assert elsewhere.status == 404
    assert (await desk.look(ann, PATH))["state"] == "pending"


async def test_a_signed_callback_that_makes_no_sense_is_refused_with_its_field(desk: Desk) -> None:
    ann = await british(desk)
    await ask(desk, ann, key="k")

    unknown = await call_back(desk, {**told(ann, "k"), "check_id": derived_id("nothing")})
    wrong = [
        await call_back(desk, {**told(ann, "k"), **change})
        for change in (
            {"status": "splendid"},
            {"check_id": "x"},
            {"reference": "two words"},
            {"valid_until": "soon"},
            {"documents": [1]},
        )
    ]

    assert unknown.json() == {"believed": False, "refusal": "unknown_check"}
    assert [answer.status for answer in wrong] == [422] * 5


async def test_staff_decide_and_the_provider_cannot_undo_it(desk: Desk) -> None:
    ann = await british(desk)
    await ask(desk, ann, key="k")
    body = {"decision": "verified", "reason": "documents_seen", "valid_until": "2029-05-01"}
    path = f"/v1/staff/players/{ann.player_id}/verification"

    decided = await desk.client.ask("POST", path, token=desk.staff, key="d", body=body)
    repeated = await desk.client.ask("POST", path, token=desk.staff, key="d", body=body)
    changed = await desk.client.ask(
        "POST", path, token=desk.staff, key="d", body={**body, "decision": "refused"}
    )
    by_player = await desk.client.ask("POST", path, token=ann.token, key="d", body=body)
    late = await call_back(desk, told(ann, "k", "refused"))

    assert decided.status == 200
    assert decided.json() == repeated.json()
    assert decided.json()["valid_until"] == "2029-05-01T00:00:00.000000Z"
    assert (changed.status, by_player.status) == (409, 403)
    assert late.json() == {"believed": False, "refusal": "check_closed"}
    assert (await desk.look(ann, PATH))["state"] == "verified"


async def test_a_withdrawal_is_not_held_for_a_check_that_could_have_come_earlier(
    desk: Desk,
) -> None:
    ann = await british(desk)
    money = {"amount": "50.00", "currency": "GBP"}
    deposit = await desk.client.ask(
        "POST", "/v1/deposits", token=ann.token, key=desk.key(), body=money
    )
    await desk.tell(news(deposit.json()))

    withdrawal = await desk.client.ask(
        "POST", "/v1/withdrawals", token=ann.token, key=desk.key(), body=money
    )

    assert withdrawal.status == 202
    assert withdrawal.json()["state"] == "requested"
