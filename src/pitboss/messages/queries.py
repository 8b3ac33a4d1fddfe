"""Reads of the log and of the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pitboss.db import Transaction
from pitboss.kernel.shards import Partition, Section, Shard
from pitboss.messages.model import (
    AppendAnswer,
    Backlog,
    Command,
    Consumer,
    Entry,
    Head,
    SealedFact,
    Stand,
)

from . import rules, store

FACTS_PAGE_MAX = 10_000


async def read_commands(
    tx: Transaction, partition: Partition, *, from_offset: int, limit: int
) -> list[Command]:
    """Return the partition's next commands, in order."""
    return await store.find_commands(tx, partition, from_offset=from_offset, limit=limit)


async def read_revocations(tx: Transaction, shards: Collection[Shard]) -> dict[Shard, int]:
    """Return how often something was revoked in each of these shards.

    Whoever reads this first, and then what is remembered, can rest on that for as long as the
    number stays: `append_at_once` looks.
    """
    return await store.find_revocations(tx, shards)


async def find_command(tx: Transaction, partition: Partition, command_id: str) -> Command | None:
    """Return the command with this id, if it is in the log."""
    return await store.find_command(tx, partition, command_id)


async def find_commands(
    tx: Transaction, partition: Partition, command_ids: Collection[str]
) -> list[Command]:
    """Return those of the commands that are in this partition of the log, in no order."""
    return await store.find_commands_by_id(tx, partition, command_ids)


async def find_answers(
    tx: Transaction, entries: Sequence[Entry]
) -> tuple[AppendAnswer | None, ...]:
    """Return the answers that appending these would get for keys that are in the log already.

    None where the key is free, as far as is committed.
    """
    known = await store.find_keys(tx, entries)
    found = [known.get((entry.partition, entry.key)) for entry in entries]
    return tuple(
        None if earlier is None else rules.answer_repeat(earlier, entry)
        for earlier, entry in zip(found, entries, strict=True)
    )


async def read_ends(tx: Transaction) -> dict[Partition, int]:
    """Return the offset that each partition's next command will have."""
    return await store.find_ends(tx)


async def get_consumer(tx: Transaction, partition: Partition) -> Consumer:
    """Return how far the partition has been processed, and by whom."""
    return await store.find_consumer(tx, partition)


async def find_backlogs(tx: Transaction) -> list[Backlog]:
    """Return what waits in each partition."""
    return await store.find_backlogs(tx)


async def read_heads(tx: Transaction) -> list[Head]:
    """Return the head of every shard, as committed."""
    return await store.find_heads(tx)


async def lock_shared(tx: Transaction, shard: Shard) -> int:
    """Keep a shard from changing until this transaction ends, and return its seq.

    Many may do so at once; writers wait.  A reader who saw this seq before may believe what it
    remembers, because nothing in the shard changes without a fact.
    """
    head = await store.lock_head_shared(tx, shard)
    return head.seq


async def lock_sections(tx: Transaction, sections: Iterable[Section]) -> None:
    """Keep these sections of the catalogue from changing until this transaction ends.

    What no turn of sections may change stays as well.  Many may do so at once; writers wait.  A
    transaction does so once: two with two sections each could wait for each other.
    """
    await store.lock_sections_shared(tx, sections)


async def read_stand(tx: Transaction, shard: Shard, streams: Sequence[str]) -> Stand:
    """Return where a shard stands and how far these streams of it are, as it is committed.

    Whoever reads this first, and then what is told of in a stream, may believe what it remembers
    for as long as the stream's version and the shard's count of revocations stay.
    """
    return await store.find_stand(tx, shard, streams)


async def read_seq(tx: Transaction, shard: Shard) -> int:
    """Return the seq of a shard as committed, without waiting for its writer."""
    return await store.find_seq(tx, shard)


async def read_facts(
    tx: Transaction, shard: Shard, *, after_seq: int, limit: int = FACTS_PAGE_MAX
) -> list[SealedFact]:
    """Return the shard's facts after a seq, in order."""
    return await store.find_facts(tx, shard, after_seq=after_seq, limit=limit)
