"""Check a log of pitboss, an extract of it or one proof, with nothing of pitboss itself.

    python verify_pitboss_log.py TILES      --key VKEY [--old CHECKPOINT ...] [--witness VKEY ...]
    python verify_pitboss_log.py EXTRACT    --key VKEY [--witness VKEY ...]
    python verify_pitboss_log.py PROOF_FILE --key VKEY [--witness VKEY ...]

Needs Python 3.11 and the package `cryptography`.  It prints what it has checked and exits with 0;
or the first thing that is wrong, and 1; or how it is called, and 2.

What it rests on, in the order of this file:

(1) Notes.    A checkpoint states the size and the root hash of the log, and is signed (Ed25519).
              Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature.
(2) Tree.     leaf = SHA-256(00 || entry), node = SHA-256(01 || left || right); whoever has the
              root has everything below it.  Source: RFC 6962, 2.1.
(3) Facts.    Every entry is one fact in canonical JSON (RFC 8785).  Facts of a shard are numbered
              from 1 (`seq`) and name the leaf before (`prev`); those of a stream too (`ver`).
(4) The log.  Entries lie in bundles of 256, hashes in tiles of 256.  All are worked out anew from
              the entries, up to the signed root.  Source: C2SP tlog-tiles.
(5) A proof.  One entry and the hashes from it to the root.  Source: C2SP tlog-proof.
(6) Extract.  Facts about somebody, a proof for each, and personal data that was opened: the fact
              has only SHA-256(salt || value), so that the value itself could be erased.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDTH = 256
HASH_BYTES = 32
NO_FACT = "00" * HASH_BYTES  # what the first fact of a shard names as the one before
LOG_KEY, WITNESS_KEY = 0x01, 0x04
PROOF_LINE = "c2sp.org/tlog-proof@v1"
EXTRACT_FORMAT = "pitboss-extract/1"


class Wrong(Exception):
    """Something that was checked is not as it must be."""


# ---------------------------------------------------------------- (1) notes and checkpoints


@dataclass(frozen=True)
class Key:
    """A verifier key: `name+key id+base64 of type and key`."""

    name: str
    id: bytes
    kind: int
    public: bytes


@dataclass(frozen=True)
class Checkpoint:
    """What a log's owner has signed."""

    origin: str
    size: int
    root: bytes


def parse_key(text: str) -> Key:
    """Read a verifier key; its id must follow from its name and the key."""
    name, _, rest = text.strip().partition("+")
    key_id, _, data = rest.partition("+")
    raw = from_base64(data, "the key")
    if len(raw) != 1 + HASH_BYTES or raw[0] not in (LOG_KEY, WITNESS_KEY):
        raise Wrong(f"{name!r} is not an Ed25519 key of a log or a witness")
    if key_id != sha256(f"{name}\n".encode() + raw)[:4].hex():
        raise Wrong(f"the id of the key of {name!r} is not {key_id}")
    return Key(name, bytes.fromhex(key_id), raw[0], raw[1:])


def open_checkpoint(note: str, keys: list[Key], witnesses: list[Key]) -> Checkpoint:
    """Check that one of the keys has signed, and every witness; return the checkpoint."""
    text, split, lines = note.rpartition("\n\n")
    text += "\n"
    if not split or not lines.endswith("\n"):
        raise Wrong("the checkpoint is not a signed note")
    signers = set()
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if dash != "\u2014" or not value:
            raise Wrong(f"{line!r} is not a signature line")
        signature = from_base64(value, f"the signature of {name}")
        for key in (*keys, *witnesses):
            if (key.name, key.id) == (name, signature[:4]):
                check_signature(key, text, signature[4:])
                signers.add(key)
    head = text.split("\n")
    if len(head) != 4 or not re.fullmatch("0|[1-9][0-9]{0,18}", head[1]):
        raise Wrong("the signed text is not an origin, a size and a root hash")
    checkpoint = Checkpoint(head[0], int(head[1]), from_base64(head[2], "the root"))
    if not any(key in signers and key.name == checkpoint.origin for key in keys):
        raise Wrong(f"no key that was given has signed the checkpoint of {checkpoint.origin}")
    if missing := [witness.name for witness in witnesses if witness not in signers]:
        raise Wrong(f"the checkpoint is not cosigned by {', '.join(missing)}")
    return checkpoint


