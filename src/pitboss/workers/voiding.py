"""The voiding loop: hears of exclusions, and voids the open bets that the licence says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import voiding
from pitboss.sportsbook.voiding.errors import ExclusionBroken
from pitboss.workers.figures import Figures

# An exclusion counts from its own commit on; its open bets need not be void in the same blink.
IDLE_SECONDS = 0.2
RETRY_SECONDS = 0.5
# Of what is no single exclusion's; somebody must look, and settlement beside us goes on.
HALTED_SECONDS = 60.0

_log = structlog.get_logger("voiding")


@dataclass(slots=True, kw_only=True)
class Voider:
    """What voiding has in hand; of several that run, one works and the others look on."""

    database: Database
    clock: Clock
    entropy: Entropy
    figures: Figures | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Void until told to stop; faults of the world are waited out."""
        while not await happened(stop, IDLE_SECONDS):
            try:
                while not stop.is_set() and await self.step() is not None:
                    pass
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                await happened(stop, RETRY_SECONDS)
            except Exception:
                _log.exception("no bets are made void")
                await happened(stop, HALTED_SECONDS)

    async def step(self) -> int | None:
        """Hear what is next; return how many bets became void, None if there was nothing.

        An exclusion that breaks it is set aside for some minutes: nobody waits behind it.
        """
        try:
            async with self.database.transaction() as tx:
                voided = await voiding.void_waiting(tx, now=self.clock.now(), entropy=self.entropy)
        except ExclusionBroken as broken:
            await self._set_aside(broken)
            return 0
        if voided:
            _log.info("void", bets=voided)
        return voided

    async def _set_aside(self, broken: ExclusionBroken) -> None:
        _log.exception("set aside", position=broken.position)
        async with self.database.transaction() as tx:
            why = type(broken.__cause__).__name__
            await voiding.set_aside(tx, broken.position, why=why, now=self.clock.now())
        if self.figures is not None:
            self.figures.voiding_aside.inc()
