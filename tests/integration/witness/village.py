"""A growing log and a witness to ask about it, in one process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx

from pitboss.adapters.witnesses import ask_witness
from pitboss.audit.record.model import Cosigned, NotCosigned
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog import tree
from pitboss.tlog.checkpoints import Checkpoint, sign_checkpoint
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import Note, NoteSigner
from pitboss.tlog.tiles import Frontier, TileNodes
from pitboss.witness.server import Message, Receive, Send, Witness, WitnessConfig

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
URL = "http://witness.example/w"
SIZE_MAX = 40
ENTROPY = SeededEntropy("village")
LOG = SigningKey.generate("log.example/mt", ENTROPY)
WITNESS = SigningKey.generate("witness.example/w", ENTROPY, kind=COSIGNATURE_ED25519)

_, _files = Frontier().grow(tree.leaf_hashes(b"%d" % number for number in range(SIZE_MAX)))
_read = TileNodes(SIZE_MAX, dict(_files).__getitem__)


def note_of(size: int) -> Note:
    """Return the signed checkpoint of the log at a size."""
    root = tree.root_of(size, _read)
    checkpoint = Checkpoint(origin=LOG.name, size=size, root=root)
    return sign_checkpoint(checkpoint, [NoteSigner(LOG)])


def proof_up_to(size: int) -> Callable[[int], Awaitable[Sequence[bytes]]]:
    """Return what proves that the log grew to this size."""

    async def prove(old: int) -> Sequence[bytes]:
        return tree.consistency_proof(old, size, _read)

    return prove


def make_witness(folder: Path) -> Witness:
    """Return a witness that watches the log; several may share a folder."""
    config = WitnessConfig(folder=folder, key=WITNESS, logs=[LOG.verifier])
    return Witness(config, clock=ManualClock(AT))


@contextlib.asynccontextmanager
async def client_of(witness: Witness) -> AsyncIterator[httpx.AsyncClient]:
    """Lend a client whose every request reaches this witness."""

    async def below_prefix(scope: Message, receive: Receive, send: Send) -> None:
        await witness({**scope, "path": scope["path"].removeprefix("/w")}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=below_prefix)) as client:
        yield client


async def ask(client: httpx.AsyncClient, size: int, *, old: int = 0) -> Cosigned | NotCosigned:
    """Ask the witness to cosign the log at a size."""
    return await ask_witness(
        client, URL, WITNESS.verifier, note_of(size), old=old, prove=proof_up_to(size)
    )
