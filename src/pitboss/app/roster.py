"""The roster of a home: which processes run, and where each shows its figures.

The file is what Prometheus reads as `file_sd_configs`, so that one line of its configuration finds
every process of an instance, whatever its ports are.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

ROSTER_NAME = "processes.json"


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A running process; `port` is where its `/metrics` are, 0 if it has none."""

    name: str
    pid: int
    host: str
    port: int
    restarts: int = 0


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    targets: tuple[str, ...]
    labels: dict[str, str]


def write_roster(home: Path, posts: Iterable[Post]) -> None:
    """Replace the roster, at once or not at all."""
    targets = [
        _Target(
            targets=(f"{post.host}:{post.port}",) if post.port else (),
            labels={"process": post.name, "pid": str(post.pid), "restarts": str(post.restarts)},
        )
        for post in posts
    ]
    handle, aside = tempfile.mkstemp(dir=home)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(targets))
    Path(aside).chmod(0o644)
    Path(aside).replace(home / ROSTER_NAME)


def read_roster(home: Path) -> tuple[Post, ...]:
    """Return who runs in this home; nobody, if there is no roster."""
    try:
        content = (home / ROSTER_NAME).read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(_post(target) for target in msgspec.json.decode(content, type=list[_Target]))


def _post(target: _Target) -> Post:
    host, _, port = (target.targets[0] if target.targets else ":0").rpartition(":")
    return Post(
        name=target.labels["process"],
        pid=int(target.labels["pid"]),
        host=host,
        port=int(port),
        restarts=int(target.labels["restarts"]),
    )
