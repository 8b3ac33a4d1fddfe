"""The folder of an installation: its database, its secrets, its logs, and who may run in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pitboss.kernel.errors import PlatformError

SECRET_BYTES = 32


class HomeTaken(PlatformError):
    """Another pitboss runs in this home."""


class HomeUnusable(PlatformError):
    """The home's folder cannot be made, read or written."""


class Home:
    """What lies where under one home; folders are made when they are first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self._folder("logs")

    @property
    def sandbox(self) -> Path:
        """The folder of the sandbox payment provider, which knows nothing else of us."""
        return self._folder("sandbox")

    @property
    def tiles(self) -> Path:
        """The folder of the log's tiles; a copy of it is the whole evidence."""
        return self._folder("log")

    @property
    def last_checkpoint(self) -> Path:
        """The file that remembers the last checkpoint, if it does not lie elsewhere."""
        return self._folder("record") / "last-checkpoint.json"

    @property
    def halt(self) -> Path:
        """The file that says why nothing of the log may be signed, while that is so."""
        return self._folder("record") / "halted"

    @property
    def rng_socket(self) -> Path:
        """Where the generator of the games listens, if not elsewhere."""
        return self._folder("rng") / "socket"

    def key_file(self, name: str, first: Callable[[], str]) -> str:
        """Return the content of a file of keys, which is made when it is first asked for.

        Raises:
            HomeUnusable: it cannot be read or written, or is no text.
        """
        path = self._folder("keys") / name
        with self._used():
            if not path.exists():
                _write_once(path, first().encode())
            content = path.read_bytes()
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise HomeUnusable(f"{path} is no file of keys: {error}") from error

    @contextlib.contextmanager
    def changing_keys(self) -> Iterator[None]:
        """Let one at a time change a file of keys, which is to read it first and then write it.

        Raises:
            HomeUnusable: there can be no such folder.
        """
        with self._used():
            lock = os.open(self._folder("keys") / "changing.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def replace_key_file(self, name: str, content: str) -> None:
        """Put other keys in the place of those in a file; a crash leaves the old or the new.

        Raises:
            HomeUnusable: it cannot be written.
        """
        path = self._folder("keys") / name
        aside = path.with_suffix(".new")
        with self._used():
            aside.unlink(missing_ok=True)
            _write_once(aside, content.encode())
            aside.replace(path)

    def secret(self, name: str) -> bytes:
        """Return a secret of this home, drawn when it is first asked for.

        Two processes that ask at once get the same one; a crash leaves it whole or not at all.

        Raises:
            HomeUnusable: it cannot be read or written.
        """
        path = self._folder("keys") / f"{name}.secret"
        with self._used():
            if not path.exists():
                _write_once(path, secrets.token_bytes(SECRET_BYTES))
            return path.read_bytes()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Keep any other supervisor out of this home while this one runs.

        Raises:
            HomeTaken: there is one already.
            HomeUnusable: there can be no such folder.
        """
        with self._used():
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeTaken(
                    f"another pitboss runs in {self.path}; stop it, or name another --home"
                ) from None
            yield
        finally:
            os.close(lock)

    def _folder(self, name: str) -> Path:
        folder = self.path / name
        with self._used():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HomeUnusable(f"{self.path} cannot be a home: {error}") from error


def _write_once(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, unless somebody was faster."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where a rename would replace what another process already uses.
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        Path(aside).unlink()
