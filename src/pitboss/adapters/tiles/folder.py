"""Tiles in a folder, and the last checkpoint in a file: both durable when they say so."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from pitboss.adapters.tiles.written import decode_last, encode_last, moved
from pitboss.audit.record.errors import RecordMoved
from pitboss.audit.record.model import LastCheckpoint

# Far below the number of files that a process may have open.
FILES_AT_ONCE = 128
FLUSHES_AT_ONCE = 64


class FolderStore:
    """A tile store in a folder; a copy of the folder is the full evidence."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        try:
            return (self.folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files; they and the folders that name them are durable on return."""
        wanted = [(self.folder / path, data) for path, data in files]
        folders = {target.parent for target, _ in wanted}
        for folder in list(folders):
            folders.update(_make_folders(folder))
        for start in range(0, len(wanted), FILES_AT_ONCE):
            _replace_all(wanted[start : start + FILES_AT_ONCE])
        for folder in folders:
            _flush(folder)

    def find(self, beginning: str) -> list[str]:
        """Return the paths of the files at the top whose names begin so, in order."""
        found = self.folder.glob(f"{glob.escape(beginning)}*")
        return sorted(path.name for path in found if path.is_file())

    def discard_partial(self, path: str) -> None:
        """Remove the partial files of a tile or bundle whose full one, at this path, is there."""
        shutil.rmtree(self.folder / f"{path}.p", ignore_errors=True)


class FileRecord:
    """The last checkpoint in a file of its own.

    It helps only as far as it lies elsewhere than the database and the tiles, and is never
    restored from a backup together with them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> LastCheckpoint | None:
        """Return what was recorded last; None before anything was.

        Raises:
            StoreDamaged: the file is not one of ours.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return decode_last(data, place=str(self.path))

    def swap(self, before: LastCheckpoint | None, after: LastCheckpoint) -> None:
        """Record a newer checkpoint, durably, if the last one still is `before`.

        Raises:
            RecordMoved: it is not.
        """
        _make_folders(self.path.parent)
        with self._alone():
            now = self.load()
            if now != before:
                raise RecordMoved(moved(str(self.path), now, before))
            _replace_all([(self.path, encode_last(after))])
            _flush(self.path.parent)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _replace_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """Put files in their places, each whole or not at all.

    All are written before the first is flushed, and all are flushed at once: the disk then does
    for many what it does for one, and whoever else flushes does not wait in a queue behind each.
    """
    written: list[tuple[int, Path]] = []
    with contextlib.ExitStack() as handles:
        for target, data in files:
            handle = os.open(_aside(target), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            handles.callback(os.close, handle)
            _write(handle, data)
            written.append((handle, target))
        deque(_flushers().map(os.fdatasync, [handle for handle, _ in written]), maxlen=0)
    for _, target in written:
        _aside(target).replace(target)


@cache
def _flushers() -> ThreadPoolExecutor:
    """Return the threads that wait for the disk; they are made when they are first needed."""
    return ThreadPoolExecutor(FLUSHES_AT_ONCE, "flush")


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
    # The pages begin to be written out now, and whoever flushes them finds them on their way.
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}")


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones whose lists of names have changed."""
    missing = [place for place in (folder, *folder.parents) if not place.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    return [place.parent for place in missing]


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
