"""A small log as files: facts sealed by the platform's own rules, grown in steps, signed."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Shard
from pitboss.messages.model import NO_HASH, Head, Publication
from pitboss.messages.rules import seal
from pitboss.tlog import tree
from pitboss.tlog.checkpoints import Checkpoint, sign_checkpoint
from pitboss.tlog.keys import SigningKey
from pitboss.tlog.notes import Note, NoteSigner
from pitboss.tlog.proofs import LogProof
from pitboss.tlog.tiles import Frontier, TileNodes, grow_bundles

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
KEY = SigningKey.generate("audit.operator.example/mt-2026h2", SeededEntropy("made log"))
STEPS = (1, 255, 256, 300, 700)
SHARDS = (3, 5, 64)
SALT = bytes(range(32))
NAME = 'Zoë "the" O\'Néill\u2028\x1f'


class NameGiven(Fact, frozen=True, kw_only=True, tag="name.given"):
    """A fact that commits to a name without telling it."""

    text: str
    pd: dict[str, str]


@dataclass(frozen=True)
class MadeLog:
    """A log in memory and in a folder; `notes` are its signed checkpoints by size."""

    folder: Path
    bodies: Sequence[bytes]
    notes: dict[int, Note] = field(default_factory=dict)

    def prove(self, index: int, *, size: int | None = None) -> LogProof:
        """Return the proof of an entry that the folder gives."""
        of = len(self.bodies) if size is None else size
        read = TileNodes(of, lambda tile: (self.folder / tile.path).read_bytes())
        path = tuple(tree.inclusion_proof(index, of, read))
        return LogProof(index=index, path=path, note=self.notes[of], extra=self.bodies[index])

    def extract(self, stream: str) -> dict[str, Any]:
        """Return the extract of a stream, with the name that its first fact commits to."""
        facts = [json.loads(body) for body in self.bodies]
        chosen = [index for index, fact in enumerate(facts) if fact["stream"] == stream]
        return {
            "format": "pitboss-extract/1",
            "about": {"player": stream, "from": facts[0]["rec"], "to": facts[-1]["rec"]},
            "checkpoint": str(self.notes[len(self.bodies)]),
            "facts": [
                {
                    "index": index,
                    "body": base64.b64encode(self.bodies[index]).decode(),
                    "path": [base64.b64encode(h).decode() for h in self.prove(index).path],
                }
                for index in chosen
            ],
            "opened": [
                {
                    "fact": facts[chosen[0]]["id"],
                    "path": "/given_name",
                    "salt": SALT.hex(),
                    "value": NAME,
                }
            ],
        }


def seal_bodies(count: int) -> list[bytes]:
    """Return the facts of three shards with two streams each, in an order of all."""
    value = json.dumps(NAME, ensure_ascii=False).encode()
    committed = {"/given_name": hashlib.sha256(SALT + value).hexdigest()}
    publications = [
        Publication(
            shard=Shard(SHARDS[number % 3]),
            stream=stream_of(number),
            fact=NameGiven(text=f"fact {number} é", pd=committed),
            cause=None,
        )
        for number in range(count)
    ]
    heads = {
        Shard(shard): Head(shard=Shard(shard), epoch=1, seq=0, hash=NO_HASH) for shard in SHARDS
    }
    ids = [f"01938f00-0000-7000-8000-{number:012}" for number in range(count)]
    facts, _, _ = seal(heads, {}, publications, ids=ids, recorded_at=NOW, actor="pitboss")
    return [fact.body for fact in facts]


def stream_of(number: int) -> str:
    """Return the stream that a fact of `seal_bodies` is in."""
    return f"01938f00-0000-7000-8000-{number % 6:012x}"


def write_log(
    folder: Path, bodies: Sequence[bytes], *, steps: Sequence[int] = STEPS, key: SigningKey = KEY
) -> MadeLog:
    """Write a log that grew in steps, with a checkpoint at each; the last is the log's own."""
    log = MadeLog(folder, bodies)
    frontier, last = Frontier(), b""
    for stop in steps:
        new = bodies[frontier.size : stop]
        bundles = grow_bundles(frontier.size, last, new)
        frontier, tiles = frontier.grow(tree.leaf_hashes(new))
        files = {tile.path: data for tile, data in tiles}
        files |= {bundle.path: data for bundle, data in bundles}
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        last = bundles[-1][1] if bundles and stop % 256 else b""
        checkpoint = Checkpoint(origin=key.name, size=stop, root=frontier.root)
        log.notes[stop] = sign_checkpoint(checkpoint, [NoteSigner(key)])
        (folder / f"checkpoint.{stop}").write_text(str(log.notes[stop]))
        (folder / "checkpoint").write_text(str(log.notes[stop]))
    return log


def write_tidied_log(folder: Path) -> MadeLog:
    """Write a log of 300 whose partial tiles somebody took away when it had grown to 600."""
    log = write_log(folder, seal_bodies(600), steps=(300, 600))
    (folder / "checkpoint").write_text(str(log.notes[300]))
    for name in ("0", "entries"):
        shutil.rmtree(folder / "tile" / name / "001.p")
    return log
