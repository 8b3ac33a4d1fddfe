"""The kit's command against a running API, as a studio runs it, in three protocols."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from integration.api.doors import GAME
from integration.games.test_conformance import private_pem, public_pem
from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.parts import TOKENS_SECRET
from pitboss.bench.venue import Venue, open_venue
from pitboss.kernel.clock import SystemClock
from pitboss.settings import GameProviderSettings
from unit.protocols.keys import PAIR

PROVIDERS = {
    "softswiss": GameProviderSettings(protocol="softswiss", keys=("a secret",)),
    "hub88": GameProviderSettings(protocol="hub88", keys=(public_pem(PAIR).decode(),)),
    "valkyrie": GameProviderSettings(protocol="valkyrie", keys=("a key",)),
}
KEYS = {"softswiss": b"a secret", "hub88": private_pem(PAIR), "valkyrie": b"a key"}


async def launch(client: httpx.AsyncClient, venue: Venue, protocol: str, number: int) -> Any:
    game = "kit/book" if protocol == "valkyrie" else "book"
    answer = await client.post(
        "/v1/games/launch",
        json={"provider": protocol, "game": game},
        headers={"authorization": f"Bearer {venue.tokens[number]}"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def ask(base: str, protocol: str, folder: Path, seats: Sequence[tuple[str, Any]]) -> Any:
    key = folder / f"{protocol}.key"
    key.write_bytes(KEYS[protocol])
    name = "session_id" if protocol == "softswiss" else "token"
    (player, seat), (other, other_seat) = seats
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss", "conformance", "run", "--protocol", protocol),
        *("--base-url", f"{base}/v1/providers/{protocol}", "--key-file", str(key)),
        *("--player", player, "--token", seat[name], "--game", "book", "--json"),
        *("--other-player", other, "--other-token", other_seat[name]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, json.loads(out.splitlines()[-1]), err.decode()


async def test_a_running_api_passes_the_kit_in_three_protocols(tmp_path: Path) -> None:
    async with open_venue(players=100, only=("api",), games=PROVIDERS) as venue:
        base = f"http://{venue.instance.host}:{venue.instance.port}"
        tokens = Tokens(Home(venue.home).secret(TOKENS_SECRET))
        staff = tokens.issue("ann", Role.STAFF, now=SystemClock().now()).text
        players = venue.people.players
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            for protocol in PROVIDERS:
                code = "kit/book" if protocol == "valkyrie" else "book"
                answer = await client.post(
                    "/v1/staff/games/import",
                    json={"provider": protocol, "games": [{**GAME, "code": code, "stakes": []}]},
                    headers={"authorization": f"Bearer {staff}"},
                )
                assert answer.status_code == 200, answer.text
            seats = {
                protocol: [
                    (players[at], await launch(client, venue, protocol, at))
                    for at in (2 * number, 2 * number + 1)
                ]
                for number, protocol in enumerate(PROVIDERS)
            }

        told = await asyncio.gather(
            *(ask(base, protocol, tmp_path, seats[protocol]) for protocol in PROVIDERS)
        )

    for status, report, words in told:
        assert (status, report["ok"]) == (0, True), words
        assert len(report["cases"]) > 25
