"""Lantern Ways: five reels of three rows, 243 ways, wilds on the middle reels, free spins.

A symbol pays when it lies on the first reel and on those beside it without a gap, at least three in
all; it pays once for every way, which is the product of how often it lies on each of those reels.
A wild lies for every symbol but the scatter.  Everything that pays is added up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, Draw, SlotRound, SlotSpin

from .drawing import check_stake, check_version, values_of

REELS = 5
ROWS = 3
WILD = "W"
SCATTER = "S"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The strips and the pay table, which are the game: another of them is another version.

    A stake is `coins` coins.  `pays` are coins for three, four and five; `scatters` and `free` are
    coins and free spins by the number of scatters.  A free spin pays `free_factor` times, on strips
    of its own that have no scatter, so that free spins win no others.
    """

    version: str
    coins: int
    strips: tuple[str, ...]
    free_strips: tuple[str, ...]
    free_factor: int
    pays: dict[str, tuple[int, int, int]]
    scatters: dict[int, int]
    free: dict[int, int]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the sheet as JSON with sorted members: what a certificate names."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def stops(self) -> int:
        """How many places each strip has."""
        return len(self.strips[0])

    @property
    def spin(self) -> dict[str, Any]:
        """The draw of one spin: where each reel stops, which is its upper row."""
        return {"kind": "range", "low": 0, "high": self.stops - 1, "count": REELS}

    def of(self, spins_before: int) -> tuple[str, ...]:
        """Return the strips of a spin: the first of a round is paid for, the others are free."""
        return self.free_strips if spins_before else self.strips


SHEET = Sheet(
    version="1.0.0",
    coins=30,
    strips=(
        "HCFDHBCGSECEGGGEGHBEHFDAFAGHDBHF",
        "CSCDFDHEGEGCBHFAFAFGEHGGDBWGEHBW",
        "HCFWSEWEGGABDGFFDCDEHEHGGFAGBBCH",
        "HCESFHBEGGGWACGEFFDWHEGDAHDGCBFB",
        "AGHBGECAHHGCGHBFDESGHHDFFDFEBGCE",
    ),
    free_strips=(
        "EFHDGGGEEHEACBDGCHDGCAHFDHFBFAHB",
        "DCEGFWBGFDADEGHBWCFGEACHBWHAFGDE",
        "FWDGFACCAFBDEAWHEHGEHGGBGWFCDEBD",
        "BFBHFGACWEHEEWCEDGWCDHBDGFGDAFGA",
        "DDDAGACHFBHEEGGCHFCEHEBFGGHABHFD",
    ),
    free_factor=2,
    pays={
        "A": (30, 100, 500),
        "B": (20, 60, 250),
        "C": (15, 40, 150),
        "D": (12, 30, 120),
        "E": (6, 12, 60),
        "F": (5, 12, 50),
        "G": (4, 10, 30),
        "H": (3, 8, 25),
    },
    scatters={3: 60, 4: 300, 5: 1500},
    free={3: 8, 4: 12, 5: 20},
)
# Every sheet that a round was ever begun with stays here, and the round is shown and ended by it.
SHEETS = {SHEET.version: SHEET}


def begin(stake_micros: int, *, minor_micros: int) -> SlotRound:
    """Take the stake of a round: a multiple of thirty of the currency's smallest coins.

    Raises:
        Unplayable: it cannot be.
    """
    check_stake(stake_micros, SHEET.coins * minor_micros)
    return SlotRound(version=SHEET.version, stake_micros=stake_micros)


def ask(state: SlotRound, action: Action) -> dict[str, Any]:
    """Return the draw that an action needs.

    Raises:
        Unplayable: the action is none of this moment, or the round is of another sheet.
    """
    sheet = sheet_of(state)
    if state.over or action is not Action.SPIN:
        raise Unplayable("the reels spin once, and once for each free spin")
    return sheet.spin


def step(state: SlotRound, action: Action, draw: Draw | None) -> SlotRound:
    """Stop the reels where the draw says, and pay.

    Raises:
        Unplayable: it is over, or the draw is none of five reels.
    """
    stops, sheet = values_of(draw, ask(state, action)), sheet_of(state)
    coins, found = spin(sheet, stops, free=bool(state.spins))
    left = state.free_left - 1 if state.spins else sheet.free.get(found, 0)
    return SlotRound(
        version=state.version,
        stake_micros=state.stake_micros,
        spins=(*state.spins, stops),
        free_left=left,
        win_micros=state.win_micros + coins * (state.stake_micros // sheet.coins),
    )


def sheet_of(state: SlotRound) -> Sheet:
    """Return the sheet that a round began with.

    Raises:
        Unplayable: it is not here.
    """
    check_version(state, SHEETS)
    return SHEETS[state.version]


def spins(state: SlotRound) -> tuple[SlotSpin, ...]:
    """Return what each spin of a round shows and pays, in order.

    Raises:
        Unplayable: its sheet is not here.
    """
    sheet = sheet_of(state)
    coin = state.stake_micros // sheet.coins
    return tuple(
        SlotSpin(
            reels=window(sheet.of(before), stops),
            win_micros=spin(sheet, stops, free=bool(before))[0] * coin,
            free=bool(before),
        )
        for before, stops in enumerate(state.spins)
    )


def window(strips: Sequence[str], stops: Sequence[int]) -> tuple[str, ...]:
    """Return what each reel shows, its three rows from the top."""
    return tuple(shown(strip, stop) for strip, stop in zip(strips, stops, strict=True))


def shown(strip: str, stop: int) -> str:
    """Return the rows of a reel that stops here; after the end comes the beginning."""
    return "".join(strip[(stop + row) % len(strip)] for row in range(ROWS))


def spin(sheet: Sheet, stops: Sequence[int], *, free: bool) -> tuple[int, int]:
    """Return how many coins a spin pays, and how many scatters it shows."""
    reels = window(sheet.free_strips if free else sheet.strips, stops)
    coins = sum(ways(reels, symbol, pays) for symbol, pays in sheet.pays.items())
    found = sum(reel.count(SCATTER) for reel in reels)
    coins += sheet.scatters.get(found, 0)
    return coins * (sheet.free_factor if free else 1), found


def ways(reels: Sequence[str], symbol: str, pays: tuple[int, int, int]) -> int:
    """Return what one symbol pays."""
    product, length = 1, 0
    for reel in reels:
        here = reel.count(symbol) + reel.count(WILD)
        if not here:
            break
        product, length = product * here, length + 1
    return pays[length - ROWS] * product if length >= ROWS else 0
