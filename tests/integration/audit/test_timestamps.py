"""Checkpoints are dated by an authority that is not ours, and publishing never waits for it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.audit.openssl_authority import Authority, make_authority, needs_openssl, serving
from integration.audit.scene import KEY, OTHER_KEY, Scene
from pitboss.adapters.timestamps import AuthorityFailed, HttpAuthority, TokenVerifier
from pitboss.audit import record
from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import Verified
from pitboss.db import Database
from pitboss.tlog.errors import Untrusted
from pitboss.workers.stamper import Stamping


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with serving(make_authority(tmp_path_factory.mktemp("time") / "one")) as served:
        yield served


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database=database, folder=tmp_path)


@pytest.fixture
async def asked(authority: Authority) -> AsyncIterator[HttpAuthority]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield HttpAuthority(client, authority.url)


async def verify(scene: Scene, authority: Authority) -> Verified:
    """Verify all of a log, with its timestamps."""
    check = TokenVerifier(authority.root.read_bytes()).check
    return await scene.verify(check_token=check)


@needs_openssl
async def test_a_checkpoint_is_dated_once_and_the_date_is_verified(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    assert await record.stamp(scene.tiles, asked) is None
    await scene.publish(20)
    first = await record.stamp(scene.tiles, asked)
    again = await record.stamp(scene.tiles, asked)
    await scene.publish(300)
    second = await record.stamp(scene.tiles, asked)

    assert (first, again, second) == (20, None, 320)
    assert (await verify(scene, authority)).timestamps == 2
    assert (await scene.verify()).timestamps is None


@needs_openssl
async def test_openssl_verifies_a_token_that_lies_beside_the_tiles(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)

    log = scene.folder / "log"
    said = authority.run(
        *("ts", "-verify", "-in", log / "checkpoint.20.tsr"),
        *("-data", log / "checkpoint.20", "-CAfile", authority.root),
    )

    assert "Verification: OK" in said


@needs_openssl
async def test_a_timestamp_over_something_else_is_found(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)
    token = await asked.stamp(b"something else")

    scene.tiles.write([("checkpoint.20.tsr", token)])
    with pytest.raises(Untrusted, match=r"checkpoint\.20\.tsr: .*Mismatch between messages"):
        await verify(scene, authority)


@needs_openssl
async def test_timestamps_outlive_the_key_that_signed_the_checkpoint(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)

    scene.keys = (OTHER_KEY,)
    scene.publisher = scene.another_publisher()
    await scene.publish(30)

    assert (await verify(scene, authority)).timestamps == 1


@needs_openssl
async def test_a_timestamp_of_another_authority_is_not_believed(
    scene: Scene, asked: HttpAuthority, tmp_path: Path
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)

    with pytest.raises(Untrusted, match=r"checkpoint\.20\.tsr: a timestamp is not believed"):
        await verify(scene, make_authority(tmp_path / "two"))


@needs_openssl
async def test_a_timestamp_over_another_history_is_found(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)
    kept = scene.tiles.read("checkpoint.20")
    assert kept is not None
    origin, size, _, rest = kept.split(b"\n", 3)
    fork = b"\n".join([origin, size, b"A" * 43 + b"=", rest])
    scene.tiles.write([("checkpoint.20", fork), ("checkpoint.20.tsr", await asked.stamp(fork))])

    with pytest.raises(Difference, match="a timestamped checkpoint at index 20"):
        await verify(scene, authority)


@needs_openssl
async def test_a_log_that_was_rolled_back_behind_its_timestamps_is_found(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    older = scene.tiles.read("checkpoint")
    assert older is not None
    await scene.publish(30)
    await record.stamp(scene.tiles, asked)
    scene.tiles.write([("checkpoint", older)])
    check = TokenVerifier(authority.root.read_bytes()).check

    with pytest.raises(Difference, match=r"checkpoint\.50 .* of size 50 of 20"):
        await scene.verify(database=False, check_token=check)


@needs_openssl
async def test_a_timestamp_without_its_checkpoint_is_missed(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)
    (scene.folder / "log" / "checkpoint.20").unlink()

    with pytest.raises(Untrusted, match=r"checkpoint\.20: it is missing"):
        await verify(scene, authority)


@needs_openssl
async def test_the_command_says_how_many_timestamps_it_has_checked(
    scene: Scene, asked: HttpAuthority, authority: Authority
) -> None:
    await scene.publish(20)
    await record.stamp(scene.tiles, asked)
    (scene.folder / "keys").mkdir()
    (scene.folder / "keys" / "log.keys").write_text(f"{KEY.write()}\n")

    asked_for = await run_verify(scene, "--timestamps-ca", str(authority.root))
    not_asked = await run_verify(scene)
    no_file = await run_verify(scene, "--timestamps-ca", str(scene.folder / "none.pem"))
    no_chain = await run_verify(scene, "--timestamps-ca", str(scene.folder / "log" / "checkpoint"))

    assert (asked_for["ok"], asked_for["timestamps"]) == (True, 1)
    assert (not_asked["ok"], not_asked["timestamps"]) == (True, None)
    assert "none.pem" in no_file["error"]
    assert "no certificates" in no_chain["error"]


async def run_verify(scene: Scene, *options: str) -> dict[str, Any]:
    """Run the command over a scene's tiles; return what it tells machines."""
    words = ["audit", "verify", "--tiles-only", "--json", "--home", str(scene.folder), *options]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pitboss", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


@dataclass(slots=True)
class FickleAuthority:
    """An authority that is away at first."""

    away: int
    asked: list[bytes] = field(default_factory=list)

    async def stamp(self, data: bytes) -> bytes:
        """Return no token that anybody would believe, which is not asked here."""
        self.asked.append(data)
        if len(self.asked) <= self.away:
            raise AuthorityFailed("away")
        return b"token"


async def test_an_authority_that_is_away_is_asked_again_and_holds_up_no_checkpoint(
    scene: Scene,
) -> None:
    authority, stop = FickleAuthority(away=2), asyncio.Event()
    dated: asyncio.Queue[int] = asyncio.Queue()
    failures: list[None] = []
    stamping = Stamping(
        tiles=scene.tiles,
        authority=authority,
        every_seconds=0.01,
        told=dated.put_nowait,
        failed=lambda: failures.append(None),
    )
    running = asyncio.create_task(stamping.run(stop))

    async with asyncio.timeout(30):
        first = await scene.publish(10)
        assert await dated.get() == first.size
        published = await scene.publish(20)
        assert await dated.get() == published.size
    stop.set()
    await running

    assert (len(failures), dated.empty()) == (2, True)
    assert scene.tiles.read("checkpoint.30") == authority.asked[-1] == published.note.encode()
    assert scene.tiles.read("checkpoint.30.tsr") == b"token"


async def test_who_is_not_the_sequencer_dates_nothing(scene: Scene) -> None:
    authority, stop = FickleAuthority(away=0), asyncio.Event()
    await scene.publish(10)
    looks = iter([False, False])

    def may() -> bool:
        if next(looks, None) is None:
            stop.set()
        return False

    await Stamping(tiles=scene.tiles, authority=authority, every_seconds=0.01, may=may).run(stop)

    assert authority.asked == []
