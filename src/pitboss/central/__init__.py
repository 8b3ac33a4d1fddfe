"""Central files over all operators: what was paid in this month, and who plays where."""

from pitboss.central.operations import (
    ask_to_play,
    begin,
    confirm,
    file_deposits,
    leave,
    note_pulse,
    postpone_leaving,
    read_claims,
    record_activity,
    record_left,
    record_reserved,
    record_silence,
    record_told,
    release,
)
from pitboss.central.queries import (
    find_active,
    find_due,
    find_leaving,
    find_state,
    recall_activity,
)

__all__ = [
    "ask_to_play",
    "begin",
    "confirm",
    "file_deposits",
    "find_active",
    "find_due",
    "find_leaving",
    "find_state",
    "leave",
    "note_pulse",
    "postpone_leaving",
    "read_claims",
    "recall_activity",
    "record_activity",
    "record_left",
    "record_reserved",
    "record_silence",
    "record_told",
    "release",
]
