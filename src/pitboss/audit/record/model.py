"""Nouns of the record."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard
from pitboss.tlog.notes import Note, Signature

# In one checkpoint; who is behind publishes one after the other, as fast as it goes.
FACTS_MAX = 10_000
EXTRACT_FORMAT = "pitboss-extract/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnd:
    """The last fact of a shard that is in the log: its seq and its leaf hash."""

    seq: int
    leaf: bytes


ChainEnds = Mapping[Shard, ChainEnd]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCheckpoint:
    """What is recorded, apart from database and tiles, of the newest tree that was signed.

    With it a log that was rolled back, or that forked, is known before anything is signed.
    """

    origin: str
    size: int = 0
    root: bytes = b""
    ends: ChainEnds = field(default_factory=dict)


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What of a fact's body says where it belongs."""

    shard: Shard
    seq: int
    prev: str
    stream: str
    ver: int


class Dated(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What of a fact's body says when it was recorded.

    Apart from its place, because all facts are followed and few are asked for their time.
    """

    rec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A checkpoint that was signed and published."""

    size: int
    root: bytes
    note: str
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A witness has seen the checkpoint; its signatures have been checked."""

    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCosigned:
    """A witness has not cosigned, and why.

    `seen` is the size that it says it saw last.  Above our own it means that our log was rolled
    back, or that somebody else has our key; so it does below, if it saw another tree of that size,
    which is what `differs` says.
    """

    why: str
    seen: int | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was checked, and found as it must be.

    `timestamps` is None where nobody said which authority is trusted, and `recorded` where the
    record of the last checkpoint was not asked: above `size`, it is not published yet.
    """

    facts: int
    tiles: int
    shards: int
    streams: int
    checkpoints: int
    recorded: int | None
    timestamps: int | None
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractFact:
    """A fact with the hashes that lead from it to the root of an extract's checkpoint."""

    index: int
    body: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """What the log says of one player in a time, with all that is needed to check it offline."""

    player_id: PlayerId
    since: datetime
    until: datetime
    note: Note
    facts: tuple[ExtractFact, ...]

    def document(self) -> dict[str, object]:
        """Return the file's content, in the format that the regulator's tool reads."""
        return {
            "format": EXTRACT_FORMAT,
            "about": {
                "player": self.player_id,
                "from": write_instant(self.since),
                "to": write_instant(self.until),
            },
            "checkpoint": str(self.note),
            "facts": [
                {
                    "index": fact.index,
                    "body": b64encode(fact.body).decode(),
                    "path": [b64encode(step).decode() for step in fact.path],
                }
                for fact in self.facts
            ],
            "opened": [],
        }
