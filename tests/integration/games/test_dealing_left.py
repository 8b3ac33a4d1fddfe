"""Promises about rounds of the house that were left, broken off, voided, or cannot go on."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest

from integration.cashier.world import UNIT
from integration.games.dealing import (
    ELEVEN,
    FREE,
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
from pitboss.db import Database
from pitboss.games import dealing, house, rounds
from pitboss.games.dealing.errors import DrawUntold
from pitboss.games.dealing.model import PROVIDER, Kept, Play, Refusal
from pitboss.games.house.model import Action, House, SlotRound
from pitboss.games.house.rules import slot
from pitboss.games.rounds.model import ClosedBy, Resolution, Stake
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.workers.rounds import Resolver


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    parlour = Parlour(database=database)
    await parlour.list_games(*(house_listing(game) for game in House))
    return parlour


@pytest.fixture
async def ann(parlour: Parlour) -> PlayerId:
    return await parlour.player(units=100)


def resolver(parlour: Parlour, **about: Any) -> Resolver:
    """Return who ends rounds that were left for two days."""
    return Resolver(
        **{
            "database": parlour.database,
            "clock": parlour.clock,
            "entropy": parlour.entropy,
            "open_for": timedelta(hours=48),
            "rule": Resolution.CLOSE,
            "house": parlour.equipment,
            **about,
        }
    )


async def test_rounds_that_were_left_are_played_to_their_ends(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(SCATTERS, ELEVEN, *[FREE] * 8)
    reels, cards = await parlour.sit(ann, House.SLOT), await parlour.sit(ann, House.BLACKJACK)
    await parlour.took(parlour.first(ann, reels, on_reels()))
    await parlour.took(parlour.first(ann, cards, at_cards()))

    early = await resolver(parlour).sweep()
    parlour.clock.advance(timedelta(hours=49))
    nothing = await resolver(parlour).step()
    ended = await resolver(parlour).sweep()

    assert (early, nothing, ended) == (0, 0, 2)
    by_game = {round_.game: round_ for round_ in await rounds_of(parlour, ann)}
    assert all(round_.closed_by is ClosedBy.PROVIDER for round_ in by_game.values())
    # Eleven that stands against nineteen is lost; what the scatters paid is won.
    assert by_game["blackjack"].won_micros == 0
    assert by_game["slot"].won_micros >= 6 * UNIT
    assert await parlour.has(ann) == 95 * UNIT + by_game["slot"].won_micros


async def test_a_round_that_cannot_be_played_on_holds_up_no_other(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(ELEVEN, SCATTERS, *[FREE] * 8)
    cards, reels = await parlour.sit(ann, House.BLACKJACK), await parlour.sit(ann, House.SLOT)
    stuck = parlour.first(ann, cards, at_cards())
    await parlour.took(stuck)
    await parlour.took(parlour.first(ann, reels, on_reels()))
    parlour.clock.advance(timedelta(hours=49))
    # Of a step that an earlier build took nobody has kept what the round had won.
    forget_rules(monkeypatch, House.BLACKJACK)
    monkeypatch.setattr(Kept, "recorded_win_micros", None)
    monkeypatch.setattr("pitboss.workers.rounds.AT_ONCE_MAX", 1)

    assert await resolver(parlour).sweep() == 1

    by_game = {round_.game: round_.closed_at for round_ in await rounds_of(parlour, ann)}
    assert (by_game["blackjack"], by_game["slot"]) == (None, parlour.clock.now())
    assert await parlour.refused(next_step(stuck, 2, Action.HIT)) == Refusal.GAME_CHANGED


async def test_a_round_whose_rules_are_gone_is_shown_as_it_was_recorded(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted((1,))
    wheel = await parlour.sit(ann, House.ROULETTE)
    spin = parlour.first(ann, wheel, on_red())
    await parlour.took(spin)
    forget_rules(monkeypatch, House.ROULETTE)

    kept = await keep_of(parlour, spin)

    assert (kept.state, kept.why, kept.closed) == (None, Refusal.GAME_CHANGED, True)
    assert (kept.staked_micros, kept.won_micros) == (5 * UNIT, 10 * UNIT)
    (step,) = kept.taken
    assert (step.action, step.won_micros) == (Action.SPIN, 10 * UNIT)
    assert json.loads(step.draw or "")["values"] == [1]
    assert dealing.find_disagreements(kept) == ()


async def test_all_rounds_are_played_again_and_what_was_paid_otherwise_is_named(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted((1,), ELEVEN, (1,))
    wheel, cards = await parlour.sit(ann, House.ROULETTE), await parlour.sit(ann, House.BLACKJACK)
    await parlour.took(parlour.first(ann, wheel, on_red()))
    await parlour.took(parlour.first(ann, cards, at_cards()))
    parlour.clock.advance(timedelta(seconds=5))
    last = parlour.first(ann, wheel, on_red())
    await parlour.took(last)
    async with parlour.database.reading() as tx:
        right = await dealing.replay_all(tx)
    async with parlour.database.transaction() as tx:
        await tx.execute(
            "UPDATE game_round SET won_micros = 1 WHERE player_id = $1 AND ref = $2",
            *(ann, last.round_id),
        )
    forget_rules(monkeypatch, House.BLACKJACK)
    monkeypatch.setattr("pitboss.games.dealing.queries.REPLAYED_AT_ONCE", 1)

    async with parlour.database.reading() as tx:
        wrong = await dealing.replay_all(tx)

    assert (right.rounds, right.gone, right.disagreements) == (3, {}, ())
    assert (wrong.rounds, wrong.gone) == (3, {("blackjack", "1.0.0"): 1})
    (found,) = wrong.disagreements
    assert last.round_id in found and "1 micros were paid, and it wins 10000000" in found


async def test_what_was_won_before_the_rules_were_gone_is_paid_by_itself(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(SCATTERS)
    session = await parlour.sit(ann, House.SLOT)
    spin = parlour.first(ann, session, on_reels())
    won = (await parlour.took(spin)).state.win_micros
    forget_rules(monkeypatch, House.SLOT)
    parlour.clock.advance(timedelta(hours=49))
    fresh = parlour.first(ann, session, on_reels())

    assert await parlour.refused(fresh) == Refusal.GAME_CHANGED
    assert [await resolver(parlour).sweep(), await resolver(parlour).sweep()] == [1, 0]

    (booked,) = await rounds_of(parlour, ann)
    assert won and (booked.won_micros, booked.closed_at) == (won, parlour.clock.now())
    assert await parlour.has(ann) == 97 * UNIT + won
    ended = [item for item in await told(parlour, ann) if item["type"] == "house_round.ended"]
    assert [(item["win_micros"], len(item["draws"])) for item in ended] == [(won, 1)]
    assert await parlour.totals_are_zero()


async def test_a_round_that_had_won_nothing_before_its_rules_were_gone_gives_its_stake_back(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    deal = parlour.first(ann, session, at_cards())
    await parlour.took(deal)
    forget_rules(monkeypatch, House.BLACKJACK)
    parlour.clock.advance(timedelta(hours=49))

    assert await resolver(parlour).sweep() == 1

    (booked,) = await rounds_of(parlour, ann)
    assert (booked.closed_by, booked.staked_micros) == (ClosedBy.RULE, 0)
    assert await parlour.has(ann) == 100 * UNIT


async def test_a_round_of_an_earlier_edition_ends_by_the_rules_that_it_began_with(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(SCATTERS, *[FREE] * 8)
    session = await parlour.sit(ann, House.SLOT)
    spin = parlour.first(ann, session, on_reels())
    await parlour.took(spin)
    # Another edition is begun now, which pays nothing, and the earlier one stays in the build.
    nothing = dataclasses.replace(
        slot.SHEET, version="1.1.0", pays=dict.fromkeys("ABCDEFGH", (0, 0, 0))
    )
    monkeypatch.setattr(slot, "SHEETS", {**slot.SHEETS, nothing.version: nothing})
    monkeypatch.setattr(slot, "SHEET", nothing)
    await parlour.list_games(house_listing(House.SLOT))
    parlour.clock.advance(timedelta(hours=49))

    assert await resolver(parlour).sweep() == 1

    kept = await keep_of(parlour, spin)
    assert kept.round.version == "1.0.0" and kept.state is not None and kept.state.over
    assert kept.won_micros == kept.state.win_micros == kept.recorded_win_micros
    assert dealing.find_disagreements(kept) == ()


async def test_without_a_certificate_for_its_edition_a_round_waits(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(SCATTERS, *[FREE] * 8)
    session = await parlour.sit(ann, House.SLOT)
    spin = parlour.first(ann, session, on_reels())
    await parlour.took(spin)
    parlour.files.digest = "cc" * 32
    later = dataclasses.replace(slot.SHEET, version="1.1.0")
    monkeypatch.setattr(slot, "SHEETS", {**slot.SHEETS, later.version: later})
    monkeypatch.setattr(slot, "SHEET", later)
    await parlour.list_games(house_listing(House.SLOT, hashes=(RNG_BUILD, "cc" * 32)))

    assert await parlour.refused(next_step(spin, 2, Action.SPIN)) == Refusal.ANOTHER_BUILD


async def test_a_round_that_nobody_can_tell_may_be_voided_by_staff_whatever_it_says_it_has_won(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    parlour.draws = Scripted(SCATTERS)
    session = await parlour.sit(ann, House.SLOT)
    spin = parlour.first(ann, session, on_reels())
    await parlour.took(spin)

    def untold(*_: object) -> None:
        raise DrawUntold("somebody has changed it")

    monkeypatch.setattr("pitboss.games.dealing.rules.state_of", untold)

    kept = await keep_of(parlour, spin)

    assert (kept.why, kept.recorded_win_micros) == (Refusal.UNTOLD, 9 * UNIT)
    assert not kept.has_won and not kept.is_endable
    assert dealing.find_disagreements(kept) == (Refusal.UNTOLD,)


def forget_rules(monkeypatch: pytest.MonkeyPatch, game: House) -> None:
    """Run a build that has no rules any more of what was played of a game."""
    editions = {**house.editions(), game: frozenset({"9.9.9"})}
    monkeypatch.setattr(house, "editions", lambda: editions)


async def keep_of(parlour: Parlour, play: Play) -> Kept:
    """Return what is kept of a round."""
    async with parlour.database.reading() as tx:
        (kept,) = await dealing.find_kept(tx, [(play.player_id, play.round_id)])
    return kept


async def told(parlour: Parlour, player: PlayerId) -> list[dict[str, Any]]:
    """Return what was told of the player's rounds, with what the house tells of its own."""
    return await parlour.told(player, also=("house_round",))


