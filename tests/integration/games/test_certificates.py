"""Promises about the lives of certificates: they end, are withdrawn, and are followed by others."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.dealing import (
    ELEVEN,
    FREE,
    SCATTERS,
    Parlour,
    Scripted,
    at_cards,
    house_listing,
    next_step,
    on_red,
    on_reels,
)
from integration.games.world import Games, certified, listing, stake, undo, win
from integration.players.people import assert_rebuilt
from pitboss.db import Database
from pitboss.games import dealing, house, registry
from pitboss.games.dealing.model import PROVIDER
from pitboss.games.dealing.model import Refusal as NotDealt
from pitboss.games.house.model import Action, House
from pitboss.games.house.rules import blackjack
from pitboss.games.registry.model import Changed, Refusal, Refused, Standing
from pitboss.games.rounds.model import Done, NotOpened
from pitboss.games.rounds.model import Refused as NotPlayed
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of


@pytest.fixture
async def world(database: Database) -> Games:
    return Games(database=database)


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    parlour = Parlour(database=database)
    await parlour.list_games(*(house_listing(game) for game in House))
    return parlour


async def seated(world: Games) -> PlayerId:
    """Return a player with a hundred units who sits in the game."""
    await world.list_games()
    player = await world.player(units=100)
    await world.launch(player)
    return player


async def standings(world: Games) -> tuple[Standing, ...]:
    async with world.database.reading() as tx:
        (offer,) = await registry.find_games(tx)
    return offer.standings


async def test_a_certificate_tells_its_last_day_when_it_is_imported_or_once_later(
    world: Games,
) -> None:
    ends = certified(listing(), expires_on="2026-12-31")
    await world.take_in(listing())

    told = await world.take_in(ends)
    again = await world.take_in(ends, listing())
    other = await world.take_in(certified(listing(), expires_on="2027-01-01"))
    await world.take_in(certified(listing(), number="L-2", expires_on="2028-06-30"))

    assert told == [Changed(changed=True)]
    assert again == [Changed(changed=False)] * 2
    assert other == [Refused(reason=Refusal.ANOTHER_CERTIFICATE)]
    # The one that counts longest says how long.
    assert await standings(world) == (Standing(licence="demo", expires_on=date(2028, 6, 30)),)
    await assert_rebuilt(world.database)


async def test_a_list_that_contradicts_itself_about_a_last_day_is_not_taken_in(
    world: Games,
) -> None:
    silent = listing()
    days = [
        certified(silent, expires_on=day).certificates[0] for day in ("2027-01-01", "2028-01-01")
    ]

    for order in (days, [*silent.certificates, *days], [days[0], *silent.certificates, days[1]]):
        wrong = structs.replace(silent, certificates=tuple(order))
        assert await world.take_in(wrong) == [Refused(reason=Refusal.ANOTHER_CERTIFICATE)]
    await world.take_in(
        structs.replace(silent, certificates=(*silent.certificates, days[1], days[1]))
    )

    assert await standings(world) == (Standing(licence="demo", expires_on=date(2028, 1, 1)),)


async def test_a_certificate_is_withdrawn_for_one_licence_and_for_ever(world: Games) -> None:
    await world.take_in(listing(licences=("demo", "SE")))

    first = await world.withdraw_certificates()
    again = await world.withdraw_certificates()
    await world.take_in(listing(licences=("demo", "SE")))

    assert (first, again) == (Changed(changed=True), Changed(changed=False))
    assert await standings(world) == (
        Standing(licence="SE"),
        Standing(licence="demo", withdrawn=True),
    )
    await assert_rebuilt(world.database)


@pytest.mark.parametrize("changes", [{"number": "L-2"}, {"issued_on": "2026-07-31"}])
async def test_another_number_or_another_day_is_another_certificate(
    world: Games, changes: dict[str, str]
) -> None:
    await world.take_in(listing())
    await world.withdraw_certificates()

    await world.take_in(certified(listing(), **changes))

    assert await standings(world) == (Standing(licence="demo"),)
    await assert_rebuilt(world.database)


async def test_of_several_certificates_one_number_may_be_withdrawn(world: Games) -> None:
    await world.take_in(listing(), certified(listing(), number="L-2"))

    answers = [await world.withdraw_certificates(number=number) for number in ("L-2", "L-3")]

    assert answers == [Changed(changed=True), Refused(reason=Refusal.UNKNOWN_CERTIFICATE)]
    assert await standings(world) == (Standing(licence="demo"),)


@pytest.mark.parametrize(
    "wrong",
    [{"provider": "nobody"}, {"code": "nothing"}, {"version": "2.0"}, {"licence": "SE"}],
    ids=str,
)
async def test_what_was_never_certified_is_not_withdrawn(
    world: Games, wrong: dict[str, str]
) -> None:
    await world.take_in(listing())

    answer = await world.withdraw_certificates(**wrong)

    assert answer == Refused(reason=Refusal.UNKNOWN_CERTIFICATE)
    assert await standings(world) == (Standing(licence="demo"),)


async def test_a_withdrawal_and_an_import_at_once_follow_each_other(world: Games) -> None:
    await world.take_in(listing())
    renewed = certified(listing(), number="L-2")

    for _ in range(5):
        await asyncio.gather(
            *(world.withdraw_certificates() for _ in range(4)),
            *(world.take_in(renewed) for _ in range(4)),
        )

    await world.withdraw_certificates()
    assert await standings(world) == (Standing(licence="demo", withdrawn=True),)
    await assert_rebuilt(world.database)


@pytest.mark.parametrize("how", ["expired", "withdrawn"])
async def test_without_a_certificate_that_counts_nothing_is_staked_and_all_is_paid(
    world: Games, how: str
) -> None:
    ann = await seated(world)
    await world.list_games(certified(listing(), expires_on="2026-08-01"))
    world.clock.advance(timedelta(hours=10))
    await world.launch(ann)
    await world.done(ann, stake("b1", 5), stake("b2", 5))
    if how == "withdrawn":
        await world.withdraw_certificates()
    else:
        # It is noon when the world begins, so the session lives, and the day is over.
        world.clock.advance(timedelta(hours=2))

    answer = await world.wish(ann, stake("b3", 5))
    opened, _ = await world.try_launch(ann)
    await world.done(ann, win("w1", 9))
    await world.done(ann, undo("u1", "b2"))

    assert isinstance(answer, NotPlayed)
    assert isinstance(opened, NotOpened)
    reason = f"game_certificate_{how}"
    assert (answer.reason, opened.reason) == (reason, reason)
    assert await world.has(ann) == 104 * UNIT
    await world.list_games(certified(listing(), issued_on="2026-07-01"))
    await world.launch(ann)
    await world.done(ann, stake("b4", 5))


async def test_stakes_race_a_withdrawal_and_none_is_taken_that_began_after_it(
    world: Games,
) -> None:
    ann = await seated(world)
    taken_after: list[bool] = []
    withdrawn = asyncio.Event()

    async def stakes(number: int) -> None:
        for turn in range(12):
            late = withdrawn.is_set()
            answer = await world.wish(ann, stake(f"b{number}-{turn}", 1))
            if late:
                taken_after.append(isinstance(answer, Done))

    async def withdraw() -> None:
        await world.withdraw_certificates()
        withdrawn.set()

    await asyncio.gather(*map(stakes, range(4)), withdraw())

    assert taken_after
    assert not any(taken_after)
    assert await world.totals_are_zero()


async def test_a_round_of_the_house_that_was_begun_is_played_on_when_its_certificate_is_gone(
    parlour: Parlour,
) -> None:
    ann = await parlour.player(units=100)
    parlour.draws = Scripted(SCATTERS, *[FREE] * 8)
    slot = await parlour.sit(ann, House.SLOT)
    spun = parlour.first(ann, slot, on_reels())
    await parlour.took(spun)
    for game in (House.SLOT, House.ROULETTE):
        await parlour.withdraw_certificates(
            provider=PROVIDER, code=game, version=house_listing(game).version.version
        )

    steps = [await parlour.took(next_step(spun, n, Action.SPIN)) for n in range(2, 10)]
    assert steps[-1].state.over
    parlour.clock.advance(timedelta(seconds=5))

    refused = await parlour.refused(parlour.first(ann, slot, on_reels()))
    opened, _ = await parlour.try_launch(ann, game=House.ROULETTE, provider=PROVIDER)
    assert isinstance(opened, NotOpened)
    assert {refused, opened.reason} == {"game_certificate_withdrawn"}


async def test_what_costs_something_in_a_round_of_the_house_needs_a_certificate_that_counts(
    parlour: Parlour,
) -> None:
    ann = await parlour.player(units=100)
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)
    cards = house_listing(House.BLACKJACK)
    double = next_step(play, 2, Action.DOUBLE, session)

    await parlour.withdraw_certificates(
        provider=PROVIDER, code=House.BLACKJACK, version=cards.version.version
    )
    without = await parlour.refused(double)
    # One that counts, of other files, does not make up for it.
    await parlour.list_games(certified(cards, number="L-2", hashes=("cd" * 32,)))
    of_others = await parlour.refused(double)
    async with parlour.turn(shard_of(ann)) as turn:
        opening = await dealing.refuse_opening(turn, ann, House.BLACKJACK, parlour.equipment)
    hit = await parlour.took(next_step(play, 2, Action.HIT))

    assert without == "game_certificate_withdrawn"
    assert (of_others, opening) == (NotDealt.ANOTHER_BUILD, NotDealt.ANOTHER_BUILD)
    assert hit.state.over and hit.state.win_micros == 4 * UNIT


async def test_of_an_earlier_edition_nothing_is_staked_on_the_certificate_of_a_later_one(
    parlour: Parlour, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player(units=100)
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)
    earlier = house_listing(House.BLACKJACK).version.version
    editions = {**house.editions(), House.BLACKJACK: frozenset({earlier, "9.0.0"})}
    monkeypatch.setattr(house, "editions", lambda: editions)
    monkeypatch.setattr(blackjack, "VERSION", "9.0.0")
    await parlour.list_games(house_listing(House.BLACKJACK))
    await parlour.withdraw_certificates(provider=PROVIDER, code=House.BLACKJACK, version=earlier)

    refused = await parlour.refused(next_step(play, 2, Action.DOUBLE, session))
    hit = await parlour.took(next_step(play, 2, Action.HIT))

    assert refused == NotDealt.ANOTHER_BUILD
    assert hit.state.over


async def test_the_houses_games_are_dealt_again_under_another_certificate(
    parlour: Parlour,
) -> None:
    ann = await parlour.player(units=100)
    roulette = house_listing(House.ROULETTE)
    session = await parlour.sit(ann, House.ROULETTE)
    await parlour.withdraw_certificates(
        provider=PROVIDER, code=House.ROULETTE, version=roulette.version.version
    )
    parlour.draws = Scripted((1,))

    refused = await parlour.refused(parlour.first(ann, session, on_red()))
    await parlour.list_games(certified(roulette, issued_on="2026-07-31"))
    await parlour.took(parlour.first(ann, session, on_red()))

    assert refused == "game_certificate_withdrawn"
