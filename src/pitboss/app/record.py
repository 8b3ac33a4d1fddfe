"""Puts the record together: its keys, its tiles, its last checkpoint, its witnesses."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from pitboss import messages
from pitboss.adapters.tiles.folder import FileRecord, FolderStore
from pitboss.adapters.tiles.s3 import open_record, open_store
from pitboss.adapters.timestamps import HttpAuthority, TokenVerifier
from pitboss.adapters.witnesses import ANSWER_SECONDS_MAX, ask_witness
from pitboss.app.home import Home
from pitboss.app.parts import borrow_server, clock_of, open_database
from pitboss.audit.record import Publisher, prove_growth
from pitboss.audit.record.facts import LogKeyAdded, LogKeyDropped
from pitboss.audit.record.model import Cosigned, NotCosigned, Verified
from pitboss.audit.record.ports import (
    CHECKPOINT_PATH,
    CheckpointRecord,
    TileStore,
    TimestampAuthority,
    TokenCheck,
)
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.settings import BucketPlace, Settings
from pitboss.tlog.checkpoints import (
    Checkpoint,
    OpenedCheckpoint,
    open_checkpoint,
    parse_checkpoint,
)
from pitboss.tlog.errors import QuorumMissed, Unproven, Unreadable, Untrusted
from pitboss.tlog.keys import SigningKey, VerifierKey, parse_signing_key, parse_verifier_key
from pitboss.tlog.notes import Note, NoteSigner, NoteVerifier
from pitboss.tlog.policy import Policy, parse_policy
from pitboss.tlog.tree import verify_consistency

KEY_FILE = "log.keys"

# A witness that is there cosigns a checkpoint long before the next one replaces it.
QUORUM_SECONDS_MAX = 10.0
QUORUM_LOOK_SECONDS = 0.05


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


async def add_key(settings: Settings) -> VerifierKey:
    """Draw another key, which signs beside those that are there from the next start on.

    The fact of it comes first: killed between the two, the fact tells of a key that never signs,
    and no key signs that no fact tells of.
    """
    with Home(settings.home).changing_keys():
        keys = signing_keys(settings)
        added = SigningKey.generate(keys[0].name, SystemEntropy())
        await _announce(settings, LogKeyAdded(verifier_key=str(added.verifier)))
        _write_keys(settings, (*keys, added))
    return added.verifier


async def drop_oldest_key(settings: Settings) -> VerifierKey:
    """Sign with the oldest key no more, once everybody has the newer one.

    Killed between the fact of it and the new key file, asking again says it twice.

    Raises:
        KeysUnusable: it is the only one, or the only one that has signed what is published: the
            log could be verified by nobody then.
    """
    with Home(settings.home).changing_keys():
        oldest, *kept = signing_keys(settings)
        if not kept:
            raise KeysUnusable("this is the only key: add another one first, and let it overlap")
        _expect_published_under(kept, tile_store(settings))
        await _announce(settings, LogKeyDropped(verifier_key=str(oldest.verifier)))
        _write_keys(settings, kept)
    return oldest.verifier


def read_policy(settings: Settings, named: Path | None = None) -> Policy | None:
    """Return which witnesses are to have cosigned, if anybody has said so, here or in the settings.

    Raises:
        Unreadable, OSError: the file is no policy; there is no such file.
    """
    path = named or settings.policy
    return None if path is None else parse_policy(path.read_bytes())


async def await_quorum(
    tiles: TileStore, policy: Policy, *, seconds_max: float = QUORUM_SECONDS_MAX
) -> OpenedCheckpoint:
    """Return the published checkpoint that a quorum of the policy's witnesses has cosigned.

    A log at work shows a checkpoint first, and its cosignatures a moment later: that is waited for.

    Raises:
        QuorumMissed: no checkpoint had them within this time.
        Unsigned, BadSignature, Unreadable: the log is none of the policy's, or it is damaged.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds_max
    while True:
        checkpoint = await asyncio.to_thread(tiles.read, CHECKPOINT_PATH)
        if checkpoint is None:
            raise Unreadable(CHECKPOINT_PATH, "it is missing")
        try:
            return policy.open(checkpoint)
        except QuorumMissed:
            if loop.time() > end:
                raise
        await asyncio.sleep(QUORUM_LOOK_SECONDS)


async def check_quorum(
    settings: Settings, named: Path | None, check: Callable[[], Awaitable[Verified]]
) -> tuple[Verified, int | None]:
    """Verify a log that a quorum has seen, and that it goes on from what the quorum saw.

    Returns what was verified, and the size that the quorum saw; None where no policy asks for one.

    Args:
        named: the policy's file, in place of that of the settings.
        check: verifies the log; called once a quorum has cosigned.

    Raises:
        Untrusted: there is no quorum, or the log does not go on from there.
    """
    policy = read_policy(settings, named)
    if policy is None:
        return await check(), None
    tiles = tile_store(settings)
    cosigned = (await await_quorum(tiles, policy)).checkpoint
    found = await check()
    await asyncio.to_thread(expect_growth, tiles, cosigned, found)
    return found, cosigned.size


def expect_growth(tiles: TileStore, old: Checkpoint, found: Verified) -> None:
    """Make sure that a log that was verified goes on from an earlier checkpoint.

    Raises:
        Unproven: it does not, or is smaller.
        Untrusted: a tile cannot be believed.
    """
    if found.size < old.size:
        raise Unproven(f"the log has {found.size} entries, and {old.size} were cosigned")
    new = Checkpoint(origin=old.origin, size=found.size, root=found.root)
    proof = prove_growth(tiles, old.size, Note(text=new.text, signatures=()))
    verify_consistency(old.size, old.root, new.size, new.root, proof)


