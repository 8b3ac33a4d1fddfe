"""The clients: many at once, who send everything up to three times and ask until they know."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.sim.crash.memory import Asked, Memory, Want
from pitboss.sim.crash.model import CURRENCY, UNIT
from pitboss.sim.crash.office import Board, Offer
from pitboss.sim.crash.town import Passes
from pitboss.sim.http import Answer, Client, ConnectionLost, UnreadableAnswer

# As many errands as are under way at once; while nobody is answered, no more are begun.
ERRANDS_MAX = 300
# Who is not answered in this time does not know, and asks again.
PATIENCE_SECONDS = 4.0
# Before that it waits for up to this long, twice as long each time.
RETRY_SECONDS_MIN = 0.1
RETRY_SECONDS_MAX = 2.0
# A second copy is sent at once, or a little later, while the first may be under way.
COPIES_APART_SECONDS_MAX = 0.2
# The shares of errands with one, two and three copies, and of what they ask for.
COPIES = (0.4, 0.35, 0.25)
FUNDS_UNITS = 3_000
FUNDING_SECONDS_MAX = 60.0
STAKE_UNITS_MAX = 20
PAYMENT_UNITS_MAX = 50
BATCH_MAX = 5
# An amount that the sandbox fails after a while, see `sandbox.fates`.
FAILING_CENTS = 13

_PATHS = {
    Want.BET: "/v1/bets",
    Want.DEPOSIT: "/v1/deposits",
    Want.WITHDRAWAL: "/v1/withdrawals",
}
_BATCH_PATH = "/v1/bets/batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One request, to be sent as often as it takes; a batch has no key of its own."""

    path: str
    player_id: PlayerId
    key: str | None
    body: bytes
    asked: tuple[Asked, ...]
    copies: tuple[float, ...]


