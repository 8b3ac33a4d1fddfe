"""Reads of registers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction, Moment, Register
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.identity.model import Player
from pitboss.players.personal.model import PersonalKeys
from pitboss.registers.model import (
    Detail,
    Due,
    People,
    Person,
    RegisterState,
    Standing,
    Standings,
    Verdict,
)

from . import rules, store


async def recall_verdicts(
    turn: Turn,
    players: Collection[Player],
    licences: Mapping[str, Jurisdiction],
    *,
    for_play: bool,
) -> dict[PlayerId, Verdict]:
    """Return what registers mean for these players' stakes, or deposits, in one statement at most.

    Players whose licence has no register are left out.  The turn holds their shards, so it is the
    last word; whom the turn remembers is not fetched.
    """
    asked = [
        player
        for player in players
        if player.jurisdiction in licences and licences[player.jurisdiction].exclusion.registers
    ]
    if not asked:
        return {}
    ensure(all(item.shard in turn.heads for item in asked), "who asks holds the players' turn")
    missing = [item.id for item in asked if item.id not in turn.recall(item.shard, Standings)]
    if missing:
        found = await find_standings(turn.tx, missing)
        for item in asked:
            if item.id in found:
                turn.recall(item.shard, Standings)[item.id] = Standings(of_registers=found[item.id])
    return {
        item.id: rules.verdict(
            licences[item.jurisdiction],
            {
                standing.register: standing
                for standing in turn.recall(item.shard, Standings)[item.id].of_registers
            },
            turn.now,
            for_play=for_play,
        )
        for item in asked
    }


async def find_standings(
    tx: Transaction, player_ids: Collection[PlayerId]
) -> dict[PlayerId, tuple[Standing, ...]]:
    """Return, of each of these players, the last that every register said.

    Outside the players' turn it may be late.  Who may be sent advertising is asked here: whoever is
    `excluded` or `lapsed`, or was not asked about since, may not.
    """
    found: dict[PlayerId, tuple[Standing, ...]] = dict.fromkeys(player_ids, ())
    for standing in await store.find_standings(tx, player_ids):
        found[standing.player_id] += (standing,)
    return found


async def find_due_shards(
    tx: Transaction, shards: Collection[Shard], register: Register, *, at: datetime
) -> list[Shard]:
    """Return those of the shards in which it is time to ask a register about somebody."""
    return await store.find_due_shards(tx, shards, register, at=at)


async def find_due(
    tx: Transaction,
    shard: Shard,
    register: Register,
    *,
    at: datetime,
    limit: int,
    never_asked_of: Sequence[str] = (),
) -> list[Due]:
    """Return at most `limit` players of a shard whom it is time to ask a register about.

    With licences' codes in `never_asked_of`, those of their players come last of whom it was never
    asked: because they registered before there was a register, or while nobody could be asked.
    """
    due = await store.find_due(tx, shard, register, at=at, limit=limit)
    if never_asked_of and len(due) < limit:
        due += await store.find_never_asked(
            tx, shard, register, never_asked_of, limit=limit - len(due)
        )
    return due


async def find_states(tx: Transaction, *, at: datetime) -> list[RegisterState]:
    """Return how each register stands of which anything is known, and who waits for it."""
    return await store.find_states(tx, at=at)


def open_people(people: People, *, keys: PersonalKeys) -> dict[PlayerId, Person]:
    """Return who these people are, once the turn that read them has committed.

    Who was forgotten is not there.

    Raises:
        WrongKey: the house's keys are not those that the values were sealed with.
    """
    opened = personal.open_bulk(people.bulk, keys=keys)
    known = {item: rules.person_of(values) for item, values in opened.items()}
    return {item: person for item, person in known.items() if person is not None}


def missing_details(registers: Collection[Register], person: Person) -> tuple[Detail, ...]:
    """Return what these registers want to know of a person, and nobody has told."""
    return rules.missing_details(registers, person)


def moments_before(step: Moment, licence: Jurisdiction) -> Moment | None:
    """Return for what registers are asked before this step of a player's, if they are.

    Play begins with a login, so a licence that asks before play asks there too.
    """
    if step is Moment.LOGIN:
        return rules.moment_before_login(licence)
    asked = licence.exclusion.register_checked_at
    # Nobody becomes a player who could not be asked about at the first login.
    always = step is Moment.REGISTRATION and bool(licence.exclusion.registers)
    return step if step in asked or always else None