async def test_without_a_generator_rounds_of_the_house_wait_and_those_of_others_do_not(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    await parlour.list_games()
    session = await parlour.sit(ann, House.BLACKJACK)
    await parlour.took(parlour.first(ann, session, at_cards()))
    await parlour.launch(ann)
    await parlour.done(ann, Stake(external_id="b1", micros=UNIT))
    parlour.clock.advance(timedelta(hours=49))

    assert await resolver(parlour, house=None).step() == 1
    assert await resolver(parlour, house=None).sweep() == 0

    closed = {round_.provider: round_.closed_at for round_ in await rounds_of(parlour, ann)}
    assert (closed[PROVIDER], closed["acme"]) == (None, parlour.clock.now())


async def test_a_name_that_was_drawn_for_another_game_hurts_nobody(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted((1,), SCATTERS)
    wheel, reels = await parlour.sit(ann, House.ROULETTE), await parlour.sit(ann, House.SLOT)
    spin = parlour.first(ann, wheel, on_red())
    with pytest.raises(ConnectionError):
        async with parlour.turn(shard_of(ann)) as turn:
            await dealing.play(turn, [spin], parlour.equipment)
            raise ConnectionError

    other = parlour.first(ann, reels, on_reels(), round_id=spin.round_id)
    answer = await parlour.took(other)

    assert isinstance(answer.state, SlotRound)
    assert len(set(parlour.draws.ids)) == 2


async def test_a_round_that_staff_has_voided_is_over_whatever_its_rules_say(
    parlour: Parlour, ann: PlayerId
) -> None:
    parlour.draws = Scripted(ELEVEN)
    session = await parlour.sit(ann, House.BLACKJACK)
    play = parlour.first(ann, session, at_cards())
    await parlour.took(play)
    (booked,) = await rounds_of(parlour, ann)
    async with parlour.turn(shard_of(ann)) as turn:
        await rounds.resolve(turn, [(booked.shard, booked.id)], Resolution.VOID, by=ClosedBy.STAFF)

    again = await parlour.took(play)
    async with parlour.database.reading() as tx:
        (kept,) = await dealing.find_kept(tx, [(ann, play.round_id)])

    assert again.closed and kept.closed
    assert await parlour.refused(next_step(play, 2, Action.HIT)) == Refusal.ROUND_CLOSED
    assert await parlour.has(ann) == 100 * UNIT
