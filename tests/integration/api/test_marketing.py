"""Players say over HTTP who may write to them; staff sees whom it may write to."""

from __future__ import annotations

from integration.api.desk import Desk

EMAIL = "/v1/me/marketing/email"


async def test_a_consent_is_shown_listed_and_taken_back_by_a_time_out(desk: Desk) -> None:
    player = await desk.player()
    ask = desk.client.ask
    given = await ask("PUT", EMAIL, token=player.token, body={"given": True})
    shown = await ask("GET", "/v1/me/marketing", token=player.token)
    listed = await ask("GET", "/v1/staff/marketing/email", token=desk.staff)
    await ask("POST", "/v1/me/time-outs", token=player.token, key="one", body={"hours": 24})
    later = await ask("GET", "/v1/staff/marketing/email", token=desk.staff)
    again = await ask("PUT", EMAIL, token=player.token, body={"given": True})

    assert (given.status, given.json()) == (200, {"channel": "email", "given": True})
    wanted = {item["channel"]: item["given"] for item in shown.json()["channels"]}
    assert wanted == {"email": True, "sms": False, "push": False, "post": False, "phone": False}
    assert listed.json()["player_ids"] == [player.player_id]
    assert (later.json()["player_ids"], later.json()["next"]) == ([], None)
    assert (again.status, again.slug) == (403, "player_on_time_out")


async def test_a_channel_that_is_none_is_named_and_players_see_no_lists(desk: Desk) -> None:
    player = await desk.player()
    ask = desk.client.ask
    unknown = await ask("PUT", "/v1/me/marketing/pigeon", token=player.token, body={"given": True})
    listed = await ask("GET", "/v1/staff/marketing/email", token=player.token)

    assert (unknown.status, unknown.fields) == (422, ["channel"])
    assert listed.status == 403
