"""Writes of rewards."""

from pitboss.games.rewards.operations.campaigns import ask_for_campaign, record_campaign
from pitboss.games.rewards.operations.giving import (
    cancel,
    decide,
    decline,
    give,
    postpone,
    record_cancel,
    record_outcome,
    send,
)
from pitboss.games.rewards.operations.using import give_back, use

__all__ = [
    "ask_for_campaign",
    "cancel",
    "decide",
    "decline",
    "give",
    "give_back",
    "postpone",
    "record_campaign",
    "record_cancel",
    "record_outcome",
    "send",
    "use",
]
