"""When the operator gets in touch, and when a player is asked to look again: by each licence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Contact, ContactWhen, Jurisdiction, LimitKind, Period
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import add_months
from pitboss.kernel.shards import shard_of
from pitboss.responsible.contacts import rules
from pitboss.responsible.contacts.facts import ContactDue
from pitboss.responsible.contacts.model import Watched
from pitboss.responsible.limits.model import LimitKey
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
ANN = PlayerId(derived_id("player", "ann"))
NOW = datetime(2026, 8, 15, 12, 0, tzinfo=UTC)
NET = LimitKey(kind=LimitKind.NET_DEPOSIT, period=Period.MONTH)
YOUNG = Contact(
    kind=LimitKind.NET_DEPOSIT,
    period=Period.MONTH,
    micros=150,
    currency="EUR",
    minutes=None,
    age_from=None,
    age_below=25,
    when=ContactWhen.USED,
)
OTHERS = msgspec.structs.replace(YOUNG, micros=350, age_from=25, age_below=None)


def watched(licence: Jurisdiction, *, currency: str, age: int | None = None) -> Watched:
    return Watched(shard=shard_of(ANN), player_id=ANN, licence=licence, currency=currency, age=age)


def with_amounts(*amounts: Contact) -> Jurisdiction:
    licence = jurisdictions.get("demo")
    limits = msgspec.structs.replace(licence.limits, contact_above=amounts)
    return msgspec.structs.replace(licence, limits=limits)


def about(
    licence: Jurisdiction, used: int, *, age: int | None = None, told: datetime | None = None
) -> ContactDue | None:
    """Return what is told of a player who has used so much of a net deposit in euros."""
    began = {NET: NOW - timedelta(days=14)}
    mine = watched(licence, currency="EUR", age=age)
    return rules.about_use(mine, {NET: used}, {} if told is None else {NET: told}, began).get(NET)


@pytest.mark.parametrize("code", CODES)
def test_a_player_is_asked_to_look_again_after_the_licences_months(
    code: str, proves: Proves
) -> None:
    proves("limits.review_months", code)
    licence = jurisdictions.get(code)
    months = licence.limits.review_months
    later = NOW + timedelta(days=4_000)

    if months is None:
        assert not rules.review_due(licence, since=NOW, reviewed_at=None, now=later)
        return
    due, reviewed = add_months(NOW, months), NOW + timedelta(days=3)
    moment = timedelta(microseconds=1)

    assert not rules.review_due(licence, since=NOW, reviewed_at=None, now=due - moment)
    assert rules.review_due(licence, since=NOW, reviewed_at=None, now=due)
    # Who has looked is asked again so long after that, and not before.
    again = add_months(reviewed, months)
    assert not rules.review_due(licence, since=NOW, reviewed_at=reviewed, now=again - moment)
    assert rules.review_due(licence, since=NOW, reviewed_at=reviewed, now=again)


@pytest.mark.parametrize("code", CODES)
def test_the_operator_gets_in_touch_above_the_licences_amount_and_not_at_it(
    code: str, proves: Proves
) -> None:
    proves("limits.contact_above", code)
    licence = jurisdictions.get(code)
    amounts = licence.limits.contact_above
    keys = [LimitKey(kind=kind, period=Period.MONTH) for kind in LimitKind]

    if not amounts:
        mine = watched(licence, currency=licence.licence.currencies[0])
        assert rules.watched_keys(mine) == frozenset()
        assert [rules.about_limit(ANN, key, None, licence, age=30) for key in keys] == [None] * 7
    for one in amounts:
        assert one.micros is not None
        assert one.currency is not None
        age = one.age_from or (30 if one.age_below is None else one.age_below - 1)
        key = LimitKey(kind=one.kind, period=one.period)
        mine = watched(licence, currency=one.currency, age=age)
        used = one.when is ContactWhen.USED
        began = {key: NOW - timedelta(days=14)}

        told = [
            rules.about_use(mine, {key: micros}, {}, began).get(key)
            if used
            else rules.about_limit(ANN, key, micros, licence, age=age)
            for micros in (one.micros, one.micros + 1)
        ]

        assert told[0] is None
        assert told[1] is not None
        assert (told[1].above, told[1].reached) == (one.micros, one.micros + 1)
        assert told[1].when == one.when


def test_of_whom_nobody_knows_the_age_the_least_amount_counts() -> None:
    licence = with_amounts(OTHERS, YOUNG)

    found = {age: about(licence, 200, age=age) for age in (None, 24, 25)}

    assert {age: None if one is None else one.above for age, one in found.items()} == {
        None: 150,
        24: 150,
        25: None,
    }


def test_it_is_told_once_in_a_period_and_again_in_the_next() -> None:
    licence = with_amounts(YOUNG)
    began = NOW - timedelta(days=14)

    assert about(licence, 200, told=began) is None
    assert about(licence, 200, told=NOW) is None
    assert about(licence, 200, told=began - timedelta(microseconds=1)) is not None


def test_amounts_of_other_currencies_are_not_the_players() -> None:
    licence = with_amounts(YOUNG)

    assert rules.watched_keys(watched(licence, currency="EUR")) == {NET}
    assert rules.watched_keys(watched(licence, currency="GBP")) == frozenset()


def test_no_limit_at_all_is_above_every_amount() -> None:
    licence = with_amounts(msgspec.structs.replace(YOUNG, when=ContactWhen.LIMIT_SET))

    told = rules.about_limit(ANN, NET, None, licence, age=20)

    assert told is not None
    assert (told.above, told.reached) == (150, None)


@given(used=st.integers(min_value=-1_000, max_value=1_000), age=st.integers(18, 90))
def test_who_uses_more_is_never_told_of_less(used: int, age: int) -> None:
    """What is told of at some amount is told of at every greater one."""
    licence = with_amounts(YOUNG, OTHERS)

    if about(licence, used, age=age) is not None:
        assert about(licence, used + 1, age=age) is not None
        assert about(licence, used) is not None
