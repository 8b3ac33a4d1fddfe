"""How the sandbox's webhooks travel: signed, at their time, again until they arrive."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import hmac
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import msgspec
import structlog

from pitboss.kernel.clock import Clock
from pitboss.kernel.instants import write_instant
from pitboss.kernel.waiting import happened
from pitboss.sandbox.fates import Telling
from pitboss.sandbox.journal import Journal, Taken, Told

SIGNATURE_HEADER = "Pitboss-Sandbox-Signature"
UNDER_WAY_MAX = 16
ANSWER_SECONDS_MAX = 10.0

_log = structlog.get_logger("sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where webhooks go, what signs them, and how long to wait after one that did not arrive."""

    url: str
    secret: bytes
    retry_ms_min: int = 250
    retry_ms_max: int = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A webhook on its way."""

    payment: Taken
    telling: Telling
    body: bytes
    tries: int = 0


class Courier:
    """Sends webhooks when they are due, until each is answered with a success."""

    def __init__(self, address: Address, journal: Journal, wall: Clock) -> None:
        self._address = address
        self._journal = journal
        self._wall = wall
        self._letters: list[tuple[float, int, Letter]] = []
        self._numbers = itertools.count()
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(UNDER_WAY_MAX)

    def post(self, letter: Letter, *, due_ms: float) -> None:
        """Send a webhook at this time, in milliseconds since 1970, or now if that is past."""
        heapq.heappush(self._letters, (due_ms, next(self._numbers), letter))
        self._woken.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        timeout = httpx.Timeout(ANSWER_SECONDS_MAX)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            try:
                while True:
                    await self._wait()
                    await self._send_next(client)
            finally:
                for task in self._under_way:
                    task.cancel()
                await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait until the first letter is due."""
        while not self._letters or (wait_ms := self._letters[0][0] - self._now_ms()) > 0:
            self._woken.clear()
            await happened(self._woken, wait_ms / 1000 if self._letters else None)

    async def _send_next(self, client: httpx.AsyncClient) -> None:
        await self._places.acquire()
        _, _, letter = heapq.heappop(self._letters)
        task = asyncio.create_task(self._send(client, letter))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _send(self, client: httpx.AsyncClient, letter: Letter) -> None:
        try:
            arrived = await self._arrives(client, letter)
        finally:
            self._places.release()
        if arrived:
            self._journal.note(
                Told(payment_id=letter.payment.payment_id, number=letter.telling.number)
            )
            return
        address = self._address
        wait_ms = min(address.retry_ms_min * 2 ** min(letter.tries, 16), address.retry_ms_max)
        again = Letter(
            payment=letter.payment,
            telling=letter.telling,
            body=letter.body,
            tries=letter.tries + 1,
        )
        self.post(again, due_ms=self._now_ms() + wait_ms)

    async def _arrives(self, client: httpx.AsyncClient, letter: Letter) -> bool:
        headers = {
            "content-type": "application/json",
            SIGNATURE_HEADER: sign(self._address.secret, letter.body, at=self._wall.now()),
        }
        try:
            answer = await client.post(self._address.url, content=letter.body, headers=headers)
        except httpx.TransportError as error:
            _log.info("a webhook did not arrive", why=str(error) or type(error).__name__)
            return False
        if not answer.is_success:
            _log.info("a webhook was not accepted", status=answer.status_code)
        return answer.is_success

    def _now_ms(self) -> float:
        return self._wall.now().timestamp() * 1000


def sign(secret: bytes, body: bytes, *, at: datetime) -> str:
    """Return the header that says who sends this body, and when."""
    # Written apart from the code that checks it: a mistake made in both would not be seen.
    seconds = int(at.timestamp())
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def write_letter(
    payment: Taken, telling: Telling, *, reference: str, reason: str | None, decided_ms: int
) -> Letter:
    """Write a webhook; the same telling always has the same bytes."""
    created_at = datetime.fromtimestamp((payment.taken_ms + decided_ms) / 1000, UTC)
    body = {
        "event_id": telling.event_id,
        "payment_id": payment.payment_id,
        "reference": reference,
        "kind": payment.kind,
        "status": telling.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "created_at": write_instant(created_at),
        "sequence": telling.sequence,
        "reason": reason,
    }
    return Letter(payment=payment, telling=telling, body=msgspec.json.encode(body))
