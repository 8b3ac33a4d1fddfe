"""Places that are paid otherwise while a bet waits are not the ones that its player saw."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from integration.sportsbook.test_betting_obeys_licences import forget
from integration.sportsbook.test_each_way import EACH_WAY
from integration.sportsbook.test_kinds import pick
from integration.sportsbook.test_races_obey_licences import a_race, as_in
from integration.sportsbook.test_referral import refer, say
from integration.sportsbook.test_shapes import the_record_agrees
from integration.sportsbook.test_trading import books
from integration.sportsbook.world import UNIT, World
from pitboss.db import Database
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.returns.model import PlaceTerms, TermsChange


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    """Let nobody remember what a licence said before, or says in here."""
    forget()
    yield
    forget()


async def test_a_bet_on_places_is_refused_if_others_are_paid_when_a_trader_takes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_in(monkeypatch, "GB", "each_way_terms", "rule4_table")
    race = a_race()
    await world.at_the_desk(catalog.open_events, race)
    player = await world.player(units=100)
    await refer(world, one=15, referral=30, total=30)
    bet_id = await world.wish(player, pick(race.id, "race_winner", "3"), units=40, shape=EACH_WAY)
    await world.process()
    assert (await world.bet(player, bet_id)).state is BetState.DELAYED

    # By the table it was three places at a fifth; now the winner is paid twice.
    terms = PlaceTerms(places=1, fraction=Fraction(1))
    async with world.turn(CATALOGUE_SHARD) as turn:
        change = TermsChange(market_id=race.markets[0].id, terms=terms)
        await catalog.set_place_terms(turn, [change])
    await say(world, player, bet_id)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "place_terms_changed"
    assert await books(world) == {}
    assert await world.balance(player) == (100 * UNIT, 0)
    await the_record_agrees(world)
