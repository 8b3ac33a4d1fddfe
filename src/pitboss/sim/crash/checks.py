"""What clients remember, held against what the tables say: each check names what differs.  Pure.

The tables among themselves are the audit's business; here is what only clients can know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from pitboss.sim.crash.evidence import Evidence
from pitboss.sim.crash.memory import Memory, Want
from pitboss.sim.crash.model import Check

# The first ones tell what is wrong; a thousand tell no more.
DETAILS_MAX = 20
_DECIDED = frozenset({"accepted", "refused", "settled", "voided"})
_CLOSED = frozenset({"refused", "succeeded", "failed"})


def run_checks(memory: Memory, evidence: Evidence) -> tuple[Check, ...]:
    """Return every check with the first things that it found."""
    return tuple(
        Check(
            name=check.__name__,
            details=tuple(islice(check(memory, evidence), DETAILS_MAX)),
        )
        for check in CHECKS
    )


def clients_know_what_became_of_everything(memory: Memory, _: Evidence) -> Iterator[str]:
    """Whoever goes on asking is answered."""
    for asked in memory.asked.values():
        if not asked.known:
            yield f"{asked.want} {asked.key} of {asked.player_id}: {asked.doubts} times no answer"


def one_id_for_each_key(memory: Memory, _: Evidence) -> Iterator[str]:
    """A key is always acknowledged under the same id, and no other key is."""
    keys: Counter[str] = Counter()
    for asked in memory.asked.values():
        keys.update(asked.told)
        if len(asked.told) > 1:
            yield f"{asked.want} {asked.key} was acknowledged as {sorted(asked.told)}"
        if asked.told and asked.refused is not None and not asked.doubts:
            yield f"{asked.want} {asked.key} was acknowledged, and refused: {asked.refused}"
    for told, times in keys.items():
        if times > 1:
            yield f"{told} was acknowledged to {times} keys"


def acknowledged_bets_are_in_the_log(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """Whoever was told yes is in the log, under the key that they used."""
    keys = {bet.id: bet.key for bet in evidence.log}
    for name, asked in memory.asked.items():
        for told in sorted(asked.told if asked.want is Want.BET else ()):
            if keys.get(told) != name:
                yield f"bet {told} of key {asked.key} is in the log under {keys.get(told)}"


def acknowledged_bets_are_decided(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """Whoever was told yes has an outcome."""
    for asked in memory.asked.values():
        for told in sorted(asked.told if asked.want is Want.BET else ()):
            if evidence.bets.get(told) not in _DECIDED:
                yield f"bet {told} of key {asked.key} has no outcome"


def nothing_is_decided_unasked(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """What is in the log was asked for, once, as it is there; what is decided is in the log."""
    logged: set[str] = set()
    keys: Counter[str] = Counter()
    for bet in evidence.log:
        logged.add(bet.id)
        keys[bet.key] += 1
        asked = memory.asked.get(bet.key)
        if asked is None:
            yield f"bet {bet.id} was never asked for"
        elif (asked.player_id, asked.micros) != (bet.player_id, bet.micros):
            yield f"bet {bet.id} is not what {asked.key} asked for: {bet.micros} micros"
    for key, times in keys.items():
        if times > 1:
            yield f"key {key} is in the log {times} times"
    for bet_id in evidence.bets:
        if bet_id not in logged:
            yield f"bet {bet_id} is decided and not in the log"


def what_was_refused_is_not_there(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """Whoever was told no at the door, with no doubt about any of their requests, has no bet."""
    there = {bet.key for bet in evidence.log} | {row.id for row in evidence.payments}
    for name, asked in memory.asked.items():
        # A payment that is refused for want of money is on record, as refused.
        certain = asked.want is Want.BET and not asked.doubts and not asked.told
        if certain and asked.refused is not None and name in there:
            yield f"bet of key {asked.key} was refused ({asked.refused}) and is in the log"


def acknowledged_payments_are_there(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """A payment that was acknowledged is on record as it was asked for, and has ended."""
    rows = {row.id: row for row in evidence.payments}
    for name, asked in memory.asked.items():
        if not asked.want.is_payment or not asked.told:
            continue
        row = rows.get(name)
        if asked.told != {name} or row is None:
            yield f"{asked.want} {asked.key}, acknowledged as {sorted(asked.told)}, is not there"
        elif (row.player_id, row.kind, row.micros) != (
            asked.player_id,
            asked.want,
            asked.micros,
        ):
            yield f"{asked.want} {asked.key} is on record as {row.kind} of {row.micros} micros"
        elif row.state not in _CLOSED:
            yield f"{asked.want} {asked.key} is still {row.state}"


def nothing_is_paid_unasked(memory: Memory, evidence: Evidence) -> Iterator[str]:
    """Every payment was asked for."""
    for row in evidence.payments:
        if row.id not in memory.asked:
            yield f"{row.kind} {row.id} of {row.micros} micros was never asked for"


def nothing_is_set_aside(_: Memory, evidence: Evidence) -> Iterator[str]:
    """No fault of the world makes a sound command look like a broken one."""
    for command_id in evidence.set_aside:
        yield f"command {command_id} was set aside"


CHECKS: tuple[Callable[[Memory, Evidence], Iterator[str]], ...] = (
    clients_know_what_became_of_everything,
    one_id_for_each_key,
    acknowledged_bets_are_in_the_log,
    acknowledged_bets_are_decided,
    nothing_is_decided_unasked,
    what_was_refused_is_not_there,
    acknowledged_payments_are_there,
    nothing_is_paid_unasked,
    nothing_is_set_aside,
)
