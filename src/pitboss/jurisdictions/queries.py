"""Reads of the licences.  They are files of this package, so they are read once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from pitboss.jurisdictions.model import Difference, Entry, Jurisdiction
from pitboss.kernel.errors import Malformed

from . import rules

_SUFFIX = ".toml"


def codes() -> tuple[str, ...]:
    """Return the codes of all licences, in order."""
    return tuple(_licences())


def find(code: str) -> Jurisdiction | None:
    """Return the licence with this code, if there is one."""
    return _licences().get(code)


def get(code: str) -> Jurisdiction:
    """Return the licence with this code.

    Raises:
        Malformed: there is none.
        LicenceMalformed: a licence file cannot be read; none of them is used.
    """
    jurisdiction = find(code)
    if jurisdiction is None:
        raise Malformed("jurisdiction", f"{code[:40]!r} is none of {', '.join(codes())}")
    return jurisdiction


def local_day(now: datetime, licence: Jurisdiction) -> date:
    """Return the day that it is under a licence, by its own clock."""
    return now.astimezone(ZoneInfo(licence.licence.time_zone)).date()


def entries(code: str) -> tuple[Entry, ...]:
    """Return every key of the licence with this code, section by section.

    Raises:
        Malformed: there is none.
        LicenceMalformed: a licence file cannot be read.
    """
    return rules.entries_of(get(code))


def differences(first: str, second: str) -> tuple[Difference, ...]:
    """Return the keys under which two licences do not say the same, section by section.

    Raises:
        Malformed: there is no licence with one of these codes.
        LicenceMalformed: a licence file cannot be read.
    """
    return rules.differ(get(first), get(second))


@cache
def _licences() -> Mapping[str, Jurisdiction]:
    folder = resources.files("pitboss.jurisdictions")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(_SUFFIX))
    return {
        name.removesuffix(_SUFFIX): rules.read_licence(
            name.removesuffix(_SUFFIX), (folder / name).read_text(encoding="utf-8"), file=name
        )
        for name in files
    }
