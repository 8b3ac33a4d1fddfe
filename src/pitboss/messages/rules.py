"""How facts become bytes and a chain: pure, so that a verifier can be held against it.

The body of a fact is canonical JSON (RFC 8785) over a restricted input: no floats, whole numbers
below 2^53, keys in ASCII, strings in NFC.  On that profile an encoder that sorts keys gives the
canonical bytes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard
from pitboss.messages.model import (
    AppendAnswer,
    Appended,
    Entry,
    Head,
    KeyReused,
    Publication,
    SealedFact,
)

ENVELOPE_VERSION = 1
# The entry bundles of a tlog carry at most 65,535 bytes each.  Source: C2SP tlog-tiles.
BODY_BYTES_MAX = 60_000

_encode = msgspec.json.Encoder(order="sorted").encode

Stream = tuple[Shard, str]


def seal(
    heads: Mapping[Shard, Head],
    versions: Mapping[Stream, int],
    publications: Sequence[Publication],
    *,
    ids: Sequence[str],
    recorded_at: datetime,
    actor: str,
) -> tuple[list[SealedFact], dict[Shard, Head], dict[Stream, int]]:
    """Number and chain the facts in order; return them, the new heads and the new versions.

    `versions` are those that the streams had before; a stream without one is new.
    """
    facts: list[SealedFact] = []
    ends = {shard: (head.seq, head.hash.hex()) for shard, head in heads.items()}
    newest: dict[Stream, int] = {}
    opening = b'{"actor":%b,' % _encode(_nfc(actor))
    recorded = write_instant(recorded_at)

    for publication, fact_id in zip(publications, ids, strict=True):
        shard, stream, fact = publication.shard, publication.stream, publication.fact
        place = (shard, stream)
        seq, previous = ends[shard]
        seq += 1
        version = newest[place] = (newest.get(place) or versions.get(place, 0)) + 1
        cause = b"" if publication.cause is None else b'"cause":"%b",' % publication.cause.encode()
        rest = (
            f',"id":"{fact_id}","prev":"{previous}","rec":"{recorded}","seq":{seq}'
            f',"shard":{shard},"stream":"{stream}"'
            f',"sv":{fact.schema_version},"v":{ENVELOPE_VERSION},"ver":{version}}}'
        )
        body = b'%b%b"data":%b%b' % (opening, cause, _data(fact), rest.encode())
        ensure(len(body) <= BODY_BYTES_MAX, "a fact fits into an entry of the log")
        facts.append(SealedFact(shard=shard, seq=seq, stream=stream, version=version, body=body))
        ends[shard] = (seq, hashlib.sha256(b"\x00" + body).hexdigest())

    moved = {
        shard: Head(
            shard=shard, epoch=head.epoch, seq=ends[shard][0], hash=bytes.fromhex(ends[shard][1])
        )
        for shard, head in heads.items()
        if ends[shard][0] != head.seq
    }
    return facts, moved, newest


def leaf_hash(body: bytes) -> bytes:
    """Return the hash that names a fact in its chain and in the tree.  Source: RFC 6962, 2.1."""
    return hashlib.sha256(b"\x00" + body).digest()


def answer_repeat(earlier: tuple[str, bytes], entry: Entry) -> AppendAnswer:
    """Answer an entry whose key is in the log with this command id and request digest."""
    command_id, request_digest = earlier
    if request_digest == entry.request_digest:
        return Appended(command_id=command_id, repeated=True)
    return KeyReused(command_id=command_id)


def _data(fact: Fact) -> bytes:
    data = _encode(fact)
    if not data.isascii() and not unicodedata.is_normalized("NFC", data.decode()):
        # Only the strings count: the `n` of an escaped newline is no letter for an accent to join.
        ensure(_is_nfc(msgspec.json.decode(data)), "strings in facts are in NFC")
    return data


def _is_nfc(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_nfc(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_nfc(item) for item in value)
    return not isinstance(value, str) or unicodedata.is_normalized("NFC", value)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
