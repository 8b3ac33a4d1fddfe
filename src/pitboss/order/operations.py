"""Writes of the one order."""

from __future__ import annotations

from datetime import datetime

from pitboss.db import Transaction
from pitboss.messages.errors import Fenced

from . import rules, store

# A sequencer that has done nothing for this long may be replaced.
LEASE_SECONDS = 5.0


async def take_over(tx: Transaction, *, owner: str) -> int | None:
    """Become the sequencer; return the new epoch, or None if another's lease still runs.

    Whoever was it before is fenced off.  The same owner gets it again at once.
    """
    return await store.claim_sequencer(tx, owner, LEASE_SECONDS)


async def sequence(tx: Transaction, *, epoch: int, now: datetime) -> int:
    """Give every fact that is committed and has none a position; return how many that were.

    Positions are without a gap.  Within a shard they follow its seq, and a fact that rests on
    another comes after it.  No writer waits for this, and a transaction that stays open keeps back
    only its own facts.  A call with nothing to do renews the lease.

    Raises:
        Fenced: somebody else has become the sequencer.
    """
    end = await store.find_end(tx)
    runs = rules.place(await store.find_stretches(tx), end)
    facts = sum(run.facts for run in runs)
    # The end first: of two that believe to be the sequencer, one waits here and then knows better.
    moved = await store.move_end(
        tx, epoch=epoch, before=end, after=end + facts, lease_seconds=LEASE_SECONDS
    )
    if not moved:
        raise Fenced("the facts have a newer sequencer")
    if runs:
        await store.save_runs(tx, runs, now)
    return facts
