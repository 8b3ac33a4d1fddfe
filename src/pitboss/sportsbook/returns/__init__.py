"""What a bet returns: the exact arithmetic of every kind of bet, without any I/O."""

from pitboss.sportsbook.returns.queries import (
    bet_type,
    bet_types,
    each_way_terms,
    fair_value,
    rule4_deduction,
    work_out,
)

__all__ = [
    "bet_type",
    "bet_types",
    "each_way_terms",
    "fair_value",
    "rule4_deduction",
    "work_out",
]
