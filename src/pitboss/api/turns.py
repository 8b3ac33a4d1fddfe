"""How a request reads and writes: the edge opens the transaction and is the one to commit it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from pitboss import messages
from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.problems import ProblemFound
from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.kernel.shards import CATALOGUE_SHARD, Section, Shard
from pitboss.messages import Turn
from pitboss.players import access

# A deadlock's victim finds its way free at once; more than that is a crowd.
TRIES_MAX = 3

T = TypeVar("T")


async def in_turn(
    edge: Edge,
    shards: Iterable[Shard],
    actor: str,
    work: Callable[[Turn], Awaitable[T]],
    *,
    find_sections: Callable[[], Awaitable[frozenset[Section] | None]] | None = None,
) -> T:
    """Do this work in a turn of these shards and commit it; again if it had to give way.

    With `find_sections`, it is a turn of those of the catalogue that are found, anew for each try:
    what is in the way may be what has just been opened.

    Raises:
        ProblemFound: it could not be done now, or its outcome is unknown.
    """
    wanted = tuple(shards)
    for _ in range(TRIES_MAX):
        committing = False
        try:
            sections = None if find_sections is None else await find_sections()
            async with messages.turn(
                edge.database,
                wanted,
                now=edge.clock.now(),
                actor=actor,
                entropy=edge.entropy,
                sections=sections,
            ) as turn:
                result = await work(turn)
                committing = True
            if CATALOGUE_SHARD in wanted:
                edge.shelf_watch.forget()
            return result
        except TransactionConflict:
            continue
        except DatabaseAway as fault:
            problem = problems.OUTCOME_UNKNOWN if committing else problems.DATABASE_AWAY
            raise ProblemFound(problem) from fault
    raise ProblemFound(problems.TOO_BUSY)


async def count_try(edge: Edge, address: str) -> bool:
    """Count a try from an address before it is made; say whether it may be made.

    It commits by itself, again if it had to give way: nothing of what is tried has been done yet.

    Raises:
        ProblemFound: it could not be counted now.
    """
    for _ in range(TRIES_MAX):
        try:
            async with edge.database.transaction() as tx:
                return await access.count_attempt(
                    tx, address, keys=edge.personal_keys, now=edge.wall.now()
                )
        except TransactionConflict:
            continue
        except DatabaseAway as fault:
            raise ProblemFound(problems.DATABASE_AWAY) from fault
    raise ProblemFound(problems.TOO_BUSY)
