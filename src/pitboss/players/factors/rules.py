"""Codes, and what may follow on what.  Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

from pitboss.kernel.ids import PlayerId
from pitboss.players.factors.model import (
    CODE_DIGITS,
    STEP_SECONDS,
    STEPS_APART_MAX,
    SecurityKey,
)
from pitboss.players.personal.model import PersonalKeys

_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[A-Z2-7]{16}")


def counts_on(key: SecurityKey, counter: int) -> bool:
    """Say whether a counter may follow the last one: if not, there are two of a key.

    A key that always says 0 does not count.  Source: Web Authentication Level 2, section 7.2,
    step 21.
    """
    return counter > key.counter or counter == key.counter == 0


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


def write_recovery_code(raw: bytes) -> str:
    """Return a recovery code as it is shown: sixteen letters and digits in groups of four."""
    text = base64.b32encode(raw).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def recovery_digest(keys: PersonalKeys, player_id: PlayerId, code: str) -> bytes | None:
    """Return what is stored of a recovery code; None if the text cannot be one."""
    plain = code.replace("-", "").replace(" ", "").upper()[:64]
    if not _RECOVERY.fullmatch(plain):
        return None
    return keys.digest("player.recovery_code", f"{player_id}\x00{plain}".encode())
