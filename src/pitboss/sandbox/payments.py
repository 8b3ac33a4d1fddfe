"""A payment provider that behaves like a real one: slow, forgetful of order, fond of repeating.

`POST /payments` takes a payment on, `GET /payments/{id}` says how it stands, webhooks tell how it
goes.  Money is only talked about.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server

from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import derived_id, parse_id
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.sandbox.couriers import Address, Courier, write_letter
from pitboss.sandbox.fates import Fate, Status, Temper, draw_fate
from pitboss.sandbox.instruments import shares_of
from pitboss.sandbox.journal import Journal, Taken
from pitboss.sandbox.locating import SandboxLocator, beside
from pitboss.sandbox.registers import Beside as BesideRegisters
from pitboss.sandbox.registers import SandboxRegisters
from pitboss.sandbox.verification import Beside, SandboxChecker

BODY_BYTES_MAX = 64 * 1024
JOURNAL_NAME = "payments.jsonl"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Where the sandbox lives, who may ask it, where its webhooks go and how it behaves."""

    folder: Path
    api_key: str
    address: Address
    temper: Temper = field(default_factory=Temper)
    host: str = "127.0.0.1"
    port: int = 8010


class _Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    payment_id: str
    kind: Literal["deposit", "withdrawal"]
    amount: str
    currency: str
    own_only: bool = False
    back_first: bool = False
    customer: str | None = None


class SandboxPayments:
    """The provider as an ASGI application."""

    def __init__(self, config: SandboxConfig, *, wall: Clock) -> None:
        self._config = config
        self._wall = wall
        self._journal = Journal(config.folder / JOURNAL_NAME)
        self._courier = Courier(config.address, self._journal, wall)
        for payment in self._journal.payments.values():
            self._post_letters(payment)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or the application's own life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        status, body = await self._answer(scope, receive)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        delivering = asyncio.create_task(self._courier.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering
        self._journal.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if path == "/healthz":
            return 200, {"ok": True}
        if not self._may_ask(scope):
            return 401, {"error": "a valid key is needed"}
        if (method, path) == ("POST", "/payments"):
            body = await _read(receive)
            return (413, {"error": "too large"}) if body is None else self._take(body)
        folder, _, payment_id = path.rpartition("/")
        if (method, folder) == ("GET", "/payments"):
            return self._show(payment_id)
        return 404, {"error": "there is nothing here"}

    def _may_ask(self, scope: Message) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, f"Bearer {self._config.api_key}".encode())

    def _take(self, body: bytes) -> Answer:
        try:
            payment = _parse(body, taken_ms=self._now_ms())
        except (Malformed, msgspec.DecodeError, UnicodeDecodeError) as error:
            return 422, {"error": str(error)}
        earlier = self._journal.payments.get(payment.payment_id)
        if earlier is not None and not earlier.is_same(payment):
            return 409, {"error": "another payment has this id"}
        if earlier is None:
            self._journal.take(payment)
            self._post_letters(payment)
        # Of one that is asked for again, what it was asked for at first counts.
        declined = self._fate(earlier or payment).declined
        if declined is not None:
            return 402, {"reason": declined}
        return 202, {
            "payment_id": payment.payment_id,
            "reference": reference_of(payment.payment_id),
        }

    def _show(self, payment_id: str) -> Answer:
        payment = self._journal.payments.get(payment_id)
        fate = None if payment is None else self._fate(payment)
        if payment is None or fate is None or fate.declined:
            return 404, {"error": "there is no such payment"}
        status = fate.status(self._now_ms() - payment.taken_ms)
        return 200, {
            "payment_id": payment_id,
            "reference": reference_of(payment_id),
            "kind": payment.kind,
            "status": status,
            "amount": payment.amount,
            "currency": payment.currency,
            "reason": fate.reason if status is Status.FAILED else None,
            "instruments": self._instruments(payment),
        }

    def _instruments(self, payment: Taken) -> list[dict[str, str]]:
        """Return which of the customer's instruments a payment uses, and how much of it each."""
        taken = list(self._journal.payments.values())
        before = [
            item
            for item in taken[: taken.index(payment)]
            if (fate := self._fate(item)).outcome is Status.SUCCEEDED and not fate.declined
        ]
        unit = currency(payment.currency)
        return [
            {"instrument": name, "amount": format_micros(micros, unit)}
            for name, micros in shares_of(payment, before).items()
        ]

    def _post_letters(self, payment: Taken) -> None:
        """Send what has not arrived yet of the webhooks about a payment."""
        fate = self._fate(payment)
        for telling in fate.tellings:
            if (payment.payment_id, telling.number) in self._journal.told:
                continue
            letter = write_letter(
                payment,
                telling,
                reference=reference_of(payment.payment_id),
                reason=fate.reason if telling.status is Status.FAILED else None,
                decided_ms=fate.decided_ms,
            )
            self._courier.post(letter, due_ms=payment.taken_ms + telling.after_ms)

    def _fate(self, payment: Taken) -> Fate:
        return draw_fate(
            self._config.temper, payment.payment_id, payment.amount, own_only=payment.own_only
        )

    def _now_ms(self) -> int:
        return int(self._wall.now().timestamp() * 1000)


def make_app(config: SandboxConfig, *, wall: Clock | None = None) -> SandboxPayments:
    """Return the provider as an ASGI application; it reads its journal at once."""
    return SandboxPayments(config, wall=wall or SystemClock())


async def serve(
    config: SandboxConfig,
    stop: asyncio.Event,
    *,
    wall: Clock | None = None,
    locator: SandboxLocator | None = None,
    checker: SandboxChecker | None = None,
    registers: SandboxRegisters | None = None,
) -> None:
    """Serve the provider over HTTP until told to stop; what was not told is told next time.

    Args:
        locator: the location provider, if it is to be found at the same port.
        checker: the verification provider, likewise.
        registers: the national registers, likewise.
    """
    payments = make_app(config, wall=wall)
    app = payments if locator is None else beside(payments, locator)
    app = app if checker is None else Beside(app, checker)
    server = Server(
        app if registers is None else BesideRegisters(app, registers),
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        end_serving: Callable[[], None] = server.stop
        end_serving()
    await serving


def reference_of(payment_id: str) -> str:
    """Return the sandbox's own name for a payment."""
    return "sbx_" + derived_id("sandbox payment", payment_id).replace("-", "")[:20]


def _parse(body: bytes, *, taken_ms: int) -> Taken:
    wanted = msgspec.json.decode(body, type=_Wanted)
    if parse_micros(wanted.amount, currency(wanted.currency), field="amount") == 0:
        raise Malformed("amount", "more than nothing")
    return Taken(
        payment_id=parse_id(wanted.payment_id, field="payment_id"),
        kind=wanted.kind,
        amount=wanted.amount,
        currency=wanted.currency,
        own_only=wanted.own_only,
        back_first=wanted.back_first,
        customer=wanted.customer,
        taken_ms=taken_ms,
    )


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None if it is too large."""
    body, more = b"", True
    while more and len(body) <= BODY_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > BODY_BYTES_MAX else body
