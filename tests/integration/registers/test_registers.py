"""What a register's word does to a player, under the locks of the player's shard."""

from __future__ import annotations

import asyncio

import pytest

from integration.players.keys import KEYS
from integration.players.people import NOW, assert_rebuilt, facts, in_turn
from integration.registers.world import GAMSTOP, World
from pitboss import gate, jurisdictions, registers
from pitboss.db import Database
from pitboss.gate.model import Check, DepositCheck, Refusal, Refused
from pitboss.jurisdictions.model import Moment, Product
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import LetIn, LoginTry, SessionId
from pitboss.players.identity.model import (
    ErasureRequest,
    PlayerStatus,
    StatusReason,
    StatusRequest,
)
from pitboss.players.personal.model import LegalBasis
from pitboss.registers.model import Answer, Silence, Verdict
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Initiator, Returning


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def refusals(world: World, player_id: PlayerId) -> tuple[str | None, str | None]:
    """Return why the gate refuses this player's stake, and deposit."""

    async def work(turn: Turn) -> tuple[str | None, str | None]:
        stake = Check(
            player_id=player_id,
            product=Product.SPORTSBOOK,
            stake_micros=1_000_000,
            currency="GBP",
        )
        deposit = DepositCheck(player_id=player_id, micros=10_000_000, currency="GBP")
        answers = [
            *(await gate.check(turn, [stake])),
            *(await gate.check_deposits(turn, [deposit])),
        ]
        said = [item.reason if isinstance(item, Refused) else None for item in answers]
        return said[0], said[1]

    return await in_turn(world.database, player_id, work, now=world.clock.now())


async def log_in(world: World, player_id: PlayerId) -> SessionId:
    session_id = SessionId(derived_id("session", player_id))

    async def work(turn: Turn) -> None:
        attempt = LoginTry(player_id=player_id, right=True, session_id=session_id)
        assert isinstance(await access.judge(turn, attempt, keys=KEYS), LetIn)

    await in_turn(world.database, player_id, work, now=world.clock.now())
    return session_id


async def live(world: World, player_id: PlayerId) -> int:
    async with world.database.reading() as tx:
        return len(await access.find_live(tx, player_id, now=world.clock.now()))


async def fall_silent(world: World, player_id: PlayerId, moment: Moment = Moment.LOGIN) -> None:
    async def work(turn: Turn) -> None:
        await registers.record_silence(
            turn, GAMSTOP, [player_id], moment=moment, reason=Silence.AWAY
        )

    await in_turn(world.database, player_id, work, now=world.clock.now())


async def test_who_was_never_asked_about_does_not_play(world: World) -> None:
    ann = await world.player("ann")

    assert await refusals(world, ann) == (Refusal.REGISTER_NOT_CHECKED,) * 2

    await world.hear(ann, Answer.NOT_EXCLUDED)
    # What stands in the way then is something else.
    assert await refusals(world, ann) == (Refusal.PLAYER_NOT_VERIFIED, None)


async def test_whom_the_register_names_is_excluded_at_once_and_the_sessions_end(
    world: World,
) -> None:
    ann = await world.player("ann")
    await world.hear(ann, Answer.NOT_EXCLUDED)
    await log_in(world, ann)
    before = await live(world, ann)

    fresh = await world.hear(ann, Answer.EXCLUDED)

    assert (before, await live(world, ann)) == (1, 0)
    assert fresh == (ann,)
    (kept,) = await world.exclusions(ann)
    assert (kept.initiator, kept.ends_at) == (Initiator.REGISTER, None)
    assert await refusals(world, ann) == (Refusal.PLAYER_EXCLUDED,) * 2
    await assert_rebuilt(world.database)


async def test_naming_a_player_again_is_the_same_exclusion(world: World) -> None:
    ann = await world.player("ann")

    fresh = [await world.hear(ann, Answer.EXCLUDED) for _ in range(3)]

    assert fresh == [(ann,), (), ()]
    assert len(await world.exclusions(ann)) == 1


async def test_eight_answers_at_once_exclude_once(world: World) -> None:
    ann = await world.player("ann")

    fresh = await asyncio.gather(*(world.hear(ann, Answer.EXCLUDED) for _ in range(8)))

    assert sorted(fresh) == [()] * 7 + [(ann,)]
    assert len(await world.exclusions(ann)) == 1
    await assert_rebuilt(world.database)


