"""The public keys of location providers, from JWK sets, each good for one algorithm alone.

A token never chooses how it is checked: its key does.  Source: RFC 8725, sections 3.1 and 3.2.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pitboss.adapters.locating.watched import WatchedFile
from pitboss.location.errors import KeysMalformed

# Source: RFC 7518, section 3.3.
RSA_BITS_MIN = 2048
# Above this a signature takes so long to check that sending them would be an attack.
RSA_BITS_MAX = 4096
# A set with more than these is a mistake.
KEYS_MAX = 64
_P256_BYTES = 32

# Says whether these are the signature's bytes over these of the message.
Verify = Callable[[bytes, bytes], bool]


class ProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that an operator trusts: whose it is, and the one algorithm that it is good for."""

    vendor: str
    key_id: str
    algorithm: str
    verify: Verify


class _Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key of a set; members that we have no use for are passed over."""

    kty: str
    kid: str
    alg: str
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    n: str | None = None
    e: str | None = None
    d: str | None = None
    use: str = "sig"


class _JwkSet(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[_Jwk, ...]


class KeyRing:
    """All keys of all providers, by key id.

    A key is added and dropped by replacing its provider's file: at once, without a restart, so
    providers rotate by having two in it for a while.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        """Read the files, by the name of the provider.

        Raises:
            KeysMalformed: one of them cannot be used, or two providers have the same key id.
        """
        self._files = [
            WatchedFile(path, _reader(vendor, path)) for vendor, path in sorted(files.items())
        ]
        ids = [key_id for file in self._files for key_id in file.value]
        if len(ids) != len(set(ids)):
            raise KeysMalformed("two providers have a key with the same id")

    def find(self, key_id: str) -> ProviderKey | None:
        """Return the trusted key with this id, if there is one."""
        for file in self._files:
            key = file.value.get(key_id)
            if key is not None:
                return key
        return None


def read_keys(vendor: str, content: bytes, *, name: str) -> dict[str, ProviderKey]:
    """Read a JWK set: ES256, RS256 and EdDSA (Ed25519), each key with `kid` and `alg`.

    Source: RFC 7517, section 5; RFC 7518, section 6; RFC 8037, section 2.

    Raises:
        KeysMalformed: it is none, or a key in it is weak, private, symmetric or named twice.
    """
    try:
        read = msgspec.json.decode(content, type=_JwkSet)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise KeysMalformed(f"{name} is no JWK set: {error}") from None
    if not 0 < len(read.keys) <= KEYS_MAX:
        raise KeysMalformed(f"{name} has {len(read.keys)} keys; 1 to {KEYS_MAX} can be")
    keys: dict[str, ProviderKey] = {}
    for jwk in read.keys:
        if not jwk.kid or jwk.kid in keys:
            raise KeysMalformed(f"{name} has a key without an id, or two with one")
        try:
            verify = _verifier(jwk)
        except (ValueError, binascii.Error) as error:
            raise KeysMalformed(f"{name}, key {jwk.kid!r}: {error}") from None
        keys[jwk.kid] = ProviderKey(vendor=vendor, key_id=jwk.kid, algorithm=jwk.alg, verify=verify)
    return keys


def decode_base64(text: str | bytes) -> bytes:
    """Read base64url without padding, in its one spelling.  Source: RFC 7515, section 2.

    Raises:
        ValueError: it is none, or a spelling that means the same as another one.
    """
    raw = text.encode() if isinstance(text, str) else text
    plain = raw.translate(_FROM_URL) + _PADDING[len(raw) % 4]
    content = binascii.a2b_base64(plain, strict_mode=True)
    # Bits that no byte takes could be anything: then two texts would be one token.
    if binascii.b2a_base64(content, newline=False) != plain:
        raise ValueError("not base64url in its one spelling")
    return content


# To the alphabet that the machine knows; what belongs to that one alone is made to be nothing.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"!", b"==", b"=")


def _reader(vendor: str, path: Path) -> Callable[[Path], dict[str, ProviderKey]]:
    def read(_: Path) -> dict[str, ProviderKey]:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise KeysMalformed(f"{path} cannot be read: {error.strerror}") from None
        return read_keys(vendor, content, name=str(path))

    return read


def _verifier(jwk: _Jwk) -> Verify:
    """Return what checks signatures with a key, in the one way that its `alg` says."""
    if jwk.d is not None:
        raise ValueError("it is a private key, which its owner alone may have")
    if jwk.use != "sig":
        raise ValueError("it is not for signatures")
    match jwk.alg, jwk.kty, jwk.crv:
        case "ES256", "EC", "P-256":
            return _es256(_whole(jwk.x), _whole(jwk.y))
        case "RS256", "RSA", None:
            return _rs256(_whole(jwk.n), _whole(jwk.e))
        case "EdDSA", "OKP", "Ed25519":
            return _ed25519(decode_base64(jwk.x or ""))
        case _:
            raise ValueError(f"{jwk.alg!r} with {jwk.kty!r} is none of ES256, RS256, EdDSA")


def _whole(text: str | None) -> int:
    return int.from_bytes(decode_base64(text or ""), "big")


def _es256(x: int, y: int) -> Verify:
    key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    scheme = ECDSA(hashes.SHA256())

    def check(signature: bytes, message: bytes) -> None:
        if len(signature) != 2 * _P256_BYTES:
            raise InvalidSignature
        r, s = (
            int.from_bytes(half, "big")
            for half in (signature[:_P256_BYTES], signature[_P256_BYTES:])
        )
        key.verify(encode_dss_signature(r, s), message, scheme)

    return _checked(check)


def _rs256(modulus: int, exponent: int) -> Verify:
    if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
        raise ValueError(f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
    key = RSAPublicNumbers(exponent, modulus).public_key()
    padding, digest = PKCS1v15(), hashes.SHA256()
    return _checked(lambda signature, message: key.verify(signature, message, padding, digest))


def _ed25519(point: bytes) -> Verify:
    key = Ed25519PublicKey.from_public_bytes(point)
    return _checked(key.verify)


def _checked(check: Callable[[bytes, bytes], Any]) -> Verify:
    def verify(signature: bytes, message: bytes) -> bool:
        try:
            check(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify
