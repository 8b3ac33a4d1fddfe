"""Puts the record together: its keys, its tiles, its last checkpoint, its witnesses."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog

from pitboss import messages
from pitboss.adapters.tiles.folder import FileRecord, FolderStore
from pitboss.adapters.tiles.s3 import open_record, open_store
from pitboss.adapters.timestamps import HttpAuthority, TokenVerifier
from pitboss.adapters.witnesses import Cosigned, ask_witness
from pitboss.app.home import Home
from pitboss.app.parts import borrow_server, clock_of, open_database
from pitboss.audit.record import Publisher, prove_growth
from pitboss.audit.record.facts import LogKeyAdded, LogKeyDropped
from pitboss.audit.record.ports import CheckpointRecord, TileStore, TimestampAuthority, TokenCheck
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.settings import BucketPlace, Settings
from pitboss.tlog.keys import SigningKey, VerifierKey, parse_signing_key, parse_verifier_key
from pitboss.tlog.notes import Note, NoteSigner, NoteVerifier, Signature

KEY_FILE = "log.keys"

_log = structlog.get_logger("record")


class KeysUnusable(PlatformError):
    """The log's key file does not say what it must."""


def tile_store(settings: Settings) -> TileStore:
    """Return where the log's tiles lie.

    Raises:
        LibraryMissing, BucketAway: they lie in a store that cannot be spoken to.
    """
    place = settings.tiles
    if isinstance(place, BucketPlace):
        return open_store(place.bucket, place.prefix)
    return FolderStore(place or Home(settings.home).tiles)


def checkpoint_record(settings: Settings) -> CheckpointRecord:
    """Return what remembers the last checkpoint.

    Raises:
        LibraryMissing, BucketAway: it lies in a store that cannot be spoken to.
    """
    place = settings.last_checkpoint
    if isinstance(place, BucketPlace):
        return open_record(place.bucket, place.prefix)
    return FileRecord(place or Home(settings.home).last_checkpoint)


def signing_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """Return the keys that sign the log; the first one is drawn when it is first asked for.

    Raises:
        KeysUnusable: the file has none, or keys of several logs.
        Untrusted: a line in it is no key.
    """
    lines = Home(settings.home).key_file(KEY_FILE, lambda: _first_key(settings, SystemEntropy()))
    keys = tuple(parse_signing_key(line) for line in lines.split())
    if not keys:
        raise KeysUnusable(f"{KEY_FILE} has no key; bring back the one that has signed this log")
    if len({key.name for key in keys}) > 1 or keys[0].name != (settings.log_origin or keys[0].name):
        names = ", ".join(sorted({key.name for key in keys}))
        raise KeysUnusable(f"{KEY_FILE} has keys of {names}, and a log has one name for ever")
    return keys


def verifier_keys(settings: Settings) -> tuple[VerifierKey, ...]:
    """Return the public halves, which everybody may have."""
    return tuple(key.verifier for key in signing_keys(settings))


def verifiers(settings: Settings) -> tuple[NoteVerifier, ...]:
    """Return what checks our own checkpoints."""
    return tuple(NoteVerifier(key) for key in verifier_keys(settings))


def add_key(settings: Settings) -> VerifierKey:
    """Draw another key, which signs beside those that are there from the next start on."""
    keys = signing_keys(settings)
    added = SigningKey.generate(keys[0].name, SystemEntropy())
    _write_keys(settings, (*keys, added))
    return added.verifier


def drop_oldest_key(settings: Settings) -> VerifierKey:
    """Sign with the oldest key no more, once everybody has the newer one.

    Raises:
        KeysUnusable: it is the only one.
    """
    oldest, *keys = signing_keys(settings)
    if not keys:
        raise KeysUnusable("this is the only key: add another one first, and let it overlap")
    _write_keys(settings, keys)
    return oldest.verifier


def open_publisher(
    settings: Settings, database: Database, client: httpx.AsyncClient | None = None
) -> Publisher:
    """Return what publishes this home's log.

    Raises:
        KeysUnusable, Untrusted: the key file cannot be used.
    """
    keys = signing_keys(settings)
    witnesses = None
    if settings.witnesses and client is not None:
        witnesses = AskedWitnesses(tuple(map(_peer, settings.witnesses)), client)
    return Publisher(
        origin=keys[0].name,
        database=database,
        tiles=tile_store(settings),
        last=checkpoint_record(settings),
        signers=[NoteSigner(key) for key in keys],
        clock=clock_of(settings),
        witnesses=witnesses,
    )


def open_authority(settings: Settings, client: httpx.AsyncClient) -> TimestampAuthority | None:
    """Return who dates our checkpoints, if anybody does."""
    return HttpAuthority(client, settings.timestamp_url) if settings.timestamp_url else None


def token_check(certificates: Path) -> TokenCheck:
    """Return what checks timestamps against the certificates in a file.

    Raises:
        CertificatesUnusable, OSError: there are none in it; there is no such file.
    """
    return TokenVerifier(certificates.read_bytes()).check


async def announce(settings: Settings, key: VerifierKey, *, added: bool) -> None:
    """Say in a fact that a key has come or gone, before the first checkpoint that shows it."""
    fact = LogKeyAdded if added else LogKeyDropped
    async with open_database(settings) as database:
        entropy = SystemEntropy()
        async with messages.turn(
            database,
            [SYSTEM_SHARD],
            now=clock_of(settings).now(),
            actor="audit",
            entropy=entropy,
        ) as turn:
            turn.publish(SYSTEM_SHARD, derived_id("log", key.name), fact(verifier_key=str(key)))


@contextlib.asynccontextmanager
async def moment(settings: Settings) -> AsyncIterator[Transaction]:
    """Lend one moment of a home's database, which is started for it if it does not run."""
    with borrow_server(settings):
        async with open_database(settings) as database, database.moment() as tx:
            yield tx


@dataclass(slots=True)
class AskedWitnesses:
    """Witnesses that are asked over HTTP; one that does not answer now is asked next time."""

    peers: Sequence[tuple[VerifierKey, str]]
    client: httpx.AsyncClient

    async def cosign(self, note: Note, old: int, store: TileStore) -> Sequence[Signature]:
        """Return the cosignatures that can be had now."""

        async def prove(size: int) -> Sequence[bytes]:
            return prove_growth(store, size, note)

        signatures: list[Signature] = []
        for key, url in self.peers:
            answer = await ask_witness(self.client, url, key, note, old=old, prove=prove)
            if isinstance(answer, Cosigned):
                signatures += answer.signatures
            else:
                _log.error("a witness has not cosigned", witness=key.name, why=answer.why)
        return signatures


def _first_key(settings: Settings, entropy: Entropy) -> str:
    origin = settings.log_origin or f"pitboss.invalid/{entropy.random_bytes(4).hex()}"
    return f"{SigningKey.generate(origin, entropy).write()}\n"


def _write_keys(settings: Settings, keys: Sequence[SigningKey]) -> None:
    Home(settings.home).replace_key_file(KEY_FILE, "".join(f"{key.write()}\n" for key in keys))


def _peer(text: str) -> tuple[VerifierKey, str]:
    key, _, url = text.partition(" ")
    if not url:
        raise KeysUnusable(f"{text!r} is not a witness: its verifier key, a space, its URL")
    return parse_verifier_key(key), url
