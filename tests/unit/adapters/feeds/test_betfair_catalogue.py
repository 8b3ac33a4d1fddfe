"""What the stream says is what the catalogue is told: open when it is open, at the price it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from pitboss.adapters.feeds.betfair import (
    Definition,
    MarketNews,
    Runner,
    RunnerStatus,
    Status,
    read_file,
)
from pitboss.adapters.feeds.betfair_catalogue import (
    Ended,
    Step,
    Translator,
    Unknown,
    results_of,
    selection_of,
)
from pitboss.kernel.ids import MarketId, SelectionId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    MarketStatus,
    MoreMarkets,
    NewEvent,
    NewMarket,
    PriceChange,
    SelectionChange,
    StatusChange,
)
from pitboss.sportsbook.settlement.model import LOST, VOID, WON, Result, Withdrawn
from recordings import ALL, IN_PLAY, RACE_PLACE, RACE_WIN, REMOVALS, recording

START = datetime(2022, 4, 19, 18, 26, tzinfo=UTC)


@dataclass(slots=True)
class Plain:
    """A catalogue in a few dictionaries, which does what steps say."""

    statuses: dict[MarketId, MarketStatus] = field(default_factory=dict)
    prices: dict[SelectionId, Fraction] = field(default_factory=dict)
    active: dict[SelectionId, bool] = field(default_factory=dict)
    stages: list[EventChange] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    def do(self, steps: Iterable[Step]) -> None:
        """Do them, in order; whatever cannot be done fails."""
        for step in steps:
            match step:
                case NewEvent() | MoreMarkets():
                    for market in step.markets:
                        self._open(market)
                case StatusChange():
                    assert self.statuses[step.market_id] is not MarketStatus.CLOSED
                    self.statuses[step.market_id] = step.status
                case PriceChange():
                    assert self.prices[step.selection_id] != step.price
                    self.prices[step.selection_id] = step.price
                case SelectionChange():
                    assert self.active[step.selection_id] is not step.active
                    self.active[step.selection_id] = step.active
                case EventChange():
                    self.stages.append(step)
                case Ended():
                    self.ended.append(step)
                case Unknown():
                    self.unknown.append(step)

    def _open(self, market: NewMarket) -> None:
        assert market.id not in self.statuses
        self.statuses[market.id] = market.status
        for item in market.selections:
            self.prices[item.id], self.active[item.id] = item.price, True


def runner(number: int, status: RunnerStatus = RunnerStatus.ACTIVE) -> Runner:
    """Return a runner."""
    return Runner(id=number, name=None, status=status, adjustment=None, removed_at=None)


def definition(*runners: Runner, winners: int = 1, kind: str = "WIN") -> Definition:
    """Return a market that is open."""
    return Definition(
        market_id="1.1",
        event_id="31389771",
        sport_id="4339",
        kind=kind,
        version=1,
        status=Status.OPEN,
        in_play=False,
        in_play_later=False,
        bet_delay_seconds=0,
        winners=winners,
        starts_at=START,
        venue="Sheffield",
        each_way_divisor=None,
        runners=runners or (runner(1), runner(2)),
    )


def news(
    found: Definition | None = None, *, anew: bool = False, **prices: str | None
) -> MarketNews:
    """Return a message; prices by runner: `r1="2.5"`."""
    return MarketNews(
        market_id="1.1",
        published_at=START,
        definition=found,
        prices={
            int(name[1:]): None if text is None else Fraction(text) for name, text in prices.items()
        },
        anew=anew,
    )


def recorded(name: str) -> list[MarketNews]:
    """Return what a recorded file says."""
    return [item for item in read_file(recording(name)) if isinstance(item, MarketNews)]


def played(*messages: MarketNews) -> Plain:
    """Return the catalogue after these messages."""
    plain, translator = Plain(), Translator()
    for message in messages:
        plain.do(translator.translate(message))
    return plain


@pytest.mark.parametrize("name", ALL)
def test_a_market_is_open_just_while_the_exchange_says_so_and_at_its_prices(name: str) -> None:
    plain, translator = Plain(), Translator()
    known: Definition | None = None
    offered: dict[int, Fraction] = {}

    for message in recorded(name):
        plain.do(translator.translate(message))
        known = message.definition or known
        assert known is not None
        offered = {} if message.anew else offered
        for number, price in message.prices.items():
            offered.pop(number, None)
            if price is not None:
                offered[number] = price
        (status,) = plain.statuses.values()
        assert (status is MarketStatus.OPEN) == (known.status is Status.OPEN)
        if known.status is Status.CLOSED:
            continue
        (market_id,) = plain.statuses
        runs = {item.id for item in known.runners if item.status is RunnerStatus.ACTIVE}
        for number in (item.id for item in known.runners):
            item = selection_of(market_id, number)
            assert plain.active[item] == (number in runs and number in offered)
            if plain.active[item]:
                assert plain.prices[item] == offered[number]

    assert set(plain.statuses.values()) == {MarketStatus.CLOSED}
    assert len(plain.ended) == 1


def test_in_play_comes_with_its_delay() -> None:
    plain = played(
        *(item for item in read_file(recording(IN_PLAY)) if isinstance(item, MarketNews))
    )

    stages = [item for item in plain.stages if item.status is not None]
    assert [(item.status, item.bet_delay_seconds, item.in_play_open) for item in stages] == [
        (EventStatus.LIVE, 1, True),
        (EventStatus.ENDED, None, None),
    ]


@pytest.mark.parametrize(
    ("name", "winners", "void"),
    [
        (RACE_WIN, [37947503], []),
        (RACE_PLACE, [37947503, 39823721], []),
        (IN_PLAY, [12115648], [11198538, 9606433]),
        (REMOVALS, [49808334, 49808335, 49808342], [2329545, 49808340, 42011335]),
    ],
)
def test_winners_win_and_who_was_removed_is_void(
    name: str, winners: Sequence[int], void: Sequence[int]
) -> None:
    plain = played(*recorded(name))

    (ended,) = plain.ended
    assert ended.results is not None
    by_runner = {
        **dict.fromkeys(winners, WON),
        **dict.fromkeys(void, VOID),
    }
    said = {
        item: replace(result, withdrawn=())
        for item, result in ended.results.items()
        if result != LOST
    }
    assert said == {
        selection_of(ended.market_id, number): result for number, result in by_runner.items()
    }
    assert len(ended.results) == len(plain.prices)
    assert len(ended.removals) == len(void)


@pytest.mark.parametrize(("name", "removed"), [(RACE_WIN, 0), (REMOVALS, 3)])
def test_bets_on_winners_suffer_what_the_exchange_took_from_their_prices(
    name: str, removed: int
) -> None:
    (ended,) = played(*recorded(name)).ended

    assert ended.results is not None
    taken = tuple(
        Withdrawn(at=write_instant(removed_at), factor=str(share))
        for removed_at, share in ended.removals
    )
    assert len(taken) == removed
    for result in ended.results.values():
        assert result.withdrawn == (taken if result.won else ())


def test_two_markets_of_a_race_are_one_event() -> None:
    messages = [message for name in (RACE_WIN, RACE_PLACE) for message in recorded(name)]
    messages.sort(key=lambda item: item.published_at)
    translator = Translator()
    steps = [step for message in messages for step in translator.translate(message)]

    (event,) = [step for step in steps if isinstance(step, NewEvent)]
    (more,) = [step for step in steps if isinstance(step, MoreMarkets)]
    assert more.event_id == event.id
    kinds = {(market.kind, market.specifiers) for market in (*event.markets, *more.markets)}
    assert kinds == {("race_winner", ""), ("race_place", "places=2")}


def test_nobody_bets_at_a_price_from_before_a_suspension() -> None:
    first = definition()
    suspended = replace(first, version=2, status=Status.SUSPENDED)
    again = replace(first, version=3)
    translator = Translator()
    translator.translate(news(first, r1="2.5", r2="3"))

    down = translator.translate(news(suspended, r1="2.6"))
    up = translator.translate(news(again, r1="2.8"))

    assert [type(step) for step in down] == [StatusChange, PriceChange]
    assert [type(step) for step in up] == [PriceChange, StatusChange]


def test_a_runner_that_nobody_offers_a_price_for_takes_no_bets() -> None:
    plain = played(news(definition(), r1="2.5"), news(r1=None), news(r1="2.5", r2="7"))
    market_id = MarketId(derived_id("betfair", "market", "1.1"))

    assert plain.active == dict.fromkeys(
        (selection_of(market_id, 1), selection_of(market_id, 2)), True
    )
    assert plain.prices[selection_of(market_id, 2)] == 7


def test_after_a_lost_message_nothing_is_offered_until_it_is_said_again() -> None:
    plain, translator = Plain(), Translator()
    plain.do(translator.translate(news(definition(), r1="2.5", r2="3")))
    plain.do(translator.distrust())
    assert not any(plain.active.values())

    plain.do(translator.translate(news(r1="2.5")))

    assert sorted(plain.active.values()) == [False, True]


def test_what_is_older_than_what_is_known_is_passed_by() -> None:
    first = replace(definition(), version=5)
    late = replace(first, version=4, status=Status.SUSPENDED)

    plain = played(news(first, r1="2.5"), news(late, r1="9"))

    assert set(plain.statuses.values()) == {MarketStatus.OPEN}
    assert Fraction(9) not in plain.prices.values()


def test_a_recorded_race_may_be_run_today() -> None:
    (opened, *_) = Translator(shift=timedelta(days=1_000)).translate(news(definition()))

    assert isinstance(opened, NewEvent)
    assert opened.starts_at == START + timedelta(days=1_000)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (replace(definition(), sport_id="1"), "sport"),
        (definition(kind="FORECAST"), "FORECAST"),
        (definition(kind="PLACE", winners=1), "places"),
        (replace(definition(), status=Status.CLOSED), "over"),
        (replace(definition(), runners=()), "nobody"),
    ],
)
def test_what_cannot_be_offered_is_told_once(found: Definition, reason: str) -> None:
    plain = played(news(found), news(found), news(r1="2"))

    assert not plain.statuses
    (told,) = plain.unknown
    assert reason in told.reason


WINNER, LOSER, REMOVED = RunnerStatus.WINNER, RunnerStatus.LOSER, RunnerStatus.REMOVED
HALF = Result(won=True, dead_heat=Fraction(1, 2))


@pytest.mark.parametrize(
    ("statuses", "winners", "expected"),
    [
        ((WINNER, LOSER, REMOVED), 1, (WON, LOST, VOID)),
        ((WINNER, WINNER, LOSER), 1, (HALF, HALF, LOST)),
        ((WINNER, WINNER, LOSER), 2, (WON, WON, LOST)),
        ((WINNER, LOSER, LOSER), 2, (WON, LOST, LOST)),
        ((WINNER, WINNER, WINNER), 2, None),
        ((LOSER, LOSER, REMOVED), 1, (VOID, VOID, VOID)),
        ((WINNER, RunnerStatus.ACTIVE, LOSER), 1, None),
    ],
)
def test_ties_share_and_what_the_stream_does_not_tell_stays_open(
    statuses: Sequence[RunnerStatus], winners: int, expected: Sequence[Result] | None
) -> None:
    found = definition(
        *(runner(number, status) for number, status in enumerate(statuses)), winners=winners
    )

    told = results_of(found)

    assert told == (None if expected is None else dict(enumerate(expected)))
