"""Players with devices in a square that is New Jersey, and the sandbox that locates them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from integration.api.desk import NOW, Desk, Somebody, selection_id, slip
from located import IP
from maps import SQUARE, polygon, square, written
from pitboss import messages
from pitboss.adapters.locating.boundaries import BoundaryFiles
from pitboss.adapters.locating.keys import KeyRing
from pitboss.adapters.locating.tokens import JwsReader
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.location.model import Address, AddressState
from pitboss.location.ports import Instruments
from pitboss.sandbox.locating import SandboxLocator, Sighted

__all__ = ["Book", "Device", "desk_of_devices", "device", "facts_of"]

INSIDE: dict[str, Any] = {"latitude": 40.7, "longitude": -74.5}
OTHER_IP = "216.160.83.57"


class Book:
    """Knows that everybody is in New Jersey, but for one."""

    def find(self, ip: str) -> Address:
        """Say so."""
        if ip == "81.2.69.142":
            return Address(state=AddressState.FOUND, country="GB")
        return Address(state=AddressState.FOUND, country="US", subdivision="NJ")


class Device:
    """The hands of a player with a device, behind one proxy of ours."""

    def __init__(self, desk: Desk, player: Somebody, locator: SandboxLocator) -> None:
        self.desk, self.player, self.locator = desk, player, locator
        claims = desk.tokens.verify(player.token, now=desk.wall.now())
        assert claims is not None
        assert claims.session
        self.session = claims.session

    def token(self, **changes: Any) -> str:
        """Return a token of the sandbox about this device."""
        seen = Sighted(player_id=self.player.player_id, session_id=self.session, **INSIDE)
        return self.locator.token(msgspec.structs.replace(seen, **changes))

    async def check(
        self, token: str | None, *, ip: str = IP, key: str | None = None, name: str | None = None
    ) -> dict[str, Any]:
        """Show where the device is, and what it is called."""
        named = {} if name is None else {"x-device-id": name}
        answer = await self.desk.client.ask(
            "POST",
            "/v1/location/checks",
            token=self.player.token,
            key=key or self.desk.key(),
            body={"token": token},
            headers={"x-forwarded-for": f"9.9.9.9, {ip}"} | named,
        )
        assert answer.status == 200, answer.body
        said: dict[str, Any] = answer.json()
        return said

    async def bet(self, *, ip: str = IP, token: str | None = None) -> str:
        """Ask for a bet and return its state, or why it was refused."""
        answer = await self.desk.client.ask(
            "POST",
            "/v1/bets",
            token=token or self.player.token,
            key=self.desk.key(),
            body=slip(selection_id("cup")),
            headers={"x-forwarded-for": ip},
        )
        assert answer.status == 202, answer.body
        await self.desk.process()
        shown = await self.desk.look(self.player, f"/v1/bets/{answer.json()['bet_id']}")
        return str(shown["refusal"] or shown["state"])

    async def standing(self, *, ip: str = IP) -> dict[str, Any]:
        """Return how the session stands."""
        answer = await self.desk.client.ask(
            "GET", "/v1/location", token=self.player.token, headers={"x-forwarded-for": ip}
        )
        assert answer.status == 200, answer.body
        said: dict[str, Any] = answer.json()
        return said


@pytest.fixture
def desk_of_devices(database: Database, tmp_path: Path) -> tuple[Desk, SandboxLocator]:
    """Give an API under a licence that wants to know where devices are, and the sandbox."""
    wall = ManualClock(NOW)
    locator = SandboxLocator(b"a secret of the sandbox", wall=wall)
    keys, area, zone = (tmp_path / name for name in ("keys.json", "area", "zone"))
    keys.write_bytes(msgspec.json.encode(locator.keys()))
    area.write_bytes(written(polygon(SQUARE)))
    zone.write_bytes(written(square(-74.3, 40.3, 0.1)))
    instruments = Instruments(
        tokens=JwsReader(KeyRing({"sandbox": keys})),
        addresses=Book(),
        boundaries=BoundaryFiles({"US-NJ": area}, {"US-NJ": zone}),
    )
    desk = Desk(
        database=database,
        wall=wall,
        proxies_trusted=1,
        jurisdiction="device",
        instruments=instruments,
    )
    return desk, locator


@pytest.fixture
async def device(desk_of_devices: tuple[Desk, SandboxLocator]) -> Device:
    """Give a player with money, and something to bet on."""
    desk, locator = desk_of_devices
    await desk.event("cup")
    return Device(desk, await desk.player(amount="100.00"), locator)


async def facts_of(device: Device) -> list[dict[str, Any]]:
    player_id = PlayerId(device.player.player_id)
    async with device.desk.database.reading() as tx:
        found = await messages.read_facts(tx, shard_of(player_id), after_seq=0)
    return [msgspec.json.decode(item.body)["data"] for item in found]
