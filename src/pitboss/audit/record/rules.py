"""How the record follows from facts: pure, and the same for who writes and for who checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import ChainEnd, Dated, Envelope
from pitboss.audit.record.ports import CHECKPOINT_PATH
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import Shard
from pitboss.tlog.writing import parse_number

NO_LEAF = bytes(32)
KEPT_BEGINNING = f"{CHECKPOINT_PATH}."
_TSR = ".tsr"
_read_dated = msgspec.json.Decoder(Dated).decode
_read_envelope = msgspec.json.Decoder(Envelope).decode


@dataclass(slots=True)
class Chains:
    """Follows the chain of each shard, and the versions of each stream, from fact to fact."""

    ends: dict[Shard, ChainEnd] = field(default_factory=dict)
    # By shard, then by stream; None if they are not followed.
    versions: dict[Shard, dict[str, int]] | None = None
    # Who joins in the middle believes the first fact of each shard and of each stream.
    joining: bool = False

    def follow(self, entries: Sequence[bytes], leaves: Sequence[bytes], first: int) -> None:
        """Follow these entries, the first of which has this index, to their leaf hashes.

        Raises:
            Difference: one is no fact, or not the one that its shard or its stream goes on with.
        """
        shard, seq, previous, versions = None, 0, NO_LEAF, None
        for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), start=first):
            envelope = _read_entry(entry, index)
            # Facts stand in runs of one shard, and its end is looked up once for each.
            if envelope.shard != shard:
                self._leave(shard, seq, previous)
                shard = envelope.shard
                seq, previous = self._enter(envelope)
                if self.versions is not None:
                    versions = self.versions.setdefault(shard, {})
            if envelope.seq != seq + 1 or envelope.prev != previous.hex():
                raise _broken(envelope, seq, previous, index)
            seq, previous = seq + 1, leaf
            if versions is not None:
                if envelope.ver != versions.get(envelope.stream, 0) + 1:
                    self._check_version(envelope, index, versions)
                versions[envelope.stream] = envelope.ver
        self._leave(shard, seq, previous)

    def _enter(self, envelope: Envelope) -> tuple[int, bytes]:
        """Return the seq and the leaf hash that the chain of this fact's shard has come to."""
        end = self.ends.get(envelope.shard)
        if end is not None:
            return end.seq, end.leaf
        if not self.joining:
            return 0, NO_LEAF
        try:
            return envelope.seq - 1, bytes.fromhex(envelope.prev)
        except ValueError:
            # Nothing is written so, and the fact is told to be the wrong one.
            return envelope.seq - 1, NO_LEAF

    def _leave(self, shard: Shard | None, seq: int, leaf: bytes) -> None:
        if shard is not None:
            self.ends[shard] = ChainEnd(seq=seq, leaf=leaf)

    def _check_version(self, envelope: Envelope, index: int, versions: dict[str, int]) -> None:
        """Refuse a version that does not go on, unless the stream was joined in the middle."""
        if self.joining and envelope.stream not in versions:
            return
        raise Difference(
            f"stream {envelope.stream}",
            index=index,
            wanted=f"version {versions.get(envelope.stream, 0) + 1}",
            found=f"version {envelope.ver}",
        )


def _read_entry(entry: bytes, index: int) -> Envelope:
    try:
        return _read_envelope(entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Difference(
            "an entry that is no fact", index=index, wanted="a fact", found=str(error)
        ) from None


def _broken(envelope: Envelope, seq: int, previous: bytes, index: int) -> Difference:
    """Return how a fact differs from the one that its shard's chain goes on with."""
    if envelope.seq != seq + 1:
        return Difference(
            f"the chain of shard {envelope.shard}",
            index=index,
            wanted=f"seq {seq + 1}",
            found=f"seq {envelope.seq}",
        )
    return Difference(
        f"the chain of shard {envelope.shard}, seq {envelope.seq}",
        index=index,
        wanted=f"the hash before it, {previous.hex()},",
        found=envelope.prev,
    )


def recorded_at(entry: bytes) -> datetime:
    """Return when a fact was recorded, as it says itself."""
    return parse_instant(_read_dated(entry).rec, field="rec")


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
