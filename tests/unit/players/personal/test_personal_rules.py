"""How values are committed to, sealed and opened."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from integration.players.keys import KEYS
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.personal import rules
from pitboss.players.personal.errors import WrongKey
from pitboss.players.personal.model import Path, PersonalKeys, SealedValue, Subject, SubjectId

ANN, BOB = (SubjectId(PlayerId(derived_id("subject", name))) for name in ("ann", "bob"))
EMAIL, NAME = Path("/email"), Path("/given_name")
SALT = bytes(range(32))
KEY = rules.new_key(KEYS, ANN, bytes([1] * 44))


def sealed(value: str = "Ann", path: Path = NAME) -> SealedValue:
    return rules.Ring(KEYS, ANN, KEY).seal(path, value, SALT + bytes(12))[1]


def test_a_commitment_is_the_hash_of_salt_and_canonical_value() -> None:
    value = 'Zoë "O\'Neil"\n王'

    assert rules.commitment(SALT, value) == hashlib.sha256(SALT + rfc8785.dumps(value)).hexdigest()


@given(st.text().filter(str.isprintable), st.binary(min_size=32, max_size=32))
def test_what_is_sealed_is_opened_and_fits_its_commitment(value: str, salt: bytes) -> None:
    try:
        ring = rules.Ring(KEYS, ANN, KEY)
        plain, stored = ring.seal(NAME, value, salt + bytes(12))
    except InvariantBroken:
        return  # not in NFC, and said so

    opened = ring.open(stored)

    assert opened == plain
    assert (opened.value, opened.salt) == (value, salt)
    assert rules.commitments([opened]) == {NAME: rules.commitment(salt, value)}
    assert value.encode() not in stored.sealed or len(value) < 4
    assert salt not in stored.sealed


@pytest.mark.parametrize(
    ("keys", "subject_id", "key", "stored"),
    [
        (PersonalKeys(master=bytes([9] * 32), index=KEYS.index), ANN, KEY, sealed()),
        (KEYS, BOB, KEY, sealed()),
        (KEYS, ANN, KEY[:-1] + bytes([KEY[-1] ^ 1]), sealed()),
        (KEYS, ANN, b"", sealed()),
        (KEYS, ANN, rules.new_key(KEYS, ANN, bytes([2] * 44)), sealed()),
        (KEYS, ANN, KEY, replace(sealed(), path=EMAIL)),
        (KEYS, ANN, KEY, replace(sealed(), sealed=sealed().sealed[:-1])),
        (
            KEYS,
            ANN,
            KEY,
            replace(sealed(), sealed=sealed("Bob").sealed[:12] + sealed().sealed[12:][::-1]),
        ),
    ],
)
def test_what_was_moved_or_changed_or_meant_for_another_key_does_not_open(
    keys: PersonalKeys, subject_id: SubjectId, key: bytes, stored: SealedValue
) -> None:
    with pytest.raises(WrongKey, match=subject_id) as caught:
        rules.Ring(keys, subject_id, key).open(stored)

    assert "Ann" not in str(caught.value)


def test_only_the_wanted_paths_are_opened_and_without_any_all_are() -> None:
    subject = Subject(shard=shard_of(ANN), id=ANN, wrapped_key=KEY)
    kept = [sealed(), sealed("a@b.c", EMAIL)]

    some = rules.open_values(KEYS, subject, kept, (EMAIL, Path("/nothing")))
    everything = rules.open_values(KEYS, subject, kept, ())

    assert {item.path: item.value for item in some} == {EMAIL: "a@b.c"}
    assert [item.path for item in everything] == [EMAIL, NAME]


def test_a_value_that_is_not_in_nfc_is_our_own_mistake() -> None:
    with pytest.raises(InvariantBroken, match="NFC"):
        rules.commitment(SALT, "Zoe\u0308")


@pytest.mark.parametrize("entropy", [b"", bytes(43), bytes(45)])
def test_too_little_or_too_much_chance_is_our_own_mistake(entropy: bytes) -> None:
    with pytest.raises(InvariantBroken, match="44 random bytes"):
        rules.new_key(KEYS, ANN, entropy)
    with pytest.raises(InvariantBroken, match="44 random bytes"):
        rules.Ring(KEYS, ANN, KEY).seal(NAME, "Ann", entropy)


def test_digests_of_two_purposes_or_two_houses_cannot_be_joined() -> None:
    other = PersonalKeys(master=KEYS.master, index=bytes([5] * 32))
    texts = [("a", b"x"), ("b", b"x"), ("a", b"y"), ("ab", b""), ("a", b"b")]

    digests = {keys.digest(*text) for keys in (KEYS, other) for text in texts}

    assert len(digests) == 10
    assert KEYS.digest("a", b"x") == KEYS.digest("a", b"x")


@pytest.mark.parametrize(
    ("master", "index"), [(bytes(31), bytes([1] * 32)), (bytes(32), b""), (bytes(32), bytes(32))]
)
def test_keys_are_long_enough_and_two(master: bytes, index: bytes) -> None:
    with pytest.raises(InvariantBroken):
        PersonalKeys(master=master, index=index)


def test_nothing_secret_or_personal_shows_when_it_is_printed() -> None:
    plain, stored = rules.Ring(KEYS, ANN, KEY).seal(NAME, "Annabel", SALT + bytes(12))
    subject = Subject(shard=shard_of(ANN), id=ANN, wrapped_key=KEY)

    shown = f"{KEYS} {plain} {stored} {subject}"

    assert "Annabel" not in shown
    assert "\\x" not in shown
