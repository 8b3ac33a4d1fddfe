"""How the record follows from facts: pure, and the same for who writes and for who checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import ChainEnd, Envelope
from pitboss.audit.record.ports import CHECKPOINT_PATH
from pitboss.kernel.shards import Shard
from pitboss.tlog.writing import parse_number

NO_LEAF = bytes(32)
KEPT_BEGINNING = f"{CHECKPOINT_PATH}."
_TSR = ".tsr"
_read_envelope = msgspec.json.Decoder(Envelope).decode


@dataclass(slots=True)
class Chains:
    """Follows the chain of each shard, and the versions of each stream, from fact to fact."""

    ends: dict[Shard, ChainEnd] = field(default_factory=dict)
    # By shard and stream; None if they are not followed.
    versions: dict[tuple[Shard, str], int] | None = None
    # Who joins in the middle believes the first fact of each shard and of each stream.
    joining: bool = False

    def follow(self, entries: Sequence[bytes], leaves: Sequence[bytes], first: int) -> None:
        """Follow these entries, the first of which has this index, to their leaf hashes.

        Raises:
            Difference: one is no fact, or not the one that its shard or its stream goes on with.
        """
        for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), start=first):
            try:
                envelope = _read_envelope(entry)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Difference(
                    "an entry that is no fact", index=index, wanted="a fact", found=str(error)
                ) from None
            self._link(envelope, leaf, index)

    def _link(self, envelope: Envelope, leaf: bytes, index: int) -> None:
        shard = envelope.shard
        end = self.ends.get(shard)
        seq, previous = (0, NO_LEAF) if end is None else (end.seq, end.leaf)
        if end is None and self.joining:
            seq, previous = envelope.seq - 1, bytes.fromhex(envelope.prev)
        if envelope.seq != seq + 1:
            raise Difference(
                f"the chain of shard {shard}",
                index=index,
                wanted=f"seq {seq + 1}",
                found=f"seq {envelope.seq}",
            )
        if envelope.prev != previous.hex():
            raise Difference(
                f"the chain of shard {shard}, seq {envelope.seq}",
                index=index,
                wanted=f"the hash before it, {previous.hex()},",
                found=envelope.prev,
            )
        self.ends[shard] = ChainEnd(seq=envelope.seq, leaf=leaf)
        if self.versions is not None:
            self._count(envelope, index, self.versions)

    def _count(
        self, envelope: Envelope, index: int, versions: dict[tuple[Shard, str], int]
    ) -> None:
        stream = (envelope.shard, envelope.stream)
        version = versions.get(stream, 0) + 1
        if self.joining and stream not in versions:
            version = envelope.ver
        if envelope.ver != version:
            raise Difference(
                f"stream {envelope.stream}",
                index=index,
                wanted=f"version {version}",
                found=f"version {envelope.ver}",
            )
        versions[stream] = version


def read_envelope(entry: bytes) -> Envelope:
    """Return what a fact says of where it belongs."""
    return _read_envelope(entry)


def kept_path(size: int) -> str:
    """Return where the checkpoint of a size is kept, byte for byte, once it has a timestamp."""
    return f"{KEPT_BEGINNING}{size}"


def token_path(size: int) -> str:
    """Return where the timestamp of that checkpoint is."""
    return f"{kept_path(size)}{_TSR}"


def token_sizes(paths: Iterable[str]) -> list[int]:
    """Return the sizes of the tokens among these files, in order.

    Raises:
        Unreadable: one is named like a token, and of no size.
    """
    names = (path for path in paths if path.startswith(KEPT_BEGINNING) and path.endswith(_TSR))
    return sorted(
        parse_number(name.removeprefix(KEPT_BEGINNING).removesuffix(_TSR), what=name)
        for name in names
    )
