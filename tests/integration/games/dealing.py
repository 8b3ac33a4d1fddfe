"""A small world for tests of the house's games: certified, and drawn as a test wishes."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integration.games.world import Games, listing
from pitboss import jurisdictions
from pitboss.games import dealing, house, rounds
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.model import (
    PROVIDER,
    Answer,
    Dealt,
    Drawn,
    Generator,
    GeneratorCertificate,
    Measured,
    Play,
)
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import Action, House, RouletteBet
from pitboss.games.house.model import Round as State
from pitboss.games.registry.model import Certificate, Listing
from pitboss.games.rounds.model import Round
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.rng.records import DrawRecord

RNG_BUILD, GAMES_BUILD = "aa" * 32, "bb" * 32
CENT = 10_000
RED = house.roulette_table()["red"][0]


class Scripted:
    """A generator that draws what it was told to, under the ids that it was asked with."""

    def __init__(self, *values: Sequence[int]) -> None:
        self.left = deque(tuple(item) for item in values)
        self.ids: list[str] = []
        self.code_hash = RNG_BUILD
        self.certified_for = frozenset(jurisdictions.codes())
        self.fault: Exception | None = None
        self.build_fault: Exception | None = None
        self.why_not: str | None = None
        self.checked_seconds_ago = 60
        self.checks = 0
        self._made: dict[str, DrawRecord] = {}

    async def build(self) -> str:
        if self.build_fault is not None:
            raise self.build_fault
        return self.code_hash

    async def licences(self) -> frozenset[str]:
        return self.certified_for

    async def drawn(self) -> Drawn:
        return Drawn(instance="one", draws=len(self._made))

    async def generator(self) -> Generator:
        if self.fault is not None:
            raise self.fault
        draws = self.why_not is None
        certificate = GeneratorCertificate(
            number="LAB-7", laboratory="Lab", issued="2026-01-31", licences=("GB",)
        )
        return Generator(
            instance="one",
            draws=len(self._made),
            rng_version="1",
            code_hash=self.code_hash,
            may_draw=draws,
            why_not=self.why_not,
            certificate=certificate if draws else None,
            checked_seconds_ago=self.checked_seconds_ago,
        )

    async def checked_generator(self) -> Generator:
        self.checks += 1
        if self.why_not is None:
            self.checked_seconds_ago = 0
        return await self.generator()

    async def draw(
        self, *, draw_id: str, round_id: str, purpose: str, mapping: Mapping[str, Any]
    ) -> DrawRecord:
        if self.fault is not None:
            raise self.fault
        self.ids.append(draw_id)
        if draw_id not in self._made:
            self._made[draw_id] = DrawRecord(
                draw_id=draw_id,
                round_id=round_id,
                purpose=purpose,
                mapping=dict(mapping),
                raw="",
                rejected=0,
                reseeds=1,
                values=list(self.left.popleft()),
                rng_id="test",
                rng_version="1",
                code_hash=self.code_hash,
                instance="one",
                sequence=len(self._made) + 1,
            )
        return self._made[draw_id]


def house_listing(game: House, **changes: Any) -> Listing:
    """Return a game of the house that is certified for the builds of these tests."""
    hashes = changes.pop("hashes", (RNG_BUILD, GAMES_BUILD))
    version = changes.pop("version", house.versions()[game])
    made = listing(game.value, provider=PROVIDER, version=version, cycle_ms_min=5_000, **changes)
    return Listing(
        version=made.version,
        certificates=tuple(
            Certificate(
                licence=item.licence,
                laboratory=item.laboratory,
                number=item.number,
                issued_on=item.issued_on,
                hashes=hashes,
            )
            for item in made.certificates
        ),
    )


def shoe(*first: int) -> tuple[int, ...]:
    """Return places of a shoe that begins with these cards: player, dealer, player, dealer."""
    return (*first, *(card for card in range(312) if card not in first))[:59]


# Three scatters and nothing that pays; stops of free spins that show little.
SCATTERS = (6, 0, 2, 16, 7)
FREE = (0, 0, 0, 0, 0)
# Eleven against nineteen, and a ten comes.
ELEVEN = shoe(4, 8, 5, 9, 22)


@dataclass(slots=True)
class Files:
    """The games' files, as a test says they are."""

    digest: str = GAMES_BUILD
    changed: bool = False

    async def build(self) -> str:
        if self.changed:
            raise GamesChanged
        return self.digest

    async def check(self) -> Measured:
        differing = ("rules/slot.py",) if self.changed else ()
        return Measured(build=self.digest, differing=differing, closed=self.changed)


@dataclass(slots=True, kw_only=True)
class Parlour(Games):
    """The hands of a test at the house's tables."""

    draws: Scripted = field(default_factory=Scripted)
    files: Files = field(default_factory=Files)
    rounds: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def equipment(self) -> Equipment:
        return Equipment(draws=self.draws, games=self.files)

    async def sit(self, player_id: PlayerId, game: House) -> str:
        """Open a game of the house for a player; return the session's id."""
        opened, _ = await self.try_launch(player_id, game=game.value, provider=PROVIDER)
        return str(getattr(opened, "session").id)  # noqa: B009 - what is no session fails here

    async def deal(self, *plays: Play) -> list[Answer]:
        """Take steps in one turn."""
        async with self.turn(*{shard_of(item.player_id) for item in plays}) as turn:
            return await dealing.play(turn, plays, self.equipment)

    def first(
        self, player_id: PlayerId, session_id: str | None, wager: State, **about: Any
    ) -> Play:
        """Return the first step of a round."""
        kind = dealing_action(wager)
        return Play(
            **{
                "player_id": player_id,
                "round_id": derived_id("house", str(next(self.rounds))),
                "number": 1,
                "action": kind,
                "session_id": session_id,
                "wager": wager,
                **about,
            }
        )

    async def took(self, play: Play) -> Dealt:
        """Take a step that is taken."""
        (answer,) = await self.deal(play)
        assert isinstance(answer, Dealt), answer
        return answer

    async def refused(self, play: Play) -> str:
        """Ask for a step that is not taken; return why."""
        (answer,) = await self.deal(play)
        assert not isinstance(answer, Dealt), answer
        return answer.reason


def dealing_action(wager: State) -> Action:
    """Return what a round begins with."""
    return Action.SPIN if Action.SPIN in house.actions(wager) else Action.DEAL


def on_red(units: int = 5) -> State:
    """Return so many units on red."""
    bet = RouletteBet(kind="red", numbers=RED, stake_micros=units * 1_000_000)
    return house.begin_roulette([bet], minor_micros=CENT)


def on_reels() -> State:
    """Return three units on the reels."""
    return house.begin_slot(3_000_000, minor_micros=CENT)


def at_cards(units: int = 2) -> State:
    """Return so many units at blackjack."""
    return house.begin_blackjack(units * 1_000_000, minor_micros=CENT)


def next_step(first: Play, number: int, action: Action, session: str | None = None) -> Play:
    """Return a later step of a round."""
    return Play(
        player_id=first.player_id,
        round_id=first.round_id,
        number=number,
        action=action,
        session_id=session,
    )


async def rounds_of(parlour: Parlour, player: PlayerId) -> list[Round]:
    """Return what the books have of a player's rounds."""
    async with parlour.database.reading() as tx:
        return await rounds.find_rounds(tx, player)
