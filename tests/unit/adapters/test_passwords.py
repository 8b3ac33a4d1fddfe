"""Passwords are hashed by the book, and nothing but the right one opens the door."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from pitboss.adapters import passwords
from pitboss.adapters.passwords import hash_password, needs_rehash, verify_password
from pitboss.kernel.errors import InvariantBroken, Malformed


def test_the_right_password_is_known_again_and_a_wrong_one_is_not() -> None:
    stored = hash_password("correct horse battery staple")

    assert verify_password(stored, "correct horse battery staple")
    assert not verify_password(stored, "correct horse battery stable")


def test_the_hash_names_the_parameters_of_the_cheat_sheet() -> None:
    assert hash_password("secret").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_same_password_never_has_the_same_hash_twice() -> None:
    assert hash_password("secret") != hash_password("secret")


def test_nobodys_password_is_never_right() -> None:
    assert not verify_password(None, "secret")


def test_nobodys_hash_costs_as_much_as_anybodys() -> None:
    # `needs_rehash` compares all parameters, those of the work included.
    assert not needs_rehash(passwords._NOBODYS_HASH)
    assert not verify_password(passwords._NOBODYS_HASH, "secret")


@pytest.mark.parametrize("password", ["", "x" * 1025, "é" * 513, "x" * 1_000_000, "\ud800"])
def test_what_cannot_be_a_password_is_refused_before_any_work(password: str) -> None:
    with pytest.raises(Malformed) as caught:
        hash_password(password)

    assert caught.value.field == "password"
    assert not verify_password(passwords._NOBODYS_HASH, password)
    assert not verify_password(None, password)


def test_a_password_may_have_exactly_1024_bytes() -> None:
    longest = "é" * 512

    assert verify_password(hash_password(longest), longest)


def test_two_keyboards_that_send_one_character_differently_send_one_password() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"

    assert verify_password(hash_password(composed), decomposed)


def test_every_byte_of_a_long_password_counts() -> None:
    stored = hash_password("x" * 100 + "a")

    assert not verify_password(stored, "x" * 100 + "b")


def test_a_hash_with_older_parameters_still_opens_and_asks_to_be_renewed() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stored = weaker.hash("secret")

    assert verify_password(stored, "secret")
    assert needs_rehash(stored)
    assert not needs_rehash(hash_password("secret"))


def test_a_stored_hash_that_cannot_be_read_is_our_fault_and_loud() -> None:
    with pytest.raises(InvariantBroken):
        verify_password("plain text", "plain text")
