"""Files of the log, as whoever checks or proves reads them."""

from __future__ import annotations

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.ports import CHECKPOINT_PATH, TileStore
from pitboss.tlog.notes import Note, parse_note
from pitboss.tlog.stored import read_entries, read_file, read_tile
from pitboss.tlog.tiles import (
    TILE_HASHES,
    TILE_LEVELS,
    Bundle,
    Frontier,
    Tile,
    TileNodes,
    tile_of,
)
from pitboss.tlog.tree import Node
from pitboss.tlog.writing import HASH_BYTES


def read_checkpoint(tiles: TileStore) -> Note:
    """Return the published checkpoint; who signed it is not asked here."""
    return parse_note(file_bytes(tiles, CHECKPOINT_PATH))


def nodes_of_size(tiles: TileStore, size: int) -> TileNodes:
    """Return what reads the nodes of a tree of this size."""
    return TileNodes(size, lambda tile: tile_bytes(tiles, tile))


def frontier_at(tiles: TileStore, size: int, all_of_them: int) -> Frontier:
    """Return the frontier of an earlier size, whose partial tiles are the beginnings of later
    ones."""

    def read(tile: Tile) -> bytes:
        return tile_bytes(tiles, tile_now(tile, all_of_them))[: tile.width * HASH_BYTES]

    return Frontier.read(size, read)


def tile_now(tile: Tile, size: int) -> Tile:
    """Return the tile in a tree of this size that begins where this one does."""
    return tile_of(Node(tile.level * TILE_LEVELS, tile.index * TILE_HASHES), size)


def bundle_of(index: int, size: int) -> Bundle:
    """Return the bundle, in a log of this size, that has an entry."""
    number = index // TILE_HASHES
    return Bundle(number, min(TILE_HASHES, size - number * TILE_HASHES))


def entries_of(tiles: TileStore, bundle: Bundle) -> list[bytes]:
    """Return the entries of a bundle, from the full one if the partial one is gone."""
    return read_entries(tiles.read, bundle)


def tile_bytes(tiles: TileStore, tile: Tile) -> bytes:
    """Return the hashes of a tile, from the full one if the partial one is gone."""
    return read_tile(tiles.read, tile)


def file_bytes(tiles: TileStore, path: str) -> bytes:
    """Return the bytes of a file, which must be there."""
    return read_file(tiles.read, path)


def expect_root(what: str, size: int, wanted: bytes, found: bytes) -> None:
    """Expect what was signed of a size to be what follows from the tiles.

    Raises:
        Difference: it is not.
    """
    if wanted != found:
        raise Difference(what, index=size, wanted=f"as signed {wanted.hex()}", found=found.hex())
