"""Good generators pass, with fixed seeds, and each kind of bad one is rejected for what it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, pairwise
from random import Random
from typing import Any

import numpy as np
import pytest

from pitboss.assay.chances import uniformity
from pitboss.assay.findings import Finding, of_counts
from pitboss.assay.mapped import assay_numbers, assay_shuffles, assay_weighted
from pitboss.assay.material import STREAMS, assay, draws_for, material_of, words_of
from pitboss.assay.report import Report, report_of
from pitboss.games import house
from pitboss.games.house.model import Action, RouletteBet
from pitboss.rng.drbg import HmacDrbg

BYTES = 1 << 19
ROUNDS = 120


def report(raw: bytes) -> Report:
    """Run our own tests on these bytes, and on what they are mapped to."""
    return report_of(list(assay(material_of(raw, origin="test"))), {})


def rejected(raw: bytes) -> set[tuple[str, str]]:
    """Return the streams and the tests that are rejected."""
    return {(one.stream, one.test) for one in report(raw).rejected}


def drbg(seed: int) -> bytes:
    """Return what the certified generator gives for a fixed seed."""
    generator = HmacDrbg(seed.to_bytes(32, "big"), bytes(16))
    return b"".join(generator.generate(1 << 16) for _ in range(BYTES >> 16))


def twister(seed: int) -> bytes:
    """Return what another good generator gives."""
    return Random(seed).randbytes(BYTES)


@pytest.mark.parametrize("good", [drbg, twister])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_good_passes(good: Callable[[int], bytes], seed: int) -> None:
    found = report(good(seed))

    assert found.rejected == ()
    assert len(found.findings) > 50
    # Not only does nothing fail: the chances are spread as they should be.
    assert 0.3 < sum(one.p < 0.5 for one in found.findings) / len(found.findings) < 0.7


def test_a_stuck_bit_is_rejected() -> None:
    """One bit of each 64-bit word is always one."""
    words = np.frombuffer(twister(3), dtype=np.uint64) | np.uint64(1 << 17)

    assert ("raw", "bits of words") in rejected(words.tobytes())


def test_a_bit_that_leans_a_little_is_rejected() -> None:
    """One bit of each word is one in 52 % of cases."""
    chance, words = Random(4), np.frombuffer(twister(3), dtype=np.uint64).copy()
    for place in range(len(words)):
        if chance.random() < 0.04:
            words[place] |= np.uint64(1 << 40)

    assert ("raw", "bits of words") in rejected(words.tobytes())


@pytest.mark.parametrize("period", [256, 4096, 65_536])
def test_a_short_period_is_rejected(period: int) -> None:
    raw = (twister(5)[:period] * (BYTES // period + 1))[:BYTES]

    found = rejected(raw)

    assert ("raw", "repeated blocks") in found


@pytest.mark.parametrize("period", [257, 99_991, 500_003])
def test_a_period_that_fits_into_no_block_is_rejected(period: int) -> None:
    """What comes again comes at another place of a block of 16 bytes, and near the end but once."""
    raw = (twister(5)[:period] * (BYTES // period + 1))[:BYTES]

    assert ("raw", "repeated end") in rejected(raw)


def test_a_linear_congruential_generator_is_rejected() -> None:
    """State of 32 bits, given out whole, with the multiplier of Numerical Recipes."""
    state, words = 1, []
    for _ in range(BYTES // 4):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        words.append(state)

    assert len(rejected(np.array(words, dtype=np.uint32).tobytes())) >= 3


def test_a_counter_is_rejected_because_it_is_too_even() -> None:
    found = rejected(np.arange(BYTES // 2, dtype=np.uint16).tobytes())

    assert ("raw", "serial pairs") in found or ("raw", "repeated blocks") in found


def test_bytes_that_are_all_the_same_are_rejected() -> None:
    for raw in (bytes(BYTES), b"\xff" * BYTES, b"\x55" * BYTES):
        assert rejected(raw)


def test_text_is_rejected() -> None:
    assert rejected((b"The quick brown fox jumps over the lazy dog. " * BYTES)[:BYTES])


def failing(found: Any) -> set[str]:
    """Return the tests of a stream that a good generator does not fail."""
    return {one.test for one in report_of(list(found), {}).rejected}


def test_the_remainder_of_a_byte_is_rejected_and_named() -> None:
    """256 = 2 * 100 + 56: the first 56 numbers come half as often again."""
    numbers = np.frombuffer(twister(6)[:200_000], dtype=np.uint8).astype(np.int64) % 100

    assert "scaling bias of 8-bit words" in failing(assay_numbers(numbers, 100, stream="biased"))


def test_the_remainder_of_sixteen_bits_is_rejected_and_named() -> None:
    """65536 = 6 * 10000 + 5536: a seventh more of those, which chi-square would find later."""
    chance = np.random.default_rng(7)
    numbers = chance.integers(0, 1 << 16, 200_000) % 10_000

    found = failing(assay_numbers(numbers, 10_000, stream="biased"))

    assert "scaling bias of 16-bit words" in found


def test_numbers_without_that_bias_are_not_rejected() -> None:
    numbers = np.random.default_rng(8).integers(0, 10_000, 200_000)

    assert failing(assay_numbers(numbers, 10_000, stream="good")) == set()


def test_numbers_that_do_not_repeat_are_rejected() -> None:
    """Somebody draws again when a number comes twice in a row, because players complain."""
    drawn = np.random.default_rng(9).integers(0, 37, 60_000)
    numbers = drawn[np.concatenate(([True], drawn[1:] != drawn[:-1]))]

    assert failing(assay_numbers(numbers, 37, stream="no repeats")) & {"serial pairs", "poker"}


def test_numbers_that_make_up_for_what_was_are_rejected() -> None:
    """Each number comes once in each 37: the frequencies are perfect, and that is the fault."""
    chance = np.random.default_rng(10)
    numbers = np.concatenate([chance.permutation(37) for _ in range(1_000)])

    assert "frequencies" in failing(assay_numbers(numbers, 37, stream="adaptive"))


def test_numbers_that_lean_to_their_predecessor_are_rejected() -> None:
    chance = np.random.default_rng(11)
    numbers = chance.integers(0, 37, 60_000)
    copied = chance.random(60_000) < 0.03
    copied[0] = False
    numbers[copied] = numbers[np.flatnonzero(copied) - 1]

    assert "serial correlation" in failing(assay_numbers(numbers, 37, stream="leaning"))


def shuffled(size: int, count: int, seed: int, *, naive: bool) -> Any:
    """Return shuffles, of the right kind or of the well-known wrong one."""
    chance = Random(seed)
    rows = []
    for _ in range(count):
        row = list(range(size))
        for place in range(size):
            # Wrong: each place is swapped with any place, also one that is done.
            other = chance.randrange(size) if naive else chance.randrange(place, size)
            row[place], row[other] = row[other], row[place]
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("size", [4, 52])
def test_the_naive_shuffle_is_rejected_and_the_right_one_is_not(size: int) -> None:
    good, bad = (shuffled(size, 4_000, 12, naive=naive) for naive in (False, True))

    assert failing(assay_shuffles(good, size, stream="good")) == set()
    assert failing(assay_shuffles(bad, size, stream="bad"))


def test_weights_that_are_off_by_a_little_are_rejected() -> None:
    chance, weights = np.random.default_rng(13), [30, 24, 18, 12, 0, 8, 5, 3]
    shares = np.array(weights) / 100
    good = chance.choice(8, 100_000, p=shares)
    off = shares + np.array([0.0, 0, 0, 0, 0, 0, -0.004, 0.004])
    bad = chance.choice(8, 100_000, p=off)
    never = good.copy()
    never[17] = 4

    assert failing(assay_weighted(good, weights, stream="good")) == set()
    assert failing(assay_weighted(bad, weights, stream="bad"))
    assert failing(assay_weighted(never, weights, stream="never")) == {"weights of 0"}


def shares(cells: int, numbers: int) -> Iterator[tuple[list[int], float]]:
    """Yield every way in which fair numbers can fall into cells, and how often it happens."""
    for cuts in combinations_with_replacement(range(numbers + 1), cells - 1):
        counts = [high - low for low, high in pairwise((0, *cuts, numbers))]
        ways = math.factorial(numbers) // math.prod(map(math.factorial, counts))
        yield counts, ways / cells**numbers


@pytest.mark.parametrize(("cells", "numbers"), [(2, 40), (2, 400), (3, 60), (4, 40), (5, 40)])
@pytest.mark.parametrize("level", [0.01, 0.001])
def test_few_cells_that_are_even_by_chance_are_not_rejected(
    cells: int, numbers: int, level: float
) -> None:
    """Half of 40 coins fall on heads one time in eight: that is no proof of anything."""
    rejected = 0.0
    for counts, chance in shares(cells, numbers):
        found = of_counts("coins", "frequencies", counts, [numbers / cells] * cells)
        assert isinstance(found, Finding)
        rejected += chance * (found.p < level)

    assert rejected < 1.5 * level


@pytest.mark.parametrize("size", [3, 6, 8])
def test_numbers_that_are_dealt_out_of_an_even_pool_are_rejected(size: int) -> None:
    """Somebody mixes as many of each and deals them out: no chance makes them quite as many."""
    pool = np.random.default_rng(16).permutation(np.tile(np.arange(size), 400_000 // size))

    assert "frequencies" in failing(assay_numbers(pool, size, stream="pool"))


def staying(size: int, stay: int) -> list[int]:
    """Return a shuffle in which so many things stay, and nothing else is where it was."""
    return [*range(stay), *range(stay + 1, size), stay]


@pytest.mark.parametrize("stay", [6, 7, 8, 9])
def test_the_chance_of_few_coincidences_is_that_of_few(stay: int) -> None:
    """Of two shuffles of a shoe two things stay; that eight do happens once in a thousand."""
    rows = np.array([staying(312, stay), staying(312, 0)])
    exact = 1 - sum(math.exp(-2) * 2**few / math.factorial(few) for few in range(stay))

    (found,) = (
        one
        for one in assay_shuffles(rows, 312, stream="shoe")
        if isinstance(one, Finding) and one.test == "things that stay"
    )

    assert found.p == pytest.approx(2 * exact, rel=1e-3)


def first_places(size: int, places: int, count: int, seed: int) -> Any:
    """Return the first places of good shuffles."""
    chance = np.random.default_rng(seed)
    return np.array([chance.permutation(size)[:places] for _ in range(count)])


def test_the_first_places_of_shuffles_are_tested_too() -> None:
    good = first_places(52, 9, 4_000, 15)
    sticky, together, lower = good.copy(), good.copy(), good.copy()
    sticky[:500, 3] = np.where((sticky[:500] == 3).any(axis=1), sticky[:500, 3], 3)
    together[:500, 1] = (together[:500, 0] + 1) % 52
    lower[:1_000, 5] //= 2

    assert failing(assay_shuffles(good, 52, stream="good")) == set()
    assert "things that stay" in failing(assay_shuffles(sticky, 52, stream="sticky"))
    assert "things that stay together" in failing(assay_shuffles(together, 52, stream="together"))
    assert "places of each (chi-square)" in failing(assay_shuffles(lower, 52, stream="lower"))


@pytest.mark.parametrize(("size", "places"), [(4, 4), (12, 12), (12, 1), (12, 5), (12, 11)])
def test_chances_of_good_shuffles_are_spread_evenly(size: int, places: int) -> None:
    """Of so many good ones a tenth is in each tenth; were a variance wrong, they would not be."""
    many: dict[str, list[float]] = {}
    for seed in range(ROUNDS):
        found = assay_shuffles(first_places(size, places, 400, seed), size, stream="good")
        for one in found:
            assert isinstance(one, Finding)
            many.setdefault(one.test, []).append(one.p)

    assert all(len(given) == ROUNDS for given in many.values())
    # Few things coincide where there is one place; their counts are too coarse for tenths.
    fine = {name: given for name, given in many.items() if places > 1 or name.startswith("places")}
    assert {name for name, given in fine.items() if uniformity(given) < 1e-4} == set()


def test_every_way_in_which_games_draw_is_tested() -> None:
    found = report(drbg(14))

    assert {one.stream for one in found.findings} == {"raw", *STREAMS}


def test_what_the_houses_games_draw_is_among_them() -> None:
    red = RouletteBet(kind="red", numbers=house.roulette_table()["red"][0], stake_micros=10_000)
    begun = (
        (house.begin_roulette([red], minor_micros=10_000), Action.SPIN),
        (house.begin_slot(300_000, minor_micros=10_000), Action.SPIN),
        (house.begin_blackjack(20_000, minor_micros=10_000), Action.DEAL),
    )

    for state, action in begun:
        assert house.ask(state, action) in STREAMS.values()


def test_a_stream_has_as_many_draws_as_there_are_words_for() -> None:
    for mapping in STREAMS.values():
        draws = draws_for(BYTES, mapping)
        assert draws * words_of(mapping) * 8 * len(STREAMS) <= BYTES + 8 * 8 * 312
    assert draws_for(1 << 40, STREAMS["roulette"]) == 1 << 21
