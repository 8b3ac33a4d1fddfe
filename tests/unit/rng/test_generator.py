"""The generator is seeded by good entropy alone, never copied, and silent once it has failed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pitboss.rng import generator as module
from pitboss.rng.drbg import REQUEST_BYTES_MAX, RESEED_INTERVAL
from pitboss.rng.entropy import START_UP_SAMPLES, EntropySource
from pitboss.rng.errors import Failed, Malformed
from pitboss.rng.generator import Generator
from pitboss.rng.guards import RestoreGuard


class Entropy:
    """The system's entropy, until somebody breaks it; remembers how much was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.broken = False

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        return bytes(count) if self.broken else os.urandom(count)


def in_a_child(act: Callable[[], None]) -> bytes:
    """Fork, and return what the child found out: the message of its fault, or nothing."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except Failed as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    told = os.read(reading, 1000)
    os.close(reading)
    return told


def test_entropy_is_tested_before_anything_is_seeded_with_it() -> None:
    entropy = Entropy()

    Generator(b"", source=EntropySource(entropy))

    assert entropy.asked == [START_UP_SAMPLES, 32, 16]


def test_two_generators_of_the_same_words_give_other_bytes() -> None:
    assert Generator(b"same").read(32) != Generator(b"same").read(32)


def test_fresh_entropy_comes_in_when_it_is_asked_for() -> None:
    entropy = Entropy()
    generator = Generator(b"", source=EntropySource(entropy))
    entropy.asked.clear()

    generator.read(8)
    assert entropy.asked == []
    generator.read(8, fresh=True)
    generator.read(8, fresh=True, additional=b"round")

    assert entropy.asked == [32, 32]
    assert generator.reseeds == 2


def test_entropy_comes_in_by_itself_when_the_interval_is_over() -> None:
    generator = Generator(b"")

    for _ in range(RESEED_INTERVAL):
        generator.read(1)
    assert generator.reseeds == 0
    generator.read(1)

    assert generator.reseeds == 1


def test_entropy_that_breaks_closes_the_generator_for_good() -> None:
    entropy = Entropy()
    generator = Generator(b"", source=EntropySource(entropy))
    entropy.broken = True

    with pytest.raises(Failed, match="in a row"):
        generator.read(8, fresh=True)
    entropy.broken = False

    # Not even what would need no entropy.
    with pytest.raises(Failed, match="in a row"):
        generator.read(8)
    with pytest.raises(Failed):
        generator.self_test()
    assert generator.failed is not None


def test_broken_entropy_seeds_nothing() -> None:
    with pytest.raises(Failed):
        Generator(b"", source=EntropySource(bytes))


def test_a_known_answer_that_is_not_given_closes_the_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = Generator(b"")

    def wrong() -> None:
        raise Failed("self test: the generator gives something else")

    monkeypatch.setattr(module, "run_known_answers", wrong)

    with pytest.raises(Failed, match="self test"):
        generator.self_test()
    with pytest.raises(Failed, match="self test"):
        generator.read(1)
    with pytest.raises(Failed, match="self test"):
        Generator(b"")


def test_a_request_that_is_refused_closes_nothing() -> None:
    generator = Generator(b"")

    with pytest.raises(Malformed):
        generator.read(REQUEST_BYTES_MAX + 1)

    assert len(generator.read(8)) == 8


def test_a_child_of_a_fork_draws_nothing_and_its_parent_goes_on() -> None:
    generator = Generator(b"")

    told = in_a_child(lambda: void(generator.read(8)))

    assert told.startswith(b"forked")
    assert len(generator.read(8)) == 8


def test_a_child_with_the_id_of_its_parent_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are used again; the fork itself is noticed too."""
    generator, pid = Generator(b""), os.getpid()

    def draw() -> None:
        monkeypatch.setattr(os, "getpid", lambda: pid)
        generator.read(8)

    assert in_a_child(draw).startswith(b"forked")


def void(_: object) -> None:
    """Take anything and say nothing."""


@pytest.mark.parametrize("changed", ["boot", "generation"])
def test_a_restored_machine_draws_nothing(tmp_path: Path, changed: str) -> None:
    for name in ("boot", "generation"):
        (tmp_path / name).write_text("one")
    guard = RestoreGuard(tmp_path / "boot", tmp_path / "generation")
    generator = Generator(b"", restores=guard)
    assert guard.watches == (True, True)
    generator.read(8, fresh=True)

    (tmp_path / changed).write_text("two")

    with pytest.raises(Failed, match="restored"):
        generator.read(8, fresh=True)
    (tmp_path / changed).write_text("one")
    with pytest.raises(Failed, match="restored"):
        generator.read(8)


def test_a_machine_without_a_generation_id_is_watched_by_its_boot_id(tmp_path: Path) -> None:
    (tmp_path / "boot").write_text("one")

    guard = RestoreGuard(tmp_path / "boot", tmp_path / "none")

    assert guard.watches == (True, False)
    guard.check()
