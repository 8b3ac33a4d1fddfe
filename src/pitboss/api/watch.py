"""Whether the session that a token names still lives: asked at every request, many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.problems import ProblemFound
from pitboss.api.tokens import Claims
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players import access
from pitboss.players.access.model import Session, SessionId, device_digest

# As many as ask within one round trip on a machine that is overrun.
BATCH_MAX = 1_000
# A session that ends when it is idle is written again after this share of that time.
TOUCHES = 10

DEVICE_HEADER = "x-device-id"


@dataclass(slots=True)
class _Asking:
    place: tuple[Shard, SessionId]
    answer: asyncio.Future[Session | None]


class SessionWatch:
    """One reader for a process: it takes whoever waits when the last look returns.

    So a look is never older than the request that it answers: what ended before a request was
    sent is over for it, in whichever process that happened.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._queue: deque[_Asking] = deque()
        self._reader: asyncio.Task[None] | None = None

    async def check(self, claims: Claims, device: str | None) -> None:
        """Let who asks pass if their session lives.

        Raises:
            ProblemFound: it does not, or nobody can say now.
        """
        if not claims.session:
            return
        try:
            parse_id(claims.session, field="session")
        except Malformed:
            raise ProblemFound(problems.UNAUTHENTICATED) from None
        shard = shard_of(PlayerId(claims.subject))
        answer: asyncio.Future[Session | None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Asking((shard, SessionId(claims.session)), answer))
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_all())
        session = await answer
        now = self._edge.clock.now()
        bound = None if session is None or session.device is None else device
        digest = device_digest(self._edge.personal_keys, bound)
        if (
            session is None
            or session.player_id != claims.subject
            or not session.is_live(now, device=digest)
        ):
            raise ProblemFound(problems.UNAUTHENTICATED)

    async def _read_all(self) -> None:
        """Answer whoever waits, until nobody does."""
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_MAX))]
                try:
                    await self._read(batch)
                except Exception as error:
                    for asking in batch:
                        if not asking.answer.done():
                            asking.answer.set_exception(error)
        finally:
            self._reader = None

    async def _read(self, batch: list[_Asking]) -> None:
        places = list(dict.fromkeys(asking.place for asking in batch))
        async with self._edge.log.reading() as tx:
            sessions = await access.find_sessions(tx, places)
        await self._touch(list(sessions.values()))
        for asking in batch:
            # Whoever went away meanwhile waits for nothing.
            if not asking.answer.done():
                asking.answer.set_result(sessions.get(asking.place[1]))

    async def _touch(self, sessions: list[Session]) -> None:
        now = self._edge.clock.now()
        used = [(item.shard, item.id) for item in sessions if _wants_a_touch(item, now)]
        if used:
            async with self._edge.log.transaction() as tx:
                await access.touch(tx, used, now=now)


def _wants_a_touch(session: Session, now: datetime) -> bool:
    if session.idle_seconds is None or not session.is_live(now, device=session.device):
        return False
    return (now - session.seen_at).total_seconds() * TOUCHES >= session.idle_seconds
