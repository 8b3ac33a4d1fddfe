"""The database held against the log: facts, heads, streams, the order, noted checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from itertools import count, groupby, repeat

from pitboss import messages, order
from pitboss.audit.record import store
from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import ChainEnd, LastCheckpoint
from pitboss.audit.record.queries.files import expect_root, nodes_of_size, read_checkpoint
from pitboss.audit.record.queries.walking import Walk
from pitboss.audit.record.rules import NO_LEAF, check_heads, check_rows, check_streams, open_ours
from pitboss.db import Transaction
from pitboss.messages.model import Head, SealedFact
from pitboss.order.model import PlacedFact
from pitboss.tlog.checkpoints import Checkpoint
from pitboss.tlog.errors import Unsigned
from pitboss.tlog.notes import Verifier, open_note, parse_note
from pitboss.tlog.tiles import TileNodes
from pitboss.tlog.tree import leaf_hash, leaf_hashes, root_of
from pitboss.tlog.writing import show

# Between a checkpoint's publication and its note in the database nothing is waited for.
NOTED_LOOKS_MAX = 10
NOTED_LOOK_SECONDS = 0.2

Moment = Callable[[], AbstractAsyncContextManager[Transaction]]


async def expect_database_not_behind(tx: Transaction, size: int) -> None:
    """Expect so many facts to be in order."""
    end = await order.read_end(tx)
    if end < size:
        raise Difference("the database", index=end, wanted=f"one of {size} facts", found="no fact")


async def compare_facts(tx: Transaction, position: int, entries: Sequence[bytes]) -> None:
    """See whether the database has these entries from this position on."""
    facts = await order.read(tx, from_position=position, limit=len(entries))
    bodies = [fact.body for fact in facts]
    if bodies == list(entries):
        await _compare_columns(tx, facts, count(position))
        return
    for index, entry in enumerate(entries):
        there = facts[index] if index < len(facts) else None
        if there is None or there.position != position + index or there.body != entry:
            missing = there is None or there.position != position + index
            raise Difference(
                "the fact in the database",
                index=position + index,
                wanted=f"by the log {leaf_hash(entry).hex()}",
                found="missing" if missing or there is None else leaf_hash(there.body).hex(),
            )


async def compare_checkpoints(tx: Transaction, walk: Walk, verifiers: Sequence[Verifier]) -> int:
    """See whether every checkpoint that was noted is of this same log; return how many are."""
    compared, after, newest = 0, (-1, b""), walk.checkpoint
    nodes = nodes_of_size(walk.tiles, newest.size)
    while noted := await store.find_checkpoints(tx, after):
        size, root, _ = noted[-1]
        if size > newest.size:
            # Published while we read, and then the newest one is at least as new by now.
            newest = open_ours(await asyncio.to_thread(read_checkpoint, walk.tiles), verifiers)
            nodes = nodes_of_size(walk.tiles, newest.size)
            if newest.size >= size:
                await asyncio.to_thread(_expect_growth, walk.checkpoint, newest, nodes)
        await asyncio.to_thread(_compare_noted, noted, newest, nodes, verifiers)
        compared, after = compared + len(noted), (size, root)
    return compared


async def compare_rows(tx: Transaction, walk: Walk, recorded: LastCheckpoint | None) -> None:
    """See whether heads, streams and the order are where the facts leave them, and no further.

    Facts that are not published yet are followed first: those in order, then those without a place.
    """
    size, chains = walk.checkpoint.size, walk.chains
    await _follow_unpublished(tx, walk)
    heads = {head.shard: head for head in await messages.read_heads(tx)}
    for head in heads.values():
        await _follow_shard(tx, walk, head)
    counted = await store.count_facts(tx)
    check_heads(
        {shard: (head.seq, head.hash) for shard, head in heads.items()}, chains.ends, counted, size
    )
    check_streams(await store.count_streams(tx), chains, size)
    end, placed = await order.read_end(tx), await store.count_placed(tx)
    if placed != (end, end):
        raise Difference(
            "the order of facts",
            index=end,
            wanted=f"{end} facts up to {end}",
            found=f"{placed[0]} up to {placed[1]}",
        )
    ends = {} if recorded is None else recorded.ends
    bodies = await store.find_bodies(tx, {(shard, ends[shard].seq) for shard in ends})
    for shard, last in ends.items():
        body = bodies.get((shard, last.seq))
        found = "missing" if body is None else leaf_hash(body).hex()
        if found != last.leaf.hex():
            raise Difference(
                f"fact {last.seq} of shard {shard}",
                index=size,
                wanted=f"as recorded {last.leaf.hex()}",
                found=found,
            )


async def expect_noted(moment: Moment, checkpoint: Checkpoint) -> None:
    """See whether the published checkpoint is noted, as it is right after it is published."""
    noted: tuple[int, bytes] | None = None
    for _ in range(NOTED_LOOKS_MAX):
        async with moment() as tx:
            noted = await store.find_newest_checkpoint(tx)
        if not checkpoint.size or (noted is not None and noted[0] >= checkpoint.size):
            return
        await asyncio.sleep(NOTED_LOOK_SECONDS)
    raise Difference(
        "the newest checkpoint in the database",
        index=checkpoint.size,
        wanted=f"size {checkpoint.size}",
        found="missing" if noted is None else f"size {noted[0]}",
    )


async def _compare_columns(
    tx: Transaction, facts: Sequence[PlacedFact | SealedFact], indexes: Iterable[int]
) -> None:
    """See whether the rows of these facts say what their bodies say."""
    stretches = [
        (shard, next(some).seq, 1 + sum(1 for _ in some))
        for shard, some in groupby(facts, key=lambda fact: fact.shard)
    ]
    if stretches:
        rows = await store.find_columns(tx, stretches)
        bodies = [fact.body for fact in facts]
        await asyncio.to_thread(check_rows, bodies, rows, indexes)


def _expect_growth(before: Checkpoint, newest: Checkpoint, nodes: TileNodes) -> None:
    for one in (before, newest):
        expect_root("a newer checkpoint", one.size, one.root, root_of(one.size, nodes))


def _compare_noted(
    noted: Sequence[tuple[int, bytes, str]],
    newest: Checkpoint,
    nodes: TileNodes,
    verifiers: Sequence[Verifier],
) -> None:
    for size, root, text in noted:
        if size > newest.size:
            raise Difference(
                "the newest checkpoint",
                index=newest.size,
                wanted=f"one of size {size} or more, which was published,",
                found=f"of size {newest.size}",
            )
        expect_root("an earlier checkpoint", size, root, root_of(size, nodes))
        says = Checkpoint(origin=newest.origin, size=size, root=root).text
        note = parse_note(text)
        if note.text != says:
            raise Difference(
                "the note of an earlier checkpoint",
                index=size,
                wanted=show(says),
                found=show(note.text),
            )
        # Its key may have been replaced since, and then the root says enough.
        with suppress(Unsigned):
            open_note(note, verifiers)


async def _follow_unpublished(tx: Transaction, walk: Walk) -> None:
    position, end = walk.checkpoint.size, await order.read_end(tx)
    while position < end:
        facts = await order.read(tx, from_position=position)
        there = {fact.position for fact in facts}
        # One that is missing among them, or after the last of them although the order goes on.
        missing = next(at for at in range(position, position + len(facts) + 1) if at not in there)
        if missing < min(end, position + max(len(facts), 1)):
            raise Difference("the database", index=missing, wanted="a fact", found="missing")
        bodies = [fact.body for fact in facts]
        walk.chains.follow(bodies, leaf_hashes(bodies), position)
        await _compare_columns(tx, facts, count(position))
        position += len(facts)


async def _follow_shard(tx: Transaction, walk: Walk, head: Head) -> None:
    """Follow what was committed a moment ago, up to the shard's head."""
    while True:
        end = walk.chains.ends.get(head.shard, ChainEnd(seq=0, leaf=NO_LEAF))
        facts: Sequence[SealedFact] = ()
        if end.seq < head.seq:
            facts = await messages.read_facts(tx, head.shard, after_seq=end.seq)
        if not facts:
            return
        bodies = [fact.body for fact in facts]
        walk.chains.follow(bodies, leaf_hashes(bodies), walk.checkpoint.size)
        await _compare_columns(tx, facts, repeat(walk.checkpoint.size))
