"""Publishing: facts in their one order become entries of the log, and each size is signed.

The order of the steps matters; each may be repeated after a crash.  Entries and tiles are written,
read back and recomputed; then the new size is recorded elsewhere, in place of the last one and of
nothing else; only then it is signed and published.  Witnesses are asked beside all this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pitboss import order
from pitboss.audit.record.errors import (
    DatabaseBehind,
    DatabaseForked,
    Difference,
    NotPublishable,
    RecordBehind,
    StoreDamaged,
    WitnessDisagrees,
)
from pitboss.audit.record.model import (
    FACTS_MAX,
    Cosigned,
    LastCheckpoint,
    NotCosigned,
    Published,
)
from pitboss.audit.record.ports import (
    CHECKPOINT_PATH,
    CheckpointRecord,
    Halt,
    TileStore,
    TimestampAuthority,
    Witness,
)
from pitboss.audit.record.rules import Chains, kept_path, recorded_at, token_path
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.shards import Shard
from pitboss.order.model import PlacedFact
from pitboss.tlog.checkpoints import Checkpoint, parse_checkpoint, sign_checkpoint
from pitboss.tlog.errors import Untrusted
from pitboss.tlog.notes import Note, Signature, Signer, add_signatures, parse_note
from pitboss.tlog.tiles import (
    TILE_HASHES,
    Bundle,
    BundleFile,
    Frontier,
    Tile,
    TileFile,
    TileNodes,
    bundles_between,
    decode_bundle,
    grow_bundles,
    tiles_between,
)
from pitboss.tlog.tree import EMPTY_ROOT, leaf_hash, leaf_hashes, root_of

from . import store

# Size and root of a checkpoint, if there is one.
_Head = tuple[int, bytes] | None

# Whoever read a checkpoint before its last tile was full reads that tile soon.  Who is later finds
# the full one in its place, as the format has it.
PARTIALS_KEPT = timedelta(minutes=2)


@dataclass(slots=True)
class _Tree:
    """The log as far as it is published, and where each shard's chain has come to."""

    frontier: Frontier
    tail: bytes
    chains: Chains


