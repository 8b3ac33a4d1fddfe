"""Whether a player has agreed.  Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pitboss.players.terms.model import Acceptance, Terms


def current(published: Iterable[Terms]) -> dict[str, Terms]:
    """Return the version in force of each licence that has any."""
    newest: dict[str, Terms] = {}
    for terms in sorted(published, key=lambda terms: terms.number):
        newest[terms.jurisdiction] = terms
    return newest


def has_agreed(acceptance: Acceptance, terms: Terms | None) -> bool:
    """Say whether a player has accepted what is in force; where nothing is, everybody has."""
    return terms is None or acceptance.number >= terms.number
