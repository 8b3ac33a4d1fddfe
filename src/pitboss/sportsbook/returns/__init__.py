"""What a bet returns: the exact arithmetic of every kind of bet, without any I/O."""

from pitboss.sportsbook.returns.queries import (
    bet_type,
    bet_types,
    buy_back_offer,
    by_difference,
    check_withdrawal,
    count_lines,
    each_way_terms,
    fair_value,
    finished,
    reduced,
    rule4_deduction,
    work_out,
)

__all__ = [
    "bet_type",
    "bet_types",
    "buy_back_offer",
    "by_difference",
    "check_withdrawal",
    "count_lines",
    "each_way_terms",
    "fair_value",
    "finished",
    "reduced",
    "rule4_deduction",
    "work_out",
]
