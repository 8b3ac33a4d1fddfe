"""How settlements are worked out again, split by matter; pure."""

from pitboss.audit.replay.rules.bets import replay, replay_correction, replay_void, unpaid
from pitboss.audit.replay.rules.markets import Markets
from pitboss.audit.replay.rules.sales import left_of, replay_sale

__all__ = [
    "Markets",
    "left_of",
    "replay",
    "replay_correction",
    "replay_sale",
    "replay_void",
    "unpaid",
]
