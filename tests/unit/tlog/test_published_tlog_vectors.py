"""The log's formats agree with the published vectors of those who designed them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pitboss.tlog.checkpoints import open_checkpoint, parse_checkpoint
from pitboss.tlog.cosignatures import verifier_of
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.keys import parse_verifier_key
from pitboss.tlog.notes import NoteVerifier, open_note, parse_note
from pitboss.tlog.tiles import (
    Bundle,
    Frontier,
    Tile,
    bundles_between,
    decode_bundle,
    edge_tiles,
    parse_path,
    split_hashes,
)
from pitboss.tlog.tree import EMPTY_ROOT, RightEdge, leaf_hash, leaf_hashes, pair_up
from pitboss.tlog.writing import HASH_BYTES
from unit.tlog.vectors import DATA, load, needs_vectors

pytestmark = needs_vectors

NOTES: dict[str, Any] = load("signed-note/notes.json")
TREE: dict[str, Any] = load("rfc6962-reference-tree/tree8.json")
LOG = DATA / "tessera-testlog"


def test_the_reference_tree_has_its_published_nodes_and_roots() -> None:
    leaves = leaf_hashes(bytes.fromhex(leaf) for leaf in TREE["leaf_inputs_hex"])
    levels = [b"".join(leaves)]
    while len(levels[-1]) > HASH_BYTES:
        levels.append(pair_up(levels[-1]))
    roots = [RightEdge().grow(leaves[:size]).root for size in range(9)]

    assert [[node.hex() for node in split_hashes(level)] for level in levels] == TREE[
        "node_hashes_by_level_hex"
    ]
    assert [root.hex() for root in roots] == TREE["root_by_tree_size_hex"]


@pytest.mark.parametrize("case", NOTES.get("notes", []), ids=lambda case: case["desc"])
def test_a_published_note_is_opened_by_its_keys(case: dict[str, Any]) -> None:
    keys = [parse_verifier_key(text) for text in case["vkeys"]]

    opened = open_note(case["note"], map(NoteVerifier, keys))

    assert case["valid"]
    assert len(opened.signatures) == len(keys)
    assert [str(key) for key in keys] == case["vkeys"]
    assert str(parse_note(case["note"])) == case["note"]


@pytest.mark.parametrize("text", NOTES.get("bad_vkeys", []))
def test_a_published_bad_key_is_refused_before_it_can_be_used(text: str) -> None:
    with pytest.raises(Unreadable):
        verifier_of(parse_verifier_key(text))


@pytest.mark.parametrize("text", NOTES.get("bad_tree_texts", []))
def test_a_published_bad_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_checkpoint(text)


@pytest.mark.parametrize("case", NOTES.get("tile_paths_go_style_height_prefix", []), ids=str)
def test_published_tile_paths_are_ours_without_the_height(case: dict[str, Any]) -> None:
    _, _, rest = case["path"].split("/", 2)
    path = f"tile/{rest}"

    if case.get("invalid"):
        with pytest.raises(Unreadable):
            parse_path(path)
        return
    is_full = case["W"] == 1 << case["H"]
    tile = Tile(case["L"], case["N"]) if is_full else Tile(case["L"], case["N"], case["W"])
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize("size", range(16))
def test_a_published_log_is_recomputed_at_each_of_its_sizes(size: int) -> None:
    key = parse_verifier_key((LOG / "log.vkey").read_text().strip())
    note = (LOG / f"checkpoint.{size}").read_bytes()

    checkpoint = open_checkpoint(note, [NoteVerifier(key)]).checkpoint
    entries = [
        entry
        for bundle in bundles_between(0, size)
        for entry in decode_bundle(bundle, (LOG / bundle.path).read_bytes())
    ]
    frontier, files = Frontier().grow(leaf_hashes(entries))

    assert checkpoint.size == size
    assert checkpoint.root == frontier.root
    assert all((LOG / tile.path).read_bytes() == data for tile, data in files)
    assert frontier == Frontier.read(size, lambda tile: (LOG / tile.path).read_bytes())


def test_every_file_of_the_published_log_has_a_path_that_is_read() -> None:
    paths = [str(path.relative_to(LOG)) for path in (LOG / "tile").rglob("*") if path.is_file()]

    read = [parse_path(path) for path in paths]

    assert len(read) == 30
    assert [found.path for found in read] == paths
    assert {type(found) for found in read} == {Tile, Bundle}


def test_the_published_log_says_its_own_state() -> None:
    state = json.loads((LOG / ".state" / "treeState").read_text())

    frontier = Frontier.read(state["size"], lambda tile: (LOG / tile.path).read_bytes())

    assert base64.b64decode(state["root"]) == frontier.root


def test_the_layout_of_seventy_thousand_entries_is_the_published_example() -> None:
    assert edge_tiles(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert edge_tiles(256) == [Tile(1, 0, 1)]
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert RightEdge().root == EMPTY_ROOT
    assert leaf_hash(b"").hex() == TREE["node_hashes_by_level_hex"][0][0]
