"""The walk over the log that everything else is held against: entries, tiles, chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import Verified
from pitboss.audit.record.ports import TileStore
from pitboss.audit.record.queries.files import (
    entries_of,
    tile_bytes,
    tile_now,
)
from pitboss.audit.record.rules import (
    Chains,
)
from pitboss.tlog.checkpoints import Checkpoint
from pitboss.tlog.tiles import (
    TILE_HASHES,
    TILE_LEVELS,
    Bundle,
    Frontier,
    Tile,
    split_hashes,
)
from pitboss.tlog.tree import (
    leaf_hashes,
)


@dataclass(slots=True, kw_only=True)
class Walk:
    """A walk over the whole log, from the tiles up to the signed root."""

    tiles: TileStore
    checkpoint: Checkpoint
    first: int
    frontier: Frontier
    chains: Chains
    checked_tiles: int = field(default=0, init=False)

    def read_bundles(self, bundles: Sequence[Bundle]) -> list[bytes]:
        """Return the entries of neighbouring bundles."""
        entries: list[bytes] = []
        for bundle in bundles:
            entries += entries_of(self.tiles, bundle)
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
            if tile_now(tile, self.checkpoint.size) == tile:
                self._compare(tile, data)
        self.chains.follow(entries, leaves, first)

    def _compare(self, tile: Tile, data: bytes) -> None:
        """See whether a tile is the one that follows from what is below it."""
        stored = tile_bytes(self.tiles, tile)
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

    def tell(self, *, checkpoints: int, recorded: int | None, timestamps: int | None) -> Verified:
        """Return what was checked, with what was held against the walk beside it."""
        return Verified(
            facts=self.checkpoint.size - self.first,
            tiles=self.checked_tiles,
            shards=len(self.chains.ends),
            streams=sum(map(len, (self.chains.versions or {}).values())),
            checkpoints=checkpoints,
            recorded=recorded,
            timestamps=timestamps,
            size=self.checkpoint.size,
            root=self.checkpoint.root,
        )
