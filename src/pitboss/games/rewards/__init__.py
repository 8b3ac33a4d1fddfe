"""Rewards: free stakes in providers' games that the house gives, and what becomes of each."""

from pitboss.games.rewards.operations import (
    ask_for_campaign,
    cancel,
    decide,
    decline,
    give,
    give_back,
    postpone,
    record_campaign,
    record_cancel,
    record_outcome,
    send,
    use,
)
from pitboss.games.rewards.queries import (
    find_forfeited,
    find_named,
    find_open_rewards_of,
    find_reward,
    find_rewards_of,
    find_unknown,
    find_waiting,
    refuse_prepaid,
)

__all__ = [
    "ask_for_campaign",
    "cancel",
    "decide",
    "decline",
    "find_forfeited",
    "find_named",
    "find_open_rewards_of",
    "find_reward",
    "find_rewards_of",
    "find_unknown",
    "find_waiting",
    "give",
    "give_back",
    "postpone",
    "record_campaign",
    "record_cancel",
    "record_outcome",
    "refuse_prepaid",
    "send",
    "use",
]
