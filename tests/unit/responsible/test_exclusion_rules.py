"""Which terms a licence offers, and that none of them ends before its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Lift
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import add_months
from pitboss.kernel.shards import shard_of
from pitboss.responsible.exclusion import rules
from pitboss.responsible.exclusion.model import (
    Exclusion,
    Initiator,
    Kind,
    Reason,
    Refusal,
    Wish,
)
from proofs import Proves

CODES = [code for code in jurisdictions.codes() if code != "demo"]
ANN = PlayerId(derived_id("player", "ann"))
NOW = datetime(2024, 8, 31, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def wish(
    *, hours: int | None = None, months: int | None = None, initiator: Initiator = Initiator.PLAYER
) -> Wish:
    """Wish for a time-out of hours, or for an exclusion."""
    return Wish(
        key=derived_id("wish"),
        player_id=ANN,
        kind=Kind.EXCLUSION if hours is None else Kind.TIME_OUT,
        initiator=initiator,
        reason=Reason.PLAYERS_CHOICE,
        hours=hours,
        months=months,
    )


def excluded(term: Wish, now: datetime = NOW) -> Exclusion:
    """Return the exclusion that comes of a wish."""
    return Exclusion(
        shard=shard_of(ANN),
        player_id=ANN,
        key=term.key,
        kind=term.kind,
        initiator=term.initiator,
        reason=term.reason,
        starts_at=now,
        ends_at=rules.end_of(term, now),
    )


@pytest.mark.parametrize("code", CODES)
def test_a_time_out_is_one_that_the_licence_offers(code: str, proves: Proves) -> None:
    proves("breaks.time_out_hours_choices", code)
    proves("breaks.time_out_hours_min", code)
    proves("breaks.time_out_hours_max", code)
    licence = jurisdictions.get(code)
    offered = licence.breaks.time_out_hours_choices or (
        licence.breaks.time_out_hours_min,
        licence.breaks.time_out_hours_max,
    )

    for hours in offered:
        assert rules.refusal_to_exclude(wish(hours=hours), licence) is None
    for other in (0, -1, min(offered) - 1, max(offered) + 1, None):
        term = time_out(other)
        assert rules.refusal_to_exclude(term, licence) is Refusal.TERM_NOT_OFFERED


def time_out(hours: int | None) -> Wish:
    """Wish for a time-out, even for one without a length."""
    return Wish(
        key=derived_id("wish"),
        player_id=ANN,
        kind=Kind.TIME_OUT,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        hours=hours,
    )


@pytest.mark.parametrize("code", CODES)
def test_an_exclusion_is_one_that_the_licence_offers(code: str, proves: Proves) -> None:
    proves("exclusion.months_choices", code)
    proves("exclusion.months_min", code)
    proves("exclusion.indefinite", code)
    licence = jurisdictions.get(code)
    least = min(licence.exclusion.months_choices, default=licence.exclusion.months_min)

    assert rules.refusal_to_exclude(wish(months=least), licence) is None
    assert rules.refusal_to_exclude(wish(months=least - 1), licence) is Refusal.TERM_NOT_OFFERED
    without_end = rules.refusal_to_exclude(wish(), licence)
    assert (without_end is None) == licence.exclusion.indefinite
    # Staff keeps away for as long as it takes.
    assert rules.refusal_to_exclude(wish(initiator=Initiator.STAFF), licence) is None


@pytest.mark.parametrize("code", CODES)
def test_nothing_ends_an_exclusion_before_its_term(code: str, proves: Proves) -> None:
    proves("exclusion.lift", code)
    proves("exclusion.lift_wait_hours", code)
    licence = jurisdictions.get(code)
    months = min(licence.exclusion.months_choices, default=licence.exclusion.months_min)
    item = excluded(wish(months=months))
    assert item.ends_at is not None
    just_before = item.ends_at - MICROSECOND

    assert not rules.is_over(item, licence, just_before)
    asked_early = rules.refusal_to_return(item, licence, just_before)
    never = licence.exclusion.lift is Lift.NEVER
    assert asked_early is (Refusal.NEVER_LIFTED if never else Refusal.TERM_NOT_OVER)
    waited = timedelta(hours=licence.exclusion.lift_wait_hours or 0)
    later = item.ends_at + timedelta(days=1)
    asked = rules.with_return_asked(item, later)
    match licence.exclusion.lift:
        case Lift.AT_END:
            assert rules.over_at(item, licence) == item.ends_at + waited
        case Lift.ON_REQUEST:
            assert not rules.is_over(item, licence, later + timedelta(days=9999))
            assert rules.refusal_to_return(item, licence, later) is None
            assert rules.over_at(asked, licence) == later + waited
        case lift:
            by_register = lift is Lift.BY_REGISTER
            expected = Refusal.HELD_BY_REGISTER if by_register else Refusal.NEVER_LIFTED
            assert rules.refusal_to_return(item, licence, later) is expected
            assert not rules.is_over(asked, licence, later + timedelta(days=9999))


@pytest.mark.parametrize("code", CODES)
def test_an_indefinite_exclusion_is_lifted_as_its_own_rules_say(code: str, proves: Proves) -> None:
    proves("exclusion.indefinite_lift", code)
    proves("exclusion.indefinite_months_min", code)
    proves("exclusion.indefinite_wait_hours", code)
    licence = jurisdictions.get(code)
    item = excluded(wish())

    assert not rules.is_over(item, licence, NOW + timedelta(days=99_999))
    if licence.exclusion.indefinite_lift not in (Lift.ON_REQUEST, Lift.BY_REGISTER):
        assert rules.refusal_to_return(item, licence, NOW) is Refusal.NEVER_LIFTED
        return
    least = add_months(NOW, licence.exclusion.indefinite_months_min or 0)
    if least > NOW:
        early = rules.refusal_to_return(item, licence, least - MICROSECOND)
        assert early is Refusal.TERM_NOT_OVER
    if licence.exclusion.indefinite_lift is Lift.BY_REGISTER:
        # The register's clear answer first, and then the player decides.
        assert rules.refusal_to_return(item, licence, least) is Refusal.HELD_BY_REGISTER
        assert not rules.rests_on_register(item, licence, least - MICROSECOND)
        assert rules.rests_on_register(item, licence, least)
        item = msgspec.structs.replace(item, released_at=least)
        assert not rules.is_over(item, licence, NOW + timedelta(days=99_999))
    assert rules.refusal_to_return(item, licence, least) is None
    asked = rules.with_return_asked(item, least)
    waited = timedelta(hours=licence.exclusion.indefinite_wait_hours or 0)
    assert rules.over_at(asked, licence) == least + waited


@pytest.mark.parametrize("code", CODES)
def test_who_asks_back_during_a_time_out_hears_that_it_is_not_over(code: str) -> None:
    item = excluded(time_out(24))

    early = rules.refusal_to_return(item, jurisdictions.get(code), NOW + timedelta(hours=1))

    assert early is Refusal.TERM_NOT_OVER


def test_of_several_the_last_to_end_counts_and_an_exclusion_is_told_first() -> None:
    licence = jurisdictions.get("GB")
    short, long = excluded(wish(hours=24)), excluded(wish(months=6))

    held = rules.keeping_away([short, long], licence, NOW)
    assert held is not None
    assert held.kind is Kind.EXCLUSION
    assert rules.keeping_away([short], licence, NOW + timedelta(hours=24)) is None


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (6, datetime(2025, 2, 28, 12, tzinfo=UTC)),
        (18, datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (42, datetime(2028, 2, 29, 12, tzinfo=UTC)),
        (12, datetime(2025, 8, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_month_that_is_too_short_ends_on_its_last_day(months: int, expected: datetime) -> None:
    assert add_months(NOW, months) == expected


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("months", [1, None])
@pytest.mark.parametrize("reason", [Reason.COURT_OR_REGULATOR, Reason.RISK_OF_HARM])
def test_what_the_player_did_not_begin_does_not_end_by_the_players_word(
    code: str, months: int | None, reason: Reason
) -> None:
    licence = jurisdictions.get(code)
    term = replace(wish(months=months, initiator=Initiator.STAFF), reason=reason)
    item = excluded(term)
    late = NOW + timedelta(days=99_999)

    assert rules.refusal_to_return(item, licence, late) is Refusal.HELD_BY_STAFF
    assert not rules.is_over(rules.with_return_asked(item, NOW), licence, late)
    assert not rules.rests_on_register(item, licence, late)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("months", [1, None])
def test_staff_lifts_what_it_imposed_after_its_term_and_nothing_else(
    code: str, months: int | None
) -> None:
    licence = jurisdictions.get(code)
    term = wish(months=months, initiator=Initiator.STAFF)
    imposed = excluded(replace(term, reason=Reason.RISK_OF_HARM))
    own = excluded(wish(months=None))
    least = months or licence.exclusion.indefinite_months_min or 0
    ends_at = add_months(NOW, least)
    lifted = msgspec.structs.replace(imposed, released_at=ends_at)

    assert rules.refusal_to_lift([own], licence, ends_at) is Refusal.NOT_EXCLUDED
    assert rules.refusal_to_lift([imposed, own], licence, ends_at) is None
    if least:
        early = ends_at - timedelta(microseconds=1)
        assert rules.refusal_to_lift([imposed], licence, early) is Refusal.TERM_NOT_OVER
    assert rules.refusal_to_lift([lifted], licence, ends_at) is Refusal.NOT_EXCLUDED
    assert rules.is_over(lifted, licence, ends_at)


@pytest.mark.parametrize("code", CODES)
def test_what_staff_wrote_down_for_the_player_ends_as_the_players_own(code: str) -> None:
    licence = jurisdictions.get(code)
    own = excluded(wish(months=12))
    for_them = msgspec.structs.replace(
        own, initiator=Initiator.STAFF, reason=Reason.PLAYER_ASKED_STAFF
    )

    for moment in (NOW, NOW + timedelta(days=400)):
        assert rules.refusal_to_return(for_them, licence, moment) == rules.refusal_to_return(
            own, licence, moment
        )
    asked = NOW + timedelta(days=400)
    assert rules.over_at(rules.with_return_asked(for_them, asked), licence) == rules.over_at(
        rules.with_return_asked(own, asked), licence
    )
