"""A version names one build, and an outcome is reproduced from its record by every later one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pitboss.rng import RNG_ID, RNG_VERSION
from pitboss.rng.errors import Malformed
from pitboss.rng.manifest import hash_of_room
from pitboss.rng.mapping import Choices, apply
from pitboss.rng.records import MAPPED_ALIKE, DrawRecord, replay

# The room of each version.  Whoever changes a file of it adds a line with another version, and
# leaves those that somebody may have drawn with.  Several were called 1.0.0.
ROOMS = {
    "1.1.0": "a559c21200a9e4d29fd98929e3d1d0e155487ba6ddb07168c909d6c0e835731a",
}
WORD = "0123456789abcdef"


def record_of(version: str, **changes: object) -> DrawRecord:
    """Return a record of a number of roulette, as this version has written it."""
    mapping = {"kind": "range", "low": 0, "high": 36, "count": 1}
    record = DrawRecord(
        draw_id="d1",
        round_id="r1",
        purpose="roulette spin",
        mapping=mapping,
        raw=WORD,
        rejected=0,
        reseeds=1,
        values=apply(mapping, Choices(lambda _: bytes.fromhex(WORD))),
        rng_id=RNG_ID,
        rng_version=version,
        code_hash="b3" * 32,
        instance="8f" * 16,
        sequence=1,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def test_a_room_that_was_changed_has_another_version() -> None:
    """Two builds of one name are one build to whoever reads the records of their draws."""
    assert hash_of_room() == ROOMS[RNG_VERSION]


def test_this_version_maps_what_it_draws() -> None:
    assert RNG_VERSION in MAPPED_ALIKE


@pytest.mark.parametrize("version", ["1.0.0", *ROOMS])
def test_what_an_earlier_version_has_drawn_is_mapped_again(version: str) -> None:
    """A player may ask what they were dealt years ago, and the generator was changed since."""
    record = record_of(version)

    assert replay(record) == record.values
    with pytest.raises(Malformed, match="values"):
        replay(replace(record, values=[record.values[0] + 1]))


@pytest.mark.parametrize("changes", [{"rng_version": "0.9.0"}, {"rng_id": "another"}])
def test_what_has_another_mapping_is_not_mapped_by_this_one(changes: dict[str, str]) -> None:
    with pytest.raises(Malformed, match="drawn by"):
        replay(record_of(RNG_VERSION, **changes))
