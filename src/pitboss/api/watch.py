"""Whether the session that a token names still lives: asked at every request, many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pitboss import messages
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


@dataclass(frozen=True, slots=True)
class Remembered:
    """That a session lives was looked at when so much had been revoked in its shard."""

    shard: Shard
    revoked: int


@dataclass(slots=True)
class _Asking:
    place: tuple[Shard, SessionId]
    answer: asyncio.Future[Session | None]


@dataclass(slots=True)
class _Known:
    session: Session
    remembered: Remembered


class SessionWatch:
    """One reader for a process: it takes whoever waits when the last look returns.

    So a look is never older than the request that it answers: what ended before a request was
    sent is over for it, in whichever process that happened.

    Who puts commands into the log needs no look of its own.  The session that was seen before is
    remembered with what had been revoked then, and the statement that appends finds out whether
    that still stands.
    """

    # About 10 MB.
    REMEMBERED_MAX = 16_384

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._queue: deque[_Asking] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._known: dict[SessionId, _Known] = {}

    def recall(self, claims: Claims, device: str | None) -> Remembered | None:
        """Return what the session of who asks rests on, if it was seen before and may still live.

        It is no answer by itself: whoever acts on it has the log say whether it stands.
        """
        known = self._known.get(SessionId(claims.session)) if claims.session else None
        if known is None:
            return None
        now = self._edge.clock.now()
        good = self._lets_in(known.session, claims, device, now)
        # Whose use must be noted is looked at.
        return known.remembered if good and not _wants_a_touch(known.session, now) else None

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
        if session is None or not self._lets_in(session, claims, device, self._edge.clock.now()):
            raise ProblemFound(problems.UNAUTHENTICATED)

    def _lets_in(self, session: Session, claims: Claims, device: str | None, now: datetime) -> bool:
        bound = None if session.device is None else device
        digest = device_digest(self._edge.personal_keys, bound)
        return session.player_id == claims.subject and session.is_live(now, device=digest)

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
            # First, so that what ends while we read is not taken for what we have seen.
            revoked = await messages.read_revocations(tx, {shard for shard, _ in places})
            sessions = await access.find_sessions(tx, places)
        await self._touch(sessions)
        self._remember(sessions.values(), revoked)
        for asking in batch:
            # Whoever went away meanwhile waits for nothing.
            if not asking.answer.done():
                asking.answer.set_result(sessions.get(asking.place[1]))

    def _remember(self, sessions: Iterable[Session], revoked: Mapping[Shard, int]) -> None:
        if len(self._known) >= self.REMEMBERED_MAX:
            self._known.clear()
        for session in sessions:
            remembered = Remembered(shard=session.shard, revoked=revoked[session.shard])
            self._known[session.id] = _Known(session, remembered)

    async def _touch(self, sessions: dict[SessionId, Session]) -> None:
        """Note that these sessions are used, in the database and in what was read of it."""
        now = self._edge.clock.now()
        used = [item for item in sessions.values() if _wants_a_touch(item, now)]
        if used:
            async with self._edge.log.transaction() as tx:
                await access.touch(tx, [(item.shard, item.id) for item in used], now=now)
            for item in used:
                sessions[item.id] = msgspec.structs.replace(item, seen_at=now)


def _wants_a_touch(session: Session, now: datetime) -> bool:
    if session.idle_seconds is None or not session.is_live(now, device=session.device):
        return False
    return (now - session.seen_at).total_seconds() * TOUCHES >= session.idle_seconds
