"""What staff and players are shown of where players were, and of all else that is kept of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk
from integration.api.devices import (
    Device,
    desk_of_devices,
    device,
    facts_of,
)
from located import licences

pytestmark = pytest.mark.usefixtures("licences")
__all__ = ["desk_of_devices", "device", "licences"]


async def seen_by_staff(device: Device, purpose: str = "safer_gambling") -> Answer:
    path = f"/v1/staff/players/{device.player.player_id}/locations"
    return await device.desk.client.ask("GET", f"{path}?purpose={purpose}", token=device.desk.staff)


async def test_staff_see_the_newest_checks_and_it_is_told_who_looked_and_why(
    device: Device,
) -> None:
    """GEO-09."""
    passed = await device.check(device.token())
    device.desk.clock.advance(timedelta(minutes=1))
    failed = await device.check(device.token(latitude=None))

    said = (await seen_by_staff(device)).json()

    newest, first = said["checks"]
    assert (newest["check_id"], newest["reasons"]) == (failed["check_id"], ["fix_missing"])
    assert (first["decision"], first["expires_at"]) == ("pass", passed["expires_at"])
    assert (first["fix"], newest["fix"]) == ("40.7000000,-74.5000000,15.0", None)
    assert (said["failures"], said["alerts"], said["shared_with"]) == (1, [], [])
    (looked,) = [fact for fact in await facts_of(device) if fact["type"] == "personal.read"]
    assert looked["purpose"] == "safer_gambling"
    assert looked["paths"] == [f"/location/{passed['check_id']}/fix"]


async def test_staff_say_why_they_look_at_where_somebody_was(device: Device) -> None:
    nobody = "/v1/staff/players/00000000-0000-7000-8000-000000000000/locations?purpose=support"

    without = await device.desk.client.ask(
        "GET",
        f"/v1/staff/players/{device.player.player_id}/locations",
        token=device.desk.staff,
    )
    curious = await seen_by_staff(device, "curiosity")
    stranger = await device.desk.client.ask("GET", nobody, token=device.desk.staff)
    unlocated = await seen_by_staff(device)

    assert (without.status, curious.status, stranger.status) == (422, 422, 404)
    assert [error["field"] for error in without.json()["errors"]] == ["purpose"]
    assert unlocated.json()["checks"] == []
    # That somebody looked is told though there was nothing to see.
    assert [fact for fact in await facts_of(device) if fact["type"] == "personal.read"]


async def test_failures_in_a_row_and_a_shared_device_are_pointed_out(
    device: Device,
) -> None:
    desk = device.desk
    friend = Device(desk, await desk.player(), device.locator)
    alone = Device(desk, await desk.player(), device.locator)
    await device.check(device.token())
    await friend.check(friend.token())
    await alone.check(alone.token(device_id="a device of its own"))
    for _ in range(3):
        desk.clock.advance(timedelta(minutes=1))
        await friend.check(friend.token(latitude=None))
    # Somebody else's token says nothing of who shows it.
    await alone.check(device.token(device_id="device"))

    said = [(await seen_by_staff(item)).json() for item in (device, friend, alone)]

    assert [item["alerts"] for item in said] == [
        ["shared_device"],
        ["repeated_failures", "shared_device"],
        [],
    ]
    (sharer,) = said[0]["shared_with"]
    assert sharer["player_id"] == friend.player.player_id
    assert said[1]["failures"] == 3


async def test_a_player_sees_what_is_known_of_them_and_nothing_of_others(device: Device) -> None:
    """GDPR, article 15."""
    desk = device.desk
    await device.check(device.token())
    other = Device(desk, await desk.player(), device.locator)
    await desk.client.ask("POST", "/v1/me/second-factor", token=device.player.token)
    again = await desk.client.ask(
        "POST", "/v1/sessions", body={"email": device.player.email, "password": PASSWORD}
    )
    await desk.client.ask("DELETE", "/v1/me/session", token=device.player.token)

    said = await desk.client.ask("GET", "/v1/me/data", token=again.json()["token"])

    known = said.json()
    assert known["values"]["/email"] == device.player.email
    assert not [path for path in known["values"] if path.startswith("/secret")]
    assert [item["decision"] for item in known["location_checks"]] == ["pass"]
    assert [path for path in known["values"] if path.endswith("/fix")]
    reasons = [item["end_reason"] for item in known["sessions"]]
    assert sorted(reasons, key=str) == [None, "logged_out"]
    assert other.player.email not in said.body.decode()
    (looked,) = [fact for fact in await facts_of(device) if fact["type"] == "personal.read"]
    assert looked["purpose"] == "subject_access"


async def test_where_the_rest_of_a_players_data_is_can_be_looked_at(desk: Desk) -> None:
    ann = await desk.player(amount="10.00")
    known = await desk.look(ann, "/v1/me/data")

    for path in known["elsewhere"]:
        answer = await desk.client.ask("GET", path, token=ann.token)
        assert answer.status == 200, path
