"""The gate's rules, one by one and as a list."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.gate.model import (
    Check,
    DepositCheck,
    Identified,
    Known,
    Located,
    Permit,
    Product,
    Refusal,
    Refused,
)
from pitboss.gate.rules import DEMONSTRATION_RULES, REWARD_RULES, decide_deposits, decide_wagers
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.location.model import Standing
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.registers.model import Verdict
from pitboss.responsible.breaks.model import Pace, Planned

DEMO = jurisdictions.get("demo")
ANN = PlayerId(derived_id("player", "ann"))
PERMIT = Permit(jurisdiction="demo", rules_version=DEMO.rules_version)


def player(**changes: object) -> Player:
    ann = Player(
        shard=shard_of(ANN),
        id=ANN,
        jurisdiction="demo",
        currency="GBP",
        status=PlayerStatus.ACTIVE,
        registered_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(ann, **changes)


def wager(**changes: object) -> Check:
    check = Check(player_id=ANN, product=Product.SPORTSBOOK, stake_micros=1_000_000, currency="GBP")
    return msgspec.structs.replace(check, **changes)


def strict(**verification: object) -> Jurisdiction:
    return msgspec.structs.replace(
        DEMO, verification=msgspec.structs.replace(DEMO.verification, **verification)
    )


def only(*products: Product) -> Jurisdiction:
    return msgspec.structs.replace(
        DEMO, licence=msgspec.structs.replace(DEMO.licence, products=products)
    )


@pytest.mark.parametrize(
    ("who", "check", "reason"),
    [
        (player(), wager(), None),
        (player(), wager(product=Product.GAMES), None),
        (player(), wager(player_id=PlayerId("nobody")), Refusal.UNKNOWN_PLAYER),
        (player(jurisdiction="gone"), wager(), Refusal.UNKNOWN_JURISDICTION),
        (player(status=PlayerStatus.SUSPENDED), wager(), Refusal.PLAYER_NOT_ACTIVE),
        (player(status=PlayerStatus.CLOSED), wager(), Refusal.PLAYER_NOT_ACTIVE),
        (player(), wager(currency="EUR"), Refusal.WRONG_CURRENCY),
        (player(currency="EUR"), wager(), Refusal.WRONG_CURRENCY),
        (player(), wager(stake_micros=100_000), None),
        (player(), wager(stake_micros=99_999), Refusal.STAKE_TOO_SMALL),
        (player(), wager(stake_micros=0), Refusal.STAKE_TOO_SMALL),
        (player(), wager(stake_micros=-1_000_000), Refusal.STAKE_TOO_SMALL),
        (player(), wager(stake_micros=10_000_000_000), None),
        (player(), wager(stake_micros=10_000_000_001), Refusal.STAKE_TOO_LARGE),
        (player(), wager(product=Product.GAMES, stake_micros=10_000), None),
        (player(), wager(product=Product.GAMES, stake_micros=9_999), Refusal.STAKE_TOO_SMALL),
        (player(), wager(product=Product.GAMES, stake_micros=5_000_001), Refusal.STAKE_TOO_LARGE),
    ],
)
def test_a_stake_is_permitted_or_refused_for_the_right_reason(
    who: Player, check: Check, reason: Refusal | None
) -> None:
    (answer,) = decide_wagers([check], {who.id: who}, {"demo": DEMO})

    assert answer == (PERMIT if reason is None else Refused(reason=reason))


def test_a_product_outside_the_licence_is_refused() -> None:
    licences = {"demo": only(Product.SPORTSBOOK)}
    checks = [wager(), wager(product=Product.GAMES)]

    answers = decide_wagers(checks, {ANN: player()}, licences)

    assert answers == (PERMIT, Refused(reason=Refusal.PRODUCT_NOT_LICENSED))


def test_a_licence_that_wants_verified_players_lets_nobody_in_while_nobody_can_be_verified() -> (
    None
):
    licences = {"demo": strict(before_play=True, before_deposit=True)}
    deposit = DepositCheck(player_id=ANN, micros=1, currency="GBP")

    wagers = decide_wagers([wager()], {ANN: player()}, licences)
    deposits = decide_deposits([deposit], {ANN: player()}, licences)

    assert wagers == deposits == (Refused(reason=Refusal.PLAYER_NOT_VERIFIED),)


def test_a_licence_that_verifies_between_deposit_and_play_takes_the_deposit_alone() -> None:
    licences = {"demo": strict(before_play=True)}
    deposit = DepositCheck(player_id=ANN, micros=1, currency="GBP")

    assert decide_wagers([wager()], {ANN: player()}, licences) == (
        Refused(reason=Refusal.PLAYER_NOT_VERIFIED),
    )
    assert decide_deposits([deposit], {ANN: player()}, licences) == (PERMIT,)


def test_the_first_rule_that_says_no_gives_the_reason() -> None:
    wrong_in_every_way = wager(currency="EUR", stake_micros=0, product=Product.GAMES)

    (suspended,) = decide_wagers(
        [wrong_in_every_way],
        {ANN: player(status=PlayerStatus.SUSPENDED)},
        {"demo": only(Product.SPORTSBOOK)},
    )
    (unlicensed,) = decide_wagers(
        [wrong_in_every_way], {ANN: player()}, {"demo": only(Product.SPORTSBOOK)}
    )
    (foreign,) = decide_wagers([wrong_in_every_way], {ANN: player()}, {"demo": DEMO})

    assert suspended == Refused(reason=Refusal.PLAYER_NOT_ACTIVE)
    assert unlicensed == Refused(reason=Refusal.PRODUCT_NOT_LICENSED)
    assert foreign == Refused(reason=Refusal.WRONG_CURRENCY)


@pytest.mark.parametrize(
    ("who", "currency", "reason"),
    [
        (player(), "GBP", None),
        (player(), "EUR", Refusal.WRONG_CURRENCY),
        (player(status=PlayerStatus.SUSPENDED), "GBP", Refusal.PLAYER_NOT_ACTIVE),
        (player(status=PlayerStatus.CLOSED), "GBP", Refusal.PLAYER_NOT_ACTIVE),
        (player(jurisdiction="gone"), "GBP", Refusal.UNKNOWN_JURISDICTION),
        (player(id=PlayerId("somebody else")), "GBP", Refusal.UNKNOWN_PLAYER),
    ],
)
def test_a_deposit_is_permitted_or_refused_for_the_right_reason(
    who: Player, currency: str, reason: Refusal | None
) -> None:
    check = DepositCheck(player_id=ANN, micros=10_000_000, currency=currency)

    (answer,) = decide_deposits([check], {who.id: who}, {"demo": DEMO})

    assert answer == (PERMIT if reason is None else Refused(reason=reason))


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing.NOT_NEEDED, None),
        (Standing.PERMITTED, None),
        (Standing.NOT_SHOWN, Refusal.LOCATION_NOT_SHOWN),
        (Standing.EXPIRED, Refusal.LOCATION_EXPIRED),
        (Standing.BLOCKED, Refusal.LOCATION_BLOCKED),
        (Standing.NETWORK_CHANGED, Refusal.LOCATION_NETWORK_CHANGED),
    ],
)
def test_a_stake_is_taken_only_from_where_the_player_may_be(
    standing: Standing, reason: Refusal | None
) -> None:
    """GEO-01."""
    located = {1: Located(standing=standing, check_id="the check")}

    unasked, asked = decide_wagers(
        [wager(), wager()], {ANN: player()}, {"demo": DEMO}, Known(located=located)
    )

    assert unasked == PERMIT
    assert asked == (
        msgspec.structs.replace(PERMIT, check_id="the check")
        if reason is None
        else Refused(reason=reason)
    )


def test_a_reward_is_asked_about_the_player_and_not_about_a_session() -> None:
    check = wager(product=Product.GAMES, free=True)
    known = Known(
        located={0: Located(standing=Standing.NOT_SHOWN)}, agreed={ANN: False}, time_up={ANN}
    )
    people = {ANN: player()}

    (staked,) = decide_wagers([check], people, {"demo": DEMO}, known)
    (given,) = decide_wagers([check], people, {"demo": DEMO}, known, only=REWARD_RULES)
    (unverified,) = decide_wagers(
        [check], people, {"demo": strict(before_play=True)}, known, only=REWARD_RULES
    )

    assert staked == Refused(reason=Refusal.TERMS_NOT_ACCEPTED)
    assert isinstance(given, Permit)
    assert unverified == Refused(reason=Refusal.PLAYER_NOT_VERIFIED)


@pytest.mark.parametrize(
    ("who", "known", "reason"),
    [
        (player(), Known(), None),
        (player(), Known(identified={ANN: Identified.OVERDUE}), Refusal.PLAYER_NOT_VERIFIED),
        (player(), Known(registered={ANN: Verdict.EXCLUDED}), Refusal.PLAYER_EXCLUDED),
        (player(status=PlayerStatus.SUSPENDED), Known(), Refusal.PLAYER_NOT_ACTIVE),
        # Nothing of a session, a place, a limit or a stake is asked of who plays for nothing.
        (
            player(),
            Known(
                located={0: Located(standing=Standing.BLOCKED)},
                paces={0: Pace.ON_BREAK},
                plans={0: Planned.OVER},
                agreed={ANN: False},
                time_up={ANN},
            ),
            None,
        ),
    ],
)
def test_a_demonstration_is_for_whoever_may_play(
    who: Player, known: Known, reason: Refusal | None
) -> None:
    check = wager(product=Product.GAMES, stake_micros=0)

    (answer,) = decide_wagers([check], {ANN: who}, {"demo": DEMO}, known, only=DEMONSTRATION_RULES)

    assert (answer.reason if isinstance(answer, Refused) else None) == reason


def test_every_standing_has_an_answer() -> None:
    for standing in Standing:
        decide_wagers(
            [wager()],
            {ANN: player()},
            {"demo": DEMO},
            Known(located={0: Located(standing=standing)}),
        )
