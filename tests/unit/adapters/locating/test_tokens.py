"""Tokens of providers: what is believed, and by which word each attack is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from pitboss.adapters.locating.keys import KeyRing, decode_base64, read_keys
from pitboss.adapters.locating.tokens import TOKEN_BYTES_MAX, JwsReader
from pitboss.adapters.locating.watched import WatchedFile
from pitboss.location.errors import KeysMalformed
from pitboss.location.model import Evidence, Flag, Reason, Source
from unit.adapters.locating.signing import (
    EDDSA,
    ES256,
    RS256,
    SIGNERS,
    Signer,
    claims,
    encoded,
    key_file,
    key_set,
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> JwsReader:
    """Give a reader that trusts one provider with a key of each algorithm."""
    path = key_file(tmp_path_factory.mktemp("keys") / "vendor.json", *SIGNERS)
    return JwsReader(KeyRing({"vendor": path}))


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.algorithm)
def test_what_a_provider_signed_is_read(reader: JwsReader, signer: Signer) -> None:
    said = reader.read(signer.token(claims()))

    assert isinstance(said, Evidence)
    assert said.fix is not None
    assert (said.vendor, said.key_id, said.token_id) == ("vendor", signer.key_id, "token-1")
    assert (said.player_id, said.session_id, said.device_id) == ("ann", "session", "phone")
    assert (said.fix.latitude, said.fix.longitude, said.fix.accuracy_metres) == (40.5, -74.5, 20.0)
    assert said.fix.taken_at == datetime(2026, 3, 1, 11, 59, 59, 250_000, tzinfo=UTC)
    assert said.valid_from == said.issued_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert said.sources == (Source.GPS, Source.WIFI)
    assert (said.address, said.refused, said.flags) == ("216.160.83.56", False, ())


def test_flags_are_told_by_name_and_one_that_nobody_knows_is_up_too(reader: JwsReader) -> None:
    raised = {str(flag): True for flag in Flag if flag is not Flag.OTHER} | {"ghost": True}

    said = reader.read(ES256.token(claims(fraud=raised)))

    assert isinstance(said, Evidence)
    assert said.flags == tuple(Flag)


@pytest.mark.parametrize("changes", [{"passed": False}, {"failures": ["no idea"]}])
def test_a_provider_that_says_no_is_heard(reader: JwsReader, changes: dict[str, Any]) -> None:
    said = reader.read(ES256.token(claims(**changes)))

    assert isinstance(said, Evidence)
    assert said.refused


def other(signer: Signer) -> Signer:
    """Return a key of somebody else with the same id."""
    return Signer(
        key_id=signer.key_id, algorithm="ES256", key=ec.generate_private_key(ec.SECP256R1())
    )


def unsigned(**header: Any) -> str:
    head = encoded(json.dumps(header).encode())
    return f"{head}.{encoded(json.dumps(claims()).encode())}."


def symmetric() -> str:
    """Return a token signed with the public key's bytes as if they were a secret."""
    head = encoded(json.dumps({"alg": "HS256", "kid": "rs"}).encode())
    message = f"{head}.{encoded(json.dumps(claims()).encode())}"
    mark = hmac.new(key_set(RS256), message.encode(), hashlib.sha256).digest()
    return f"{message}.{encoded(mark)}"


def with_payload(token: str, payload: str) -> str:
    head, _, mark = token.split(".")
    return f"{head}.{payload}.{mark}"


