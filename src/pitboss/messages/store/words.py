"""What statements answer with."""

from __future__ import annotations


def count(word: str) -> int:
    """Read the number of rows from PostgreSQL's word, as in `UPDATE 3`."""
    return int(word.rpartition(" ")[2])
