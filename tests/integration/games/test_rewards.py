"""Promises about rewards: what is given is granted once at most, and nothing of it is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest

from integration.games.rewarding import Giving
from integration.players.people import assert_rebuilt
from pitboss.db import Database
from pitboss.db.errors import DatabaseAway
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    By,
    ChangeAnswer,
    Changed,
    CreateOutcome,
    Declined,
    Given,
    Granted,
    NotChanged,
    NotGiven,
    Prepaid,
    Refusal,
    Reward,
    RewardState,
    Why,
)
from pitboss.games.rewards.ports import Rewards
from pitboss.kernel.ids import PlayerId
from pitboss.responsible.exclusion.model import Kind
from pitboss.sandbox.rewards import Fate
from pitboss.workers.rewards import BACKOFF_SECONDS_MIN, SILENCE_SECONDS


class Crash(BaseException):
    """The process dies here."""


@dataclass(slots=True)
class Dying:
    """A provider's port whose process dies before or after it asks for a reward."""

    port: Rewards
    before: bool

    async def list_prepaids(self, game: str, currency: str) -> list[Prepaid]:
        """Ask for them."""
        return await self.port.list_prepaids(game, currency)

    async def create(self, reward: Reward) -> CreateOutcome:
        """Die, having asked or not."""
        if not self.before:
            await self.port.create(reward)
        raise Crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


