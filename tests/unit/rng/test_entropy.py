"""Entropy that is broken is noticed, and what is good is not; the cut-offs follow from 800-90B."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb
from random import Random

import pytest

from pitboss.rng.entropy import (
    BITS_PER_SAMPLE,
    FALSE_ALARM_BITS,
    PROPORTION_MAX,
    REPETITIONS_MAX,
    WINDOW_SAMPLES,
    EntropySource,
    HealthTests,
)
from pitboss.rng.errors import Failed

STUCK = Random(4)
GOOD = Random(1).randbytes(1 << 16)


def good() -> Callable[[int], bytes]:
    """Return a source that works."""
    return Random(2).randbytes


def test_the_cut_off_of_the_proportion_test_is_the_standards() -> None:
    """SP 800-90B, 4.4.2: 1 + CRITBINOM(512, 2**-8, 1 - 2**-40), computed without rounding."""
    chance, wanted = Fraction(1, 2**BITS_PER_SAMPLE), 1 - Fraction(1, 2**FALSE_ALARM_BITS)
    critical, below = -1, Fraction(0)
    while below < wanted:
        critical += 1
        below += (
            comb(WINDOW_SAMPLES, critical)
            * chance**critical
            * (1 - chance) ** (WINDOW_SAMPLES - critical)
        )

    assert 1 + critical == PROPORTION_MAX


def test_the_cut_off_of_the_repetition_test_is_the_standards() -> None:
    """SP 800-90B, 4.4.1: 1 + ceil(40 / 8)."""
    assert REPETITIONS_MAX == 6


def test_good_samples_pass_however_they_are_cut() -> None:
    whole, cut = HealthTests(), HealthTests()
    whole.look_at(GOOD)
    chance, left = Random(3), GOOD
    while left:
        size = chance.randint(1, 700)
        cut.look_at(left[:size])
        left = left[size:]


@pytest.mark.parametrize("size", [1, 3, 32, 4096])
def test_a_sample_too_often_in_a_row_is_noticed_across_requests(size: int) -> None:
    tests = HealthTests()
    samples = GOOD[:100] + b"\x07" * REPETITIONS_MAX

    with pytest.raises(Failed, match="in a row"):
        for start in range(0, len(samples), size):
            tests.look_at(samples[start : start + size])


def test_one_less_in_a_row_is_chance() -> None:
    HealthTests().look_at(b"\x00" + b"\x07" * (REPETITIONS_MAX - 1) + b"\x00")


@pytest.mark.parametrize("size", [1, 5, WINDOW_SAMPLES])
def test_a_sample_too_often_in_a_window_is_noticed_across_requests(size: int) -> None:
    # Alternating with all others, so that nothing repeats.
    samples = bytes(
        number
        for place in range(WINDOW_SAMPLES // 2)
        for number in (9 if place < PROPORTION_MAX else 10 + place % 100, 120 + place % 100)
    )

    tests = HealthTests()

    with pytest.raises(Failed, match="times in 512"):
        for start in range(0, len(samples), size):
            tests.look_at(samples[start : start + size])


def test_one_less_in_a_window_is_chance() -> None:
    samples = bytes(
        number
        for place in range(WINDOW_SAMPLES // 2)
        for number in (9 if place < PROPORTION_MAX - 1 else 10 + place % 100, 120 + place % 100)
    )

    HealthTests().look_at(samples)


@pytest.mark.parametrize(
    "read",
    [
        lambda count: bytes(count),
        lambda count: b"\xaa" * count,
        lambda count: b"",
        lambda count: GOOD[: count - 1],
        lambda count: GOOD[:count],
        # Four bits of a byte are stuck.
        lambda count: bytes(byte & 0x0F for byte in STUCK.randbytes(count)),
        # A counter that counts too slowly.
        lambda count: bytes(place >> 3 & 0xFF for place in range(count)),
    ],
    ids=["zeros", "one", "nothing", "short", "the same", "stuck bits", "slow counter"],
)
def test_a_source_that_is_broken_is_closed_for_good(read: Callable[[int], bytes]) -> None:
    source = EntropySource(read)

    with pytest.raises(Failed) as first:
        source.start_up()
        for _ in range(1000):
            source.read(32)
    with pytest.raises(Failed) as later:
        source.read(32)

    assert str(first.value) == str(later.value)


def test_a_source_that_fails_once_is_not_asked_again() -> None:
    asked: list[int] = []

    def read(count: int) -> bytes:
        asked.append(count)
        raise OSError("no device")

    source = EntropySource(read)
    for _ in range(3):
        with pytest.raises(Failed, match="no device"):
            source.read(32)

    assert asked == [32]


def test_the_systems_own_entropy_is_good() -> None:
    source = EntropySource()

    source.start_up()

    assert len({source.read(32) for _ in range(200)}) == 200


def test_good_entropy_that_is_not_the_systems_is_good_too() -> None:
    source = EntropySource(good())

    source.start_up()

    assert source.read(32) != source.read(32)
