"""What pricing publishes; the prices themselves are told by the catalogue."""

from __future__ import annotations

from pitboss.kernel.facts import Fact


class PricesPushed(Fact, frozen=True, kw_only=True, tag="prices.pushed"):
    """A source pushed prices; `answers` has a letter for each, as the model writes them."""

    source: str
    sequence: int
    digest: str
    answers: str


class PushNotTaken(Fact, frozen=True, kw_only=True, tag="prices.push_refused"):
    """A source pushed what it, or somebody in its name, had left behind; nothing changed."""

    source: str
    sequence: int
    reason: str


# Every type of this room, for who reads facts.
FACTS = (PricesPushed, PushNotTaken)