@pytest.fixture
async def world(database: Database) -> Giving:
    world = Giving(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def ann(world: Giving) -> PlayerId:
    return await world.player()


async def decide(world: Giving, reward: Reward, ref: str | None) -> ChangeAnswer:
    async with world.turn(reward.place[0]) as turn:
        return await rewards.decide(turn, reward.place, ref)


async def test_what_is_given_is_asked_for_once_and_granted_as_it_was_given(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.requested(ann)
    loop = world.loop()

    steps = [await loop.step(), await loop.step()]

    assert steps == [1, 0]
    granted = await world.reward(reward.place)
    assert (granted.state, granted.used) == (RewardState.GRANTED, 0)
    (asked,) = world.provider.calls("rewards/create")
    assert asked == {
        "operator_id": "casino",
        "sub_partner_id": "casino",
        "user": ann,
        "prepaid_uuid": world.prepaid,
        "bet_value": 100_000,
        "bet_count": 3,
        "start_time": "2026-08-01T12:00:00",
        "end_time": "2026-08-08T12:00:00",
    }
    assert list(world.provider.rewards) == [granted.ref]
    assert await world.told_of_rewards(ann) == ["reward.requested", "reward.sent", "reward.granted"]
    await assert_rebuilt(database)


async def test_the_same_reward_again_is_the_same_and_another_under_its_key_is_refused(
    world: Giving, ann: PlayerId
) -> None:
    grant = world.grant(ann, key="k")
    first, again, other = (
        *await world.give(grant),
        *await world.give(grant),
        *await world.give(world.grant(ann, key="k", stakes_max=4)),
    )

    assert isinstance(first, Given)
    assert first.changed
    assert again == Given(reward=first.reward, changed=False)
    assert other == NotGiven(reason="key_reused")
    assert await world.told_of_rewards(ann) == ["reward.requested"]


async def test_a_batch_answers_as_its_grants_would_one_by_one(world: Giving, ann: PlayerId) -> None:
    bob = await world.player()
    await world.suspend(bob)
    one = world.grant(ann, key="one")

    answers = await world.give(one, world.grant(bob), one, world.grant(ann, stakes_max=101))

    assert [getattr(answer, "reason", None) for answer in answers] == [
        *(None, "player_not_active", None, "reward_too_large"),
    ]
    assert [getattr(answer, "changed", None) for answer in answers] == [True, None, False, None]


async def test_a_providers_no_is_kept_in_its_own_word(world: Giving, ann: PlayerId) -> None:
    world.provider.fate["rewards/create"] = Fate.REFUSED
    reward = await world.requested(ann)

    await world.loop().step()

    after = await world.reward(reward.place)
    said = "the provider does not want to"
    assert (after.state, after.word) == (RewardState.REFUSED, said)


@pytest.mark.parametrize("fate", [Fate.MUTE, Fate.DOWN, Fate.GARBLED])
async def test_without_an_answer_nobody_knows_and_nobody_asks_again(
    world: Giving, ann: PlayerId, fate: Fate
) -> None:
    world.provider.fate["rewards/create"] = fate
    reward = await world.requested(ann)
    await world.loop().step()
    world.provider.fate.clear()
    world.wait(SILENCE_SECONDS * 2)

    assert await world.loop().step() == 0

    assert (await world.reward(reward.place)).state is RewardState.UNKNOWN
    assert len(world.provider.calls("rewards/create")) == 1
    async with world.database.reading() as tx:
        assert [item.id for item in await rewards.find_unknown(tx)] == [reward.id]


async def test_a_provider_that_is_away_before_it_is_asked_is_asked_later(
    world: Giving, ann: PlayerId
) -> None:
    world.provider.fate["prepaids/list"] = Fate.DOWN
    reward = await world.requested(ann)
    loop = world.loop()
    steps = [await loop.step(), await loop.step()]
    still = (await world.reward(reward.place)).state
    world.provider.fate.clear()
    world.wait(BACKOFF_SECONDS_MIN)

    await loop.step()

    assert (steps, still) == ([1, 0], RewardState.REQUESTED)
    assert (await world.reward(reward.place)).state is RewardState.GRANTED


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_crash_around_the_call_grants_nothing_twice_and_is_seen(
    world: Giving, ann: PlayerId, database: Database, before: bool
) -> None:
    reward = await world.requested(ann)
    with pytest.raises(Crash):
        await world.loop(Dying(world.port, before)).step()
    crashed = (await world.reward(reward.place)).state
    early = await world.loop().step()
    world.wait(SILENCE_SECONDS)

    late = [await world.loop().step(), await world.loop().step()]

    assert (crashed, early, late) == (RewardState.SENT, 0, [1, 0])
    assert (await world.reward(reward.place)).state is RewardState.UNKNOWN
    assert len(world.provider.calls("rewards/create")) == (0 if before else 1)
    await assert_rebuilt(database)


async def test_what_was_sent_is_seen_when_its_provider_is_configured_no_more(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.requested(ann)
    with pytest.raises(Crash):
        await world.loop(Dying(world.port, before=True)).step()
    waiting = await world.requested(ann)
    world.wait(SILENCE_SECONDS)
    loop = world.loop()
    loop.providers = {}

    assert await loop.step() == 1
    assert (await world.reward(reward.place)).state is RewardState.UNKNOWN
    assert (await world.reward(waiting.place)).state is RewardState.REQUESTED


async def test_a_crash_before_it_is_sent_loses_nothing(world: Giving, ann: PlayerId) -> None:
    class Dead(Dying):
        async def list_prepaids(self, game: str, currency: str) -> list[Prepaid]:
            raise Crash

    reward = await world.requested(ann)
    with pytest.raises(Crash):
        await world.loop(Dead(world.port, before=True)).step()

    await world.loop().step()

    assert (await world.reward(reward.place)).state is RewardState.GRANTED
    assert len(world.provider.rewards) == 1


async def test_an_answer_is_written_again_when_the_database_was_away(
    world: Giving, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    reward = await world.requested(ann)
    record, away = rewards.record_outcome, 2

    async def stumble(*args: Any) -> Reward:
        nonlocal away
        away -= 1
        if away >= 0:
            raise DatabaseAway("gone for a moment")
        return await record(*args)

    monkeypatch.setattr("pitboss.workers.rewards.RETRY_SECONDS", 0.01)
    monkeypatch.setattr(rewards, "record_outcome", stumble)
    await world.loop().step()

    assert (await world.reward(reward.place)).state is RewardState.GRANTED
    assert len(world.provider.calls("rewards/create")) == 1


async def test_of_many_loops_and_many_who_give_the_same_one_asks(
    world: Giving, ann: PlayerId
) -> None:
    grant = world.grant(ann)
    answers = await asyncio.gather(*(world.give(grant) for _ in range(8)))
    loops = [world.loop() for _ in range(8)]

    await asyncio.gather(*(loop.step() for loop in loops))

    changed = [answer.changed for (answer,) in answers if isinstance(answer, Given)]
    assert (len(changed), changed.count(True)) == (8, 1)
    assert len(world.provider.calls("rewards/create")) == 1
    assert (await world.reward(grant.place)).state is RewardState.GRANTED


async def unknown(world: Giving, ann: PlayerId) -> Reward:
    world.provider.fate["rewards/create"] = Fate.MUTE
    reward = await world.requested(ann)
    await world.loop().step()
    world.provider.fate.clear()
    return await world.reward(reward.place)


async def test_staff_says_what_an_unknown_reward_is(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    known = await world.granted(ann)
    first, second = await unknown(world, ann), await unknown(world, ann)
    ref = list(world.provider.rewards)[1]

    answers = [
        await decide(world, first, ref),
        await decide(world, first, ref),
        await decide(world, known, None),
        await decide(world, second, ref),
        await decide(world, second, None),
    ]

    assert [getattr(answer, "changed", None) for answer in answers] == [
        *(True, False, None, None, True)
    ]
    refused = [answer.reason for answer in answers if isinstance(answer, NotChanged)]
    assert refused == ["reward_not_unknown", "reward_reference_taken"]
    assert (await world.reward(first.place)).ref == ref
    assert (await world.reward(second.place)).state is RewardState.GIVEN_UP
    await assert_rebuilt(database)


async def test_who_named_a_reward_before_that_was_kept_is_known_from_its_fact(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    theirs = await world.granted(ann)
    ours = await unknown(world, ann)
    await decide(world, ours, "a-name")
    step = resources.files("pitboss.db").joinpath("steps/0067_names_of_rewards.sql").read_text()

    async with database.transaction() as tx:
        await tx.execute("UPDATE game_reward SET named_by = NULL")
        await tx.execute(step[step.index("UPDATE game_reward") :])

    named = [(await world.reward(item.place)).named_by for item in (theirs, ours)]
    assert named == [By.PROVIDER, By.STAFF]
    await assert_rebuilt(database)


@pytest.mark.parametrize("right", ["its name", "not granted", "the provider's answer"])
async def test_a_wrong_name_that_staff_said_is_put_right(
    world: Giving, ann: PlayerId, database: Database, right: str
) -> None:
    reward = await unknown(world, ann)
    (ref,) = world.provider.rewards
    await decide(world, reward, "a-slip-of-the-pen")

    match right:
        case "the provider's answer":
            async with world.turn(reward.place[0]) as turn:
                await rewards.record_outcome(turn, reward.place, Granted(ref=ref))
            # What the provider said is nothing that staff could put right.
            late = await decide(world, reward, "another-name")
            assert late == NotChanged(reason=Refusal.REWARD_NOT_UNKNOWN)
        case "its name":
            assert isinstance(await decide(world, reward, ref), Changed)
        case _:
            assert isinstance(await decide(world, reward, None), Changed)
            # The name is free for the one that is really called so.
            assert await renamed(world, ann, "a-slip-of-the-pen") == "a-slip-of-the-pen"

    found = await world.reward(reward.place)
    given_up = right == "not granted"
    assert found.state is (RewardState.GIVEN_UP if given_up else RewardState.GRANTED)
    assert found.ref == (None if given_up else ref)
    await assert_rebuilt(database)


async def test_what_a_provider_named_after_staff_gave_it_up_is_not_staffs_to_name(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await unknown(world, ann)
    await decide(world, reward, "a-slip-of-the-pen")
    await decide(world, reward, None)
    async with world.turn(reward.place[0]) as turn:
        await rewards.record_outcome(turn, reward.place, Granted(ref="its-name"))
        await rewards.record_cancel(turn, reward.place, Declined(word="claimed"))

    answer = await decide(world, reward, "another-name")

    assert answer == NotChanged(reason=Refusal.REWARD_NOT_UNKNOWN)
    assert (await world.reward(reward.place)).ref == "its-name"
    await assert_rebuilt(database)


async def renamed(world: Giving, ann: PlayerId, ref: str) -> str | None:
    """Have staff say this name of another unknown reward; return what it is called then."""
    reward = await unknown(world, ann)
    await decide(world, reward, ref)
    return (await world.reward(reward.place)).ref


async def test_an_answer_that_comes_late_decides_and_what_was_given_up_is_cancelled(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    late, gone = await unknown(world, ann), await unknown(world, ann)
    await decide(world, gone, None)
    refs = list(world.provider.rewards)

    for reward, ref in zip((late, gone), refs, strict=True):
        async with world.turn(reward.place[0]) as turn:
            await rewards.record_outcome(turn, reward.place, Granted(ref=ref))
    await world.loop().step()

    assert (await world.reward(late.place)).state is RewardState.GRANTED
    assert (await world.reward(gone.place)).state is RewardState.CANCELLED
    assert world.provider.cancelled == {refs[1]}
    await assert_rebuilt(database)


async def test_a_reward_that_the_provider_calls_as_another_is_not_believed(
    world: Giving, ann: PlayerId
) -> None:
    first = await world.granted(ann)
    second = await unknown(world, ann)

    async with world.turn(second.place[0]) as turn:
        await rewards.record_outcome(turn, second.place, Granted(ref=first.ref or ""))

    assert (await world.reward(second.place)).state is RewardState.UNKNOWN


async def test_a_reward_is_cancelled_once_and_before_it_was_sent_without_a_call(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    granted = await world.granted(ann)
    unsent = await world.cancel(await world.requested(ann))
    first, again = await world.cancel(granted), await world.cancel(granted)

    await world.loop().step()

    assert unsent.state is RewardState.CANCELLED
    assert first == again
    assert (await world.reward(granted.place)).state is RewardState.CANCELLED
    assert len(world.provider.calls("rewards/create")) == 1
    assert world.provider.cancelled == {granted.ref}
    await assert_rebuilt(database)


async def test_a_cancelling_without_an_answer_is_asked_again(world: Giving, ann: PlayerId) -> None:
    reward = await world.cancel(await world.granted(ann))
    world.provider.fate["rewards/cancel"] = Fate.MUTE
    await world.loop().step()
    still = (await world.reward(reward.place)).state
    world.provider.fate.clear()
    world.wait(BACKOFF_SECONDS_MIN)

    await world.loop().step()

    assert still is RewardState.CANCELLING
    assert (await world.reward(reward.place)).state is RewardState.CANCELLED
    assert len(world.provider.calls("rewards/cancel")) == 2


async def test_what_was_claimed_stays_granted_with_the_providers_word(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)
    world.provider.claimed.add(reward.ref or "")
    await world.cancel(reward)

    await world.loop().step()

    after = await world.reward(reward.place)
    assert (after.state, after.word) == (RewardState.GRANTED, "the reward is claimed")
    await assert_rebuilt(database)


async def test_an_unknown_reward_is_not_cancelled_before_it_is_known(
    world: Giving, ann: PlayerId
) -> None:
    reward = await unknown(world, ann)

    async with world.turn(reward.place[0]) as turn:
        answer = await rewards.cancel(turn, reward.place, Why.STAFF)

    assert answer == NotChanged(reason=Refusal.REWARD_NOT_GRANTED)


async def test_who_excludes_themselves_has_no_reward_left(world: Giving, ann: PlayerId) -> None:
    claimed = await world.player()
    granted, kept = await world.granted(ann), await world.granted(claimed)
    waiting = await world.requested(ann)
    world.provider.claimed.add(kept.ref or "")
    for player in (ann, claimed):
        await world.keep_away(player, Kind.EXCLUSION, months=6)
    loop = world.loop()

    swept = await loop.sweep()
    await loop.step()
    again = await loop.sweep()

    assert (swept, again) == (3, 0)
    assert (await world.reward(granted.place)).state is RewardState.CANCELLED
    assert (await world.reward(waiting.place)).state is RewardState.CANCELLED
    assert (await world.reward(kept.place)).state is RewardState.GRANTED
    assert world.provider.cancelled == {granted.ref}


async def test_a_time_out_takes_no_reward_away(world: Giving, ann: PlayerId) -> None:
    reward = await world.granted(ann)
    await world.keep_away(ann, Kind.TIME_OUT, hours=24)

    assert await world.loop().sweep() == 0
    assert (await world.reward(reward.place)).state is RewardState.GRANTED
    assert isinstance(await decide(world, reward, reward.ref), Changed)
