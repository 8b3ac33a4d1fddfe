"""Security keys: what a soft key signs is believed, and nothing that was changed on the way."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from authenticator import SoftKey, text
from pitboss.adapters.authenticators import FidoAuthenticators
from pitboss.players.factors.model import Assertion, NewKey

SITE, ORIGIN = "play.example.test", "https://play.example.test"
CHALLENGE = bytes(range(32))
KEYS = FidoAuthenticators(site=SITE, origins=[ORIGIN])


def raw(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


def new_key(key: SoftKey, challenge: bytes = CHALLENGE, **lies: Any) -> NewKey:
    made = key.make(text(challenge), **lies)
    return NewKey(client_data=raw(made["client_data"]), attestation=raw(made["attestation"]))


def assertion(key: SoftKey, challenge: bytes = CHALLENGE, **lies: Any) -> Assertion:
    signed = key.sign(text(challenge), **lies)
    name = raw(signed.pop("credential"))
    return Assertion(credential_id=name, **{part: raw(value) for part, value in signed.items()})


def soft_key(**changes: Any) -> SoftKey:
    return SoftKey(**{"site": SITE, "origin": ORIGIN, **changes})


def known(key: SoftKey) -> bytes:
    """Return the public key of a key that was registered."""
    read = KEYS.read_new(CHALLENGE, new_key(key))
    assert read is not None
    return read[1]


@pytest.mark.parametrize(
    "key", [soft_key(), soft_key(private=ed25519.Ed25519PrivateKey.generate())], ids=["ec", "ed"]
)
def test_a_key_is_read_and_what_it_signs_is_believed_with_its_counter(key: SoftKey) -> None:
    read = KEYS.read_new(CHALLENGE, new_key(key))

    assert read is not None
    assert (read[0], read[2]) == (key.name, 0)
    assert KEYS.read_assertion(CHALLENGE, assertion(key), read[1]) == 1
    assert KEYS.read_assertion(CHALLENGE, assertion(key), read[1]) == 2


def test_a_key_of_another_challenge_site_page_or_ceremony_is_not_believed() -> None:
    key = soft_key()
    public = known(key)

    for lie in ({"site": "example.test"}, {"origin": f"{ORIGIN}:8443"}, {"flags": 0}):
        liar = soft_key(private=key.private, **lie)
        assert KEYS.read_new(CHALLENGE, new_key(liar)) is None
        assert KEYS.read_assertion(CHALLENGE, assertion(liar), public) is None
    assert KEYS.read_new(bytes(32), new_key(key)) is None
    assert KEYS.read_assertion(bytes(32), assertion(key), public) is None
    assert KEYS.read_assertion(CHALLENGE, assertion(key, kind="webauthn.create"), public) is None


def test_a_key_that_another_page_frames_is_not_believed() -> None:
    key = soft_key()
    said = new_key(key)
    framed = said.client_data.replace(b'"crossOrigin": false', b'"crossOrigin": true')

    shown = NewKey(client_data=framed, attestation=said.attestation)

    assert KEYS.read_new(CHALLENGE, said) is not None
    assert KEYS.read_new(CHALLENGE, shown) is None


@pytest.mark.parametrize("algorithm", [-65_535, -47, -35, -36, -37, 1])
def test_an_algorithm_that_we_do_not_take_is_not_taken(algorithm: int) -> None:
    assert KEYS.read_new(CHALLENGE, new_key(soft_key(), algorithm=algorithm)) is None


KEY = soft_key()
PUBLIC = known(KEY)
SAID = new_key(KEY)
SIGNED = assertion(KEY)
FIELDS = ("client_data", "authenticator_data", "signature")


@given(field=st.sampled_from(FIELDS), data=st.data())
def test_whatever_was_changed_in_what_was_signed_it_is_not_believed(
    field: str, data: st.DataObject
) -> None:
    parts = {name: getattr(SIGNED, name) for name in ("credential_id", *FIELDS)}
    whole = bytearray(parts[field])
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))

    assert KEYS.read_assertion(CHALLENGE, SIGNED, PUBLIC) is not None
    changed = Assertion(**{**parts, field: bytes(whole)})
    assert KEYS.read_assertion(CHALLENGE, changed, PUBLIC) is None


@given(client=st.binary(max_size=300), rest=st.binary(max_size=300), cut=st.integers(0, 300))
def test_any_bytes_are_read_without_a_failure(client: bytes, rest: bytes, cut: int) -> None:
    for data, attestation in (
        (client, rest),
        (SAID.client_data, rest),
        (SAID.client_data, SAID.attestation[:cut] + rest),
        (client, SAID.attestation),
    ):
        shown = NewKey(client_data=data, attestation=attestation)
        assert KEYS.read_new(CHALLENGE, shown) in (None, KEYS.read_new(CHALLENGE, SAID))
        signed = Assertion(
            credential_id=b"k", client_data=data, authenticator_data=rest, signature=client
        )
        assert KEYS.read_assertion(CHALLENGE, signed, PUBLIC) is None
        assert KEYS.read_assertion(CHALLENGE, SIGNED, rest) is None


@pytest.mark.parametrize("opener", [b"\x81", b"\xa1\x00", b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"])
def test_what_is_nested_without_an_end_or_longer_than_there_is_memory_is_refused(
    opener: bytes,
) -> None:
    shown = NewKey(client_data=SAID.client_data, attestation=opener * 5_000)

    assert KEYS.read_new(CHALLENGE, shown) is None
