"""National self-exclusion registers: who is named there, and what holds when one is silent."""

from pitboss.registers.operations import (
    ask,
    note_pulse,
    postpone,
    read_people,
    record,
    record_silence,
    want_checks,
)
from pitboss.registers.queries import (
    find_due,
    find_due_shards,
    find_standings,
    find_states,
    missing_details,
    moments_before,
    open_people,
    recall_verdicts,
)

__all__ = [
    "ask",
    "find_due",
    "find_due_shards",
    "find_standings",
    "find_states",
    "missing_details",
    "moments_before",
    "note_pulse",
    "open_people",
    "postpone",
    "read_people",
    "recall_verdicts",
    "record",
    "record_silence",
    "want_checks",
]
