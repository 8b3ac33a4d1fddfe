"""How values are committed to, sealed and opened.  Pure: random bytes are handed in.

A commitment is the SHA-256 of salt and canonical value.  What is stored is the two together,
encrypted under the subject's key and bound to subject and path: to who has not the key a copy of
the table tells as little as the commitment does, and a row that was moved does not open.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pitboss.kernel.invariant import ensure
from pitboss.players.personal.errors import WrongKey
from pitboss.players.personal.model import (
    KEY_BYTES,
    NONCE_BYTES,
    SALT_BYTES,
    SECRETS,
    EraseRequest,
    OpenedValue,
    Path,
    PersonalKeys,
    SealedValue,
    Subject,
    SubjectId,
    Value,
)

# The random bytes that one value takes: its salt, and the nonce it is sealed with.
VALUE_ENTROPY_BYTES = SALT_BYTES + NONCE_BYTES
# And those of a subject: its key, and the nonce that is wrapped with.
SUBJECT_ENTROPY_BYTES = KEY_BYTES + NONCE_BYTES


def canonical(value: Value) -> bytes:
    """Return the canonical JSON of a value.  Source: RFC 8785, section 3.2.2.2."""
    ensure(unicodedata.is_normalized("NFC", value), "personal values are in NFC")
    return msgspec.json.encode(value)


def commitment(salt: bytes, value: Value) -> str:
    """Return what stands in a fact instead of the value: SHA-256(salt || canonical value), hex."""
    ensure(len(salt) == SALT_BYTES, "a salt has 32 bytes")
    return hashlib.sha256(salt + canonical(value)).hexdigest()


def commitments(opened: Iterable[OpenedValue]) -> dict[str, str]:
    """Return the commitments of these values by path, as a fact's `pd` carries them."""
    return {item.path: commitment(item.salt, item.value) for item in opened}


def new_key(keys: PersonalKeys, subject_id: SubjectId, entropy: bytes) -> bytes:
    """Make a subject's key of 44 random bytes and return it wrapped under the house's master."""
    key, nonce = entropy[:KEY_BYTES], entropy[KEY_BYTES:]
    ensure(len(nonce) == NONCE_BYTES, "a key and its nonce take 44 random bytes")
    return nonce + AESGCM(keys.master).encrypt(nonce, key, _bound(subject_id))


class Ring:
    """The key of one subject, unwrapped for as long as its values are worked with."""

    def __init__(self, keys: PersonalKeys, subject_id: SubjectId, wrapped_key: bytes) -> None:
        """Unwrap the subject's key.

        Raises:
            WrongKey: it was wrapped under another master, or for somebody else.
        """
        self._subject_id = subject_id
        key = _decrypt(AESGCM(keys.master), wrapped_key, subject_id, "")
        self._cipher = AESGCM(key)

    def seal(self, path: Path, value: Value, entropy: bytes) -> tuple[OpenedValue, SealedValue]:
        """Salt and encrypt a value with 44 random bytes, the salt's and the nonce's."""
        salt, nonce = entropy[:SALT_BYTES], entropy[SALT_BYTES:]
        ensure(len(nonce) == NONCE_BYTES, "a salt and a nonce take 44 random bytes")
        plain = salt + canonical(value)
        sealed = nonce + self._cipher.encrypt(nonce, plain, _bound(self._subject_id, path))
        return (
            OpenedValue(path=path, salt=salt, value=value),
            SealedValue(subject_id=self._subject_id, path=path, sealed=sealed),
        )

    def open(self, sealed: SealedValue) -> OpenedValue:
        """Decrypt a value and its salt.

        Raises:
            WrongKey: it was sealed under another key, for another path, or was changed.
        """
        plain = _decrypt(self._cipher, sealed.sealed, self._subject_id, sealed.path)
        value = msgspec.json.decode(plain[SALT_BYTES:], type=str)
        return OpenedValue(path=sealed.path, salt=plain[:SALT_BYTES], value=value)


def open_values(
    keys: PersonalKeys, subject: Subject, sealed: Iterable[SealedValue], paths: Collection[Path]
) -> tuple[OpenedValue, ...]:
    """Open the values at these paths, in their order; if none is named, all but the secrets."""
    ensure(subject.wrapped_key is not None, "who is erased has nothing to open")
    ring = Ring(keys, subject.id, subject.wrapped_key or b"")
    wanted = [
        item
        for item in sealed
        if item.path in paths or (not paths and not item.path.startswith(SECRETS))
    ]
    return tuple(ring.open(item) for item in sorted(wanted, key=lambda item: item.path))


def first_of_each(
    requests: Sequence[EraseRequest], subjects: Mapping[SubjectId, Subject]
) -> dict[SubjectId, EraseRequest]:
    """Return who is to be erased and is not yet, with the first request for each."""
    first: dict[SubjectId, EraseRequest] = {}
    for request in requests:
        subject = subjects.get(request.subject_id)
        if subject is not None and subject.erased_at is None:
            first.setdefault(request.subject_id, request)
    return first


def _bound(subject_id: SubjectId, path: str = "") -> bytes:
    """Return what a ciphertext is bound to; an id has no zero byte, so no two are alike."""
    return f"{subject_id}\x00{path}".encode()


def _decrypt(cipher: AESGCM, sealed: bytes, subject_id: SubjectId, path: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(subject_id, path))
    except (InvalidTag, ValueError):
        what = f"the value {path} of" if path else "the key of"
        raise WrongKey(
            f"{what} subject {subject_id} does not open:"
            " the house's key is not the one it was sealed with, or the row was changed"
        ) from None
