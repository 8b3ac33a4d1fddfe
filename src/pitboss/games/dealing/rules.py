"""Whether a step may be taken in a round of the house.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pitboss.games import house
from pitboss.games.dealing.errors import DrawUntold
from pitboss.games.dealing.model import Builds, Certified, HouseRound, Play, Refusal, Step, game_of
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Draw, House
from pitboss.games.house.model import Round as State
from pitboss.games.registry.model import Certificate, Offer
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.rng.errors import RngError
from pitboss.rng.records import DrawRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was looked at for a play.

    `newest` is the player's newest round of the same game, and `newest_open` whether it goes on;
    `closed` says that the books hold this round to be over.  `builds` are what would deal,
    `certificates` those of the version that count for the player's `licence`, and `seen` all that
    ever did.
    """

    now: datetime
    round: HouseRound | None
    steps: Sequence[Step]
    closed: bool
    newest: HouseRound | None
    newest_open: bool
    offer: Offer | None
    certificates: Collection[Certificate]
    seen: Collection[Certificate]
    licence: Jurisdiction | None
    builds: Builds


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A step that may be taken: from which state, what is drawn for it, what it costs."""

    state: State
    mapping: Mapping[str, Any] | None
    cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A step that was taken before; the round as it is now."""

    state: State


def judge(play: Play, known: Known) -> Turn | Again | Refusal:
    """Say whether a step may be taken; money, session and gate are asked by others."""
    if known.round is None:
        return _judge_first(play, known)
    if play.wager is not None and (
        play.number != 1 or house.store_form(play.wager).decode() != known.round.wager
    ):
        return Refusal.OTHER_STEP
    if known.round.version != house.versions()[known.round.game]:
        return Refusal.GAME_CHANGED
    state = state_of(known.round, known.steps)
    if play.number <= len(known.steps):
        same = known.steps[play.number - 1].action is play.action
        return Again(state=state) if same else Refusal.OTHER_STEP
    if play.number != len(known.steps) + 1:
        return Refusal.OTHER_STEP
    if state.over or known.closed:
        return Refusal.ROUND_CLOSED
    return _turn(play, state, known)


def _judge_first(play: Play, known: Known) -> Turn | Refusal:
    if play.wager is None:
        return Refusal.UNKNOWN_ROUND
    if play.number != 1:
        return Refusal.OTHER_STEP
    if known.newest is not None and known.newest_open:
        return Refusal.ROUND_OPEN
    if known.offer is not None and known.newest is not None:
        cycle = timedelta(milliseconds=known.offer.version.cycle_ms_min)
        if known.now < known.newest.opened_at + cycle:
            return Refusal.TOO_SOON
    return _turn(play, play.wager, known)


def _turn(play: Play, state: State, known: Known) -> Turn | Refusal:
    if not _is_certified(known, known.seen, state):
        return Refusal.ANOTHER_BUILD
    if play.number > 1 and not known.seen:
        # Of a step that costs nothing the registry is not asked.
        return Refusal.ANOTHER_BUILD
    try:
        mapping = house.ask(state, play.action)
        if play.number == 1:
            cost = state.staked_micros
        else:
            # What is drawn for was paid for: the free spins of a slot.
            after = state if mapping is not None else house.step(state, play.action)
            cost = after.staked_micros - state.staked_micros
    except Unplayable:
        return Refusal.NOT_NOW
    # A stake needs a certificate that counts.  What costs nothing goes on to the end of its round
    # without, as in a game that was stopped.
    if cost and not _is_certified(known, known.certificates, state):
        return Refusal.ANOTHER_BUILD
    return Turn(state=state, mapping=mapping, cost_micros=cost)


def _is_certified(known: Known, certificates: Collection[Certificate], state: State) -> bool:
    return is_certified(
        known.offer, certificates, known.builds, game_of(state), licence=known.licence
    )


def is_certified(
    offer: Offer | None,
    certificates: Collection[Certificate],
    builds: Builds,
    game: House,
    *,
    licence: Jurisdiction | None,
) -> bool:
    """Say whether the files that would deal are those that one laboratory has seen together.

    The generator must run under a certificate of its own for the licence: that alone names its
    interpreter and its libraries.  Where no regulator stands behind a licence it need not.
    A game that is not in the registry is refused there, in its own words.
    Source: GLI-11 and GLI-19, 2.3 (control programs are authenticated); the licence's certificates.
    """
    if offer is None:
        return True
    if offer.version.version != house.versions()[game]:
        return False
    if licence is None or (licence.is_licence and licence.code not in builds.licences):
        return False
    return not certificates or any(builds.digests <= set(item.hashes) for item in certificates)


def certified_by(
    counting: Mapping[House, Sequence[Certificate]], build: str
) -> tuple[Certified, ...]:
    """Return for which licences certificates of each game name these files of the games."""
    found: list[Certified] = []
    for game in (one for one in House if one in counting):
        certificates = counting[game]
        own = {item.licence for item in certificates if build in item.hashes}
        others = {item.licence for item in certificates} - own
        found.append(
            Certified(
                game=game, licences=tuple(sorted(own)), licences_of_others=tuple(sorted(others))
            )
        )
    return tuple(found)


def state_of(round_: HouseRound, steps: Sequence[Step]) -> State:
    """Return where a round stands, from what it began with and what was done and drawn.

    Raises:
        DrawUntold: it does not follow: something that is kept has been changed.
    """
    try:
        state = house.read_round(round_.wager.encode())
        for step in steps:
            draw = None if step.draw is None else as_draw(read_draw(step.draw))
            state = house.step(state, step.action, draw)
    except (Unplayable, RngError, ValueError) as error:
        raise DrawUntold(f"round {round_.id} of {round_.player_id}: {error}") from error
    return state


def as_draw(record: DrawRecord) -> Draw:
    """Return what a record says was drawn; whoever got it has mapped its words again."""
    return Draw(mapping=dict(record.mapping), values=tuple(record.values))


def read_draw(text: str) -> DrawRecord:
    """Return a draw's record as it was kept.

    Raises:
        RngError, ValueError: it is none.
    """
    return DrawRecord.from_json(msgspec.json.decode(text))
