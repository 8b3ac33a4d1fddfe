"""What is news: messages come late, twice and in any order, and the newest one counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from pitboss.sportsbook.feeds.model import Mark, Scope, Verdict

_STOP = "stop"
_STOP_ALL = f"{_STOP}:*"
_END = "end"

_encode = msgspec.json.Encoder(order="deterministic").encode


def digest_of(said: object) -> bytes:
    """Return a digest of what a message says of a market, whatever it was sent with."""
    return hashlib.blake2b(_encode(said), digest_size=16).digest()


def judge(mark: Mark | None, generated_ms: int, digest: bytes) -> Verdict:
    """Say whether this is newer than what was heard before of the same thing."""
    if mark is None or generated_ms > mark.generated_ms:
        return Verdict.FRESH
    if generated_ms < mark.generated_ms:
        return Verdict.LATE
    return Verdict.REPEATED if digest == mark.digest else Verdict.CONTRADICTS


def stop_key(kind: str | None) -> str:
    """Return under which name a stop of a kind of markets, or of all of them, is noted."""
    return _STOP_ALL if kind is None else f"{_STOP}:{kind}"


def end_key(key: str) -> str:
    """Return under which name is noted that a market was said to have ended."""
    return f"{_END}:{key}"


def name_of(scope: Scope, key: str) -> str:
    """Return under which name the newest of something is noted."""
    return f"{scope}:{key}"


def stopped_ms(marks: Mapping[str, Mark], kind: str, key: str) -> int:
    """Return when the newest stop or end of this market was generated; -1 if there was none.

    A price of the same millisecond does not overtake it.
    """
    keys = _STOP_ALL, stop_key(kind), end_key(key)
    names = [name_of(Scope.QUOTES, item) for item in keys]
    return max((marks[name].generated_ms for name in names if name in marks), default=-1)
