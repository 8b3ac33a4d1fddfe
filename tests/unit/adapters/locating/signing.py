"""Providers of tests: keys of every algorithm, and tokens signed with them as nobody should."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def encoded(content: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value: int) -> str:
    """Return a whole number as JWK has it."""
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A key and its id."""

    key_id: str
    algorithm: str
    key: PrivateKey

    def jwk(self) -> dict[str, Any]:
        """Return the public key."""
        common = {"kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        match self.key:
            case rsa.RSAPrivateKey():
                numbers = self.key.public_key().public_numbers()
                return {**common, "kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
            case ed25519.Ed25519PrivateKey():
                raw = self.key.public_key().public_bytes_raw()
                return {**common, "kty": "OKP", "crv": "Ed25519", "x": encoded(raw)}
            case ec.EllipticCurvePrivateKey():
                point = self.key.public_key().public_numbers()
                x, y = (encoded(value.to_bytes(32, "big")) for value in (point.x, point.y))
                return {**common, "kty": "EC", "crv": "P-256", "x": x, "y": y}

    def mark(self, message: bytes) -> bytes:
        """Sign these bytes."""
        match self.key:
            case rsa.RSAPrivateKey():
                return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case ed25519.Ed25519PrivateKey():
                return self.key.sign(message)
            case ec.EllipticCurvePrivateKey():
                r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, claims: Mapping[str, Any] | bytes, **header: Any) -> str:
        """Sign a token; a header of None is left out."""
        said = {"alg": self.algorithm, "kid": self.key_id, **header}
        head = json.dumps({name: value for name, value in said.items() if value is not None})
        content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        message = f"{encoded(head.encode())}.{encoded(content)}"
        return f"{message}.{encoded(self.mark(message.encode()))}"


ES256 = Signer(key_id="es", algorithm="ES256", key=ec.generate_private_key(ec.SECP256R1()))
RS256 = Signer(key_id="rs", algorithm="RS256", key=rsa.generate_private_key(65537, 2048))
EDDSA = Signer(key_id="ed", algorithm="EdDSA", key=ed25519.Ed25519PrivateKey.generate())
SIGNERS = (ES256, RS256, EDDSA)


def key_set(*signers: Signer) -> bytes:
    """Return the JWK set of these keys."""
    return json.dumps({"keys": [signer.jwk() for signer in signers]}).encode()


def key_file(path: Path, *signers: Signer) -> Path:
    """Put a JWK set in a file, in one step."""
    aside = path.with_suffix(".new")
    aside.write_bytes(key_set(*signers))
    return aside.replace(path)


def claims(**changes: Any) -> dict[str, Any]:
    """Return what a provider says of a device."""
    return {
        "jti": "token-1",
        "iss": "vendor",
        "sub": "ann",
        "sid": "session",
        "iat": 1_772_366_400,
        "exp": 1_772_367_600.5,
        "device": {"id": "phone", "type": "android"},
        "ip": "216.160.83.56",
        "passed": True,
        "failures": [],
        "fraud": {"vpn": False},
        "location": {
            "latitude": 40.5,
            "longitude": -74.5,
            "accuracy": 20,
            "at": 1_772_366_399.25,
            "source": ["gps", "wifi", "stars"],
            "stopped": True,
        },
        "a_member_of_next_year": 1,
        **changes,
    }
