"""Promises of proofs and extracts: they hold for whoever has the key, and nothing else of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from integration.audit.scene import KEY, Scene
from integration.messages.world import NOW, Noted, envelope
from pitboss import messages, order
from pitboss.audit import record
from pitboss.audit.record.errors import FactUnknown
from pitboss.audit.record.model import Extract
from pitboss.db import Database
from pitboss.kernel.ids import FactId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.tlog.errors import Unproven
from pitboss.tlog.notes import NoteVerifier
from pitboss.tlog.proofs import LogProof, parse_proof, verify_proof

TOOL = Path(__file__).parents[3] / "tools" / "verify_pitboss_log.py"
VERIFIERS = [NoteVerifier(KEY.verifier)]
PLAYER = PlayerId(derived_id("player", "one"))


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    made = Scene(database=database, folder=tmp_path)
    await made.publish(300, 333)
    return made


def ask_tool(*words: object) -> tuple[int, str]:
    """Run the regulator's tool."""
    done = subprocess.run(
        [sys.executable, str(TOOL), *map(str, words), "--key", str(KEY.verifier)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def prove(scene: Scene, fact_id: str) -> LogProof:
    """Return the proof of a fact."""
    async with scene.database.moment() as tx:
        return await record.prove(tx, scene.tiles, FactId(fact_id), VERIFIERS)


async def test_every_fact_is_proven_by_its_id_and_no_other_by_that(scene: Scene) -> None:
    async with scene.database.reading() as tx:
        facts = await order.read(tx, from_position=0)

    for fact in (facts[0], facts[255], facts[256], facts[500], facts[-1]):
        proof = parse_proof(str(await prove(scene, envelope(fact)["id"])))
        assert (proof.index, proof.extra) == (fact.position, fact.body)
        assert verify_proof(proof, VERIFIERS).size == 633
        with pytest.raises(Unproven):
            verify_proof(proof, VERIFIERS, entry=facts[9].body)


async def test_a_fact_that_is_not_there_or_not_signed_yet_is_named(scene: Scene) -> None:
    await scene.happen(1)
    async with scene.database.reading() as tx:
        (fact,) = await order.read(tx, from_position=633)

    with pytest.raises(FactUnknown, match="in no checkpoint yet"):
        await prove(scene, envelope(fact)["id"])
    with pytest.raises(FactUnknown, match="there is no fact"):
        await prove(scene, "01900000-0000-7000-8000-000000000001")
    with pytest.raises(FactUnknown, match="there is no fact"):
        await prove(scene, "ffffffff-ffff-7fff-bfff-ffffffffffff")


async def test_the_outside_tool_believes_log_and_proof(scene: Scene, tmp_path: Path) -> None:
    async with scene.database.reading() as tx:
        (fact,) = await order.read(tx, from_position=400, limit=1)
    file = tmp_path / "one.tlog-proof"
    file.write_text(str(await prove(scene, envelope(fact)["id"])))

    assert ask_tool(scene.folder / "log")[0] == 0
    assert ask_tool(file)[0] == 0
    file.write_text(file.read_text().replace("index 400", "index 401"))
    assert ask_tool(file)[0] == 1


async def live(scene: Scene, player_id: PlayerId, times: int) -> None:
    """Let things happen to a player, and to somebody else in the same shard."""
    shard = shard_of(player_id)
    for number in range(times):
        now = NOW + timedelta(hours=number)
        async with messages.turn(
            scene.database, [shard], now=now, actor="test", entropy=scene.world.entropy
        ) as turn:
            bet = derived_id("bet", player_id, str(number // 2))
            turn.publish(shard, player_id, Noted(text=f"{player_id} {number}"))
            turn.publish(shard, bet, Noted(text=f"bet of {player_id}"))
            turn.publish(shard, bet, Noted(text="settled"))
            turn.publish(shard, derived_id("a stranger"), Noted(text="of somebody else"))


async def export(scene: Scene, since: int, until: int) -> Extract:
    """Export what happened to the player between these hours."""
    async with scene.database.moment() as tx:
        return await record.export(
            tx,
            scene.tiles,
            VERIFIERS,
            player_id=PLAYER,
            since=NOW + timedelta(hours=since),
            until=NOW + timedelta(hours=until),
        )


async def test_an_extract_has_all_of_a_player_and_is_believed_offline(
    scene: Scene, tmp_path: Path
) -> None:
    await live(scene, PLAYER, 6)
    await scene.sequence()
    await scene.publisher.step()

    whole, part = await export(scene, 0, 5), await export(scene, 2, 3)

    assert (len(whole.facts), len(part.facts)) == (18, 6)
    assert all(b"stranger" not in fact.body for fact in whole.facts)
    file = tmp_path / "extract.json"
    for extract in (whole, part):
        file.write_text(json.dumps(extract.document()))
        status, said = ask_tool(file)
        assert status == 0, said
    file.write_text(file.read_text().replace('"index": ', '"index": 1', 1))
    assert ask_tool(file)[0] != 0


async def test_an_extract_with_a_fact_left_out_is_not_believed(
    scene: Scene, tmp_path: Path
) -> None:
    await live(scene, PLAYER, 4)
    await scene.sequence()
    await scene.publisher.step()
    document = (await export(scene, 0, 3)).document()
    facts = document["facts"]
    assert isinstance(facts, list)
    del facts[3]
    file = tmp_path / "cut.json"
    file.write_text(json.dumps(document))

    assert ask_tool(file)[0] == 1


async def test_an_extract_that_has_nothing_or_something_else_is_not_believed(
    scene: Scene, tmp_path: Path
) -> None:
    await live(scene, PLAYER, 2)
    await scene.sequence()
    await scene.publisher.step()
    document = (await export(scene, 0, 1)).document()
    about = document["about"]
    assert isinstance(about, dict)
    file = tmp_path / "extract.json"
    changes: tuple[tuple[dict[str, object], str], ...] = (
        ({"facts": []}, "proves nothing"),
        ({"about": {**about, "player": derived_id("player", "two")}}, "none of the facts names"),
        ({"about": {**about, "to": about["from"]}}, "outside of the time"),
        ({"checkpoint": "\ud800\n"}, "not a signed note"),
        ({"checkpoint": "\ud800\n1\nAAAA\n\n— x AAAAAAAA\n"}, "the checkpoint of \\ud800"),
    )
    for change, why in changes:
        file.write_text(json.dumps(document | change))
        status, said = ask_tool(file)
        assert (status, why in said, "Traceback" in said) == (1, True, False), said
    file.write_text("[" * 100_000)
    status, said = ask_tool(file)
    assert (status, "Traceback" in said) == (1, False), said

    with pytest.raises(FactUnknown, match="in this time"):
        await export(scene, 50, 60)
    async with scene.database.moment() as tx:
        with pytest.raises(FactUnknown, match="no fact names a player"):
            await record.export(
                tx,
                scene.tiles,
                VERIFIERS,
                player_id=PlayerId(derived_id("player", "nobody")),
                since=NOW,
                until=NOW,
            )
