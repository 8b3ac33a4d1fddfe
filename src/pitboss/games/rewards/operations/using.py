"""Free stakes on rewards: counted in the players' turns, by whoever books the stakes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pitboss.games.rewards import store
from pitboss.games.rewards.facts import RewardGivenBack, RewardUsed
from pitboss.games.rewards.model import StakePlace, Use
from pitboss.messages import Turn


async def use(turn: Turn, uses: Sequence[Use], *, undone: Collection[StakePlace] = ()) -> None:
    """Count free stakes that were taken on rewards, each once, under the turn that took them.

    The stakes that are `undone` give back what they took, these or earlier ones.  How much is used
    is written once, after both: one may have been taken where another was given back.
    """
    if uses:
        await store.save_uses(turn.tx, uses, turn.now)
    back = await store.find_taken(turn.tx, set(undone)) if undone else []
    touched = {(item.shard, item.reward) for item in (*uses, *back)}
    if not touched:
        return
    rewards = await store.find_rewards(turn.tx, touched)
    for item in uses:
        rewards[item.reward] = rewards[item.reward].after_use(item.micros)
        used = RewardUsed(
            reward=item.reward,
            player_id=item.player_id,
            provider=item.provider,
            stake_id=item.stake_id,
            micros=item.micros,
        )
        turn.publish(item.shard, item.player_id, used)
    for item in back:
        rewards[item.reward] = rewards[item.reward].after_return(item.micros)
        given_back = RewardGivenBack(
            reward=item.reward,
            player_id=item.player_id,
            provider=item.provider,
            stake_id=item.stake_id,
        )
        turn.publish(item.shard, item.player_id, given_back)
    await store.give_back(turn.tx, back)
    await store.count_uses(turn.tx, list(rewards.values()))


async def give_back(turn: Turn, stakes: Collection[StakePlace]) -> None:
    """Give rewards back what was taken on them by these stakes, which are undone.

    A stake that was taken on none is left alone, and one that was given back before.
    """
    await use(turn, (), undone=stakes)
