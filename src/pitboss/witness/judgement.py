"""What a witness answers: pure, from the bytes it was sent and the checkpoint it saw before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint
from pitboss.tlog.errors import BadSignature, Unproven, Unreadable, Unsigned
from pitboss.tlog.notes import NOTE_BYTES_MAX, Note, Verifier, parse_note
from pitboss.tlog.tree import EMPTY_ROOT, PATH_HASHES_MAX, verify_consistency
from pitboss.tlog.writing import decode_text, parse_hash, parse_number, show

# A line of 44 letters and its end for each hash.
REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 45 * (PATH_HASHES_MAX + 1)
PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"

# The verifiers of each log that is watched, by its origin; two while one key replaces another.
Logs = Mapping[str, Sequence[Verifier]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The answer is no: an HTTP status, and why."""

    status: int
    body: str
    content_type: str = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A request whose checkpoint is signed by a log that is watched.

    `note` has the log's own signatures alone.
    """

    old: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note


def admit(body: bytes, logs: Logs) -> Admitted | Refused:
    """Read a request and check who signed its checkpoint: all that needs no memory."""
    try:
        old, proof, note = _parse(body)
        claimed = parse_checkpoint(note.text)
    except Unreadable as error:
        return Refused(status=400, body=f"{error}\n")
    verifiers = logs.get(claimed.origin)
    if verifiers is None:
        return Refused(status=404, body=f"unknown log: {show(claimed.origin)}\n")
    try:
        opened = open_checkpoint(note, verifiers)
    except (BadSignature, Unsigned) as error:
        return Refused(status=403, body=f"{error}\n")
    if old > claimed.size:
        return Refused(
            status=400, body=f"the old size {old} is above that of the checkpoint, {claimed.size}\n"
        )
    signed = Note(text=note.text, signatures=opened.signatures)
    return Admitted(old=old, proof=proof, checkpoint=opened.checkpoint, note=signed)


def judge(request: Admitted, seen: Checkpoint | None) -> Refused | None:
    """Return why a checkpoint is not cosigned, given the latest that was; None if it is."""
    size, root = (0, EMPTY_ROOT) if seen is None else (seen.size, seen.root)
    if request.old != size:
        return Refused(status=409, body=f"{size}\n", content_type=SIZE)
    new = request.checkpoint
    try:
        verify_consistency(size, root, new.size, new.root, request.proof)
    except (Unproven, Unreadable) as error:
        return Refused(status=422, body=f"the consistency proof does not hold: {error}\n")
    return None


def _parse(body: bytes) -> tuple[int, tuple[bytes, ...], Note]:
    text = decode_text(body, what="request", bytes_max=REQUEST_BYTES_MAX)
    head, split, note = text.partition("\n\n")
    if not split or not head.startswith("old "):
        raise Unreadable("request", "it is not an old size, a proof, an empty line, a checkpoint")
    first, *lines = head.split("\n")
    if len(lines) > PATH_HASHES_MAX:
        raise Unreadable("request", f"{len(lines)} hashes; at most {PATH_HASHES_MAX} are read")
    old = parse_number(first.removeprefix("old "), what="old size")
    proof = tuple(parse_hash(line, what="consistency proof") for line in lines)
    return old, proof, parse_note(note)
