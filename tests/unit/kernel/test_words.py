"""Errors, invariants, shards and the base of all facts."""

from __future__ import annotations

import msgspec
import pytest

from pitboss.kernel.errors import Fault, InvariantBroken, Malformed, PlatformError
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId, PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import (
    CATALOGUE_SHARD,
    PARTITIONS_ALL,
    PLAYER_SHARDS,
    SHARDS_ALL,
    STAFF_SHARD,
    SYSTEM_SHARD,
    Shard,
    partition_of,
    shard_of,
    shards_of,
)


class SeatTaken(Fact, frozen=True, kw_only=True, tag="seat.taken"):
    """A fact for these tests."""

    seat: int
    by: str | None = None


def test_a_fault_says_whether_to_try_again() -> None:
    fault = Fault("the database is away", retryable=True)

    assert (str(fault), fault.retryable) == ("the database is away", True)
    assert isinstance(fault, PlatformError)


def test_a_malformed_value_names_its_field() -> None:
    malformed = Malformed("legs[0].price", "is no price")

    assert str(malformed) == "legs[0].price: is no price"
    assert (malformed.field, malformed.message) == ("legs[0].price", "is no price")


@pytest.mark.parametrize("condition", [False, None, 0, ()])
def test_a_broken_invariant_is_raised_with_its_promise(condition: object) -> None:
    with pytest.raises(InvariantBroken, match="two and two"):
        ensure(condition, "two and two")


def test_a_kept_invariant_says_nothing() -> None:
    ensure([1], "a list that is not empty counts as kept")


def test_a_fact_leaves_out_what_has_its_default() -> None:
    plain = msgspec.json.decode(msgspec.json.encode(SeatTaken(seat=7)))

    assert plain == {"type": "seat.taken", "seat": 7}


def test_a_fact_carries_its_movements() -> None:
    movement = Movement(
        kind="hold", key="k", micros=5, currency="GBP", account=AccountId("a"), hold=None
    )

    plain = msgspec.json.decode(msgspec.json.encode(SeatTaken(seat=7, movements=(movement,))))

    assert plain["movements"] == [
        {"kind": "hold", "key": "k", "micros": 5, "currency": "GBP", "account": "a"}
    ]


def test_every_lane_of_players_belongs_to_one_partition() -> None:
    carried = [shard for partition in PARTITIONS_ALL for shard in shards_of(partition)]

    assert carried == [Shard(number) for number in range(PLAYER_SHARDS)]
    assert all(
        partition_of(shard) == partition
        for partition in PARTITIONS_ALL
        for shard in shards_of(partition)
    )


def test_the_lanes_without_players_have_their_own_numbers() -> None:
    others = [CATALOGUE_SHARD, STAFF_SHARD, SYSTEM_SHARD]

    assert list(SHARDS_ALL) == list(range(PLAYER_SHARDS + len(others)))
    assert others == list(SHARDS_ALL[PLAYER_SHARDS:])


# A player never changes lane: another derivation would look for old players in the wrong one.
def test_a_player_keeps_the_lane_of_old() -> None:
    player_id = PlayerId("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")

    assert shard_of(player_id) == 49
