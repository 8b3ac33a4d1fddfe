"""A log as files: tiles of 256 hashes, bundles of 256 entries, and how both grow with the tree.

Level 0 holds leaf hashes; each level above holds the roots of the full tiles below it.  The last
tile of a level and the last bundle may be partial; a full one never changes again.
Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pitboss.kernel.invariant import ensure
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.tree import Node, RightEdge, pair_up, split_odd
from pitboss.tlog.writing import HASH_BYTES, NUMBER_MAX, show

TILE_LEVELS = 8
TILE_HASHES = 1 << TILE_LEVELS
LEVEL_MAX = 63
# Fewer than 2^63 entries fill tiles on so many levels.
LEVELS = range(8)
# The length of an entry is written in two bytes.
ENTRY_BYTES_MAX = 65_535
# A tile that is folded takes 40 KB, and a proof needs one of each level.
FOLDED_TILES_MAX = 256

_LENGTH_BYTES = 2
_read_length = struct.Struct(">H").unpack_from
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Up to 256 neighbouring hashes of one level; `width` says how many."""

    level: int
    index: int
    width: int = TILE_HASHES

    @property
    def path(self) -> str:
        """Where the tile is, below the log's prefix."""
        return f"tile/{self.level}/{_write_place(self.index, self.width)}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Up to 256 neighbouring entries; `width` says how many."""

    index: int
    width: int = TILE_HASHES

    @property
    def path(self) -> str:
        """Where the bundle is, below the log's prefix."""
        return f"tile/entries/{_write_place(self.index, self.width)}"


ReadTile = Callable[[Tile], bytes]
TileFile = tuple[Tile, bytes]
BundleFile = tuple[Bundle, bytes]


def parse_path(path: str) -> Tile | Bundle:
    """Read which tile or bundle a path below the log's prefix names.

    Raises:
        Unreadable: it names none, or is not how `path` writes it.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise Unreadable("path", f"{show(path)} is not the path of a tile or of a bundle")
    level, place, width = match.groups()
    index = int(place.replace("x", "").replace("/", ""))
    wide = int(width or TILE_HASHES)
    found = Bundle(index, wide) if level == "entries" else Tile(int(level), index, wide)
    high = level != "entries" and int(level) > LEVEL_MAX
    if found.path != path or wide > TILE_HASHES or index > NUMBER_MAX or high:
        raise Unreadable("path", f"{show(path)} is not how a tile or a bundle is named")
    return found


def tiles_of(size: int) -> Iterator[Tile]:
    """Return the tiles that a tree of this size has, partial ones included, from level 0 up."""
    return tiles_between(0, size)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Return the tiles that are new or wider in the tree of size `new`, from level 0 up."""
    for level in LEVELS:
        before, after = (size >> level * TILE_LEVELS for size in (old, new))
        if after == before:
            return
        for index, width in _spread(before, after):
            yield Tile(level, index, width)


def bundles_between(old: int, new: int) -> Iterator[Bundle]:
    """Return the bundles that are new or wider when the log grows, in order."""
    return (Bundle(index, width) for index, width in _spread(old, new))


