"""The process of a witness, which an auditor runs in a home of his own."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import structlog

from pitboss.app.home import Home
from pitboss.app.parts import clock_of, run_process
from pitboss.settings import Settings
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.keys import (
    COSIGNATURE_ED25519,
    ED25519,
    SigningKey,
    VerifierKey,
    check_name,
    parse_verifier_key,
)
from pitboss.witness import server

_log = structlog.get_logger("witness")


def witness_key(settings: Settings, name: str) -> SigningKey:
    """Return the key of the witness with this name in this home, drawn when first asked for.

    Each name has a key of its own: a cosignature does not say whose it is.
    """
    secret = f"witness-{hashlib.sha256(check_name(name).encode()).hexdigest()[:16]}"
    return SigningKey(name=name, kind=COSIGNATURE_ED25519, seed=Home(settings.home).secret(secret))


def parse_logs(texts: Sequence[str]) -> list[VerifierKey]:
    """Read the verifier keys of the logs that are watched.

    Raises:
        Unreadable: one is not the key of a log.
    """
    keys = [parse_verifier_key(text) for text in texts]
    for key in keys:
        if key.kind != ED25519:
            raise Unreadable("--log", f"{key.name} is of type {key.kind}: no log signs with that")
    return keys


def run(settings: Settings, name: str, logs: Sequence[str]) -> None:
    """Watch these logs until told to stop."""
    config = server.WitnessConfig(
        folder=settings.home / "witness",
        key=witness_key(settings, name),
        logs=parse_logs(logs),
        host=settings.host,
        port=settings.port,
    )

    async def main(stop: asyncio.Event) -> None:
        _log.info("watches", key=str(config.key.verifier), logs=[log.name for log in config.logs])
        await server.serve(config, stop, clock=clock_of(settings))

    run_process("witness", settings, main)
