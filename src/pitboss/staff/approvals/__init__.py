"""Four eyes: what one agent asks for, another one approves, and then it happens, once."""

from pitboss.staff.approvals.operations import approve, ask, refuse, withdraw
from pitboss.staff.approvals.queries import find_approval, find_approvals

__all__ = ["approve", "ask", "find_approval", "find_approvals", "refuse", "withdraw"]
