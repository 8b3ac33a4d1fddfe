"""Writes of central files: inside the caller's turn, but for `begin`, which asks between turns.

A crash between asking and noting leads to asking again under the same id, which is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec
import structlog

from pitboss import jurisdictions, registers
from pitboss.central.facts import (
    CentralActivityMoved,
    CentralDepositMoved,
    CentralFilesDown,
    CentralFilesUp,
    CentralLimitMoved,
)
from pitboss.central.model import (
    Activity,
    ActivityState,
    Began,
    Claims,
    Deposit,
    DepositState,
    FiledDeposit,
    FiledLimit,
    LimitClaims,
    Remembered,
    Reserved,
    holds_over_all,
)
from pitboss.central.ports import CentralFiles
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PaymentId, PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.personal.model import Purpose
from pitboss.registers.model import Pulse, Question, Silence
from pitboss.responsible import limits

from . import rules, store

_log = structlog.get_logger("central")


async def file_deposits(turn: Turn, deposits: Sequence[Deposit]) -> dict[PaymentId, DepositState]:
    """Have the limit file asked about deposits before they are taken; return how each stands.

    Only deposits of licences whose limits hold over all operators: the others are left out.
    Repeating asks nothing twice.  Source: GlüStV 2021, § 6c(1); the licence's `limits.scope`.
    """
    mine = await _of_central_licences(turn, deposits)
    known = await store.find_deposits(turn.tx, [(item.shard, item.id) for item in mine])
    fresh = [
        FiledDeposit(deposit=item, state=DepositState.WANTED)
        for item in mine
        if item.id not in known
    ]
    await _move(turn, fresh)
    return {item.deposit.id: item.state for item in [*known.values(), *fresh]}


async def confirm(turn: Turn, deposits: Sequence[Deposit]) -> None:
    """Have the limit file told that these deposits have arrived; repeating changes nothing.

    One that it refused, or was never asked about, is told of all the same: the money is here.
    """
    mine = await _of_central_licences(turn, deposits)
    known = await store.find_deposits(turn.tx, [(item.shard, item.id) for item in mine])
    await _move(
        turn,
        [
            replace(
                known.get(item.id) or FiledDeposit(deposit=item, state=DepositState.CONFIRMING),
                state=DepositState.CONFIRMING,
                tries=0,
            )
            for item in mine
            if item.id not in known or rules.confirmed(known[item.id].state)
        ],
    )


async def release(turn: Turn, deposits: Sequence[Deposit]) -> None:
    """Have the limit file told that these deposits will not arrive; repeating changes nothing."""
    mine = await _of_central_licences(turn, deposits)
    known = await store.find_deposits(turn.tx, [(item.shard, item.id) for item in mine])
    gone = [item for item in known.values() if rules.released(item.state)]
    await _move(turn, [replace(item, state=DepositState.RELEASING, tries=0) for item in gone])


async def read_claims(turn: Turn, deposits: Sequence[Deposit]) -> Claims:
    """Read what the limit file is told of these deposits; a fact says whose data was looked at.

    The data stays sealed: `registers.open_people` opens it after the turn has committed.
    """
    licences = await _licences(turn, [item.player_id for item in deposits])
    wanted = {}
    for player_id in licences:
        found = await limits.list_limits(turn.tx, player_id, now=turn.now)
        if (least := rules.limit_of_month(found)) is not None:
            wanted[player_id] = least
    mine = tuple(item for item in deposits if item.player_id in licences)
    people = await registers.read_people(
        turn, sorted({item.player_id for item in mine}), purpose=Purpose.SAFER_GAMBLING
    )
    months = {item.id: rules.month_of(licences[item.player_id], turn.now) for item in mine}
    filed = await store.find_limits(turn.tx, list(licences))
    return Claims(
        deposits=mine,
        months=months,
        limits=wanted,
        people=people,
        numbers={item.player_id: item.number for item in filed},
    )


async def file_limit(turn: Turn, player_id: PlayerId) -> None:
    """Have the limit file told of a player's own limit, if it is another one than it knows.

    After each change of a limit, in the turn of it; what the file knows already is not told again.
    Only under licences whose limits hold over all operators.  Source: GlüStV 2021, § 6c(1).
    """
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "who files holds the player's turn")
    licence = (await _licences(turn, [player_id])).get(player_id)
    if not holds_over_all(licence):
        return
    found = await store.find_limits(turn.tx, [player_id])
    known = found[0] if found else None
    micros, counts_from = await _counts(turn, player_id)
    # Who never had a limit has nothing to tell, as if that had been told.
    filed = known or FiledLimit(shard=shard, player_id=player_id, number=0, told=True)
    if not filed.told or (micros, counts_from) != (filed.micros, filed.counts_from):
        await _want(turn, filed, counts_from)


async def read_limits(turn: Turn, due: Sequence[FiledLimit]) -> LimitClaims:
    """Read what the limit file is told of these limits; a fact says whose data was looked at.

    The newest is told, whatever was found to be due.  The data stays sealed, as that of deposits.
    """
    filed: list[FiledLimit] = []
    counts: dict[PlayerId, tuple[int | None, datetime | None]] = {}
    for item in await store.find_limits(turn.tx, [item.player_id for item in due]):
        counts[item.player_id] = await _counts(turn, item.player_id)
        passed = item.counts_from is not None and item.counts_from <= turn.now
        if item.told and not passed:
            continue
        # A limit that counts by now is another one than was told before: it has its own number.
        filed.append(await _want(turn, item, counts[item.player_id][1]) if passed else item)
    places = [(item.shard, item.player_id) for item in filed]
    players = await identity.recall_players(turn, places)
    people = await registers.read_people(
        turn, sorted(item.player_id for item in filed), purpose=Purpose.SAFER_GAMBLING
    )
    return LimitClaims(
        filed=tuple(filed),
        counts=counts,
        currencies={player.id: player.currency for player in players.values()},
        people=people,
    )


async def record_limits(turn: Turn, told: Sequence[FiledLimit], claims: LimitClaims) -> None:
    """Note that the limit file was told of these limits; what has changed since is told again."""
    known = await store.find_limits(turn.tx, [item.player_id for item in told])
    numbers = {item.player_id: item.number for item in told}
    for item in known:
        if item.number == numbers[item.player_id] and not item.told:
            micros, counts_from = claims.counts[item.player_id]
            after = replace(item, told=True, micros=micros, counts_from=counts_from, tries=0)
            await _save_limit(turn, after)


async def postpone_limits(turn: Turn, asked: Sequence[FiledLimit], *, wall: datetime) -> None:
    """Tell these limits later, because the file has not answered; `wall` is the machine's time."""
    known = await store.find_limits(turn.tx, [item.player_id for item in asked])
    numbers = {item.player_id: item.number for item in asked}
    for item in known:
        if item.number == numbers[item.player_id] and not item.told:
            due_at = rules.due_after_silence(item.tries + 1, wall)
            await store.save_limit(turn.tx, replace(item, tries=item.tries + 1), due_at)


async def record_reserved(
    turn: Turn, said: Mapping[PaymentId, Reserved], deposits: Sequence[Deposit]
) -> None:
    """Note what the limit file said about these deposits.

    What was ended in the meantime is taken back: the file may have heard of the end first.
    """
    known = await store.find_deposits(turn.tx, [(item.shard, item.id) for item in deposits])
    moved: list[FiledDeposit] = []
    for deposit_id, item in known.items():
        answer = said[deposit_id]
        if item.state is DepositState.WANTED:
            state = DepositState.RESERVED if answer.granted else DepositState.REFUSED
            moved.append(replace(item, state=state, reference=answer.reference, tries=0))
        elif answer.granted and item.state is DepositState.RELEASED:
            moved.append(replace(item, state=DepositState.RELEASING, tries=0))
    await _move(turn, moved)


async def record_told(turn: Turn, told: Sequence[FiledDeposit]) -> None:
    """Note that the limit file was told of these deposits; one that has moved on stays."""
    known = await store.find_deposits(
        turn.tx, [(item.deposit.shard, item.deposit.id) for item in told]
    )
    await _move(
        turn,
        [
            replace(item, state=rules.after_telling(item.state), tries=0)
            for item in told
            if known[item.deposit.id].state is item.state
        ],
    )


async def record_silence(turn: Turn, asked: Sequence[FiledDeposit], *, wall: datetime) -> None:
    """Note that the limit file gave no answer about these deposits; `wall` is the machine's time.

    After `TRIES_MAX` of them a deposit is not taken, or is taken without the file's word, as the
    licence says of registers that are down.
    """
    known = await store.find_deposits(
        turn.tx, [(item.deposit.shard, item.deposit.id) for item in asked]
    )
    licences = await _licences(turn, [item.deposit.player_id for item in asked])
    still = [item for item in asked if known[item.deposit.id].state is item.state]
    after = [
        replace(
            item,
            state=rules.after_silence(item, licences[item.deposit.player_id]),
            tries=item.tries + 1,
        )
        for item in still
        if item.deposit.player_id in licences
    ]
    due = [rules.due_after_silence(item.tries, wall) for item in after]
    await store.save_deposits(turn.tx, after, due, now=turn.now)
    before = {item.deposit.id: item.state for item in still}
    _tell(turn, [item for item in after if item.state is not before[item.deposit.id]])


async def ask_to_play(turn: Turn, player_id: PlayerId, session_id: str, activity_id: str) -> None:
    """Note that the activity file is about to be asked, under this new id, to have a player active.

    Written before it is asked: whatever becomes of us, what the file may have heard is ended with
    the session.  The turn holds the player's shard.
    """
    activity = Activity(
        shard=shard_of(player_id),
        id=activity_id,
        player_id=player_id,
        session_id=session_id,
        state=ActivityState.ASKED,
    )
    await _be(turn, activity)


async def begin(
    files: CentralFiles | None, question: Question, *, pulse: Pulse, now: datetime
) -> Began | None:
    """Ask the activity file to have a player active with us, between turns; None: no answer.

    `now` is the machine's clock.  Nothing is raised for files that fail us: `pulse` takes note.
    """
    if files is None:
        pulse.failed(Silence.NOT_CONNECTED, now)
        return None
    if pulse.rests(now):
        return None
    try:
        began = await files.begin(question)
    except Fault as fault:
        _log.warning("the activity file failed us", why=str(fault))
        pulse.failed(Silence.AWAY if fault.retryable else Silence.CONFUSED, now)
        return None
    pulse.answered()
    return began


async def record_activity(
    turn: Turn, player_id: PlayerId, activity_id: str, began: Began, licence: Jurisdiction
) -> None:
    """Note what the activity file said when play was to begin.

    If the session has ended since it was asked, the file is told that this is over too.
    """
    for item in await store.find_open(turn.tx, [player_id]):
        if item.id == activity_id and item.state is ActivityState.ASKED:
            state = rules.state_of(began, licence, turn.now)
            answered = msgspec.structs.replace(item, state=state, reference=began.reference)
            await _be(turn, answered)


async def leave(turn: Turn, activities: Sequence[Activity]) -> None:
    """Note that these times of being active are over, of which the file is told; once."""
    for item in await _still(turn, activities):
        state = rules.after_leaving(item.state)
        if state is not None:
            await _be(turn, msgspec.structs.replace(item, state=state))


async def record_left(turn: Turn, activities: Sequence[Activity]) -> None:
    """Note that the file has heard of these times that they are over."""
    for item in await _still(turn, activities):
        if item.state is ActivityState.LEAVING:
            await _be(turn, msgspec.structs.replace(item, state=ActivityState.LEFT))


async def postpone_leaving(tx: Transaction, activity: Activity, *, wall: datetime) -> None:
    """Tell the file later, because it has not answered; `wall` is the machine's time."""
    await store.postpone_leaving(tx, activity, rules.due_after_silence(activity.tries, wall))


async def note_pulse(turn: Turn, pulse: Pulse) -> bool:
    """Note that the files went down or came back, once; say whether that was news.

    The turn holds the system's shard.
    """
    ensure(SYSTEM_SHARD in turn.heads, "central files stand or fall in the system's turn")
    if pulse.up is None or await store.find_pulse(turn.tx) is pulse.up:
        return False
    reason = None if pulse.up else pulse.reason or Silence.AWAY
    await store.save_pulse(turn.tx, up=pulse.up, since=turn.now, reason=reason)
    fact = CentralFilesUp() if reason is None else CentralFilesDown(reason=reason)
    turn.publish(SYSTEM_SHARD, derived_id("central files"), fact)
    return True


async def _counts(turn: Turn, player_id: PlayerId) -> tuple[int | None, datetime | None]:
    """Return a player's own limit of a month, and when a looser one will count by itself."""
    found = await limits.list_limits(turn.tx, player_id, now=turn.now)
    return rules.limit_of_month(found), rules.counts_next(found)


async def _want(turn: Turn, filed: FiledLimit, counts_from: datetime | None) -> FiledLimit:
    after = replace(filed, number=filed.number + 1, told=False, counts_from=counts_from, tries=0)
    await _save_limit(turn, after)
    return after


async def _save_limit(turn: Turn, filed: FiledLimit) -> None:
    await store.save_limit(turn.tx, filed)
    at = filed.counts_from
    fact = CentralLimitMoved(
        player_id=filed.player_id,
        number=filed.number,
        state="told" if filed.told else "wanted",
        micros=filed.micros,
        counts_from=None if at is None else write_instant(at),
    )
    turn.publish(filed.shard, filed.player_id, fact)


async def _of_central_licences(turn: Turn, deposits: Sequence[Deposit]) -> list[Deposit]:
    ensure(all(item.shard in turn.heads for item in deposits), "who files holds the players' turn")
    licences = await _licences(turn, [item.player_id for item in deposits])
    return [item for item in deposits if holds_over_all(licences.get(item.player_id))]


async def _licences(turn: Turn, player_ids: Sequence[PlayerId]) -> dict[PlayerId, Jurisdiction]:
    places = [(shard_of(item), item) for item in dict.fromkeys(player_ids)]
    players = await identity.recall_players(turn, places)
    return {
        player.id: licence
        for player in players.values()
        if (licence := jurisdictions.find(player.jurisdiction)) is not None
    }


async def _move(turn: Turn, filed: Sequence[FiledDeposit]) -> None:
    await store.save_deposits(turn.tx, filed, [None for _ in filed], now=turn.now)
    _tell(turn, filed)


def _tell(turn: Turn, filed: Sequence[FiledDeposit]) -> None:
    for item in filed:
        deposit = item.deposit
        fact = CentralDepositMoved(
            deposit_id=deposit.id,
            player_id=deposit.player_id,
            micros=deposit.micros,
            currency=deposit.currency,
            state=item.state,
            reference=item.reference,
        )
        turn.publish(deposit.shard, deposit.player_id, fact)


async def _still(turn: Turn, activities: Sequence[Activity]) -> list[Activity]:
    """Return these times as they stand now, under the turn of their players; not those over."""
    ids = {item.id for item in activities}
    found = await store.find_open(turn.tx, list({item.player_id for item in activities}))
    return [item for item in found if item.id in ids]


async def _be(turn: Turn, activity: Activity) -> None:
    shard = activity.shard
    ensure(shard in turn.heads, "who is active is noted by who holds the player's turn")
    await store.save_activities(turn.tx, [activity], since=turn.now)
    turn.recall(shard, Remembered).pop(activity.player_id, None)
    fact = CentralActivityMoved(
        activity_id=activity.id,
        player_id=activity.player_id,
        session_id=activity.session_id,
        state=activity.state,
        reference=activity.reference,
    )
    turn.publish(shard, activity.player_id, fact)