GOOD = ES256.token(claims())
ATTACKS = [
    ("another key", other(ES256).token(claims()), Reason.SIGNATURE_WRONG),
    ("nobody's key", ES256.token(claims(), kid="gone"), Reason.KEY_UNKNOWN),
    ("no key id", ES256.token(claims(), kid=None), Reason.KEY_UNKNOWN),
    ("a key that it brings along", other(ES256).token(claims(), kid=None, jwk=ES256.jwk()),
     Reason.KEY_UNKNOWN),
    ("none", unsigned(alg="none", kid="es"), Reason.ALGORITHM_REFUSED),
    ("none without a key", unsigned(alg="none"), Reason.ALGORITHM_REFUSED),
    ("None", unsigned(alg="NoNe", kid="es"), Reason.ALGORITHM_REFUSED),
    ("a public key as a secret", symmetric(), Reason.ALGORITHM_REFUSED),
    ("another algorithm of ours", ES256.token(claims(), alg="RS256"), Reason.ALGORITHM_REFUSED),
    ("another key's algorithm", ES256.token(claims(), kid="rs"), Reason.ALGORITHM_REFUSED),
    ("an algorithm nobody knows", ES256.token(claims(), alg="ES257"), Reason.ALGORITHM_REFUSED),
    ("a critical extension", ES256.token(claims(), crit=["exp"]), Reason.TOKEN_UNREADABLE),
    ("an unencoded payload", ES256.token(claims(), b64=False), Reason.TOKEN_UNREADABLE),
    ("no signature", GOOD.rpartition(".")[0] + ".", Reason.SIGNATURE_WRONG),
    ("half a signature", GOOD[:-42], Reason.SIGNATURE_WRONG),
    ("another payload", with_payload(GOOD, encoded(json.dumps(claims(sub="bob")).encode())),
     Reason.SIGNATURE_WRONG),
    ("another provider", ES256.token(claims(iss="rival")), Reason.KEY_UNKNOWN),
    ("nothing", "", Reason.TOKEN_UNREADABLE),
    ("dots", "..", Reason.TOKEN_UNREADABLE),
    ("five parts", f"{GOOD}.x.y", Reason.TOKEN_UNREADABLE),
    ("padding", GOOD.split(".")[0] + "=." + GOOD.partition(".")[2], Reason.TOKEN_UNREADABLE),
    ("a line's end", f"{GOOD}\n", Reason.TOKEN_UNREADABLE),
    ("letters that are none", f"é{GOOD}", Reason.TOKEN_UNREADABLE),
    ("a surrogate", f"\ud800{GOOD}", Reason.TOKEN_UNREADABLE),
    ("a megabyte", "x" * 1_000_000, Reason.TOKEN_UNREADABLE),
    ("a page too much", GOOD + "A" * TOKEN_BYTES_MAX, Reason.TOKEN_UNREADABLE),
    ("no JSON", ES256.token(b"{"), Reason.TOKEN_UNREADABLE),
    ("not a number", ES256.token(json.dumps(claims()).replace("40.5", "NaN").encode()),
     Reason.TOKEN_UNREADABLE),
    ("a number as text", ES256.token(json.dumps(claims()).replace("40.5", '"NaN"').encode()),
     Reason.COORDINATES_IMPOSSIBLE),
    ("no number", ES256.token(json.dumps(claims()).replace("-74.5", "null").encode()),
     Reason.COORDINATES_IMPOSSIBLE),
    ("an accuracy as text", ES256.token(json.dumps(claims()).replace(': 20', ': "20"').encode()),
     Reason.ACCURACY_IMPOSSIBLE),
    *((f"no {name}", ES256.token({key: value for key, value in claims().items() if key != name}),
       Reason.TOKEN_UNREADABLE)
      for name in ("jti", "iss", "sub", "sid", "iat", "exp", "device", "passed")),
    ("a time that is none", ES256.token(claims(exp="soon")), Reason.TOKEN_UNREADABLE),
    ("a time beyond all", ES256.token(claims(exp=1e300)), Reason.TOKEN_UNREADABLE),
    ("an id without end", ES256.token(claims(jti="x" * 200)), Reason.TOKEN_UNREADABLE),
    ("a nest", ES256.token(b"[" * 5_000), Reason.TOKEN_UNREADABLE),
]  # fmt: skip


@pytest.mark.parametrize(("token", "reason"), [case[1:] for case in ATTACKS],
                         ids=[case[0] for case in ATTACKS])  # fmt: skip
def test_what_cannot_be_believed_is_refused_by_name(
    reader: JwsReader, token: str, reason: Reason
) -> None:
    assert reader.read(token) is reason


def test_a_number_too_large_to_be_one_is_no_place(reader: JwsReader) -> None:
    token = ES256.token(json.dumps(claims()).replace("40.5", "1e400").encode())

    said = reader.read(token)

    # Whichever way it is read, no place comes of it; the rules refuse what is not finite.
    assert isinstance(said, Reason) or (said.fix is not None and said.fix.latitude == float("inf"))


