"""Signed tokens: who is asking, in which role, until when.

The expiry is in the time of the machine, not of the platform: a simulated clock that leaps a week
must not log everybody out.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

# One algorithm, so that a token cannot choose how it is checked.  Source: RFC 8725, section 3.1.
ALGORITHM = "HS256"
# As long as the hash's output at least.  Source: RFC 7518, section 3.2.
SECRET_BYTES_MIN = 32
TOKEN_LENGTH_MAX = 2048
# With its scheme and a space; room for more would be room in memory, which remembers headers.
HEADER_LENGTH_MAX = TOKEN_LENGTH_MAX + 16

PLAYER_TOKEN_LIFE = timedelta(minutes=15)
STAFF_TOKEN_LIFE = timedelta(hours=12)
# Two machines of one house; more is a clock to be put right.
CLOCKS_APART = timedelta(minutes=1)


class Role(StrEnum):
    """Which part of the platform a token opens."""

    PLAYER = "player"
    STAFF = "staff"

    @property
    def life(self) -> timedelta:
        """How long a token of this role is good for."""
        return PLAYER_TOKEN_LIFE if self is Role.PLAYER else STAFF_TOKEN_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a verified token says.

    `currency` and `session` are a player's; `expires_at` is in seconds.  A token without a session
    is one of before there were any.
    """

    subject: str
    role: Role
    currency: str
    expires_at: int
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A signed token and its end."""

    text: str
    expires_at: datetime


class Tokens:
    """Signs and verifies under one secret of at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise ValueError(f"a token secret has at least {SECRET_BYTES_MIN} bytes")
        self._key = OctKey.import_key(secret)

    def issue(
        self, subject: str, role: Role, currency: str = "", *, now: datetime, session: str = ""
    ) -> Token:
        """Sign a token that is good from now for as long as its role allows."""
        expires_at = (now + role.life).replace(microsecond=0)
        claims = {
            "sub": subject,
            "role": role.value,
            "cur": currency,
            "sid": session,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        text = jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])
        return Token(text=text, expires_at=expires_at.astimezone(UTC))

    def verify(self, text: str, *, now: datetime) -> Claims | None:
        """Return what a token says, or None unless it is ours, whole, begun and not expired.

        Source: RFC 7519, sections 4.1.4 to 4.1.6; RFC 8725, section 3.
        """
        if len(text) > TOKEN_LENGTH_MAX:
            return None
        try:
            said = jwt.decode(text, self._key, algorithms=[ALGORITHM]).claims
            claims = Claims(
                subject=_text(said["sub"]),
                role=Role(_text(said["role"])),
                currency=_text(said["cur"]),
                expires_at=_second(said["exp"]),
                session=_text(said.get("sid", "")),
            )
            begins_at = max(_second(said.get("nbf", 0)), _second(said.get("iat", 0)))
        except (JoseError, KeyError, TypeError, ValueError, binascii.Error):
            return None
        seconds = now.timestamp()
        if begins_at > seconds + CLOCKS_APART.total_seconds():
            return None
        return claims if seconds < claims.expires_at else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a claim that is text is nothing else")
    return value


def _second(value: object) -> int:
    # An infinite moment is a float, and a truth is a number to Python.
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a moment is in whole seconds")
    return value


class VerifiedTokens:
    """Remembers verified tokens, because checking a signature costs more than a lookup."""

    # A player's token each, for more players than one worker serves in a quarter of an hour;
    # about 10 MB.
    REMEMBERED_MAX = 16_384

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._known: dict[bytes, Claims] = {}

    def find(self, authorization: bytes | None, *, now: datetime) -> Claims | None:
        """Return what the token of an `Authorization` header says, or None if it is not valid."""
        if authorization is None or len(authorization) > HEADER_LENGTH_MAX:
            return None
        claims = self._known.get(authorization)
        if claims is not None:
            if now.timestamp() < claims.expires_at:
                return claims
            del self._known[authorization]
            return None
        scheme, _, text = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        claims = self._tokens.verify(text.strip().decode("latin-1"), now=now)
        if claims is not None:
            if len(self._known) >= self.REMEMBERED_MAX:
                self._known.clear()
            self._known[authorization] = claims
        return claims
