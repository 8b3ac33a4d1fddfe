"""Free stakes on rewards: counted in the players' turns, by whoever books the stakes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pitboss.games.rewards import store
from pitboss.games.rewards.facts import RewardGivenBack, RewardUsed
from pitboss.games.rewards.model import Reward, Use
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn

# A stake of a player's: shard, provider, the provider's id of it, and the player.
StakePlace = tuple[Shard, str, str, PlayerId]


async def use(turn: Turn, uses: Sequence[Use]) -> None:
    """Count free stakes that were taken on rewards, each once, under the turn that took them."""
    if not uses:
        return
    rewards = await store.find_rewards(turn.tx, {(item.shard, item.reward) for item in uses})
    for item in uses:
        rewards[item.reward] = rewards[item.reward].after_use(item.micros)
        fact = RewardUsed(
            reward=item.reward,
            player_id=item.player_id,
            provider=item.provider,
            stake_id=item.stake_id,
            micros=item.micros,
        )
        turn.publish(item.shard, item.player_id, fact)
    await store.save_uses(turn.tx, uses, turn.now)
    await store.count_uses(turn.tx, list(rewards.values()))


async def give_back(turn: Turn, stakes: Collection[StakePlace]) -> None:
    """Give rewards back what was taken on them by these stakes, which are undone.

    A stake that was taken on none is left alone, and one that was given back before.
    """
    if not stakes:
        return
    wanted = set(stakes)
    uses = [
        item
        for item in await store.find_uses(turn.tx, {place[:3] for place in wanted})
        if not item.given_back
        and (item.shard, item.provider, item.stake_id, item.player_id) in wanted
    ]
    if not uses:
        return
    rewards: dict[str, Reward] = await store.find_rewards(
        turn.tx, {(item.shard, item.reward) for item in uses}
    )
    for item in uses:
        rewards[item.reward] = rewards[item.reward].after_return(item.micros)
        fact = RewardGivenBack(
            reward=item.reward,
            player_id=item.player_id,
            provider=item.provider,
            stake_id=item.stake_id,
        )
        turn.publish(item.shard, item.player_id, fact)
    await store.give_back(turn.tx, uses)
    await store.count_uses(turn.tx, list(rewards.values()))
