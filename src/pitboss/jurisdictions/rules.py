"""How a licence file is read: strictly, so that a slip of the pen never becomes a rule.

Pure.  A file is TOML with two levels, section and key; every key is a table of `value`, `source`
and `confidence`.
"""

from __future__ import annotations

import hashlib
import tomllib
from typing import Any

import msgspec

from pitboss.jurisdictions.errors import LicenceMalformed
from pitboss.jurisdictions.model import Citation, Jurisdiction
from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import currency

# Sixteen hexadecimal digits tell the versions of one file apart and do not weigh on every fact.
_VERSION_DIGITS = 16


def read_licence(code: str, text: str, *, file: str) -> Jurisdiction:
    """Read a licence file's text as the rulebook with this code.

    Raises:
        LicenceMalformed: a key is unknown, missing, without a citation, or has a value that
            cannot be; the message names the file and the key.
    """
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LicenceMalformed(file, "", str(error)) from None
    values: dict[str, dict[str, Any]] = {}
    citations: dict[str, Citation] = {}
    for section, keys in sections.items():
        if not isinstance(keys, dict):
            raise LicenceMalformed(file, section, "is a section, so its keys are tables")
        values[section] = {}
        for key, table in keys.items():
            values[section][key], citations[f"{section}.{key}"] = _read_key(
                table, file=file, key=f"{section}.{key}"
            )
    jurisdiction = _read_values(code, text, values, citations, file)
    _check(jurisdiction, file)
    return jurisdiction


def _read_key(table: object, *, file: str, key: str) -> tuple[object, Citation]:
    """Take a key's table apart into its value and its citation."""
    if not isinstance(table, dict) or "value" not in table:
        raise LicenceMalformed(file, key, "needs a table of `value`, `source` and `confidence`")
    rest = {name: item for name, item in table.items() if name != "value"}
    try:
        return table["value"], msgspec.convert(rest, Citation)
    except msgspec.ValidationError as error:
        raise LicenceMalformed(file, key, str(error)) from None


def _read_values(
    code: str,
    text: str,
    values: dict[str, dict[str, Any]],
    citations: dict[str, Citation],
    file: str,
) -> Jurisdiction:
    for own in ("code", "rules_version", "citations"):
        if own in values:
            raise LicenceMalformed(file, own, "is not a section of a licence file")
    version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]
    try:
        return msgspec.convert(
            {**values, "code": code, "rules_version": version, "citations": citations}, Jurisdiction
        )
    except msgspec.ValidationError as error:
        # "Expected `int` >= 1 - at `$.registration.age_min`": the key first, as everywhere.
        message, _, path = str(error).partition(" - at ")
        raise LicenceMalformed(file, path.strip("`$.") or "licence file", message) from None


def _check(read: Jurisdiction, file: str) -> None:
    """Refuse what each key allows and all of them together do not."""
    for code in read.licence.currencies:
        try:
            currency(code)
        except Malformed as error:
            raise LicenceMalformed(file, "licence.currencies", error.message) from None
    ranges = {
        "password.length_min": (read.password.length_min, read.password.length_max),
        "sportsbook.stake_micros_min": (
            read.sportsbook.stake_micros_min,
            read.sportsbook.stake_micros_max,
        ),
        "games.stake_micros_min": (read.games.stake_micros_min, read.games.stake_micros_max),
    }
    for key, (least, most) in ranges.items():
        if least > most:
            raise LicenceMalformed(file, key, f"{least} is above the maximum, {most}")