def check_signature(key: Key, text: str, signature: bytes) -> None:
    """Check what a log signs, the text; or a witness, the text with a time before it."""
    message = text.encode()
    if key.kind == WITNESS_KEY:
        seconds = int.from_bytes(signature[:8], "big")
        message, signature = f"cosignature/v1\ntime {seconds}\n{text}".encode(), signature[8:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Wrong(f"the signature of {key.name} is not its") from None


# ---------------------------------------------------------------- (2) the tree


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 hash."""
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return sha256(b"\x00" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return sha256(b"\x01" + left + right)


def root_of(hashes: list[bytes]) -> bytes:
    """Return the root over hashes of one level: pairs, and who has no pair waits for the right.

    The same tree as RFC 6962 defines by splitting at powers of two.
    """
    while len(hashes) > 1:
        pairs = [node_hash(*hashes[at : at + 2]) for at in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[2 * len(pairs) :]
    return hashes[0] if hashes else sha256(b"")


def check_inclusion(leaf: bytes, index: int, path: list[bytes], at: Checkpoint) -> None:
    """Check that a leaf is in the tree of a checkpoint.  Source: RFC 9162, 2.1.3.2."""
    place, last, found = index, at.size - 1, leaf
    for sibling in path:
        if last <= 0 or len(sibling) != HASH_BYTES:
            raise Wrong(f"entry {index}: this is not a proof in a log of {at.size}")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place and place % 2 == 0:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if not 0 <= index < at.size or last or found != at.root:
        raise Wrong(f"entry {index}: its proof gives {found.hex()}, the root is {at.root.hex()}")


# ---------------------------------------------------------------- (3) facts


@dataclass
class Chains:
    """How far each shard and each stream has come."""

    shards: dict[int, tuple[int, str]] = field(default_factory=dict)
    streams: dict[tuple[int, str], int] = field(default_factory=dict)

    def follow(self, index: int, body: bytes, leaf: bytes) -> None:
        """Check that a fact is the next one of its shard and of its stream."""
        fact = parse_fact(index, body)
        shard, stream = fact["shard"], fact["stream"]
        seq, prev = self.shards.get(shard, (0, NO_FACT))
        version = self.streams.get((shard, stream), 0)
        for what, found, wanted in (
            (f"number in shard {shard}", fact["seq"], seq + 1),
            (f"fact before it in shard {shard}", fact["prev"], prev),
            (f"version of stream {stream}", fact["ver"], version + 1),
        ):
            if found != wanted:
                raise Wrong(f"entry {index}: its {what} should be {wanted}, and it says {found}")
        self.shards[shard] = (seq + 1, leaf.hex())
        self.streams[shard, stream] = version + 1


_write = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def parse_fact(index: int, body: bytes) -> dict[str, Any]:
    """Read a fact, which must be written in the one canonical way, and have its envelope."""
    try:
        fact = json.loads(body)
        canonical = _write(fact).encode() == body
    except (ValueError, RecursionError) as error:
        raise Wrong(f"entry {index} is not a fact: {error}") from None
    if not isinstance(fact, dict) or not canonical:
        raise Wrong(f"entry {index} is not written as canonical JSON")
    kinds = {"id": str, "shard": int, "seq": int, "stream": str, "ver": int, "prev": str}
    for name, kind in {**kinds, "v": int, "data": dict}.items():
        if type(fact.get(name)) is not kind:
            raise Wrong(f"entry {index} is not a fact: its {name!r} is {fact.get(name)!r}")
    return fact


# ---------------------------------------------------------------- (4) the whole log


def verify_log(folder: Path, keys: list[Key], old: list[Path], witnesses: list[Key]) -> None:
    """Work a log out anew from its entries and compare all of it with what is stored and signed."""
    signed = open_checkpoint(read(folder / "checkpoint").decode(), keys, witnesses)
    earlier = [open_checkpoint(read(path).decode(), keys, []) for path in old]
    for one in earlier:
        if one.origin != signed.origin or one.size > signed.size:
            raise Wrong(f"{one.origin} had {one.size} entries; {signed.origin} has {signed.size}")
    # The growing tree: for each level the hashes of its last, partial tile.
    levels: list[list[bytes]] = [[]]
    chains, tiles = Chains(), 0
    for number in range(-(-signed.size // WIDTH)):
        first = number * WIDTH
        entries = list(read_bundle(folder, number, min(WIDTH, signed.size - first)))
        leaves = [leaf_hash(entry) for entry in entries]
        for one in earlier:
            if first <= one.size < first + WIDTH:
                compare_roots(one, [leaves[: one.size - first], *levels[1:]])
        tiles += grow(folder, levels, first, leaves)
        for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), first):
            chains.follow(index, entry, leaf)
    for level, hashes in enumerate(levels):
        if hashes:
            compare_tile(folder, level, signed.size // WIDTH ** (level + 1), hashes)
            tiles += 1
    for one in (*(one for one in earlier if one.size == signed.size), signed):
        compare_roots(one, levels)
    print(f"{signed.origin}: {signed.size} entries, root {signed.root.hex()}")
    print(f"recomputed {-(-signed.size // WIDTH)} bundles and {tiles} tiles")
    print(f"followed {len(chains.shards)} shards and {len(chains.streams)} streams from 1")
    print(f"grown from {len(earlier)} earlier checkpoints; cosigned by {len(witnesses)} witnesses")


def grow(folder: Path, levels: list[list[bytes]], first: int, leaves: list[bytes]) -> int:
    """Add the leaves of a bundle; compare each tile that is full, and go on above with its root."""
    levels[0], level = leaves, 0
    while len(levels[level]) == WIDTH:
        compare_tile(folder, level, first // WIDTH ** (level + 1), levels[level])
        if level + 1 == len(levels):
            levels.append([])
        levels[level + 1].append(root_of(levels[level]))
        levels[level] = []
        level += 1
    return level


def compare_tile(folder: Path, level: int, number: int, hashes: list[bytes]) -> None:
    """Compare a stored tile with its recomputed hashes; name the first that differs."""
    path, width, stored = read_tile(folder, str(level), number, len(hashes))
    if len(stored) != width * HASH_BYTES:
        raise Wrong(f"{path} has {len(stored)} bytes, and must have {width * HASH_BYTES}")
    for at, computed in enumerate(hashes):
        found = stored[at * HASH_BYTES : (at + 1) * HASH_BYTES]
        if found != computed:
            span = WIDTH**level
            first = (number * WIDTH + at) * span
            where = f"entry {first}" if level == 0 else f"entries {first} to {first + span - 1}"
            raise Wrong(f"{where}: {path} has {found.hex()}, the entries give {computed.hex()}")


def compare_roots(signed: Checkpoint, levels: list[list[bytes]]) -> None:
    """Compare a signed root with the one that the partial tiles of a tree of its size give."""
    carried: list[bytes] = []
    for hashes in levels:
        carried = [root_of(hashes + carried)] if hashes or carried else []
    root = root_of(carried)
    if root != signed.root:
        raise Wrong(f"size {signed.size}: signed was {signed.root.hex()}, it is {root.hex()}")


def read_bundle(folder: Path, number: int, width: int) -> Iterator[bytes]:
    """Return the entries of a bundle, each of which has its length before it in two bytes."""
    path, there, data = read_tile(folder, "entries", number, width)
    at = 0
    for place in range(there):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Wrong(f"entry {number * WIDTH + place}: {path} ends before it")
        if place < width:
            yield data[at + 2 : end]
        at = end
    if at != len(data):
        raise Wrong(f"{path} goes on after entry {number * WIDTH + there - 1}")


def read_tile(folder: Path, level: str, number: int, width: int) -> tuple[str, int, bytes]:
    """Return path, width and bytes of a tile; without a partial one the full one, if it is there.

    Partial tiles may be taken away once the full one, which begins with them, is there.
    """
    path, full = tile_path(level, number, width), tile_path(level, number, WIDTH)
    try:
        return path, width, read(folder / path)
    except Wrong:
        if not (folder / full).exists():
            raise
    return full, WIDTH, read(folder / full)


def tile_path(level: str, number: int, width: int) -> str:
    """Return the path of a tile: 1234067 is x001/x234/067; a partial tile tells its width."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(parts)}" + (f".p/{width}" if width < WIDTH else "")


# ---------------------------------------------------------------- (5) one proof


def verify_proof(text: str, keys: list[Key], witnesses: list[Key]) -> None:
    """Check a proof file whose `extra` line carries the entry."""
    head, _, note = text.partition("\n\n")
    match = re.fullmatch(r"\S+\nextra (\S+)\nindex (0|[1-9][0-9]{0,18})((?:\n\S+)*)", head)
    if match is None:
        raise Wrong("the proof is not an extra line, an index line and hashes")
    checkpoint = open_checkpoint(note, keys, witnesses)
    entry, index = from_base64(match[1], "the extra line"), int(match[2])
    path = [from_base64(line, "a hash of the proof") for line in match[3].split()]
    check_inclusion(leaf_hash(entry), index, path, checkpoint)
    print(f"entry {index} is in {checkpoint.origin}, of {checkpoint.size} entries:")
    print(entry.decode(errors="backslashreplace"))


# ---------------------------------------------------------------- (6) an extract


def verify_extract(extract: Any, keys: list[Key], witnesses: list[Key]) -> None:
    """Check each fact of an extract, whether facts are missing between them, and what is opened."""
    if extract.get("format") != EXTRACT_FORMAT:
        raise Wrong(f"the format is {extract.get('format')!r}, and not {EXTRACT_FORMAT}")
    checkpoint = open_checkpoint(extract["checkpoint"], keys, witnesses)
    facts: dict[str, dict[str, Any]] = {}
    leaves: dict[tuple[int, int], str] = {}
    streams: dict[tuple[int, str], list[int]] = {}
    for item in sorted(extract["facts"], key=lambda item: item["index"]):
        body = from_base64(item["body"], "the body of a fact")
        path = [from_base64(line, "a hash of a proof") for line in item["path"]]
        check_inclusion(leaf_hash(body), item["index"], path, checkpoint)
        fact = parse_fact(item["index"], body)
        shard, seq = fact["shard"], fact["seq"]
        before = NO_FACT if seq == 1 else leaves.get((shard, seq - 1), fact["prev"])
        if fact["id"] in facts:
            raise Wrong(f"entry {item['index']}: the fact {fact['id']} is there twice")
        if fact["prev"] != before:
            raise Wrong(f"entry {item['index']}: it follows {fact['prev']}, and not {before}")
        facts[fact["id"]] = fact
        leaves[shard, seq] = leaf_hash(body).hex()
        streams.setdefault((shard, fact["stream"]), []).append(fact["ver"])
    if not facts:
        raise Wrong("the extract has no facts, and so proves nothing")
    check_about(extract["about"], list(facts.values()))
    print(f"{len(facts)} facts are in {checkpoint.origin}, of {checkpoint.size} entries")
    for opened in extract["opened"]:
        check_opened(facts.get(opened["fact"]), opened)
    print(f"{len(extract['opened'])} opened values are the ones that were committed to")
    missing = [line for line in map(tell_stream, streams, streams.values()) if line]
    if missing:
        raise Wrong("; ".join(missing))


def check_about(about: Any, facts: list[dict[str, Any]]) -> None:
    """Check that the facts are of whom and of when the extract says, and tell what is not proven.

    All that is of one player lies in one shard, and what was recorded then says so itself.
    """
    player, since, until = about["player"], *map(instant, (about["from"], about["to"]))
    for fact in facts:
        if not since <= instant(fact["rec"]) <= until:
            raise Wrong(f"fact {fact['id']} was recorded at {fact['rec']}, outside of the time")
    if len({fact["shard"] for fact in facts}) > 1:
        raise Wrong(f"the facts lie in several shards, and those of {player} in one")
    if not player or not any(f'"{player}"' in _write(fact) for fact in facts):
        raise Wrong(f"none of the facts names {player}")
    print(f"they are said to be all of player {player} from {about['from']} to {about['to']};")
    print("proven is that each is in the log, and that none is missing between those of a stream;")
    print("NOT proven is that there are no facts before the first or after the last of a stream,")
    print("and no other streams in which the player is named")


def instant(text: str) -> datetime:
    """Read an instant as RFC 3339 writes it."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise Wrong(f"{text} has no time zone")
    return read


def check_opened(fact: dict[str, Any] | None, opened: Any) -> None:
    """Check that SHA-256(salt || canonical value) is what the fact has at that path."""
    committed = fact and fact["data"].get("pd", {}).get(opened["path"])
    value = sha256(bytes.fromhex(opened["salt"]) + _write(opened["value"]).encode()).hex()
    if committed != value:
        place = f"fact {opened['fact']}, {opened['path']}"
        raise Wrong(f"{place}: committed to was {committed}, and what was opened gives {value}")


def tell_stream(place: tuple[int, str], versions: list[int]) -> str | None:
    """Say which part of a stream is there; return what is missing between its facts, if any is."""
    first, last = min(versions), max(versions)
    name = f"stream {place[1]} of shard {place[0]}"
    if last - first + 1 != len(versions):
        absent = next(version for version in range(first, last) if version not in versions)
        return f"{name} is not complete: version {absent} is missing"
    print(f"{name}: complete from version {first} to {last}")
    return None


# ---------------------------------------------------------------- reading and telling


def read(path: Path) -> bytes:
    """Return what a file has; one that is missing is something wrong."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Wrong(f"{path} cannot be read: {error.strerror}") from None


def from_base64(text: str, what: str) -> bytes:
    """Return the bytes of standard base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"{what} is not base64") from None


def verify(options: argparse.Namespace, keys: list[Key], witnesses: list[Key]) -> None:
    """Verify what the target is: a folder, a proof file or an extract."""
    if options.target.is_dir():
        verify_log(options.target, keys, options.old, witnesses)
        return
    text = read(options.target).decode()
    if text.startswith(PROOF_LINE + "\n"):
        verify_proof(text, keys, witnesses)
        return
    try:
        verify_extract(json.loads(text), keys, witnesses)
    except RecursionError:
        raise Wrong("the extract is nested too deeply") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise Wrong(f"the extract does not have its form: {error!r}") from None


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the check that the command line asks for, and return the status to exit with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", type=Path, help="a folder of tiles, a proof file or an extract")
    parser.add_argument("--key", action="append", required=True, help="a verifier key of the log")
    parser.add_argument("--old", action="append", type=Path, default=[], help="earlier checkpoint")
    parser.add_argument("--witness", action="append", default=[], help="key that must cosign")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is wrong may be just that it cannot be printed.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        keys, witnesses = map(parse_key, options.key), map(parse_key, options.witness)
        known = list(keys), list(witnesses)
    except Wrong as error:
        parser.error(str(error))
    if not options.target.exists():
        parser.error(f"there is no {options.target}")
    try:
        verify(options, *known)
    except (Wrong, UnicodeError, ValueError) as error:
        print(f"WRONG: {error}")
        return 1
    print("all of it is as it was signed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
