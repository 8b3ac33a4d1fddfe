"""Laws of the chain of facts, judged by an independent implementation of RFC 8785."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from itertools import groupby

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.messages.model import Head, Publication, SealedFact
from pitboss.messages.rules import Stream, seal

EXACT_MAX = 2**53 - 1


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A noun inside a fact; its fields are not in the order of the alphabet."""

    zeta: str
    alpha: int
    Upper: bool


class Widest(Fact, frozen=True, kw_only=True, tag="test.widest"):
    """A fact with every kind of field that a fact may have."""

    zebra: str
    apple: str | None = None
    count: int = 0
    flag: bool = False
    names: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    part: Part | None = None


class Second(Fact, frozen=True, kw_only=True, tag="test.second"):
    """A fact of a later version."""

    schema_version = 7

    note: str


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)
)
whole = st.integers(-EXACT_MAX, EXACT_MAX)
uuids = st.uuids().map(str)
parts = st.builds(Part, zeta=texts, alpha=whole, Upper=st.booleans())
movements = st.builds(
    Movement,
    kind=st.sampled_from(["hold", "post", "void", "transfer"]),
    key=texts,
    micros=whole,
    currency=st.just("GBP"),
    account=st.none() | uuids.map(AccountId),
    hold=st.none() | uuids,
)
facts = st.one_of(
    st.builds(
        Widest,
        zebra=texts,
        apple=st.none() | texts,
        count=whole,
        flag=st.booleans(),
        names=st.lists(texts, max_size=3).map(tuple),
        parts=st.lists(parts, max_size=3).map(tuple),
        part=st.none() | parts,
        movements=st.lists(movements, max_size=2).map(tuple),
    ),
    st.builds(Second, note=texts),
)
SHARDS = (Shard(0), Shard(63), SHARDS_ALL[-1])
STREAMS = tuple(f"017f22e2-79b0-7cc3-98c4-dc0c0c07398{digit}" for digit in "abc")
publications = st.lists(
    st.builds(
        Publication,
        shard=st.sampled_from(SHARDS),
        stream=st.sampled_from(STREAMS),
        fact=facts,
        cause=st.none() | uuids,
    ),
    max_size=8,
)
heads = st.fixed_dictionaries(
    {
        shard: st.builds(
            Head,
            shard=st.just(shard),
            epoch=st.integers(0, 5),
            seq=st.integers(0, 2**40),
            hash=st.binary(min_size=32, max_size=32),
        )
        for shard in SHARDS
    }
)
versions: st.SearchStrategy[dict[Stream, int]] = st.dictionaries(
    st.tuples(st.sampled_from(SHARDS), st.sampled_from(STREAMS)), st.integers(1, 2**40)
)
actors = texts
moments = st.datetimes(timezones=st.just(UTC))

Sealed = tuple[list[SealedFact], dict[Shard, Head], dict[Stream, int]]


def sealed(
    before: dict[Shard, Head],
    streams: dict[Stream, int],
    batch: list[Publication],
    *,
    first_id: int = 0,
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC),
    actor: str = "pitboss",
) -> Sealed:
    """Seal a batch; the ids follow from the place of a fact in all batches."""
    ids = [f"017f22e2-79b0-7000-8000-{first_id + place:012x}" for place in range(len(batch))]
    return seal(before, streams, batch, ids=ids, recorded_at=at, actor=actor)


@given(heads, versions, publications, moments, actors)
def test_every_body_is_canonical_json(
    before: dict[Shard, Head],
    streams: dict[Stream, int],
    batch: list[Publication],
    at: datetime,
    actor: str,
) -> None:
    facts, _, _ = sealed(before, streams, batch, at=at, actor=actor)

    for fact in facts:
        assert fact.body == rfc8785.dumps(json.loads(fact.body))


@given(heads, versions, publications)
def test_a_body_says_what_was_published_and_where(
    before: dict[Shard, Head], streams: dict[Stream, int], batch: list[Publication]
) -> None:
    facts, _, _ = sealed(before, streams, batch)

    for fact, publication in zip(facts, batch, strict=True):
        envelope = json.loads(fact.body)
        data = msgspec.json.decode(
            msgspec.json.encode(envelope["data"]), type=type(publication.fact)
        )
        assert data == publication.fact
        assert envelope.get("cause") == publication.cause
        assert envelope["sv"] == publication.fact.schema_version
        assert (fact.shard, fact.stream) == (publication.shard, publication.stream)
        assert (envelope["shard"], envelope["stream"]) == (fact.shard, fact.stream)
        assert (envelope["seq"], envelope["ver"]) == (fact.seq, fact.version)


@given(heads, versions, publications)
def test_each_shard_is_one_chain_without_a_gap(
    before: dict[Shard, Head], streams: dict[Stream, int], batch: list[Publication]
) -> None:
    facts, moved, _ = sealed(before, streams, batch)

    for shard, head in before.items():
        seq, newest = head.seq, head.hash
        for fact in facts:
            if fact.shard != shard:
                continue
            assert json.loads(fact.body)["prev"] == newest.hex()
            assert fact.seq == seq + 1
            seq, newest = fact.seq, hashlib.sha256(b"\x00" + fact.body).digest()
        end = moved.get(shard, head)
        assert (end.seq, end.hash, end.epoch) == (seq, newest, head.epoch)
    assert set(moved) == {publication.shard for publication in batch}


@given(heads, versions, publications)
def test_each_stream_counts_its_versions_without_a_gap(
    before: dict[Shard, Head], streams: dict[Stream, int], batch: list[Publication]
) -> None:
    facts, _, after = sealed(before, streams, batch)

    def stream_of(fact: SealedFact) -> Stream:
        return fact.shard, fact.stream

    for stream, group in groupby(sorted(facts, key=stream_of), key=stream_of):
        numbers = [fact.version for fact in group]
        first = streams.get(stream, 0) + 1
        assert numbers == list(range(first, first + len(numbers)))
        assert after[stream] == numbers[-1]
    assert set(after) == {stream_of(fact) for fact in facts}


@given(heads, versions, publications, st.data())
def test_a_batch_split_anywhere_gives_the_same_bytes(
    before: dict[Shard, Head],
    streams: dict[Stream, int],
    batch: list[Publication],
    data: st.DataObject,
) -> None:
    cut = data.draw(st.integers(0, len(batch)))

    whole_facts, whole_moved, whole_versions = sealed(before, streams, batch)
    first_facts, first_moved, first_versions = sealed(before, streams, batch[:cut])
    rest_facts, rest_moved, rest_versions = sealed(
        before | first_moved, streams | first_versions, batch[cut:], first_id=cut
    )

    assert first_facts + rest_facts == whole_facts
    assert first_moved | rest_moved == whole_moved
    assert first_versions | rest_versions == whole_versions


@given(heads, publications)
def test_a_changed_byte_breaks_the_chain(
    before: dict[Shard, Head], batch: list[Publication]
) -> None:
    _, moved, _ = sealed(before, {}, batch)

    _, others, _ = sealed(before, {}, batch, actor="somebody else")

    assert all(moved[shard].hash != others[shard].hash for shard in moved)
