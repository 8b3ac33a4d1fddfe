"""What a witness remembers: one file a log, with the latest checkpoint that it cosigned.

Comparing and storing is one step under a lock that other processes respect too, and what is stored
is on the disk before anybody is answered.  A crash leaves the old checkpoint or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pitboss.tlog.notes import Note, parse_note

T = TypeVar("T")

_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Record:
    """The folder of checkpoints."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def find(self, name: str) -> Note | None:
        """Return the latest checkpoint of a log, by the `log_name` of its origin.

        Raises:
            Unreadable: the file is not what was written; nothing may be cosigned after it.
            OSError: it cannot be read.
        """
        if not _NAME.fullmatch(name):
            return None
        try:
            return parse_note(self._path(name).read_bytes())
        except FileNotFoundError:
            return None

    def advance(self, origin: str, decide: Callable[[Note | None], Note | T]) -> Note | T:
        """Ask what follows the latest checkpoint of a log, and store that if it is a checkpoint.

        Nobody else can ask or store in between.

        Raises:
            Unreadable: the latest checkpoint is not what was written.
            OSError: it cannot be read, or the new one cannot be stored.
        """
        name = log_name(origin)
        with self._locked(name):
            decided = decide(self.find(name))
            if isinstance(decided, Note):
                self._store(name, decided)
            return decided

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        lock = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _store(self, name: str, note: Note) -> None:
        # One name is enough: whoever writes has the lock, and a crash leaves what is written over.
        aside = self._folder / f"{name}.new"
        with aside.open("wb") as file:
            file.write(str(note).encode())
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path(name))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.checkpoint"


def log_name(origin: str) -> str:
    """Return what a log is called in paths: the SHA-256 of its origin, in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()
