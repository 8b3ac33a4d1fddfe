"""A log that is published from a real database, and hands to attack it with."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conftest import as_owner
from integration.messages.world import NOW, World
from pitboss.adapters.tiles.folder import FileRecord, FolderStore
from pitboss.audit import record
from pitboss.audit.record import Publisher
from pitboss.audit.record.model import Published, Verified
from pitboss.audit.record.ports import CheckpointRecord, TileStore, TokenCheck
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.shards import CATALOGUE_SHARD, Shard
from pitboss.tlog.keys import SigningKey
from pitboss.tlog.notes import NoteSigner, NoteVerifier
from pitboss.workers.sequencer import Sequencer

ORIGIN = "audit.operator.example/test"
KEY = SigningKey.generate(ORIGIN, SeededEntropy("the log"))
OTHER_KEY = SigningKey.generate(ORIGIN, SeededEntropy("somebody else"))
SHARDS = (Shard(3), Shard(40), CATALOGUE_SHARD)


@dataclass(slots=True, kw_only=True)
class Scene:
    """The hands of a test: every method is one thing that happens."""

    database: Database
    folder: Path
    keys: Sequence[SigningKey] = (KEY,)
    world: World = field(init=False)
    sequencer: Sequencer = field(init=False)
    publisher: Publisher = field(init=False)
    chance: random.Random = field(default_factory=lambda: random.Random(3))

    def __post_init__(self) -> None:
        self.world = World(database=self.database)
        self.sequencer = Sequencer(owner="one", database=self.database, clock=ManualClock(NOW))
        self.publisher = self.another_publisher()

    @property
    def tiles(self) -> TileStore:
        """The tile store."""
        return FolderStore(self.folder / "log")

    @property
    def last(self) -> CheckpointRecord:
        """What remembers the last checkpoint."""
        return FileRecord(self.folder / "record" / "last-checkpoint.json")

    def another_publisher(self, database: Database | None = None) -> Publisher:
        """Return a publisher that has just been started."""
        return Publisher(
            origin=ORIGIN,
            database=database or self.database,
            tiles=self.tiles,
            last=self.last,
            signers=[NoteSigner(key) for key in self.keys],
            clock=ManualClock(NOW),
        )

    async def happen(self, facts: int) -> None:
        """Let so many facts happen, here and there, and give them their positions."""
        while facts:
            some = min(facts, self.chance.randint(1, 40))
            shard = self.chance.choice(SHARDS)
            stream = f"stream {self.chance.randrange(6)}"
            texts = [f"{shard} {self.chance.random()}" for _ in range(some)]
            await self.world.note(shard, *texts, stream=stream)
            facts -= some
        await self.sequence()

    async def sequence(self) -> None:
        """Give facts their positions."""
        if self.sequencer.epoch is None:
            assert await self.sequencer.take_over()
        await self.sequencer.step()

    async def publish(self, *facts: int) -> Published:
        """Let facts happen and publish them, so many at a time."""
        published = None
        for some in facts:
            await self.happen(some)
            published = await self.publisher.step()
        assert published is not None
        return published

    async def verify(
        self,
        *,
        first: int = 0,
        database: bool = True,
        recorded: bool = True,
        old: Sequence[bytes] = (),
        check_token: TokenCheck | None = None,
    ) -> Verified:
        """Verify all of it."""
        return await record.verify(
            self.tiles,
            [NoteVerifier(key.verifier) for key in self.keys],
            first=first,
            moment=self.database.moment if database else None,
            last=self.last if recorded else None,
            old=old,
            check_token=check_token,
        )

    def change(self, path: str, make: Callable[[bytes], bytes]) -> None:
        """Change a file of the tile store."""
        target = self.folder / "log" / path
        target.write_bytes(make(target.read_bytes()))

    async def tamper(self, *statements: str) -> None:
        """Change the database as its owner can who has switched the triggers off."""
        owner = Database(as_owner(self.database.url))
        async with owner.transaction() as tx:
            await tx.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await tx.execute(statement)
        await owner.close()
