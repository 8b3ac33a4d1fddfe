"""The command log in, the one table of facts out: append, consume, take a turn, publish, follow."""

from pitboss.messages.operations import (
    Turn,
    TurnContext,
    append,
    append_at_once,
    consume,
    join_turn,
    renew_lease,
    take_over,
    turn,
)
from pitboss.messages.queries import (
    find_answers,
    find_backlogs,
    find_command,
    get_consumer,
    lock_shared,
    read_commands,
    read_ends,
    read_facts,
    read_heads,
    read_revocations,
    read_seq,
)

__all__ = [
    "Turn",
    "TurnContext",
    "append",
    "append_at_once",
    "consume",
    "find_answers",
    "find_backlogs",
    "find_command",
    "get_consumer",
    "join_turn",
    "lock_shared",
    "read_commands",
    "read_ends",
    "read_facts",
    "read_heads",
    "read_revocations",
    "read_seq",
    "renew_lease",
    "take_over",
    "turn",
]
