"""A walk along a shard's facts finds every place where they do not join."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import pytest

from pitboss.kernel.shards import Shard
from pitboss.messages.model import NO_HASH, Head, SealedFact
from pitboss.sim.season.chains import ChainWalk, Envelope

HERE = Shard(3)
ANN, BOB = "ann's stream", "bob's stream"


def fact(seq: int, stream: str, version: int, /, *, prev: bytes, **said: object) -> SealedFact:
    """Return a fact; `said` is what its bytes say instead of the truth."""
    body = {"seq": seq, "shard": HERE, "stream": stream, "ver": version, "prev": prev.hex()}
    body["rec"] = "2031-08-16T12:00:00Z"
    return SealedFact(
        shard=HERE,
        seq=seq,
        stream=stream,
        version=version,
        body=msgspec.json.encode({**body, **said, "data": {"type": "note", "text": str(seq)}}),
    )


def hash_of(item: SealedFact) -> bytes:
    return hashlib.sha256(b"\x00" + item.body).digest()


def chain() -> list[SealedFact]:
    first = fact(1, ANN, 1, prev=NO_HASH)
    second = fact(2, BOB, 1, prev=hash_of(first))
    third = fact(3, ANN, 2, prev=hash_of(second))
    return [first, second, third]


def walk(facts: Sequence[SealedFact], *, seq: int = 3, newest: bytes | None = None) -> list[str]:
    walker = ChainWalk(HERE)
    for item in facts:
        walker.step(item, msgspec.json.decode(item.body, type=Envelope))
    newest = hash_of(facts[-1]) if newest is None else newest
    walker.end(Head(shard=HERE, epoch=0, seq=seq, hash=newest))
    return walker.broken


def test_an_unbroken_chain_is_one_up_to_its_head() -> None:
    assert walk(chain()) == []


def test_a_shard_without_facts_is_unbroken() -> None:
    assert walk([], seq=0, newest=NO_HASH) == []


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_fact_is_found(missing: int) -> None:
    facts = chain()
    newest = hash_of(facts[-1])
    del facts[missing]

    assert walk(facts, newest=newest)


def test_a_changed_fact_is_found_at_the_next_one() -> None:
    first, _, third = chain()
    changed = fact(2, BOB, 1, prev=hash_of(first), more="a word")

    assert walk([first, changed, third]) == [
        "shard 3, seq 3: it does not name the hash of the fact before"
    ]


def test_a_changed_last_fact_is_found_at_the_head() -> None:
    facts = chain()
    newest = hash_of(facts[-1])
    facts[-1] = fact(3, ANN, 2, prev=hash_of(facts[1]), more="a word")

    assert walk(facts, newest=newest) == ["shard 3: the head has another hash than the last fact"]


def test_a_gap_in_a_stream_is_found() -> None:
    first, second, _ = chain()
    third = fact(3, ANN, 3, prev=hash_of(second))

    assert walk([first, second, third]) == [
        "shard 3, seq 3: version 3 of its stream, 2 was expected"
    ]


@pytest.mark.parametrize(
    "said", [{"seq": 7}, {"shard": 7}, {"stream": "somebody's"}, {"ver": 7}], ids=str
)
def test_bytes_that_belong_elsewhere_are_found(said: dict[str, object]) -> None:
    first = fact(1, ANN, 1, prev=NO_HASH, **said)

    assert walk([first], seq=1) == ["shard 3, seq 1: its bytes say that it belongs elsewhere"]


def test_a_head_that_is_ahead_is_found() -> None:
    assert walk(chain(), seq=4) == ["shard 3: 3 facts, but the head is at seq 4"]
