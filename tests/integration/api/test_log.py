"""Everybody reads the record's checkpoint and hashes, and is proven what they have; no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.api.desk import Desk
from integration.audit.scene import KEY, Scene
from integration.messages.world import envelope
from pitboss import order
from pitboss.db import Database
from pitboss.tlog.checkpoints import open_checkpoint
from pitboss.tlog.notes import NoteVerifier, parse_note
from pitboss.tlog.proofs import parse_proof, verify_proof

VERIFIERS = [NoteVerifier(KEY.verifier)]


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    made = Scene(database=database, folder=tmp_path)
    await made.publish(300)
    return made


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(database=scene.database, tiles=scene.tiles)


async def test_everybody_reads_checkpoint_and_tiles(scene: Scene, desk: Desk) -> None:
    checkpoint = await desk.client.ask("GET", "/v1/log/checkpoint")
    full = await desk.client.ask("GET", "/v1/log/tile/0/000")
    partial = await desk.client.ask("GET", "/v1/log/tile/0/001.p/44")

    assert open_checkpoint(parse_note(checkpoint.body), VERIFIERS).checkpoint.size == 300
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert (len(full.body), len(partial.body)) == (256 * 32, 44 * 32)
    assert full.body == scene.tiles.read("tile/0/000")
    assert "immutable" in full.headers["cache-control"]
    assert partial.headers["cache-control"] == checkpoint.headers["cache-control"] == "no-cache"


async def test_a_fact_is_proven_to_who_has_it_without_being_shown(scene: Scene, desk: Desk) -> None:
    async with scene.database.reading() as tx:
        (fact,) = await order.read(tx, from_position=270, limit=1)

    answer = await desk.client.ask("GET", f"/v1/log/proofs/{envelope(fact)['id']}")

    proof = parse_proof(answer.body)
    assert (proof.index, proof.extra) == (270, None)
    assert verify_proof(proof, VERIFIERS, entry=fact.body).size == 300


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tile/0/002", 404),
        ("tile/0/0", 404),
        ("tile/0/000.p/256", 404),
        ("tile/entries/000", 404),
        ("tile/../checkpoint", 404),
        ("tile/0/../../../record/last.json", 404),
        ("tile/0/%2e%2e/%2e%2e/%2e%2e/record/last.json", 404),
        ("tile//etc/passwd", 404),
        ("proofs/ffffffff-ffff-7fff-bfff-ffffffffffff", 404),
        ("proofs/01900000-0000-7000-8000-000000000001", 404),
        ("proofs/no-fact", 422),
    ],
)
async def test_what_is_not_there_or_not_for_everybody_is_not_shown(
    desk: Desk, path: str, status: int
) -> None:
    assert (await desk.client.ask("GET", f"/v1/log/{path}")).status == status


async def test_where_no_log_can_be_read_whoever_asks_is_told(database: Database) -> None:
    answer = await Desk(database=database).client.ask("GET", "/v1/log/checkpoint")

    assert (answer.status, answer.slug) == (503, "no_log")
