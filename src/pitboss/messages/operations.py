"""Writes of the log and of the facts."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from pitboss.db import Database, Transaction
from pitboss.db.errors import TransactionConflict
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import new_ids
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD, Partition, Section, Shard, section_of, shards_of
from pitboss.messages.errors import Fenced
from pitboss.messages.model import (
    AppendAnswer,
    Appended,
    Entry,
    Head,
    Memory,
    Publication,
)

from . import rules, store

# A processor that has not committed or renewed for this long may be replaced.
LEASE_SECONDS = 5.0

NOTHING_REMEMBERED: Mapping[Shard, int] = {}

T = TypeVar("T")


class Turn:
    """The right to write for some shards in one transaction.

    It holds the heads of its shards locked, so everything about a player in them is serial and a
    plain read sees the last word.  What happens is collected with `publish` and written, numbered
    and chained, when the turn is sealed just before the commit.
    """

    def __init__(
        self,
        tx: Transaction,
        heads: dict[Shard, Head],
        *,
        now: datetime,
        actor: str,
        entropy: Entropy,
        memory: Memory | None = None,
        sections: frozenset[Section] | None = None,
    ) -> None:
        self.tx = tx
        self.heads = heads
        self.sections = sections
        self.now = now
        self.actor = actor
        self.entropy = entropy
        self._memory = Memory() if memory is None else memory
        self._memory.trim(heads)
        self._publications: list[Publication] = []
        self._owed: dict[tuple[Shard, Movement], int] = {}
        self._revoked: set[Shard] = set()

    def recall(self, shard: Shard, kind: type[T]) -> dict[str, T]:
        """Return what is remembered of this kind in the shard, by id; it is what is there.

        Whoever reads more of them adds to it; whoever changes one takes it out.
        """
        return self._memory.at(self.heads[shard], kind)

    def owe(self, shard: Shard, movement: Movement) -> None:
        """Note that money moved in this shard, which a fact of the turn must tell, once."""
        owed = (shard, movement)
        self._owed[owed] = self._owed.get(owed, 0) + 1

    def revoke(self, shard: Shard) -> None:
        """Say that something ends in this shard which others may remember as good.

        From the commit on, whoever rests on what was remembered before is told to look again.
        """
        ensure(shard in self.heads, "what ends is told by who holds the shard's turn")
        self._revoked.add(shard)

    def publish(self, shard: Shard, stream: str, fact: Fact, *, cause: str | None = None) -> None:
        """Say that this happened; it becomes a fact when the turn's transaction commits.

        Its movements are those of the wallet's answers in this turn, each told once, in its shard.
        """
        ensure(shard in self.heads, "facts are published by who holds the shard's turn")
        if self.sections is not None and section_of(stream) not in self.sections:
            # It was not there when the sections were looked up; whoever tries again will see it.
            raise TransactionConflict("the turn came to need another section of the catalogue")
        for movement in fact.movements:
            # Told twice, or where it did not happen, it would be counted wrongly ever after.
            told = (shard, movement)
            left = self._owed.pop(told, 0) - 1
            ensure(left >= 0, "a fact tells only what moved in its shard, and once")
            if left:
                self._owed[told] = left
        self._publications.append(Publication(shard=shard, stream=stream, fact=fact, cause=cause))

    async def seal(self) -> None:
        """Write what was published, and move the heads.

        Raises:
            Fenced: a head is not where this turn locked it; another writer owns the shard.
        """
        ensure(not self._owed, "every movement of money is told in a fact of its turn")
        publications, self._publications = self._publications, []
        if self.sections is None and any(item.shard == CATALOGUE_SHARD for item in publications):
            # What offers rest on may lie in other streams than their event's, as a producer does.
            self._revoked.add(CATALOGUE_SHARD)
        revoked, self._revoked = self._revoked, set()
        if revoked:
            await store.count_revocations(self.tx, revoked)
        if not publications:
            return
        counts = Counter([(item.shard, item.stream) for item in publications])
        facts, moved, _ = rules.seal(
            self.heads,
            await store.advance_streams(self.tx, counts),
            publications,
            ids=new_ids(self.now, self.entropy, len(publications)),
            recorded_at=self.now,
            actor=self.actor,
        )
        await store.save_facts(self.tx, facts)
        if await store.move_heads(self.tx, self.heads, moved) != len(moved):
            raise Fenced("the shard's head moved under this turn")
        for shard, head in moved.items():
            self._memory.follow(self.heads[shard], head)
        self.heads.update(moved)

    def forget(self) -> None:
        """Remember nothing of this turn's shards: it will not be committed."""
        self._memory.forget(self.heads)


TurnContext: TypeAlias = contextlib.AbstractAsyncContextManager[Turn]


@contextlib.asynccontextmanager
async def turn(
    database: Database,
    shards: Iterable[Shard],
    *,
    now: datetime,
    actor: str,
    entropy: Entropy,
    sections: frozenset[Section] | None = None,
) -> AsyncIterator[Turn]:
    """Open a transaction with the turn of these shards; seal and commit on leaving.

    Args:
        sections: of the catalogue, in which alone this turn publishes; None is all of it.

    Raises:
        TransactionConflict: it published in another section; nothing was committed.
    """
    async with (
        database.transaction() as tx,
        join_turn(tx, shards, now=now, actor=actor, entropy=entropy, sections=sections) as held,
    ):
        yield held


