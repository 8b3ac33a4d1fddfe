"""What the generator drew, counted against what was dealt, in the system's turn."""

from __future__ import annotations

from datetime import timedelta

from pitboss.games.dealing import store
from pitboss.games.dealing.facts import HouseDrawsCounted
from pitboss.games.dealing.model import DrawCount, Drawn
from pitboss.games.dealing.queries import GAPS_SHOWN_MAX
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.messages import Turn

# Without anything to be told a count is told each day, so that nobody has to take silence for it.
TELL_EVERY = timedelta(hours=24)
# So many are looked through in one turn, a fraction of a second; what is told is not looked through
# again, so a count is told when there are so many behind it, too.
COUNTED_AT_ONCE = 10_000


async def count_draws(turn: Turn, drawn: Drawn) -> DrawCount:
    """Count what a start of the generator had drawn by an earlier moment, and tell what is missing.

    `drawn` is what it said so long ago that each turn which drew for a step has committed it since,
    or never will.  Told are each draw that is missing, once, and how it stands each day and every
    ten thousand draws; it counts no more at once, so what it returns may end before.
    Source: GLI-19, 3.3 (no outcome may be chosen among several that were drawn).
    """
    ensure(SYSTEM_SHARD in turn.heads, "draws are counted by who holds the system's turn")
    known = await store.find_count(turn.tx, drawn.instance)
    if known is not None and drawn.draws < known.drawn:
        return known
    after, missed = (0, 0) if known is None else (known.drawn, known.missing)
    until = min(drawn.draws, after + COUNTED_AT_ONCE)
    fresh = await store.find_undealt(
        turn.tx, drawn.instance, after=after, until=until, first_max=GAPS_SHOWN_MAX
    )
    count = DrawCount(
        instance=drawn.instance,
        drawn=until,
        missing=missed + fresh.missing,
        counted_at=turn.now,
    )
    is_due = known is None or turn.now >= known.counted_at + TELL_EVERY
    if not (is_due or fresh.missing or until == after + COUNTED_AT_ONCE):
        return count
    await store.save_count(turn.tx, count)
    fact = HouseDrawsCounted(
        instance=count.instance, drawn=count.drawn, missing=count.missing, fresh=fresh.first
    )
    turn.publish(SYSTEM_SHARD, derived_id("generator", count.instance), fact)
    return count
