"""Asking registers, and noting what came of it.

`ask` is for between transactions; everything else is inside the caller's turn.  A crash between the
two leads to asking again, which is harmless.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction, Moment, Register
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity, personal
from pitboss.players.access.model import SessionEnd
from pitboss.players.personal.model import Purpose, SubjectId
from pitboss.registers.facts import (
    AnswerOfOne,
    RegisterAnswered,
    RegisterDown,
    RegisterSilent,
    RegisterUp,
)
from pitboss.registers.model import (
    Outcome,
    People,
    Pulse,
    Question,
    Silence,
    Standing,
    Standings,
    Told,
)
from pitboss.registers.ports import RegisterClient
from pitboss.responsible import exclusion

from . import rules, store

# The answers about so many fit into one fact with room to spare.  Source: C2SP tlog-tiles.
FACT_ANSWERS_MAX = 200

_log = structlog.get_logger("registers")


async def ask(
    client: RegisterClient | None,
    questions: Sequence[Question],
    *,
    moment: Moment,
    pulse: Pulse,
    now: datetime,
) -> Outcome:
    """Ask a register about people, between transactions; whoever is not answered for is silent.

    Several are asked about in one request, so at most `batch_max` of the client.  A register that
    is down is left alone for a few seconds.  `now` is the machine's clock.  Nothing is raised for
    a register that fails us: the outcome says it, and `pulse` takes note.
    """
    if not questions:
        return Outcome()
    if client is None:
        pulse.failed(Silence.NOT_CONNECTED, now)
        return rules.silence_of(questions, Silence.NOT_CONNECTED)
    lacking, whole = rules.apart(questions, client.register)
    silent = [rules.silence_of(lacking, Silence.DETAILS_MISSING)] if lacking else []
    if not whole:
        return rules.joined((), silent)
    if pulse.rests(now):
        return rules.joined((), [*silent, rules.silence_of(whole, pulse.reason or Silence.AWAY)])
    try:
        if len(whole) == 1:
            told: tuple[Told, ...] = (await client.ask(whole[0], moment=moment),)
        else:
            told = await client.ask_many(whole, moment=moment)
    except Fault as fault:
        reason = Silence.AWAY if fault.retryable else Silence.CONFUSED
        _log.warning("a register failed us", register=client.register.value, why=str(fault))
        pulse.failed(reason, now)
        return rules.joined((), [*silent, rules.silence_of(whole, reason)])
    pulse.answered()
    return rules.joined(told, silent)


async def read_people(
    turn: Turn,
    player_ids: Sequence[PlayerId],
    *,
    purpose: Purpose = Purpose.SELF_EXCLUSION,
) -> People:
    """Read who these players are, to ask a register; a fact for each shard says so, and why.

    The data stays sealed: it is opened with `open_people` after the turn has committed, so that
    nobody waits for the opening and nobody sees what no fact tells of.
    """
    bulk = await personal.read_in_bulk(
        turn,
        [SubjectId(player_id) for player_id in player_ids],
        paths=rules.PATHS,
        purpose=purpose,
    )
    return People(bulk=bulk)


async def record(
    turn: Turn, register: Register, told: Sequence[Told], *, moment: Moment, asked_at: datetime
) -> tuple[PlayerId, ...]:
    """Note what a register answered; return whom it keeps away that nobody kept before.

    Whom it names is excluded from the commit of this turn on, and the player's sessions end; whom
    no register of the licence names any more is released, as the licence says.  Noted again, it
    changes nothing but the time.  What was asked at `asked_at`, by the platform's clock, before
    somebody was named by a later answer, frees nobody: it is left out.  The turn holds the players'
    shards.
    """
    if not told:
        return ()
    licences = await _licences(turn, [item.player_id for item in told])
    before = await _standings(turn, list(licences))
    known = [
        item
        for item in told
        if item.player_id in licences
        and not rules.is_outdated(item, register, before[item.player_id], asked_at)
    ]
    if not known:
        return ()
    standings = [
        Standing(
            shard=shard_of(item.player_id),
            player_id=item.player_id,
            register=register,
            moment=moment,
            answer=item.answer,
            reference=item.reference,
            checked_at=turn.now,
        )
        for item in known
    ]
    due = [rules.due_after_answer(licences[item.player_id], turn.now) for item in known]
    await _save(turn, standings, due)
    _tell_answers(turn, register, known, moment)
    after = {
        item.player_id: [
            *(one for one in before.get(item.player_id, ()) if one.register is not register),
            item,
        ]
        for item in standings
    }
    named = rules.named(known)
    free = {
        player_id: licences[player_id]
        for player_id, all_of_them in after.items()
        if rules.clear_everywhere(licences[player_id], all_of_them)
    }
    await exclusion.release(turn, free)
    return await _keep_away(turn, named, licences)


async def record_silence(
    turn: Turn,
    register: Register,
    player_ids: Sequence[PlayerId],
    *,
    moment: Moment,
    reason: Silence,
) -> None:
    """Note that a register has not answered about these players, where that changes anything.

    The last answer stays; what holds until the next one is the licence's `exclusion.register_down`.
    """
    before = await _standings(turn, player_ids)
    earlier = {
        player_id: next((one for one in before[player_id] if one.register is register), None)
        for player_id in player_ids
    }
    silent = [
        player_id
        for player_id in player_ids
        if rules.silence_counts(earlier[player_id], moment, turn.now)
    ]
    standings = [
        _silenced(earlier[player_id], register, player_id, moment, turn.now) for player_id in silent
    ]
    due: list[datetime | None] = [
        rules.due_after_silence(item.tries, turn.now) for item in standings
    ]
    fresh = [
        player_id
        for player_id in silent
        if (known := earlier[player_id]) is None or known.silent_since is None
    ]
    if reason is Silence.DETAILS_MISSING:
        # Nobody but the player can help, so there is no hurry.
        due = [turn.now + rules.DAILY_HOLDS for _ in standings]
    await _save(turn, standings, due)
    _tell_silence(turn, register, fresh, moment, reason)
    # Their last answer is still good.
    good = [item for item in player_ids if item not in set(silent)]
    tries = max((known.tries for item in good if (known := earlier[item])), default=0)
    if good:
        until = rules.due_after_silence(tries, turn.now)
        await store.postpone(turn.tx, register, good, until)


async def postpone(
    tx: Transaction, register: Register, player_ids: Collection[PlayerId], *, until: datetime | None
) -> None:
    """Have the loop leave these players alone until then; None: until they come by themselves."""
    await store.postpone(tx, register, player_ids, until)


async def want_checks(
    tx: Transaction, player_ids: Collection[PlayerId], *, moment: Moment, at: datetime
) -> int:
    """Have the loop ask about these players soon, for this moment; return of how many it will.

    Who was never asked about is found by the loop itself.  Asking again changes nothing.
    """
    return await store.want(tx, player_ids, moment, at)


async def note_pulse(turn: Turn, register: Register, pulse: Pulse) -> bool:
    """Note that a register went down or came back, once; say whether that was news.

    The turn holds the system's shard.
    """
    ensure(SYSTEM_SHARD in turn.heads, "registers stand or fall in the system's turn")
    if pulse.up is None or await store.find_pulse(turn.tx, register) is pulse.up:
        return False
    reason = None if pulse.up else pulse.reason or Silence.AWAY
    await store.save_pulse(turn.tx, register, up=pulse.up, since=turn.now, reason=reason)
    fact: RegisterUp | RegisterDown = (
        RegisterUp(register=register)
        if reason is None
        else RegisterDown(register=register, reason=reason)
    )
    turn.publish(SYSTEM_SHARD, derived_id("register", register), fact)
    return True


async def _keep_away(
    turn: Turn, named: Sequence[PlayerId], licences: Mapping[PlayerId, Jurisdiction]
) -> tuple[PlayerId, ...]:
    """Exclude whom a register names, and end their sessions."""
    if not named:
        return ()
    keys = {player_id: new_id(turn.now, turn.entropy) for player_id in named}
    fresh = await exclusion.exclude_by_register(turn, keys, licences)
    for player_id in fresh:
        await access.end_sessions(turn, player_id, SessionEnd.EXCLUDED)
    return fresh


async def _licences(turn: Turn, player_ids: Sequence[PlayerId]) -> dict[PlayerId, Jurisdiction]:
    """Return under which licence each of these players plays; who is no player is left out."""
    players = await identity.recall_players(turn, [(shard_of(item), item) for item in player_ids])
    return {
        player.id: licence
        for player in players.values()
        if (licence := jurisdictions.find(player.jurisdiction)) is not None
    }


async def _standings(turn: Turn, player_ids: Sequence[PlayerId]) -> dict[PlayerId, list[Standing]]:
    found: dict[PlayerId, list[Standing]] = {item: [] for item in player_ids}
    for standing in await store.find_standings(turn.tx, player_ids):
        found[standing.player_id].append(standing)
    return found


async def _save(turn: Turn, standings: Sequence[Standing], due: Sequence[datetime | None]) -> None:
    await store.save_standings(turn.tx, standings, due)
    for item in standings:
        turn.recall(item.shard, Standings).pop(item.player_id, None)


def _silenced(
    earlier: Standing | None,
    register: Register,
    player_id: PlayerId,
    moment: Moment,
    now: datetime,
) -> Standing:
    if earlier is None:
        return Standing(
            shard=shard_of(player_id),
            player_id=player_id,
            register=register,
            moment=moment,
            silent_since=now,
        )
    return msgspec.structs.replace(
        earlier,
        moment=earlier.moment if earlier.silent_since else moment,
        silent_since=earlier.silent_since or now,
        tries=earlier.tries + 1,
    )


def _tell_answers(turn: Turn, register: Register, told: Sequence[Told], moment: Moment) -> None:
    for shard, players in _by_shard([item.player_id for item in told]).items():
        mine = [item for item in told if item.player_id in players]
        for start in range(0, len(mine), FACT_ANSWERS_MAX):
            part = mine[start : start + FACT_ANSWERS_MAX]
            answers = tuple(
                AnswerOfOne(player_id=item.player_id, answer=item.answer, reference=item.reference)
                for item in part
            )
            fact = RegisterAnswered(register=register, moment=moment, answers=answers)
            turn.publish(shard, _stream(register, [item.player_id for item in part]), fact)


def _tell_silence(
    turn: Turn,
    register: Register,
    player_ids: Sequence[PlayerId],
    moment: Moment,
    reason: Silence,
) -> None:
    for shard, players in _by_shard(player_ids).items():
        mine = [item for item in player_ids if item in players]
        for start in range(0, len(mine), FACT_ANSWERS_MAX):
            part = tuple(mine[start : start + FACT_ANSWERS_MAX])
            fact = RegisterSilent(register=register, moment=moment, players=part, reason=reason)
            turn.publish(shard, _stream(register, part), fact)


def _by_shard(player_ids: Sequence[PlayerId]) -> dict[Shard, set[PlayerId]]:
    lanes: dict[Shard, set[PlayerId]] = {}
    for player_id in player_ids:
        lanes.setdefault(shard_of(player_id), set()).add(player_id)
    return lanes


def _stream(register: Register, players: Sequence[PlayerId]) -> str:
    """Return the player's own stream for one, and the register's for many."""
    return players[0] if len(players) == 1 else derived_id("register", register)
