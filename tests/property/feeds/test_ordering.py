"""What is said of a market, lost, repeated and in any order: the newest message counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.feeds import rules
from pitboss.sportsbook.feeds.model import (
    AnyMessage,
    Board,
    BoardMarket,
    Delivery,
    FeedName,
    ForeignEvent,
    ForeignMarket,
    MarketRef,
    Offered,
    Phase,
    ProducerId,
    ProducerTerms,
    Quote,
    Quoted,
    QuotedMarket,
    Stopped,
)

LIVE = ProducerId("uof:1")
EVENT = ForeignEvent("sr:match:1")
T0_MS = 1_783_000_000_000
REF = MarketRef(foreign=ForeignMarket("1"), kind="1x2")
CODES = ("home", "draw", "away")


def quoted(at: int, cents: int, offered: Offered, *, early: bool) -> Quoted:
    prices = (f"2.{cents:02}", "3.4", "3.6")
    quotes = tuple(
        Quote(foreign=str(number), code=code, price=price, active=True)
        for number, (code, price) in enumerate(zip(CODES, prices, strict=True))
    )
    return Quoted(
        producer=LIVE,
        generated_ms=T0_MS + at,
        event=EVENT,
        markets=(QuotedMarket(ref=REF, offered=offered, quotes=quotes),),
        early=early,
    )


@st.composite
def stories(draw: st.DrawFn) -> list[AnyMessage]:
    """Return what a producer says of one market, each thing at another millisecond."""
    times = draw(st.lists(st.integers(0, 500), min_size=1, max_size=8, unique=True))
    said: list[AnyMessage] = []
    for at in sorted(times):
        if draw(st.booleans()):
            kinds = draw(st.sampled_from([None, ("1x2",), ("total",)]))
            said.append(Stopped(producer=LIVE, generated_ms=T0_MS + at, event=EVENT, kinds=kinds))
        else:
            offered = draw(st.sampled_from(list(Offered)))
            said.append(quoted(at, draw(st.integers(0, 50)), offered, early=draw(st.booleans())))
    return said


def market() -> BoardMarket:
    return BoardMarket(
        id=MarketId("m"),
        kind="1x2",
        specifiers="",
        producer=LIVE,
        status="open",
        selections={code: SelectionId(code) for code in CODES},
    )


def end(said: Sequence[AnyMessage], sizes: Sequence[int]) -> tuple[str, Fraction | None]:
    """Return how the market stands after these messages, worked off in batches of these sizes."""
    found = market()
    start = datetime(2026, 7, 2, tzinfo=UTC)
    board = Board(
        event_id=EventId("e"), sport="football", starts_at=start, markets={found.key: found}
    )
    desk = rules.Desk(
        terms={LIVE: ProducerTerms(id=LIVE, phase=Phase.LIVE)},
        boards={EVENT: board},
        marks={},
        now_ms=T0_MS + 1_000,
    )
    rest = [Delivery(feed=FeedName("uof"), body=b"", said=item) for item in said]
    for size in [*sizes, len(rest)]:
        rules.take(desk, rest[:size])
        rest = rest[size:]
    assert not desk.plan.notes
    return found.status, desk.plan.prices.get(SelectionId("home"))


def expected(said: Sequence[AnyMessage]) -> tuple[str, Fraction | None]:
    """Return how the market should stand, worked out from the whole story in its order."""
    status, price = "open", None
    for item in said:
        match item:
            case Stopped(kinds=kinds) if kinds is None or "1x2" in kinds:
                status = "suspended"
            case Quoted(markets=(sold,), early=early):
                status = "open" if sold.offered is Offered.ACTIVE and not early else "suspended"
                if sold.offered is Offered.ACTIVE and sold.quotes[0].price is not None:
                    price = Fraction(sold.quotes[0].price)
            case _:
                pass
    return status, price


@given(stories(), st.lists(st.integers(1, 3), max_size=4))
def test_in_their_order_the_newest_message_counts(said: list[AnyMessage], sizes: list[int]) -> None:
    assert end(said, sizes) == expected(said)


@given(stories(), st.lists(st.integers(1, 3), max_size=4), st.data())
def test_whatever_comes_twice_or_late_the_market_stands_as_if_all_had_come_in_order(
    said: list[AnyMessage], sizes: list[int], data: st.DataObject
) -> None:
    heard = data.draw(st.permutations([*said, *data.draw(st.lists(st.sampled_from(said)))]))

    status, _ = end(heard, sizes)

    assert status == expected(said)[0]


@given(stories(), st.data())
def test_a_market_is_open_only_if_its_newest_message_sells_it(
    said: list[AnyMessage], data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.sampled_from(range(len(said)))))
    heard = [item for number, item in enumerate(said) if number not in lost]

    status, _ = end(data.draw(st.permutations(heard)), [])

    assert status == expected(heard)[0]
