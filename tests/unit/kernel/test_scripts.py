"""Addresses that look like others are found, and those of people who write otherwise are not."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.players.identity.model import parse_email


@pytest.mark.parametrize(
    "text",
    [
        "аnn@example.com",  # the first letter is Cyrillic
        "ann@exаmple.com",
        "αnn@example.com",
        "раура@example.com",  # all Cyrillic, before a Latin domain
        "раура@раура.com",  # all Cyrillic, and every letter looks Latin
        "ann@ехаср.com",
        "ann@пример.com",
        "ann@example.сом",
        "ａnn@exаmple.com",
        "ann\u200b@example.com",
        "a\u202enn@example.com",
    ],
)
def test_letters_that_look_like_another_address_s_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_email(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("ａnn@example.com", "ann@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("жанна@пример.com", "жанна@пример.com"),
        ("дмитрий@почта.рф", "дмитрий@почта.рф"),
        ("用户@例子.公司", "用户@例子.公司"),
        ("さくらX@日本.jp", "さくらx@日本.jp"),
        ("δοκιμή@παράδειγμα.gr", "δοκιμή@παράδειγμα.gr"),
        ("o'brien+bets_1@example.co.uk", "o'brien+bets_1@example.co.uk"),
        ("1234@example.com", "1234@example.com"),
    ],
)
def test_people_who_write_otherwise_keep_their_addresses(text: str, folded: str) -> None:
    assert parse_email(text) == folded
