"""Asks the process of the certified generator for draws, over its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pitboss.games.dealing.errors import HouseClosed
from pitboss.games.dealing.model import Drawn, Generator
from pitboss.rng.errors import RngError
from pitboss.rng.records import DrawRecord, replay

ANSWER_SECONDS_MAX = 5.0
# A record of 4,096 numbers with their words and weights is a third of this.
ANSWER_BYTES_MAX = 1 << 20
_LENGTH_BYTES = 4
_Noun = TypeVar("_Noun", Drawn, Generator)


class RngAway(HouseClosed):
    """The generator does not answer.

    The same draw may be asked for again, under the same id: an answer that was lost is given again
    while the process lives.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the generator does not answer: {why}", retryable=True)


class RngClosed(HouseClosed):
    """The generator draws nothing until it is started anew: it failed, or is not certified."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the generator is closed: {why}", retryable=False)


class RngRefused(HouseClosed):
    """The generator does not understand what we ask, or we do not understand what it answers."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the generator refuses: {why}", retryable=False)


class RngClient:
    """One connection, opened when it is first used and again whenever it is lost."""

    def __init__(self, path: Path, *, seconds: float = ANSWER_SECONDS_MAX) -> None:
        self._path, self._seconds = path, seconds
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def draw(
        self, *, draw_id: str, round_id: str, purpose: str, mapping: Mapping[str, Any]
    ) -> DrawRecord:
        """Draw once; the record is mapped again before anybody believes it.

        Asking again with the same id gives the same record while the process lives and remembers
        it (the last 1,024); with other words it is refused.

        Raises:
            RngAway: it does not answer; nobody knows whether it has drawn.
            RngClosed: it draws nothing until it is started anew.
            RngRefused: there is no such mapping, or the id was used for another draw.
        """
        answer = await self._ask(
            {
                "op": "draw",
                "draw_id": draw_id,
                "round_id": round_id,
                "purpose": purpose,
                "mapping": dict(mapping),
            }
        )
        try:
            record = DrawRecord.from_json(answer.get("record"))
            replay(record)
        except RngError as error:
            raise RngRefused(str(error)) from error
        if (record.draw_id, record.round_id, record.purpose) != (draw_id, round_id, purpose):
            raise RngRefused("the answer is to another question")
        return record

    async def build(self) -> str:
        """Return the digest of its files, if it may draw.

        Raises:
            RngAway: it does not answer.
            RngClosed: it draws nothing until it is started anew.
        """
        status = await self.status()
        if status.get("may_draw") is not True:
            raise RngClosed(str(status.get("why_not")))
        return str(status.get("code_hash"))

    async def licences(self) -> frozenset[str]:
        """Return the licences that its certificate names; none where it runs without one.

        Raises:
            RngAway: it does not answer.
        """
        certificate = (await self.status()).get("certificate")
        named = certificate.get("licences") if isinstance(certificate, dict) else None
        return frozenset(map(str, named)) if isinstance(named, list) else frozenset()

    async def drawn(self) -> Drawn:
        """Return which start of it this is, and how many draws it has made.

        Raises:
            RngAway: it does not answer.
            RngRefused: it does not say that.
        """
        return _read(await self.status(), Drawn)

    async def generator(self) -> Generator:
        """Return which build of which certificate it is, and whether it may draw.

        Raises:
            RngAway: it does not answer.
            RngRefused: it does not say that.
        """
        return _read(await self.status(), Generator)

    async def checked_generator(self) -> Generator:
        """Have it compare itself with its certificate now, and return how it stands then.

        Raises:
            RngAway: it does not answer.
            RngRefused: it does not say that.
        """
        # Where it differs its status says so; where nothing is certified, nothing is compared.
        with contextlib.suppress(RngClosed, RngRefused):
            await self.check()
        return await self.generator()

    async def status(self) -> dict[str, Any]:
        """Return which build of which certificate it is, when that was checked, and whether it may
        draw.

        Raises:
            RngAway: it does not answer.
        """
        return _status(await self._ask({"op": "status"}, again=True))

    async def check(self) -> dict[str, Any]:
        """Have it compare itself with its certificate now, and return its status.

        Raises:
            RngAway: it does not answer.
            RngClosed: it is not what was certified, and draws nothing from now on.
            RngRefused: it has no certificate to compare itself with.
        """
        return _status(await self._ask({"op": "check"}))

    async def self_test(self) -> dict[str, Any]:
        """Have it give its known answers and test its entropy now, and return its status.

        Raises:
            RngAway: it does not answer.
            RngClosed: a test failed, and it draws nothing from now on.
        """
        return _status(await self._ask({"op": "self_test"}))

    async def close(self) -> None:
        """Give the connection back."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _ask(self, request: dict[str, Any], *, again: bool = False) -> dict[str, Any]:
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await self._exchange_again(json.dumps(request).encode(), again=again)
            except (OSError, EOFError, TimeoutError) as error:
                # What comes later on this connection would be taken for the next answer.
                await self.close()
                raise RngAway(str(error) or type(error).__name__) from error
            except BaseException:
                # Cancelled half way, for one.
                await self.close()
                raise
        if answer.get("ok") is True:
            return answer
        why = str(answer.get("why"))
        raise RngClosed(why) if answer.get("error") == "closed" else RngRefused(why)

    async def _exchange_again(self, data: bytes, *, again: bool) -> dict[str, Any]:
        """Ask; and if it may be asked again, once more where the connection was to one that is
        gone by now: another may be there in its place."""
        if not again or self._writer is None:
            return await self._exchange(data)
        try:
            return await self._exchange(data)
        except (OSError, EOFError):
            await self.close()
        return await self._exchange(data)

    async def _exchange(self, data: bytes) -> dict[str, Any]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path)
        self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
        if size > ANSWER_BYTES_MAX:
            raise RngRefused(f"an answer of {size} bytes")
        try:
            answer = json.loads(await self._reader.readexactly(size))
        except ValueError as error:
            raise RngRefused("its answer is no JSON") from error
        if not isinstance(answer, dict):
            raise RngRefused("its answer is no object")
        return answer


def _read(status: dict[str, Any], kind: type[_Noun]) -> _Noun:
    try:
        return msgspec.convert(status, kind)
    except msgspec.ValidationError as error:
        raise RngRefused(f"its status: {error}") from error


def _status(answer: dict[str, Any]) -> dict[str, Any]:
    status = answer.get("status")
    if not isinstance(status, dict):
        raise RngRefused("its answer has no status")
    return status
