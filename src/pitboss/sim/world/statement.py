"""What can be known of a statement from its text: a short name, what it may lock, if it asks for
the time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(?!unnest\b|\()\"?([a-z_.]+)", re.IGNORECASE)
_TIME = re.compile(r"\b(?:clock_timestamp|now)\(\)", re.IGNORECASE)
_LOCK = re.compile(r"\b(?:FOR\s+(?:NO\s+KEY\s+)?UPDATE|FOR\s+(?:KEY\s+)?SHARE)\b", re.IGNORECASE)
_ADVICE = re.compile(r"\bpg_(?:try_)?advisory_\w*lock", re.IGNORECASE)
_WRITE = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|COPY)\b", re.IGNORECASE)
_PLAIN = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "SHOW"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A kind of statement: the tables in which it may wait for a row, and whether it is timed."""

    what: str
    locks: frozenset[str] = frozenset()
    writes: bool = False
    timed: bool = False


@lru_cache(maxsize=1024)
def read_statement(query: str) -> Statement:
    """Return what the text of a query says."""
    verb = query.split(maxsplit=1)[0].upper()
    if verb in _PLAIN:
        return Statement(what=verb)
    tables = [name.lower() for name in _TABLE.findall(query)]
    if _ADVICE.search(query):
        tables.insert(0, "advisory")
    locks = "advisory" in tables or _LOCK.search(query) is not None
    writes = _WRITE.search(_LOCK.sub("", query)) is not None
    name = f"{verb} {tables[0]}" if tables else verb
    return Statement(
        what=f"{name} and lock" if locks else name,
        locks=frozenset(tables) if locks or writes else frozenset(),
        writes=writes,
        timed=_TIME.search(query) is not None,
    )


@lru_cache(maxsize=64)
def copy_into(table: str) -> Statement:
    """Return what there is to know of a COPY into a table."""
    return Statement(what=f"COPY {table}", locks=frozenset({table}), writes=True)
