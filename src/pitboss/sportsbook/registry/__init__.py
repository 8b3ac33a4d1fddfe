"""What kinds of markets there are, what each may ask, and how it settles from what happened."""

from pitboss.sportsbook.registry.queries import (
    check_ended,
    check_market,
    find_kind,
    find_outcomes,
    finishes,
    kinds,
    kinds_of_runners,
    put_together,
    settle,
    sports,
    with_score,
)

__all__ = [
    "check_ended",
    "check_market",
    "find_kind",
    "find_outcomes",
    "finishes",
    "kinds",
    "kinds_of_runners",
    "put_together",
    "settle",
    "sports",
    "with_score",
]
