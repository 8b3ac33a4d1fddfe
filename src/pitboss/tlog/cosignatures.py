"""Cosignatures: a witness says when it saw a checkpoint, and that it extends all it saw before.

What is signed is the time and the text: `cosignature/v1`, `time <seconds>`, the note's text.
It does not name the witness, and so one key serves one witness only.
Source: C2SP tlog-cosignature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pitboss.tlog.errors import Unreadable
from pitboss.tlog.keys import COSIGNATURE_ED25519, ED25519, SigningKey, VerifierKey
from pitboss.tlog.notes import NoteVerifier, Signature, Verifier

TIME_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_10000_SECONDS = 253_402_300_800


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """Checks the cosignatures of one witness, of type 0x04."""

    key: VerifierKey

    def verify(self, text: str, signature: bytes) -> bool:
        """Say whether the witness has cosigned this text at the time the signature says."""
        seconds = int.from_bytes(signature[:TIME_BYTES])
        return seconds < _YEAR_10000_SECONDS and self.key.verifies(
            _message(text, seconds), signature[TIME_BYTES:]
        )


def cosign(text: str, key: SigningKey, *, at: datetime) -> Signature:
    """Return the cosignature of a checkpoint's text at an instant, to whole seconds.

    Raises:
        Unreadable: the key is not one for cosignatures.
    """
    if key.kind != COSIGNATURE_ED25519:
        raise Unreadable("signing key", f"{key.name} is of type {key.kind}: it does not cosign")
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    value = seconds.to_bytes(TIME_BYTES) + key.sign(_message(text, seconds))
    verifier = key.verifier
    return Signature(name=verifier.name, key_id=verifier.id, value=value)


def cosigned_at(signature: Signature) -> datetime:
    """Return the instant that a checked cosignature states."""
    return _EPOCH + timedelta(seconds=int.from_bytes(signature.value[:TIME_BYTES]))


def verifier_of(key: VerifierKey) -> Verifier:
    """Return what checks the signatures of a key, by its type.

    Raises:
        Unreadable: its type is not known here.
    """
    if key.kind == ED25519:
        return NoteVerifier(key)
    if key.kind == COSIGNATURE_ED25519:
        return CosignatureVerifier(key)
    raise Unreadable("verifier key", f"{key.name} is of type {key.kind}, which is not known here")


def _message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
