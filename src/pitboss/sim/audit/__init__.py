"""Whether the raw tables tell one story: a check that shares no code with what wrote them."""

from pitboss.sim.audit.findings import Findings
from pitboss.sim.audit.inspection import audit, inspect

__all__ = ["Findings", "audit", "inspect"]
