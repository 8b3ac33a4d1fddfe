"""How somebody becomes a player: of age, once, told what is asked for, verified, agreed."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Duplicates, LimitKind, Period, Scope, WithdrawalHold
from scenario.walking import AMPLE_UNITS, UNIT, Person, Walk

TERMS = "2026-01"


def young(walk: Walk) -> str:
    """Return the birthday of somebody who has just come of age."""
    return walk.today.replace(
        day=1, year=walk.today.year - walk.licence.registration.age_min
    ).isoformat()


async def comes_of_age_at_midnight(walk: Walk) -> Person:
    """Be refused on the eve of the birthday, and be a player half a minute later."""
    rules = walk.licence.registration
    birthday = walk.today + timedelta(days=1)
    ann = {
        "email": "ann@example.test",
        "name": "Ann Example",
        "postcode": "AB1 1CD",
        "date_of_birth": birthday.replace(year=birthday.year - rules.age_min).isoformat(),
    }
    with walk.step(
        "is refused on the eve of coming of age, and taken after the licence's own midnight",
        "registration.age_min",
        "registration.open",
        "licence.time_zone",
    ):
        early = await walk.register(**ann)
        assert (early.status, early.slug) == (422, "under_age")
        walk.wait(timedelta(minutes=1))
        person = await walk.newcomer(**ann)
        assert walk.today == birthday
    with walk.step("pays in a currency of the licence and no other", "licence.currencies"):
        for code in ("GBP", "EUR", "USD", "CAD", "DKK", "SEK"):
            answer = await walk.register(currency=code)
            assert (answer.status == 201) == (code in walk.licence.licence.currencies)
    await _is_one_person(walk, ann)
    await _chooses_a_password(walk)
    return person


async def _is_one_person(walk: Walk, ann: dict[str, str]) -> None:
    rules = walk.licence.registration
    with walk.step(
        "who looks like somebody who is a player does not become another one",
        "registration.duplicates",
    ):
        again = await walk.register(
            **{**ann, "email": "again@example.test", "name": "ANN  EXÁMPLE"}
        )
        refused = (409, "duplicate_player")
        taken = 201
        if rules.duplicates is Duplicates.REFUSE:
            assert (again.status, again.slug) == refused
        else:
            assert again.status == taken
    with walk.step(
        "and under another licence of the operator only where this one lets him",
        "registration.one_account",
    ):
        uncle = {"name": "Uncle Example", "date_of_birth": "1961-02-03", "postcode": "AB9 9CD"}
        await walk.newcomer(**uncle)
        other = _another_licence(walk)
        there = await walk.register(
            **uncle,
            jurisdiction=other.code,
            currency=other.licence.currencies[0],
        )
        once = rules.one_account is not Scope.LICENCE
        assert there.status == (409 if once else 201), there.body


def _another_licence(walk: Walk) -> jurisdictions.model.Jurisdiction:
    """Return one that counts accounts as this one does; whose registration is open."""
    own = walk.licence.registration.one_account is Scope.LICENCE
    others = [jurisdictions.get(code) for code in jurisdictions.codes()]
    return next(
        other
        for other in others
        if other.code != walk.licence.code
        and (other.registration.one_account is Scope.LICENCE) == own
    )


async def _chooses_a_password(walk: Walk) -> None:
    rules = walk.licence.password
    with walk.step(
        "chooses a password that is as long as the licence wants",
        "password.length_min",
        "password.length_max",
    ):
        lengths = (rules.length_min - 1, rules.length_min, rules.length_max, rules.length_max + 1)
        answers = [await walk.register(password="x" * length) for length in lengths]
        assert [answer.status for answer in answers] == [422, 201, 201, 422]


async def is_told_what_there_is(walk: Walk, ann: Person) -> None:
    """See, before the first deposit, which papers may be asked for and which limits there are."""
    with walk.step(
        "is told before the first deposit which documents may be asked for",
        "verification.documents_told",
    ):
        shown = await ann.looks("/v1/me/verification")
        assert shown["state"] == "unverified"
        assert shown["documents_possible"] or not walk.licence.verification.documents_told
    with walk.step(
        "is offered the licence's limits from registration on",
        "limits.offered_at_registration",
        "limits.kinds",
        "limits.periods",
    ):
        rules = walk.licence.limits
        offered = (await ann.looks("/v1/me/limits"))["offered"]
        periods = {item["kind"]: tuple(item["periods"]) for item in offered}
        assert periods == {
            kind: tuple(rules.periods) if kind.is_periodic else () for kind in rules.kinds
        }
        for kind in LimitKind:
            if kind not in rules.kinds:
                refused = await ann.sets(kind, Period.DAY if kind.is_periodic else None, UNIT)
                assert (refused.status, refused.slug) == (404, "kind_not_offered")


async def pays_in_for_the_first_time(walk: Walk, ann: Person) -> None:
    """Pay in as soon as the licence lets her, and get it back though nobody knows who she is."""
    rules = walk.licence
    with walk.step(
        "pays in once those limits are set that the licence wants before a deposit",
        "limits.mandatory_before_deposit",
    ):
        wanted = rules.limits.mandatory_before_deposit
        assert (await ann.pays_in(UNIT) == "limit_missing") == bool(wanted)
        for kind in wanted:
            await ann.sets(kind, Period.DAY if kind.is_periodic else None, AMPLE_UNITS * UNIT)
    with walk.step("pays in before she is verified, or not", "verification.before_deposit"):
        refusal = "player_not_verified" if rules.verification.before_deposit else "requested"
        assert await ann.pays_in(20 * UNIT) == refusal
    if rules.verification.withdrawal_hold is WithdrawalHold.LEGAL_DUTY and refusal == "requested":
        with walk.step(
            "is paid out without a check that could have come earlier",
            "verification.withdrawal_hold",
        ):
            assert await ann.takes_out(5 * UNIT) == "requested"


async def is_verified(walk: Walk, ann: Person) -> None:
    """Stake nothing as a stranger, be verified, and see what becomes of who never is."""
    rules = walk.licence.verification
    with walk.step("stakes nothing before she is verified", "verification.before_play"):
        assert (await ann.bets(UNIT) == "player_not_verified") == rules.before_play
        await ann.is_verified()
        assert await ann.bets(UNIT) != "player_not_verified"
    laggard = await walk.newcomer()
    await laggard.set_what_is_mandatory()
    with walk.step(
        "whoever lets the licence's hours pass unverified may not even pay in",
        "verification.hours_max",
    ):
        hours = rules.hours_max or 24
        walk.wait(timedelta(hours=hours, seconds=-1))
        await laggard.logs_in()
        in_time = await laggard.pays_in(UNIT)
        walk.wait(timedelta(seconds=1))
        late = await laggard.pays_in(UNIT)
        assert in_time == ("player_not_verified" if rules.before_deposit else "requested")
        assert late == ("player_not_verified" if rules.hours_max else in_time)
    await ann.logs_in()


async def agrees_to_the_terms(walk: Walk, ann: Person) -> None:
    """Stake nothing under terms that she has not accepted; no licence's file speaks of that."""
    with walk.step("accepts the terms that come into force, and stakes nothing before"):
        published = await walk.desk.client.ask(
            "POST",
            "/v1/staff/terms",
            token=walk.desk.staff,
            body={
                "jurisdiction": walk.licence.code,
                "version": TERMS,
                "sha256": hashlib.sha256(b"terms").hexdigest(),
            },
        )
        assert published.status == 200, published.body
        assert await ann.bets(UNIT) == "terms_not_accepted"
        accepted = await ann.ask("POST", "/v1/me/terms", {"version": TERMS})
        assert accepted.status == 200, accepted.body
        walk.terms = TERMS
