"""How markets end, what counts of what is said of them, what bets pay, and the versions of it all.

Pure.
"""

from pitboss.sportsbook.settlement.rules.ending import (
    Ends,
    finished_at,
    market_results,
    result_of,
    results_by_kind,
    results_of,
    results_with_places,
)
from pitboss.sportsbook.settlement.rules.knowing import Known, is_paid, terms_for, with_torn
from pitboss.sportsbook.settlement.rules.paying import ending_of, leg_factor, settle, settle_lines
from pitboss.sportsbook.settlement.rules.saying import (
    AHEAD_MAX,
    closes,
    effect_of,
    find_refusal,
    is_repeated,
    marked,
    newly_ended,
    said_at,
    said_in,
    said_of,
    was_said,
)
from pitboss.sportsbook.settlement.rules.versions import RULE_BOOK, V1, V2, V3, V4

__all__ = [
    "AHEAD_MAX",
    "RULE_BOOK",
    "V1",
    "V2",
    "V3",
    "V4",
    "Ends",
    "Known",
    "closes",
    "effect_of",
    "ending_of",
    "find_refusal",
    "finished_at",
    "is_paid",
    "is_repeated",
    "leg_factor",
    "marked",
    "market_results",
    "newly_ended",
    "result_of",
    "results_by_kind",
    "results_of",
    "results_with_places",
    "said_at",
    "said_in",
    "said_of",
    "settle",
    "settle_lines",
    "terms_for",
    "was_said",
    "with_torn",
]
