"""Keys change without a moment in which nobody can verify; a policy says who must have seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from conftest import as_owner
from integration.audit.scene import KEY, Scene
from integration.audit.test_timestamps import run_verify
from integration.messages.world import NOW
from pitboss.app import record as app_record
from pitboss.app.record import (
    KeysUnusable,
    add_key,
    await_quorum,
    drop_oldest_key,
    expect_growth,
    open_publisher,
    read_policy,
    signing_keys,
    verifiers,
    witnesses_of,
)
from pitboss.audit import record
from pitboss.db import Database
from pitboss.kernel.entropy import SeededEntropy
from pitboss.settings import Settings
from pitboss.tlog.checkpoints import Checkpoint
from pitboss.tlog.cosignatures import cosign
from pitboss.tlog.errors import QuorumMissed, Unproven, Unreadable, Unsigned
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import add_signatures, parse_note
from pitboss.tlog.policy import Policy, parse_policy

WITNESS = SigningKey.generate("w.example", SeededEntropy("w"), kind=COSIGNATURE_ED25519)
POLICY = f"log {KEY.verifier}\nwitness w {WITNESS.verifier} http://w.example/\nquorum w\n"


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database=database, folder=tmp_path)


@pytest.fixture
def settings(scene: Scene) -> Settings:
    """Return settings of a home whose tiles are the scene's."""
    return Settings(home=scene.folder, database_url=scene.database.url, log_origin=KEY.name)


async def publish(scene: Scene, settings: Settings) -> None:
    """Publish with the keys of the home, as a process that has just started."""
    await scene.happen(10)
    assert await open_publisher(settings, scene.database).step() is not None


async def key_facts(scene: Scene) -> list[str]:
    """Return the types of the facts about keys, in order."""
    owner = Database(as_owner(scene.database.url))
    async with owner.reading() as tx:
        rows = await tx.fetch("SELECT convert_from(body, 'UTF8') AS body FROM fact ORDER BY seq")
    await owner.close()
    return [kind for row in rows for kind in ("added", "dropped") if f"log.key_{kind}" in row[0]]


async def test_a_key_is_dropped_only_when_what_is_published_can_be_verified_without_it(
    scene: Scene, settings: Settings
) -> None:
    signing_keys(settings)
    await publish(scene, settings)
    with pytest.raises(KeysUnusable, match="this is the only key"):
        await drop_oldest_key(settings)
    added = await add_key(settings)

    with pytest.raises(KeysUnusable, match="restart the sequencer, and wait until"):
        await drop_oldest_key(settings)
    assert len(signing_keys(settings)) == 2
    await publish(scene, settings)
    await drop_oldest_key(settings)

    assert [key.verifier for key in signing_keys(settings)] == [added]
    found = await record.verify(scene.tiles, verifiers(settings))
    assert found.size == 21
    assert await key_facts(scene) == ["added", "dropped"]


async def test_with_nothing_published_no_key_is_dropped(scene: Scene, settings: Settings) -> None:
    await add_key(settings)

    with pytest.raises(KeysUnusable, match="nothing is published yet"):
        await drop_oldest_key(settings)


async def test_killed_while_keys_change_no_key_signs_that_no_fact_tells_of(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signing_keys(settings)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(app_record, "_write_keys", killed)
        with pytest.raises(KeyboardInterrupt):
            await add_key(settings)
    assert signing_keys(settings) == before
    assert await key_facts(scene) == ["added"]

    away = settings.with_changes(database_url="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        await add_key(away)
    assert signing_keys(settings) == before


async def show_cosigned(scene: Scene) -> None:
    """Put the witness's cosignature under what is published."""
    data = scene.tiles.read("checkpoint")
    assert data is not None
    note = parse_note(data)
    note = add_signatures(note, [cosign(note.text, WITNESS, at=NOW)])
    scene.tiles.write([("checkpoint", str(note).encode())])


async def test_a_quorum_is_waited_for_and_what_it_saw_is_held_against_the_log(
    scene: Scene,
) -> None:
    policy = parse_policy(POLICY)
    await scene.publish(30)
    with pytest.raises(QuorumMissed):
        await await_quorum(scene.tiles, policy, seconds_max=0.2)
    waiting = asyncio.create_task(await_quorum(scene.tiles, policy))
    await asyncio.sleep(0.1)
    await show_cosigned(scene)
    cosigned = (await waiting).checkpoint
    assert cosigned.size == 30

    await scene.publish(300)
    found = await scene.verify(database=False)
    expect_growth(scene.tiles, cosigned, found)
    fork = Checkpoint(origin=cosigned.origin, size=30, root=bytes(32))
    with pytest.raises(Unproven):
        expect_growth(scene.tiles, fork, found)
    ahead = Checkpoint(origin=cosigned.origin, size=331, root=bytes(32))
    with pytest.raises(Unproven, match="has 330 entries, and 331 were cosigned"):
        expect_growth(scene.tiles, ahead, found)


async def test_a_log_that_the_policy_does_not_name_is_not_waited_for(scene: Scene) -> None:
    await scene.publish(30)
    another = SigningKey.generate("another.example", SeededEntropy("a"))
    policy = parse_policy(POLICY.replace(str(KEY.verifier), str(another.verifier)))

    async with asyncio.timeout(5):
        with pytest.raises(Unsigned):
            await await_quorum(scene.tiles, policy)


async def test_the_command_says_up_to_where_a_quorum_has_seen_the_log(scene: Scene) -> None:
    await scene.publish(30)
    (scene.folder / "keys").mkdir()
    (scene.folder / "keys" / "log.keys").write_text(f"{KEY.write()}\n")
    named, nonsense = scene.folder / "policy", scene.folder / "nonsense"
    named.write_text(POLICY)
    nonsense.write_text("quorum w\n")

    await show_cosigned(scene)
    seen = await run_verify(scene, "--policy", str(named))
    assert (seen["ok"], seen["quorum_size"]) == (True, 30)
    assert (await run_verify(scene))["quorum_size"] is None
    assert "is not defined above" in (await run_verify(scene, "--policy", str(nonsense)))["error"]


def test_witnesses_of_the_policy_that_have_a_url_are_asked_too(tmp_path: Path) -> None:
    other = SigningKey.generate("x.example", SeededEntropy("x"), kind=COSIGNATURE_ED25519)
    file = tmp_path / "policy"
    file.write_text(POLICY)
    client = httpx.AsyncClient()

    def asked(*witnesses: str) -> Sequence[tuple[str, str]]:
        settings = Settings(home=tmp_path, policy=file, witnesses=witnesses)
        return sorted((peer.key.name, peer.url) for peer in witnesses_of(settings, client))

    assert asked() == [("w.example", "http://w.example/")]
    assert asked(f"{WITNESS.verifier} http://elsewhere", f"{other.verifier} http://x") == [
        ("w.example", "http://elsewhere"),
        ("x.example", "http://x"),
    ]


def test_a_policy_of_the_command_goes_before_that_of_the_settings(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.write_text("quorum none\n")
    (tmp_path / "set").write_text("nonsense\n")
    settings = Settings(home=tmp_path, policy=tmp_path / "set")

    assert isinstance(read_policy(settings, named), Policy)
    with pytest.raises(Unreadable):
        read_policy(settings)
    assert read_policy(Settings(home=tmp_path)) is None
