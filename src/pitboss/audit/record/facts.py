"""What the record itself tells: which keys sign it."""

from __future__ import annotations

from pitboss.kernel.facts import Fact


class LogKeyAdded(Fact, frozen=True, kw_only=True, tag="log.key_added"):
    """From the next start on, this key signs beside those that did before."""

    verifier_key: str


class LogKeyDropped(Fact, frozen=True, kw_only=True, tag="log.key_dropped"):
    """From the next start on, this key signs no more; what it has signed stays signed."""

    verifier_key: str


# Every type of this room, for who reads facts.
FACTS = (LogKeyAdded, LogKeyDropped)
