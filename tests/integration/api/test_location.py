"""From a device's token over HTTP to a bet: checked, permitted, refused, and told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integration.api.desk import KICK_OFF, PASSWORD, Desk
from integration.api.devices import (
    INSIDE,
    OTHER_IP,
    Book,
    Device,
    desk_of_devices,
    device,
    facts_of,
)
from located import IP, licences
from pitboss.api.tokens import Role
from pitboss.db import Database
from pitboss.location.model import Reason
from pitboss.location.ports import Instruments
from pitboss.sandbox.locating import KEYS_PATH, TOKENS_PATH, SandboxLocator, Sighted, beside

pytestmark = pytest.mark.usefixtures("licences")
__all__ = ["desk_of_devices", "device", "licences"]


async def test_a_bet_needs_a_permit_of_its_session_network_and_time(device: Device) -> None:
    """GEO-01, 02, 03, 05."""
    assert await device.bet() == "location_not_shown"
    assert (await device.standing())["state"] == "not_shown"

    said = await device.check(device.token())

    assert (said["decision"], said["reasons"]) == ("pass", [])
    assert said["expires_at"] == "2026-08-01T12:20:00.000000Z"
    assert await device.bet() == "accepted"
    assert await device.bet(ip=OTHER_IP) == "location_network_changed"
    assert (await device.standing())["state"] == "permitted"
    assert (await device.standing(ip=OTHER_IP))["state"] == "network_changed"
    another_session = await device.desk.client.ask(
        "POST", "/v1/sessions", body={"email": device.player.email, "password": PASSWORD}
    )
    another_token = another_session.json()["token"]
    assert await device.bet(token=another_token) == "location_not_shown"

    device.desk.clock.advance(timedelta(seconds=1_200))
    assert device.desk.clock.now() < KICK_OFF
    assert await device.bet() == "location_expired"
    assert (await device.standing())["state"] == "expired"


async def test_an_accepted_bet_names_the_check_that_it_rests_on(device: Device) -> None:
    said = await device.check(device.token())
    await device.bet()

    (accepted,) = [fact for fact in await facts_of(device) if fact["type"] == "bet.accepted"]
    assert accepted["check_id"] == said["check_id"]
    assert accepted["session_id"] == device.session


async def test_a_session_without_a_token_of_a_session_cannot_be_located(device: Device) -> None:
    old = device.desk.tokens.issue(
        device.player.player_id, Role.PLAYER, "EUR", now=device.desk.wall.now()
    )

    answer = await device.desk.client.ask("GET", "/v1/location", token=old.text)

    assert answer.status == 401
    assert await device.bet(token=old.text) == "location_not_shown"


REASONS = [
    ({"latitude": 39.9}, [Reason.OUTSIDE]),
    ({"latitude": 40.0001}, [Reason.BORDER_TOO_NEAR]),
    ({"latitude": 40.35, "longitude": -74.25}, [Reason.IN_EXCLUSION_ZONE]),
    ({"fraud": ("mocked",)}, [Reason.FRAUD_MOCKED, Reason.PROVIDER_REFUSED]),
    ({"fraud": ("proxy", "vpn")},
     [Reason.FRAUD_PROXY, Reason.FRAUD_VPN, Reason.PROVIDER_REFUSED]),
    ({"failures": ("country_not_allowed",)}, [Reason.PROVIDER_REFUSED]),
    ({"latitude": None}, [Reason.FIX_MISSING]),
    ({"accuracy_metres": 5_000.0}, [Reason.INACCURATE]),
    ({"sources": ("ip",)}, [Reason.ADDRESS_ALONE]),
    ({"age_seconds": 3_600.0}, [Reason.FIX_STALE]),
    ({"player_id": "somebody"}, [Reason.OTHER_PLAYER]),
    ({"session_id": "another"}, [Reason.OTHER_SESSION]),
    ({"ip": OTHER_IP}, [Reason.OTHER_ADDRESS]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "reasons"), REASONS)
async def test_whoever_does_not_pass_is_told_why_and_does_not_bet(
    device: Device, changes: dict[str, Any], reasons: list[Reason]
) -> None:
    """AT-15, GEO-08."""
    said = await device.check(device.token(**changes))

    assert said["reasons"] == [str(reason) for reason in reasons]
    assert said["expires_at"] is None
    assert await device.bet() == "location_blocked"
    told = [fact for fact in await facts_of(device) if fact["type"] == "location.checked"]
    assert [fact["reasons"] for fact in told] == [said["reasons"]]


async def test_near_the_border_a_permit_is_shorter(device: Device) -> None:
    """AT-16: less than a mile away, five minutes."""
    said = await device.check(device.token(latitude=40.01))

    assert said["expires_at"] == "2026-08-01T12:05:00.000000Z"


async def test_who_is_found_outside_bets_no_more_and_who_comes_back_does(device: Device) -> None:
    """GEO-15."""
    await device.check(device.token())
    assert await device.bet() == "accepted"

    await device.check(device.token(latitude=39.99))
    assert await device.bet() == "location_blocked"

    device.desk.wall.advance(timedelta(minutes=10))
    await device.check(device.token(latitude=40.05))
    assert await device.bet() == "accepted"


async def test_nobody_is_here_and_there_a_moment_apart(device: Device) -> None:
    await device.check(device.token())
    device.desk.wall.advance(timedelta(seconds=30))

    said = await device.check(device.token(latitude=40.2))

    assert said["reasons"] == ["impossible_travel"]


async def test_another_device_in_the_same_session_is_not_believed(device: Device) -> None:
    await device.check(device.token())

    assert (await device.check(device.token(device_id="other")))["reasons"] == ["other_device"]


async def test_a_device_that_says_its_name_shows_no_token_of_another_also_at_first(
    device: Device,
) -> None:
    other = await device.check(device.token(device_id="other"), name="own")

    assert (other["decision"], other["reasons"]) == ("indeterminate", ["other_device"])
    assert await device.bet() == "location_blocked"
    own = await device.check(device.token(device_id="own"), name="own")
    assert own["decision"] == "pass"
    assert await device.bet() == "accepted"


async def test_the_country_of_the_address_must_not_contradict_the_device(device: Device) -> None:
    said = await device.check(device.token(), ip="81.2.69.142")

    assert said["reasons"] == ["address_elsewhere"]


async def test_after_too_many_failures_the_player_waits(device: Device) -> None:
    """GEO-06."""
    await device.check(device.token())
    for left in (4, 3, 2, 1):
        await device.check(device.token(latitude=None))
        assert (await device.standing())["failures"] == 5 - left
    assert await device.bet() == "accepted"

    await device.check(device.token(latitude=None))

    assert await device.bet() == "location_blocked"
    assert (await device.check(device.token()))["reasons"] == ["too_many_attempts"]
    device.desk.clock.advance(timedelta(seconds=300))
    assert (await device.check(device.token()))["decision"] == "pass"
    assert await device.bet() == "accepted"


async def test_a_token_is_spent_and_a_key_is_not(device: Device) -> None:
    token = device.token()
    first = await device.check(token, key="one")

    assert await device.check(token, key="one") == first
    assert (await device.check(token, key="two"))["reasons"] == ["token_replayed"]
    other = await device.desk.client.ask(
        "POST",
        "/v1/location/checks",
        token=device.player.token,
        key="one",
        body={"token": device.token()},
    )
    assert (other.status, other.slug) == (409, "idempotency_key_reused")


async def test_forged_tokens_are_refused_by_name(device: Device) -> None:
    claims = device.locator.claims(
        Sighted(player_id=device.player.player_id, session_id=device.session, **INSIDE)
    )
    forged = SandboxLocator(b"not the sandbox").sign(claims, {"kid": device.locator.key_id})
    none = device.locator.sign(claims, {"alg": "none"})
    swapped = device.locator.sign(claims, {"alg": "RS256"})
    impossible = device.locator.sign({**claims, "location": {**claims["location"],
                                                             "latitude": "NaN"}})  # fmt: skip
    late = device.locator.sign({**claims, "exp": claims["iat"]})
    early = device.locator.sign({**claims, "jti": "x", "nbf": claims["iat"] + 600})

    given = []
    for token in (forged, none, swapped, impossible, late, early):
        given.append(await device.check(token))
        # In the platform's time, so that nobody has tried too often.
        device.desk.clock.advance(timedelta(hours=1))

    assert [said["reasons"][0] for said in given] == [
        "signature_wrong",
        "algorithm_refused",
        "algorithm_refused",
        "coordinates_impossible",
        "token_expired",
        "token_not_yet_valid",
    ]


async def test_what_is_written_before_our_own_proxies_entry_is_not_believed(device: Device) -> None:
    await device.check(device.token(), ip=IP)

    assert await device.bet(ip=f"{OTHER_IP}, {IP}") == "accepted"
    assert await device.bet(ip=f"{IP}, {OTHER_IP}") == "location_network_changed"
    assert await device.bet(ip="") == "location_network_changed"
    assert await device.bet(ip="nonsense") == "location_network_changed"


async def test_where_the_address_counts_it_is_enough(database: Database) -> None:
    desk = Desk(
        database=database,
        jurisdiction="ip",
        proxies_trusted=1,
        instruments=Instruments(addresses=Book()),
    )
    await desk.event("cup")
    device = Device(desk, await desk.player(amount="100.00"), SandboxLocator(b"x"))

    assert await device.bet() == "location_not_shown"
    assert (await device.check(None, ip="81.2.69.142"))["reasons"] == ["address_elsewhere"]
    assert (await device.check(None))["decision"] == "pass"
    assert await device.bet() == "accepted"
    assert await device.bet(ip=OTHER_IP) == "location_network_changed"


async def test_nothing_that_is_not_configured_permits_anybody(database: Database) -> None:
    desk = Desk(database=database, jurisdiction="device", proxies_trusted=1)
    device = Device(desk, await desk.player(), SandboxLocator(b"x"))

    assert (await device.check(device.token()))["reasons"] == ["key_unknown"]
    assert (await device.check(None))["reasons"] == ["token_missing"]


async def test_a_licence_that_does_not_ask_takes_bets_as_ever(desk: Desk) -> None:
    player = await desk.player()

    answer = await desk.client.ask(
        "POST", "/v1/location/checks", token=player.token, key="k", body={"token": None}
    )
    standing = await desk.look(player, "/v1/location")

    assert (answer.status, answer.slug) == (409, "location_not_needed")
    assert (standing["kind"], standing["state"]) == ("none", "not_needed")


async def test_erasing_a_player_forgets_where_they_were(
    desk_of_devices: tuple[Desk, SandboxLocator],
) -> None:
    desk, locator = desk_of_devices
    device = Device(desk, await desk.player(), locator)
    await device.check(device.token())
    path = f"/v1/staff/players/{device.player.player_id}"
    closing = {"status": "closed", "reason": "player_asked"}
    await desk.client.ask("POST", f"{path}/status", token=desk.staff, key="k", body=closing)

    async def erase() -> int:
        body = {"basis": "gdpr_17_1_a"}
        answer = await desk.client.ask("POST", f"{path}/erasure", token=desk.staff, body=body)
        return answer.status

    async def fixes() -> int:
        async with desk.database.reading() as tx:
            devices = len(await tx.fetch("SELECT 1 FROM location_device"))
            fixes = len(await tx.fetch("SELECT 1 FROM location_last_fix"))
        assert devices == fixes
        return fixes

    assert (await erase(), await fixes()) == (403, 1)
    desk.clock.advance(timedelta(days=6 * 366))
    assert (await erase(), await fixes()) == (200, 0)


class Payments:
    """Stands where the payment provider does."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer that it was here."""
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"payments"})


async def test_the_sandbox_signs_over_http_beside_the_payments() -> None:
    locator = SandboxLocator(b"secret")
    app = beside(Payments(), locator)

    async def ask(method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "http", "method": method, "path": path}, receive, send)
        return sent[0]["status"], sent[1]["body"]

    status, keys = await ask("GET", KEYS_PATH)
    assert (status, msgspec.json.decode(keys)) == (200, locator.keys())
    assert locator.keys() == SandboxLocator(b"secret").keys() != SandboxLocator(b"other").keys()
    wish = msgspec.json.encode({"player_id": "p", "session_id": "s", **INSIDE})
    status, said = await ask("POST", TOKENS_PATH, wish)
    assert status == 200
    assert msgspec.json.decode(said)["token"].count(".") == 2
    for bad in (b"{", b"{}", b"\xff", wish[:-1] + b',"x":1}'):
        assert (await ask("POST", TOKENS_PATH, bad))[0] == 422
    assert (await ask("POST", TOKENS_PATH, b" " * 20_000))[0] == 413
    assert (await ask("PUT", TOKENS_PATH))[0] == 404
    assert (await ask("POST", "/payments"))[0] == 418
