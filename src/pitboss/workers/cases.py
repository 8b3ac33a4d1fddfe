"""The cases loop: follows the one order of facts, and opens cases for staff to look at."""

from __future__ import annotations

import asyncio

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened
from pitboss.staff import cases

# A case is looked at within hours; nobody is kept from playing by it.
IDLE_SECONDS = 2.0
RETRY_SECONDS = 2.0
# Of a fact that cannot be read, perhaps of a newer pitboss; payments beside us go on.
HALTED_SECONDS = 60.0

_log = structlog.get_logger("cases")


async def run(database: Database, *, clock: Clock, entropy: Entropy, stop: asyncio.Event) -> None:
    """Go on until told to stop; faults of the world are waited out.

    Any number may run: they wait for each other, and each fact counts once.
    """
    while not stop.is_set():
        try:
            wait = 0.0 if await step(database, clock=clock, entropy=entropy) else IDLE_SECONDS
        except Fault as fault:
            _log.warning("trying again", why=str(fault))
            wait = RETRY_SECONDS
        except Exception:
            _log.exception("no cases are opened")
            wait = HALTED_SECONDS
        if wait:
            await happened(stop, wait)


async def step(database: Database, *, clock: Clock, entropy: Entropy) -> int:
    """Read one page of facts, in a transaction of its own; return how many that was."""
    async with database.transaction() as tx:
        return await cases.watch(tx, now=clock.now(), entropy=entropy)