def edge_tiles(size: int) -> list[Tile]:
    """Return the partial tiles of a tree, from level 0 up: what `Frontier.read` reads."""
    widths = [(size >> level * TILE_LEVELS) % TILE_HASHES for level in LEVELS]
    return [
        Tile(level, size >> (level + 1) * TILE_LEVELS, width)
        for level, width in enumerate(widths)
        if width
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The partial tiles at the right edge of a tree: all that is needed to make it grow.

    `levels` has the joined hashes of each level's partial tile, which may be none, from 0 up.
    """

    size: int = 0
    levels: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, size: int, read: ReadTile) -> Frontier:
        """Return the frontier of a tree whose partial tiles can be read.

        Raises:
            Unreadable: a tile does not have as many hashes as it must.
        """
        tiles = {tile.level: check_tile(tile, read(tile)) for tile in edge_tiles(size)}
        levels = max(tiles, default=-1) + 1
        return cls(size=size, levels=tuple(tiles.get(level, b"") for level in range(levels)))

    @property
    def edge(self) -> RightEdge:
        """The same edge as a hash for each binary digit of the size."""
        hashes: list[bytes] = []
        for level in self.levels:
            row = level
            while row:
                row, odd = split_odd(row)
                hashes += odd
                row = pair_up(row)
        return RightEdge(size=self.size, hashes=tuple(reversed(hashes)))

    @property
    def root(self) -> bytes:
        """The hash of the whole tree."""
        return self.edge.root

    def grow(self, leaves: Sequence[bytes]) -> tuple[Frontier, list[TileFile]]:
        """Return the frontier after these leaf hashes, and every tile that is new or wider.

        Full tiles that are completed come with the partial ones that the new size needs.
        """
        old, levels, files = self.size, list(self.levels), []
        level, added = 0, b"".join(leaves)
        while added:
            if level == len(levels):
                levels.append(b"")
            first = old >> (level + 1) * TILE_LEVELS
            joined = levels[level] + added
            full, levels[level] = _cut_tiles(joined)
            files += [(Tile(level, first + place), tile) for place, tile in enumerate(full)]
            if levels[level]:
                width = len(levels[level]) // HASH_BYTES
                files.append((Tile(level, first + len(full), width), levels[level]))
            added = b"".join(map(tile_root, full))
            level += 1
        return Frontier(size=old + len(leaves), levels=tuple(levels)), files


class TileNodes:
    """Reads the nodes of a tree of some size from its tiles, each of which it folds once.

    It keeps the 256 tiles used last; their bytes are checked for length and not against a root.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = size
        self._read = read
        self._fold = lru_cache(FOLDED_TILES_MAX)(self._fold_tile)

    def __call__(self, node: Node) -> bytes:
        """Return the hash of a node.

        Raises:
            Unreadable: its tile does not have as many hashes as it must.
        """
        tile = tile_of(node, self._size)
        level = node.level % TILE_LEVELS
        return self._fold(tile)[level][node.index - (tile.index << TILE_LEVELS - level)]

    def _fold_tile(self, tile: Tile) -> list[list[bytes]]:
        row = check_tile(tile, self._read(tile))
        rows = [split_hashes(row)]
        while len(row) > HASH_BYTES:
            row = pair_up(split_odd(row)[0])
            rows.append(split_hashes(row))
        return rows


def tile_of(node: Node, size: int) -> Tile:
    """Return the tile of a tree of this size from which a node is worked out."""
    level, height = divmod(node.level, TILE_LEVELS)
    index = node.index >> TILE_LEVELS - height
    width = min(TILE_HASHES, (size >> level * TILE_LEVELS) - (index << TILE_LEVELS))
    ensure((node.index + 1) << node.level <= size, "only a complete subtree has a lasting hash")
    return Tile(level, index, width)


def tile_root(tile: bytes) -> bytes:
    """Return the hash of the subtree that a full tile is."""
    row = tile
    while len(row) > HASH_BYTES:
        row = pair_up(row)
    return row


def check_tile(tile: Tile, data: bytes) -> bytes:
    """Return the bytes of a tile if they are as many as its width says.

    Raises:
        Unreadable: they are more or fewer.
    """
    if len(data) != tile.width * HASH_BYTES:
        raise Unreadable(
            tile.path, f"{len(data)} bytes, and {tile.width} hashes have {tile.width * HASH_BYTES}"
        )
    return data


def split_hashes(joined: bytes) -> list[bytes]:
    """Return the hashes that a tile is joined from."""
    return [joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES)]


def grow_bundles(size: int, last: bytes, entries: Sequence[bytes]) -> list[BundleFile]:
    """Return every bundle that is new or wider when entries are appended to a log.

    `last` has the bytes of the partial bundle that a log of this size ends with, or none.  The
    last file returned is partial where the new size is no multiple of 256, and is the next `last`.
    """
    ensure(bool(last) == bool(size % TILE_HASHES), "a partial bundle is where the size says so")
    files, done, new = [], 0, size + len(entries)
    for bundle in bundles_between(size, new):
        # Counted from the first entry that is added.
        stop = bundle.index * TILE_HASHES + bundle.width - size
        files.append((bundle, last + encode_bundle(entries[done:stop])))
        done, last = stop, b""
    return files


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries, each behind its length in two bytes, the high one first."""
    parts: list[bytes] = []
    for entry in entries:
        ensure(len(entry) <= ENTRY_BYTES_MAX, "an entry's length fits into two bytes")
        parts += (len(entry).to_bytes(_LENGTH_BYTES), entry)
    return b"".join(parts)


def decode_bundle(bundle: Bundle, data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        Unreadable: it is cut, or does not have as many entries as its width says.
    """
    entries, start, end = [], 0, len(data)
    # A last byte alone is no length.
    while start < end - 1:
        (length,) = _read_length(data, start)
        body = start + _LENGTH_BYTES
        start = body + length
        entries.append(data[body:start])
    if start != end:
        raise Unreadable(bundle.path, f"the last of {len(entries)} entries is cut")
    if len(entries) != bundle.width:
        raise Unreadable(bundle.path, f"{len(entries)} entries, and it must have {bundle.width}")
    return entries


def _write_place(index: int, width: int) -> str:
    """Write a tile's number in groups of three digits, and how wide it is if it is partial."""
    last = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        last = f"x{index % 1000:03}/{last}"
    return last if width == TILE_HASHES else f"{last}.p/{width}"


def _spread(old: int, new: int) -> Iterator[tuple[int, int]]:
    """Return index and width of the tiles over the places from `old` up to `new`."""
    if old == new:
        return
    for index in range(old // TILE_HASHES, -(-new // TILE_HASHES)):
        yield index, min(TILE_HASHES, new - index * TILE_HASHES)


def _cut_tiles(joined: bytes) -> tuple[list[bytes], bytes]:
    """Return the full tiles at the start of joined hashes, and the rest."""
    tile_bytes = TILE_HASHES * HASH_BYTES
    stop = len(joined) - len(joined) % tile_bytes
    full = [joined[start : start + tile_bytes] for start in range(0, stop, tile_bytes)]
    return full, joined[stop:]
