"""Laws of the tree: its definition, its edge, its tiles and its proofs say the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.tlog import tree
from pitboss.tlog.errors import Unproven
from pitboss.tlog.tiles import (
    Bundle,
    Frontier,
    Tile,
    TileNodes,
    bundles_between,
    decode_bundle,
    edge_tiles,
    grow_bundles,
    parse_path,
    tile_of,
    tiles_between,
    tiles_of,
)
from pitboss.tlog.tree import RightEdge, leaf_hash, verify_consistency, verify_inclusion

SIZE_MAX = 600
ENTRIES = [f"entry {number}".encode() * (number % 3) for number in range(SIZE_MAX)]
LEAVES = tree.leaf_hashes(ENTRIES)

sizes = st.integers(0, SIZE_MAX)


@lru_cache(None)
def defined_root(start: int, stop: int) -> bytes:
    """Return the root of some leaves as RFC 6962 defines it, word for word."""
    if stop - start == 0:
        return hashlib.sha256().digest()
    if stop - start == 1:
        return hashlib.sha256(b"\x00" + ENTRIES[start]).digest()
    k = 1
    while 2 * k < stop - start:
        k *= 2
    left, right = defined_root(start, start + k), defined_root(start + k, stop)
    return hashlib.sha256(b"\x01" + left + right).digest()


def stored(size: int) -> dict[Tile, bytes]:
    """Return the tiles of a log that grew to this size at once."""
    return dict(Frontier().grow(LEAVES[:size])[1])


@given(st.lists(sizes, max_size=6))
def test_an_edge_in_bulk_is_the_edge_one_by_one_is_the_definition(stops: list[int]) -> None:
    bulk, single, done = RightEdge(), RightEdge(), 0
    for stop in sorted(stops):
        bulk = bulk.grow(LEAVES[done:stop])
        for leaf in LEAVES[done:stop]:
            single = single.grow([leaf])
        done = stop

        assert bulk == single
        assert bulk.root == defined_root(0, stop)


@given(st.lists(sizes, max_size=6))
def test_tiles_grow_the_same_in_any_steps(stops: list[int]) -> None:
    frontier, files = Frontier(), dict[Tile, bytes]()
    for stop in sorted(stops):
        before = frontier.size
        frontier, new = frontier.grow(LEAVES[before:stop])
        files |= dict(new)

        assert [tile for tile, _ in new] == list(tiles_between(before, stop))
        assert frontier.root == defined_root(0, stop)
        assert Frontier.read(stop, files.__getitem__) == frontier

    assert files.items() >= stored(frontier.size).items()


def test_every_inclusion_proof_of_every_size_leads_to_the_root() -> None:
    for size in (*range(1, 40), 255, 256, 257, 511, 512, 513, SIZE_MAX):
        read = TileNodes(size, stored(size).__getitem__)
        for index in range(0, size, 1 if size < 40 else 7):
            proof = tree.inclusion_proof(index, size, read)

            verify_inclusion(LEAVES[index], index, size, proof, defined_root(0, size))


@given(st.integers(1, SIZE_MAX), st.data())
def test_a_proof_is_of_its_leaf_its_place_and_its_tree_alone(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size, TileNodes(size, stored(size).__getitem__))
    root = defined_root(0, size)

    verify_inclusion(LEAVES[index], index, size, proof, root)

    with pytest.raises(Unproven):
        verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    with pytest.raises(Unproven):
        verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    with pytest.raises(Unproven):
        verify_inclusion(LEAVES[index], size, size, proof, root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        with pytest.raises(Unproven):
            verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
        with pytest.raises(Unproven):
            changed = [*proof[:at], root, *proof[at + 1 :]]
            verify_inclusion(LEAVES[index], index, size, changed, root)


@given(st.tuples(sizes, sizes).map(sorted), st.data())
def test_any_two_sizes_are_consistent_and_no_other_roots_are(
    pair: list[int], data: st.DataObject
) -> None:
    old, new = pair
    proof = tree.consistency_proof(old, new, TileNodes(new, stored(new).__getitem__))
    old_root, new_root = defined_root(0, old), defined_root(0, new)

    verify_consistency(old, old_root, new, new_root, proof)

    with pytest.raises(Unproven):
        verify_consistency(old, leaf_hash(b"another"), new, new_root, proof)
    with pytest.raises(Unproven):
        verify_consistency(old, old_root, new, new_root, [*proof, new_root])
    if 0 < old < new:
        at = data.draw(st.integers(0, len(proof) - 1))
        with pytest.raises(Unproven):
            verify_consistency(old, old_root, new, leaf_hash(b"another"), proof)
        with pytest.raises(Unproven):
            verify_consistency(old, old_root, new, new_root, proof[:-1])
        with pytest.raises(Unproven):
            changed = [*proof[:at], leaf_hash(b"another"), *proof[at + 1 :]]
            verify_consistency(old, old_root, new, new_root, changed)


def test_all_small_sizes_are_consistent() -> None:
    for new in range(70):
        read = TileNodes(new, stored(new).__getitem__)
        for old in range(new + 1):
            proof = tree.consistency_proof(old, new, read)

            verify_consistency(old, defined_root(0, old), new, defined_root(0, new), proof)


@given(st.tuples(st.integers(1, SIZE_MAX), sizes).map(sorted), st.data())
def test_the_tiles_of_a_proof_are_known_before_it_is_made(
    pair: list[int], data: st.DataObject
) -> None:
    old, new = pair
    index = data.draw(st.integers(0, new - 1))
    nodes = [*tree.inclusion_nodes(index, new), *tree.consistency_nodes(old, new)]
    fetched = {tile: stored(new)[tile] for tile in (tile_of(node, new) for node in nodes)}

    read = TileNodes(new, fetched.__getitem__)

    assert tree.root_of(new, TileNodes(new, stored(new).__getitem__)) == defined_root(0, new)
    assert len(tree.inclusion_proof(index, new, read)) <= 10
    assert len(tree.consistency_proof(old, new, read)) <= 11


@given(st.lists(sizes, max_size=6))
def test_bundles_grow_the_same_in_any_steps(stops: list[int]) -> None:
    size, last, files = 0, b"", dict[Bundle, bytes]()
    for stop in sorted(stops):
        new = grow_bundles(size, last, ENTRIES[size:stop])
        files |= dict(new)
        assert [bundle for bundle, _ in new] == list(bundles_between(size, stop))
        if new:
            last = new[-1][1] if new[-1][0].width < 256 else b""
        size = stop

    read = [
        entry
        for bundle in bundles_between(0, size)
        for entry in decode_bundle(bundle, files[bundle])
    ]
    assert read == ENTRIES[:size]


@given(st.integers(0, 2**62), st.integers(0, 2**20))
def test_the_widths_of_a_size_are_those_of_the_specification(size: int, small: int) -> None:
    for tile in edge_tiles(size):
        assert tile.width == size // 256**tile.level % 256
    for tile in tiles_of(small):
        is_partial = tile.index == small // 256 ** (tile.level + 1)
        assert tile.width == (small // 256**tile.level % 256 if is_partial else 256)


@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_is_read_as_what_wrote_it(level: int, index: int, width: int) -> None:
    for thing in (Tile(level, index, width), Bundle(index, width)):
        assert parse_path(thing.path) == thing
