"""The generator's process, started for a test as it is started in earnest, and a raw way to ask."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pitboss.app.rng import ROOM, command

START_SECONDS_MAX = 30.0
ANSWER_SECONDS_MAX = 20.0


def copy_room(folder: Path) -> Path:
    """Copy the room, and the package it lies in, where a test may change it; return the room."""
    package = folder / "pitboss"
    package.mkdir(parents=True)
    shutil.copy(ROOM.parent / "__init__.py", package)
    shutil.copytree(ROOM, package / "rng", ignore=shutil.ignore_patterns("__pycache__"))
    return package / "rng"


@contextlib.contextmanager
def serving(path: Path, *words: str, room: Path = ROOM) -> Iterator[subprocess.Popen[bytes]]:
    """Have the process serve on this path, and end it."""
    with subprocess.Popen(
        command("serve", str(path), *words, room=room),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until_served(path, process)
            yield process
        finally:
            process.kill()


def until_served(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = process.stderr.read() if process.stderr else b""
            raise AssertionError(f"it ended with {process.returncode}: {said.decode()}")
        with contextlib.suppress(OSError), connected(path):
            return
        time.sleep(0.02)
    raise AssertionError("it does not listen")


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """Lend a connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS_MAX)
        connection.connect(str(path))
        yield connection


def framed(message: object) -> bytes:
    """Return a message as it goes over the socket."""
    data = json.dumps(message).encode()
    return len(data).to_bytes(4, "big") + data


def exactly(connection: socket.socket, size: int) -> bytes:
    """Receive so many bytes; fewer, if the other side has closed."""
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data


def answer_on(connection: socket.socket) -> dict[str, Any]:
    """Receive one answer."""
    size = int.from_bytes(exactly(connection, 4), "big")
    answer: dict[str, Any] = json.loads(exactly(connection, size))
    return answer


def ask(path: Path, message: object) -> dict[str, Any]:
    """Ask one thing on a connection of its own."""
    with connected(path) as connection:
        connection.sendall(framed(message))
        return answer_on(connection)


def drawing(draw_id: str = "d1", **mapping: Any) -> dict[str, Any]:
    """Return a request for a draw: of a number of roulette, if nothing else is said."""
    return {
        "op": "draw",
        "draw_id": draw_id,
        "round_id": "r1",
        "purpose": "spin",
        "mapping": mapping or {"kind": "range", "low": 0, "high": 36, "count": 1},
    }
