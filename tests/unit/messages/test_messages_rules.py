"""How facts become bytes and a chain, in examples."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Partition, Shard
from pitboss.messages.model import NO_HASH, Appended, Entry, Head, KeyReused, Publication
from pitboss.messages.rules import BODY_BYTES_MAX, answer_repeat, leaf_hash, seal

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)
HERE, THERE = Shard(3), Shard(5)
STREAM = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
FACT_ID = "017f22e2-79b0-7000-8000-000000000001"
CAUSE = "017f22e2-79b0-7000-8000-00000000000c"


class NoteWritten(Fact, frozen=True, kw_only=True, tag="note.written"):
    """A fact for these tests."""

    text: str
    more: tuple[str, ...] = ()


def note(text: str, *, cause: str | None = None, shard: Shard = HERE) -> Publication:
    """Return a fact on its way into the table."""
    return Publication(shard=shard, stream=STREAM, fact=NoteWritten(text=text), cause=cause)


def head(shard: Shard, *, seq: int = 0, newest: bytes = NO_HASH) -> Head:
    """Return the head of a shard."""
    return Head(shard=shard, epoch=9, seq=seq, hash=newest)


def body_of(publication: Publication, *, actor: str = "pitboss") -> bytes:
    """Return the bytes of one fact, sealed as the first of its shard."""
    facts, _, _ = seal(
        {HERE: head(HERE)}, {}, [publication], ids=[FACT_ID], recorded_at=NOW, actor=actor
    )
    return facts[0].body


def test_the_first_fact_of_a_shard_has_exactly_these_bytes() -> None:
    body = body_of(note("hello", cause=CAUSE))

    assert body == (
        b'{"actor":"pitboss","cause":"017f22e2-79b0-7000-8000-00000000000c",'
        b'"data":{"text":"hello","type":"note.written"},'
        b'"id":"017f22e2-79b0-7000-8000-000000000001",'
        b'"prev":"' + b"0" * 64 + b'",'
        b'"rec":"2024-01-01T12:00:00.000000Z","seq":1,"shard":3,'
        b'"stream":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","sv":1,"v":1,"ver":1}'
    )


def test_a_fact_without_a_cause_does_not_speak_of_one() -> None:
    assert "cause" not in msgspec.json.decode(body_of(note("hello")))


def test_heads_and_versions_go_on_from_where_they_were() -> None:
    heads = {HERE: head(HERE, seq=7, newest=bytes(range(32))), THERE: head(THERE, seq=2)}

    facts, moved, versions = seal(
        heads, {(HERE, STREAM): 4}, [note("hello")], ids=[FACT_ID], recorded_at=NOW, actor="a"
    )

    (sealed,) = facts
    envelope = msgspec.json.decode(sealed.body)
    assert (sealed.shard, sealed.seq, sealed.stream, sealed.version) == (HERE, 8, STREAM, 5)
    assert (envelope["seq"], envelope["ver"]) == (8, 5)
    assert envelope["prev"] == bytes(range(32)).hex()
    assert moved == {HERE: Head(shard=HERE, epoch=9, seq=8, hash=leaf_hash(sealed.body))}
    assert versions == {(HERE, STREAM): 5}


def test_nothing_published_moves_nothing() -> None:
    assert seal({HERE: head(HERE)}, {}, [], ids=[], recorded_at=NOW, actor="a") == ([], {}, {})


def test_every_fact_needs_its_id() -> None:
    with pytest.raises(ValueError, match="zip"):
        seal({HERE: head(HERE)}, {}, [note("hello")], ids=[], recorded_at=NOW, actor="a")


def test_an_actor_is_written_in_nfc() -> None:
    body = body_of(note("hello"), actor='Jose\u0301 "the bear"')

    assert msgspec.json.decode(body)["actor"] == 'Jos\u00e9 "the bear"'


@pytest.mark.parametrize("text", ["Jose\u0301", "\u212b", "a \u1100\u1161"])
def test_a_fact_whose_strings_are_not_in_nfc_is_our_own_mistake(text: str) -> None:
    with pytest.raises(InvariantBroken, match="NFC"):
        body_of(note(text))


def test_a_string_out_of_nfc_is_found_inside_a_list() -> None:
    fact = NoteWritten(text="fine", more=("also fine", "Jose\u0301"))

    with pytest.raises(InvariantBroken, match="NFC"):
        body_of(Publication(shard=HERE, stream=STREAM, fact=fact, cause=None))


# In JSON a newline is written with an `n`, which the accent behind it does not belong to.
@pytest.mark.parametrize("text", ["\n\u0301", "\x1b\u0307", "\u0301", "Jos\u00e9"])
def test_a_fact_whose_strings_are_in_nfc_is_taken(text: str) -> None:
    body = body_of(note(text))

    assert msgspec.json.decode(body)["data"]["text"] == text


def test_a_fact_may_not_be_larger_than_an_entry_of_the_log() -> None:
    room = BODY_BYTES_MAX - len(body_of(note("")))

    fits = body_of(note("x" * room))

    assert len(fits) == BODY_BYTES_MAX
    with pytest.raises(InvariantBroken, match="fits"):
        body_of(note("x" * (room + 1)))


# Source: RFC 6962, section 2.1: the SHA-256 of one zero byte and the entry, here an empty one.
def test_a_leaf_is_hashed_with_its_prefix() -> None:
    empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

    assert leaf_hash(b"").hex() == empty


def entry(digest: bytes) -> Entry:
    """Return an entry with this digest of its request."""
    return Entry(
        partition=Partition(0), command_id="second", key="key", request_digest=digest, body=b"{}"
    )


def test_the_same_request_again_is_the_same_command() -> None:
    answer = answer_repeat(("first", b"digest"), entry(b"digest"))

    assert answer == Appended(command_id="first", repeated=True)


def test_another_request_under_the_same_key_is_refused() -> None:
    answer = answer_repeat(("first", b"digest"), entry(b"other"))

    assert answer == KeyReused(command_id="first")
