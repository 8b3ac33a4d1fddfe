"""Reads of the record: is it whole and unchanged, and what proves that a fact is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from pitboss import messages, order
from pitboss.audit.record.errors import Difference, FactUnknown
from pitboss.audit.record.model import ChainEnd, Extract, ExtractFact, Verified
from pitboss.audit.record.ports import CHECKPOINT_PATH, TileStore, TokenCheck
from pitboss.audit.record.rules import (
    KEPT_BEGINNING,
    NO_LEAF,
    Chains,
    kept_path,
    recorded_at,
    token_path,
    token_sizes,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import FactId, PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages.model import Head
from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from pitboss.tlog.errors import Untrusted
from pitboss.tlog.notes import Note, Verifier, parse_note
from pitboss.tlog.proofs import LogProof
from pitboss.tlog.stored import read_entries, read_file, read_tile
from pitboss.tlog.tiles import (
    TILE_HASHES,
    TILE_LEVELS,
    Bundle,
    Frontier,
    Tile,
    TileNodes,
    bundles_between,
    split_hashes,
    tile_of,
)
from pitboss.tlog.tree import (
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    leaf_hashes,
    root_of,
)
from pitboss.tlog.writing import HASH_BYTES

from . import store

# Read at once: ten thousand entries, some ten megabytes.
BUNDLES_AT_ONCE = 40

Tell = Callable[[int, int], None]


@dataclass(slots=True, kw_only=True)
class _Check:
    """A walk over the whole log, from the tiles up to the signed root."""

    tiles: TileStore
    checkpoint: Checkpoint
    frontier: Frontier
    chains: Chains
    checked_tiles: int = field(default=0, init=False)

    def read_bundles(self, bundles: Sequence[Bundle]) -> list[bytes]:
        """Return the entries of neighbouring bundles."""
        entries: list[bytes] = []
        for bundle in bundles:
            entries += _entries(self.tiles, bundle)
        return entries

    def add(self, entries: Sequence[bytes]) -> None:
        """Go on over these entries.

        Raises:
            Difference: a tile, or the chain of a shard or stream, says something else.
        """
        leaves = leaf_hashes(entries)
        first = self.frontier.size
        self.frontier, files = self.frontier.grow(leaves)
        for tile, data in files:
            if _tile_now(tile, self.checkpoint.size) == tile:
                self._compare(tile, data)
        self.chains.follow(entries, leaves, first)

    def _compare(self, tile: Tile, data: bytes) -> None:
        """See whether a tile is the one that follows from what is below it."""
        stored = _tile(self.tiles, tile)
        self.checked_tiles += 1
        if stored == data:
            return
        pairs = zip(split_hashes(stored), split_hashes(data), strict=True)
        place, there, follows = next(
            (place, there, follows)
            for place, (there, follows) in enumerate(pairs)
            if there != follows
        )
        depth = tile.level * TILE_LEVELS
        what = "the subtree" if depth else "the entry"
        raise Difference(
            f"{what} under {tile.path}",
            index=(tile.index * TILE_HASHES + place) << depth,
            wanted=f"by its tile {there.hex()}",
            found=follows.hex(),
        )


async def verify(
    tiles: TileStore,
    verifiers: Sequence[Verifier],
    *,
    first: int = 0,
    tx: Transaction | None = None,
    check_token: TokenCheck | None = None,
    tell: Tell = lambda done, all_of_them: None,
) -> Verified:
    """Recompute the whole log from its files, and hold the database against it if one is given.

    Checked are: the signatures of the checkpoint; every entry and every tile up to the signed root;
    the chain of every shard and the versions of every stream; that every earlier checkpoint is of
    this same log; with a database, that it has these facts in this order, and no others; and with
    trusted certificates, that every timestamp is one over a checkpoint of this same log.

    Args:
        first: where to begin, rounded down to a whole bundle; what is below is believed as far as
            its tiles lead to the signed root.
        tx: one moment of the database.
        check_token: says what a timestamp is worth.

    Raises:
        Difference: the first place that is not as it must be.
        Untrusted: the checkpoint is not signed by a known key, a timestamp not by a known
            authority, or a file cannot be read.
    """
    # Listed before the checkpoint is read: whoever publishes meanwhile makes none of them newer.
    stamped = token_sizes(await asyncio.to_thread(tiles.find, KEPT_BEGINNING))
    note = await asyncio.to_thread(_checkpoint, tiles)
    checkpoint = open_checkpoint(note, verifiers).checkpoint
    if tx is not None:
        await _expect_database_not_behind(tx, checkpoint)
    first = min(first, checkpoint.size) // TILE_HASHES * TILE_HASHES
    check = _Check(
        tiles=tiles,
        checkpoint=checkpoint,
        frontier=await asyncio.to_thread(_frontier_at, tiles, first, checkpoint.size),
        chains=Chains(versions={}, joining=first > 0),
    )
    bundles = bundles_between(first, checkpoint.size)
    while some := list(islice(bundles, BUNDLES_AT_ONCE)):
        position = check.frontier.size
        entries = await asyncio.to_thread(check.read_bundles, some)
        await asyncio.to_thread(check.add, entries)
        if tx is not None:
            await _compare_facts(tx, position, entries)
        tell(check.frontier.size, checkpoint.size)
    _expect_root("the root", checkpoint.size, checkpoint.root, check.frontier.root)
    checkpoints = 0
    if tx is not None:
        checkpoints = await _compare_checkpoints(tx, tiles, checkpoint)
        await _compare_heads(tx, check)
    if check_token is not None:
        for size in stamped:
            await asyncio.to_thread(_check_timestamp, tiles, checkpoint, size, check_token)
    timestamps = None if check_token is None else len(stamped)
    return _verified(check, first, checkpoints, timestamps)


def _verified(check: _Check, first: int, checkpoints: int, timestamps: int | None) -> Verified:
    return Verified(
        facts=check.checkpoint.size - first,
        tiles=check.checked_tiles,
        shards=len(check.chains.ends),
        streams=sum(map(len, (check.chains.versions or {}).values())),
        checkpoints=checkpoints,
        timestamps=timestamps,
        size=check.checkpoint.size,
        root=check.checkpoint.root,
    )


async def prove(
    tx: Transaction, tiles: TileStore, fact_id: FactId, verifiers: Iterable[Verifier]
) -> LogProof:
    """Return what proves, to whoever has the log's key, that a fact is in the log.

    Raises:
        FactUnknown: there is none with this id, or no checkpoint covers it yet.
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    fact = await order.find_fact(tx, fact_id)
    if fact is None:
        raise FactUnknown(f"there is no fact {fact_id} in the order of facts")
    return await asyncio.to_thread(prove_index, tiles, fact.position, verifiers)


