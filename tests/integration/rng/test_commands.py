"""`pitboss rng` from the manifest to the draw, as a laboratory and an operator go through it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pitboss.adapters.rng import RngAway, RngClient
from pitboss.app.rng import socket_of
from pitboss.app.supervisor import Supervisor, programs_of
from pitboss.rng.manifest import hash_of_room
from pitboss.settings import RngSettings, Settings
from rng_process import ask, drawing, until_served

LAB = "lab.example/rng"


def pitboss(folder: Path, *words: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Run a command in a home of the test's; return its status and what it said last."""
    done = subprocess.run(
        [sys.executable, "-m", "pitboss", "rng", *words, "--json"],
        cwd=folder,
        env={**os.environ, "PITBOSS_HOME": str(folder / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, said


def sign(folder: Path) -> str:
    """Measure and sign, as a laboratory does; return its verifier key."""
    status, measured = pitboss(folder, "manifest", "--output", "rng.json")
    assert status == 0
    assert measured["code_hash"] == json.loads((folder / "rng.json").read_text())["code_hash"]
    status, signed = pitboss(
        folder,
        *("sign", "rng.json", "--name", LAB, "--certificate", "LAB-7", "--laboratory", "Lab"),
        *("--issued", "2026-11-26", "--licence", "GB", "--output", "rng.note"),
    )
    assert status == 0
    assert pitboss(folder, "key", "--name", LAB)[1]["key"] == signed["key"]
    return str(signed["key"])


def test_what_was_signed_is_verified_served_and_named(tmp_path: Path) -> None:
    key = sign(tmp_path)

    status, verified = pitboss(tmp_path, "verify", "rng.note", "--key", key)
    assert (status, verified["certificate"]["number"]) == (0, "LAB-7")
    assert pitboss(tmp_path, "verify", "rng.note", "--key", "lab")[0] == 1

    setting = RngSettings(manifest=tmp_path / "rng.note", key=key).model_dump_json()
    path = socket_of(Settings(home=tmp_path / "home"))
    with subprocess.Popen(
        [sys.executable, "-m", "pitboss", "rng", "serve"],
        env={**os.environ, "PITBOSS_HOME": str(tmp_path / "home"), "PITBOSS_RNG": setting},
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until_served(path, process)
            assert ask(path, drawing())["ok"]
            for command in ("status", "check", "selftest"):
                status, told = pitboss(tmp_path, command)
                assert (status, told["may_draw"]) == (0, True)
                assert told["certificate"]["licences"] == ["GB"]
            # The process is the room alone: nothing else of pitboss is in its memory.
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            assert b"-I" in words
            assert b"site-packages" not in Path(f"/proc/{process.pid}/maps").read_bytes()
        finally:
            process.kill()
    assert pitboss(tmp_path, "status")[0] == 1


def test_one_that_may_not_draw_fails_its_status(tmp_path: Path) -> None:
    key = sign(tmp_path)
    setting = RngSettings(manifest=tmp_path / "gone.note", key=key).model_dump_json()
    path = socket_of(Settings(home=tmp_path / "home"))
    with subprocess.Popen(
        [sys.executable, "-m", "pitboss", "rng", "serve"],
        env={**os.environ, "PITBOSS_HOME": str(tmp_path / "home"), "PITBOSS_RNG": setting},
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until_served(path, process)
            status, told = pitboss(tmp_path, "status")
        finally:
            process.kill()

    assert (status, told["ok"], told["may_draw"]) == (1, False, False)
    assert "cannot be read" in told["why_not"]


def test_exports_say_what_they_are_and_map_again(tmp_path: Path) -> None:
    status, raw = pitboss(tmp_path, "export", "--bytes", "100000", "--output", "raw.bin")
    assert status == 0
    content = (tmp_path / "raw.bin").read_bytes()
    beside = json.loads((tmp_path / "raw.bin.json").read_text())
    assert len(content) == raw["file_bytes"] == 100_000
    assert beside["sha256"] == hashlib.sha256(content).hexdigest()

    mapping = '{"kind": "shuffle", "size": 52, "count": 5}'
    status, _ = pitboss(
        tmp_path, "export", "--mapping", mapping, "--draws", "50", "--output", "draws"
    )
    assert status == 0
    assert pitboss(tmp_path, "replay", "draws") == (0, {"ok": True, "draws": 50})
    lines = (tmp_path / "draws").read_text().splitlines()
    assert json.loads(lines[0])["code_hash"] == beside["rng"]["code_hash"]

    spoilt = json.loads(lines[7])
    spoilt["values"][0], spoilt["values"][1] = spoilt["values"][1], spoilt["values"][0]
    lines[7] = json.dumps(spoilt)
    (tmp_path / "draws").write_text("\n".join(lines))
    status, said = pitboss(tmp_path, "replay", "draws")
    assert (status, said["error"].startswith("line 8: ")) == (1, True)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"[" * 100_000, b"", b"{}"])
def test_a_file_that_is_none_of_ours_is_told_in_a_line(tmp_path: Path, content: bytes) -> None:
    """A traceback would say that we are at fault, and not which file or line is."""
    (tmp_path / "file").write_bytes(content + b"\n")

    _, signed = pitboss(
        tmp_path,
        *("sign", "file", "--name", LAB, "--certificate", "LAB-7", "--laboratory", "Lab"),
        *("--issued", "2026-11-26", "--licence", "GB"),
    )
    _, replayed = pitboss(tmp_path, "replay", "file")

    assert (signed["ok"], signed["error"].startswith("MANIFEST: ")) == (False, True)
    assert (replayed["ok"], replayed["error"].startswith("line 1: ")) == (False, True)


@pytest.mark.parametrize(
    "mapping", ["no", "[]", '{"kind":"dice","count":1}', pytest.param("[" * 100_000, id="deep")]
)
def test_what_is_no_mapping_is_not_exported(tmp_path: Path, mapping: str) -> None:
    status, said = pitboss(tmp_path, "export", "--mapping", mapping)

    assert (status, said["ok"]) == (1, False)
    assert "Error" not in said["error"]


def test_the_generator_that_would_be_certified_passes_its_tests(tmp_path: Path) -> None:
    """Its entropy is new each time, so one run in a hundred may reject: a second one must not."""
    words = "test", "--bytes", str(1 << 18), "--quick", "--output", "report"
    status, said = pitboss(tmp_path, *words)
    if said["rejected"]:
        status, said = pitboss(tmp_path, *words)

    assert (status, said["rejected"]) == (0, [])
    # With both suites; each is left out, and said to be, where it is not installed.
    whole = shutil.which("dieharder") and find_spec("sp80022suite")
    assert said["tests"] > (70 if whole else 30)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["what"]["origin"] == "the generator of this build"
    assert report["what"]["certificate"] is None
    assert report["what"]["rng"]["code_hash"] == hash_of_room()


def test_a_report_names_the_certificate_that_the_build_was_found_to_be_of(tmp_path: Path) -> None:
    key = sign(tmp_path)
    setting = RngSettings(manifest=tmp_path / "rng.note", key=key).model_dump_json()
    words = "test", "--bytes", str(1 << 16), "--quick", "--output", "report"

    pitboss(tmp_path, *words, PITBOSS_RNG=setting)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    other = RngSettings(manifest=tmp_path / "gone.note", key=key).model_dump_json()
    status, said = pitboss(tmp_path, *words, PITBOSS_RNG=other)

    assert report["what"]["certificate"]["number"] == "LAB-7"
    assert (status, "cannot be read" in said["error"]) == (1, True)


@pytest.mark.parametrize("name", ["the certified process", "the generator of this build"])
def test_a_report_about_a_file_claims_no_build_whatever_the_file_is_called(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(os.urandom(1 << 16))

    pitboss(tmp_path, "test", "--file", name, "--quick", "--output", "report")

    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert not {"rng", "certificate"} & set(report["what"])
    assert report["what"]["origin"] == f"the file {name}"


def test_a_bad_generator_of_somebody_elses_fails_the_command(tmp_path: Path) -> None:
    (tmp_path / "bad.bin").write_bytes(bytes(number * 7 % 256 for number in range(1 << 18)))

    status, said = pitboss(tmp_path, "test", "--file", "bad.bin", "--quick", "--output", "report")

    assert (status, said["ok"]) == (1, False)
    assert "own: raw: repeated blocks" in said["rejected"]


def test_an_instance_runs_a_generator_if_it_is_told_to() -> None:
    without, having = Settings(), Settings(rng=RngSettings())

    assert "rng" not in [program.name for program in programs_of(without)]
    assert ("rng", ("rng", "serve")) in [
        (program.name, program.words) for program in programs_of(having)
    ]


async def test_a_supervisor_starts_it_again_and_it_ends_with_the_supervisor(
    tmp_path: Path,
) -> None:
    settings = Settings(
        home=tmp_path / "home", rng=RngSettings(), database_url="postgresql://nobody@nowhere/none"
    )
    settings.home.mkdir()
    programs = [program for program in programs_of(settings) if program.name == "rng"]
    supervisor = Supervisor(settings=settings, programs=programs)
    stop = asyncio.Event()
    running = asyncio.create_task(supervisor.run(stop))
    client = RngClient(socket_of(settings))
    try:
        first = await until_answered(client)
        os.kill(supervisor.pids["rng"], signal.SIGKILL)
        second = await until_answered(client, other_than=first)
    finally:
        stop.set()
        await running
        await client.close()

    assert second != first
    assert supervisor.restarts["rng"] >= 1
    with pytest.raises(RngAway):
        await client.status()


async def until_answered(client: RngClient, *, other_than: str = "") -> str:
    """Wait until the generator answers, and return the name of its start."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(RngAway):
                instance = str((await client.status())["instance"])
                if instance != other_than:
                    return instance
            await asyncio.sleep(0.05)
