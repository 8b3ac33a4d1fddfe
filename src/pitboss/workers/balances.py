"""The balances loop: pays out what is on the accounts of players who are excluded, unasked.

Only where the licence wants that.  It walks through all who are excluded, page by page, again and
again: what a bet returns after the exclusion is paid out on the next walk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from pitboss import cashier, messages
from pitboss.cashier.model import Requested
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.kernel.waiting import happened
from pitboss.responsible import exclusion

PAGE = 200
# Between two walks; a provider takes days to bring the money home.
IDLE_SECONDS = 10.0
RETRY_SECONDS = 2.0
# Of a player that cannot be looked at; payments beside us go on.
HALTED_SECONDS = 60.0

_log = structlog.get_logger("balances")


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where the loop is among those who are excluded.  Any number may walk: it pays out once."""

    database: Database
    clock: Clock
    entropy: Entropy
    page: int = PAGE
    _after: tuple[Shard, PlayerId] | None = field(default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                wait = 0.0 if await self.step() else IDLE_SECONDS
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                wait = RETRY_SECONDS
            except Exception:
                _log.exception("no balances are returned")
                wait = HALTED_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Look at the next page; return how many players are on it, 0 at the end of a walk."""
        async with self.database.reading() as tx:
            places = await exclusion.find_excluded(
                tx, now=self.clock.now(), after=self._after, limit=self.page
            )
            wanted = await cashier.find_returnable(tx, places, now=self.clock.now())
        self._after = places[-1] if len(places) == self.page else None
        # Turns are taken of those alone who have something left: of most nobody has to wait.
        if wanted:
            await self._return([(shard_of(item.player_id), item.player_id) for item in wanted])
        return len(places) if self._after is not None else 0

    async def _return(self, places: Sequence[tuple[Shard, PlayerId]]) -> None:
        async with messages.turn(
            self.database,
            {shard for shard, _ in places},
            now=self.clock.now(),
            actor="balances",
            entropy=self.entropy,
        ) as turn:
            answers = await cashier.return_balances(turn, places)
        paid = sum(isinstance(answer, Requested) for answer in answers)
        if paid:
            _log.info("returned", players=paid)
