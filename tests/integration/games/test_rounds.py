"""Promises about what providers ask of the wallet, on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.world import GAME, PLAIN, Games, listing, stake, undo, win
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.games import registry, rounds
from pitboss.games.registry.model import Suspension, Why
from pitboss.games.rounds.model import (
    Bearer,
    ClosedBy,
    Dialect,
    Done,
    Effect,
    NotOpened,
    Opened,
    Refused,
    Request,
    Resolution,
    WinNeeds,
)
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Initiator, Kind, Reason, Wish

TOKENS = Dialect(ids_of_provider=True, win_needs=WinNeeds.STAKE)
STRICT = Dialect(
    ids_of_provider=True,
    one_id_space=False,
    win_needs=WinNeeds.OPEN_ROUND,
    reverses_settled=False,
    reverses_again=False,
)


@pytest.fixture
async def world(database: Database) -> Games:
    world = Games(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def ann(world: Games) -> PlayerId:
    player = await world.player(units=100)
    await world.launch(player)
    return player


async def exclude(world: Games, player: PlayerId) -> None:
    away = Wish(
        key=derived_id("away", player),
        player_id=player,
        kind=Kind.EXCLUSION,
        initiator=Initiator.STAFF,
        reason=Reason.PLAYER_ASKED_STAFF,
        months=6,
    )
    async with world.turn(shard_of(player)) as turn:
        await exclusion.exclude(turn, away, jurisdictions.get("demo"))


async def test_a_round_is_staked_won_and_closed_in_one_request(world: Games, ann: PlayerId) -> None:
    answer = await world.done(ann, stake("b1", 5), win("w1", 12), closes=True)

    assert answer.balance_micros == 107 * UNIT == await world.has(ann)
    assert [step.effect for step in answer.steps] == [Effect.BOOKED] * 2
    round_ = await world.round(ann)
    assert (round_.staked_micros, round_.won_micros) == (5 * UNIT, 12 * UNIT)
    assert round_.closed_by is ClosedBy.PROVIDER
    assert [fact["type"] for fact in await world.told(ann)] == [
        "game_session.opened",
        "round.staked",
        "round.won",
    ]
    assert await world.totals_are_zero()


async def test_several_stakes_and_wins_make_one_round(world: Games, ann: PlayerId) -> None:
    await world.done(ann, stake("b1", 5), stake("b2", 3))
    await world.done(ann, win("w1", 4))
    await world.done(ann, undo("u1", "b2"))
    await world.done(ann, win("w2", 1), closes=True)

    round_ = await world.round(ann)
    assert (round_.staked_micros, round_.won_micros) == (5 * UNIT, 5 * UNIT)
    assert await world.has(ann) == 100 * UNIT


async def test_what_is_asked_again_gets_its_first_answer_and_moves_nothing(
    world: Games, ann: PlayerId
) -> None:
    first = await world.done(ann, stake("b1", 5), win("w1", 1))
    await world.done(ann, stake("b2", 5), ref="r2")

    again = await world.done(ann, stake("b1", 5), win("w1", 1))

    assert again.balance_micros == first.balance_micros == 96 * UNIT
    assert again.balance_now == 91 * UNIT == await world.has(ann)
    assert [step.booking_id for step in again.steps] == [step.booking_id for step in first.steps]
    assert {step.effect for step in again.steps} == {Effect.REPEATED}


@pytest.mark.parametrize(
    "changed", [{"units": 6}, {"ref": "r9"}, {"game": "another-game"}], ids=str
)
async def test_an_id_that_was_used_for_something_else_is_refused(
    world: Games, ann: PlayerId, changed: dict[str, object]
) -> None:
    await world.list_games(listing("another-game"))
    await world.done(ann, stake("b1", 5))
    about = {"ref": "r1", "game": GAME, **changed}
    units = about.pop("units", 5)

    answer = await world.wish(ann, stake("b1", int(str(units))), **about)

    assert isinstance(answer, Refused)
    assert answer.reason == "other_facts"
    assert await world.has(ann) == 95 * UNIT


async def test_a_request_is_done_as_a_whole_or_not_at_all(world: Games) -> None:
    bob = await world.player(units=6)
    await world.launch(bob)

    answer = await world.wish(bob, stake("b1", 4), win("w1", 1), stake("b2", 5))

    assert answer == Refused(
        reason="insufficient_funds", balance_micros=6 * UNIT, currency="GBP", external_id="b2"
    )
    assert await world.has(bob) == 6 * UNIT
    # What was not done may be asked for by itself; what was refused stays refused.
    await world.done(bob, stake("b1", 4))
    await world.done(bob, win("w9", 80))
    assert await world.wish(bob, stake("b2", 5)) == answer


async def test_a_rollback_of_what_is_not_known_leaves_a_tombstone(
    world: Games, ann: PlayerId
) -> None:
    noted = await world.done(ann, undo("u1", "b1"))
    late = await world.wish(ann, stake("b1", 5))
    again = await world.done(ann, undo("u1", "b1"))

    assert [step.effect for step in (*noted.steps, *again.steps)] == [Effect.TOMBSTONED] * 2
    assert isinstance(late, Refused)
    assert late.reason == "rolled_back"
    assert await world.has(ann) == 100 * UNIT


async def test_a_second_rollback_gives_nothing_back(world: Games, ann: PlayerId) -> None:
    await world.done(ann, stake("b1", 5))
    first = await world.done(ann, undo("u1", "b1"))
    second = await world.done(ann, undo("u2", "b1"))
    again = await world.done(ann, undo("u1", "b1"))

    assert [step.effect for step in (*first.steps, *second.steps, *again.steps)] == [
        Effect.BOOKED,
        Effect.NOTHING,
        Effect.REPEATED,
    ]
    assert await world.has(ann) == 100 * UNIT


async def test_a_spent_win_that_is_undone_is_owed_and_paid_from_the_next_one(
    world: Games,
) -> None:
    bob = await world.player(units=10)
    await world.launch(bob)
    await world.done(bob, stake("b1", 5), win("w1", 5))
    await world.done(bob, stake("b2", 5), stake("b3", 3), ref="r2")

    undone = await world.done(bob, undo("u1", "w1"))

    assert undone.balance_micros == 0 == await world.has(bob)
    assert await world.owes(bob) == 3 * UNIT
    paid = await world.done(bob, win("w2", 10), ref="r2")
    assert paid.balance_micros == 7 * UNIT == await world.has(bob)
    assert await world.owes(bob) == 0
    assert (await world.told(bob))[-1]["balance_micros"] == 7 * UNIT
    assert await world.totals_are_zero()


async def test_who_is_excluded_stakes_nothing_and_is_paid_all_the_same(
    world: Games, ann: PlayerId
) -> None:
    await world.done(ann, stake("b1", 5), stake("b2", 5))
    await exclude(world, ann)

    refused = await world.wish(ann, stake("b3", 5))
    await world.done(ann, win("w1", 7))
    await world.done(ann, undo("u1", "b2"))

    assert isinstance(refused, Refused)
    assert refused.reason == "player_excluded"
    assert await world.has(ann) == 102 * UNIT


async def test_a_refused_stake_stays_refused_under_its_id(world: Games, ann: PlayerId) -> None:
    await world.suspend(ann)
    first = await world.wish(ann, stake("b1", 5))
    (told,) = [fact for fact in await world.told(ann) if fact["type"] == "round.stake_refused"]

    again = await world.wish(ann, stake("b1", 5))

    assert first == again
    assert isinstance(first, Refused)
    assert (first.reason, told["reason"]) == ("player_not_active", "player_not_active")


async def test_a_game_without_a_certificate_for_the_licence_is_not_played(
    world: Games, ann: PlayerId
) -> None:
    # The new version is certified elsewhere alone.
    await world.list_games(listing(version="2.0", licences=("GB",)))

    answer = await world.wish(ann, stake("b1", 5))
    opened, _ = await world.try_launch(ann)

    assert isinstance(answer, Refused)
    assert answer.reason == "game_not_certified"
    assert not hasattr(opened, "session")
    await world.list_games(listing())
    await world.done(ann, stake("b2", 5))


@pytest.mark.parametrize("shown", [True, False], ids=["odds shown", "odds not asked for"])
async def test_where_odds_are_shown_a_version_that_tells_none_is_neither_opened_nor_staked_on(
    world: Games, ann: PlayerId, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"games": {"odds_shown": shown}})
    await world.done(ann, stake("b1", 5))
    # The session was opened while the version that was played told its odds.
    await world.list_games(listing(version="2.0", top_win_chance=None))

    answer = await world.wish(ann, stake("b2", 5))
    opened, _ = await world.try_launch(ann)

    if shown:
        assert isinstance(answer, Refused)
        assert isinstance(opened, NotOpened)
        assert (answer.reason, opened.reason) == ("game_odds_not_told", "game_odds_not_told")
    else:
        assert isinstance(answer, Done)
        assert isinstance(opened, Opened)
    # What was staked before is paid in any case.
    await world.done(ann, win("w1", 2))


@pytest.mark.parametrize("code", [GAME, None], ids=["game", "provider"])
async def test_one_call_stops_a_game_or_a_provider(
    world: Games, ann: PlayerId, code: str | None
) -> None:
    await world.done(ann, stake("b1", 5))
    wish = Suspension(provider="acme", code=code, suspended=True, why=Why.FAULT_SUSPECTED)
    async with world.turn(CATALOGUE_SHARD) as turn:
        await registry.suspend(turn, wish)

    answer = await world.wish(ann, stake("b2", 5))
    await world.done(ann, win("w1", 9))

    assert isinstance(answer, Refused)
    assert answer.reason == ("game_suspended" if code else "provider_suspended")
    assert await world.has(ann) == 104 * UNIT


@pytest.mark.parametrize("same_batch", [True, False])
async def test_where_ids_are_the_providers_another_player_cannot_use_one(
    world: Games, ann: PlayerId, same_batch: bool
) -> None:
    bob = await world.player(units=10)
    await world.launch(bob)
    requests = [
        world.asked(player, stake("b1", 2), dialect=dialect)
        for player, dialect in ((ann, TOKENS), (bob, TOKENS))
    ]

    if same_batch:
        _, answer = await world.play(*requests)
    else:
        await world.play(requests[0])
        (answer,) = await world.play(requests[1])
    elsewhere = await world.wish(bob, stake("b1", 2), dialect=PLAIN)

    assert isinstance(answer, Refused)
    assert answer.reason == "other_facts"
    assert isinstance(elsewhere, Done)


async def test_where_kinds_have_ids_of_their_own_another_player_cannot_use_one_for_the_same_kind(
    world: Games, ann: PlayerId
) -> None:
    bob = await world.player(units=10)
    await world.launch(bob)
    await world.done(ann, stake("x1", 2), dialect=STRICT)
    await world.done(ann, win("x2", 3), dialect=STRICT)
    await world.done(bob, stake("y1", 1), dialect=STRICT)

    refused = [
        await world.wish(bob, stake("x1", 2), ref="r2", dialect=STRICT),
        await world.wish(bob, win("x2", 3), dialect=STRICT),
    ]
    # A stake's id may be a win's, whoever staked.
    won = await world.wish(bob, win("x1", 1), dialect=STRICT)
    again = await world.done(ann, win("x2", 3), dialect=STRICT)

    assert [item.reason for item in refused if isinstance(item, Refused)] == ["other_facts"] * 2
    assert isinstance(won, Done)
    assert again.repeated
    assert await world.has(bob) == (10 - 1 + 1) * UNIT


async def test_an_id_for_which_nothing_was_booked_is_nobodys(world: Games, ann: PlayerId) -> None:
    bob = await world.player(units=10)
    await world.launch(bob)

    # One by one the second is booked, so it is in a batch too.
    nobody = world.asked(ann, stake("b1", 2), dialect=TOKENS, bearer=Bearer())
    refused, answer = await world.play(nobody, world.asked(bob, stake("b1", 2), dialect=TOKENS))

    assert isinstance(refused, Refused)
    assert isinstance(answer, Done)


async def test_a_win_needs_its_stake_where_the_protocol_says_so(
    world: Games, ann: PlayerId
) -> None:
    missing = await world.wish(ann, win("w1", 1, stake_id="b1"), dialect=TOKENS)
    await world.done(ann, stake("b1", 2), dialect=TOKENS)
    await world.done(ann, undo("u1", "b1"), dialect=TOKENS)
    undone = await world.wish(ann, win("w1", 1, stake_id="b1"), dialect=TOKENS)

    assert isinstance(missing, Refused)
    assert isinstance(undone, Refused)
    assert (missing.reason, undone.reason) == ("unknown_stake", "rolled_back")


async def test_the_strict_protocol_pays_and_undoes_each_stake_once(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": STRICT}
    nowhere = await world.wish(ann, win("w1", 1), **about)
    await world.done(ann, stake("b1", 2), stake("b2", 3), **about)
    # The same id may name a stake and its win.
    await world.done(ann, win("b1", 4, stake_id="b1"), **about)
    settled = await world.wish(ann, undo("b1", "b1"), **about)
    await world.done(ann, undo("b2", "b2"), **about)
    again = await world.wish(ann, undo("u2", "b2"), **about)
    undone = await world.wish(ann, win("w2", 1, stake_id="b2"), **about)
    await world.done(ann, win("w3", 0), closes=True, **about)
    closed = await world.wish(ann, win("w4", 1), **about)
    no_stake = await world.wish(ann, undo("u3", "w3"), **about)

    reasons = [
        item.reason if isinstance(item, Refused) else "done"
        for item in (nowhere, settled, again, undone, closed, no_stake)
    ]
    assert reasons == [
        "unknown_round",
        "already_settled",
        "already_reversed",
        "rolled_back",
        "already_settled",
        "not_a_stake",
    ]
    assert await world.has(ann) == 102 * UNIT


async def test_nothing_is_staked_in_a_closed_round(world: Games, ann: PlayerId) -> None:
    await world.done(ann, stake("b1", 2), closes=True)
    await world.done(ann, closes=True)

    answer = await world.wish(ann, stake("b2", 2))

    assert isinstance(answer, Refused)
    assert answer.reason == "round_closed"
    await world.done(ann, win("w1", 2))


async def test_the_house_pays_for_free_stakes_if_it_agreed_to(world: Games, ann: PlayerId) -> None:
    free = structs.replace(PLAIN, free_play=True)

    refused = await world.wish(ann, stake("b0", 5, free=True))
    await world.done(ann, stake("b1", 5, free=True), win("w1", 2, free=True), dialect=free)
    undone = await world.done(ann, stake("b2", 5, free=True), ref="r2", dialect=free)
    await world.done(ann, undo("u2", "b2"), ref="r2", dialect=free)

    assert isinstance(refused, Refused)
    assert refused.reason == "promotion_exhausted"
    assert undone.balance_micros == 102 * UNIT == await world.has(ann)
    assert await world.totals_are_zero()


async def test_a_jackpot_comes_from_the_providers_account(world: Games, ann: PlayerId) -> None:
    await world.done(ann, stake("b1", 5), win("w1", 50, jackpot_micros=40 * UNIT))
    assert await world.has(ann) == 145 * UNIT

    await world.done(ann, undo("u1", "w1"))

    assert await world.has(ann) == 95 * UNIT
    assert await world.totals_are_zero()


@pytest.mark.parametrize("how", Resolution)
async def test_a_round_that_nobody_closed_is_ended_by_rule(
    world: Games, ann: PlayerId, how: Resolution
) -> None:
    await world.done(ann, stake("b1", 5))
    world.clock.advance(timedelta(hours=49))
    async with world.database.reading() as tx:
        (open_,) = await rounds.find_open_rounds(tx, before=world.clock.now() - timedelta(hours=48))
    places = [(open_.shard, open_.id)]
    async with world.turn(open_.shard) as turn:
        (done,) = await rounds.resolve(turn, places, how, by=ClosedBy.RULE)
        (again,) = await rounds.resolve(turn, places, how, by=ClosedBy.RULE)

    back = 5 * UNIT if how is Resolution.VOID else 0
    assert getattr(done, "refunded_micros", None) == back
    assert getattr(again, "reason", None) == "round_closed"
    assert await world.has(ann) == 95 * UNIT + back
    # What the provider says later is booked as far as it is still to be booked.
    await world.done(ann, undo("u1", "b1"))
    assert await world.has(ann) == 100 * UNIT
    await world.done(ann, win("w1", 2))
    assert (await world.round(ann)).closed_by is ClosedBy.RULE


async def test_a_round_that_won_something_is_closed_and_not_voided(
    world: Games, ann: PlayerId
) -> None:
    await world.done(ann, stake("b1", 5), win("w1", 1))
    round_ = await world.round(ann)

    async with world.turn(round_.shard) as turn:
        await rounds.resolve(turn, [(round_.shard, round_.id)], Resolution.VOID, by=ClosedBy.STAFF)

    assert await world.has(ann) == 96 * UNIT


async def test_a_batch_of_many_players_is_one_turn(world: Games) -> None:
    players = [await world.player(units=10) for _ in range(5)]
    for player in players:
        await world.launch(player)
    requests: list[Request] = []
    for player in players:
        requests += [
            world.asked(player, stake("b1", 4)),
            world.asked(player, stake("b2", 4), ref="r2"),
            world.asked(player, stake("b3", 4), ref="r3"),
            world.asked(player, win("w1", 3)),
            world.asked(player, stake("b1", 4)),
        ]

    answers = await world.play(*requests)

    for number, player in enumerate(players):
        mine = answers[5 * number : 5 * number + 5]
        assert [isinstance(answer, Done) for answer in mine] == [True, True, False, True, True]
        assert await world.has(player) == 5 * UNIT
