"""Whether the facts of a shard are an unbroken chain: a walk along it, in order.  Pure.

The hashes are computed here anew, from the bytes alone, by nobody's code that wrote them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from pitboss.kernel.shards import Shard
from pitboss.messages.model import NO_HASH, Head, SealedFact


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a fact's bytes besides what happened."""

    data: msgspec.Raw
    prev: str
    rec: str
    seq: int
    shard: int
    stream: str
    ver: int


class ChainWalk:
    """Walks along a shard's facts and notes where they do not join."""

    def __init__(self, shard: Shard) -> None:
        self.broken: list[str] = []
        self.facts = 0
        self._shard = shard
        self._hash = NO_HASH.hex()
        self._versions: dict[str, int] = {}

    def step(self, fact: SealedFact, envelope: Envelope) -> None:
        """Take the next fact, with its envelope as read from its bytes."""
        self.facts += 1
        place = f"shard {self._shard}, seq {fact.seq}"
        version = self._versions.get(fact.stream, 0) + 1
        self.broken += (f"{place}: {what}" for what in self._faults(fact, envelope, version))
        self._versions[fact.stream] = version
        self._hash = hashlib.sha256(b"\x00" + fact.body).hexdigest()

    def end(self, head: Head) -> None:
        """Hold the end of the chain against the head of its shard."""
        if head.seq != self.facts:
            self.broken.append(
                f"shard {self._shard}: {self.facts} facts, but the head is at seq {head.seq}"
            )
        if head.hash.hex() != self._hash:
            self.broken.append(f"shard {self._shard}: the head has another hash than the last fact")

    def _faults(self, fact: SealedFact, envelope: Envelope, version: int) -> Iterator[str]:
        if fact.seq != self.facts:
            yield f"seq {self.facts} was expected"
        if fact.version != version:
            yield f"version {fact.version} of its stream, {version} was expected"
        if envelope.prev != self._hash:
            yield "it does not name the hash of the fact before"
        said = (envelope.shard, envelope.seq, envelope.stream, envelope.ver)
        if said != (self._shard, fact.seq, fact.stream, fact.version):
            yield "its bytes say that it belongs elsewhere"
