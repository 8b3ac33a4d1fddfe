"""Whether a step may be taken in a round of the house.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pitboss.games import house
from pitboss.games.dealing.errors import DrawUntold
from pitboss.games.dealing.model import (
    Builds,
    Certified,
    HouseRound,
    Kept,
    Play,
    Refusal,
    Step,
    draw_id_of,
    game_of,
    purpose_of,
)
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Draw, House
from pitboss.games.house.model import Round as State
from pitboss.games.registry.model import Certificate, Offer
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.rng.errors import RngError
from pitboss.rng.records import DrawRecord, is_mapped_here
from pitboss.rng.records import replay as map_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was looked at for a play.

    `newest` is the player's newest round of the same game, and `newest_open` whether it goes on;
    `closed` says that the books hold this round to be over.  `builds` are what would deal, `seen`
    the certificates that the round's version ever had for the player's `licence`, or that of a
    round that would begin, and `certificates` those of them that count now.
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
    if known.round.version not in house.editions()[known.round.game]:
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
        gone = known.newest.version not in house.editions()[known.newest.game]
        return Refusal.GAME_CHANGED if gone else Refusal.ROUND_OPEN
    if known.offer is not None and known.newest is not None:
        cycle = timedelta(milliseconds=known.offer.version.cycle_ms_min)
        if known.now < known.newest.opened_at + cycle:
            return Refusal.TOO_SOON
    return _turn(play, play.wager, known)


def _turn(play: Play, state: State, known: Known) -> Turn | Refusal:
    if not _is_certified(play, state, known, known.seen):
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
    if cost and not _may_stake(play, state, known):
        return Refusal.ANOTHER_BUILD
    return Turn(state=state, mapping=mapping, cost_micros=cost)


def _may_stake(play: Play, state: State, known: Known) -> bool:
    begun, offer = known.round, known.offer
    of_another = begun is not None and offer is not None and begun.version != offer.version.version
    if of_another and not known.certificates:
        # The registry is asked about what is offered by now, and this round is not of that.
        return False
    return _is_certified(play, state, known, known.certificates)


def _is_certified(
    play: Play, state: State, known: Known, certificates: Collection[Certificate]
) -> bool:
    # A round that has begun ends by the rules of its own version, whatever is offered by now.
    begun = None if play.number > 1 else house.versions()[game_of(state)]
    return is_certified(known.offer, certificates, known.builds, begun, licence=known.licence)


def is_certified(
    offer: Offer | None,
    certificates: Collection[Certificate],
    builds: Builds,
    begun: str | None,
    *,
    licence: Jurisdiction | None,
) -> bool:
    """Say whether the files that would deal are those that one laboratory has seen together.

    The generator must run under a certificate of its own for the licence: that alone names its
    interpreter and its libraries.  Where no regulator stands behind a licence it need not.
    A game that is not in the registry is refused there, in its own words.  `begun` is the version
    of a round that would begin, which must be the one that is offered.
    Source: GLI-11 and GLI-19, 2.3 (control programs are authenticated); the licence's certificates.
    """
    if offer is None:
        return True
    if begun is not None and offer.version.version != begun:
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


def compare(kept: Kept) -> tuple[str, ...]:
    """Return where what was recorded of a round does not give what is in the books."""
    found = [text for step in kept.taken for text in _compare_draw(kept.round, step)]
    staked = sum(step.staked_micros for step in kept.taken)
    # A round that was voided has no stakes in the books any more.
    if kept.staked_micros not in (staked, 0):
        found.append(f"steps cost {staked} micros, and {kept.staked_micros} were staked")
    state = kept.state
    if state is None:
        return (*found, *((kept.why,) if kept.why is Refusal.UNTOLD else ()))
    told = kept.recorded_win_micros
    if told is not None and told != state.win_micros:
        found.append(f"it was recorded to have won {told} micros, and wins {state.win_micros}")
    if state.over and kept.won_micros != state.win_micros:
        found.append(f"{kept.won_micros} micros were paid, and it wins {state.win_micros}")
    return tuple(found)


def _compare_draw(round_: HouseRound, step: Step) -> Iterator[str]:
    """See to it that a draw was made for its step, and map its words again, where this build maps
    as its version did.

    Who deals in one round what was drawn for another has chosen between outcomes, though nothing is
    missing and all that was drawn was dealt.  Source: GLI-19, 3.3.
    """
    if step.draw is None:
        return
    try:
        record = read_draw(step.draw)
        names = (record.draw_id, record.round_id, record.purpose)
        if names != (
            draw_id_of(round_.player_id, round_.id, step.number, round_.game, step.action),
            round_.id,
            purpose_of(round_.game, step.action),
        ):
            yield f"step {step.number}: its draw was made for another step"
        if is_mapped_here(record):
            map_again(record)
    except (RngError, ValueError) as error:
        yield f"step {step.number}: its draw does not follow from its words: {error}"


def as_draw(record: DrawRecord) -> Draw:
    """Return what a record says was drawn; whoever got it has mapped its words again."""
    return Draw(mapping=dict(record.mapping), values=tuple(record.values))


def read_draw(text: str) -> DrawRecord:
    """Return a draw's record as it was kept.

    Raises:
        RngError, ValueError: it is none.
    """
    return DrawRecord.from_json(msgspec.json.decode(text))
