"""PostgreSQL's sessions: the real connections that a world's lines run over, one after another."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from pitboss.sim.world import store

# More than all programs of a world need at once, the lingering sessions of dead ones included.
SESSIONS_MAX = 60
# More than are asked for between one step and the next: a loop that starts asks for several.
FREE_MIN = 12


@dataclass(eq=False, slots=True, kw_only=True)
class Session:
    """A real connection; `used_at` is when, in the world's time, its last statement ended.

    `wrote` says whether the transaction that is open has written anything.
    """

    connection: store.Connection
    pid: int
    busy: bool = False
    wrote: bool = False
    used_at: float = 0.0

    @property
    def in_transaction(self) -> bool:
        """Whether PostgreSQL says that it has begun a transaction and not ended it."""
        return self.connection.is_in_transaction()


class Sessions:
    """Opens sessions when they are needed and keeps them, with what they have prepared."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._free: list[Session] = []
        self._all: list[Session] = []

    def mend(self) -> None:
        """Forget sessions that broke, when all are back."""
        self._free = [item for item in self._free if not item.connection.is_closed()]
        self._all = list(self._free)

    async def keep_enough(self) -> None:
        """Open more if few are free, so that lending need not wait."""
        while self.are_scarce:
            session = await self._open_one()
            self._all.append(session)
            self._free.insert(0, session)

    async def _open_one(self) -> Session:
        connection: store.Connection = await asyncpg.connect(
            self._url,
            # Statements are dropped by no timer, because timers are the world's.
            max_cached_statement_lifetime=0,
            statement_cache_size=500,
            server_settings={
                "application_name": "pitboss-world",
                "search_path": store.SEARCH_PATH,
                "jit": "off",
                # Whether a commit survives a crash of the machine is not asked here.
                "synchronous_commit": "off",
                # Circles of waiting are found and resolved by the world, at once.
                "deadlock_timeout": "1h",
                "log_min_duration_statement": "-1",
                "log_lock_waits": "off",
                "track_activities": "off",
                "update_process_title": "off",
            },
        )
        return Session(connection=connection, pid=connection.get_server_pid())

    def lend(self) -> Session:
        """Return a session that nobody uses, the most recent one first.

        Raises:
            RuntimeError: a program asks for more connections than any real pool would give.
        """
        if not self._free:
            raise RuntimeError("the programs of this world use too many connections")
        session = self._free.pop()
        session.used_at = 0.0
        return session

    def take_back(self, session: Session) -> None:
        """Have a session again that is in no transaction."""
        self._free.append(session)

    @property
    def are_scarce(self) -> bool:
        """Whether so few are free that more are to be opened."""
        return len(self._free) < FREE_MIN and len(self._all) < SESSIONS_MAX

    @property
    def at_rest(self) -> bool:
        """Whether every session is back."""
        return len(self._free) == len(self._all)

    def pids(self) -> set[int]:
        """Return the numbers of all sessions at the server."""
        return {session.pid for session in self._all}

    def close(self) -> None:
        """End all sessions."""
        for session in self._all:
            session.connection.terminate()
