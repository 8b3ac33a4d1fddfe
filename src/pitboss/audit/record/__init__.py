"""The log of every fact as files that others verify: published, checked, and proven from."""

from pitboss.audit.record.operations import Publisher, stamp
from pitboss.audit.record.queries import export, prove, prove_growth, prove_index, verify

__all__ = ["Publisher", "export", "prove", "prove_growth", "prove_index", "stamp", "verify"]
