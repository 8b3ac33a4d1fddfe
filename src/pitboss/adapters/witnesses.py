"""Asks witnesses to cosign our checkpoints.

A witness that is away, refuses or answers nonsense is told of and never stops us: the checkpoint
stands without it, and the quorum is the policy's affair.
Source: C2SP tlog-witness.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx

from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.cosignatures import verifier_of
from pitboss.tlog.errors import Untrusted
from pitboss.tlog.keys import VerifierKey
from pitboss.tlog.notes import Note, Signature, open_note, parse_signatures
from pitboss.tlog.writing import parse_number, show, write_bytes

# A witness that has not answered by then is asked again with the next checkpoint.
ANSWER_SECONDS_MAX = 5.0
# It may cosign for somebody else between our questions, but not for ever.
TRIES_MAX = 3
ANSWER_BYTES_MAX = 64 * 1024

# Gives the consistency proof from an old size to that of the checkpoint.
Prove = Callable[[int], Awaitable[Sequence[bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The witness has seen the checkpoint; its signatures have been checked."""

    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCosigned:
    """The witness has not cosigned, and why.

    `seen` is the size that it says it saw last.  Above our own it means that our log was rolled
    back, or that somebody else has our key.
    """

    why: str
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class _Behind:
    """The witness saw another size than the one we started from."""

    seen: int


async def ask_witness(
    client: httpx.AsyncClient,
    url: str,
    key: VerifierKey,
    note: Note,
    *,
    old: int,
    prove: Prove,
    answer_seconds_max: float = ANSWER_SECONDS_MAX,
) -> Cosigned | NotCosigned:
    """Ask a witness to cosign a checkpoint.  Asking again does no harm.

    Args:
        url: the submission prefix of the witness.
        key: its verifier key; an answer that this key did not sign is none.
        note: our signed checkpoint.
        old: the size that it saw last, as far as we know; where it says otherwise, the proof is
            made anew from there.
        prove: gives the consistency proof from a size up to the checkpoint's.
    """
    size = parse_checkpoint(note.text).size
    for _ in range(TRIES_MAX):
        if old > size:
            return NotCosigned(why=f"it has seen {old} entries, and we have {size}", seen=old)
        body = _write_request(old, await prove(old), note)
        try:
            answer = await client.post(
                f"{url.rstrip('/')}/add-checkpoint", content=body, timeout=answer_seconds_max
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NotCosigned(why=f"{url}: {str(error) or type(error).__name__}")
        read = _read_answer(answer, key, note)
        if not isinstance(read, _Behind):
            return read
        if read.seen == old:
            return NotCosigned(why=f"it contradicts itself about size {old}", seen=old)
        old = read.seen
    return NotCosigned(why=f"it saw another size {TRIES_MAX} times", seen=old)


def _write_request(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    lines = [f"old {old}", *map(write_bytes, proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + str(note).encode()


def _read_answer(
    answer: httpx.Response, key: VerifierKey, note: Note
) -> Cosigned | NotCosigned | _Behind:
    if len(answer.content) > ANSWER_BYTES_MAX:
        return NotCosigned(why=f"it answered over {ANSWER_BYTES_MAX} bytes")
    try:
        if answer.status_code == httpx.codes.CONFLICT:
            return _Behind(parse_number(answer.text.removesuffix("\n"), what="size"))
        if answer.status_code != httpx.codes.OK:
            return NotCosigned(why=f"it answered {answer.status_code}: {show(answer.text.strip())}")
        told = Note(text=note.text, signatures=parse_signatures(answer.text))
        return Cosigned(signatures=open_note(told, [verifier_of(key)]).signatures)
    except Untrusted as error:
        return NotCosigned(why=f"its answer is not believed: {error}")
