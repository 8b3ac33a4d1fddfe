"""Homes for servers that a test may stop, kill and spoil."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from folders import make_folder
from integration.db.connections import MakeServer
from pitboss.db.embedded import EmbeddedPostgres

SERVER_MEMORY_BYTES = 512 * 1024**2


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    """Give a function that makes a server in a home below a new folder; all end with the test."""
    folder = make_folder("pitboss-tests-")
    made: list[EmbeddedPostgres] = []

    def make(name: str = "home") -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(folder / name, memory_bytes=SERVER_MEMORY_BYTES))
        return made[-1]

    yield make
    for server in made:
        server.stop(immediate=True)
        shutil.rmtree(server.socket_folder, ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made_files() -> Iterator[Path]:
    """Give the files of a server that was started once: to copy, as making them takes longest."""
    folder = make_folder("pitboss-tests-")
    first = EmbeddedPostgres(folder / "home", memory_bytes=SERVER_MEMORY_BYTES)
    first.start()
    first.stop()
    yield first.data
    shutil.rmtree(first.socket_folder, ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture
def new_server(make_server: MakeServer) -> EmbeddedPostgres:
    """Give a server that has never been started."""
    return make_server()


@pytest.fixture
def server(make_server: MakeServer, made_files: Path) -> EmbeddedPostgres:
    """Give a server that was started before, and does not run."""
    stopped = make_server()
    stopped.data.parent.mkdir()
    # With their owner, who is not root.
    subprocess.run(["cp", "-a", str(made_files), str(stopped.data)], check=True)
    return stopped
