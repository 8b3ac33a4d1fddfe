"""The witness as an auditor runs it: a command, a home, a key that it shows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from integration.witness.village import LOG, WITNESS, note_of, proof_up_to
from pitboss.adapters.witnesses import ask_witness
from pitboss.app.parts import free_port
from pitboss.audit.record.model import Cosigned, NotCosigned
from pitboss.tlog.keys import VerifierKey, parse_verifier_key

NAME = "auditor.example/w1"
START_SECONDS_MAX = 30


def command(home: Path, *words: str) -> list[str]:
    """Return what is typed."""
    return [sys.executable, "-m", "pitboss", "witness", *words, "--home", str(home)]


def key_of(home: Path, name: str = NAME) -> VerifierKey:
    """Return the key that the witness shows."""
    typed = command(home, "key", "--name", name, "--json")
    done = subprocess.run(typed, capture_output=True, text=True, check=True)
    return parse_verifier_key(json.loads(done.stdout.splitlines()[-1])["key"])


@contextlib.asynccontextmanager
async def witness_at(home: Path, port: int) -> AsyncIterator[str]:
    """Run a witness and kill it in the end; give its address."""
    typed = command(home, "serve", "--name", NAME, "--log", str(LOG.verifier), "--port", str(port))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PITBOSS_")}
    process = await asyncio.create_subprocess_exec(
        *typed, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(START_SECONDS_MAX), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{url}/healthz")).is_success:
                        break
                await asyncio.sleep(0.05)
        yield url
    finally:
        process.kill()
        await process.wait()


async def test_a_witness_that_was_killed_still_knows_what_it_saw(tmp_path: Path) -> None:
    port, key = free_port("127.0.0.1"), key_of(tmp_path)

    async def ask(url: str, size: int) -> Cosigned | NotCosigned:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await ask_witness(
                client, url, key, note_of(size), old=0, prove=proof_up_to(size)
            )

    async with witness_at(tmp_path, port) as url:
        assert isinstance(await ask(url, 9), Cosigned)
    async with witness_at(tmp_path, port) as url:
        assert await ask(url, 5) == NotCosigned(why="it has seen 9 entries, and we have 5", seen=9)
        assert isinstance(await ask(url, 10), Cosigned)


def test_each_name_has_a_key_of_its_own_that_stays(tmp_path: Path) -> None:
    first, again, other = (key_of(tmp_path, name) for name in (NAME, NAME, "auditor.example/w2"))

    assert first == again
    assert first.public != other.public


@pytest.mark.parametrize(
    ("name", "log", "why"),
    [
        ("a witness", str(LOG.verifier), "key name: 'a witness' is empty, or has a space"),
        (NAME, "nonsense", "verifier key"),
        (NAME, str(WITNESS.verifier), "--log: witness.example/w is of type 4"),
    ],
)
def test_what_cannot_be_watched_is_said_in_one_line(
    tmp_path: Path, name: str, log: str, why: str
) -> None:
    port = str(free_port("127.0.0.1"))
    typed = command(tmp_path, "serve", "--name", name, "--log", log, "--port", port)

    done = subprocess.run(typed, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"error: {why}" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr
