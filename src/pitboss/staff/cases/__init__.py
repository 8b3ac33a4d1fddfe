"""Cases: players whom somebody should look after, opened by markers of risk that facts show."""

from pitboss.staff.cases.operations import assign, close, watch
from pitboss.staff.cases.queries import find_case, find_cases

__all__ = ["assign", "close", "find_case", "find_cases", "watch"]
