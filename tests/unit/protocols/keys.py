"""A pair of keys for tests, made once: making one takes a while."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

PAIR = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
