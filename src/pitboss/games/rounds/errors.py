"""Faults of rounds."""

from __future__ import annotations

from pitboss.kernel.errors import PeerAway


class GameNotLaunched(PeerAway):
    """A provider did not open a game; the player may try again."""


class NoDemonstrations(GameNotLaunched):
    """A provider's protocol has none."""
