"""Writes of feeds: inside the caller's turn of the catalogue's shard, safe to repeat."""

from pitboss.sportsbook.feeds.operations.holding import hold_producer, set_status
from pitboss.sportsbook.feeds.operations.parking import decide, forget
from pitboss.sportsbook.feeds.operations.reading import Taken, link, take
from pitboss.sportsbook.feeds.operations.recovering import suspend_left_out
from pitboss.sportsbook.feeds.operations.standing import (
    LEASE_SECONDS,
    beat,
    claim,
    note_recovery,
    release,
    show,
    take_down_abandoned,
)

__all__ = [
    "LEASE_SECONDS",
    "Taken",
    "beat",
    "claim",
    "decide",
    "forget",
    "hold_producer",
    "link",
    "note_recovery",
    "release",
    "set_status",
    "show",
    "suspend_left_out",
    "take",
    "take_down_abandoned",
]
