"""The kit's command against all of an installation: whoever plays registered, paid in, launched."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from folders import make_folder
from integration.api.doors import GAME
from integration.games.test_against_an_instance import KEYS, PROVIDERS
from pitboss.app.instance import Instance, start_instance
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.settings import SandboxSettings, Settings
from scenario.hands import House, Player, bearer, house_of

RECON = "a token of theirs"
ASKED = """
import asyncio, sys
from pitboss.db import Database

async def ask(url, statement):
    database = Database(url)
    async with database.transaction() as tx:
        await tx.execute(statement)
    await database.close()

asyncio.run(ask(*sys.argv[1:]))
"""
POSTED = """
import sys, uuid, httpx
url, token, body = sys.argv[1:]
headers = {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex,
           "content-type": "application/json"}
httpx.post(url, content=body, headers=headers, trust_env=False).raise_for_status()
"""
BLOCKED = '{"status": "suspended", "reason": "staff_decision"}'


@pytest.fixture
async def instance() -> AsyncIterator[Instance]:
    """Give an installation with every process, and a provider of each protocol."""
    home = make_folder("pitboss-kit-")
    games = PROVIDERS | {"valkyrie": PROVIDERS["valkyrie"].model_copy(update={"recon_key": RECON})}
    try:
        # Not one in fifty deposits fails here by the sandbox's dice.
        sandbox = SandboxSettings(delay_ms_max=50, failure_share=0, late_share=0)
        settings = Settings(home=home, port=0, sandbox=sandbox, games=games)
        async with start_instance(settings) as running:
            yield running
    finally:
        shutil.rmtree(home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A player, and their session or token of a launched game."""

    player: str
    token: str


async def test_an_installation_passes_every_case_in_three_protocols(
    instance: Instance, tmp_path: Path
) -> None:
    house = house_of(instance)
    told = {}
    for protocol in PROVIDERS:
        await import_game(house, protocol)
        first, other = [await house.player(amount="300.00") for _ in range(2)]
        seat, other_seat = await launch(first, protocol), await launch(other, protocol)
        words = [
            *("--other-player", other_seat.player, "--other-token", other_seat.token),
            *("--above-limit", "50", *breaking(instance)),
        ]
        if protocol != "hub88":
            words += ["--second-token", (await launch(first, protocol)).token]
        if protocol == "valkyrie":
            words += ["--recon-token", RECON]
        told[protocol] = [await run_kit(instance, protocol, tmp_path, seat, *words)]

        # Alone and last: staff who suspend a player end their logins, and with these the games.
        third = await launch(other, protocol)
        words = [*("--case", "29"), *blocking(instance, third)]
        told[protocol].append(await run_kit(instance, protocol, tmp_path, third, *words))
    await house.client.aclose()

    for protocol, (most, blocked) in told.items():
        assert [one for one in most if one["verdict"] == "failed"] == [], protocol
        skipped = {one["number"] for one in most if one["verdict"] == "skipped"}
        # Nobody pays in what is finer than a cent, and the licence's least stake is above it.
        expected = {"29", "37"} | ({"39"} if protocol == "softswiss" else set())
        assert skipped == expected, protocol
        assert [one["verdict"] for one in blocked] == ["passed"], (protocol, blocked)


async def import_game(house: House, protocol: str) -> None:
    """Have staff take in the game and its certificate."""
    code = "kit/book" if protocol == "valkyrie" else "book"
    answer = await house.client.post(
        "/v1/staff/games/import",
        json={"provider": protocol, "games": [{**GAME, "code": code, "stakes": []}]},
        headers=bearer(house.staff_token),
    )
    assert answer.status_code == 200, answer.text


async def launch(player: Player, protocol: str) -> Seat:
    """Open the game as the player does."""
    game = "kit/book" if protocol == "valkyrie" else "book"
    answer = await player.client.post(
        "/v1/games/launch",
        json={"provider": protocol, "game": game},
        headers=bearer(player.token),
    )
    assert answer.status_code == 201, answer.text
    said = answer.json()
    who = (await player.look("/v1/me"))["player_id"]
    return Seat(player=who, token=said["session_id" if protocol == "softswiss" else "token"])


def breaking(instance: Instance) -> list[str]:
    """Return how the wallet loses the table of what it booked, and gets it back."""
    owner = EmbeddedPostgres(instance.settings.home).owner_url()

    def renamed(old: str, new: str) -> str:
        return shlex.join(
            [sys.executable, "-c", ASKED, owner, f"ALTER TABLE {old} RENAME TO {new}"]
        )

    return [
        *("--break-command", renamed("game_booking", "game_booking_away")),
        *("--mend-command", renamed("game_booking_away", "game_booking")),
    ]


def blocking(instance: Instance, seat: Seat) -> list[str]:
    """Return how staff stop a player; to let them go again takes two of them, and no case."""
    url = f"{instance.url}/v1/staff/players/{seat.player}/status"
    command = [sys.executable, "-c", POSTED, url, instance.staff_token, BLOCKED]
    return [*("--block-command", shlex.join(command)), *("--unblock-command", "true")]


async def run_kit(
    instance: Instance, protocol: str, folder: Path, seat: Seat, *words: str
) -> list[dict[str, Any]]:
    """Run the command as a studio does; return what came of its cases."""
    key = folder / f"{protocol}.key"
    key.write_bytes(KEYS[protocol])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss", "conformance", "run", "--protocol", protocol),
        *("--base-url", f"{instance.url}/v1/providers/{protocol}", "--key-file", str(key)),
        *("--player", seat.player, "--token", seat.token, "--game", "book", "--json", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out, err.decode()
    cases: list[dict[str, Any]] = json.loads(out.splitlines()[-1])["cases"]
    return cases