def prove_index(tiles: TileStore, index: int, verifiers: Iterable[Verifier]) -> LogProof:
    """Return the proof of the entry at an index, which carries the entry itself.

    Raises:
        FactUnknown: no checkpoint covers it yet.
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    note = _checkpoint(tiles)
    size = open_checkpoint(note, verifiers).checkpoint.size
    if index >= size:
        raise FactUnknown(f"entry {index} is in no checkpoint yet; the newest has {size}")
    bundle = _bundle_of(index, size)
    return LogProof(
        index=index,
        path=tuple(inclusion_proof(index, size, _nodes(tiles, size))),
        note=note,
        extra=_entries(tiles, bundle)[index % TILE_HASHES],
    )


def prove_growth(tiles: TileStore, old: int, note: Note) -> Sequence[bytes]:
    """Return what proves that the log of this checkpoint goes on from an earlier size.

    Raises:
        Untrusted: a tile cannot be believed.
    """
    size = parse_checkpoint(note.text).size
    return consistency_proof(old, size, _nodes(tiles, size))


async def export(
    tx: Transaction,
    tiles: TileStore,
    verifiers: Iterable[Verifier],
    *,
    player_id: PlayerId,
    since: datetime,
    until: datetime,
) -> Extract:
    """Return everything that the log says of a player in a time, with its proofs.

    These are the facts of every stream in which the player is named: of the player, of each bet,
    of each payment.  A stream's facts are in it without a gap.  What has not been published yet is
    left out.

    Raises:
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    note = await asyncio.to_thread(_checkpoint, tiles)
    size = open_checkpoint(note, verifiers).checkpoint.size
    found = await store.find_facts_about(tx, shard_of(player_id), player_id)
    in_time = {
        (shard, seq): body for shard, seq, body in found if since <= recorded_at(body) <= until
    }
    positions = await order.find_positions(tx, in_time)
    nodes = _nodes(tiles, size)
    return Extract(
        player_id=player_id,
        since=since,
        until=until,
        note=note,
        facts=tuple(
            ExtractFact(
                index=index,
                body=in_time[place],
                path=tuple(inclusion_proof(index, size, nodes)),
            )
            for place, index in sorted(positions.items(), key=lambda item: item[1])
            if index < size
        ),
    )


async def _expect_database_not_behind(tx: Transaction, checkpoint: Checkpoint) -> None:
    end = await order.read_end(tx)
    if end < checkpoint.size:
        raise Difference(
            "the database", index=end, wanted=f"one of {checkpoint.size} facts", found="no fact"
        )


async def _compare_facts(tx: Transaction, position: int, entries: Sequence[bytes]) -> None:
    facts = await order.read(tx, from_position=position, limit=len(entries))
    bodies = [fact.body for fact in facts]
    if bodies == list(entries):
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


async def _compare_checkpoints(tx: Transaction, tiles: TileStore, newest: Checkpoint) -> int:
    """See whether every checkpoint that was ever published is of this same log."""
    published = await store.find_checkpoints(tx)
    nodes = _nodes(tiles, newest.size)
    for size, root in published:
        if size > newest.size:
            raise Difference(
                "the newest checkpoint",
                index=newest.size,
                wanted=f"one of size {size} or more, which was published,",
                found=f"of size {newest.size}",
            )
        now = await asyncio.to_thread(root_of, size, nodes)
        _expect_root("an earlier checkpoint", size, root, now)
    return len(published)


