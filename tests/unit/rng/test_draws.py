"""A record has all that its outcome follows from, and no other outcome can be put into it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pitboss.rng import RNG_ID, RNG_VERSION
from pitboss.rng.draws import DrawRequest, draw, parse_request
from pitboss.rng.drbg import HmacDrbg
from pitboss.rng.errors import Failed, Malformed
from pitboss.rng.generator import Generator
from pitboss.rng.records import DrawRecord, replay

MAPPINGS: list[dict[str, Any]] = [
    {"kind": "range", "low": 0, "high": 36, "count": 1},
    {"kind": "range", "low": 0, "high": 2**62, "count": 50},
    {"kind": "shuffle", "size": 52, "count": 52},
    {"kind": "shuffle", "size": 312, "count": 312},
    {"kind": "shuffle", "size": 80, "count": 20},
    {"kind": "shuffle", "size": 1, "count": 1},
    {"kind": "weighted", "weights": [5, 0, 10, 1], "count": 5},
]


def request(mapping: dict[str, Any]) -> DrawRequest:
    """Return a request for this mapping."""
    return DrawRequest(draw_id="d1", round_id="r1", purpose="spin", mapping=mapping)


def drawn(mapping: dict[str, Any]) -> DrawRecord:
    """Draw with a generator of its own."""
    return draw(
        Generator(b""), request(mapping), code_hash="ab" * 32, instance="cd" * 16, sequence=1
    )


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_record_is_mapped_again_after_it_was_written_and_read(mapping: dict[str, Any]) -> None:
    record = drawn(mapping)

    again = DrawRecord.from_json(json.loads(json.dumps(record.to_json())))

    assert again == record
    assert replay(again) == record.values


def test_every_draw_has_entropy_of_its_own() -> None:
    generator = Generator(b"")

    for sequence in range(1, 20):
        record = draw(generator, request(MAPPINGS[0]), code_hash="", instance="", sequence=sequence)
        assert record.reseeds == 1
        assert generator.reseeds == sequence


def test_a_shoe_of_six_decks_has_entropy_nine_times() -> None:
    record = drawn({"kind": "shuffle", "size": 312, "count": 312})

    assert record.reseeds == 9
    assert sorted(record.values) == list(range(312))


def test_a_range_that_often_rejects_says_how_often_and_maps_again() -> None:
    # A third of the words is rejected.
    high = 2**64 // 3 * 2
    records = [
        drawn({"kind": "range", "low": -(2**62), "high": high - 2**62, "count": 100})
        for _ in range(3)
    ]

    assert all(10 < record.rejected < 200 for record in records)
    for record in records:
        assert len(record.raw) == 16 * (100 + record.rejected)
        replay(record)


def test_words_that_are_rejected_for_ever_close_the_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told closed to whoever asked; so it must be closed to the next one."""
    generator = Generator(b"")
    monkeypatch.setattr(HmacDrbg, "generate", lambda _, count, __=b"": b"\xff" * count)

    with pytest.raises(Failed):
        draw(generator, request(MAPPINGS[0]), code_hash="", instance="", sequence=1)

    assert generator.failed is not None
    monkeypatch.undo()
    with pytest.raises(Failed, match="rejected"):
        draw(generator, request(MAPPINGS[0]), code_hash="", instance="", sequence=2)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: {"values": [record.values[0] ^ 1, *record.values[1:]]},
        lambda record: {"values": record.values[:-1]},
        lambda record: {"raw": record.raw[:-16]},
        lambda record: {"raw": record.raw + "0" * 16},
        lambda record: {"raw": record.raw[:-1] + ("1" if record.raw[-1] == "0" else "0")},
        lambda record: {"raw": "x" * len(record.raw)},
        lambda record: {"rejected": record.rejected + 1},
        lambda record: {"reseeds": record.reseeds + 1},
        lambda record: {"rng_version": "0.9.9"},
        lambda record: {"rng_id": "another"},
        lambda record: {"mapping": {**record.mapping, "high": 35}},
        lambda record: {"mapping": {"kind": "dice"}},
    ],
)
def test_a_record_that_was_changed_contradicts_itself(change: Any) -> None:
    # So many numbers that a changed mapping or word cannot give the same by chance.
    record = drawn({"kind": "range", "low": 0, "high": 2**61 + 7, "count": 40})

    with pytest.raises(Malformed):
        replay(replace(record, **change(record)))


@pytest.mark.parametrize(
    "change",
    [
        {"raw": 1},
        {"rejected": "0"},
        {"rejected": True},
        {"values": "12"},
        {"values": [1.0]},
        {"mapping": []},
        {"sequence": None},
        {"extra": 1},
    ],
)
def test_what_is_no_record_is_not_read(change: dict[str, Any]) -> None:
    members = drawn(MAPPINGS[0]).to_json()

    with pytest.raises(Malformed):
        DrawRecord.from_json(members | change)
    with pytest.raises(Malformed):
        DrawRecord.from_json({name: members[name] for name in members if name != "raw"})


@pytest.mark.parametrize(
    "change",
    [
        {"draw_id": ""},
        {"draw_id": "x" * 201},
        {"draw_id": 1},
        {"round_id": "a\nb"},
        {"purpose": "\ud800"},
        {"mapping": None},
        {"mapping": {"kind": "range"}},
        {"also": 1},
    ],
)
def test_what_is_no_request_is_not_read(change: dict[str, Any]) -> None:
    good = {"draw_id": "d", "round_id": "r", "purpose": "p", "mapping": MAPPINGS[0]}
    assert parse_request(good).mapping == MAPPINGS[0]

    with pytest.raises(Malformed):
        parse_request(good | change)


def test_a_record_names_its_build() -> None:
    record = drawn(MAPPINGS[0])

    assert (record.rng_id, record.rng_version) == (RNG_ID, RNG_VERSION)
    assert (record.code_hash, record.instance, record.sequence) == ("ab" * 32, "cd" * 16, 1)
