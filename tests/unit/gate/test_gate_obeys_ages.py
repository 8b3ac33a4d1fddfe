"""What the licence says by age, and by the time since a player registered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.gate import rules
from pitboss.gate.model import (
    Check,
    DepositCase,
    DepositCheck,
    Identified,
    Product,
    Refusal,
    WagerCase,
)
from pitboss.jurisdictions.model import Jurisdiction, LimitKind
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.verification.model import Verification, VerificationState
from pitboss.responsible.limits.model import Allowance
from proofs import Proves

CODES = jurisdictions.codes()
ANN = PlayerId(derived_id("player", "ann"))
REGISTERED = datetime(2024, 1, 1, tzinfo=UTC)
OVER = Refusal.STAKE_TOO_LARGE


def player(licence: Jurisdiction) -> Player:
    return Player(
        shard=shard_of(ANN),
        id=ANN,
        jurisdiction=licence.code,
        currency=licence.licence.currencies[0],
        status=PlayerStatus.ACTIVE,
        registered_at=REGISTERED,
    )


def wager(
    licence: Jurisdiction, micros: int, age: int | None, product: Product = Product.GAMES
) -> WagerCase:
    ann = player(licence)
    check = Check(player_id=ANN, product=product, stake_micros=micros, currency=ann.currency)
    return WagerCase(check=check, player=ann, jurisdiction=licence, age=age)


@pytest.mark.parametrize("code", CODES)
def test_no_stake_in_a_game_passes_the_cap_of_the_players_age(code: str, proves: Proves) -> None:
    proves("games.stake_caps", code)
    licence = jurisdictions.get(code)

    for age in range(licence.registration.age_min, 100):
        meant = [cap.micros for cap in licence.games.stake_caps if cap.is_for(age)]
        most = min(meant, default=licence.games.stake_micros_max)
        assert rules.refuse_stake_above_cap(wager(licence, most, age)) is None
        over = rules.refuse_stake_above_cap(wager(licence, most + 1, age))
        assert over is (OVER if meant else None)


@pytest.mark.parametrize("code", CODES)
def test_whose_age_is_not_known_is_held_by_the_caps_of_every_age(code: str) -> None:
    licence = jurisdictions.get(code)
    least = min((cap.micros for cap in licence.games.stake_caps), default=None)

    if least is None:
        assert rules.refuse_stake_above_cap(wager(licence, 10**12, None)) is None
    else:
        assert rules.refuse_stake_above_cap(wager(licence, least, None)) is None
        assert rules.refuse_stake_above_cap(wager(licence, least + 1, None)) is OVER


def test_in_great_britain_it_is_two_pounds_below_25_and_five_from_then_on_in_games_alone() -> None:
    # Source: SI 2025/215, reg. 2.
    gb = jurisdictions.get("GB")

    assert rules.refuse_stake_above_cap(wager(gb, 2_000_001, 24)) is OVER
    assert rules.refuse_stake_above_cap(wager(gb, 5_000_000, 25)) is None
    assert rules.refuse_stake_above_cap(wager(gb, 5_000_001, 25)) is OVER
    assert rules.refuse_stake_above_cap(wager(gb, 5_000_001, 18, Product.SPORTSBOOK)) is None


def test_the_cap_is_one_of_the_rules_that_every_stake_passes() -> None:
    gb = jurisdictions.get("GB")
    case = wager(gb, 3_000_000, 20)

    answers = [rule(case) for rule in rules.WAGER_RULES]

    assert OVER in answers


@pytest.mark.parametrize("code", CODES)
def test_who_is_not_verified_in_the_licences_time_is_overdue(code: str, proves: Proves) -> None:
    proves("verification.hours_max", code)
    licence = jurisdictions.get(code)
    hours = licence.verification.hours_max
    standing = Verification(player_id=ANN, state=VerificationState.UNVERIFIED)

    def found(after: timedelta) -> Identified:
        return rules.identify(player(licence), licence, standing, now=REGISTERED + after)

    if hours is None:
        assert found(timedelta(days=10_000)) is Identified.UNVERIFIED
        return
    assert found(timedelta(hours=hours, microseconds=-1)) is Identified.UNVERIFIED
    assert found(timedelta(hours=hours)) is Identified.OVERDUE
    check = DepositCheck(player_id=ANN, micros=1, currency=licence.licence.currencies[0])
    deposit = DepositCase(
        check=check,
        player=player(licence),
        jurisdiction=licence,
        identified=Identified.OVERDUE,
    )
    late = msgspec.structs.replace(wager(licence, 1, None), identified=Identified.OVERDUE)
    assert rules.refuse_unverified(late) is Refusal.PLAYER_NOT_VERIFIED
    assert rules.refuse_unverified(deposit) is Refusal.PLAYER_NOT_VERIFIED


@pytest.mark.parametrize("code", CODES)
def test_nobody_pays_in_without_the_limits_that_the_licence_wants_first(
    code: str, proves: Proves
) -> None:
    proves("limits.mandatory_before_deposit", code)
    licence = jurisdictions.get(code)
    wanted = licence.limits.mandatory_before_deposit
    check = DepositCheck(player_id=ANN, micros=1, currency=licence.licence.currencies[0])

    def refusal(*kinds: LimitKind) -> Refusal | None:
        allowance = Allowance(stakes=[], deposits=[], times=[], set_kinds=frozenset(kinds))
        case = DepositCase(
            check=check, player=player(licence), jurisdiction=licence, allowance=allowance
        )
        return rules.refuse_deposit_without_limits(case)

    assert refusal() is (Refusal.LIMIT_MISSING if wanted else None)
    assert refusal(*wanted) is None
    for left_out in wanted:
        assert refusal(*(kind for kind in wanted if kind is not left_out)) is Refusal.LIMIT_MISSING
