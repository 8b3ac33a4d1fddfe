"""Checkpoints: what a log's owner signs, which fixes every entry up to a size.

The origin is the log's name, a URL without scheme; the root is that of the first `size` entries.
Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pitboss.tlog.errors import Unreadable
from pitboss.tlog.notes import Note, Signature, Signer, Verifier, open_note, sign_note
from pitboss.tlog.writing import parse_hash, parse_number, show, write_bytes

_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How many entries a log has, and the root of the tree over them.

    Ours have no `extensions`: nobody could audit them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), write_bytes(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCheckpoint:
    """A checkpoint whose note was opened, and the signatures of it that were checked."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        Unreadable: it is not an origin, a size below 2^63 and a hash, a line each.
    """
    if not text.endswith("\n"):
        raise Unreadable("checkpoint", "its last line has no end")
    lines = text[:-1].split("\n")
    if len(lines) < _LINES or not all(lines):
        raise Unreadable("checkpoint", f"{show(text)} is not an origin, a size and a hash")
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin=origin,
        size=parse_number(size, what="checkpoint size"),
        root=parse_hash(root, what="checkpoint root"),
        extensions=tuple(extensions),
    )


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> Note:
    """Sign a checkpoint; the keys have the name that is its origin."""
    return sign_note(checkpoint.text, signers)


def open_checkpoint(note: str | bytes | Note, verifiers: Iterable[Verifier]) -> OpenedCheckpoint:
    """Check who signed a checkpoint, then read it.

    Raises:
        BadSignature: a signature that names a known key is not its.
        Unsigned: no known key has signed.
        Unreadable: it is no note, or not one of a checkpoint.
    """
    opened = open_note(note, verifiers)
    return OpenedCheckpoint(checkpoint=parse_checkpoint(opened.text), signatures=opened.signatures)
