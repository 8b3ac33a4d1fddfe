"""Passwords as argon2id hashes; slow on purpose, so call it in a thread (it lets others run)."""

from __future__ import annotations

import base64
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from pitboss.kernel.errors import InvariantBroken, Malformed

# 19 MiB, two passes, one lane: about 20 ms and, at twenty logins at once, 400 MiB.
# Source: OWASP Password Storage Cheat Sheet, Argon2id.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

# Far above any password, far below a body that would keep a core busy.
PASSWORD_BYTES_MAX = 1024

_hasher = PasswordHasher(
    time_cost=PASSES,
    memory_cost=MEMORY_KIB,
    parallelism=LANES,
    hash_len=HASH_BYTES,
    salt_len=SALT_BYTES,
    type=Type.ID,
)


def hash_password(password: str) -> str:
    """Return the password's hash with its parameters and a new random salt, to be stored.

    Raises:
        Malformed: the password is empty, over 1,024 bytes, or not text.
    """
    encoded = _encode(password)
    if encoded is None:
        raise Malformed("password", f"a password has 1 to {PASSWORD_BYTES_MAX} bytes of text")
    return _hasher.hash(encoded)


def verify_password(stored: str | None, password: str) -> bool:
    """Say whether this is the password of a stored hash.

    Without a stored hash (nobody has this e-mail) the same work is done and the answer is no, so
    that the time taken does not tell who has an account.
    """
    encoded = _encode(password)
    if encoded is None:
        return False
    try:
        _hasher.verify(_NOBODYS_HASH if stored is None else stored, encoded)
    except VerifyMismatchError:
        return False
    except InvalidHashError as error:
        raise InvariantBroken("a stored password hash can be read") from error
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Say whether a hash was made with other parameters than today's.

    If so, hash the password again at the next login, when it is at hand.
    """
    return _hasher.check_needs_rehash(stored)


def _encode(password: str) -> bytes | None:
    """Return the bytes that are hashed, or None if there cannot be any such password.

    Two keyboards may send one character in two ways, so compatible forms are made equal.
    Source: NIST SP 800-63B (revision 3), section 5.1.1.2.
    """
    # Measured before it is normalised, which may make a text eighteen times as long.
    if not 0 < len(password) <= PASSWORD_BYTES_MAX:
        return None
    try:
        if len(password.encode()) > PASSWORD_BYTES_MAX:
            return None
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFKC", password).encode()


def _phc(salt: bytes, digest: bytes) -> str:
    """Write a hash as argon2 does: base64 without padding."""
    fields = [base64.b64encode(part).decode().rstrip("=") for part in (salt, digest)]
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${fields[0]}${fields[1]}"


# Of no password: nobody has ever computed one whose hash is all zeros.
_NOBODYS_HASH = _phc(bytes(SALT_BYTES), bytes(HASH_BYTES))
