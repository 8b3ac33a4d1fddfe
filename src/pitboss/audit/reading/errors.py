"""What can be wrong with a stored fact."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError
from pitboss.kernel.shards import Shard


class FactUnreadable(PlatformError):
    """A stored fact is not what facts are; the message says which one, and what is wrong.

    `index` is its place in the one order, where it has one and somebody has looked it up.
    """

    def __init__(self, shard: Shard, seq: int, why: str) -> None:
        super().__init__(shard, seq, why)
        self.shard = shard
        self.seq = seq
        self.why = why
        self.index: int | None = None

    def __str__(self) -> str:
        place = "" if self.index is None else f" (index {self.index})"
        return f"fact {self.seq} of shard {self.shard}{place} {self.why}"
