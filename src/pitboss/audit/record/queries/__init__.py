"""Reads of the record: is it whole and unchanged, and what proves that a fact is in it."""

from pitboss.audit.record.queries.proving import export, prove, prove_growth, prove_index
from pitboss.audit.record.queries.verifying import verify

__all__ = ["export", "prove", "prove_growth", "prove_index", "verify"]
