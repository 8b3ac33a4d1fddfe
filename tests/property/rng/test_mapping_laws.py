"""Laws of the mapping, whatever is asked for and whatever the words are."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.rng import RNG_ID, RNG_VERSION
from pitboss.rng.errors import Malformed
from pitboss.rng.mapping import REJECTED_MAX, WORDS, Choices, apply, check
from pitboss.rng.records import DrawRecord, replay

SMALL = st.integers(1, 40)


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """Return any mapping, also of ranges so wide that words are often rejected."""
    match draw(st.sampled_from(["range", "shuffle", "weighted"])):
        case "range":
            low = draw(st.integers(-(WORDS >> 1), (WORDS >> 1) - 1))
            high = draw(st.integers(low, (WORDS >> 1) - 1))
            return {"kind": "range", "low": low, "high": high, "count": draw(SMALL)}
        case "shuffle":
            size = draw(st.integers(1, 400))
            return {"kind": "shuffle", "size": size, "count": draw(st.integers(1, size))}
        case _:
            weights = draw(st.lists(st.integers(0, 1 << 58), min_size=1, max_size=30))
            weights[draw(st.integers(0, len(weights) - 1))] += 1
            return {"kind": "weighted", "weights": weights, "count": draw(SMALL)}


def drawn(mapping: dict[str, Any], chance: Any) -> DrawRecord:
    """Return the record of a draw with words that chance gives, edges more often than by chance."""
    asked = 0

    def words(_: bool) -> bytes:
        nonlocal asked
        asked += 1
        number = chance.getrandbits(64)
        # Never so many at the edge in a row that the mapping gives up.
        if asked % (REJECTED_MAX // 2) and chance.random() < 0.3:
            number = chance.choice([0, 1, WORDS - 1, WORDS - 2, WORDS >> 1])
        return int(number).to_bytes(8, "big")

    choices = Choices(words)
    values = apply(mapping, choices)
    return DrawRecord(
        draw_id="d",
        round_id="r",
        purpose="p",
        mapping=mapping,
        raw=choices.raw.hex(),
        rejected=choices.rejected,
        reseeds=choices.reseeds + (1 if choices.raw else 0),
        values=values,
        rng_id=RNG_ID,
        rng_version=RNG_VERSION,
        code_hash="",
        instance="",
        sequence=1,
    )


@given(mapping=mappings(), chance=st.randoms(use_true_random=False))
def test_a_record_maps_again_and_its_values_are_what_was_asked_for(
    mapping: dict[str, Any], chance: Any
) -> None:
    record = drawn(mapping, chance)
    values = record.values

    assert check(mapping) == mapping
    assert replay(record) == values
    assert len(values) == mapping["count"]
    match mapping["kind"]:
        case "range":
            assert all(mapping["low"] <= value <= mapping["high"] for value in values)
        case "shuffle":
            assert len(set(values)) == len(values)
            assert set(values) <= set(range(mapping["size"]))
        case _:
            assert all(mapping["weights"][value] > 0 for value in values)


@given(mapping=mappings(), chance=st.randoms(use_true_random=False))
def test_every_word_is_used_once_and_each_is_needed(mapping: dict[str, Any], chance: Any) -> None:
    record = drawn(mapping, chance)
    places = mapping["count"]
    if mapping["kind"] == "shuffle" and places == mapping["size"]:
        places -= 1

    assert len(record.raw) == 16 * (places + record.rejected)
    for raw in (record.raw + "0" * 16, record.raw[16:]):
        # Without its first word a draw lacks one at its end, and of no word none can be taken.
        if raw != record.raw:
            with pytest.raises(Malformed):
                replay(replace(record, raw=raw))


@given(
    members=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["kind", "low", "high", "count", "size", "weights"]),
                inner,
                max_size=5,
            )
        ),
    )
)
def test_whatever_is_asked_for_is_a_mapping_or_refused(members: Any) -> None:
    mapping = members if isinstance(members, dict) else {"kind": members}
    with contextlib.suppress(Malformed):
        assert check(mapping) == mapping