def _check_timestamp(
    tiles: TileStore, newest: Checkpoint, size: int, check_token: TokenCheck
) -> None:
    """See whether what was timestamped is an earlier head of this same log.

    Who signed it is not asked: his key may have been replaced since, and the root says enough.
    """
    data = _file(tiles, kept_path(size))
    kept = parse_checkpoint(parse_note(data).text)
    if (kept.origin, kept.size) != (newest.origin, size) or size > newest.size:
        raise Difference(
            f"the timestamped {kept_path(size)}",
            index=size,
            wanted=f"a checkpoint of {newest.origin}, of size {size} of {newest.size},",
            found=f"of {kept.origin}, of size {kept.size}",
        )
    _expect_root(
        "a timestamped checkpoint", size, kept.root, root_of(size, _nodes(tiles, newest.size))
    )
    try:
        check_token(_file(tiles, token_path(size)), data)
    except Untrusted as error:
        raise Untrusted(f"{token_path(size)}: {error}") from error


async def _compare_heads(tx: Transaction, check: _Check) -> None:
    """See whether heads and streams in the database are where the facts leave them.

    Facts that are not published yet are followed first: those in order, then those without a place.
    """
    await _follow_unpublished(tx, check)
    for head in await messages.read_heads(tx):
        seq, leaf = await _follow_shard(tx, check, head)
        if (head.seq, head.hash) != (seq, leaf):
            raise Difference(
                f"the head of shard {head.shard}",
                index=check.checkpoint.size,
                wanted=f"seq {seq}, {leaf.hex()}",
                found=f"seq {head.seq}, {head.hash.hex()}",
            )
    versions = await store.count_streams(tx)
    for shard, followed in (check.chains.versions or {}).items():
        there = versions.get(shard, {})
        for stream, version in followed.items():
            if there.get(stream, 0) != version:
                raise Difference(
                    f"the head of stream {stream}",
                    index=check.checkpoint.size,
                    wanted=f"version {version}",
                    found=f"version {there.get(stream, 0)}",
                )


async def _follow_unpublished(tx: Transaction, check: _Check) -> None:
    position, end = check.checkpoint.size, await order.read_end(tx)
    while position < end:
        facts = await order.read(tx, from_position=position)
        there = {fact.position for fact in facts}
        # One that is missing among them, or after the last of them although the order goes on.
        missing = next(at for at in range(position, position + len(facts) + 1) if at not in there)
        if missing < min(end, position + max(len(facts), 1)):
            raise Difference("the database", index=missing, wanted="a fact", found="missing")
        bodies = [fact.body for fact in facts]
        check.chains.follow(bodies, leaf_hashes(bodies), position)
        position += len(facts)


async def _follow_shard(tx: Transaction, check: _Check, head: Head) -> tuple[int, bytes]:
    """Follow what was committed a moment ago; return where the shard's facts end."""
    while True:
        end = check.chains.ends.get(head.shard, ChainEnd(seq=0, leaf=NO_LEAF))
        if end.seq >= head.seq:
            return end.seq, end.leaf
        facts = await messages.read_facts(tx, head.shard, after_seq=end.seq)
        if not facts:
            return end.seq, end.leaf
        bodies = [fact.body for fact in facts]
        check.chains.follow(bodies, leaf_hashes(bodies), check.checkpoint.size)


def _expect_root(what: str, size: int, wanted: bytes, found: bytes) -> None:
    if wanted != found:
        raise Difference(what, index=size, wanted=f"as signed {wanted.hex()}", found=found.hex())


def _checkpoint(tiles: TileStore) -> Note:
    return parse_note(_file(tiles, CHECKPOINT_PATH))


def _nodes(tiles: TileStore, size: int) -> TileNodes:
    return TileNodes(size, lambda tile: _tile(tiles, tile))


def _frontier_at(tiles: TileStore, size: int, all_of_them: int) -> Frontier:
    """Return the frontier of an earlier size, whose partial tiles are the beginnings of later
    ones."""

    def read(tile: Tile) -> bytes:
        return _tile(tiles, _tile_now(tile, all_of_them))[: tile.width * HASH_BYTES]

    return Frontier.read(size, read)


def _tile_now(tile: Tile, size: int) -> Tile:
    """Return the tile in a tree of this size that begins where this one does."""
    return tile_of(Node(tile.level * TILE_LEVELS, tile.index * TILE_HASHES), size)


def _bundle_of(index: int, size: int) -> Bundle:
    number = index // TILE_HASHES
    return Bundle(number, min(TILE_HASHES, size - number * TILE_HASHES))


def _entries(tiles: TileStore, bundle: Bundle) -> list[bytes]:
    return read_entries(tiles.read, bundle)


def _tile(tiles: TileStore, tile: Tile) -> bytes:
    return read_tile(tiles.read, tile)


def _file(tiles: TileStore, path: str) -> bytes:
    return read_file(tiles.read, path)
