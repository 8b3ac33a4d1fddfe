"""What a bet may return, and how its returns are rounded, is the licence's to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integration.sportsbook.world import KICK_OFF, UNIT, World, new_event, selection
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.api import catalogue
from pitboss.db import Database
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import EventId, SelectionId, derived_id
from pitboss.kernel.money import Rounding
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.betting.operations import terms
from pitboss.sportsbook.catalog.model import (
    Event,
    EventChange,
    EventState,
    EventStatus,
    MarketKind,
)
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
CENT = UNIT // 100
NOT_ALLOWED = "in_play_not_offered"


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    """Let nobody remember what a licence said before, or says in here."""
    forget()
    yield
    forget()


def forget() -> None:
    terms.allowed.cache_clear()


def as_in(
    monkeypatch: pytest.MonkeyPatch, code: str, rounding: Rounding | None = None
) -> Jurisdiction:
    """Let the players of this world have the returns and the rounding of a licence."""
    wanted = jurisdictions.get(code).sportsbook
    values = {
        "returns_micros_max": wanted.returns_micros_max,
        "rounding": rounding or wanted.rounding,
    }
    forget()
    kept = {name: getattr(wanted, name) for name in ("in_play_allowed", "in_play_kinds")}
    return put_in_force(monkeypatch, {"sportsbook": {**values, **kept}})


@pytest.mark.parametrize("code", CODES)
async def test_a_bet_returns_the_most_that_the_licence_names_and_not_a_cent_more(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.returns_micros_max", code)
    most = as_in(monkeypatch, code).sportsbook.returns_micros_max
    legs = [selection(name, MarketKind.MATCH_RESULT, "home") for name in "abc"]
    for name in "abc":
        await world.event(name)
    ann = await world.player(units=100)
    # Together the three prices make ten units into the most that may be returned.
    factor = most // (10 * UNIT)
    await world.reprice((legs[0], "100"), (legs[1], "100"), (legs[2], str(factor // 10_000)))

    at_it = await world.wish(ann, *legs, stake_micros=10 * UNIT, tick=2)
    above = await world.wish(ann, *legs, stake_micros=10 * UNIT + CENT, tick=2)
    await world.process()

    assert factor % 10_000 == 0
    assert (await world.bet(ann, at_it)).state is BetState.ACCEPTED
    refused = await world.bet(ann, above)
    assert (refused.state, refused.refusal) == (BetState.REFUSED, "returns_too_large")
    assert await world.balance(ann) == (100 * UNIT, 10 * UNIT)


@pytest.mark.parametrize("code", CODES)
async def test_returns_are_rounded_as_the_licence_says_and_the_bet_remembers_it(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.rounding", code)
    event = await world.event("a")
    over = selection("a", MarketKind.TOTAL_GOALS, "over")
    own = jurisdictions.get(code).sportsbook.rounding
    placed = {}
    # 3.33 at 1.9 is 6.327: whoever rounds down pays 6.32, and to the nearest 6.33.
    for rule in Rounding:
        as_in(monkeypatch, code, rule)
        ann = await world.player(units=100)
        placed[rule] = ann, await world.wish(ann, over, stake_micros=3 * UNIT + 33 * CENT)
        await world.process()
    # What the licence says later changes no bet that was struck before.
    as_in(monkeypatch, code)

    await world.score(event, 3, 0)
    await world.settle()

    paid = {}
    for rule, (ann, bet_id) in placed.items():
        assert (await world.bet(ann, bet_id)).rounding is rule
        posted, _ = await world.balance(ann)
        paid[rule] = posted - 100 * UNIT + 333 * CENT
    up = dict.fromkeys((Rounding.HALF_UP_V1, Rounding.HALF_EVEN_V1), 633 * CENT)
    assert paid == {Rounding.DOWN_V1: 632 * CENT, **up}
    assert own in paid


@pytest.mark.parametrize("code", CODES)
async def test_in_play_is_bet_on_what_the_licence_names_and_on_nothing_else(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.in_play_allowed", code)
    proves("sportsbook.in_play_kinds", code)
    licence = as_in(monkeypatch, code)
    kinds = {kind: selection("a", kind, kind.codes[0]) for kind in MarketKind}
    await world.at_the_desk(catalog.open_events, replace(new_event("a"), in_play_open=True))
    ahead = await world.event("b")
    ann = await world.player(units=100)

    async def refusals(*others: SelectionId) -> dict[MarketKind, str | None]:
        """Return why a bet on each kind is refused now, if it is."""
        placed = {kind: await world.wish(ann, leg, *others) for kind, leg in kinds.items()}
        await world.process()
        return {kind: (await world.bet(ann, one)).refusal for kind, one in placed.items()}

    before = await refusals()
    # It has begun, a little before it was to start.
    live = EventChange(event_id=EventId(derived_id("event", "a")), status=EventStatus.LIVE)
    await world.at_the_desk(catalog.change_events, live)
    in_play = await refusals()
    doubles = await refusals(selection("b", MarketKind.MATCH_RESULT, "home"))
    put_in_force(monkeypatch, {"sportsbook": {"in_play_allowed": False, "in_play_kinds": ()}})
    forget()
    nowhere = await refusals()

    named = {kind.value for kind in licence.sportsbook.in_play_kinds}
    expected = {kind: None if named & {kind, "every"} else NOT_ALLOWED for kind in MarketKind}
    assert ahead
    assert before == dict.fromkeys(MarketKind)
    assert in_play == doubles == expected
    assert nowhere == dict.fromkeys(MarketKind, NOT_ALLOWED)


@pytest.mark.parametrize("code", CODES)
def test_who_sees_an_event_in_play_is_told_that_it_may_be_late(code: str, proves: Proves) -> None:
    """Pages of events are the same for every licence, so they are as strict as the strictest."""
    proves("sportsbook.in_play_notice", code)
    event = Event(
        id=EventId(derived_id("event", "a")),
        sport="football",
        competition="League",
        home="home",
        away="away",
        starts_at=KICK_OFF,
        markets=(),
    )
    shown = {
        status: catalogue.event_view(
            replace(event, state=EventState(status=status, in_play_open=True))
        ).notice
        for status in EventStatus
    }

    assert jurisdictions.get(code).sportsbook.in_play_notice
    assert {status for status, notice in shown.items() if notice} == {EventStatus.LIVE}
