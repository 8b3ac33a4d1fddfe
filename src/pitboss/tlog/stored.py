"""Tiles and bundles as a store has them, whoever tidies it meanwhile.

Once a tile is full its partial ones may be taken away.  Who reads a log that grows then finds the
full one in the place of the partial one, and it begins with the same hashes or entries.
Source: C2SP tlog-tiles, partial tiles.
"""

from __future__ import annotations

from collections.abc import Callable

from pitboss.tlog.errors import Unreadable
from pitboss.tlog.tiles import Bundle, Tile, check_tile, decode_bundle
from pitboss.tlog.writing import HASH_BYTES

# Gives the bytes at a path, or None if nothing is there.
ReadFile = Callable[[str], bytes | None]


def read_file(read: ReadFile, path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        Unreadable: it is missing.
    """
    data = read(path)
    if data is None:
        raise _missing(path)
    return data


def read_tile(read: ReadFile, tile: Tile) -> bytes:
    """Return the joined hashes of a tile, as many as its width says.

    Raises:
        Unreadable: it is missing, and so is the full one; or its length is wrong.
    """
    data, full = read(tile.path), Tile(tile.level, tile.index)
    if data is not None:
        return check_tile(tile, data)
    there = None if tile == full else read(full.path)
    if there is None:
        raise _missing(tile.path)
    return check_tile(full, there)[: tile.width * HASH_BYTES]


def read_entries(read: ReadFile, bundle: Bundle) -> list[bytes]:
    """Return the entries of a bundle, as many as its width says.

    Raises:
        Unreadable: it is missing, and so is the full one; or it does not have its entries.
    """
    data, full = read(bundle.path), Bundle(bundle.index)
    if data is not None:
        return decode_bundle(bundle, data)
    there = None if bundle == full else read(full.path)
    if there is None:
        raise _missing(bundle.path)
    return decode_bundle(full, there)[: bundle.width]


def _missing(path: str) -> Unreadable:
    return Unreadable(path, "it is missing from the tile store")
