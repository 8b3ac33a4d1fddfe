"""What the registry asks of providers."""

from __future__ import annotations

from typing import Protocol

from pitboss.games.registry.model import GameList


class GameLists(Protocol):
    """Where a provider tells which games it has."""

    async def fetch(self) -> GameList:
        """Return all of them, as they are now.

        Raises:
            ProviderAway: it does not tell, or tells what nobody can read.
        """
        ...
