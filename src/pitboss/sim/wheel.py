"""A game for simulations: how it is listed, and how its provider signs what it asks for."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from pitboss.settings import GameProviderSettings

GAME = "wheel"
_SECRET = "the secret of a simulation"  # noqa: S105 - of nobody's


def providers(name: str) -> dict[str, GameProviderSettings]:
    """Return the settings of an instance that knows the provider of this name."""
    return {name: GameProviderSettings(protocol="softswiss", keys=(_SECRET,))}


def path_of(name: str, call: str) -> str:
    """Return where the provider of this name asks for something: `betwin` or `rollback`."""
    return f"/v1/providers/{name}/{call}"


def listing(name: str) -> dict[str, object]:
    """Return the body that takes the game in, certified for the demonstration's licence."""
    certificate = {
        "licence": "demo",
        "laboratory": "none",
        "number": "none",
        "issued_on": "2026-01-01",
        "hashes": ["00" * 32],
    }
    game = {
        "code": GAME,
        "version": "1",
        "title": "A Wheel",
        "kind": "table",
        "rtp": "97",
        "cycle_ms_min": 60_000,
        "autoplay": False,
        "certificates": [certificate],
    }
    return {"provider": name, "games": [game]}


def signed(said: Mapping[str, object]) -> tuple[bytes, dict[str, str]]:
    """Return the body of a provider's request, and the header that signs it."""
    body = msgspec.json.encode(said)
    signature = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-REQUEST-SIGN": signature}
