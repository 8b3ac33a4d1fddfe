"""Clocks and entropy: what production uses, and what tests and simulations put in its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pitboss.kernel.clock import Clock, ManualClock, SharedClock, SystemClock
from pitboss.kernel.entropy import Entropy, SeededEntropy, SystemEntropy

START = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_machine_tells_its_time_in_utc() -> None:
    clock: Clock = SystemClock()

    before, now, after = datetime.now(UTC), clock.now(), datetime.now(UTC)

    assert before <= now <= after
    assert now.tzinfo is UTC


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(START)

    stood = [clock.now(), clock.now()]
    clock.advance(timedelta(microseconds=1))

    assert stood == [START, START]
    assert clock.now() == datetime(2024, 3, 1, tzinfo=UTC)


def test_everybody_who_opened_a_shared_clock_sees_it_move(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    leader, follower = SharedClock.create(path, START), SharedClock(path)
    later = START + timedelta(days=400, microseconds=1)

    before = follower.now()
    leader.set(later)

    assert before == START
    assert follower.now() == later
    assert SharedClock(path).now() == later


def test_the_system_never_hands_out_a_byte_twice() -> None:
    entropy: Entropy = SystemEntropy()

    drawn = [entropy.random_bytes(10) for _ in range(2_000)]

    assert {len(raw) for raw in drawn} == {10}
    assert len(set(drawn)) == len(drawn)


def test_the_system_gives_more_bytes_than_its_buffer_holds() -> None:
    entropy = SystemEntropy()

    assert [len(entropy.random_bytes(count)) for count in (5_000, 0, 1, 4_096)] == [
        5_000,
        0,
        1,
        4_096,
    ]


def test_a_seed_gives_its_own_sequence() -> None:
    first, again, other = SeededEntropy("a"), SeededEntropy("a"), SeededEntropy("b")

    drawn = first.random_bytes(16)

    assert drawn == again.random_bytes(16)
    assert drawn != other.random_bytes(16)
    assert first.random_bytes(16) != drawn
