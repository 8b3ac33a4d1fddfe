"""Codes that an authenticator shows: the second factor of players and of staff.  Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

SEED_BYTES = 20
# Source: RFC 6238, sections 4 and 5.2: steps of 30 s, and one step of delay at most either way.
STEP_SECONDS = 30
STEPS_APART_MAX = 1
CODE_DIGITS = 6

_CODE = re.compile(r"[0-9]{6}")


def totp(seed: bytes, step: int) -> str:
    """Return the code of a step.  Source: RFC 4226, section 5.3; RFC 6238, section 4.2."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def step_of(seed: bytes, code: str | None, *, last_step: int, now: datetime) -> int | None:
    """Return the step that a code is of, if it is near this moment and newer than the last.

    Source: RFC 6238, section 5.2: a code that was accepted is not accepted again.
    """
    if code is None or not _CODE.fullmatch(code):
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    # All are compared, so that the time taken tells nothing.
    for step in range(present - STEPS_APART_MAX, present + STEPS_APART_MAX + 1):
        if hmac.compare_digest(totp(seed, step), code) and step > last_step:
            found = step
    return found


def write_seed(seed: bytes) -> str:
    """Return a seed as authenticators read it."""
    return base64.b32encode(seed).decode()


def read_seed(text: str) -> bytes:
    """Return a seed that `write_seed` wrote."""
    return base64.b32decode(text)
