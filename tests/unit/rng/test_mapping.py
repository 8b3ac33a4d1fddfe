"""Numbers, shuffles and weighted picks are without bias, within bounds, and map again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice, permutations
from random import Random
from typing import Any

import pytest

from pitboss.rng.errors import Failed, Malformed
from pitboss.rng.mapping import REACH, REJECTED_MAX, WORDS, Choices, apply, check


def words_of(*numbers: int) -> Callable[[bool], bytes]:
    """Return words that are these numbers, one after the other."""
    left = iter(numbers)
    return lambda _: next(left).to_bytes(8, "big")


def seeded(seed: int) -> Callable[[bool], bytes]:
    """Return words that follow from a seed."""
    chance = Random(seed)
    return lambda _: chance.randbytes(8)


@pytest.mark.parametrize("size", [1, 2, 3, 37, 52, 1000, 1_000_003, 2**32, 2**63 + 1, 2**64])
def test_each_number_has_as_many_words_as_the_others(size: int) -> None:
    """The last word that is taken and the first that is not, at the edge itself."""
    limit = WORDS // size * size

    assert Choices(words_of(limit - 1)).below(size) == size - 1
    assert Choices(words_of(0)).below(size) == 0
    if limit < WORDS:
        choices = Choices(words_of(limit, WORDS - 1, 5))
        assert choices.below(size) == 5 % size
        assert choices.rejected == 2
        assert len(choices.raw) == 24


def test_words_that_are_rejected_for_ever_are_a_failure() -> None:
    with pytest.raises(Failed, match="rejected"):
        Choices(words_of(*[WORDS - 1] * (REJECTED_MAX + 1))).below(37)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_every_permutation_comes_of_as_many_choices_as_the_others(size: int) -> None:
    """All choices that a shuffle of so many can make lead to all permutations, each once."""
    found: Counter[tuple[int, ...]] = Counter()
    sizes = list(range(size, 1, -1))
    for number in range(_product(sizes)):
        choices = []
        for radix in sizes:
            number, choice = divmod(number, radix)
            choices.append(choice)
        found[tuple(apply(shuffle(size, size), Choices(words_of(*choices))))] += 1

    assert found == Counter(permutations(range(size)))


def _product(sizes: list[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def shuffle(size: int, count: int) -> dict[str, Any]:
    """Return the mapping of a shuffle."""
    return {"kind": "shuffle", "size": size, "count": count}


def test_the_first_places_of_a_shuffle_are_those_of_the_whole_one() -> None:
    whole = apply(shuffle(52, 52), Choices(seeded(1)))

    assert apply(shuffle(52, 7), Choices(seeded(1))) == whole[:7]
    assert sorted(whole) == list(range(52))


def test_each_place_is_picked_as_often_as_its_weight_says() -> None:
    weights = [0, 3, 0, 1, 2, 0]
    mapping = {"kind": "weighted", "weights": weights, "count": 6}

    picked = apply(mapping, Choices(words_of(*range(6))))

    assert picked == [1, 1, 1, 3, 4, 4]


def test_a_range_has_both_its_ends() -> None:
    mapping = {"kind": "range", "low": -3, "high": 3, "count": 7}

    assert apply(mapping, Choices(words_of(*range(7)))) == [-3, -2, -1, 0, 1, 2, 3]


def test_a_shoe_of_six_decks_gets_more_entropy_than_it_has_orders() -> None:
    """Between two reseeds the choices are at most 2**248, and 256 bits are fresh for them."""
    reseeds: list[int] = []
    count = 0

    def words(reseed: bool) -> bytes:
        nonlocal count
        if reseed:
            reseeds.append(count)
        count += 1
        return (0).to_bytes(8, "big")

    choices = Choices(words)
    apply(shuffle(312, 312), choices)

    assert choices.reseeds == len(reseeds) == 8
    for start, end in zip([0, *reseeds], [*reseeds, 311], strict=True):
        assert _product([312 - place for place in range(start, end)]) <= REACH
    # One card more in the first part would have been too many.
    assert _product([312 - place for place in range(reseeds[0] + 1)]) > REACH


def test_one_deck_needs_no_second_entropy() -> None:
    choices = Choices(seeded(1))

    apply(shuffle(52, 52), choices)

    assert choices.reseeds == 0


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"kind": "dice", "count": 1},
        {"kind": ["range"], "count": 1},
        {"kind": "range", "low": 0, "high": 1},
        {"kind": "range", "low": 0, "high": 1, "count": 1, "also": 1},
        {"kind": "range", "low": 1, "high": 0, "count": 1},
        {"kind": "range", "low": 0, "high": 1, "count": 0},
        {"kind": "range", "low": 0, "high": 1, "count": 4097},
        {"kind": "range", "low": 0, "high": 1.0, "count": 1},
        {"kind": "range", "low": False, "high": 1, "count": 1},
        {"kind": "range", "low": -(2**63), "high": 2**63, "count": 1},
        {"kind": "range", "low": 0, "high": 2**64, "count": 1},
        {"kind": "shuffle", "size": 0, "count": 0},
        {"kind": "shuffle", "size": 4097, "count": 1},
        {"kind": "shuffle", "size": 4, "count": 5},
        {"kind": "weighted", "weights": [], "count": 1},
        {"kind": "weighted", "weights": [0, 0], "count": 1},
        {"kind": "weighted", "weights": [-1, 2], "count": 1},
        {"kind": "weighted", "weights": [0.5], "count": 1},
        {"kind": "weighted", "weights": [True], "count": 1},
        {"kind": "weighted", "weights": "12", "count": 1},
        {"kind": "weighted", "weights": [2**63, 2**63, 1], "count": 1},
        {"kind": "weighted", "weights": [1] * 4097, "count": 1},
    ],
)
def test_what_is_no_mapping_is_refused_before_a_word_is_used(mapping: dict[str, Any]) -> None:
    choices = Choices(words_of())

    with pytest.raises(Malformed):
        apply(mapping, choices)

    assert not choices.raw


def test_the_largest_that_fit_are_taken() -> None:
    for mapping in (
        {"kind": "range", "low": -(2**63), "high": 2**63 - 1, "count": 4096},
        {"kind": "shuffle", "size": 4096, "count": 4096},
        {"kind": "weighted", "weights": [2**52] * 4096, "count": 4096},
    ):
        assert check(mapping) == mapping
        assert len(apply(mapping, Choices(seeded(1)))) == 4096


@pytest.mark.parametrize("size", [2, 7, 37, 52, 100])
def test_what_is_chosen_is_spread_evenly(size: int) -> None:
    """Chi-square with a fixed seed; 4.5 deviations above its mean would be chance once in 1e5."""
    choices, draws = Choices(seeded(size)), 20_000
    seen = Counter(islice(iter(lambda: choices.below(size), None), draws))

    expected = draws / size
    chi_square = sum((seen[number] - expected) ** 2 / expected for number in range(size))

    assert chi_square < (size - 1) + 4.5 * (2 * (size - 1)) ** 0.5 + 6


def test_a_biased_way_would_be_seen_in_that() -> None:
    """The same with the remainder of a byte, as it must not be done: it fails by far."""
    chance, size, draws = Random(1), 100, 20_000
    seen = Counter(byte % size for byte in chance.randbytes(draws))

    expected = draws / size
    chi_square = sum((seen[number] - expected) ** 2 / expected for number in range(size))

    assert chi_square > 2 * ((size - 1) + 4.5 * (2 * (size - 1)) ** 0.5 + 6)
