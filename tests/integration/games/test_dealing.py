"""Promises about the house's own games, dealt for money on a real database."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.dealing import (
    ELEVEN,
    FREE,
    GAMES_BUILD,
    RNG_BUILD,
    SCATTERS,
    Parlour,
    Scripted,
    at_cards,
    house_listing,
    next_step,
    on_red,
    on_reels,
    rounds_of,
)
from integration.games.test_rounds import exclude
from pitboss import jurisdictions
from pitboss.adapters.rng import RngAway, RngClient
from pitboss.cashier.model import NewsStatus
from pitboss.db import Database
from pitboss.games import dealing, house
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.model import PROVIDER, Dealt, Play, Refusal, digest_of
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import Action, Draw, House, SlotRound
from pitboss.games.rounds.model import ClosedBy
from pitboss.jurisdictions.model import NO_REGULATOR
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.rng.records import DrawRecord, replay
from rng_process import serving


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    parlour = Parlour(database=database)
    await parlour.list_games(*(house_listing(game) for game in House))
    return parlour


@pytest.fixture
async def ann(parlour: Parlour) -> PlayerId:
    return await parlour.player(units=100)


async def facts(parlour: Parlour, player: PlayerId) -> list[dict[str, Any]]:
    """Return what was told of the player's rounds, with what the house tells of its own."""
    return await parlour.told(player, also=("house_round",))


async def test_a_spin_is_staked_drawn_and_paid_in_one_commit(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,))
    session = await parlour.sit(ann, House.ROULETTE)

    answer = await parlour.took(parlour.first(ann, session, on_red(5)))

    assert (answer.state.over, answer.balance_micros) == (True, 105 * UNIT)
    assert await parlour.has(ann) == 105 * UNIT
    (round_,) = await rounds_of(parlour, ann)
    assert (round_.provider, round_.game) == (PROVIDER, "roulette")
    assert (round_.staked_micros, round_.won_micros) == (5 * UNIT, 10 * UNIT)
    assert round_.closed_by is ClosedBy.PROVIDER
    assert [fact["type"] for fact in await facts(parlour, ann)] == [
        "game_session.opened",
        "round.staked",
        "round.won",
        "house_round.begun",
        "house_round.stepped",
        "house_round.ended",
    ]
    assert await parlour.totals_are_zero()


async def test_a_spin_that_loses_costs_its_stake_and_is_over(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((0,))
    session = await parlour.sit(ann, House.ROULETTE)

    answer = await parlour.took(parlour.first(ann, session, on_red(5)))

    assert (answer.state.win_micros, answer.balance_micros) == (0, 95 * UNIT)
    (round_,) = await rounds_of(parlour, ann)
    assert (round_.won_micros, round_.closed_by) == (0, ClosedBy.PROVIDER)


async def test_a_step_that_is_asked_for_again_is_answered_and_moves_nothing(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,))
    session = await parlour.sit(ann, House.ROULETTE)
    play = parlour.first(ann, session, on_red(5))

    first = await parlour.took(play)
    again = await parlour.took(play)
    other_bets = await parlour.refused(structs.replace(play, wager=on_red(6)))

    assert again.repeated and not first.repeated
    assert (again.state, again.balance_micros) == (first.state, 105 * UNIT)
    assert other_bets == Refusal.OTHER_STEP
    assert len(parlour.draws.ids) == 1


async def test_the_same_step_from_twenty_sides_at_once_is_taken_once(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,))
    session = await parlour.sit(ann, House.ROULETTE)
    play = parlour.first(ann, session, on_red(5))

    answers = await asyncio.gather(*(parlour.took(play) for _ in range(20)))

    assert sum(not answer.repeated for answer in answers) == 1
    assert await parlour.has(ann) == 105 * UNIT


