"""When the operator gets in touch, and when players are asked to look again.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pitboss.jurisdictions.model import Contact, ContactWhen, Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import add_months
from pitboss.responsible.contacts.facts import ContactDue
from pitboss.responsible.contacts.model import Watched
from pitboss.responsible.limits.model import Limit, LimitKey


def review_due(
    licence: Jurisdiction, *, since: datetime, reviewed_at: datetime | None, now: datetime
) -> bool:
    """Say whether a player is to be asked to look at the account and its limits again.

    Args:
        licence: its `limits.review_months`; None: nobody is asked.
        since: when the player registered.
        reviewed_at: when the player last said to have looked.
        now: the platform's time.

    Source: RTS 12E (GB).
    """
    months = licence.limits.review_months
    return months is not None and now >= add_months(reviewed_at or since, months)


def amounts(licence: Jurisdiction, when: ContactWhen, *, age: int | None) -> tuple[Contact, ...]:
    """Return the amounts above which the operator gets in touch with a player of this age."""
    return tuple(
        one
        for one in licence.limits.contact_above
        if one.when is when and (age is None or one.is_for(age))
    )


def key_of(one: Contact) -> LimitKey:
    """Return what an amount measures."""
    return LimitKey(kind=one.kind, period=one.period)


def watched_keys(watched: Watched) -> frozenset[LimitKey]:
    """Return of what it is watched how much a player uses; of most licences, of nothing."""
    found = amounts(watched.licence, ContactWhen.USED, age=watched.age)
    return frozenset(key_of(one) for one in found if one.currency == watched.currency)


def about_use(
    watched: Watched,
    used: Mapping[LimitKey, int],
    told: Mapping[LimitKey, datetime],
    began: Mapping[LimitKey, datetime],
) -> dict[LimitKey, ContactDue]:
    """Return of what a player has used so much that the operator gets in touch.

    Once in a period: what was told of since it `began` is left out.  Of several amounts that hold
    because nobody knows the age, the least counts.

    Args:
        watched: the player.
        used: what was used in the period that runs, in micros.
        told: when it was told of last.
        began: when the period that runs has begun.

    Source: the licence's `limits.contact_above`.
    """
    due: dict[LimitKey, ContactDue] = {}
    for one in _from_the_least(amounts(watched.licence, ContactWhen.USED, age=watched.age)):
        key = key_of(one)
        if one.currency != watched.currency or key in due or key not in used:
            continue
        if used[key] > _amount(one) and not (key in told and told[key] >= began[key]):
            due[key] = _due(watched.player_id, one, used[key])
    return due


def about_limit(
    player_id: PlayerId, key: LimitKey, value: int | None, licence: Jurisdiction, *, age: int | None
) -> ContactDue | None:
    """Return that the operator gets in touch because of what a limit is set to, if that is so.

    None as the value says that there shall be no such limit, which is above everything.
    Source: spelinspektionen.se; the licence's `limits.contact_above`.
    """
    for one in _from_the_least(amounts(licence, ContactWhen.LIMIT_SET, age=age)):
        if key_of(one) == key and (value is None or value > _amount(one)):
            return _due(player_id, one, value)
    return None


def is_new(limit: Limit, now: datetime) -> bool:
    """Say whether a limit was set, or a looser one asked for, at this very moment."""
    return now in (limit.set_at, None if limit.waiting is None else limit.waiting.asked_at)


def _from_the_least(found: Iterable[Contact]) -> list[Contact]:
    return sorted(found, key=_amount)


def _amount(one: Contact) -> int:
    return one.micros if one.micros is not None else one.minutes or 0


def _due(player_id: PlayerId, one: Contact, reached: int | None) -> ContactDue:
    return ContactDue(
        player_id=player_id,
        kind=one.kind,
        period=one.period,
        when=one.when,
        above=_amount(one),
        reached=reached,
    )
