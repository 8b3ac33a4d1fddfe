"""What the record needs of the world: a place for its tiles, a record of its last size, and others
who saw it: witnesses, and an authority that knows the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from pitboss.audit.record.model import Cosigned, LastCheckpoint, NotCosigned
from pitboss.tlog.keys import VerifierKey
from pitboss.tlog.notes import Note

CHECKPOINT_PATH = "checkpoint"

# Returns when these bytes (the second) were there at the latest, by a token (the first); raises
# `Untrusted` if the token does not say that.
TokenCheck = Callable[[bytes, bytes], datetime]


class TileStore(Protocol):
    """Keeps files by path; what is written once as a full tile is never changed."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is none."""
        ...

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files; they are durable on return.  Writing one again with the same bytes is
        harmless."""
        ...

    def find(self, beginning: str) -> Sequence[str]:
        """Return the paths of the files at the top whose names begin so, in order."""
        ...

    def discard_partial(self, path: str) -> None:
        """Forget the partial files of a tile or bundle whose full one, at this path, is there.

        Asking again is harmless; a store may keep them as well.
        """
        ...


class CheckpointRecord(Protocol):
    """Remembers the last checkpoint, apart from database and tiles."""

    def load(self) -> LastCheckpoint | None:
        """Return what was recorded last; None before anything was."""
        ...

    def swap(self, before: LastCheckpoint | None, after: LastCheckpoint) -> None:
        """Record a newer checkpoint, durably, if the last one still is `before`.

        Raises:
            RecordMoved: it is not.
        """
        ...


class Witness(Protocol):
    """Somebody else who cosigns our checkpoints, as long as each goes on from the one before."""

    @property
    def key(self) -> VerifierKey:
        """Its public key, which has its name."""
        ...

    async def cosign(self, note: Note, tiles: TileStore) -> Cosigned | NotCosigned:
        """Ask for a cosignature of a signed checkpoint; answers within a time that is bounded."""
        ...


class Halt(Protocol):
    """Remembers, across the death of the process, that nothing may be signed, and why."""

    def load(self) -> str | None:
        """Return why nothing may be signed; None if it may be."""
        ...

    def save(self, why: str) -> None:
        """Let nothing be signed any more; durable on return."""
        ...


class TimestampAuthority(Protocol):
    """Who says, so that others believe it, that something was there at a time."""

    async def stamp(self, data: bytes) -> bytes:
        """Return an RFC 3161 answer, in DER, with a token over these bytes.

        Raises:
            Fault: there is none now.
        """
        ...
