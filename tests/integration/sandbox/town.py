"""A town for the sandbox: a port to serve on, somebody who receives webhooks, a provider to ask."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from granian.constants import Interfaces
from granian.server.embed import Server

from integration.cashier.world import PATIENCE_SECONDS, ends
from pitboss.sandbox.couriers import Address
from pitboss.sandbox.fates import Temper
from pitboss.sandbox.payments import Message, Receive, SandboxConfig, Send, serve

API_KEY = "sandbox-key"
SECRET = b"sandbox-secret"
SWIFT = Temper(seed=7, delay_ms_max=20)
FAITHFUL = Temper(
    seed=7, delay_ms_max=20, failure_share=0, repeat_share=0, disorder_share=0, late_share=0
)

Application = Callable[[Message, Receive, Send], Awaitable[None]]
Listener = Callable[[dict[str, str], bytes], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """What it says."""
        told: dict[str, Any] = msgspec.json.decode(self.body)
        return told


@dataclass(slots=True, kw_only=True)
class Receiver:
    """An ASGI application that hears webhooks and answers as `listener` says."""

    listener: Listener
    heard: list[Webhook] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hear one webhook."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status = 204
        if scope["path"] == "/webhooks":
            self.heard.append(Webhook(headers=headers, body=body))
            status = await self.listener(headers, body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def content(headers: dict[str, str], body: bytes) -> int:
    """Accept every webhook."""
    return 204


@dataclass(slots=True, kw_only=True)
class Canned:
    """An ASGI application that always answers the same, after a while if it is told to wait."""

    status: int = 200
    body: bytes = b"{}"
    seconds: float = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["path"] != "/healthz":
            await asyncio.sleep(self.seconds)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": self.body})


@contextlib.asynccontextmanager
async def served(app: Application) -> AsyncIterator[str]:
    """Serve an application without a life of its own; give its URL."""
    port = free_port()
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await answers(f"http://127.0.0.1:{port}/healthz")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        end: Callable[[], None] = server.stop
        end()
        await ends(serving)


@contextlib.asynccontextmanager
async def receiving(listener: Listener = content) -> AsyncIterator[tuple[Receiver, str]]:
    """Serve a receiver; give it and the URL that webhooks are to be sent to."""
    receiver = Receiver(listener=listener)
    async with served(receiver) as url:
        yield receiver, f"{url}/webhooks"


@contextlib.asynccontextmanager
async def sandbox(folder: Path, webhook_url: str, *, temper: Temper = SWIFT) -> AsyncIterator[str]:
    """Serve a sandbox; give its URL."""
    port = free_port()
    config = SandboxConfig(
        folder=folder,
        api_key=API_KEY,
        address=Address(url=webhook_url, secret=SECRET, retry_ms_min=5, retry_ms_max=50),
        temper=temper,
        port=port,
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(config, stop))
    await answers(f"http://127.0.0.1:{port}/healthz")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await ends(serving)


async def answers(url: str) -> None:
    """Wait until somebody serves this."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await client.get(url)
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
