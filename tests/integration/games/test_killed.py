"""An API process that is killed in a storm of rounds loses nothing, and books nothing twice."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from decimal import Decimal

import httpx

from integration.api.doors import GAME
from integration.games.test_against_an_instance import KEYS, launch
from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.parts import TOKENS_SECRET
from pitboss.bench.venue import Venue, open_venue
from pitboss.conformance.model import Account, Move, Said
from pitboss.conformance.softswiss import SoftSwissSpeaker
from pitboss.kernel.clock import SystemClock
from pitboss.settings import GameProviderSettings
from pitboss.wallet import find_totals

PLAYERS, KILLS = 8, 3
STAKE, WIN = Decimal("1.00"), Decimal("0.40")
SOFTSWISS = GameProviderSettings(protocol="softswiss", keys=("a secret",))
TRIES_MAX = 200


async def test_a_killed_process_loses_no_round_and_books_none_twice() -> None:
    async with open_venue(players=PLAYERS, only=("api",), games={"softswiss": SOFTSWISS}) as venue:
        base = f"http://{venue.instance.host}:{venue.instance.port}"
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            await import_game(client, venue)
            accounts = [
                Account(
                    player=player,
                    currency="EUR",
                    token=(await launch(client, venue, "softswiss", at))["session_id"],
                )
                for at, player in enumerate(venue.people.players)
            ]
        async with httpx.AsyncClient(timeout=5) as client:
            wallet = f"{base}/v1/providers/softswiss"
            speaker = SoftSwissSpeaker(client, wallet, KEYS["softswiss"], "book")
            before = {one.player: await has(speaker, one) for one in accounts}

            over = asyncio.Event()
            told, _ = await asyncio.gather(
                asyncio.gather(*(storm(speaker, account, over) for account in accounts)),
                kill_again_and_again(venue, over),
            )

            assert any(answers.broken for answers in told)
            for account, answers in zip(accounts, told, strict=True):
                expected = before[account.player] - len(answers.said) * (STAKE - WIN)
                assert await has(speaker, account) == expected
                # What was answered before a process died is answered the same after it.
                for ref, first in answers.said.items():
                    assert (await once(speaker, account, ref)).ids == first.ids
                assert await has(speaker, account) == expected
        async with venue.database.reading() as tx:
            totals = await find_totals(tx)
        assert sum(credits - debits for debits, credits, _ in totals.values()) == 0


async def import_game(client: httpx.AsyncClient, venue: Venue) -> None:
    """Have staff take the game in."""
    tokens = Tokens(Home(venue.home).secret(TOKENS_SECRET))
    staff = tokens.issue("ann", Role.STAFF, now=SystemClock().now()).text
    answer = await client.post(
        "/v1/staff/games/import",
        json={"provider": "softswiss", "games": [{**GAME, "stakes": []}]},
        headers={"authorization": f"Bearer {staff}"},
    )
    assert answer.status_code == 200, answer.text


@dataclass(slots=True)
class Answers:
    """What a player's rounds were answered, and how often nobody answered."""

    said: dict[str, Said] = field(default_factory=dict)
    broken: int = 0


async def storm(speaker: SoftSwissSpeaker, account: Account, over: asyncio.Event) -> Answers:
    """Play rounds until it is over, one after the other, each asked for until it is answered."""
    told = Answers()
    while not over.is_set():
        ref = f"{account.player}-{len(told.said)}"
        for _ in range(TRIES_MAX):
            try:
                said = await once(speaker, account, ref)
            except httpx.TransportError:
                told.broken += 1
                await asyncio.sleep(0.05)
                continue
            if said.ok:
                told.said[ref] = said
                break
            assert said.status >= 500, said.body
        assert ref in told.said
    return told


async def once(speaker: SoftSwissSpeaker, account: Account, ref: str) -> Said:
    """Ask for a round's stake and win in one request, under ids that follow from its name."""
    return await speaker.play(
        account,
        ref,
        Move(kind="bet", id=f"{ref}-b", amount=STAKE),
        Move(kind="win", id=f"{ref}-w", amount=WIN),
        closes=True,
    )


async def has(speaker: SoftSwissSpeaker, account: Account) -> Decimal:
    """Return what a player has."""
    said = await speaker.balance(account)
    assert said.ok and said.balance is not None, said.body
    return said.balance


async def kill_again_and_again(venue: Venue, over: asyncio.Event) -> None:
    """Kill the API while it serves, and again once there is another one; then it is over."""
    killed, last = 0, None
    while killed < KILLS:
        await asyncio.sleep(0.4)
        pid = venue.instance.pids.get("api")
        if pid is not None and pid != last:
            os.kill(pid, signal.SIGKILL)
            killed, last = killed + 1, pid
            # Until the next one is up, or the last one has played on.
            await asyncio.sleep(1.0)
    over.set()
