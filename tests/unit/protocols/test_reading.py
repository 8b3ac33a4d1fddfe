"""What providers send is read strictly, and signatures are over raw bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.reading import (
    Misshapen,
    Unreadable,
    micros_of_number,
    micros_of_text,
    read_object,
    scaled_of,
    signed_with,
)
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.games.rounds.ports import Call, Reply

# Published with an acceptance test of another dialect that signs in the same way: secret `test`.
BODY = b'{"user_id":"8|USDT|USD","currency":"USD","game":"acceptance:test"}'
SIGNATURE = "442c4cd8926008096225416b21f5a1862fbf4fc4e5224362e3b463e85a39f40a"


def test_the_published_vector_is_signed() -> None:
    assert signed_with([b"other", b"test"], BODY, SIGNATURE)
    assert not signed_with([b"other"], BODY, SIGNATURE)
    assert not signed_with([b"test"], BODY + b" ", SIGNATURE)
    assert not signed_with([b"test"], BODY, SIGNATURE.upper())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "\\u0062": 2}}',
        b'{"a": 1E2000000000}',
        b'{"a": 1e5}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1} {}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_object(body)


def test_numbers_are_exact() -> None:
    assert read_object(b'{"a": 0.1000001, "b": 1.10}') == {
        "a": Decimal("0.1000001"),
        "b": Decimal("1.10"),
    }


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("0.000001", 1),
        ("12.3400000000000000", 12_340_000),
        ("0000000000000000000000012.5", 12_500_000),
    ],
)
def test_a_decimal_is_micros(text: str, micros: int) -> None:
    assert micros_of_text(text, "amount") == micros


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "1.", ".5", "-1", "+1", "1e3", "1E2000000000", "1,5", " 1", "1 ", "0x1"),
        *("0.0000001", "1.00000000000000001", "9" * 40, "9" * 41, "10000000000", "\u0661", "1_0"),
        *(1, 1.5, None, True, ["1"]),
    ],
)
def test_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(Misshapen):
        micros_of_text(text, "amount")


@given(st.decimals(min_value=0, max_value=9_000_000_000, places=6))
def test_every_amount_of_six_decimals_is_exact(amount: Decimal) -> None:
    micros = int(amount * 1_000_000)
    assert micros_of_text(f"{amount:f}", "amount") == micros
    assert micros_of_number(amount, "amount") == micros


@pytest.mark.parametrize("number", [-1, True, "1", 1.5, None, 10**30])
def test_a_whole_number_is_one(number: object) -> None:
    with pytest.raises(Misshapen):
        scaled_of(number, "amount", 10)


@given(st.binary(max_size=300), st.text(max_size=80), st.text(max_size=80))
def test_no_bytes_break_a_protocol(body: bytes, signature: str, token: str) -> None:
    talks = (SoftSwiss("acme", [b"secret"]), Valkyrie("acme", ["secret"]))
    for talk in talks:
        for path in ("/balance", "/betwin", "/players/x/transactions", "/players/session"):
            call = Call(
                method="POST",
                path=path,
                query={"provider": "kit"},
                headers={
                    "x-request-sign": signature,
                    "authorization": f"Bearer {token}",
                    "x-player-token": token,
                },
                body=body,
            )
            assert isinstance(talk.hear(call), Reply)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SoftSwiss("acme", []),
        lambda: SoftSwiss("acme", [b"secret", b""]),
        lambda: Hub88("acme", []),
        lambda: Hub88("acme", [b"no key"]),
        lambda: Valkyrie("acme", [""]),
    ],
)
def test_without_a_key_nobody_is_believed(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError):
        make()
