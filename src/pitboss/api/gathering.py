"""What waits beside each other is done together: one transaction for many who ask.

There is no timer.  Whoever comes first begins at once; who comes while a transaction is under way
waits for the next one, which takes what has gathered.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from pitboss.api.problems import ProblemFound
from pitboss.kernel.errors import Fault

Wish = TypeVar("Wish")
Told = TypeVar("Told")

_log = structlog.get_logger("api.gathering")


class TooManyWait(Exception):
    """So much waits that who comes now is better served by asking again."""


class Broken(Exception):
    """What was asked for breaks, by itself and not by its neighbours."""


@dataclass(slots=True)
class _Waiting(Generic[Wish, Told]):
    wish: Wish
    weight: int
    outcome: asyncio.Future[Told | Exception]


class Gathering(Generic[Wish, Told]):
    """What waits, and the one who does it, batch by batch, for as long as something waits.

    `do` does a batch in one transaction and answers each of it in order.  A batch weighs at most
    `batch_max`, but for one that weighs more by itself.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Wish]], Awaitable[Sequence[Told]]],
        *,
        batch_max: int,
        waiting_max: int,
        weight: Callable[[Wish], int] = lambda _: 1,
    ) -> None:
        self._do = do
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._weight = weight
        self._queue: deque[_Waiting[Wish, Told]] = deque()
        self._doer: asyncio.Task[None] | None = None

    async def submit(self, wish: Wish) -> Told:
        """Have what is asked for done with what waits beside it.

        Whoever hangs up is not told; what was asked for is done all the same.

        Raises:
            TooManyWait: it was not taken in.
            Fault, ProblemFound: the batch could not be done now.
            Broken: this one cannot be done, and nobody knows why.
        """
        if len(self._queue) >= self._waiting_max:
            raise TooManyWait
        outcome: asyncio.Future[Told | Exception] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(wish, self._weight(wish), outcome))
        if self._doer is None:
            self._doer = asyncio.create_task(self._do_all())
        found = await asyncio.shield(outcome)
        if isinstance(found, Exception):
            raise found
        return found

    async def _do_all(self) -> None:
        try:
            while self._queue:
                await self._do_batch(self._take())
        finally:
            self._doer = None

    def _take(self) -> list[_Waiting[Wish, Told]]:
        batch = [self._queue.popleft()]
        weight = batch[0].weight
        while self._queue and weight + self._queue[0].weight <= self._batch_max:
            weight += self._queue[0].weight
            batch.append(self._queue.popleft())
        return batch

    async def _do_batch(self, batch: Sequence[_Waiting[Wish, Told]]) -> None:
        outcomes: Sequence[Told | Exception]
        try:
            outcomes = await self._do([waiting.wish for waiting in batch])
        except (Fault, ProblemFound) as error:
            outcomes = [error] * len(batch)
        except Exception as error:
            if len(batch) > 1:
                # One of them breaks the batch: its neighbours are done without it.
                _log.exception("a batch broke", size=len(batch))
                for waiting in batch:
                    await self._do_batch([waiting])
                return
            _log.exception("what was asked for cannot be done")
            outcomes = [Broken(type(error).__name__)]
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)
