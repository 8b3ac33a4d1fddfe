"""A draw: asked for, made of fresh entropy, and told with its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import RNG_ID, RNG_VERSION
from .errors import Failed, Malformed
from .generator import Generator
from .mapping import WORD_BYTES, Choices, apply, check
from .records import DrawRecord

ID_LETTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRequest:
    """What is asked for: a name for the draw, the round it is for, why, and how to map it."""

    draw_id: str
    round_id: str
    purpose: str
    mapping: Mapping[str, Any]


def parse_request(members: Mapping[str, Any]) -> DrawRequest:
    """Read a request.

    Raises:
        Malformed: it has other members, or they cannot be what they say.
    """
    if set(members) != {"draw_id", "round_id", "purpose", "mapping"}:
        raise Malformed("a draw has draw_id, round_id, purpose and mapping")
    for name in ("draw_id", "round_id", "purpose"):
        text = members[name]
        if not isinstance(text, str) or not 1 <= len(text) <= ID_LETTERS_MAX:
            raise Malformed(f"{name}: 1 to {ID_LETTERS_MAX} letters")
        if not text.isprintable():
            raise Malformed(f"{name}: letters that can be printed")
    if not isinstance(members["mapping"], dict):
        raise Malformed("mapping: an object")
    return DrawRequest(
        draw_id=members["draw_id"],
        round_id=members["round_id"],
        purpose=members["purpose"],
        mapping=check(members["mapping"]),
    )


def draw(
    generator: Generator, request: DrawRequest, *, code_hash: str, instance: str, sequence: int
) -> DrawRecord:
    """Draw what was asked for, from entropy that is fresh for this draw.

    Raises:
        Failed: the generator is in its error state.
        Malformed: there is no such mapping; nothing was drawn.
    """
    mapping = check(request.mapping)
    before = generator.reseeds
    additional = f"{request.draw_id}\n{request.round_id}\n{request.purpose}".encode()
    first = True

    def words(reseed: bool) -> bytes:
        nonlocal first
        fresh, first = first or reseed, False
        return generator.read(WORD_BYTES, fresh=fresh, additional=additional if fresh else b"")

    choices = Choices(words)
    try:
        values = apply(mapping, choices)
    except Failed as error:
        # Words that nothing can be made of are the generator's failure too: it ends here.
        generator.fail(str(error))
        raise
    return DrawRecord(
        draw_id=request.draw_id,
        round_id=request.round_id,
        purpose=request.purpose,
        mapping=mapping,
        raw=choices.raw.hex(),
        rejected=choices.rejected,
        reseeds=generator.reseeds - before,
        values=values,
        rng_id=RNG_ID,
        rng_version=RNG_VERSION,
        code_hash=code_hash,
        instance=instance,
        sequence=sequence,
    )
