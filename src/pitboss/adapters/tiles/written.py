"""The last checkpoint as it is written, in whatever keeps it."""

from __future__ import annotations

import msgspec

from pitboss.audit.record.errors import StoreDamaged
from pitboss.audit.record.model import ChainEnd, LastCheckpoint
from pitboss.kernel.shards import Shard


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content."""

    origin: str
    size: int
    root: str
    ends: dict[str, tuple[int, str]]


def encode_last(last: LastCheckpoint) -> bytes:
    """Return the bytes to write; the same checkpoint gives the same bytes."""
    return msgspec.json.encode(
        _Written(
            origin=last.origin,
            size=last.size,
            root=last.root.hex(),
            ends={
                str(shard): (end.seq, end.leaf.hex()) for shard, end in sorted(last.ends.items())
            },
        )
    )


def decode_last(data: bytes, *, place: str) -> LastCheckpoint:
    """Return what was written.

    Args:
        place: where the bytes are from, for the message.

    Raises:
        StoreDamaged: they are not ours.
    """
    try:
        read = msgspec.json.decode(data, type=_Written)
        return LastCheckpoint(
            origin=read.origin,
            size=read.size,
            root=bytes.fromhex(read.root),
            ends={
                Shard(int(shard)): ChainEnd(seq=seq, leaf=bytes.fromhex(leaf))
                for shard, (seq, leaf) in read.ends.items()
            },
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreDamaged(f"{place} cannot be read as a checkpoint: {error}") from error


def moved(place: str, now: LastCheckpoint | None, before: LastCheckpoint | None) -> str:
    """Return how to say that another one publishes the log."""
    return (
        f"the last checkpoint in {place} has size {now.size if now else 0}, and"
        f" {before.size if before else 0} was expected: another one publishes this log"
    )
