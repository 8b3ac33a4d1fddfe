"""Lanes of what is asked for in games: those that wait beside each other are played in one turn.

There is one lane a provider and process.  A lane for each part of the log makes smaller batches of
the same work, and the process is bound by its processor and not by waiting: it took half as much
again for each request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from pitboss import messages
from pitboss.api.edge import Edge
from pitboss.api.gathering import Broken, Gathering, TooManyWait
from pitboss.db.errors import TransactionConflict
from pitboss.games import rounds
from pitboss.games.rounds.model import Answer, Request
from pitboss.games.rounds.ports import Trouble
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.messages.model import Memory

# What one turn plays; beyond it a commit hardly gets cheaper while everybody's wait grows.
BATCH_MAX = 200
# About a second of work: who comes later is better served by asking again.
WAITING_MAX = 5_000
TRIES_MAX = 3

_log = structlog.get_logger("api.lanes")


class OfPlayer(Protocol):
    """What is asked for a player, and so in the player's shard."""

    @property
    def player_id(self) -> PlayerId:
        """Whom it is about."""
        ...


Wish = TypeVar("Wish", bound=OfPlayer)
Told = TypeVar("Told")


class Lane(Generic[Wish, Told]):
    """What was asked of one provider's games, played in the turns of its players.

    What it remembers of shards is true for as long as nobody else writes there.
    """

    def __init__(
        self,
        edge: Edge,
        actor: str,
        play: Callable[[Turn, Sequence[Wish]], Awaitable[Sequence[Told]]],
    ) -> None:
        self._edge = edge
        self._actor = actor
        self._play_in = play
        self._memory = Memory()
        self._gathering: Gathering[Wish, Told] = Gathering(
            self._play, batch_max=BATCH_MAX, waiting_max=WAITING_MAX
        )

    async def submit(self, wish: Wish) -> Told | Trouble:
        """Have what is asked for played with what waits beside it."""
        try:
            return await self._gathering.submit(wish)
        except TooManyWait:
            return Trouble.TOO_OFTEN
        except Broken:
            return Trouble.BROKEN
        except Fault as fault:
            _log.warning("not done now", why=str(fault))
            return Trouble.AWAY

    async def _play(self, wishes: Sequence[Wish]) -> Sequence[Told]:
        """Play a batch in one transaction; again if it had to give way.

        Raises:
            DatabaseAway: nothing was done, or nobody knows; asking again tells.
            TransactionConflict: it had to give way every time.
        """
        try:
            return await self._commit(wishes)
        except TransactionConflict:
            raise
        except Exception:
            # Nobody knows how far it came.
            self._memory = Memory()
            raise

    async def _commit(self, wishes: Sequence[Wish]) -> Sequence[Told]:
        shards = {shard_of(item.player_id) for item in wishes}
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
                    return await self._play_in(turn, wishes)
            except TransactionConflict as fault:
                conflict = fault
        assert conflict is not None  # noqa: S101 - only a conflict comes here
        raise conflict


class Lanes:
    """The lanes of the providers that call this process, by their names."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._lanes: dict[str, Lane[Request, Answer]] = {}

    async def play(self, request: Request) -> Answer | Trouble:
        """Have a request played in its lane."""
        lane = self._lanes.get(request.provider)
        if lane is None:
            actor = f"provider:{request.provider}"
            lane = self._lanes[request.provider] = Lane(self._edge, actor, rounds.play)
        return await lane.submit(request)
