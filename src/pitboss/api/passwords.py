"""Passwords at the edge: which may be, and how they are hashed without keeping others waiting."""

from __future__ import annotations

import asyncio

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.problems import ProblemFound
from pitboss.jurisdictions.model import PasswordRules

# Each takes 20 ms of a core and 19 MiB: two at once leave the event loop its turn.
HASHES_AT_ONCE = 2
# At 10 ms each, ten seconds of waiting: longer than anybody does.
HASHES_WAITING_MAX = 1_000


class PasswordDesk:
    """Hashes and checks passwords in threads, a few at once, so that nobody else waits."""

    def __init__(self, edge: Edge) -> None:
        self._passwords = edge.passwords
        self._places = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    def __deepcopy__(self, memo: object) -> PasswordDesk:
        """Stay one and the same when Litestar copies the routes that use it."""
        return self

    async def hash(self, password: str) -> str:
        """Return a new hash of this password."""
        async with _Place(self):
            return await asyncio.to_thread(self._passwords.hash_password, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Say whether this is the password; with nothing stored, no, after the same time."""
        async with _Place(self):
            return await asyncio.to_thread(self._passwords.verify_password, stored, password)

    def needs_rehash(self, stored: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._passwords.needs_rehash(stored)

    async def enter(self) -> None:
        """Wait for a place; refuse when too many wait."""
        if self._waiting >= HASHES_WAITING_MAX:
            raise ProblemFound(problems.TOO_BUSY)
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Give the place to the next."""
        self._places.release()


class _Place:
    def __init__(self, desk: PasswordDesk) -> None:
        self._desk = desk

    async def __aenter__(self) -> None:
        await self._desk.enter()

    async def __aexit__(self, *_: object) -> None:
        self._desk.leave()


def check_password(rule: PasswordRules, password: str, *, field: str) -> None:
    """Let a password pass that the licence takes.

    Raises:
        ProblemFound: it is too short or too long.
    """
    if not rule.length_min <= len(password) <= rule.length_max:
        detail = f"a password has {rule.length_min} to {rule.length_max} characters"
        raise ProblemFound(problems.malformed(field, detail))
