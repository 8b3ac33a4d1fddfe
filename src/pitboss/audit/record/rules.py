"""How the record follows from facts: pure, and the same for who writes and for who checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat

import msgspec

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import ChainEnd, ChainEnds, Dated, Envelope, LastCheckpoint
from pitboss.audit.record.ports import CHECKPOINT_PATH
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint
from pitboss.tlog.errors import Unreadable, Untrusted
from pitboss.tlog.notes import Note, Verifier
from pitboss.tlog.tree import leaf_hash
from pitboss.tlog.writing import parse_number, show

NO_LEAF = bytes(32)
KEPT_BEGINNING = f"{CHECKPOINT_PATH}."
_TSR = ".tsr"
_read_dated = msgspec.json.Decoder(Dated).decode
_read_anything = msgspec.json.Decoder().decode
_write_canonical = msgspec.json.Encoder(order="sorted").encode
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


def check_rows(
    bodies: Sequence[bytes],
    rows: Sequence[tuple[Shard, int, str, int]],
    indexes: Iterable[int],
) -> None:
    """See whether facts are canonical, and their columns say what their bodies say.

    Args:
        rows: shard, seq, stream and version of each.

    Raises:
        Difference: the first one that does not.
    """
    for body, row, index in zip(bodies, chain(rows, repeat(None)), indexes, strict=False):
        fact = _read_anything(body)
        # A key that is written twice is read once, and so is gone when it is written again.
        if _write_canonical(fact) != body:
            raise Difference(
                "a fact",
                index=index,
                wanted="canonical JSON",
                found=f"another way of writing it ({leaf_hash(body).hex()})",
            )
        says = (fact["shard"], fact["seq"], fact["stream"], fact["ver"])
        if says != row:
            names = "shard {}, seq {}, stream {}, version {}"
            raise Difference(
                "the columns of a fact",
                index=index,
                wanted=f"{names.format(*says)},",
                found="missing" if row is None else names.format(*row),
            )


def check_heads(
    heads: Mapping[Shard, tuple[int, bytes]],
    ends: ChainEnds,
    counted: Mapping[Shard, tuple[int, int]],
    index: int,
) -> None:
    """See whether every shard has a head, and it is where the shard's facts end.

    Args:
        heads: seq and hash, by shard.
        ends: where the chains were followed to.
        counted: how many facts a shard has in the table, and its highest seq.
        index: the size of the log, for the message.

    Raises:
        Difference: the first shard that has none, or another one, or facts that nobody follows.
    """
    for shard in sorted({*heads, *ends, *counted, *SHARDS_ALL}):
        if shard not in SHARDS_ALL or shard not in heads:
            known = shard in SHARDS_ALL
            raise Difference(
                f"the head of shard {shard}",
                index=index,
                wanted="one" if known else "no such shard",
                found="missing" if known else "in the database",
            )
        seq, leaf = heads[shard]
        end = ends.get(shard, ChainEnd(seq=0, leaf=NO_LEAF))
        if (seq, leaf) != (end.seq, end.leaf):
            raise Difference(
                f"the head of shard {shard}",
                index=index,
                wanted=f"seq {end.seq}, {end.leaf.hex()}",
                found=f"seq {seq}, {leaf.hex()}",
            )
        facts, last = counted.get(shard, (0, 0))
        if (facts, last) != (seq, seq):
            raise Difference(
                f"the facts of shard {shard}",
                index=index,
                wanted=f"{seq} up to seq {seq}",
                found=f"{facts} up to seq {last}",
            )


def check_streams(there: Mapping[Shard, Mapping[str, int]], chains: Chains, index: int) -> None:
    """See whether the table of streams has those that were followed, and no others.

    Raises:
        Difference: the first stream that is elsewhere, or that no fact is in.
    """
    followed = chains.versions or {}
    for shard in sorted({*there, *followed}):
        have, want = there.get(shard, {}), followed.get(shard, {})
        # Who joined in the middle has not seen the streams that ended before.
        for stream in want if chains.joining else sorted({*have, *want}):
            if have.get(stream, 0) != want.get(stream, 0):
                raise Difference(
                    f"the head of stream {stream}",
                    index=index,
                    wanted=f"version {want.get(stream, 0)}",
                    found=f"version {have.get(stream, 0)}",
                )


def check_recorded(recorded: LastCheckpoint | None, checkpoint: Checkpoint, chains: Chains) -> None:
    """See whether what was recorded apart from database and tiles is not newer than they are.

    Raises:
        Difference: it is not there, of another log, or of other facts; or the log is ahead of it.
    """
    what, size = "the record of the last checkpoint", checkpoint.size
    place = None if recorded is None else (recorded.origin, recorded.size)
    if recorded is None or recorded.origin != checkpoint.origin or recorded.size < size:
        raise Difference(
            what,
            index=size,
            wanted=f"{checkpoint.origin} with {size} or more",
            found="missing" if place is None else f"{place[0]} with {place[1]}",
        )
    if recorded.size > size:
        return
    if recorded.root != checkpoint.root:
        raise Difference(what, index=size, wanted=checkpoint.root.hex(), found=recorded.root.hex())
    for shard in sorted({*chains.ends} if chains.joining else {*chains.ends, *recorded.ends}):
        followed, end = chains.ends.get(shard), recorded.ends.get(shard)
        if followed != end:
            raise Difference(
                f"{what}, shard {shard},", index=size, wanted=_end(followed), found=_end(end)
            )


def _end(end: ChainEnd | None) -> str:
    return "no fact" if end is None else f"seq {end.seq}, {end.leaf.hex()}"


def open_ours(note: str | bytes | Note, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Check who signed a checkpoint of our log, and read it.

    Raises:
        Untrusted: no known key has signed it; it is of another log than its keys are of; or it has
            extensions, which nobody can check.
    """
    checkpoint = open_checkpoint(note, verifiers).checkpoint
    names = {verifier.key.name for verifier in verifiers}
    if checkpoint.origin not in names:
        raise Untrusted(
            f"the checkpoint is of {show(checkpoint.origin)}, and its keys are of"
            f" {', '.join(sorted(names))}"
        )
    if checkpoint.extensions:
        raise Unreadable("checkpoint", "it has extension lines, and ours have none")
    return checkpoint


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
