"""A process that is killed while a provider grants a reward never asks for it again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from integration.api.doors import GAME
from integration.cashier.world import until
from integration.games.test_conformance import private_pem, public_pem
from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.parts import TOKENS_SECRET
from pitboss.bench.venue import Venue, open_venue
from pitboss.kernel.clock import SystemClock
from pitboss.sandbox.rewards import SandboxRewards
from pitboss.settings import GameProviderSettings
from unit.protocols.keys import PAIR

PATIENCE_SECONDS = 60.0
CREATE = "rewards/create"


@dataclass(slots=True)
class Held:
    """A provider over real HTTP, that does what it is asked and keeps the answer back."""

    sandbox: SandboxRewards
    url: str = ""
    # Set: answers are given.
    answers: threading.Event = field(default_factory=threading.Event)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Serve one request."""
        body = request.rfile.read(int(request.headers["content-length"]))
        said: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"body": body}

        async def send(message: MutableMapping[str, Any]) -> None:
            said.append(message)

        headers = [(name.lower().encode(), text.encode()) for name, text in request.headers.items()]
        asyncio.run(self.sandbox({"path": request.path, "headers": headers}, receive, send))
        if request.path.endswith(CREATE):
            self.answers.wait(PATIENCE_SECONDS)
        with contextlib.suppress(OSError):
            request.send_response(said[0]["status"])
            request.send_header("content-length", str(len(said[1]["body"])))
            request.end_headers()
            request.wfile.write(said[1]["body"])


@contextlib.contextmanager
def open_provider() -> Iterator[Held]:
    """Lend a provider at an address of this machine."""
    held = Held(SandboxRewards(key=PAIR.public_key(), operator="casino"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            held.serve(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        held.url = f"http://127.0.0.1:{server.server_port}/api/game/url"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield held
        held.answers.set()
        server.shutdown()


async def test_a_killed_process_grants_no_reward_twice_and_gives_the_next_one() -> None:
    with open_provider() as provider:
        acme = GameProviderSettings(
            protocol="hub88",
            keys=(public_pem(PAIR).decode(),),
            launch_url=provider.url,
            launch_key=private_pem(PAIR).decode(),
            operator="casino",
        )
        async with (
            open_venue(players=1, only=("api", "payments"), games={"acme": acme}) as venue,
            staff(venue) as client,
        ):
            prepaid = provider.sandbox.add_prepaid("any", game="book", currency="EUR")
            first = await give(client, venue, prepaid, "first")
            await until(lambda: len(provider.sandbox.calls(CREATE)) == 1)
            killed = venue.instance.pids["payments"]
            os.kill(killed, signal.SIGKILL)
            await until(lambda: venue.instance.pids.get("payments") not in (None, killed))
            provider.answers.set()

            second = await give(client, venue, prepaid, "second")
            await until(lambda: len(provider.sandbox.calls(CREATE)) == 2)
            states: dict[str, str] = {}
            async with asyncio.timeout(PATIENCE_SECONDS):
                while states.get(second) != "granted":
                    states = await states_of(client, venue)

            # Whoever asked is dead; whether it was granted is for staff to find out.
            assert states[first] in ("sent", "unknown")
            assert len(provider.sandbox.calls(CREATE)) == 2


@contextlib.asynccontextmanager
async def staff(venue: Venue) -> AsyncIterator[httpx.AsyncClient]:
    """Lend a client of staff's, with the game in the registry."""
    tokens = Tokens(Home(venue.home).secret(TOKENS_SECRET))
    token = tokens.issue("ann", Role.STAFF, now=SystemClock().now()).text
    base = f"http://{venue.instance.host}:{venue.instance.port}"
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
        games = {"provider": "acme", "games": [{**GAME, "stakes": []}]}
        answer = await client.post("/v1/staff/games/import", json=games)
        assert answer.status_code == 200, answer.text
        yield client


async def give(client: httpx.AsyncClient, venue: Venue, prepaid: str, key: str) -> str:
    """Give the player a reward; return its id."""
    ends_at = SystemClock().now() + timedelta(days=7)
    answer = await client.post(
        f"/v1/staff/players/{venue.people.players[0]}/rewards",
        headers={"idempotency-key": key},
        json={
            "provider": "acme",
            "game": "book",
            "prepaid": prepaid,
            "stake": "0.50",
            "currency": "EUR",
            "count": 3,
            "ends_at": ends_at.isoformat(),
        },
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["reward"])


async def states_of(client: httpx.AsyncClient, venue: Venue) -> dict[str, str]:
    """Return how the player's rewards stand."""
    answer = await client.get(f"/v1/staff/players/{venue.people.players[0]}/rewards")
    return {item["reward"]: item["state"] for item in answer.json()["rewards"]}
