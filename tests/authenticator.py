"""A security key in software: it makes keys and signs challenges as one in a pocket does.

It writes its CBOR by itself, so that the library that reads it is checked by somebody else.
Source: Web Authentication Level 2, sections 6.1 and 6.5; RFC 8949, section 3; RFC 9053.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

USER_PRESENT, HAS_KEY = 0x01, 0x40


@dataclass(slots=True, kw_only=True)
class SoftKey:
    """A key for one site, asked on one page; everything about it may be made to lie."""

    site: str
    origin: str
    name: bytes = b"a key in a pocket"
    counter: int = 0
    steps: int = 1
    flags: int = USER_PRESENT
    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, challenge: str, **lies: Any) -> dict[str, Any]:
        """Return what a browser says of a new key."""
        said = self._said(HAS_KEY) + bytes(16) + len(self.name).to_bytes(2, "big")
        said += self.name + cbor(self.public(**lies))
        attestation = cbor({"fmt": "none", "attStmt": {}, "authData": said})
        return {
            "client_data": text(self._client("webauthn.create", challenge)),
            "attestation": text(attestation),
        }

    def sign(self, challenge: str, **lies: Any) -> dict[str, Any]:
        """Return what a browser says of a challenge that was signed."""
        self.counter += self.steps
        said = self._said(0)
        client = self._client(lies.get("kind", "webauthn.get"), challenge)
        message = said + hashlib.sha256(client).digest()
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            signature = self.private.sign(message, ec.ECDSA(hashes.SHA256()))
        else:
            signature = self.private.sign(message)
        return {
            "credential": text(self.name),
            "client_data": text(client),
            "authenticator_data": text(said),
            "signature": text(signature),
        }

    def public(self, *, algorithm: int | None = None) -> dict[int, Any]:
        """Return the public key in COSE."""
        public = self.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            numbers = public.public_numbers()
            x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
            return {1: 2, 3: algorithm or -7, -1: 1, -2: x, -3: y}
        return {1: 1, 3: algorithm or -8, -1: 6, -2: public.public_bytes_raw()}

    def _said(self, more: int) -> bytes:
        site = hashlib.sha256(self.site.encode()).digest()
        return site + bytes([self.flags | more]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()


def text(content: bytes) -> str:
    """Write bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def cbor(value: Any) -> bytes:
    """Write integers, bytes, texts and maps of these."""
    match value:
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case Mapping():
            parts = [cbor(name) + cbor(item) for name, item in value.items()]
            return _head(5, len(parts)) + b"".join(parts)
        case _:
            raise TypeError(value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size, "big")
