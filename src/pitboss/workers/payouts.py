"""The payouts loop: pays out what players have won above the sums that they named, unasked.

Only where the licence offers that.  It walks through all who have named one and won something
since, page by page, again and again.
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
from pitboss.kernel.shards import Shard
from pitboss.kernel.waiting import happened
from pitboss.responsible import limits

PAGE = 200
# Between two walks: what was won can be staked again until then.
IDLE_SECONDS = 5.0
RETRY_SECONDS = 2.0
# Of a player that cannot be looked at; payments beside us go on.
HALTED_SECONDS = 60.0

_log = structlog.get_logger("payouts")


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where the loop is among those who have won.  Any number may walk: it pays out once."""

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
                _log.exception("no wins are paid out")
                wait = HALTED_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Look at the next page; return how many players are on it, 0 at the end of a walk."""
        async with self.database.reading() as tx:
            page = await limits.find_winners(tx, after=self._after, limit=self.page)
            places = [(one.shard, one.player_id) for one in page]
            # Before they are looked at: one who cannot be does not stop those who come after.
            self._after = places[-1] if len(places) == self.page else None
            due = await cashier.find_due_wins(tx, places, now=self.clock.now())
        # Turns are taken of those alone who are paid something: nobody else has to wait.
        if due:
            await self._pay([(item.payout.shard, item.payout.player_id) for item in due])
        return len(places) if self._after is not None else 0

    async def _pay(self, places: Sequence[tuple[Shard, PlayerId]]) -> None:
        async with messages.turn(
            self.database,
            {shard for shard, _ in places},
            now=self.clock.now(),
            actor="payouts",
            entropy=self.entropy,
        ) as turn:
            answers = await cashier.pay_out_wins(turn, places)
        paid = sum(isinstance(answer, Requested) for answer in answers)
        if paid:
            _log.info("wins are paid out", players=paid)