async def test_we_cannot_lift_what_a_register_keeps_and_its_end_is_followed_as_the_licence_says(
    world: World,
) -> None:
    ann = await world.player("ann")
    britain = jurisdictions.get("GB")
    await world.hear(ann, Answer.EXCLUDED)

    async def ask() -> object:
        return await in_turn(
            world.database,
            ann,
            lambda turn: exclusion.ask_to_return(turn, ann, britain),
            now=world.clock.now(),
        )

    world.later(days=3_650)
    held = await ask()
    await world.hear(ann, Answer.LAPSED)
    waits = await refusals(world, ann)
    answer = await ask()
    world.later(hours=23)
    await world.hear(ann, Answer.LAPSED)
    early = await refusals(world, ann)
    world.later(hours=1)
    late = await refusals(world, ann)

    assert getattr(held, "reason", None) == "held_by_register"
    assert isinstance(answer, Returning)
    assert waits == early == (Refusal.PLAYER_EXCLUDED,) * 2
    assert late == (Refusal.PLAYER_NOT_VERIFIED, None)
    await assert_rebuilt(world.database)


async def test_who_was_released_and_is_named_again_is_excluded_again(world: World) -> None:
    ann = await world.player("ann")
    for answer in (Answer.EXCLUDED, Answer.NOT_EXCLUDED, Answer.EXCLUDED):
        await world.hear(ann, answer)

    assert [item.released_at is None for item in await world.exclusions(ann)].count(True) == 1
    assert len(await world.exclusions(ann)) == 2
    assert await refusals(world, ann) == (Refusal.PLAYER_EXCLUDED,) * 2


async def test_a_clear_answer_that_was_overtaken_by_a_naming_frees_nobody(world: World) -> None:
    ann = await world.player("Overtaken")
    await world.hear(ann, Answer.NOT_EXCLUDED)
    asked_at = world.clock.now()
    world.later(seconds=1)
    named = await world.hear(ann, Answer.EXCLUDED)
    world.later(seconds=1)

    await world.hear(ann, Answer.NOT_EXCLUDED, moment=Moment.DAILY, asked_at=asked_at)

    assert named == (ann,)
    assert await world.verdict(ann) is Verdict.EXCLUDED
    assert [item.released_at for item in await world.exclusions(ann)] == [None]
    # What is asked from now on is heard.
    await world.hear(ann, Answer.NOT_EXCLUDED)
    assert await world.verdict(ann) is Verdict.CLEAR


async def test_a_silent_register_stops_play_and_its_next_word_opens_it(world: World) -> None:
    ann = await world.player("ann")
    await world.hear(ann, Answer.NOT_EXCLUDED)
    await fall_silent(world, ann)
    silent = await refusals(world, ann)
    await fall_silent(world, ann)

    await world.hear(ann, Answer.NOT_EXCLUDED)

    assert silent == (Refusal.REGISTER_DOWN,) * 2
    assert await world.verdict(ann) is Verdict.CLEAR
    # Silence is told once, however long it lasts.
    assert await world.told("register.silent") == ["register.silent"]
    await assert_rebuilt(world.database)


async def test_silence_in_the_daily_round_changes_nothing_while_the_last_word_is_good(
    world: World,
) -> None:
    ann = await world.player("ann")
    await world.hear(ann, Answer.NOT_EXCLUDED)
    world.later(hours=21)
    await fall_silent(world, ann, Moment.DAILY)
    good = await world.verdict(ann)
    world.later(hours=3)
    await fall_silent(world, ann, Moment.DAILY)

    assert (good, await world.verdict(ann)) == (Verdict.CLEAR, Verdict.DOWN)
    await assert_rebuilt(world.database)


async def test_a_look_at_many_is_one_fact_for_each_shard_and_is_opened_after_the_commit(
    world: World,
) -> None:
    everybody = [await world.player(f"p{number}") for number in range(6)]
    shard = shard_of(everybody[0])
    mine = [item for item in everybody if shard_of(item) == shard]

    people = await in_turn(world.database, mine[0], lambda turn: registers.read_people(turn, mine))
    opened = registers.open_people(people, keys=KEYS)

    (fact,) = await facts(world.database, since="personal.read")
    assert (fact["type"], fact["subject_ids"]) == ("personal.read_in_bulk", mine)
    assert fact["purpose"] == "self_exclusion"
    assert opened.keys() == set(mine)
    assert opened[mine[0]].postcode == "E1 1AA"
    assert "E1 1AA" not in repr(people)


async def test_who_was_forgotten_is_not_asked_about(world: World) -> None:
    ann = await world.player("ann")

    async def forget(turn: Turn) -> None:
        close = StatusRequest(
            key=derived_id("close"),
            player_id=ann,
            status=PlayerStatus.CLOSED,
            reason=StatusReason.PLAYER_ASKED,
        )
        await identity.set_status(turn, [close])
        request = ErasureRequest(player_id=ann, basis=LegalBasis.OBJECTED, obligations=frozenset())
        await identity.erase(turn, [request])

    await in_turn(world.database, ann, forget, now=NOW)
    world.later(days=365 * 30)
    await in_turn(world.database, ann, forget, now=world.clock.now())

    people = await in_turn(world.database, ann, lambda turn: registers.read_people(turn, [ann]))

    assert registers.open_people(people, keys=KEYS) == {}
    assert await world.told("personal.read") == []
