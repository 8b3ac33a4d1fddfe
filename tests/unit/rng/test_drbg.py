"""The generator gives what the standard's vectors and OpenSSL give, and keeps to its limits."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from openssl_drbg import OpenSslHmacDrbg, OpenSslMissing
from pitboss.rng import selftest
from pitboss.rng.drbg import (
    INPUT_BYTES_MAX,
    REQUEST_BYTES_MAX,
    RESEED_INTERVAL,
    HmacDrbg,
    ReseedRequired,
)
from pitboss.rng.errors import Failed, Malformed

FOLDER = Path(
    os.environ.get("PITBOSS_TEST_DRBG_DATA")
    or Path(__file__).parents[4] / "shared" / "data" / "drbg"
)
CASES_OF_A_FILE = 240

_MEMBER = re.compile(r"(\w+) = ?([0-9a-f]*)")

Case = list[tuple[str, bytes]]


def vectors(name: str) -> list[Case]:
    """Return the cases of a published file: names and values in the order in which they stand."""
    path = FOLDER / f"HMAC_DRBG_SHA256_{name}.rsp"
    if not path.exists():
        pytest.skip(f"no published vectors at {path}")
    cases: list[Case] = []
    for line in path.read_text().splitlines():
        member = _MEMBER.fullmatch(line.strip())
        if member is None:
            continue
        if member[1] == "COUNT":
            cases.append([])
        elif cases:
            cases[-1].append((member[1], bytes.fromhex(member[2])))
    return cases


def one(case: Case, name: str) -> bytes:
    """Return the only value of this name."""
    (value,) = (value for known, value in case if known == name)
    return value


def each(case: Case, name: str) -> Iterator[bytes]:
    """Yield the values of this name, in order."""
    return (value for known, value in case if known == name)


def started(case: Case) -> HmacDrbg:
    """Return the generator that a case instantiates."""
    return HmacDrbg(
        one(case, "EntropyInput"), one(case, "Nonce"), one(case, "PersonalizationString")
    )


def test_all_published_vectors_without_reseeding_are_given() -> None:
    cases = vectors("no_reseed")

    for case in cases:
        drbg, returned = started(case), one(case, "ReturnedBits")
        first, second = each(case, "AdditionalInput")
        drbg.generate(len(returned), first)
        assert drbg.generate(len(returned), second) == returned
    assert len(cases) == CASES_OF_A_FILE


def test_all_published_vectors_with_reseeding_are_given() -> None:
    cases = vectors("pr_false")

    for case in cases:
        drbg, returned = started(case), one(case, "ReturnedBits")
        first, second = each(case, "AdditionalInput")
        drbg.reseed(one(case, "EntropyInputReseed"), one(case, "AdditionalInputReseed"))
        drbg.generate(len(returned), first)
        assert drbg.generate(len(returned), second) == returned
    assert len(cases) == CASES_OF_A_FILE


def test_all_published_vectors_with_prediction_resistance_are_given() -> None:
    cases = vectors("pr_true")

    for case in cases:
        drbg, returned = started(case), one(case, "ReturnedBits")
        given = b""
        for entropy, additional in zip(
            each(case, "EntropyInputPR"), each(case, "AdditionalInput"), strict=True
        ):
            drbg.reseed(entropy, additional)
            given = drbg.generate(len(returned))
        assert given == returned
    assert len(cases) == CASES_OF_A_FILE


@pytest.mark.parametrize("seed", range(60))
def test_openssl_gives_the_same_whatever_is_asked(seed: int) -> None:
    chance = Random(seed)

    def some(low: int, high: int) -> bytes:
        return chance.randbytes(chance.randint(low, high))

    entropy, nonce, personalization = some(32, 64), some(16, 32), some(0, 100)
    try:
        theirs = OpenSslHmacDrbg(entropy, nonce, personalization)
    except OpenSslMissing as missing:
        pytest.skip(f"no OpenSSL 3 to compare with: {missing}")
    ours = HmacDrbg(entropy, nonce, personalization)

    for _ in range(12):
        count, additional, fresh = chance.randint(1, 200), some(0, 64), some(32, 64)
        match chance.randint(0, 2):
            case 0:
                assert ours.generate(count, additional) == theirs.generate(count, additional)
            case 1:
                theirs.reseed(fresh, additional)
                ours.reseed(fresh, additional)
            case _:
                ours.reseed(fresh, additional)
                assert ours.generate(count) == theirs.generate(count, additional, fresh=fresh)
    theirs.close()


def test_the_known_answers_are_openssls() -> None:
    try:
        theirs = OpenSslHmacDrbg(selftest.ENTROPY, selftest.NONCE, selftest.PERSONALIZATION)
    except OpenSslMissing as missing:
        pytest.skip(f"no OpenSSL 3 to compute them with: {missing}")

    first, second = theirs.generate(40), theirs.generate(32, selftest.ADDITIONAL)
    theirs.reseed(selftest.RESEED_ENTROPY, selftest.ADDITIONAL)
    third = theirs.generate(32)
    fourth = theirs.generate(32, selftest.ADDITIONAL, fresh=selftest.FRESH_ENTROPY)
    theirs.close()

    assert tuple(output.hex() for output in (first, second, third, fourth)) == selftest.GENERATED


def make() -> HmacDrbg:
    """Return a generator whose seed does not matter."""
    return HmacDrbg(bytes(32), bytes(16))


@pytest.mark.parametrize(
    ("entropy", "nonce", "personalization"),
    [
        (31, 16, 0),
        (32, 15, 0),
        (INPUT_BYTES_MAX + 1, 16, 0),
        (32, INPUT_BYTES_MAX + 1, 0),
        (32, 16, INPUT_BYTES_MAX + 1),
    ],
)
def test_a_seed_that_is_too_short_or_too_long_is_refused(
    entropy: int, nonce: int, personalization: int
) -> None:
    with pytest.raises(Malformed):
        HmacDrbg(bytes(entropy), bytes(nonce), bytes(personalization))


def test_a_request_has_its_limits_and_a_refused_one_changes_nothing() -> None:
    drbg, same = make(), make()

    for count, additional in ((REQUEST_BYTES_MAX + 1, 0), (-1, 0), (1, INPUT_BYTES_MAX + 1)):
        with pytest.raises(Malformed):
            drbg.generate(count, bytes(additional))
    with pytest.raises(Malformed):
        drbg.reseed(bytes(31))

    assert drbg.generate(REQUEST_BYTES_MAX) == same.generate(REQUEST_BYTES_MAX)


def test_after_so_many_requests_there_must_be_entropy_first() -> None:
    drbg = make()
    for _ in range(RESEED_INTERVAL):
        drbg.generate(1)

    with pytest.raises(ReseedRequired):
        drbg.generate(1)

    drbg.reseed(bytes(32))
    assert len(drbg.generate(1)) == 1


def test_what_was_uninstantiated_gives_nothing() -> None:
    drbg = make()
    drbg.uninstantiate()

    with pytest.raises(Failed):
        drbg.generate(1)
    with pytest.raises(Failed):
        drbg.reseed(bytes(32))


def test_an_output_that_stands_still_ends_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    drbg = make()
    monkeypatch.setattr(drbg, "_hmac", lambda _: drbg._value)

    with pytest.raises(Failed, match="stuck"):
        drbg.generate(64)

    monkeypatch.undo()
    with pytest.raises(Failed, match="uninstantiated"):
        drbg.generate(1)


def test_other_additional_input_gives_other_output() -> None:
    assert len({make().generate(32, text) for text in (b"", b"a", b"b", b"a\x00")}) == 4
