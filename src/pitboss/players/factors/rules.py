"""Codes, and what may follow on what.  Pure."""

from __future__ import annotations

import base64
import re

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.totp import read_seed as read_seed
from pitboss.kernel.totp import step_of as step_of
from pitboss.kernel.totp import totp as totp
from pitboss.kernel.totp import write_seed as write_seed
from pitboss.players.factors.model import SecurityKey
from pitboss.players.personal.model import PersonalKeys

_RECOVERY = re.compile(r"[A-Z2-7]{16}")


def counts_on(key: SecurityKey, counter: int) -> bool:
    """Say whether a counter may follow the last one: if not, there are two of a key.

    A key that always says 0 does not count.  Source: Web Authentication Level 2, section 7.2,
    step 21.
    """
    return counter > key.counter or counter == key.counter == 0


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
