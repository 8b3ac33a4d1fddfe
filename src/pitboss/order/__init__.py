"""The one order of all facts: given out by a sequencer, without a gap; every reader follows it."""

from pitboss.order.operations import sequence, take_over
from pitboss.order.queries import find_fact, find_positions, read, read_end, read_marked

__all__ = [
    "find_fact",
    "find_positions",
    "read",
    "read_end",
    "read_marked",
    "sequence",
    "take_over",
]
