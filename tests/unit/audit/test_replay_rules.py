"""A settlement agrees only if each coin went from whom it was owed by to whom it was owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replace_known
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pitboss.audit.replay.model import Coin, KnownResult, Replayed
from pitboss.audit.replay.rules import replay
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.model import Leg, stake_account
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import LOST, VOID, WON, Result
from pitboss.wallet.model import player_account

PLAYER = PlayerId("00000000-0000-7000-8000-00000000000a")
BET = BetId("00000000-0000-7000-8000-00000000000b")
MARKET = MarketId("00000000-0000-7000-8000-00000000000c")
SELECTION = SelectionId("00000000-0000-7000-8000-00000000000d")
EVENT = EventId("00000000-0000-7000-8000-00000000000e")
THIEF = PlayerId("00000000-0000-7000-8000-00000000000f")
UNIT = 1_000_000
RESULTED_AT = datetime(2026, 8, 1, 14, tzinfo=UTC)
ACCEPTED_AT = RESULTED_AT - timedelta(days=1)

MINE = player_account(PLAYER, "EUR")
THEIRS = player_account(THIEF, "EUR")
HOUSE = stake_account(shard_of(PLAYER), "EUR")
HOLD = Movement(kind="hold", key=BET, micros=10 * UNIT, currency="EUR", account=MINE)
POST = Movement(
    kind="post", key=BET, micros=10 * UNIT, currency="EUR", debit=MINE, credit=HOUSE, hold=BET
)
RETURNS = Movement(
    kind="transfer",
    key=derived_id("returns", BET),
    micros=25 * UNIT,
    currency="EUR",
    debit=HOUSE,
    credit=MINE,
)
RELEASE = Movement(kind="void", key=BET, micros=10 * UNIT, currency="EUR", account=MINE)


def work_out(
    result: Result,
    *movements: Movement,
    held: Movement = HOLD,
    settled_at: datetime = RESULTED_AT,
    superseded_at: datetime | None = None,
    **told: Any,
) -> Replayed:
    """Replay a single at 5/2 that ended so, and that moved this money."""
    leg = Leg(selection_id=SELECTION, market_id=MARKET, event_id=EVENT, price="5/2", tick=1)
    accepted = BetAccepted(
        bet_id=BET,
        player_id=PLAYER,
        stake_micros=10 * UNIT,
        currency="EUR",
        rounding="down.v1",
        jurisdiction="demo",
        legs=(leg,),
        placed_at="2026-08-01T12:00:00Z",
        movements=(held,),
    )
    ended = result.told_of(SELECTION)
    resulted = MarketResulted(
        market_id=MARKET,
        event_id=EVENT,
        no=1,
        version=1,
        score="1-0",
        rules="settlement.v1",
        results=(ended,),
    )
    settled = BetSettled(
        bet_id=BET,
        player_id=PLAYER,
        currency="EUR",
        rules="settlement.v1",
        rounding="down.v1",
        results=(ended,),
        result_nos=(1,),
        movements=movements,
        **told,
    )
    known = {1: replace_known(KnownResult.of(resulted, RESULTED_AT), superseded_at=superseded_at)}
    return replay(
        accepted, settled, known, RULE_BOOK, accepted_at=ACCEPTED_AT, settled_at=settled_at
    )


def won(*movements: Movement, held: Movement = HOLD) -> Replayed:
    """Replay the bet as one that was won."""
    return work_out(WON, *movements, held=held, returns_micros=25 * UNIT, voided=False)


def test_a_bet_that_moved_what_it_should_agrees() -> None:
    lost = work_out(LOST, POST, returns_micros=0, voided=False)
    void = work_out(VOID, RELEASE, returns_micros=10 * UNIT, voided=True)

    assert won(POST, RETURNS).disagreements == lost.disagreements == void.disagreements == ()
    assert won(POST, RETURNS).coin == Coin(taken=10 * UNIT, paid=25 * UNIT)
    assert lost.coin == Coin(taken=10 * UNIT)
    assert void.coin == Coin(released=10 * UNIT)


@pytest.mark.parametrize(
    ("steal", "why"),
    [
        (lambda: won(replace(POST, credit=THEIRS), RETURNS), f'"credit":"{THEIRS}"'),
        (lambda: won(POST, replace(RETURNS, debit=THEIRS)), f'"debit":"{THEIRS}"'),
        (lambda: won(POST, replace(RETURNS, credit=THEIRS)), "10000000 micros were taken, 0 paid"),
        (lambda: won(POST, RETURNS, replace(RETURNS, credit=THEIRS)), "and nothing is right"),
        (lambda: won(replace(POST, hold=MARKET), RETURNS), f'"hold":"{MARKET}"'),
        (lambda: won(replace(POST, currency="JPY"), RETURNS), '"currency":"JPY"'),
        (lambda: won(POST, replace(RETURNS, key=BET)), f'"key":"{BET}","micros":25000000'),
        (lambda: won(POST, RETURNS, RETURNS), "10000000 micros were taken, 50000000 paid"),
        (lambda: won(POST, RETURNS, held=replace(HOLD, account=THEIRS)), "the stake was held by"),
        (lambda: won(POST, RETURNS, held=replace(HOLD, micros=1)), "the stake was held by"),
    ],
)
def test_a_coin_that_went_astray_is_named(steal: Callable[[], Replayed], why: str) -> None:
    replayed = steal()

    assert why in "\n".join(replayed.disagreements)


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ({"settled_at": RESULTED_AT - timedelta(minutes=1)}, "result 1 was recorded at"),
        (
            {
                "settled_at": RESULTED_AT + timedelta(hours=1),
                "superseded_at": RESULTED_AT + timedelta(minutes=1),
            },
            "result 1 was superseded at",
        ),
    ],
)
def test_a_result_counts_only_from_when_it_was_known_until_a_newer_one_came(
    times: dict[str, Any], why: str
) -> None:
    (told,) = work_out(
        WON, POST, RETURNS, returns_micros=25 * UNIT, voided=False, **times
    ).disagreements

    assert told.startswith(why)


def test_clocks_that_differ_by_seconds_are_no_alarm() -> None:
    early, late = RESULTED_AT - timedelta(seconds=5), RESULTED_AT + timedelta(seconds=5)

    for settled_at, superseded_at in ((early, None), (late, RESULTED_AT)):
        found = work_out(
            WON,
            POST,
            RETURNS,
            returns_micros=25 * UNIT,
            voided=False,
            settled_at=settled_at,
            superseded_at=superseded_at,
        )
        assert found.disagreements == ()
