"""Nouns of dealing: what a player asks for in a round of the house, what is kept, what is answered.

A round is kept as what it began with and the steps that were taken in it.  Its state is what the
rules make of those, so that there is nothing else that could differ from them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.games.house.model import Action, BlackjackRound, House, RouletteRound, SlotRound
from pitboss.games.house.model import Round as State
from pitboss.games.rounds.model import Dialect, round_id_of
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.rng.records import DrawRecord

# What the house is called where providers of games are named.
PROVIDER = "house"
# A step's stake and the win of the last one are booked under the same id.
DIALECT = Dialect(one_id_space=False)
# No game of ours has nearly as many: a round of blackjack has 21 at most, a slot as many spins.
STEPS_MAX = 100


class Refusal(StrEnum):
    """Why a step is not taken; the gate, the registry and the wallet have others."""

    UNKNOWN_ROUND = "unknown_round"
    ROUND_CLOSED = "round_closed"
    ROUND_OPEN = "round_open"
    OTHER_STEP = "other_step"
    NOT_NOW = "action_not_possible"
    TOO_SOON = "round_too_soon"
    ANOTHER_BUILD = "game_build_not_certified"
    GAME_CHANGED = "game_version_changed"
    UNTOLD = "round_untold"
    # As the core of rounds says them.
    UNKNOWN_SESSION = "unknown_session"
    SESSION_OVER = "game_session_over"
    OTHER_FACTS = "other_facts"


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """A player's next step in a round of a game of the house; the first one brings the `wager`.

    `number` counts the steps of the round from 1, so that one that is asked for again is known.
    `session_id` is the player's session in the game; without one nothing can be staked.
    """

    player_id: PlayerId
    round_id: str
    number: int
    action: Action
    session_id: str | None = None
    wager: State | None = None


class HouseRound(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A round as it began; `wager` is its first state, as JSON."""

    shard: Shard
    player_id: PlayerId
    id: str
    session_id: str
    game: House
    version: str
    currency: str
    wager: str
    opened_at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A step that was taken; `draw` is the record of what was drawn for it, as JSON.

    `won_micros` is what the round had won after it, unless that was not kept yet.
    """

    shard: Shard
    player_id: PlayerId
    round_id: str
    number: int
    action: Action
    staked_micros: int
    played_at: datetime
    draw: str | None = None
    won_micros: int | None = None

    @property
    def draw_digest(self) -> bytes | None:
        """What facts say of the draw while the round goes on."""
        return None if self.draw is None else digest_of(self.draw)


RoundKey = tuple[PlayerId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Builds:
    """What would deal: the digests of its files, and the licences that the generator's own
    certificate names."""

    digests: frozenset[str]
    licences: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The files of the games as they lie there now: the digest of those that run, and which differ
    from these.

    `closed` says that some do, or once did: what ran since nobody can say.
    """

    build: str
    differing: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A game of the registry: the licences whose certificates that count name the files that were
    measured, and those whose certificates name others alone."""

    game: House
    licences: tuple[str, ...]
    licences_of_others: tuple[str, ...]

    @property
    def stranger(self) -> bool:
        """Whether its certificates name other files, and none of them these."""
        return bool(self.licences_of_others) and not self.licences


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a measurement came to, game by game; `stopped` are those that it has stopped."""

    measured: Measured
    games: tuple[Certified, ...]
    stopped: tuple[House, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing differs from anything that was certified."""
        return not self.measured.closed and not any(one.licences_of_others for one in self.games)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A round with where it stands; without a `state`, `why` the rules cannot say.

    `closed` says that the books hold it to be over, as after staff has given its stakes back.
    `taken` are its steps as they were recorded, and `staked_micros` and `won_micros` what the
    books have of it: these are there whatever the rules say.
    """

    round: HouseRound
    state: State | None
    steps: int
    closed: bool
    why: Refusal | None = None
    taken: tuple[Step, ...] = ()
    staked_micros: int = 0
    won_micros: int = 0

    @property
    def recorded_win_micros(self) -> int | None:
        """What it has won so far, as its last step says; None where that was not kept yet."""
        return self.taken[-1].won_micros if self.taken else None

    @property
    def has_won(self) -> bool:
        """Whether something was won in it already, which must not be lost.

        What cannot be ended but by staff has won nothing that anybody could tell.
        """
        if not self.is_endable:
            return False
        won = self.recorded_win_micros if self.state is None else self.state.win_micros
        return bool(won)

    @property
    def is_endable(self) -> bool:
        """Whether it can be ended without staff: by its rules, or by what was recorded of it."""
        if self.state is not None:
            return True
        return self.why is Refusal.GAME_CHANGED and self.recorded_win_micros is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """The step is taken: the round as it is now; `repeated` if it had been taken before.

    `closed`: the books held it to be over already, whatever could still be done by the rules.
    """

    round: HouseRound
    state: State
    steps: int
    balance_micros: int
    repeated: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAsRecorded:
    """The round is over, and its rules are not here: what was won so far was paid.

    If that was nothing, its stakes were given back.
    """

    won_micros: int
    refunded_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDealt:
    """It is not, and why: nothing was staked or drawn."""

    reason: str


Answer = Dealt | NotDealt
Finish = Answer | EndedAsRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRun:
    """What was dealt of one start of the generator: it counts its draws from 1, without a gap.

    `looked` is how many of it are among those that were looked at; `used` of all from the `first`
    to the `last` of these were dealt, whenever that was.  `missing` is how many between were drawn
    and dealt to nobody: a turn that broke off, or somebody who drew and looked.  `gaps` are where
    the first of them begin.
    """

    instance: str
    looked: int
    used: int
    first: int
    last: int
    missing: int
    gaps: tuple[int, ...]
    from_at: datetime
    until: datetime


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """How many draws a start of the generator says it has made; they are counted from 1."""

    instance: str
    draws: int


class GeneratorCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """What the generator is certified by: as the laboratory has signed it."""

    number: str
    laboratory: str
    issued: str
    licences: tuple[str, ...]


class Generator(msgspec.Struct, frozen=True, kw_only=True):
    """How the generator stands that runs, as it says itself; one that does not answer has no build.

    `certificate` is None where it runs without one, and where it does not draw.  It compared itself
    with it `checked_seconds_ago` and found no difference then.
    """

    may_draw: bool
    why_not: str | None = None
    instance: str | None = None
    draws: int = 0
    rng_version: str | None = None
    code_hash: str | None = None
    certificate: GeneratorCertificate | None = None
    checked_seconds_ago: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCount:
    """How many draws a start of the generator had made by then, and how many nobody was dealt.

    One that is missing was drawn by a turn that broke off, or by somebody who drew and looked.
    Whoever lost a turn and asks again is dealt what was drawn then, as long as the generator
    remembers it, and it is missing no more.  What was drawn up to `settled` it has forgotten:
    `lost` of those nobody was dealt, and nobody will be.  `fresh` of the missing ones are told with
    it for the first time; of a count that was told before there are none.
    """

    instance: str
    drawn: int
    missing: int
    counted_at: datetime
    settled: int = 0
    lost: int = 0
    fresh: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Undealt:
    """How many of the first `until` draws of a start of the generator nobody was dealt.

    `first` are the first of those that were looked through for this.
    """

    missing: int
    first: tuple[int, ...]
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of playing all rounds of the house again.

    `gone` counts those whose rules are not here, by game and version: they are as recorded, and
    their draws alone were mapped again.  `disagreements` name round and fault.
    """

    rounds: int
    gone: dict[tuple[str, str], int]
    disagreements: tuple[str, ...]


def book_id(round_: HouseRound) -> str:
    """Return the id of a round in the core of rounds."""
    return round_id_of(PROVIDER, round_.player_id, round_.id)


def game_of(state: State) -> House:
    """Return which game a state is of."""
    if isinstance(state, RouletteRound):
        return House.ROULETTE
    return House.SLOT if isinstance(state, SlotRound) else House.BLACKJACK


def last_action(state: State) -> Action:
    """Return what a round goes on with when its player has left it."""
    return Action.STAND if isinstance(state, BlackjackRound) and state.shoe else Action.SPIN


def step_id(round_id: str, number: int) -> str:
    """Return the id under which a step's stake is booked, and the win of a round's last one."""
    return f"{round_id}/{number}"


def draw_id_of(player_id: PlayerId, round_id: str, number: int, game: House, action: Action) -> str:
    """Return the id of a step's draw: asked for again, also after a crash of ours, it is the same.

    Another game under the same name is another draw; other bets are not, or who lays them anew
    could have the wheel spun anew.
    """
    return derived_id("house draw", player_id, round_id, str(number), game.value, action.value)


def purpose_of(game: House, action: Action) -> str:
    """Return what a step's draw is said to be for."""
    return f"{game.value} {action.value}"


def digest_of(draw: str) -> bytes:
    """Return what a draw's record is known by before it is shown."""
    return hashlib.sha256(draw.encode()).digest()


def write_draw(record: DrawRecord) -> str:
    """Return a draw's record as it is kept: one text, always the same."""
    return json.dumps(record.to_json(), sort_keys=True, separators=(",", ":"))
