"""Lanes of providers' requests: those that wait beside each other are played in one turn.

There is one lane a provider and process.  A lane for each part of the log makes smaller batches of
the same work, and the process is bound by its processor and not by waiting: it took half as much
again for each request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from pitboss import messages
from pitboss.api.edge import Edge
from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.games import rounds
from pitboss.games.rounds.model import Answer, Request
from pitboss.games.rounds.ports import Trouble
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import shard_of
from pitboss.messages.model import Memory

# What one turn plays; beyond it a commit hardly gets cheaper while everybody's wait grows.
BATCH_MAX = 200
# About a second of work: who comes later is better served by asking again.
WAITING_MAX = 5_000
TRIES_MAX = 3

_log = structlog.get_logger("api.lanes")


@dataclass(slots=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Answer | Trouble]


class Lane:
    """The requests of one provider, and the one who plays them.

    It takes what waits when the last commit returns; there is no timer, and it ends when nothing
    waits.  What it remembers of shards is true for as long as nobody else writes there.
    """

    def __init__(self, edge: Edge, actor: str) -> None:
        self._edge = edge
        self._actor = actor
        self._queue: deque[_Waiting] = deque()
        self._player: asyncio.Task[None] | None = None
        self._memory = Memory()

    async def submit(self, request: Request) -> Answer | Trouble:
        """Have a request played with those that wait beside it."""
        if len(self._queue) >= WAITING_MAX:
            return Trouble.TOO_OFTEN
        answer: asyncio.Future[Answer | Trouble] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(request, answer))
        if self._player is None:
            self._player = asyncio.create_task(self._play_all())
        # Whoever hangs up is not told; what was asked for is done all the same.
        return await asyncio.shield(answer)

    async def _play_all(self) -> None:
        try:
            while self._queue:
                size = min(len(self._queue), BATCH_MAX)
                batch = [self._queue.popleft() for _ in range(size)]
                await self._play(batch)
        finally:
            self._player = None

    async def _play(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers: Sequence[Answer | Trouble] = await self._commit(batch)
        except Fault as fault:
            _log.warning("not done now", requests=len(batch), why=str(fault))
            answers = [Trouble.AWAY] * len(batch)
        except Exception:
            self._memory = Memory()
            if len(batch) > 1:
                # One request breaks the batch: its neighbours are played without it.
                _log.exception("a batch of rounds broke", requests=len(batch))
                for waiting in batch:
                    await self._play([waiting])
                return
            _log.exception("a request about a round failed")
            answers = [Trouble.BROKEN]
        for waiting, answer in zip(batch, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _commit(self, batch: Sequence[_Waiting]) -> Sequence[Answer]:
        """Play a batch in one transaction; again if it had to give way.

        Raises:
            DatabaseAway: nothing was done, or nobody knows; asking again tells.
            TransactionConflict: it had to give way every time.
        """
        requests = [waiting.request for waiting in batch]
        shards = {shard_of(item.player_id) for item in requests}
        conflict: TransactionConflict | None = None
        for _ in range(TRIES_MAX):
            try:
                async with (
                    self._edge.database.transaction() as tx,
                    messages.join_turn(
                        tx,
                        shards,
                        now=self._edge.clock.now(),
                        actor=self._actor,
                        entropy=self._edge.entropy,
                        memory=self._memory,
                    ) as turn,
                ):
                    return await rounds.play(turn, requests)
            except TransactionConflict as fault:
                conflict = fault
            except DatabaseAway:
                self._memory = Memory()
                raise
        assert conflict is not None  # noqa: S101 - only a conflict comes here
        raise conflict


class Lanes:
    """The lanes of this process, by provider."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._lanes: dict[str, Lane] = {}

    async def play(self, request: Request) -> Answer | Trouble:
        """Have a request played in its lane."""
        lane = self._lanes.get(request.provider)
        if lane is None:
            lane = self._lanes[request.provider] = Lane(self._edge, f"provider:{request.provider}")
        return await lane.submit(request)
