"""Bugs to plant, one of each kind that the simulation exists to find.

Each takes a safeguard out of the code that runs, for as long as it is planted; nothing of it
outlives that.  A simulation that finds none of them would find nothing.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pitboss.db import Transaction
from pitboss.kernel.shards import Partition, Section, Shard
from pitboss.messages.model import AppendAnswer, Entry, Head
from pitboss.sim.world import store
from pitboss.sim.world.cast import current_database

_DOOR = "pitboss.messages"
_STORE = "pitboss.messages.store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A safeguard to take away.

    `weaken` takes away what the database repeats of it, where that would stop every harm.
    """

    name: str
    what: str
    plant: Callable[[], AbstractContextManager[None]]
    weaken: Callable[[store.Connection], Awaitable[None]] | None = None


@contextlib.contextmanager
def _replaced(module: str, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """Put something else in the place of a function while the body runs."""
    place = importlib.import_module(module)
    real = getattr(place, name)
    setattr(place, name, make(real))
    try:
        yield
    finally:
        setattr(place, name, real)


def _offset_outside() -> AbstractContextManager[None]:
    def make(real: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def consume(tx: Transaction, partition: Partition, **where: int) -> None:
            async with current_database.get().transaction() as another:
                await real(another, partition, **where)

        return consume

    return _replaced(_DOOR, "consume", make)


def _keys_unchecked() -> AbstractContextManager[None]:
    def make(_: object) -> Callable[..., Awaitable[Any]]:
        async def find_keys(tx: Transaction, entries: Sequence[Entry]) -> Mapping[Any, Any]:
            return {}

        return find_keys

    return _replaced(_STORE, "find_keys", make)


@contextlib.contextmanager
def _look_before_lock() -> Iterator[None]:
    seen: ContextVar[dict[Any, Any]] = ContextVar("seen")
    look = importlib.import_module(_STORE).find_keys

    def make_append(real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def append(
            tx: Transaction, entries: Sequence[Entry], *, now: datetime
        ) -> tuple[AppendAnswer, ...]:
            seen.set(await look(tx, entries))
            answers: tuple[AppendAnswer, ...] = await real(tx, entries, now=now)
            return answers

        return append

    def make_find_keys(_: object) -> Callable[..., Awaitable[Any]]:
        async def find_keys(tx: Transaction, entries: Sequence[Entry]) -> Mapping[Any, Any]:
            return seen.get()

        return find_keys

    with _replaced(_DOOR, "append", make_append), _replaced(_STORE, "find_keys", make_find_keys):
        yield


@contextlib.contextmanager
def _unfenced() -> Iterator[None]:
    def make_join_turn(real: Callable[..., Any]) -> Callable[..., Any]:
        def join_turn(tx: Transaction, shards: Iterable[Shard], **how: Any) -> Any:
            return real(tx, shards, **{**how, "epoch": None})

        return join_turn

    def make_consume(_: object) -> Callable[..., Awaitable[None]]:
        async def consume(
            tx: Transaction, partition: Partition, *, to_offset: int, **_: int
        ) -> None:
            await store.move_consumer_unfenced(tx, partition, to_offset)

        return consume

    with _replaced(_DOOR, "join_turn", make_join_turn), _replaced(_DOOR, "consume", make_consume):
        yield


def _prices_unlocked() -> AbstractContextManager[None]:
    async def lock_sections(tx: Transaction, sections: Iterable[Section]) -> None:
        """Let prices change."""

    return _replaced(_DOOR, "lock_sections", lambda _: lock_sections)


def _heads_unlocked() -> AbstractContextManager[None]:
    read_heads = importlib.import_module(_DOOR).read_heads

    def make(_: object) -> Callable[..., Awaitable[dict[Shard, Head]]]:
        async def lock_heads(
            tx: Transaction, shards: Iterable[Shard], **_: object
        ) -> dict[Shard, Head]:
            wanted = set(shards)
            return {head.shard: head for head in await read_heads(tx) if head.shard in wanted}

        return lock_heads

    return _replaced(_STORE, "lock_heads", make)


BUGS: Mapping[str, Bug] = {
    bug.name: bug
    for bug in (
        Bug(
            name="offset_outside",
            what="the offset is committed outside the transaction of its effects",
            plant=_offset_outside,
        ),
        Bug(
            name="keys_unchecked",
            what="nobody looks whether a key is in the log already",
            plant=_keys_unchecked,
            weaken=store.let_keys_repeat,
        ),
        Bug(
            name="look_before_lock",
            what="who appends looks for the key first, and takes the lock afterwards",
            plant=_look_before_lock,
        ),
        Bug(
            name="unfenced",
            what="who was replaced may still commit",
            plant=_unfenced,
        ),
        Bug(
            name="prices_unlocked",
            what="a remembered price is believed without keeping the catalogue from changing",
            plant=_prices_unlocked,
        ),
        Bug(
            name="heads_unlocked",
            what="the heads of shards are read, and not locked",
            plant=_heads_unlocked,
        ),
    )
}
