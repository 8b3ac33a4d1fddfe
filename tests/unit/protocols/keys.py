"""A pair of keys for tests, made once: making one takes a while."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PAIR = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
# Its private half as people keep it who are careful.
LOCKED_PEM = PAIR.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"a password"),
)