@dataclass(frozen=True, slots=True)
class _Growth:
    """What a checkpoint adds."""

    frontier: Frontier
    bundles: list[BundleFile]
    tiles: list[TileFile]

    @property
    def tail(self) -> bytes:
        """The bytes of the partial bundle that the log ends with now, if it does."""
        return self.bundles[-1][1] if self.frontier.size % TILE_HASHES else b""


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Makes one log grow.

    `signers` have the name that is the log's origin; with more than one, each checkpoint is signed
    by all, as it is while a key is replaced.  `halt` keeps why nothing may be signed, across the
    death of this process.
    """

    origin: str
    database: Database
    tiles: TileStore
    last: CheckpointRecord
    signers: Sequence[Signer]
    clock: Clock
    witnesses: Sequence[Witness] = ()
    halt: Halt | None = None
    _recorded: LastCheckpoint | None = field(default=None, init=False)
    _tree: _Tree | None = field(default=None, init=False)
    # Full tiles and bundles whose partial ones may still be read, and since when they are full.
    _full: deque[tuple[datetime, str]] = field(default_factory=deque, init=False)
    _halted: str | None = field(default=None, init=False)
    _halt_kept: bool = field(default=False, init=False)
    _asked: bool = field(default=False, init=False)
    # The published checkpoint with the cosignatures that it has by now; changed under the lock.
    _newest: Note | None = field(default=None, init=False)
    _showing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def step(self) -> Published | None:
        """Publish a checkpoint over what is sequenced; None if nothing is new.

        Raises:
            NotPublishable: what is there does not go on from what was recorded.  Nothing was
                signed, and nothing will be before that is looked into.
        """
        try:
            await self._expect_no_halt()
            if not self._asked:
                await self._ask_before_signing()
            return await self._step()
        except BaseException:
            # What was half done is read again from what is durable.
            self._tree = self._newest = None
            raise

    async def _step(self) -> Published | None:
        tree = self._tree
        if tree is None:
            tree = self._tree = await self._resume()
        async with self.database.reading() as tx:
            facts = await order.read(tx, from_position=tree.frontier.size, limit=FACTS_MAX)
        await asyncio.to_thread(self._tidy)
        if not facts:
            return None
        entries = [fact.body for fact in facts]
        growth = await asyncio.to_thread(self._grow, tree, entries)
        await asyncio.to_thread(self._write, growth, entries, tree.frontier.size)
        after = LastCheckpoint(
            origin=self.origin,
            size=growth.frontier.size,
            root=growth.frontier.root,
            ends=dict(tree.chains.ends),
        )
        await asyncio.to_thread(self.last.swap, self._recorded, after)
        self._recorded = after
        published = await self._publish(after, oldest_at=_oldest(facts))
        self._remember_full([*growth.tiles, *growth.bundles])
        self._tree = _Tree(growth.frontier, growth.tail, tree.chains)
        return published

    async def _publish(self, recorded: LastCheckpoint, *, oldest_at: datetime | None) -> Published:
        """Sign what is recorded, and show it."""
        await self._expect_no_halt()
        note = self._sign(recorded)
        async with self._showing:
            await asyncio.to_thread(self.tiles.write, [(CHECKPOINT_PATH, str(note).encode())])
            self._newest = note
        await self._note(recorded, str(note))
        return Published(
            size=recorded.size, root=recorded.root, note=str(note), oldest_at=oldest_at
        )

    async def _note(self, recorded: LastCheckpoint, note: str) -> None:
        async with self.database.transaction() as tx:
            await store.save_checkpoint(
                tx,
                size=recorded.size,
                root=recorded.root,
                note=note,
                published_at=self.clock.now(),
            )

    async def cosign(self, witness: Witness) -> int | NotCosigned | None:
        """Have a witness cosign the newest checkpoint, and show it again with its cosignature
        while it still is the newest.

        Stands beside `step`, which waits for no witness.  Asking again is harmless.

        Returns:
            The size that it has cosigned; None if there is nothing that it has not.

        Raises:
            WitnessDisagrees: it has seen what we do not have.  Nothing is signed any more.
            StoreDamaged: the published checkpoint cannot be read.
            OSError, Fault: the tile store or the record is away.
        """
        note = self._newest or await self._read_shown()
        if note is None or any(_is_by(witness, signature) for signature in note.signatures):
            return None
        answer = await witness.cosign(note, self.tiles)
        await self._heed(witness, answer)
        if isinstance(answer, NotCosigned):
            return answer
        await self._show_cosigned(note, answer.signatures)
        return _size_of(str(note).encode())

    async def _read_shown(self) -> Note | None:
        """Read what was shown before we started."""
        async with self._showing:
            if self._newest is None:
                data = await asyncio.to_thread(self.tiles.read, CHECKPOINT_PATH)
                self._newest = None if data is None else _parse_shown(data)
            return self._newest

    async def _show_cosigned(self, note: Note, signatures: Sequence[Signature]) -> None:
        async with self._showing:
            data = await asyncio.to_thread(self.tiles.read, CHECKPOINT_PATH)
            # Our own next one may be there by now, or that of a twin who has taken over.
            now = None if data is None else _parse_shown(data)
            if now is None or now.text != note.text:
                return
            now = add_signatures(now, signatures)
            await asyncio.to_thread(self.tiles.write, [(CHECKPOINT_PATH, str(now).encode())])
            if self._newest is not None and self._newest.text == note.text:
                self._newest = now

    async def _ask_before_signing(self) -> None:
        """Ask all witnesses at once, before we sign for the first time, what they have seen.

        Who has rolled back database, tiles and record has to start us again, and so is found out
        before there is a fork.  They are asked about what is recorded, or about a log of nothing,
        of which all others go on.  Who does not answer in time is asked beside, later.
        """
        recorded = await asyncio.to_thread(self.last.load)
        if self.witnesses and (recorded is None or recorded.origin == self.origin):
            note = self._sign(recorded or LastCheckpoint(origin=self.origin, root=EMPTY_ROOT))
            asked = [witness.cosign(note, self.tiles) for witness in self.witnesses]
            # One that fails in a way that nobody thought of is as good as away.
            answers = await asyncio.gather(*asked, return_exceptions=True)
            for witness, answer in zip(self.witnesses, answers, strict=True):
                if not isinstance(answer, BaseException):
                    await self._heed(witness, answer)
        self._asked = True

    def _sign(self, recorded: LastCheckpoint) -> Note:
        checkpoint = Checkpoint(origin=self.origin, size=recorded.size, root=recorded.root)
        return sign_checkpoint(checkpoint, self.signers)

    async def _heed(self, witness: Witness, answer: Cosigned | NotCosigned) -> None:
        """Sign nothing any more if a witness has seen what we do not have."""
        if not isinstance(answer, NotCosigned) or answer.seen is None:
            return
        recorded = await asyncio.to_thread(self.last.load)
        size = 0 if recorded is None else recorded.size
        if answer.seen > size:
            why = f"has seen {answer.seen} entries of this log, and {size} are recorded"
        elif answer.differs:
            why = f"has seen other {answer.seen} entries than the first of our {size}"
        else:
            return
        self._halted = (
            f"the witness {witness.key.name} {why}: the log was rolled back, or somebody else has"
            " its key; nothing is signed until `pitboss audit resume` says that it was looked into"
        )
        self._halt_kept = False
        await self._expect_no_halt()

    async def _expect_no_halt(self) -> None:
        if self.halt is not None:
            if self._halted is not None and not self._halt_kept:
                await asyncio.to_thread(self.halt.save, self._halted)
            halted = await asyncio.to_thread(self.halt.load)
            if halted is None and self._halted is not None:
                # An operator has acted; whoever disagreed is asked before anything is signed.
                self._asked = False
            self._halted, self._halt_kept = halted, True
        if self._halted is not None:
            raise WitnessDisagrees(self._halted)

    async def _resume(self) -> _Tree:
        """Go on from what was recorded, after making sure that the world still fits it."""
        # Read before the record is, which is written before them: neither can be ahead of it.
        shown = await asyncio.to_thread(self._shown)
        async with self.database.reading() as tx:
            noted = await store.find_newest_checkpoint(tx)
        recorded = await asyncio.to_thread(self.last.load)
        if recorded is not None and recorded.origin != self.origin:
            raise NotPublishable(f"the record is of {recorded.origin}, and this is {self.origin}")
        self._recorded = recorded
        if recorded is None or not recorded.size:
            for what, there in (("tiles are", shown), ("published checkpoints are", noted)):
                if there is not None:
                    raise NotPublishable(
                        f"{what} there and no record of the last checkpoint is: without it nobody"
                        " can tell whether they are all; bring it back, or begin a new log"
                    )
            return _Tree(Frontier(), b"", Chains())
        tree = await asyncio.to_thread(self._read_tree, recorded)
        await self._compare(recorded)
        await self._find_full(recorded.size)
        await asyncio.to_thread(self._expect_earlier, recorded, shown, noted)
        if shown is None or shown[0] < recorded.size:
            # We were killed after this was recorded and before it was published.
            await self._publish(recorded, oldest_at=None)
        elif noted is None or noted[0] < recorded.size:
            # We were killed after this was published and before it was noted.
            await self._note(
                recorded, (await asyncio.to_thread(self._read, CHECKPOINT_PATH)).decode()
            )
        return tree

    async def _find_full(self, size: int) -> None:
        """Remember which tiles became full so lately that who was before us has not tidied them."""
        async with self.database.reading() as tx:
            tidied = await store.find_tidied_size(tx, 2 * PARTIALS_KEPT)
        self._full.clear()
        self._remember_full((item, None) for item in tiles_between(tidied, size))
        self._remember_full((item, None) for item in bundles_between(tidied, size))

    def _shown(self) -> _Head:
        """Return size and root of the published checkpoint, if there is one."""
        note = self.tiles.read(CHECKPOINT_PATH)
        if note is None:
            return None
        checkpoint = _checkpoint_of(note)
        if checkpoint.origin != self.origin:
            raise NotPublishable(f"the tiles are of {checkpoint.origin}, not of {self.origin}")
        return checkpoint.size, checkpoint.root

    def _expect_earlier(
        self,
        recorded: LastCheckpoint,
        shown: tuple[int, bytes] | None,
        noted: tuple[int, bytes] | None,
    ) -> None:
        """See whether what was published is what was recorded last, or goes before it."""
        nodes = TileNodes(recorded.size, self._read_tile)
        for what, there in (("the published checkpoint", shown), ("the newest one noted", noted)):
            if there is None:
                continue
            size, root = there
            if size > recorded.size:
                raise RecordBehind(
                    f"{what} has {size} entries, and {recorded.size} were recorded: the record was"
                    " set back, and nobody can tell what was signed since; nothing is signed"
                )
            if root_of(size, nodes) != root:
                raise DatabaseForked(
                    f"{what}, of {size} entries, has the root {root.hex()}, and the tiles have"
                    f" {root_of(size, nodes).hex()}: this is another history; nothing is signed"
                )

    def _read_tree(self, recorded: LastCheckpoint) -> _Tree:
        try:
            frontier = Frontier.read(recorded.size, self._read_tile)
            tail = b""
            if recorded.size % TILE_HASHES:
                last = Bundle(recorded.size // TILE_HASHES, recorded.size % TILE_HASHES)
                tail = self._read(last.path)
                decode_bundle(last, tail)
        except Untrusted as error:
            raise StoreDamaged(f"the tile store is damaged: {error}") from error
        if frontier.root != recorded.root:
            raise StoreDamaged(
                f"the tiles of size {recorded.size} have the root {frontier.root.hex()},"
                f" and {recorded.root.hex()} was recorded"
            )
        return _Tree(frontier, tail, Chains(dict(recorded.ends)))

    async def _compare(self, recorded: LastCheckpoint) -> None:
        """See whether the database still has the facts that were recorded."""
        places = {(shard, recorded.ends[shard].seq) for shard in recorded.ends}
        async with self.database.reading() as tx:
            end = await order.read_end(tx)
            bodies = await store.find_bodies(tx, places)
            positions = await order.find_positions(tx, places)
        if end < recorded.size:
            raise DatabaseBehind(
                f"the database has {end} facts in order, and {recorded.size} were recorded:"
                " it was restored, or a failover lost some; nothing is signed"
            )
        for shard, chain_end in recorded.ends.items():
            place = (shard, chain_end.seq)
            body = bodies.get(place)
            found = "missing" if body is None else leaf_hash(body).hex()
            if found != chain_end.leaf.hex() or positions.get(place, end) >= recorded.size:
                raise DatabaseForked(
                    f"fact {chain_end.seq} of shard {shard} is {found}, and"
                    f" {chain_end.leaf.hex()} was recorded: this is another history;"
                    " nothing is signed"
                )

    def _grow(self, tree: _Tree, entries: list[bytes]) -> _Growth:
        leaves = leaf_hashes(entries)
        try:
            tree.chains.follow(entries, leaves, tree.frontier.size)
        except Difference as difference:
            raise DatabaseForked(f"{difference}; nothing is signed") from difference
        frontier, tiles = tree.frontier.grow(leaves)
        return _Growth(frontier, grow_bundles(tree.frontier.size, tree.tail, entries), tiles)

    def _write(self, growth: _Growth, entries: list[bytes], size: int) -> None:
        """Write what is new, and see whether it is what others will read.

        The root was worked out from these entries and nothing else, so entries that are read back
        as the same have the same root, and no hash is made twice.
        """
        self.tiles.write((bundle.path, data) for bundle, data in growth.bundles)
        self.tiles.write((tile.path, data) for tile, data in growth.tiles)
        there: list[bytes] = []
        try:
            for bundle, _ in growth.bundles:
                there += decode_bundle(bundle, self._read(bundle.path))
        except Untrusted as error:
            raise StoreDamaged(
                f"the tile store gives back what was not written: {error}"
            ) from error
        if there[size % TILE_HASHES :] != entries:
            raise StoreDamaged("the entries that were read back are not those that were written")
        for tile, data in growth.tiles:
            if self._read(tile.path) != data:
                raise StoreDamaged(f"{tile.path} was not read back as it was written")

    def _remember_full(self, files: Iterable[tuple[Tile | Bundle, object]]) -> None:
        full = (item for item, _ in files if item.width == TILE_HASHES)
        self._full += ((self.clock.now(), item.path) for item in full)

    def _tidy(self) -> None:
        """Take away the partial tiles and bundles that nobody who is reading needs any more."""
        while self._full and self._full[0][0] <= self.clock.now() - PARTIALS_KEPT:
            self.tiles.discard_partial(self._full[0][1])
            self._full.popleft()

    def _read_tile(self, tile: Tile) -> bytes:
        return self._read(tile.path)

    def _read(self, path: str) -> bytes:
        data = self.tiles.read(path)
        if data is None:
            raise StoreDamaged(f"{path} is missing from the tile store")
        return data


async def stamp(tiles: TileStore, authority: TimestampAuthority) -> int | None:
    """Put a timestamp beside the newest checkpoint; return its size, or None if it has one, or if
    there is no checkpoint yet.

    Raises:
        Fault: the authority gives no token, or the store is away; nothing is half done.
        StoreDamaged: the published checkpoint cannot be read.
    """
    checkpoint = await asyncio.to_thread(tiles.read, CHECKPOINT_PATH)
    if checkpoint is None:
        return None
    size = _size_of(checkpoint)
    if await asyncio.to_thread(tiles.read, token_path(size)) is not None:
        return None
    token = await authority.stamp(checkpoint)
    # The bytes first: a token without them proves nothing, and they without one do no harm.
    await asyncio.to_thread(tiles.write, [(kept_path(size), checkpoint)])
    await asyncio.to_thread(tiles.write, [(token_path(size), token)])
    return size


def _size_of(checkpoint: bytes) -> int:
    return _checkpoint_of(checkpoint).size


def _checkpoint_of(checkpoint: bytes) -> Checkpoint:
    try:
        return parse_checkpoint(_parse_shown(checkpoint).text)
    except Untrusted as error:
        raise StoreDamaged(f"the published checkpoint cannot be read: {error}") from error


def _parse_shown(checkpoint: bytes) -> Note:
    try:
        return parse_note(checkpoint)
    except Untrusted as error:
        raise StoreDamaged(f"the published checkpoint cannot be read: {error}") from error


def _is_by(witness: Witness, signature: Signature) -> bool:
    return (signature.name, signature.key_id) == (witness.key.name, witness.key.id)


def _oldest(facts: Sequence[PlacedFact]) -> datetime:
    """Return when the oldest of these was made: each shard's first, because they are in order."""
    firsts: dict[Shard, PlacedFact] = {}
    for fact in facts:
        firsts.setdefault(fact.shard, fact)
    return min(recorded_at(fact.body) for fact in firsts.values())
