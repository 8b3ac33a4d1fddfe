"""Asks witnesses to cosign our checkpoints.

A witness that is away, refuses or answers nonsense is told of and never stops us: the checkpoint
stands without it, and the quorum is the policy's affair.  One that has seen what we do not have is
told of as well, and what that means is the publisher's affair.
Source: C2SP tlog-witness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx

from pitboss.adapters.bounded import BoundedAnswer, NoAnswer, post
from pitboss.audit.record.model import Cosigned, NotCosigned
from pitboss.kernel.errors import PlatformError
from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.cosignatures import verifier_of
from pitboss.tlog.errors import Untrusted
from pitboss.tlog.keys import VerifierKey
from pitboss.tlog.notes import Note, open_note, parse_signatures
from pitboss.tlog.writing import parse_number, show, write_bytes

# For all tries together; a witness that has not answered by then is asked again later.
ANSWER_SECONDS_MAX = 5.0
# It may cosign for somebody else between our questions, but not for ever.
TRIES_MAX = 3
ANSWER_BYTES_MAX = 64 * 1024

# Gives the consistency proof from an old size to that of the checkpoint.
Prove = Callable[[int], Awaitable[Sequence[bytes]]]


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

    Whatever it does, and whatever happens to the proof, there is an answer within
    `answer_seconds_max`.

    Args:
        url: the submission prefix of the witness.
        key: its verifier key; an answer that this key did not sign is none.
        note: our signed checkpoint.
        old: the size that it saw last, as far as we know; where it says otherwise, the proof is
            made anew from there.
        prove: gives the consistency proof from a size up to the checkpoint's; it may raise what
            tile stores raise.
    """
    try:
        async with asyncio.timeout(answer_seconds_max):
            return await _ask(client, url, key, note, old=old, prove=prove)
    except TimeoutError:
        return NotCosigned(why=f"{url} has not answered within {answer_seconds_max:g} s")
    except NoAnswer as error:
        return NotCosigned(why=str(error))
    except (PlatformError, OSError) as error:
        return NotCosigned(why=f"there is no proof to show it: {error}")


async def _ask(
    client: httpx.AsyncClient, url: str, key: VerifierKey, note: Note, *, old: int, prove: Prove
) -> Cosigned | NotCosigned:
    size = parse_checkpoint(note.text).size
    for _ in range(TRIES_MAX):
        if old > size:
            return NotCosigned(why=f"it has seen {old} entries, and we have {size}", seen=old)
        answer = await post(
            client,
            f"{url.rstrip('/')}/add-checkpoint",
            _write_request(old, await prove(old), note),
            seconds_max=ANSWER_SECONDS_MAX,
            bytes_max=ANSWER_BYTES_MAX,
        )
        read = _read_answer(answer, key, note, old=old)
        if not isinstance(read, _Behind):
            return read
        if read.seen == old:
            # It says so of a checkpoint of the size that it has seen, with another root.
            differs = old == size and size > 0
            return NotCosigned(
                why=f"it contradicts itself about size {old}", seen=old, differs=differs
            )
        old = read.seen
    return NotCosigned(why=f"it saw another size {TRIES_MAX} times", seen=old)


def _write_request(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    lines = [f"old {old}", *map(write_bytes, proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + str(note).encode()


def _read_answer(
    answer: BoundedAnswer, key: VerifierKey, note: Note, *, old: int
) -> Cosigned | NotCosigned | _Behind:
    try:
        if answer.status == httpx.codes.CONFLICT:
            return _Behind(parse_number(answer.text.removesuffix("\n"), what="size"))
        if answer.status != httpx.codes.OK:
            return NotCosigned(
                why=f"it answered {answer.status}: {show(answer.text.strip())}",
                seen=old if answer.status == httpx.codes.UNPROCESSABLE_ENTITY else None,
                differs=answer.status == httpx.codes.UNPROCESSABLE_ENTITY,
            )
        told = Note(text=note.text, signatures=parse_signatures(answer.text))
        return Cosigned(signatures=open_note(told, [verifier_of(key)]).signatures)
    except Untrusted as error:
        return NotCosigned(why=f"its answer is not believed: {error}")
