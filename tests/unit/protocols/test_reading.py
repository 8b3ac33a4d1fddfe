"""What providers send is read strictly, and signatures are over raw bytes."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
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
from pitboss.games.rounds.model import Request
from pitboss.games.rounds.ports import Call, Heard, Reply, Talk
from unit.protocols.keys import PAIR

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


PEM = PAIR.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
PLAYER = "019fbd32-0600-7c75-b636-d85099090016"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
# By how each call is signed and sent: its path, and a body that is taken.
TAKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "betwin": (
        "/betwin",
        {
            "account_id": PLAYER,
            "currency": "EUR",
            "game_id": "book",
            "round_id": "r1",
            "finished": False,
            "session_id": None,
            "transactions": [{"id_provider": "b1", "type": "bet", "amount": "1.00"}],
        },
    ),
    "win": (
        "/wallet/win",
        {
            "token": "00" + "ab" * 16,
            "transaction_uuid": "w1",
            "reference_transaction_uuid": "b1",
            "request_uuid": "q1",
            "supplier_user": PLAYER,
            "round": "r1",
            "round_closed": True,
            "is_free": False,
            "game_code": "book",
            "currency": "EUR",
            "amount": 100_000,
            "jackpot_win": 0,
        },
    ),
    "deposit": (
        f"/players/{PLAYER}/transactions",
        {
            "currency": "EUR",
            "transactionType": "DEPOSIT",
            "cashAmount": 1,
            "bonusAmount": 0,
            "promoAmount": 0,
            "providerTransactionId": "w1",
            "providerBetRef": "b1",
            "providerRoundId": "r1",
            "providerGameId": "book",
            "isGameOver": True,
            "jackpots": [{"jackpotAmount": 0.5}],
            "promos": [{"promoAmount": 1}],
        },
    ),
}


def hear(name: str, body: dict[str, Any]) -> Heard | Reply:
    """Have a body heard as its provider signs it."""
    path, raw = TAKEN[name][0], json.dumps(body).encode()
    talks: dict[str, Talk] = {
        "betwin": SoftSwiss("acme", [b"secret"]),
        "win": Hub88("acme", [PEM]),
        "deposit": Valkyrie("acme", ["secret"]),
    }
    headers = {
        "x-request-sign": hmac.new(b"secret", raw, "sha256").hexdigest(),
        "x-hub88-signature": b64encode(
            PAIR.sign(raw, padding.PKCS1v15(), hashes.SHA256())
        ).decode(),
        "authorization": "Bearer secret",
        "x-player-token": "00" + "ab" * 16,
    }
    query = {"provider": "kit"}
    return talks[name].hear(Call(method="POST", path=path, query=query, headers=headers, body=raw))


@pytest.mark.parametrize("name", TAKEN)
@given(data=st.data())
def test_no_member_breaks_a_call_that_is_signed(name: str, data: st.DataObject) -> None:
    _, body = TAKEN[name]
    member = data.draw(st.sampled_from(sorted(body)))
    changed = {**body, member: data.draw(ANYTHING)}

    heard = hear(name, changed)

    assert isinstance(hear(name, body), Heard)
    assert isinstance(heard, Heard | Reply)
    if isinstance(heard, Heard):
        assert isinstance(heard.wish, Request)
        assert all(getattr(step, "micros", 0) >= 0 for step in heard.wish.steps)


@pytest.mark.parametrize(
    ("name", "member"),
    [("betwin", "finished"), ("deposit", "isGameOver"), ("deposit", "jackpots")],
)
def test_a_member_that_may_be_missing_may_be_null(name: str, member: str) -> None:
    heard = hear(name, TAKEN[name][1] | {member: None})

    assert isinstance(heard, Heard)


def test_a_jackpot_without_an_amount_keeps_no_win_from_being_paid() -> None:
    heard = hear("deposit", TAKEN["deposit"][1] | {"jackpots": [{"jackpotAmount": None}]})

    assert isinstance(heard, Heard)


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
