"""What dealing needs from outside: draws, and what build of the games this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pitboss.games.dealing.model import Drawn, Generator, Measured
from pitboss.rng.records import DrawRecord


class Draws(Protocol):
    """The certified generator."""

    async def build(self) -> str:
        """Return the digest of the generator's files, in hexadecimal digits.

        Raises:
            Fault: it does not answer, or draws nothing.
        """
        ...

    async def licences(self) -> frozenset[str]:
        """Return the licences that its certificate is for; none where it runs uncertified.

        Raises:
            Fault: it does not answer.
        """
        ...

    async def drawn(self) -> Drawn:
        """Return which start of it this is, and how many draws it has made.

        Raises:
            Fault: it does not answer.
        """
        ...

    async def generator(self) -> Generator:
        """Return which build of which certificate it is, and whether it may draw.

        Raises:
            Fault: it does not answer.
        """
        ...

    async def checked_generator(self) -> Generator:
        """Have it compare itself with its certificate now, and return how it stands then.

        Raises:
            Fault: it does not answer.
        """
        ...

    async def draw(
        self, *, draw_id: str, round_id: str, purpose: str, mapping: Mapping[str, Any]
    ) -> DrawRecord:
        """Draw once; asking again under the same id gives the same record.

        Raises:
            Fault: it does not answer, or draws nothing.
        """
        ...


class Games(Protocol):
    """The games' own files."""

    async def build(self) -> str:
        """Return the digest of the files that run, in hexadecimal digits.

        Raises:
            GamesChanged: other files lie in their place by now (`dealing.errors`).
        """
        ...

    async def check(self) -> Measured:
        """Measure the files now; once one differs, `build` gives no digest any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What rounds are dealt with: the generator, and the games' own files."""

    draws: Draws
    games: Games