def test_a_signature_that_was_turned_over_is_still_the_same_token(reader: JwsReader) -> None:
    """Of an ECDSA signature (r, s) anybody can make (r, n - s): the token's id is what counts."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    message, _, mark = GOOD.rpartition(".")
    raw = decode_base64(mark)
    turned = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")

    first, second = reader.read(GOOD), reader.read(f"{message}.{encoded(turned)}")

    assert isinstance(first, Evidence)
    assert first == second


@given(st.binary(max_size=300), st.text(max_size=300))
def test_whatever_is_sent_is_answered(raw: bytes, text: str) -> None:
    for token in (text, f"{encoded(raw)}.{text}", ".".join((encoded(b'{"alg":"ES256"}'), text))):
        assert isinstance(_TRUSTING.read(token), Reason)


ANYTHING = st.none() | st.integers() | st.text() | st.floats() | st.lists(st.integers(), max_size=3)


@given(st.dictionaries(st.sampled_from(sorted(claims())), ANYTHING, max_size=4))
def test_whatever_a_provider_signs_is_answered(changes: dict[str, Any]) -> None:
    token = ES256.token(json.dumps(claims(**changes)).encode())

    assert isinstance(_TRUSTING.read(token), Evidence | Reason)


@pytest.fixture(scope="module", autouse=True)
def trusting(reader: JwsReader) -> None:
    """Let the property tests, which take no fixtures, use the reader."""
    global _TRUSTING
    _TRUSTING = reader


_TRUSTING: JwsReader


def test_keys_are_rotated_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WatchedFile, "LOOK_SECONDS", 0.0)
    path = key_file(tmp_path / "vendor.json", ES256)
    reader = JwsReader(KeyRing({"vendor": path}))
    old, new = ES256.token(claims()), EDDSA.token(claims())
    assert isinstance(reader.read(old), Evidence)
    assert reader.read(new) is Reason.KEY_UNKNOWN

    key_file(path, ES256, EDDSA)
    assert isinstance(reader.read(old), Evidence)
    assert isinstance(reader.read(new), Evidence)

    key_file(path, EDDSA)
    assert reader.read(old) is Reason.KEY_UNKNOWN
    assert isinstance(reader.read(new), Evidence)

    path.write_bytes(b"half a fi")
    assert isinstance(reader.read(new), Evidence)


def jwk(signer: Signer = ES256, **changes: Any) -> bytes:
    key = {name: value for name, value in {**signer.jwk(), **changes}.items() if value is not None}
    return json.dumps({"keys": [key]}).encode()


SMALL = Signer(key_id="rs", algorithm="RS256", key=rsa.generate_private_key(65537, 1024))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JWK set"),
        (b"[]", "no JWK set"),
        (b'{"keys": []}', "0 keys"),
        (jwk(kid=None), "no JWK set"),
        (jwk(kid=""), "without an id"),
        (jwk(alg=None), "no JWK set"),
        (jwk(alg="none"), "none of"),
        (jwk(alg="HS256", kty="oct"), "none of"),
        (jwk(alg="RS256"), "none of"),
        (jwk(alg="ES256K", crv="secp256k1"), "none of"),
        (jwk(d="AQ"), "private"),
        (jwk(use="enc"), "not for signatures"),
        (jwk(x="AQ"), "key 'es'"),
        (jwk(x="not base64!"), "key 'es'"),
        (jwk(EDDSA, x="AQ"), "key 'ed'"),
        (jwk(SMALL), "2048"),
        (key_set(ES256, ES256), "two with one"),
    ],
)
def test_keys_that_nobody_should_trust_are_refused_at_the_start(content: bytes, why: str) -> None:
    with pytest.raises(KeysMalformed, match=why):
        read_keys("vendor", content, name="the file")


def test_two_providers_never_share_a_key_id(tmp_path: Path) -> None:
    one, two = key_file(tmp_path / "one", ES256), key_file(tmp_path / "two", ES256)

    with pytest.raises(KeysMalformed, match="same id"):
        KeyRing({"one": one, "two": two})
    with pytest.raises(KeysMalformed, match="cannot be read"):
        KeyRing({"one": tmp_path / "nothing"})
