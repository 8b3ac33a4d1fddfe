"""The keys of the house in tests, where nothing is secret."""

from __future__ import annotations

from pitboss.players.personal.model import PersonalKeys

KEYS = PersonalKeys(master=bytes(32), index=bytes(range(32)))
