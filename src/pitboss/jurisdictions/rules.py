"""How a licence file is read: strictly, so that a slip of the pen never becomes a rule.

Pure.  A file is TOML with two levels, section and key; every key is a table of `value`, `source`
and `confidence`.  `"none"` says that the licence has no such rule, where a key may say that.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import inspect

from pitboss.jurisdictions.errors import LicenceMalformed
from pitboss.jurisdictions.model import (
    Citation,
    ConfirmedBy,
    ContactWhen,
    Difference,
    Entry,
    ForAges,
    Jurisdiction,
    Lift,
    LocationKind,
    OpenBets,
    OpenBetWins,
    Section,
)
from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import currency

# Sixteen hexadecimal digits tell the versions of one file apart and do not weigh on every fact.
_VERSION_DIGITS = 16
_MINUTES_OF_A_DAY = 24 * 60

# How a file says that there is no such rule; see decision 17.
NONE = "none"

_ANY = inspect.AnyType()
_SECTIONS = {
    field.name: inspect.type_info(field.type)
    for field in msgspec.structs.fields(Jurisdiction)
    if isinstance(field.type, type) and issubclass(field.type, Section)
}


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


def entries_of(licence: Jurisdiction) -> tuple[Entry, ...]:
    """Return every key of a licence with its value and its citation, section by section."""
    return tuple(
        Entry(
            key=f"{name}.{key}",
            value=msgspec.json.decode(msgspec.json.encode(getattr(section, key))),
            citation=licence.citations[f"{name}.{key}"],
        )
        for name in Jurisdiction.__struct_fields__
        if isinstance(section := getattr(licence, name), Section)
        for key in section.__struct_fields__
    )


def differ(first: Jurisdiction, second: Jurisdiction) -> tuple[Difference, ...]:
    """Return where two licences do not say the same; who says it first does not matter."""
    return tuple(
        Difference(key=one.key, first=one, second=other)
        for one, other in zip(entries_of(first), entries_of(second), strict=True)
        if one.value != other.value
    )


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
    absent = {name: _absent(keys, _SECTIONS.get(name, _ANY)) for name, keys in values.items()}
    version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]
    try:
        return msgspec.convert(
            {**absent, "code": code, "rules_version": version, "citations": citations}, Jurisdiction
        )
    except msgspec.ValidationError as error:
        # "Expected `int` >= 1 - at `$.registration.age_min`": the key first, as everywhere.
        message, _, path = str(error).partition(" - at ")
        raise LicenceMalformed(file, path.strip("`$.") or "licence file", message) from None


def _absent(value: object, kind: inspect.Type) -> object:
    """Return a value with None for every `"none"` that its type has room for."""
    match kind:
        case inspect.UnionType() if kind.includes_none:
            return None if value == NONE else value
        case inspect.VarTupleType() if isinstance(value, list):
            return [_absent(item, kind.item_type) for item in value]
        case inspect.StructType() if isinstance(value, dict):
            kinds = {field.encode_name: field.type for field in kind.fields}
            return {
                name: _absent(item, kinds[name]) if name in kinds else item
                for name, item in value.items()
            }
        case _:
            return value


def _check(read: Jurisdiction, file: str) -> None:
    """Refuse what each key allows and all of them together do not."""
    for check in (
        _check_names,
        _check_repeats,
        _check_ranges,
        _check_play,
        _check_limits,
        _check_amounts,
        _check_breaks,
        _check_exclusion,
        _check_location,
    ):
        for key, message in check(read):
            raise LicenceMalformed(file, key, message)


# Each check gives what is wrong as the key and what about it; the first is told.
Wrong = Iterator[tuple[str, str]]


def _check_names(read: Jurisdiction) -> Wrong:
    """Check the names that others give: of currencies and of time zones."""
    for code in read.licence.currencies:
        try:
            currency(code)
        except Malformed as error:
            yield "licence.currencies", error.message
    try:
        ZoneInfo(read.licence.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Europe" is a folder of zones
        yield "licence.time_zone", f"{read.licence.time_zone!r} is no time zone that is known here"


def _check_repeats(read: Jurisdiction) -> Wrong:
    """Check that no list says a thing twice."""
    for key in read.citations:
        section, _, name = key.partition(".")
        value = getattr(getattr(read, section), name)
        if isinstance(value, tuple) and any(item in value[:at] for at, item in enumerate(value)):
            yield key, "says the same thing twice"


def _check_ranges(read: Jurisdiction) -> Wrong:
    """Check that no minimum is above its maximum."""
    breaks, choices = read.breaks, read.breaks.time_out_hours_choices
    ranges = {
        "password.length_min": (read.password.length_min, read.password.length_max),
        "sportsbook.stake_micros_min": (
            read.sportsbook.stake_micros_min,
            read.sportsbook.stake_micros_max,
        ),
        "games.stake_micros_min": (read.games.stake_micros_min, read.games.stake_micros_max),
        "breaks.time_out_hours_min": (
            breaks.time_out_hours_min,
            min((*choices, breaks.time_out_hours_max)),
        ),
        "breaks.time_out_hours_choices": (max(choices, default=1), breaks.time_out_hours_max),
    }
    for key, (least, most) in ranges.items():
        if least > most:
            yield key, f"{least} is above the maximum, {most}"


def _check_play(read: Jurisdiction) -> Wrong:
    """Check what must be so before anybody plays, and while."""
    verification, sessions, payments = read.verification, read.sessions, read.payments
    unverified_may_something = not (verification.before_play and verification.before_deposit)
    if verification.hours_max is not None and not unverified_may_something:
        yield "verification.hours_max", "who is not verified may do nothing, so no hours run"
    if sessions.elsewhere_gap_minutes is not None and not sessions.elsewhere_refused:
        yield "sessions.elsewhere_gap_minutes", "play elsewhere is not refused"
    idle, longest = sessions.idle_minutes_max, sessions.minutes_max
    if idle is not None and longest is not None and idle > longest:
        yield "sessions.idle_minutes_max", f"is above the longest session, {longest}"
    if idle is not None and idle > _MINUTES_OF_A_DAY:
        yield "sessions.idle_minutes_max", "is above a day"
    if (payments.failed_deposits_max is None) != (payments.failed_deposits_minutes is None):
        yield "payments.failed_deposits_minutes", "goes with failed_deposits_max"
    if read.sportsbook.in_play_allowed != bool(read.sportsbook.in_play_kinds):
        yield "sportsbook.in_play_kinds", "are there if, and only if, betting in play is allowed"


def _check_limits(read: Jurisdiction) -> Wrong:
    """Check that what must be set can be set, and that what waits for somebody can end."""
    limits = read.limits
    for key in ("mandatory_before_play", "mandatory_before_deposit"):
        for kind in getattr(limits, key):
            if kind not in limits.kinds:
                yield f"limits.{key}", f"{kind} is not among limits.kinds"
    if any(kind.is_periodic for kind in limits.kinds) != bool(limits.periods):
        yield "limits.periods", "are there if, and only if, a kind adds up over a period"
    nobody = limits.increase_confirmed_by is ConfirmedBy.NOBODY
    if nobody and limits.increase_confirm_hours is not None:
        yield "limits.increase_confirm_hours", "nobody confirms, so no hours run"


def _check_amounts(read: Jurisdiction) -> Wrong:
    """Check that each amount of a statute says what it measures, for every currency of players."""
    for key, thresholds in (
        ("limits.caps", read.limits.caps),
        ("limits.contact_above", read.limits.contact_above),
    ):
        for one in thresholds:
            if (one.period is not None) != one.kind.is_periodic:
                yield key, f"{one.kind} has a period if, and only if, it adds up over one"
            if one.kind.is_money != (one.micros is not None and one.currency is not None):
                yield key, f"{one.kind} is counted in micros of a currency, or else in minutes"
            if one.kind.is_money != (one.minutes is None):
                yield key, f"{one.kind} is counted in minutes, or else in micros of a currency"
        yield from _check_each_currency(
            key,
            [
                ((one.kind, one.period, one.age_from, one.age_below), one.currency)
                for one in thresholds
                if one.kind.is_money
            ],
            read,
        )
        yield from _check_ages(key, thresholds)
    for contact in read.limits.contact_above:
        measured = contact.kind.is_money and contact.kind.is_periodic
        if contact.when is ContactWhen.USED and not measured:
            yield "limits.contact_above", f"nobody adds up how much of {contact.kind} was used"
    caps = read.games.stake_caps
    yield from _check_ages("games.stake_caps", caps)
    yield from _check_each_currency(
        "games.stake_caps", [((cap.age_from, cap.age_below), cap.currency) for cap in caps], read
    )


def _check_ages(key: str, amounts: Sequence[ForAges]) -> Wrong:
    for one in amounts:
        first, end = one.age_from, one.age_below
        if first is not None and end is not None and first >= end:
            yield key, f"nobody is from {first} and below {end}"


def _check_each_currency(
    key: str, amounts: Sequence[tuple[object, str | None]], read: Jurisdiction
) -> Wrong:
    """Check that a rule has one amount in each currency: a player of another would have none."""
    wanted = sorted(read.licence.currencies)
    for measured in dict.fromkeys(what for what, _ in amounts):
        said = sorted(str(code) for what, code in amounts if what == measured)
        if said != wanted:
            yield key, f"has amounts in {', '.join(said)}; players have {', '.join(wanted)}"


def _check_breaks(read: Jurisdiction) -> Wrong:
    """Check mandatory breaks and reality checks."""
    breaks, checks = read.breaks, read.reality_check
    if (breaks.mandatory_minutes is None) != (breaks.mandatory_after_minutes is None):
        yield "breaks.mandatory_minutes", "goes with mandatory_after_minutes"
    default, choices = checks.minutes_default, checks.minutes_choices
    if default is not None and choices and default not in choices:
        yield "reality_check.minutes_default", "is not among minutes_choices"
    checked = default is not None or bool(choices)
    if checks.answer_required and not checked:
        yield "reality_check.answer_required", "nothing is ever asked"
    if checked != bool(checks.shows):
        yield "reality_check.shows", "says something if, and only if, there are reality checks"


def _check_exclusion(read: Jurisdiction) -> Wrong:
    """Check that an exclusion can be had, kept and ended as the file says."""
    exclusion = read.exclusion
    if not exclusion.months_choices and not exclusion.indefinite:
        yield "exclusion.months_choices", "there is no term that a player could choose"
    for months in exclusion.months_choices:
        if months < exclusion.months_min:
            yield "exclusion.months_choices", f"{months} is below months_min"
    if (exclusion.indefinite_lift is None) == exclusion.indefinite:
        yield (
            "exclusion.indefinite_lift",
            "is there if, and only if, an exclusion may be indefinite",
        )
    for key in ("indefinite_months_min", "indefinite_wait_hours"):
        ends = exclusion.indefinite_lift not in (None, Lift.NEVER)
        if getattr(exclusion, key) is not None and not ends:
            yield f"exclusion.{key}", "there is no indefinite exclusion that could end"
    if bool(exclusion.registers) != bool(exclusion.register_checked_at):
        yield "exclusion.register_checked_at", "is there if, and only if, there is a register"
    for key in ("lift", "indefinite_lift"):
        if getattr(exclusion, key) is Lift.BY_REGISTER and not exclusion.registers:
            yield f"exclusion.{key}", "there is no register that could lift it"
    if exclusion.lift is Lift.NEVER:
        yield "exclusion.lift", "an exclusion of so many months ends"
    if exclusion.open_bets is OpenBets.VOID_ALL and exclusion.open_bet_wins is OpenBetWins.WITHHOLD:
        yield "exclusion.open_bet_wins", "no bet stands, so none can win"


# What needs coordinates; an address has none.
_OF_DEVICES = (
    *("near_border_metres", "near_border_recheck_seconds", "speed_kmh", "travel_kmh_max"),
    *("buffer_metres", "accuracy_metres_max"),
)


def _check_location(read: Jurisdiction) -> Wrong:
    """Check that a kind of evidence is asked only for what it can show."""
    location = read.location
    if (location.kind is LocationKind.NONE) != (location.area is None):
        yield "location.area", "is there if, and only if, something shows where a player is"
    if location.kind is not LocationKind.DEVICE:
        for name in _OF_DEVICES:
            if getattr(location, name) is not None:
                yield f"location.{name}", f"kind {location.kind} has no coordinates"
    elif location.recheck_seconds is None or location.accuracy_metres_max is None:
        yield "location.recheck_seconds", "a device's evidence ages, and is only so exact"
    if location.kind is LocationKind.NONE:
        for name in ("recheck_seconds", "attempts_max"):
            if getattr(location, name) is not None:
                yield f"location.{name}", "nothing is checked"
        for name in ("ip_change_rechecks", "login_rechecks"):
            if getattr(location, name):
                yield f"location.{name}", "nothing is checked"
    near = location.near_border_recheck_seconds
    if (near is None) != (location.near_border_metres is None):
        yield "location.near_border_recheck_seconds", "goes with near_border_metres"
    if near is not None and near > (location.recheck_seconds or near):
        yield "location.near_border_recheck_seconds", "is longer than recheck_seconds"
