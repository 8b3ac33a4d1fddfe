"""How every register is asked: over HTTP, within bounds, with its failures told apart."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx
import msgspec

from pitboss.adapters import bounded
from pitboss.adapters.bounded import BoundedAnswer, NoAnswer
from pitboss.registers.errors import RegisterAway, RegisterConfused

# Somebody waits for this at the door.  Source: as clients of GAMSTOP do.
ANSWER_SECONDS_MAX = 2.0
# Nobody waits for a batch.
BATCH_SECONDS_MAX = 30.0
# Ten thousand answers of a batch are less; one answer is a few hundred bytes.
BYTES_MAX = 4 * 1024 * 1024
CONNECTIONS_MAX = 16
_OK, _TOO_MANY = 200, 429

# What ends up in facts is plain text of a length that we chose.
_REFERENCE = re.compile(r"[!-~]{1,64}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What we show a register that wants to know us by TLS: files in PEM."""

    chain: Path
    key: Path


class Asker:
    """Sends requests to one register; no proxy that somebody set is meant."""

    def __init__(
        self,
        name: str,
        *,
        certificate: Certificate | None = None,
        client: httpx.AsyncClient | None = None,
        seconds_max: float = ANSWER_SECONDS_MAX,
    ) -> None:
        self._name = name
        self._seconds_max = seconds_max
        self._client = client or httpx.AsyncClient(
            verify=_context(certificate),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            trust_env=False,
        )

    async def __aenter__(self) -> Asker:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, batch: bool = False
    ) -> BoundedAnswer:
        """Send a request and return the answer, if it is one.

        Raises:
            RegisterAway: none came in time, or the register asks to come again later.
            RegisterConfused: the register does not take what we sent, or does not know us.
        """
        seconds = BATCH_SECONDS_MAX if batch else self._seconds_max
        try:
            answer = await bounded.post(
                self._client,
                url,
                content,
                headers=headers,
                seconds_max=seconds,
                bytes_max=BYTES_MAX,
            )
        except NoAnswer as error:
            raise RegisterAway(f"{self._name}: {error}") from error
        if answer.status == _OK:
            return answer
        told = f"{self._name} answered {answer.status}"
        if answer.status >= 500 or answer.status == _TOO_MANY:
            raise RegisterAway(told)
        raise RegisterConfused(told)


def read_json(name: str, content: bytes, kind: type[T]) -> T:
    """Return what an answer says.

    Raises:
        RegisterConfused: it is not what it should be.  The message never repeats it.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RegisterConfused(f"{name} answered what cannot be read") from None


def reference(name: str, text: str | None) -> str:
    """Return a register's own name for an answer.

    Raises:
        RegisterConfused: it has none, or one that is no name.
    """
    if text is None or not _REFERENCE.fullmatch(text):
        raise RegisterConfused(f"{name} gave an answer without a name of its own")
    return text


def write_json(said: Any) -> bytes:
    """Return the bytes of a request."""
    return msgspec.json.encode(said)


def _context(certificate: Certificate | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if certificate is not None:
        context.load_cert_chain(certificate.chain, certificate.key)
    return context
