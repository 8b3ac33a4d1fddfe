"""What the generator drew, counted against what was dealt, in the system's turn."""

from __future__ import annotations

from datetime import timedelta

from pitboss.games.dealing import store
from pitboss.games.dealing.facts import HouseDrawsCounted, HouseGeneratorChecked
from pitboss.games.dealing.model import DrawCount, Drawn, Generator, Undealt
from pitboss.games.dealing.queries import GAPS_SHOWN_MAX
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.messages import Turn

# Without anything to be told a count is told each day, so that nobody has to take silence for it.
TELL_EVERY = timedelta(hours=24)
# So many are looked through in one turn, a fraction of a second; a count is told when there are so
# many behind it, too, so that no more of them are looked through again.
COUNTED_AT_ONCE = 10_000


# Of so many the generator deals one again to whoever has lost it (`rng.desk`): what is missing of
# these may be dealt yet, and is looked through again until there are as many after it.
REMEMBERED = 1024


async def count_draws(turn: Turn, drawn: Drawn) -> DrawCount:
    """Count what a start of the generator had drawn by an earlier moment, and tell what is missing.

    `drawn` is what it said so long ago that each turn which drew for a step has committed it since,
    or never will.  Told are each draw that is missing, once, that some were dealt after all, and
    how it stands each day and every ten thousand draws; it counts no more at once, so what it
    returns may end before.
    Source: GLI-19, 3.3 (no outcome may be chosen among several that were drawn).
    """
    ensure(SYSTEM_SHARD in turn.heads, "draws are counted by who holds the system's turn")
    known = await store.find_count(turn.tx, drawn.instance)
    if known is not None and drawn.draws < known.drawn:
        return known
    before = known or DrawCount(instance=drawn.instance, drawn=0, missing=0, counted_at=turn.now)
    until = min(drawn.draws, before.drawn + COUNTED_AT_ONCE)
    settled = max(before.settled, until - REMEMBERED)
    open_still = await _undealt(turn, drawn.instance, before.settled, before.drawn)
    fresh = await _undealt(turn, drawn.instance, before.drawn, until)
    lost = await _undealt(turn, drawn.instance, before.settled, settled)
    count = DrawCount(
        instance=drawn.instance,
        drawn=until,
        missing=before.lost + open_still.missing + fresh.missing,
        counted_at=turn.now,
        settled=settled,
        lost=before.lost + lost.missing,
        fresh=fresh.missing,
    )
    is_due = known is None or turn.now >= known.counted_at + TELL_EVERY
    is_found = count.missing < before.missing + fresh.missing
    is_full = until == before.drawn + COUNTED_AT_ONCE
    if is_due or fresh.missing or is_found or is_full:
        await store.save_count(turn.tx, count)
        turn.publish(SYSTEM_SHARD, derived_id("generator", count.instance), _fact(count, fresh))
    return count


def tell_generator(turn: Turn, generator: Generator) -> None:
    """Tell how the generator stands: which build of which certificate, and whether it draws.

    Source: AGCO 22.1 (the result of each authentication is kept where nobody can alter it).
    """
    ensure(SYSTEM_SHARD in turn.heads, "the generator is told of by who holds the system's turn")
    if generator.instance is None:
        # Who does not answer says nothing of a build.
        return
    held = generator.certificate
    fact = HouseGeneratorChecked(
        instance=generator.instance,
        rng_version=generator.rng_version or "",
        code_hash=generator.code_hash or "",
        may_draw=generator.may_draw,
        certificate=None if held is None else held.number,
        licences=() if held is None else held.licences,
        why_not=generator.why_not,
        checked_seconds_ago=generator.checked_seconds_ago,
    )
    turn.publish(SYSTEM_SHARD, derived_id("generator", generator.instance), fact)


async def _undealt(turn: Turn, instance: str, after: int, until: int) -> Undealt:
    return await store.find_undealt(
        turn.tx, instance, after=after, until=until, first_max=GAPS_SHOWN_MAX
    )


def _fact(count: DrawCount, fresh: Undealt) -> HouseDrawsCounted:
    return HouseDrawsCounted(
        instance=count.instance,
        drawn=count.drawn,
        missing=count.missing,
        settled=count.settled,
        lost=count.lost,
        fresh=fresh.first,
    )
