"""Signatures are judged as the RFC's vectors and another implementation judge them."""

from __future__ import annotations

from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pitboss.rng import ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032, 7.1, tests 1 to 3: public key, message, signature.
PUBLISHED = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), PUBLISHED)
def test_published_signatures_are_good(public: str, message: str, signature: str) -> None:
    assert ed25519.verify(*map(bytes.fromhex, (public, message, signature)))


@pytest.mark.parametrize("seed", range(12))
def test_what_another_implementation_signs_is_good_and_one_bit_more_is_not(seed: int) -> None:
    chance = Random(seed)
    key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    message = chance.randbytes(chance.randint(0, 300)) + b"."
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)

    assert ed25519.verify(public, message, signature)
    for part in range(3):
        parts = [public, message, signature]
        place = chance.randrange(len(parts[part]) * 8)
        spoilt = bytearray(parts[part])
        spoilt[place // 8] ^= 1 << place % 8
        parts[part] = bytes(spoilt)
        assert not ed25519.verify(*parts)


def test_a_second_signature_made_of_a_good_one_is_not_good() -> None:
    public, message, signature = map(bytes.fromhex, PUBLISHED[1])
    scalar = int.from_bytes(signature[32:], "little") + ORDER

    assert not ed25519.verify(public, message, signature[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "octets",
    [
        # y that is not reduced; no point has this y; x = 0 with a sign.
        b"\xff" * 32,
        (2).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
    ],
)
def test_what_is_no_point_has_signed_nothing(octets: bytes) -> None:
    public, message, signature = map(bytes.fromhex, PUBLISHED[1])

    assert not ed25519.verify(octets, message, signature)
    assert not ed25519.verify(public, message, octets + signature[32:])


def test_what_has_another_length_is_no_signature() -> None:
    public, message, signature = map(bytes.fromhex, PUBLISHED[1])

    assert not ed25519.verify(public, message, signature[:-1])
    assert not ed25519.verify(public, message, signature + b"\x00")
    assert not ed25519.verify(public[:-1], message, signature)
