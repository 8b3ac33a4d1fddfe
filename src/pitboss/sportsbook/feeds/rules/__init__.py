"""Decisions of feeds: pure.  Who is alive, what is news, what a message changes."""

from pitboss.sportsbook.feeds.rules.batch import take
from pitboss.sportsbook.feeds.rules.desk import OVER, Desk
from pitboss.sportsbook.feeds.rules.liveness import (
    ask,
    complete,
    fail,
    fall,
    hear_alive,
    is_awaited,
    look,
    process,
    wish,
)
from pitboss.sportsbook.feeds.rules.results import Work

__all__ = [
    "OVER",
    "Desk",
    "Work",
    "ask",
    "complete",
    "fail",
    "fall",
    "hear_alive",
    "is_awaited",
    "look",
    "process",
    "take",
    "wish",
]
