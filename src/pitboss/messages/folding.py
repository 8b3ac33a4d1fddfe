"""The heads of shards and streams, from the stored facts alone: the chain is walked again."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table
from pitboss.kernel.shards import Shard
from pitboss.messages.model import NO_HASH, SealedFact

from .rules import leaf_hash

_VERSION = 1


class HeadFold(Fold):
    """Where the shard and each of its streams have got to."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.heads = Table(
            "shard_head",
            key=(),
            columns=("seq", "head_hash"),
            untold={"epoch": "whose turn it is to write, not what was written"},
        )
        self.streams = Table("stream_head", key=("stream",), columns=("stream", "version"))
        super().__init__(self.heads, self.streams)
        self.heads.add([0, NO_HASH])
        self._seq, self._hash = 0, NO_HASH

    def follow(self, sealed: SealedFact, previous: str) -> None:
        """Take the next fact of the shard; `previous` is the hash that it names."""
        stream, streams = sealed.stream, self.streams.rows
        head = streams.get(stream)
        if head is None:
            head = streams[stream] = [stream, 0]
        head[_VERSION] += 1
        if (
            sealed.seq != self._seq + 1
            or previous != self._hash.hex()
            or head[_VERSION] != sealed.version
        ):
            self._break(sealed, previous, head[_VERSION])
        self._seq, self._hash = sealed.seq, leaf_hash(sealed.body)

    def end(self) -> None:
        """Write where the shard has got to, once all its facts were taken."""
        self.heads.add([self._seq, self._hash])

    def _break(self, sealed: SealedFact, previous: str, version: int) -> None:
        self.oddities.append(
            f"fact {sealed.seq} of shard {self.shard} follows fact {self._seq} with hash"
            f" {self._hash.hex()}, and names {previous}; it is version {sealed.version} of its"
            f" stream, and comes as number {version}"
        )
