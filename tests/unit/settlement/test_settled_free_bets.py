"""Free bets as facts tell them: final in those of before, and counted by no limit in any."""

from __future__ import annotations

from typing import Any

import pytest

from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.upcasting import Schemas
from pitboss.sportsbook.betting.model import bets_after
from pitboss.sportsbook.settlement.facts import FACTS, BetResettled, BetSettled

SCHEMAS = Schemas(FACTS)
ANN, BET, OTHER = PlayerId("ann"), BetId("bet"), BetId("other")
UNIT = 1_000_000
MOVED: dict[str, Any] = {"key": "k", "micros": 5 * UNIT, "currency": "EUR"}


def settled(*kinds: str, **more: Any) -> dict[str, Any]:
    """Return what a fact says of a settlement that moved money in these ways."""
    return {
        "type": "bet.settled",
        "bet_id": BET,
        "player_id": ANN,
        "returns_micros": 5 * UNIT,
        "currency": "EUR",
        "voided": False,
        "rules": "settlement.v2",
        "rounding": "down.v1",
        "results": [],
        "result_nos": [],
        "movements": [{**MOVED, "kind": kind} for kind in kinds],
        **more,
    }


def resettled(**more: Any) -> dict[str, Any]:
    """Return what a fact says of a bet that returned five and returns nothing."""
    return {
        **settled("transfer", **more),
        "type": "bet.resettled",
        "version": 2,
        "stake_micros": 10 * UNIT,
        "was_micros": 5 * UNIT,
        "was_voided": False,
        "returns_micros": 0,
        "cause": "result",
        "reason": "",
        "result_no": 2,
        "owed_micros": 0,
        "absorbed_micros": 0,
        "settled_at": "2026-08-15T14:00:00Z",
    }


@pytest.mark.parametrize("sv", [1, 2])
@pytest.mark.parametrize(
    ("kinds", "final"),
    [
        (["transfer"], True),
        ([], True),
        (["post"], False),
        (["post", "transfer"], False),
        (["void"], False),
    ],
)
def test_of_what_was_settled_before_free_bets_alone_are_final(
    sv: int, kinds: list[str], final: bool
) -> None:
    told = settled(*kinds)
    if not kinds:
        # As it is stored: what has its default is left out.
        del told["movements"]

    fact = SCHEMAS.read_fact(sv, told)

    assert isinstance(fact, BetSettled)
    assert fact.final is final


@pytest.mark.parametrize("kinds", [["transfer"], [], ["post"]])
def test_nothing_that_is_settled_now_is_final(kinds: list[str]) -> None:
    fact = SCHEMAS.read_fact(3, settled(*kinds))

    assert isinstance(fact, BetSettled)
    assert not fact.final


def test_a_correction_of_before_was_of_the_players_own_money_and_is_counted() -> None:
    old, new = SCHEMAS.read_fact(2, resettled()), SCHEMAS.read_fact(3, resettled(free=True))

    assert isinstance(old, BetResettled)
    assert isinstance(new, BetResettled)
    assert [(play.settled, play.returned) for play in old.plays] == [(0, -5 * UNIT)]
    assert (old.free, new.free, new.plays) == (False, True, ())


def test_a_bet_stands_on_a_free_bet_once_and_gives_back_only_what_is_its_own() -> None:
    one = bets_after((), BET, stands=True)
    both = bets_after(one, OTHER, stands=True)

    assert bets_after(both, BET, stands=True) == both == (BET, OTHER)
    assert bets_after(both, BET, stands=False) == (OTHER,)
    assert bets_after((OTHER,), BET, stands=False) == (OTHER,)
    assert bets_after(one, BET, stands=False) == ()