class Crowd:
    """All clients; what they ask for is drawn from the seed, when it happens is not."""

    def __init__(
        self,
        client: Client,
        *,
        people: Sequence[PlayerId],
        passes: Passes,
        board: Board,
        memory: Memory,
        seed: int,
    ) -> None:
        self._client = client
        self._people = people
        self._passes = passes
        self._board = board
        self._memory = memory
        self._chance = random.Random(f"crowd:{seed}")  # noqa: S311 - load, not secrets
        self._number = 0
        self._errands: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(ERRANDS_MAX)

    async def pay_in(self) -> None:
        """Let everybody pay in what they play with, and wait until all know that it was heard."""
        async with asyncio.timeout(FUNDING_SECONDS_MAX):
            for player_id in self._people:
                await self._send(self._payment(player_id, Want.DEPOSIT, FUNDS_UNITS * UNIT))
            await asyncio.gather(*self._errands)

    async def play(self, stop: asyncio.Event, *, rate: float) -> None:
        """Begin so many errands a second until told to stop."""
        time = asyncio.get_running_loop().time
        due = time()
        while not stop.is_set():
            # What could not be begun in an outage is not made up for: load stays bounded.
            due = max(due + 1 / rate, time() - 1 / rate)
            await asyncio.sleep(due - time())
            await self._send(self._draw())

    async def come_to_know(self, seconds: float) -> None:
        """Wait until everybody knows what became of their errands; then give up."""
        if self._errands:
            _, late = await asyncio.wait(self._errands, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _send(self, errand: Errand) -> None:
        await self._room.acquire()
        task = asyncio.create_task(self._run(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run(self, errand: Errand) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for after in errand.copies:
                    group.create_task(self._deliver(errand, after))
        finally:
            self._room.release()

    async def _deliver(self, errand: Errand, after: float) -> None:
        """Send one copy, and again on any doubt."""
        await asyncio.sleep(after)
        headers = {"Authorization": f"Bearer {self._passes.of(errand.player_id)}"}
        if errand.key is not None:
            headers["Idempotency-Key"] = errand.key
        wait = RETRY_SECONDS_MIN
        while not await self._ask(errand, headers):
            for asked in errand.asked:
                self._memory.doubt(asked)
            self._memory.retries += 1
            await asyncio.sleep(self._chance.uniform(0, wait))
            wait = min(wait * 2, RETRY_SECONDS_MAX)

    async def _ask(self, errand: Errand, headers: dict[str, str]) -> bool:
        """Send a request; say whether there was an answer that leaves no doubt."""
        self._memory.requests += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._client.ask(
                    "POST", errand.path, headers=headers, body=errand.body
                )
        except (ConnectionLost, TimeoutError, UnreadableAnswer):
            return False
        if answer.status >= 500:
            return False
        self._hear(errand, answer)
        return True

    def _hear(self, errand: Errand, answer: Answer) -> None:
        document = answer.json()
        if errand.path == _BATCH_PATH and answer.status == 200:
            for asked, item in zip(errand.asked, document["answers"], strict=True):
                self._note(asked, item["status"], item.get("problem", item))
            return
        for asked in errand.asked:
            self._note(asked, answer.status, document)

    def _note(self, asked: Asked, status: int, document: Any) -> None:
        if status == 202:
            told = document["payment_id" if asked.want.is_payment else "bet_id"]
            self._memory.acknowledge(asked, told, at=asyncio.get_running_loop().time())
        else:
            self._memory.refuse(asked, str(document.get("type", status)))

    def _draw(self) -> Errand:
        player_id = self._chance.choice(self._people)
        match self._chance.random():
            case share if share < 0.86:
                return self._bet(player_id)
            case share if share < 0.92:
                return self._batch(player_id)
            case share if share < 0.97:
                micros = self._chance.randint(1, PAYMENT_UNITS_MAX) * UNIT
                if self._chance.random() < 0.1:
                    micros += FAILING_CENTS * UNIT // 100
                return self._payment(player_id, Want.DEPOSIT, micros)
            case _:
                micros = self._chance.randint(1, PAYMENT_UNITS_MAX) * UNIT
                return self._payment(player_id, Want.WITHDRAWAL, micros)

    def _bet(self, player_id: PlayerId) -> Errand:
        asked, slip = self._slip(player_id)
        return self._errand(_PATHS[Want.BET], asked.key, msgspec.json.encode(slip), (asked,))

    def _batch(self, player_id: PlayerId) -> Errand:
        slips = [self._slip(player_id) for _ in range(self._chance.randint(2, BATCH_MAX))]
        body = {"bets": [{"key": asked.key, **slip} for asked, slip in slips]}
        return self._errand(
            _BATCH_PATH, None, msgspec.json.encode(body), tuple(asked for asked, _ in slips)
        )

    def _slip(self, player_id: PlayerId) -> tuple[Asked, dict[str, object]]:
        units = self._chance.randint(1, STAKE_UNITS_MAX)
        slip: dict[str, object] = {
            "currency": CURRENCY,
            "stake": f"{units}.00",
            "legs": [
                {"selection_id": offer.selection_id, "tick": offer.tick} for offer in self._pick()
            ],
        }
        return self._wish(Want.BET, player_id, units * UNIT), slip

    def _pick(self) -> list[Offer]:
        """Pick what to bet on: mostly a single, sometimes more events at once."""
        count = self._chance.choices((1, 2, 3), weights=(8, 1, 1))[0]
        events = self._chance.sample(list(self._board.offers.values()), count)
        return [self._chance.choice(offers) for offers in events]

    def _payment(self, player_id: PlayerId, want: Want, micros: int) -> Errand:
        asked = self._wish(want, player_id, micros)
        amount = f"{micros // UNIT}.{micros % UNIT * 100 // UNIT:02}"
        body = msgspec.json.encode({"amount": amount, "currency": CURRENCY})
        return self._errand(_PATHS[want], asked.key, body, (asked,))

    def _wish(self, want: Want, player_id: PlayerId, micros: int) -> Asked:
        self._number += 1
        now = asyncio.get_running_loop().time()
        return self._memory.ask(want, player_id, f"wish-{self._number}", micros, at=now)

    def _errand(self, path: str, key: str | None, body: bytes, asked: tuple[Asked, ...]) -> Errand:
        more = self._chance.choices((0, 1, 2), weights=COPIES)[0]
        self._memory.repeats += more
        apart = (0.0, self._chance.uniform(0, COPIES_APART_SECONDS_MAX))
        return Errand(
            path=path,
            player_id=asked[0].player_id,
            key=key,
            body=body,
            asked=asked,
            copies=(0.0, *(self._chance.choice(apart) for _ in range(more))),
        )
