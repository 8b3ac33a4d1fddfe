"""The gate asks each licence for its rules: no licence is treated as another is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.gate import rules
from pitboss.gate.model import (
    Check,
    DepositCase,
    DepositCheck,
    Identified,
    Known,
    Product,
    Refusal,
    WagerCase,
)
from pitboss.jurisdictions.model import (
    Jurisdiction,
    LimitKind,
    Scope,
    SecondFactor,
    WhenReached,
)
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.verification.model import Verification, VerificationState
from pitboss.responsible.breaks.model import Pace, Planned
from pitboss.responsible.limits.model import Allowance, Room
from proofs import Proves

CODES = jurisdictions.codes()
ANN = PlayerId(derived_id("player", "ann"))


def player(licence: Jurisdiction) -> Player:
    return Player(
        shard=shard_of(ANN),
        id=ANN,
        jurisdiction=licence.code,
        currency=licence.licence.currencies[0],
        status=PlayerStatus.ACTIVE,
        registered_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


def wager(licence: Jurisdiction, product: Product, micros: int) -> WagerCase:
    ann = player(licence)
    check = Check(player_id=ANN, product=product, stake_micros=micros, currency=ann.currency)
    return WagerCase(check=check, player=ann, jurisdiction=licence)


def deposit(licence: Jurisdiction) -> DepositCase:
    ann = player(licence)
    check = DepositCheck(player_id=ANN, micros=10_000_000, currency=ann.currency)
    return DepositCase(check=check, player=ann, jurisdiction=licence)


@pytest.mark.parametrize("code", CODES)
def test_a_product_is_offered_if_and_only_if_the_licence_names_it(
    code: str, proves: Proves
) -> None:
    proves("licence.products", code)
    licence = jurisdictions.get(code)

    for product in Product:
        named = product in licence.licence.products
        refusal = rules.refuse_unlicensed_product(wager(licence, product, 1_000_000))
        assert refusal == (None if named else Refusal.PRODUCT_NOT_LICENSED)

        others = tuple(other for other in Product if other is not product)
        narrower = msgspec.structs.replace(licence.licence, products=others)
        without = msgspec.structs.replace(licence, licence=narrower)
        refused = rules.refuse_unlicensed_product(wager(without, product, 1_000_000))
        assert refused is Refusal.PRODUCT_NOT_LICENSED


@pytest.mark.parametrize("product", Product)
@pytest.mark.parametrize("code", CODES)
def test_a_stake_is_taken_from_the_least_to_the_greatest_that_the_licence_names(
    code: str, product: Product, proves: Proves
) -> None:
    section = {Product.SPORTSBOOK: "sportsbook", Product.GAMES: "games"}[product]
    proves(f"{section}.stake_micros_min", code)
    proves(f"{section}.stake_micros_max", code)
    licence = jurisdictions.get(code)
    least = licence.wagering(product).stake_micros_min
    most = licence.wagering(product).stake_micros_max

    found = [
        rules.refuse_stake_out_of_range(wager(licence, product, micros))
        for micros in (least - 1, least, most, most + 1)
    ]

    assert found == [Refusal.STAKE_TOO_SMALL, None, None, Refusal.STAKE_TOO_LARGE]


@pytest.mark.parametrize("code", CODES)
def test_nobody_who_is_not_verified_plays_where_the_licence_wants_that_first(
    code: str, proves: Proves
) -> None:
    proves("verification.before_play", code)
    licence = jurisdictions.get(code)

    refusal = rules.refuse_unverified(wager(licence, Product.GAMES, 1_000_000))

    wanted = licence.verification.before_play
    assert refusal == (Refusal.PLAYER_NOT_VERIFIED if wanted else None)


@pytest.mark.parametrize("code", CODES)
def test_who_is_not_verified_in_the_licences_hours_may_not_even_pay_in(
    code: str, proves: Proves
) -> None:
    proves("verification.hours_max", code)
    licence = jurisdictions.get(code)
    ann, hours = player(licence), licence.verification.hours_max
    unverified = Verification(player_id=ANN, state=VerificationState.PENDING)

    def found(licence: Jurisdiction, after: timedelta) -> Identified:
        return rules.identify(ann, licence, unverified, now=ann.registered_at + after)

    if hours is None:
        assert found(licence, timedelta(days=36_500)) is Identified.UNVERIFIED
    for limit in {hours or 1, 24}:
        limited = msgspec.structs.replace(
            licence, verification=msgspec.structs.replace(licence.verification, hours_max=limit)
        )
        end = timedelta(hours=limit)
        assert found(limited, end - timedelta(microseconds=1)) is Identified.UNVERIFIED
        assert found(limited, end) is Identified.OVERDUE
        for case in (wager(limited, Product.GAMES, 1_000_000), deposit(limited)):
            late = msgspec.structs.replace(case, identified=Identified.OVERDUE)
            assert rules.refuse_unverified(late) is Refusal.PLAYER_NOT_VERIFIED


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("code", CODES)
def test_nobody_without_a_second_factor_plays_where_the_licence_wants_one(
    code: str, guarded: bool, proves: Proves
) -> None:
    proves("sessions.second_factor", code)
    licence = jurisdictions.get(code)
    for wanted in (licence.sessions.second_factor, *SecondFactor):
        sessions = msgspec.structs.replace(licence.sessions, second_factor=wanted)
        changed = msgspec.structs.replace(licence, sessions=sessions)
        case = msgspec.structs.replace(wager(changed, Product.GAMES, 1_000_000), guarded=guarded)

        refusal = rules.refuse_without_second_factor(case)

        refused = wanted is SecondFactor.REQUIRED and not guarded
        assert refusal == (Refusal.SECOND_FACTOR_MISSING if refused else None)


@pytest.mark.parametrize("code", CODES)
def test_nobody_who_is_not_verified_pays_in_where_the_licence_wants_that_first(
    code: str, proves: Proves
) -> None:
    proves("verification.before_deposit", code)
    licence = jurisdictions.get(code)

    refusal = rules.refuse_unverified(deposit(licence))

    wanted = licence.verification.before_deposit
    assert refusal == (Refusal.PLAYER_NOT_VERIFIED if wanted else None)


@pytest.mark.parametrize("planned", Planned)
def test_a_plan_is_asked_for_games_alone(planned: Planned) -> None:
    licence = jurisdictions.get("ES")
    refusals = {
        product: rules.refuse_unplanned(
            msgspec.structs.replace(wager(licence, product, 1_000_000), planned=planned)
        )
        for product in Product
    }

    assert refusals[Product.SPORTSBOOK] is None
    assert (
        refusals[Product.GAMES]
        == {
            Planned.NOT_NEEDED: None,
            Planned.HOLDS: None,
            Planned.MISSING: Refusal.GAME_PLAN_MISSING,
            Planned.OVER: Refusal.GAME_PLAN_OVER,
        }[planned]
    )


@pytest.mark.parametrize("pace", Pace)
@pytest.mark.parametrize("code", CODES)
def test_every_product_stops_when_play_must(code: str, pace: Pace) -> None:
    licence = jurisdictions.get(code)
    wanted = {
        Pace.GOES_ON: None,
        Pace.SESSION_OVER: Refusal.SESSION_OVER,
        Pace.ON_BREAK: Refusal.MANDATORY_BREAK,
        Pace.CHECK_DUE: Refusal.REALITY_CHECK_DUE,
    }

    for product in Product:
        case = msgspec.structs.replace(wager(licence, product, 1_000_000), pace=pace)
        assert rules.refuse_when_play_must_stop(case) == wanted[pace]


@pytest.mark.parametrize("code", CODES)
def test_who_has_used_up_a_limit_is_logged_out_where_the_licence_says_so(
    code: str, proves: Proves
) -> None:
    proves("limits.when_reached", code)
    licence = jurisdictions.get(code)
    least = licence.sportsbook.stake_micros_min
    case = wager(licence, Product.SPORTSBOOK, 2 * least)

    def logged_out(left: int, kind: LimitKind = LimitKind.STAKE) -> bool:
        rooms = [Room(kind=kind, left=left)]
        allowance = Allowance(stakes=rooms, deposits=[], times=[], set_kinds=frozenset({kind}))
        with_room = msgspec.structs.replace(case, allowance=allowance)
        refusal = rules.refuse_above_limits(with_room)
        assert refusal is not None
        return rules.logs_out(with_room, refusal)

    wanted = licence.limits.when_reached is WhenReached.LOG_OUT
    assert logged_out(0) is logged_out(least - 1) is logged_out(0, LimitKind.LOSS) is wanted
    assert rules.logs_out(case, Refusal.SESSION_TIME_USED_UP) is wanted
    # There is something left, or the refusal is about something else.
    assert not logged_out(least)
    assert not rules.logs_out(case, Refusal.STAKE_TOO_LARGE)


@pytest.mark.parametrize(
    "code", [code for code in CODES if jurisdictions.get(code).limits.scope is Scope.LICENCE]
)
def test_a_limit_counts_what_is_staked_on_every_product_of_the_licence(
    code: str, proves: Proves
) -> None:
    proves("limits.scope", code)
    licence = without_other_rules(jurisdictions.get(code))
    ann = player(licence)
    least = max(licence.wagering(product).stake_micros_min for product in Product)
    room = Room(kind=LimitKind.STAKE, left=3 * least)
    allowance = Allowance(
        stakes=[room], deposits=[], times=[], set_kinds=frozenset(LimitKind), single_stake=None
    )
    products = (Product.SPORTSBOOK, Product.GAMES, Product.SPORTSBOOK, Product.GAMES)
    checks = [
        Check(player_id=ANN, product=product, stake_micros=least, currency=ann.currency)
        for product in products
    ]

    answers = rules.decide_wagers(
        checks, {ANN: ann}, {code: licence}, Known(allowances={ANN: allowance})
    )

    # What one product has taken is gone for the other.
    assert [getattr(answer, "reason", None) for answer in answers] == [
        *(None, None, None),
        Refusal.ABOVE_STAKE_LIMIT,
    ]


def without_other_rules(licence: Jurisdiction) -> Jurisdiction:
    """Return a licence that asks for nothing else before a stake, and covers every product."""
    changes: dict[str, dict[str, Any]] = {
        "licence": {"products": tuple(Product)},
        "verification": {"before_play": False, "hours_max": None},
        "sessions": {"second_factor": SecondFactor.OPTIONAL},
        "games": {"stake_caps": (), "session_planned": False},
    }
    for section, values in changes.items():
        changed = msgspec.structs.replace(getattr(licence, section), **values)
        licence = msgspec.structs.replace(licence, **{section: changed})
    return licence
