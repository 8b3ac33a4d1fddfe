"""What waits because it was torn is marked, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.settlement.model import Awaited, AwaitedSelection, Late
from pitboss.sportsbook.settlement.rules import with_torn

HOME, DRAW, ELSEWHERE = (SelectionId(name) for name in ("home", "draw", "elsewhere"))


def waiting(*selections: SelectionId) -> Awaited:
    return Awaited(
        market_id=MarketId("market"),
        event_id=EventId("event"),
        sport="football",
        home="A",
        away="B",
        event_name=None,
        starts_at=datetime(2026, 8, 15, 14, tzinfo=UTC),
        event_status="ended",
        kind="1x2",
        line=None,
        specifiers="",
        producer="uof:1",
        status="closed",
        late=Late.EVENT_OVER,
        part_void=False,
        selections=tuple(
            AwaitedSelection(
                selection_id=one, code=one, currency="EUR", bets=1, stake_micros=1_000_000
            )
            for one in selections
        ),
    )


def test_a_market_with_a_torn_selection_is_torn() -> None:
    market = with_torn(waiting(HOME, DRAW), {HOME})

    assert market.late is Late.TORN
    assert [item.torn for item in market.selections] == [True, False]


def test_what_is_torn_elsewhere_is_no_matter_of_a_market() -> None:
    assert with_torn(waiting(HOME, DRAW), {ELSEWHERE}) == waiting(HOME, DRAW)
