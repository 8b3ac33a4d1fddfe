"""Keys that notes are checked with, and those they are signed with, as one line of text each.

A verifier key is `name+<hex key id>+<base64 of type and public key>`; a signing key is
`PRIVATE+KEY+name+<hex key id>+<base64 of type and seed>`, as Go's tools write it.
Source: C2SP signed-note.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pitboss.kernel.entropy import Entropy
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.writing import parse_bytes, show, write_bytes

ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
ED25519_TYPES = frozenset({ED25519, COSIGNATURE_ED25519})
ED25519_BYTES = 32
KEY_ID_BYTES = 4

_PRIVATE = "PRIVATE+KEY+"
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key and the name it signs by.

    A key whose `kind` is not known here can be read and written, and not be used.
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature says which key made it."""
        return _key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{write_bytes(bytes([self.kind]) + self.public)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether the Ed25519 key has signed these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 key of one name and for one purpose; never shared between log and witness."""

    name: str
    kind: int
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str, entropy: Entropy, *, kind: int = ED25519) -> SigningKey:
        """Return a new key.

        Raises:
            Unreadable: a key cannot have this name.
        """
        check_name(name)
        return cls(name=name, kind=kind, seed=entropy.random_bytes(ED25519_BYTES))

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(name=self.name, kind=self.kind, public=public)

    def write(self) -> str:
        """Return the line that a key file has; it is a secret."""
        key_id = self.verifier.id.hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{write_bytes(bytes([self.kind]) + self.seed)}"

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of these bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a verifier key.

    Raises:
        Unreadable: it is none, or its key id is not the one that follows from the rest.
    """
    name, key_id, kind, public = _parse(text, what="verifier key")
    key = VerifierKey(name=name, kind=kind, public=public)
    if key.id != key_id:
        raise Unreadable("verifier key", f"the id of {show(name)} is {key.id.hex()}")
    return key


def parse_signing_key(text: str) -> SigningKey:
    """Read a signing key; no message repeats any of it but the name.

    Raises:
        Unreadable: it is none, or its key id is not the one that follows from the rest.
    """
    if not text.startswith(_PRIVATE):
        raise Unreadable("signing key", f"it does not begin with {_PRIVATE}")
    name, key_id, kind, seed = _parse(text.removeprefix(_PRIVATE), what="signing key")
    if kind not in ED25519_TYPES:
        raise Unreadable("signing key", f"{show(name)} is of type {kind}, which cannot sign here")
    key = SigningKey(name=name, kind=kind, seed=seed)
    if key.verifier.id != key_id:
        raise Unreadable("signing key", f"the id of {show(name)} does not fit its seed")
    return key


def check_name(name: str) -> str:
    """Return a key's name if it can be one: not empty, and without spaces and plus signs.

    Raises:
        Unreadable: it cannot.
    """
    # Only the plain space is printable, and so control characters and lone surrogates are out too.
    if not name or not name.isprintable() or set(name) & set("+ "):
        raise Unreadable("key name", f"{show(name)} is empty, or has a space or a plus sign")
    return name


def _parse(text: str, *, what: str) -> tuple[str, bytes, int, bytes]:
    # The key itself may have plus signs, which base64 uses.
    name, id_text, key_text = (*text.split("+", 2), "", "")[:3]
    check_name(name)
    if not _KEY_ID.fullmatch(id_text):
        raise Unreadable(what, f"the key id of {show(name)} is not eight hex digits")
    try:
        data = parse_bytes(key_text, what=what)
    except Unreadable:
        # The reason would repeat a secret.
        raise Unreadable(what, f"what {show(name)} has for a key is not base64") from None
    if len(data) < 2 or (data[0] in ED25519_TYPES and len(data) != 1 + ED25519_BYTES):
        raise Unreadable(what, f"the key of {show(name)} has {len(data)} bytes, its type included")
    return name, bytes.fromhex(id_text), data[0], data[1:]


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:KEY_ID_BYTES]