def witnesses_of(settings: Settings, client: httpx.AsyncClient) -> tuple[AskedWitness, ...]:
    """Return who is asked to cosign: those of the settings, and those of the policy with a URL.

    Raises:
        KeysUnusable, Unreadable: one is no witness, or the policy is none.
    """
    peers = dict(map(_peer, settings.witnesses))
    policy = read_policy(settings)
    if policy is not None:
        named = ((peer.key, peer.url) for peer in policy.witnesses.values())
        peers = {key: url for key, url in named if url is not None} | peers
    return tuple(AskedWitness(key, url, client) for key, url in peers.items())


def halt_file(settings: Settings) -> HaltFile:
    """Return what keeps, until an operator acts, that a witness has disagreed."""
    return HaltFile(Home(settings.home).halt)


def open_publisher(
    settings: Settings, database: Database, client: httpx.AsyncClient | None = None
) -> Publisher:
    """Return what publishes this home's log; without a client it asks no witnesses.

    Raises:
        KeysUnusable, Untrusted: the key file cannot be used, or the witnesses or their policy
            cannot be read.
        OSError: there is no such policy.
    """
    keys = signing_keys(settings)
    return Publisher(
        origin=keys[0].name,
        database=database,
        tiles=tile_store(settings),
        last=checkpoint_record(settings),
        signers=[NoteSigner(key) for key in keys],
        clock=clock_of(settings),
        witnesses=() if client is None else witnesses_of(settings, client),
        halt=halt_file(settings),
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


@contextlib.asynccontextmanager
async def moment(settings: Settings) -> AsyncIterator[Transaction]:
    """Lend one moment of a home's database, which is started for it if it does not run."""
    with borrow_server(settings):
        async with open_database(settings) as database, database.moment() as tx:
            yield tx


@dataclass(slots=True)
class AskedWitness:
    """A witness that is asked over HTTP; what it saw last is remembered, so as to ask once."""

    key: VerifierKey
    url: str
    client: httpx.AsyncClient
    answer_seconds_max: float = ANSWER_SECONDS_MAX
    _seen: int = field(default=0, init=False)

    async def cosign(self, note: Note, tiles: TileStore) -> Cosigned | NotCosigned:
        """Ask for a cosignature of a checkpoint; there is an answer in bounded time."""

        async def prove(size: int) -> Sequence[bytes]:
            return await asyncio.to_thread(prove_growth, tiles, size, note)

        size = parse_checkpoint(note.text).size
        answer = await ask_witness(
            self.client,
            self.url,
            self.key,
            note,
            old=min(self._seen, size),
            prove=prove,
            answer_seconds_max=self.answer_seconds_max,
        )
        self._seen = size if isinstance(answer, Cosigned) else answer.seen or self._seen
        return answer


@dataclass(frozen=True, slots=True)
class HaltFile:
    """Keeps in a file of the home why nothing may be signed."""

    path: Path

    def load(self) -> str | None:
        """Return why nothing may be signed; None if it may be."""
        try:
            return self.path.read_text(errors="replace")
        except FileNotFoundError:
            return None

    def save(self, why: str) -> None:
        """Let nothing be signed any more; durable on return."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.open("w") as file:
            file.write(why)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def clear(self) -> None:
        """Let it be signed again; nothing happens if it may be."""
        self.path.unlink(missing_ok=True)


def _first_key(settings: Settings, entropy: Entropy) -> str:
    origin = settings.log_origin or f"pitboss.invalid/{entropy.random_bytes(4).hex()}"
    return f"{SigningKey.generate(origin, entropy).write()}\n"


def _expect_published_under(keys: Sequence[SigningKey], tiles: TileStore) -> None:
    """Make sure that what is published can be verified with these keys alone."""
    checkpoint = tiles.read(CHECKPOINT_PATH)
    names = ", ".join(str(key.verifier) for key in keys)
    wanted = f"restart the sequencer, and wait until a checkpoint is signed by {names}"
    if checkpoint is None:
        raise KeysUnusable(f"nothing is published yet: {wanted}")
    try:
        open_checkpoint(checkpoint, [NoteVerifier(key.verifier) for key in keys])
    except Untrusted as error:
        raise KeysUnusable(f"what is published is {error}: {wanted}") from error


async def _announce(settings: Settings, fact: LogKeyAdded | LogKeyDropped) -> None:
    """Say in a fact that a key comes or goes, before the first checkpoint that shows it."""
    async with (
        open_database(settings) as database,
        messages.turn(
            database,
            [SYSTEM_SHARD],
            now=clock_of(settings).now(),
            actor="audit",
            entropy=SystemEntropy(),
        ) as turn,
    ):
        name = parse_verifier_key(fact.verifier_key).name
        turn.publish(SYSTEM_SHARD, derived_id("log", name), fact)


def _write_keys(settings: Settings, keys: Sequence[SigningKey]) -> None:
    Home(settings.home).replace_key_file(KEY_FILE, "".join(f"{key.write()}\n" for key in keys))


def _peer(text: str) -> tuple[VerifierKey, str]:
    key, _, url = text.partition(" ")
    if not url:
        raise KeysUnusable(f"{text!r} is not a witness: its verifier key, a space, its URL")
    return parse_verifier_key(key), url
