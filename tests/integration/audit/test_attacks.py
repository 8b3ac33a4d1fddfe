"""Every attack on the record is found, and what is said names what and where."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from integration.audit.scene import KEY, ORIGIN, OTHER_KEY, SHARDS, Scene
from pitboss.audit import record
from pitboss.audit.record.errors import Difference
from pitboss.db import Database, Transaction
from pitboss.kernel.errors import Malformed
from pitboss.tlog.checkpoints import Checkpoint, sign_checkpoint
from pitboss.tlog.errors import BadSignature, Unreadable, Unsigned, Untrusted
from pitboss.tlog.notes import Note, NoteSigner, NoteVerifier, Signature
from pitboss.tlog.proofs import verify_proof
from pitboss.tlog.tiles import Bundle, Frontier, decode_bundle, encode_bundle, grow_bundles
from pitboss.tlog.tree import leaf_hash, leaf_hashes

SIZE = 700
AT = 300
BUNDLE = Bundle(AT // 256).path


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    made = Scene(database=database, folder=tmp_path)
    await made.publish(200, SIZE - 200)
    return made


def entries(scene: Scene) -> list[bytes]:
    """Return every entry of the log."""
    found: list[bytes] = []
    for bundle in (Bundle(0), Bundle(1), Bundle(2, SIZE - 512)):
        data = scene.tiles.read(bundle.path)
        assert data is not None
        found += decode_bundle(bundle, data)
    return found


def rewrite(scene: Scene, bodies: list[bytes], key: object = KEY) -> None:
    """Make the whole log anew from other entries, and sign it."""
    frontier, tiles = Frontier().grow(leaf_hashes(bodies))
    scene.tiles.write((bundle.path, data) for bundle, data in grow_bundles(0, b"", bodies))
    scene.tiles.write((tile.path, data) for tile, data in tiles)
    note = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=frontier.size, root=frontier.root),
        [NoteSigner(key)],  # type: ignore[arg-type]
    )
    scene.tiles.write([("checkpoint", str(note).encode())])


async def difference(scene: Scene, *, first: int = 0, database: bool = True) -> Difference:
    """Return what verifying finds."""
    with pytest.raises(Difference) as found:
        await scene.verify(first=first, database=database)
    return found.value


async def test_an_honest_log_is_verified_from_anywhere(scene: Scene) -> None:
    for first in (0, 1, 256, 300, 699):
        found = await scene.verify(first=first)
        assert found.facts == SIZE - first // 256 * 256


@pytest.mark.parametrize("first", [SIZE, 10_000])
async def test_who_begins_beyond_the_end_is_told_and_checks_nothing(
    scene: Scene, first: int
) -> None:
    with pytest.raises(Malformed, match=f"{first} is beyond the log, which has {SIZE} entries"):
        await scene.verify(first=first, database=False)


async def test_a_log_that_grew_and_was_tidied_while_it_was_read_is_verified(scene: Scene) -> None:
    read_before = scene.tiles.read("checkpoint")
    assert read_before is not None
    await scene.publish(400)
    scene.tiles.write([("checkpoint", read_before)])
    for path in ("tile/0/002", "tile/entries/002"):
        scene.tiles.discard_partial(path)

    assert (await scene.verify(database=False)).facts == SIZE
    proof = record.prove_index(scene.tiles, SIZE - 1, [NoteVerifier(KEY.verifier)])
    assert verify_proof(proof, [NoteVerifier(KEY.verifier)]).size == SIZE


async def test_a_flipped_byte_in_a_bundle_is_found_at_its_entry(scene: Scene) -> None:
    body = entries(scene)[AT]
    changed = body.replace(b'"test"', b'"tesu"', 1)
    scene.change(BUNDLE, lambda data: data.replace(body, changed))

    found = await difference(scene, database=False)

    assert found.index == AT
    assert leaf_hash(body).hex() in found.wanted
    assert leaf_hash(changed).hex() in found.found


async def test_a_flipped_byte_in_a_tile_is_found_at_its_entry(scene: Scene) -> None:
    scene.change("tile/0/001", lambda data: data[:32] + bytes([data[32] ^ 1]) + data[33:])

    found = await difference(scene, database=False)

    assert (found.index, leaf_hash(entries(scene)[257]).hex()) == (257, found.found)


async def test_a_flipped_byte_in_an_upper_tile_is_found(scene: Scene) -> None:
    scene.change("tile/1/000.p/2", lambda data: data[:-1] + bytes([data[-1] ^ 1]))

    assert (await difference(scene, database=False)).index == 256


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/000", "tile/1/000.p/2", "checkpoint"])
async def test_a_missing_file_is_named(scene: Scene, path: str) -> None:
    (scene.folder / "log" / path).unlink()

    with pytest.raises(Unreadable, match=f"{re.escape(path)}: it is missing"):
        await scene.verify(database=False)


@pytest.mark.parametrize("path", ["tile/0/001", "tile/entries/000", "tile/entries/002.p/188"])
async def test_a_truncated_file_is_named(scene: Scene, path: str) -> None:
    scene.change(path, lambda data: data[:-5])

    with pytest.raises(Unreadable, match=re.escape(path)):
        await scene.verify(database=False)


async def test_a_log_that_was_cut_and_signed_again_contradicts_what_was_published(
    scene: Scene,
) -> None:
    rewrite(scene, entries(scene)[:500])

    found = await difference(scene)

    assert (found.what, found.index) == ("the newest checkpoint", 500)


async def test_a_checkpoint_from_a_fork_is_not_believed_with_these_tiles(scene: Scene) -> None:
    fork = Checkpoint(origin=ORIGIN, size=SIZE, root=bytes(32))
    note = sign_checkpoint(fork, [NoteSigner(KEY)])
    scene.tiles.write([("checkpoint", str(note).encode())])

    found = await difference(scene)

    assert (found.what, found.index) == ("the root", SIZE)


async def test_a_history_that_was_rewritten_and_signed_again_is_found(scene: Scene) -> None:
    bodies = entries(scene)
    bodies[AT] = bodies[AT].replace(b'"test"', b'"tesu"', 1)
    rewrite(scene, bodies)

    found = await difference(scene, database=False)
    against_database = await difference(scene)

    # Whoever changes one fact must change all after it in its shard, and then the database.
    assert found.what.startswith("the chain of shard")
    assert against_database.index <= found.index


async def test_a_history_signed_by_another_key_is_not_believed(scene: Scene) -> None:
    rewrite(scene, entries(scene), OTHER_KEY)

    with pytest.raises((Unsigned, BadSignature)):
        await scene.verify(database=False)


async def test_two_facts_that_were_swapped_and_signed_again_are_found(scene: Scene) -> None:
    bodies = entries(scene)
    bodies[AT], bodies[AT + 1] = bodies[AT + 1], bodies[AT]
    rewrite(scene, bodies)

    assert (await difference(scene)).index == AT


async def test_a_dropped_entry_is_found(scene: Scene) -> None:
    bodies = entries(scene)
    del bodies[AT]
    rewrite(scene, bodies)

    assert (await difference(scene, database=False)).index >= AT


async def test_an_entry_that_is_no_fact_is_found(scene: Scene) -> None:
    scene.change(BUNDLE, lambda _: encode_bundle([b"{}"] * 256))
    assert (await difference(scene, database=False)).index == 256
    rewrite(scene, [*entries(scene)[:AT], b"no fact"])

    assert (await difference(scene, database=False)).what == "an entry that is no fact"


POSITION = "(SELECT position FROM fact_run WHERE position <= 300 ORDER BY 1 DESC LIMIT 1)"
PLACE = (
    f"(shard, seq) = (SELECT shard, seq + 300 - position FROM fact_run WHERE position = {POSITION})"
)

Tampered = tuple[str, Callable[[Difference], bool]]
TAMPERED: dict[str, Tampered] = {
    "a deleted fact": (
        f"DELETE FROM fact WHERE {PLACE}",
        lambda found: found.index == AT and found.found == "missing",
    ),
    "an altered body": (
        f"UPDATE fact SET body = replace(convert_from(body, 'UTF8'), 'test', 'tesu')::bytea"
        f" WHERE {PLACE}",
        lambda found: found.index == AT and len(found.found) == 64,
    ),
    "two facts swapped": (
        "UPDATE fact SET body = other.body FROM fact AS other WHERE fact.shard = other.shard"
        " AND fact.shard = 3 AND fact.seq IN (7, 8) AND other.seq = 15 - fact.seq",
        lambda found: len(found.found) == 64,
    ),
    "an order that was changed": (
        "UPDATE fact_run SET position = position + 1 WHERE position > 300",
        lambda found: found.found in ("missing", "no fact") or len(found.found) == 64,
    ),
    "a database that lost its newest facts": (
        "UPDATE sequencer SET position = 600",
        lambda found: found.index == 600 and found.found == "no fact",
    ),
    "a head that was moved back": (
        "UPDATE shard_head SET seq = seq - 1 WHERE shard = 3",
        lambda found: found.what == "the head of shard 3",
    ),
    "a head with another hash": (
        "UPDATE shard_head SET head_hash = sha256('x') WHERE shard = 3",
        lambda found: found.what == "the head of shard 3",
    ),
    "a stream that was moved back": (
        "UPDATE stream_head SET version = version - 1 WHERE shard = 3",
        lambda found: found.what.startswith("the head of stream"),
    ),
    "another earlier checkpoint": (
        "UPDATE audit_checkpoint SET root = sha256('x') WHERE size = 200",
        lambda found: (found.what, found.index) == ("an earlier checkpoint", 200),
    ),
    "a fact beyond its head": (
        "INSERT INTO fact SELECT shard, seq + 1, stream, version + 1, body FROM fact"
        " WHERE shard = 3 ORDER BY seq DESC LIMIT 1",
        lambda found: found.what == "the facts of shard 3",
    ),
    "a fact in a shard that is none": (
        "INSERT INTO fact SELECT 99, seq, stream, version, body FROM fact"
        " WHERE (shard, seq) = (3, 1)",
        lambda found: found.what == "the head of shard 99",
    ),
    "a shard that is none, with its head": (
        "INSERT INTO shard_head (shard) VALUES (99)",
        lambda found: found.what == "the head of shard 99",
    ),
    "a head that was deleted": (
        "DELETE FROM shard_head WHERE shard = 3",
        lambda found: (found.what, found.found) == ("the head of shard 3", "missing"),
    ),
    "a fact that says another stream in its column": (
        f"UPDATE fact SET stream = '00000000-0000-7000-8000-000000000001' WHERE {PLACE}",
        lambda found: (found.what, found.index) == ("the columns of a fact", AT),
    ),
    "a fact that says another version in its column": (
        f"UPDATE fact SET version = version + 1 WHERE {PLACE}",
        lambda found: (found.what, found.index) == ("the columns of a fact", AT),
    ),
    "a stream without facts": (
        "INSERT INTO stream_head VALUES (3, '00000000-0000-7000-8000-000000000001', 1)",
        lambda found: found.what == "the head of stream 00000000-0000-7000-8000-000000000001",
    ),
    "a stream that was deleted": (
        "DELETE FROM stream_head WHERE shard = 3",
        lambda found: (found.what[:18], found.found) == ("the head of stream", "version 0"),
    ),
    "a run beyond the end": (
        "INSERT INTO fact_run SELECT 100000, 5, 1, 9, max(sequenced_at) FROM fact_run",
        lambda found: (found.what, found.index) == ("the order of facts", SIZE),
    ),
    "checkpoints that are gone": (
        "DELETE FROM audit_checkpoint",
        lambda found: found.what == "the newest checkpoint in the database",
    ),
    "an earlier checkpoint with another note": (
        "UPDATE audit_checkpoint SET note = replace(note, E'\n200\n', E'\n201\n') WHERE size = 200",
        lambda found: (found.what, found.index) == ("the note of an earlier checkpoint", 200),
    ),
}


@pytest.mark.parametrize("attack", TAMPERED)
async def test_what_was_changed_in_the_database_is_found(scene: Scene, attack: str) -> None:
    statement, fits = TAMPERED[attack]
    await scene.tamper(statement)

    found = await difference(scene)

    assert fits(found), str(found)
    assert (await scene.verify(database=False)).size == SIZE


async def test_a_note_that_its_key_did_not_sign_is_found_in_the_database(scene: Scene) -> None:
    await scene.tamper(
        "UPDATE audit_checkpoint SET note = split_part(note, E'\\n\\n', 1) || E'\\n\\n' || (SELECT"
        " split_part(note, E'\\n\\n', 2) FROM audit_checkpoint WHERE size = 200) WHERE size = 700"
    )

    with pytest.raises(BadSignature):
        await scene.verify()


async def test_what_happens_while_it_is_verified_is_no_alarm(scene: Scene) -> None:
    real = scene.database.moment

    @contextlib.asynccontextmanager
    async def later() -> AsyncIterator[Transaction]:
        # Between the checkpoint that is verified and the moment of the database.
        await scene.publish(30, 300)
        async with real() as tx:
            await scene.publish(5)
            yield tx

    found = await record.verify(
        scene.tiles, [NoteVerifier(KEY.verifier)], moment=later, last=scene.last
    )

    assert (found.size, found.facts) == (SIZE, SIZE)
    assert found.checkpoints == 4


async def test_a_log_that_was_rolled_back_behind_its_record_is_found(
    scene: Scene, tmp_path: Path
) -> None:
    before = tmp_path / "backup"
    shutil.copytree(scene.folder / "log", before)
    await scene.publish(300)
    assert (await scene.verify()).recorded == SIZE + 300
    shutil.rmtree(scene.folder / "log")
    before.rename(scene.folder / "log")
    await scene.tamper(
        f"DELETE FROM audit_checkpoint WHERE size > {SIZE}",
        f"DELETE FROM fact_run WHERE position >= {SIZE}",
        f"UPDATE sequencer SET position = {SIZE}",
    )

    assert (await scene.verify(recorded=False)).size == SIZE
    for database in (True, False):
        found = await difference(scene, database=database)
        assert (found.what, found.index) in (("the database", SIZE), ("the tile store", SIZE))


async def test_a_record_that_is_gone_or_set_back_is_found(scene: Scene) -> None:
    file = scene.folder / "record" / "last-checkpoint.json"
    newest = file.read_bytes()

    for data in (newest.replace(b'"size":700', b'"size":200'), newest.replace(b'":[', b'":[1', 1)):
        file.write_bytes(data)
        assert "the record of the last checkpoint" in (await difference(scene)).what
    file.unlink()
    assert (await difference(scene, database=False)).found == "missing"


async def test_an_earlier_checkpoint_that_was_kept_is_held_against_the_log(scene: Scene) -> None:
    kept = scene.tiles.read("checkpoint")
    assert kept is not None
    await scene.publish(50)
    assert (await scene.verify(database=False, old=[kept])).checkpoints == 1

    fork = Checkpoint(origin=ORIGIN, size=SIZE, root=bytes(32))
    signed = str(sign_checkpoint(fork, [NoteSigner(KEY)])).encode()
    with pytest.raises(Difference, match="an earlier checkpoint at index 700"):
        await scene.verify(database=False, old=[kept, signed])
    rewrite(scene, entries(scene)[:500])
    with pytest.raises(Difference, match="of size 700 or more"):
        await scene.verify(database=False, recorded=False, old=[kept])


@pytest.mark.parametrize(
    ("checkpoint", "why"),
    [
        (Checkpoint(origin="somebody.else/log", size=SIZE, root=bytes(32)), "somebody.else/log"),
        (
            Checkpoint(origin=ORIGIN, size=SIZE, root=bytes(32), extensions=("more",)),
            "extension lines",
        ),
    ],
    ids=["another origin", "an extension"],
)
async def test_a_signed_checkpoint_of_another_form_than_ours_is_not_believed(
    scene: Scene, checkpoint: Checkpoint, why: str
) -> None:
    signed = NoteSigner(KEY).sign(checkpoint.text)
    signature = Signature(name=ORIGIN, key_id=KEY.verifier.id, value=signed)
    note = Note(text=checkpoint.text, signatures=(signature,))
    scene.tiles.write([("checkpoint", str(note).encode())])

    with pytest.raises(Untrusted, match=why):
        await scene.verify(database=False)
    with pytest.raises(Untrusted, match=why):
        record.prove_index(scene.tiles, 0, [NoteVerifier(KEY.verifier)])


async def test_a_fact_that_is_not_canonical_is_found_in_the_database(scene: Scene) -> None:
    await scene.world.note(SHARDS[0], "a")
    await scene.tamper(
        "UPDATE fact SET body = replace(convert_from(body, 'UTF8'), '{\"actor\"',"
        ' \'{"actor":"x","actor"\')::bytea'
        " WHERE (shard, seq) = (SELECT shard, seq FROM shard_head WHERE shard = 3)",
        "UPDATE shard_head SET head_hash = sha256('\\x00'::bytea || (SELECT body FROM fact WHERE"
        " fact.shard = 3 ORDER BY seq DESC LIMIT 1)) WHERE shard = 3",
    )
    await scene.sequence()
    await scene.publisher.step()

    assert (await difference(scene)).wanted == "canonical JSON"


async def test_facts_that_are_not_published_yet_are_held_against_their_heads(scene: Scene) -> None:
    await scene.happen(40)
    assert (await scene.verify()).size == SIZE
    await scene.tamper(
        "DELETE FROM fact WHERE (shard, seq) = (SELECT shard, seq + facts - 1 FROM fact_run"
        " ORDER BY position DESC LIMIT 1)"
    )

    found = await difference(scene)
    assert (found.what, found.index) == ("the database", SIZE + 39)


async def test_facts_that_have_no_place_yet_are_held_against_their_heads(scene: Scene) -> None:
    await scene.world.note(SHARDS[0], "a", "b")
    assert (await scene.verify()).size == SIZE
    await scene.tamper(
        "UPDATE fact SET body = replace(convert_from(body, 'UTF8'), 'test', 'tesu')::bytea"
        " WHERE (shard, seq) = (SELECT shard, seq FROM shard_head WHERE shard = 3)"
    )

    assert (await difference(scene)).what == "the head of shard 3"


async def test_the_command_holds_database_record_and_kept_checkpoints_against_the_log(
    scene: Scene,
) -> None:
    (scene.folder / "keys").mkdir()
    (scene.folder / "keys" / "log.keys").write_text(f"{KEY.write()}\n")
    kept = scene.folder / "kept"
    kept.write_bytes(scene.tiles.read("checkpoint") or b"")
    await scene.publish(40)

    good = await run_verify(scene, "--old", str(kept))
    beyond = await run_verify(scene, "--from", "740")
    await scene.tamper("DELETE FROM shard_head WHERE shard = 3")
    bad = await run_verify(scene)

    assert (good["ok"], good["database"], good["recorded"]) == (True, True, 740)
    # The three that are noted, and the one that was kept.
    assert good["checkpoints"] == 4
    assert "740 is beyond the log, which has 740 entries" in beyond["error"]
    assert "the head of shard 3" in bad["error"]


async def run_verify(scene: Scene, *options: str) -> dict[str, Any]:
    """Run the command over a scene; return what it tells machines."""
    words = ["audit", "verify", "--json", "--home", str(scene.folder), *options]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pitboss", *words],
        env={**os.environ, "PITBOSS_DATABASE_URL": scene.database.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    assert done.returncode == (0 if told["ok"] else 1)
    return told
