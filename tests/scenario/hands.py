"""A house and its players over HTTP: what the people of a scenario do, and how they wait."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from pitboss.app.instance import Instance
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.ids import derived_id
from pitboss.kernel.instants import write_instant

# Longer than anything takes on a busy machine; who waits longer has found a hang.
WAIT_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.02
# What bets and payments do not leave any more.
HOPELESS = {"refused", "failed"}
PASSWORD = "correct horse"
CURRENCY = "EUR"
CODES = {
    "1x2": ("home", "draw", "away"),
    "total": ("over", "under"),
    "asian_handicap": ("home", "away"),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A sporting event that a scenario opened; its ids follow from its name."""

    name: str
    kind: str

    @property
    def id(self) -> str:
        """The event's id."""
        return derived_id("event", self.name)

    @property
    def market_id(self) -> str:
        """The id of its one market."""
        return derived_id("market", self.name)

    def selection(self, code: str) -> str:
        """Return the id of a selection."""
        return derived_id("selection", self.name, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The staff of an instance, and its front door."""

    client: httpx.AsyncClient
    staff_token: str

    async def open_event(
        self, *prices: str, kind: str = "1x2", line: str | None = None, starts_in: float = 86_400
    ) -> Event:
        """Open an event with one market at these prices, in the order of their codes."""
        event = Event(name=secrets.token_hex(6), kind=kind)
        starts_at = SystemClock().now() + timedelta(seconds=starts_in)
        market = {
            "market_id": event.market_id,
            "kind": kind,
            "line": line,
            "selections": [
                {"selection_id": event.selection(code), "code": code, "price": price}
                for code, price in zip(CODES[kind], prices, strict=True)
            ],
        }
        body = {
            "event_id": event.id,
            "sport": "football",
            "competition": "Scenario League",
            "home": f"{event.name} home",
            "away": f"{event.name} away",
            "starts_at": write_instant(starts_at),
            "markets": [market],
        }
        await self._do("events", {"events": [body]})
        return event

    async def price(self, event: Event, code: str, price: str) -> None:
        """Give a selection another price."""
        await self._do(
            "prices", {"changes": [{"selection_id": event.selection(code), "price": price}]}
        )

    async def set_status(self, event: Event, status: str) -> None:
        """Open, suspend or close the event's market."""
        await self._do(
            "markets/status", {"changes": [{"market_id": event.market_id, "status": status}]}
        )

    async def result(self, event: Event, home: int, away: int) -> None:
        """Record how an event ended."""
        await self._do("results", {"results": [{"event_id": event.id, "home": home, "away": away}]})

    async def abandon(self, event: Event) -> None:
        """Record that an event has no score."""
        await self._do("results", {"results": [{"event_id": event.id, "abandoned": True}]})

    async def figures(self) -> dict[str, Any]:
        """Return the figures of the whole platform."""
        answer = await self.client.get("/v1/staff/figures", headers=bearer(self.staff_token))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def player(
        self,
        *,
        amount: str | None = None,
        jurisdiction: str = "demo",
        currency: str = CURRENCY,
    ) -> Player:
        """Register somebody; with an amount, let them pay in and wait until it is there."""
        email = f"{secrets.token_hex(6)}@example.test"
        body = {
            "email": email,
            "password": PASSWORD,
            "name": "Ann Example",
            "date_of_birth": "1990-02-28",
            "jurisdiction": jurisdiction,
            "currency": currency,
            # What registers find people by, where a licence has one.
            "postcode": f"{secrets.token_hex(3)}",
            **({} if jurisdiction == "demo" else {"national_id": "199001019802"}),
        }
        answer = await self.client.post(
            "/v1/players", json=body, headers={"Idempotency-Key": secrets.token_hex(8)}
        )
        assert answer.status_code == 201, answer.text
        player = Player(client=self.client, token=answer.json()["token"], email=email)
        if amount is not None:
            payment = await player.pay("deposits", amount)
            await player.until(payment["links"]["status"], state="succeeded")
        return player

    async def _do(self, what: str, body: dict[str, Any]) -> None:
        answer = await self.client.post(
            f"/v1/staff/{what}", json=body, headers=bearer(self.staff_token)
        )
        assert answer.status_code == 200, answer.text
        assert [item.get("changed") for item in answer.json()["answers"]] == [True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Somebody who plays."""

    client: httpx.AsyncClient
    token: str
    email: str

    async def ask(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None
    ) -> httpx.Response:
        """Ask for something, under this key or a fresh one."""
        headers = bearer(self.token) | {"Idempotency-Key": key or secrets.token_hex(8)}
        return await self.client.post(path, json=body, headers=headers)

    async def pay(self, what: str, amount: str) -> dict[str, Any]:
        """Ask for a deposit or a withdrawal that is taken on."""
        answer = await self.ask(f"/v1/{what}", {"amount": amount, "currency": CURRENCY})
        assert answer.status_code == 202, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    async def bet(
        self, stake: str, *selections: str, ticks: tuple[int, ...] = (), key: str | None = None
    ) -> httpx.Response:
        """Ask for a bet on these selections, at their first price unless ticks say otherwise."""
        legs = [
            {"selection_id": selection, "tick": ticks[place] if ticks else 1}
            for place, selection in enumerate(selections)
        ]
        return await self.ask(
            "/v1/bets",
            {"currency": CURRENCY, "stake": stake, "legs": legs, "again": True},
            key=key,
        )

    async def placed(self, stake: str, *selections: str) -> str:
        """Place a bet that is acknowledged; return where it stands."""
        answer = await self.bet(stake, *selections)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["links"]["status"])

    async def accepted(self, stake: str, *selections: str) -> str:
        """Place a bet that is accepted; return where it stands."""
        path = await self.placed(stake, *selections)
        await self.until(path, state="accepted")
        return path

    async def look(self, path: str) -> dict[str, Any]:
        """Return what the player sees there."""
        answer = await self.client.get(path, headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def until(self, path: str, *, state: str) -> dict[str, Any]:
        """Wait until what is there is in this state, and return it."""

        async def arrived() -> dict[str, Any] | None:
            said = await self.look(path)
            # Who waits for a payment that has failed would wait in vain, and not learn why.
            assert said["state"] not in HOPELESS - {state}, f"{path} is not {state}, but {said}"
            return said if said["state"] == state else None

        return await until(arrived, f"{path} is {state}")

    async def money(self) -> tuple[str, str]:
        """Return what is there, and what of it is held."""
        wallet = await self.look("/v1/me/wallet")
        return wallet["posted"], wallet["held"]

    async def movements(self) -> list[str]:
        """Return what moved, oldest first."""
        statement = await self.look("/v1/me/statement")
        return [entry["movement"] for entry in statement["entries"]][::-1]


def house_of(instance: Instance) -> House:
    """Return the house of an instance; its client is to be closed."""
    client = httpx.AsyncClient(base_url=instance.url, timeout=WAIT_SECONDS_MAX, trust_env=False)
    return House(client=client, staff_token=instance.staff_token)


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Look again and again until there is something to see, and return it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_SECONDS_MAX
    while not (seen := await look()):
        assert loop.time() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(LOOK_SECONDS)
    return seen
