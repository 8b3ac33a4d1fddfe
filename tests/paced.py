"""Licences with other rules than theirs, for tests: that of the demonstration, or all of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions import queries
from pitboss.jurisdictions.model import Jurisdiction

Changes = dict[str, dict[str, Any]]
# A check every half hour, unless the player wants another of the demonstration's intervals.
CHECKED: Changes = {"reality_check": {"minutes_default": 30, "answer_required": True}}
CAPPED: Changes = {"sessions": {"minutes_max": 10}}
PAUSED: Changes = {"breaks": {"mandatory_after_minutes": 60, "mandatory_minutes": 5}}


def changed(*changes: Changes) -> Jurisdiction:
    """Return the demonstration's licence with these keys of its sections changed."""
    licence = jurisdictions.get("demo")
    for change in changes:
        for section, values in change.items():
            rules = msgspec.structs.replace(getattr(licence, section), **values)
            licence = msgspec.structs.replace(licence, **{section: rules})
    return licence


def put_in_force(monkeypatch: pytest.MonkeyPatch, *changes: Changes) -> Jurisdiction:
    """Let the demonstration's licence have these rules for the rest of a test."""
    licence = changed(*changes)
    known = {code: jurisdictions.get(code) for code in jurisdictions.codes()} | {"demo": licence}
    monkeypatch.setattr(queries, "_licences", lambda: known)
    return licence


def leave_registers_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no licence have a national register for the rest of a test that is about other rules."""
    known = {}
    for code in jurisdictions.codes():
        licence = jurisdictions.get(code)
        exclusion = msgspec.structs.replace(licence.exclusion, registers=())
        known[code] = msgspec.structs.replace(licence, exclusion=exclusion)
    monkeypatch.setattr(queries, "_licences", lambda: known)
