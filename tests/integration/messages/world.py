"""A small world for tests of the log and of the facts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import Partition, Shard
from pitboss.messages.model import AppendAnswer, Command, Consumer, Entry, Head, SealedFact
from pitboss.order.model import PlacedFact

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


class Noted(Fact, frozen=True, kw_only=True, tag="test.noted"):
    """Something that a test says."""

    text: str


@dataclass(slots=True, kw_only=True)
class World:
    """The hands of a test: every method is one thing that happens."""

    database: Database
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))

    async def append(self, *entries: Entry) -> tuple[AppendAnswer, ...]:
        """Append commands in one transaction."""
        async with self.database.transaction() as tx:
            return await messages.append(tx, entries, now=NOW)

    async def commands(self, partition: Partition) -> list[Command]:
        """Return all commands of a partition, in order."""
        async with self.database.reading() as tx:
            return await messages.read_commands(tx, partition, from_offset=0, limit=1_000_000)

    async def take_over(self, partition: Partition, owner: str) -> int | None:
        """Try to become the partition's processor."""
        async with self.database.transaction() as tx:
            return await messages.take_over(tx, partition, owner=owner)

    async def consume(
        self, partition: Partition, *, epoch: int, from_offset: int, to_offset: int
    ) -> None:
        """Move the partition's offset."""
        async with self.database.transaction() as tx:
            await messages.consume(
                tx, partition, epoch=epoch, from_offset=from_offset, to_offset=to_offset
            )

    async def consumer(self, partition: Partition) -> Consumer:
        """Return how far a partition is, and whose it is."""
        async with self.database.reading() as tx:
            return await messages.get_consumer(tx, partition)

    async def let_lease_run_out(self, partition: Partition) -> None:
        """Let so much time pass that the partition may be taken over."""
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE log_consumer SET lease_until = '-infinity' WHERE partition = $1", partition
            )

    async def note(self, shard: Shard, *texts: str, stream: str = "some") -> None:
        """Publish facts in one turn."""
        async with self.turn(shard) as turn:
            for text in texts:
                turn.publish(shard, stream_id(stream), Noted(text=text))

    async def facts(self, shard: Shard) -> list[SealedFact]:
        """Return all facts of a shard, in order."""
        async with self.database.reading() as tx:
            return await messages.read_facts(tx, shard, after_seq=0)

    async def texts(self, shard: Shard) -> list[str]:
        """Return what the facts of a shard say, in order."""
        return [envelope(fact)["data"]["text"] for fact in await self.facts(shard)]

    async def head(self, shard: Shard) -> Head:
        """Return the head of a shard."""
        async with self.database.reading() as tx:
            return next(head for head in await messages.read_heads(tx) if head.shard == shard)

    async def chain_holds(self, shard: Shard) -> int:
        """Check a shard's chain from its first fact to its head; return how long it is."""
        previous, facts, versions = bytes(32), await self.facts(shard), dict[str, int]()
        for seq, fact in enumerate(facts, start=1):
            told = envelope(fact)
            assert (fact.shard, fact.seq) == (shard, seq)
            assert (told["shard"], told["seq"]) == (shard, seq)
            assert (told["stream"], told["ver"]) == (fact.stream, fact.version)
            assert fact.version == versions.get(fact.stream, 0) + 1
            assert bytes.fromhex(told["prev"]) == previous
            # As RFC 6962 hashes a leaf, written apart from the code under test.
            previous = hashlib.sha256(b"\x00" + fact.body).digest()
            versions[fact.stream] = fact.version
        head = await self.head(shard)
        assert (head.seq, head.hash) == (len(facts), previous)
        return len(facts)

    def turn(self, *shards: Shard) -> messages.TurnContext:
        """Take the turn of these shards."""
        return messages.turn(self.database, shards, now=NOW, actor="test", entropy=self.entropy)


def entry(
    name: str, *, partition: int = 0, command: str | None = None, body: bytes | None = None
) -> Entry:
    """Return a command whose key follows from its name, as its id does unless another is given."""
    content = name.encode() if body is None else body
    return Entry(
        partition=Partition(partition),
        command_id=derived_id("command", command or name),
        key=derived_id("command key", name),
        request_digest=hashlib.sha256(content).digest(),
        body=content,
    )


def stream_id(name: str) -> str:
    """Return the id of the stream with this name."""
    return derived_id("test stream", name)


def envelope(fact: SealedFact | PlacedFact) -> dict[str, Any]:
    """Read the bytes of a fact."""
    told: dict[str, Any] = msgspec.json.decode(fact.body)
    return told
