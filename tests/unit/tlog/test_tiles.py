"""Tiles and bundles that are not what they say are refused, by name."""

from __future__ import annotations

import pytest

from pitboss.kernel.errors import InvariantBroken
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.tiles import (
    Bundle,
    Frontier,
    Tile,
    TileNodes,
    decode_bundle,
    encode_bundle,
    grow_bundles,
    parse_path,
)
from pitboss.tlog.tree import Node, leaf_hashes


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001.p/01",
        "tile/0/001\n",
        "tile/0/\u0660\u0660\u0661",
        "/tile/0/001",
        "tile/entries/../001",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_what_is_not_the_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(Unreadable, match="path"):
        parse_path(path)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 entries, and it must have 2"),
        (b"\x00\x01a", "1 entries, and it must have 2"),
        (b"\x00\x01a\x00\x01b\x00\x01c", "3 entries"),
        (b"\x00\x01a\x00", "cut"),
        (b"\x00\x01a\x00\x02b", "cut"),
    ],
)
def test_a_bundle_that_is_cut_or_of_another_width_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=f"tile/entries/007.p/2.*{why}"):
        decode_bundle(Bundle(7, 2), data)


def test_a_tile_of_another_length_is_refused() -> None:
    _, files = Frontier().grow(leaf_hashes([b"a", b"b", b"c"]))
    short = {tile: data[:-1] for tile, data in files}

    with pytest.raises(Unreadable, match=r"tile/0/000\.p/3: 95 bytes, and 3 hashes have 96"):
        TileNodes(3, short.__getitem__)(Node(0, 0))
    with pytest.raises(Unreadable, match=r"tile/0/000\.p/3"):
        Frontier.read(3, short.__getitem__)


def test_a_subtree_that_may_still_grow_is_not_read() -> None:
    _, files = Frontier().grow(leaf_hashes([b"a", b"b", b"c"]))

    with pytest.raises(InvariantBroken):
        TileNodes(3, dict(files).__getitem__)(Node(1, 1))


def test_the_longest_entry_fits_and_one_byte_more_does_not() -> None:
    entry = b"x" * 65_535

    assert decode_bundle(Bundle(0, 1), encode_bundle([entry])) == [entry]
    with pytest.raises(InvariantBroken):
        encode_bundle([entry + b"x"])


def test_bundles_grow_only_from_the_partial_one_that_is_there() -> None:
    with pytest.raises(InvariantBroken):
        grow_bundles(3, b"", [b"d"])
    with pytest.raises(InvariantBroken):
        grow_bundles(256, b"\x00\x01a", [b"d"])


def test_a_tile_that_nobody_widened_is_not_written_again() -> None:
    frontier, _ = Frontier().grow(leaf_hashes([b"x"] * 256))

    grown, files = frontier.grow(leaf_hashes([b"y"]))

    assert [tile for tile, _ in files] == [Tile(0, 1, 1)]
    assert grown.grow([]) == (grown, [])
