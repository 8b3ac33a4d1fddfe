"""Where players sell an accepted bet back before it is settled, whole or in parts."""

from pitboss.sportsbook.cash_out.operations import ask, decide_due
from pitboss.sportsbook.cash_out.queries import find_request, find_requests_of, quote

__all__ = ["ask", "decide_due", "find_request", "find_requests_of", "quote"]
