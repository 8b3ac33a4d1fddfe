"""Proof files: that one entry is in a log, for whoever has the log's public key and nothing else.

Our own carry the entry in the `extra` line, so that a file stands for itself.
Source: C2SP tlog-proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.notes import NOTE_BYTES_MAX, Note, Verifier, parse_note
from pitboss.tlog.tiles import ENTRY_BYTES_MAX
from pitboss.tlog.tree import PATH_HASHES_MAX, leaf_hash, verify_inclusion
from pitboss.tlog.writing import (
    decode_text,
    parse_bytes,
    parse_hash,
    parse_number,
    show,
    write_bytes,
)

PROOF_SUFFIX = ".tlog-proof"
# Base64 of the entry, the hashes and the note; far above any proof that we write.
PROOF_BYTES_MAX = 2 * ENTRY_BYTES_MAX + 64 * PATH_HASHES_MAX + NOTE_BYTES_MAX

_OPENING = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """An entry's index, the hashes from its sibling upward, and the checkpoint they lead to.

    `extra` is nothing but a claim until it is verified as the entry.
    """

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def bare(self) -> LogProof:
        """Return the proof without its entry, for who has that already."""
        return replace(self, extra=None)

    def __str__(self) -> str:
        """Return the text of the proof file."""
        extra = [] if self.extra is None else [f"extra {write_bytes(self.extra)}"]
        lines = [_OPENING, *extra, f"index {self.index}", *map(write_bytes, self.path), ""]
        return "".join(f"{line}\n" for line in lines) + str(self.note)


def parse_proof(proof: str | bytes) -> LogProof:
    """Read a proof file; nothing of it is checked but its form.

    Raises:
        Unreadable: it is none.
    """
    text = decode_text(proof, what="proof", bytes_max=PROOF_BYTES_MAX)
    head, split, note = text.partition("\n\n")
    if not split:
        raise Unreadable("proof", "there is no empty line with a checkpoint below it")
    lines = head.split("\n")
    if lines.pop(0) != _OPENING:
        raise Unreadable("proof", f"it does not begin with the line {_OPENING}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = parse_bytes(lines.pop(0).removeprefix("extra "), what="extra line of the proof")
    if not lines or not lines[0].startswith("index "):
        raise Unreadable("proof", f"{show(lines[0] if lines else '')} is not the index line")
    index = parse_number(lines.pop(0).removeprefix("index "), what="index of the proof")
    if len(lines) > PATH_HASHES_MAX:
        raise Unreadable("proof", f"{len(lines)} hashes; no tree needs over {PATH_HASHES_MAX}")
    path = tuple(parse_hash(line, what="hash in the proof") for line in lines)
    return LogProof(index=index, path=path, note=parse_note(note), extra=extra)


def verify_proof(
    proof: LogProof, verifiers: Iterable[Verifier], *, entry: bytes | None = None
) -> Checkpoint:
    """Check who signed the checkpoint, and that the entry is in its tree; return the checkpoint.

    Without an `entry` it is the one that the proof carries.

    Raises:
        BadSignature, Unsigned: nobody trusted stands behind the checkpoint.
        Unproven: the path does not lead from the entry to the root.
        Unreadable: the proof carries no entry, or its note is no checkpoint.
    """
    body = proof.extra if entry is None else entry
    if body is None:
        raise Unreadable("proof", "it does not carry the entry, and none was given")
    checkpoint = open_checkpoint(proof.note, verifiers).checkpoint
    verify_inclusion(leaf_hash(body), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint
