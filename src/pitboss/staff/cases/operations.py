"""Writes of cases: opened by whoever follows the facts, worked on by agents."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

from pitboss import jurisdictions, messages, order
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import StaffId, derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.messages import Turn
from pitboss.staff import agents
from pitboss.staff.agents.model import Permission
from pitboss.staff.cases.facts import CaseAssigned, CaseClosed, CaseOpened, CaseSeenAgain
from pitboss.staff.cases.model import (
    LOOKED_BACK,
    PAGE_FACTS,
    RULES,
    Answer,
    Case,
    CaseId,
    Changed,
    Outcome,
    Refusal,
    Refused,
    Signal,
    State,
    Why,
)

from . import rules, store

ACTOR = "cases"


async def watch(
    tx: Transaction, *, now: datetime, entropy: Entropy, limit: int = PAGE_FACTS
) -> int:
    """Read the next facts of the one order, and open the cases that they ask for.

    Return how many facts that was.  How far was read is written in the same transaction, so each
    fact counts once whoever is killed; of two who watch at once one waits for the other.
    """
    position = await store.lock_position(tx)
    placed = await order.read(tx, from_position=position, limit=limit)
    if not placed:
        return 0
    signals = [
        signal for fact in placed for signal in rules.signals_of(fact.position, fact.body, _zone_of)
    ]
    if signals:
        await _count(tx, signals, now=now, entropy=entropy)
    await store.move_position(tx, placed[-1].position + 1)
    return len(placed)


async def _count(
    tx: Transaction, signals: list[Signal], *, now: datetime, entropy: Entropy
) -> None:
    """Keep signals, and see of each player and marker whether somebody should look."""
    await store.save_signals(tx, signals)
    keys = sorted({(signal.player_id, signal.marker) for signal in signals})
    oldest = min(signal.at for signal in signals) - LOOKED_BACK
    await store.forget_signals(tx, keys, before=oldest)
    kept = await store.find_signals(tx, keys)
    reached = {
        key: value
        for key in keys
        if rules.is_reached(key[1], value := rules.value_of(key[1], kept[key], since=None))
    }
    if not reached:
        return
    async with messages.join_turn(tx, [STAFF_SHARD], now=now, actor=ACTOR, entropy=entropy) as turn:
        known = await store.find_newest(tx, reached)
        for key in reached:
            await _see(turn, known.get(key), kept[key])


async def _see(turn: Turn, known: Case | None, signals: list[Signal]) -> None:
    """Open a case, or tell of the open one again; what a closed one was about counts no more."""
    newest = signals[-1]
    value = rules.value_of(newest.marker, signals, since=None if known is None else known.closed_at)
    if not rules.is_reached(newest.marker, value):
        return
    if known is None or known.state is State.CLOSED:
        case = Case(
            # The same signal opens the same case, if facts are ever read again from the start.
            id=CaseId(derived_id("case", newest.player_id, newest.marker, newest.key)),
            player_id=newest.player_id,
            marker=newest.marker,
            value=value,
            opened_at=turn.now,
            seen_at=turn.now,
        )
        rule = RULES[case.marker]
        fact: Fact = CaseOpened(
            case_id=case.id,
            player_id=case.player_id,
            marker=case.marker,
            value=value,
            threshold=rule.threshold,
            window_hours=int(rule.window.total_seconds()) // 3_600,
        )
        await _save(turn, case, fact)
    elif rules.wants_telling(known, turn.now):
        case = msgspec.structs.replace(known, value=value, seen_at=turn.now)
        await _save(turn, case, CaseSeenAgain(case_id=case.id, value=value))


async def assign(turn: Turn, case_id: CaseId, to: StaffId, by: StaffId, why: Why) -> Answer:
    """Give an open case to an agent who may work on it; giving it again changes nothing."""
    case = await _open_case(turn, case_id)
    if isinstance(case, Refused):
        return case
    standing = await agents.lock_standing(turn, to)
    if standing is None:
        return Refused(reason=Refusal.UNKNOWN_AGENT)
    if Permission.WORK_CASES not in standing.permissions:
        return Refused(reason=Refusal.CANNOT_WORK_CASES)
    if case.assigned_to == to:
        return Changed(case=case)
    after = msgspec.structs.replace(case, assigned_to=to)
    await _save(turn, after, CaseAssigned(case_id=case.id, to=to, by=by, why=why))
    return Changed(case=after)


async def close(turn: Turn, case_id: CaseId, by: StaffId, outcome: Outcome) -> Answer:
    """Close a case with what came of it; again with the same outcome changes nothing.

    What it was about opens no other one; what happens from now on may.
    """
    case = await _open_case(turn, case_id)
    if isinstance(case, Refused):
        known = await store.find_case(turn.tx, case_id)
        same = known is not None and known.outcome is outcome
        return Changed(case=known) if known is not None and same else case
    after = msgspec.structs.replace(case, state=State.CLOSED, closed_at=turn.now, outcome=outcome)
    await _save(turn, after, CaseClosed(case_id=case.id, by=by, outcome=outcome))
    return Changed(case=after)


async def _open_case(turn: Turn, case_id: CaseId) -> Case | Refused:
    ensure(STAFF_SHARD in turn.heads, "cases are worked on by who holds the staff's turn")
    case = await store.find_case(turn.tx, case_id)
    if case is None:
        return Refused(reason=Refusal.UNKNOWN_CASE)
    return case if case.state is State.OPEN else Refused(reason=Refusal.CASE_CLOSED)


async def _save(turn: Turn, case: Case, fact: Fact) -> None:
    await store.save_case(turn.tx, case)
    turn.publish(STAFF_SHARD, case.id, fact)


@cache
def _zone_of(jurisdiction: str) -> ZoneInfo:
    """Return by which clock a licence counts nights; by that of Greenwich if it is not known."""
    known = jurisdictions.find(jurisdiction)
    return ZoneInfo("UTC" if known is None else known.licence.time_zone)