@contextlib.asynccontextmanager
async def join_turn(
    tx: Transaction,
    shards: Iterable[Shard],
    *,
    now: datetime,
    actor: str,
    entropy: Entropy,
    epoch: int | None = None,
    memory: Memory | None = None,
    sections: frozenset[Section] | None = None,
) -> AsyncIterator[Turn]:
    """Take the turn of these shards inside the caller's transaction; seal on leaving.

    With an `epoch`, the shards must still be at it.  A `memory` outlives the turn and spares the
    next one of the same process what it would read again.  With `sections`, it is a turn of these
    of the catalogue and of no other shard, and those who decide on bets in others do not wait.

    Raises:
        Fenced: a shard is at another epoch: somebody else processes it now.
    """
    wanted = set(shards)
    ensure(sections is None or wanted == {CATALOGUE_SHARD}, "only the catalogue has sections")
    heads = await store.lock_heads(tx, wanted, sections=sections)
    if epoch is not None and any(head.epoch != epoch for head in heads.values()):
        raise Fenced("the shards of this turn have a newer owner")
    held = Turn(tx, heads, now=now, actor=actor, entropy=entropy, memory=memory, sections=sections)
    try:
        yield held
        await held.seal()
    except BaseException:
        # It may remember what it has read of its own changes, which are undone now.
        held.forget()
        raise


async def append(
    tx: Transaction, entries: Sequence[Entry], *, now: datetime
) -> tuple[AppendAnswer, ...]:
    """Put commands into the log; they are durable when the transaction commits.

    A key that is in the log already is answered with the id of its first command and appends
    nothing; with another request it is refused.
    """
    # Locked before looking: a twin of one of these keys waits here and then finds our row.
    ends = await store.lock_log(tx, {entry.partition for entry in entries})
    known = await store.find_keys(tx, entries)

    answers: list[AppendAnswer] = []
    fresh: list[tuple[int, Entry]] = []
    for entry in entries:
        earlier = known.get((entry.partition, entry.key))
        if earlier is None:
            known[entry.partition, entry.key] = (entry.command_id, entry.request_digest)
            fresh.append((ends[entry.partition], entry))
            ends[entry.partition] += 1
            answers.append(Appended(command_id=entry.command_id, repeated=False))
        else:
            answers.append(rules.answer_repeat(earlier, entry))

    if fresh:
        await store.save_commands(tx, fresh, now)
        await store.move_log(tx, ends)
    return tuple(answers)


async def append_at_once(
    tx: Transaction,
    entries: Sequence[Entry],
    *,
    now: datetime,
    watching: Shard,
    resting_on: Mapping[Shard, int] = NOTHING_REMEMBERED,
) -> int | None:
    """Put commands into the log in one statement, if all their keys are new and nothing is revoked.

    For a connection on which each statement is a transaction (`Database.at_once`): the commands
    are durable on return, after one round trip instead of seven.  Returns the seq of the shard
    `watching` as it was then.  None, and nothing is appended, if a key was used before, and then
    `append` says what for; or if a shard's revocations are not those of `resting_on` any more.
    """
    counts: Counter[Partition] = Counter()
    places: list[int] = []
    for entry in entries:
        places.append(counts[entry.partition])
        counts[entry.partition] += 1
    return await store.append_at_once(tx, entries, places, counts, now, watching, resting_on)


async def take_over(tx: Transaction, partition: Partition, *, owner: str) -> int | None:
    """Become the processor of a partition whose lease has run out; return the new epoch.

    Everybody who processed it before is fenced off.  None if somebody's lease still runs.
    """
    if not await store.is_free(tx, partition, owner):
        return None
    # Who froze while it wrote would keep its heads, and us waiting for them, for ever.  Half a
    # lease, because its transaction is younger than the lease that has just run out.
    await store.end_frozen(tx, LEASE_SECONDS / 2)
    # The heads first, as every batch does: the other order could deadlock with one.
    await store.lock_heads(tx, shards_of(partition))
    epoch = await store.claim_consumer(tx, partition, owner, LEASE_SECONDS)
    if epoch is not None:
        await store.set_epoch(tx, shards_of(partition), epoch)
    return epoch


async def renew_lease(tx: Transaction, partition: Partition, *, epoch: int) -> None:
    """Say that the partition's processor is alive, when there is nothing to process.

    Raises:
        Fenced: somebody else has taken the partition over.
    """
    if not await store.renew_consumer(tx, partition, epoch, LEASE_SECONDS):
        raise Fenced(f"partition {partition} has a newer owner")


async def consume(
    tx: Transaction, partition: Partition, *, epoch: int, from_offset: int, to_offset: int
) -> None:
    """Move the partition's offset, in the transaction that its commands caused.

    Raises:
        Fenced: somebody else has taken the partition over, or these commands were done already.
    """
    moved = await store.move_consumer(
        tx,
        partition,
        epoch=epoch,
        from_offset=from_offset,
        to_offset=to_offset,
        lease_seconds=LEASE_SECONDS,
    )
    if not moved:
        raise Fenced(f"partition {partition} is not at offset {from_offset} of epoch {epoch}")
