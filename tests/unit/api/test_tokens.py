"""A token opens what it says, for whom it says, until it says; nothing else opens anything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from pitboss.api.tokens import (
    HEADER_LENGTH_MAX,
    PLAYER_TOKEN_LIFE,
    STAFF_TOKEN_LIFE,
    TOKEN_LENGTH_MAX,
    Claims,
    Role,
    Tokens,
    VerifiedTokens,
)

SECRET = bytes(range(32))
NOW = datetime(2026, 8, 1, 12, 0, 0, 250_000, tzinfo=UTC)
PLAYER = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
SECOND = timedelta(seconds=1)


@pytest.fixture
def tokens() -> Tokens:
    """Give a signer."""
    return Tokens(SECRET)


def signed(claims: dict[str, object], *, secret: bytes = SECRET, algorithm: str = "HS256") -> str:
    """Sign these claims with this algorithm."""
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


def claims_of(**changed: object) -> dict[str, object]:
    """Return claims as ours are, some of them changed."""
    good = {"sub": PLAYER, "role": "player", "cur": "EUR", "exp": int(NOW.timestamp()) + 60}
    return {**good, **changed}


def dashed(part: object) -> str:
    """Return a part of a token."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_says_who_in_which_role_with_which_currency(tokens: Tokens) -> None:
    token = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW)

    claims = tokens.verify(token.text, now=NOW)

    assert claims == Claims(
        subject=PLAYER,
        role=Role.PLAYER,
        currency="EUR",
        expires_at=int(token.expires_at.timestamp()),
    )


@pytest.mark.parametrize(
    ("role", "life"), [(Role.PLAYER, PLAYER_TOKEN_LIFE), (Role.STAFF, STAFF_TOKEN_LIFE)]
)
def test_a_token_is_good_until_it_says_and_not_a_moment_longer(
    tokens: Tokens, role: Role, life: timedelta
) -> None:
    token = tokens.issue("somebody", role, now=NOW)

    assert token.expires_at == (NOW + life).replace(microsecond=0)
    assert tokens.verify(token.text, now=token.expires_at - SECOND) is not None
    assert tokens.verify(token.text, now=token.expires_at) is None


def test_a_remembered_token_expires_too(tokens: Tokens) -> None:
    token = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW)
    verified = VerifiedTokens(tokens)
    header = b"Bearer " + token.text.encode()

    first = verified.find(header, now=NOW)
    again = verified.find(header, now=NOW)
    late = verified.find(header, now=token.expires_at)

    assert first is not None
    assert again is first
    assert late is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_not_ours(tokens: Tokens, algorithm: str) -> None:
    text = signed(claims_of(), secret=SECRET * 2, algorithm=algorithm)

    assert Tokens(SECRET * 2).verify(text, now=NOW) is None
    assert tokens.verify(text, now=NOW) is None


def test_a_token_that_nobody_signed_is_not_ours(tokens: Tokens) -> None:
    payload = dashed(claims_of())

    for header in ({"alg": "none"}, {"alg": "None"}, {"alg": "HS256"}, {}):
        assert tokens.verify(f"{dashed(header)}.{payload}.", now=NOW) is None


def test_another_secret_does_not_sign_for_us(tokens: Tokens) -> None:
    text = signed(claims_of(), secret=bytes(32))

    assert tokens.verify(text, now=NOW) is None


def test_a_changed_token_is_not_ours(tokens: Tokens) -> None:
    head, payload, signature = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW).text.split(".")
    richer = dashed({**claims_of(), "role": "staff"})

    assert tokens.verify(f"{head}.{richer}.{signature}", now=NOW) is None
    assert tokens.verify(f"{head}.{payload}.{signature[:-2]}", now=NOW) is None


@pytest.mark.parametrize(
    "changed",
    [
        *({"sub": None, "role": None}, {"role": "owner"}, {"role": ["player"]}, {"exp": "soon"}),
        *({"exp": None}, {"exp": 0}, {"exp": -1}, {"exp": [1]}),
    ],
)
def test_claims_that_we_would_not_sign_open_nothing(
    tokens: Tokens, changed: dict[str, object]
) -> None:
    assert tokens.verify(signed(claims_of(**changed)), now=NOW) is None


@pytest.mark.parametrize("missing", ["sub", "role", "cur", "exp"])
def test_a_token_without_a_claim_opens_nothing(tokens: Tokens, missing: str) -> None:
    claims = claims_of()
    del claims[missing]

    assert tokens.verify(signed(claims), now=NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "....", "a.b.c", "é.é.é", "\x00", "null", "a" * TOKEN_LENGTH_MAX),
        dashed(b"[" * 1_500) + ".e30.x",
        dashed([1]) + ".e30.x",
        dashed("x") + ".e30.x",
        dashed(b"\xff") + ".e30.x",
        dashed({"alg": ["HS256"]}) + ".e30.x",
        dashed({"alg": "HS256", "crit": [["b64"]]}) + ".e30.x",
        dashed({"alg": "HS256", "b64": False, "crit": ["b64"]}) + ".e30.x",
        dashed({"alg": "dir", "enc": "A128GCM"}) + ".e30.x.y.z",
        dashed(b'{"alg":' + b"1" * 1_400 + b"}") + ".e30.x",
    ],
)
def test_what_is_no_token_opens_nothing(tokens: Tokens, text: str) -> None:
    assert tokens.verify(text, now=NOW) is None


def test_a_token_that_is_too_long_is_not_even_read(tokens: Tokens) -> None:
    text = signed(claims_of(more="x" * TOKEN_LENGTH_MAX))

    assert len(text) > TOKEN_LENGTH_MAX
    assert tokens.verify(text, now=NOW) is None


@pytest.mark.parametrize("scheme", [b"", b"Basic ", b"Bearer", b"Token ", b"Bearer, "])
def test_only_a_bearer_shows_a_token(tokens: Tokens, scheme: bytes) -> None:
    text = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW).text.encode()

    assert VerifiedTokens(tokens).find(scheme + text, now=NOW) is None


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_the_scheme_is_read_in_any_case(tokens: Tokens, scheme: bytes) -> None:
    text = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW).text.encode()

    assert VerifiedTokens(tokens).find(scheme + text, now=NOW) is not None


def test_nobody_makes_us_remember_headers_of_any_length(tokens: Tokens) -> None:
    text = tokens.issue(PLAYER, Role.PLAYER, "EUR", now=NOW).text.encode()

    padded = b"Bearer".ljust(HEADER_LENGTH_MAX) + text

    assert VerifiedTokens(tokens).find(padded, now=NOW) is None
    assert VerifiedTokens(tokens).find(None, now=NOW) is None


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(bytes(31))
