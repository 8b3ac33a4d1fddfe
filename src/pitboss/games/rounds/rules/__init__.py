"""How rounds are decided."""

from pitboss.games.rounds.rules.deciding import Fold
from pitboss.games.rounds.rules.drafting import (
    Asking,
    Closure,
    Deed,
    Judged,
    Known,
    Users,
    Verdict,
    accounts_of,
    credits_of,
    fresh_stakes,
    ids_of,
    refs_of,
)
from pitboss.games.rounds.rules.of_rewards import freed_by, rewards_of, uses_of

__all__ = [
    "Asking",
    "Closure",
    "Deed",
    "Fold",
    "Judged",
    "Known",
    "Users",
    "Verdict",
    "accounts_of",
    "credits_of",
    "freed_by",
    "fresh_stakes",
    "ids_of",
    "refs_of",
    "rewards_of",
    "uses_of",
]