async def test_steps_of_one_player_in_one_batch_follow_each_other(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    first = parlour.first(ann, session, at_cards())
    double = Play(
        player_id=ann,
        round_id=first.round_id,
        number=2,
        action=Action.DOUBLE,
        session_id=session,
    )

    dealt, doubled = await parlour.deal(first, double)

    assert isinstance(dealt, Dealt) and isinstance(doubled, Dealt)
    assert (dealt.state.over, doubled.state.over) == (False, True)
    assert await parlour.has(ann) == 104 * UNIT


async def test_free_spins_are_played_on_and_paid_at_the_end(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(SCATTERS, *[FREE] * 8)
    session = await parlour.sit(ann, House.SLOT)
    play = parlour.first(ann, session, on_reels())

    answer = await parlour.took(play)
    assert isinstance(answer.state, SlotRound) and answer.state.free_left == 8
    assert answer.balance_micros == 97 * UNIT
    for number in range(2, 10):
        answer = await parlour.took(next_step(play, number, Action.SPIN))

    assert answer.state.over and answer.state.win_micros >= 6 * UNIT
    assert answer.balance_micros == 97 * UNIT + answer.state.win_micros
    assert await parlour.refused(next_step(play, 10, Action.SPIN)) == Refusal.ROUND_CLOSED


async def test_what_was_paid_for_is_played_on_by_who_was_excluded_meanwhile(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)
    await exclude(parlour, ann)

    assert await parlour.refused(next_step(play, 2, Action.DOUBLE, session)) == "player_excluded"
    answer = await parlour.took(next_step(play, 2, Action.HIT))

    assert answer.state.over and answer.state.win_micros == 4 * UNIT


async def test_nothing_of_the_shoe_is_told_before_the_end_and_all_of_it_after(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)

    begun = await facts(parlour, ann)
    assert all("draws" not in fact for fact in begun)
    (promised,) = [fact["draw_digest"] for fact in begun if "draw_digest" in fact]
    await parlour.took(next_step(play, 2, Action.STAND))

    (ended,) = [fact for fact in await facts(parlour, ann) if fact["type"] == "house_round.ended"]
    (shown,) = ended["draws"]
    assert digest_of(shown).hex() == promised
    assert tuple(json.loads(shown)["values"]) == ELEVEN


async def test_an_outcome_follows_from_facts_alone(parlour: Parlour, ann: PlayerId) -> None:
    parlour.draws = Scripted(SCATTERS, *[FREE] * 8)
    session = await parlour.sit(ann, House.SLOT)
    play = parlour.first(ann, session, on_reels())
    last = await parlour.took(play)
    for number in range(2, 10):
        last = await parlour.took(next_step(play, number, Action.SPIN))

    told = {fact["type"]: fact for fact in await facts(parlour, ann)}
    state = house.read_round(told["house_round.begun"]["wager"].encode())
    for text in told["house_round.ended"]["draws"]:
        record = json.loads(text)
        draw = Draw(mapping=record["mapping"], values=tuple(record["values"]))
        state = house.step(state, Action.SPIN, draw)

    assert state == last.state
    assert (
        state.win_micros == told["house_round.ended"]["win_micros"] == told["round.won"]["micros"]
    )


async def test_what_cannot_be_played_now_stakes_and_draws_nothing(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN, (1,), (2,))
    cards, wheel = await parlour.sit(ann, House.BLACKJACK), await parlour.sit(ann, House.ROULETTE)
    bob = await parlour.player(units=100)
    play = parlour.first(ann, cards, at_cards())
    await parlour.took(play)
    before = await parlour.has(ann)

    async def why(play: Play, **about: Any) -> str:
        return await parlour.refused(structs.replace(play, **about))

    assert await why(parlour.first(ann, cards, at_cards())) == Refusal.ROUND_OPEN
    assert await why(next_step(play, 3, Action.HIT)) == Refusal.OTHER_STEP
    assert await why(next_step(play, 2, Action.SPIN)) == Refusal.NOT_NOW
    assert await why(next_step(play, 2, Action.SPLIT, cards)) == Refusal.NOT_NOW
    assert await why(next_step(play, 2, Action.DOUBLE)) == "unknown_session"
    assert await why(next_step(play, 2, Action.DOUBLE, wheel)) == "unknown_session"
    assert await why(play, number=2, action=Action.HIT) == Refusal.OTHER_STEP
    assert await why(next_step(play, 2, Action.HIT), player_id=bob) == Refusal.UNKNOWN_ROUND
    assert await why(parlour.first(bob, wheel, on_red())) == "unknown_session"
    poor = await parlour.player(units=1)
    seat = await parlour.sit(poor, House.ROULETTE)
    assert await why(parlour.first(poor, seat, on_red(2))) == "insufficient_funds"
    assert (await parlour.has(ann), len(parlour.draws.ids)) == (before, 1)


async def test_a_round_begins_no_sooner_than_the_cycle_after_the_last(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((0,), (1,))
    session = await parlour.sit(ann, House.ROULETTE)
    await parlour.took(parlour.first(ann, session, on_red()))

    parlour.clock.advance(timedelta(milliseconds=4_999))
    early = await parlour.refused(parlour.first(ann, session, on_red()))
    parlour.clock.advance(timedelta(milliseconds=1))
    await parlour.took(parlour.first(ann, session, on_red()))

    assert early == Refusal.TOO_SOON


@pytest.mark.parametrize(
    "changes",
    [
        {"hashes": (RNG_BUILD, "cc" * 32)},
        {"hashes": ("cc" * 32, GAMES_BUILD)},
        {"version": "0.9.0"},
    ],
    ids=["other games", "another generator", "another version"],
)
async def test_what_is_not_what_was_certified_deals_nothing(
    database: Database, changes: dict[str, Any]
) -> None:
    parlour = Parlour(database=database, draws=Scripted((1,)))
    await parlour.list_games(house_listing(House.ROULETTE, **changes))
    ann = await parlour.player(units=100)
    session = await parlour.sit(ann, House.ROULETTE)

    assert await parlour.refused(parlour.first(ann, session, on_red())) == Refusal.ANOTHER_BUILD
    assert (await parlour.has(ann), parlour.draws.ids) == (100 * UNIT, [])


async def test_nothing_is_dealt_once_other_files_lie_where_those_that_run_did(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,))
    session = await parlour.sit(ann, House.ROULETTE)
    play = parlour.first(ann, session, on_red())

    parlour.files.changed = True
    with pytest.raises(GamesChanged):
        await parlour.deal(play)
    after = (await parlour.has(ann), list(parlour.draws.ids))
    parlour.files.changed = False
    await parlour.took(play)

    assert after == (100 * UNIT, [])


@pytest.mark.parametrize(
    ("regulator", "certified_for", "opens"),
    [
        ("Somebody", {"demo", "NJ"}, True),
        ("Somebody", {"NJ"}, False),
        ("Somebody", set(), False),
        (NO_REGULATOR, set(), True),
    ],
)
async def test_a_generator_deals_only_under_a_certificate_of_its_own_for_the_licence(
    parlour: Parlour,
    ann: PlayerId,
    monkeypatch: pytest.MonkeyPatch,
    regulator: str,
    certified_for: set[str],
    opens: bool,
) -> None:
    """The game's certificate names the room's files, and not what they are run by."""
    demo = jurisdictions.get("demo")
    licence = structs.replace(demo, licence=structs.replace(demo.licence, regulator=regulator))
    monkeypatch.setattr(jurisdictions, "find", lambda _: licence)
    parlour.draws = Scripted((1,))
    parlour.draws.certified_for = frozenset(certified_for)
    session = await parlour.sit(ann, House.ROULETTE)

    async with parlour.turn(shard_of(ann)) as turn:
        refusal = await dealing.refuse_opening(turn, ann, House.ROULETTE, parlour.equipment)
    (answer,) = await parlour.deal(parlour.first(ann, session, on_red()))

    assert refusal == (None if opens else Refusal.ANOTHER_BUILD)
    assert isinstance(answer, Dealt) == opens
    if not isinstance(answer, Dealt):
        assert answer.reason == Refusal.ANOTHER_BUILD
        assert (await parlour.has(ann), parlour.draws.ids) == (100 * UNIT, [])


async def test_a_generator_that_is_exchanged_stops_rounds_that_go_on(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)

    parlour.draws.code_hash = "cc" * 32

    assert await parlour.refused(next_step(play, 2, Action.HIT)) == Refusal.ANOTHER_BUILD


async def test_a_generator_that_is_away_costs_nobody_anything(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,))
    session = await parlour.sit(ann, House.ROULETTE)
    play = parlour.first(ann, session, on_red())
    parlour.draws.fault = RngAway("gone")

    with pytest.raises(RngAway):
        await parlour.deal(play)
    assert await parlour.has(ann) == 100 * UNIT
    parlour.draws.fault = None

    assert (await parlour.took(play)).balance_micros == 105 * UNIT


async def test_a_step_that_was_drawn_and_not_committed_is_drawn_the_same_again(
    parlour: Parlour, ann: PlayerId
) -> None:
    """Who could have a draw repeated could choose among outcomes."""
    parlour.draws = Scripted((1,), (0,))
    session = await parlour.sit(ann, House.ROULETTE)
    play = parlour.first(ann, session, on_red())

    with pytest.raises(ConnectionError):
        async with parlour.turn(shard_of(ann)) as turn:
            await dealing.play(turn, [play], parlour.equipment)
            raise ConnectionError

    assert (await parlour.took(play)).balance_micros == 105 * UNIT
    assert len(set(parlour.draws.ids)) == 1 and len(parlour.draws.ids) == 2


async def test_draws_that_were_dealt_to_nobody_are_found(parlour: Parlour, ann: PlayerId) -> None:
    parlour.draws = Scripted((1,), (2,), (3,), (4,), (5,))
    session = await parlour.sit(ann, House.ROULETTE)
    for spin in range(5):
        play = parlour.first(ann, session, on_red(1))
        parlour.clock.advance(timedelta(seconds=5))
        if spin not in (1, 2):
            await parlour.took(play)
            continue
        with pytest.raises(ConnectionError):
            async with parlour.turn(shard_of(ann)) as turn:
                await dealing.play(turn, [play], parlour.equipment)
                raise ConnectionError

    async with parlour.database.reading() as tx:
        (run,) = await dealing.find_draw_runs(tx, parlour.clock.now() - timedelta(hours=1))
        later = await dealing.find_draw_runs(tx, parlour.clock.now() + timedelta(hours=1))

    assert (run.used, run.first, run.last, run.missing, run.gaps) == (3, 1, 5, 2, (2,))
    assert later == []


async def test_the_certified_process_deals_and_its_records_map_again(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "socket"
    with serving(path):
        client = RngClient(path)
        parlour = Parlour(database=database)
        hashes = (await client.build(), GAMES_BUILD)
        await parlour.list_games(*(house_listing(game, hashes=hashes) for game in House))
        ann = await parlour.player(units=100)
        wagers = {House.ROULETTE: on_red(), House.SLOT: on_reels(), House.BLACKJACK: at_cards()}
        equipment = Equipment(draws=client, games=parlour.files)
        for game, wager in wagers.items():
            play = parlour.first(ann, await parlour.sit(ann, game), wager)
            async with parlour.turn(shard_of(ann)) as turn:
                (answer,) = await dealing.play(turn, [play], equipment)
                assert isinstance(answer, Dealt), answer
                await dealing.finish(turn, [(ann, play.round_id)], equipment, by=ClosedBy.STAFF)
        drawn = await client.drawn()
        async with database.reading() as tx:
            undealt = await dealing.find_undealt(tx, drawn)
        await client.close()

    ended = [fact for fact in await facts(parlour, ann) if fact["type"] == "house_round.ended"]
    records = [DrawRecord.from_json(json.loads(text)) for fact in ended for text in fact["draws"]]
    assert len(ended) == 3 and len(records) >= 3
    assert (drawn.draws, undealt.missing) == (len(records), 0)
    assert all(replay(record) == record.values for record in records)
    assert await parlour.totals_are_zero()


async def test_a_double_that_was_refused_for_want_of_money_may_be_asked_for_with_money(
    parlour: Parlour,
) -> None:
    bob = await parlour.player(units=2)
    session = await parlour.sit(bob, House.BLACKJACK)
    play = parlour.first(bob, session, at_cards())
    parlour.draws = Scripted(ELEVEN)
    await parlour.took(play)
    double = next_step(play, 2, Action.DOUBLE, session)

    refused = await parlour.refused(double)
    payment = await parlour.deposit(bob, units=10)
    await parlour.tell(parlour.news(payment, NewsStatus.SUCCEEDED))
    doubled = await parlour.took(double)
    again = await parlour.took(double)

    assert refused == "insufficient_funds"
    assert doubled.state.over
    assert (again.repeated, again.balance_micros) == (True, doubled.balance_micros)
