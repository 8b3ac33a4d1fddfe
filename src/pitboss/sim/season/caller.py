"""How the people of a season ask the API: with the patience that it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pitboss.kernel.errors import Fault
from pitboss.sim.http import Answer, Client, ConnectionLost, UnreadableAnswer

# Everything is asked under a key or changes nothing, so asking again is always safe.
TRIES_MAX = 60
LOST_WAIT_SECONDS = 0.5
BUSY_WAIT_SECONDS_MAX = 5.0


class ApiAway(Fault):
    """The API did not answer, or was too busy, for about a minute."""


class Caller:
    """Asks over HTTP; asks again when the answer was lost or the API says that it is busy."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.lost = 0
        self.busy = 0

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask until there is an answer that is not 503, and return it.

        Raises:
            ApiAway: there was none after many tries.
        """
        headers = dict(headers or {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        why = ""
        for _ in range(TRIES_MAX):
            try:
                answer = await self._client.ask(method, path, headers=headers, body=body)
            except (ConnectionLost, TimeoutError) as error:
                why = str(error) or type(error).__name__
                self.lost += 1
                await asyncio.sleep(LOST_WAIT_SECONDS)
                continue
            except UnreadableAnswer as error:
                raise ApiAway(f"{method} {path}: {error}", retryable=False) from error
            if answer.status != 503:
                return answer
            why = describe(answer)
            self.busy += 1
            await asyncio.sleep(_wanted_wait(answer))
        raise ApiAway(f"{method} {path} was not answered: {why}", retryable=True)


def slug_of(answer: Answer) -> str:
    """Return the kind of problem that an answer tells, or its status if it tells none."""
    if answer.headers.get("content-type") != "application/problem+json":
        return str(answer.status)
    return str(answer.json()["type"]).rpartition(":")[2]


def describe(answer: Answer) -> str:
    """Return an answer in a few words, for a person who wonders about it."""
    return f"{answer.status} {answer.body[:200].decode(errors='replace')}"


def _wanted_wait(answer: Answer) -> float:
    told = answer.headers.get("retry-after", "")
    seconds = float(told) if told.isdigit() else LOST_WAIT_SECONDS
    return min(seconds, BUSY_WAIT_SECONDS_MAX)
