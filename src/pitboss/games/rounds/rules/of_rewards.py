"""What rounds do to rewards: free stakes are taken on them, and give back.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from pitboss.games.rewards.model import Named, Reward, Use
from pitboss.games.rounds.model import Booking, Kind, Request, Stake, WireRefusal
from pitboss.games.rounds.rules.drafting import Closure, Deed, Draft, Known, NotDone
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard


def take_reward(
    draft: Draft, known: Mapping[Named, Reward], step: Stake, booking: Booking
) -> Reward | None:
    """Take a free stake on the reward of ours that it names, and return it as it was.

    That the house gave it is its word to pay for it.  Of one that the house did not give, or of
    none, a provider may say so only where the house has agreed to pay for its promotions, too.
    """
    request = draft.asking.request
    name = (request.provider, step.reward or "")
    reward = draft.rewards.get(name) or known.get(name)
    if reward is None:
        if not request.dialect.free_play:
            no = WireRefusal.PROMOTION_EXHAUSTED
            # Of a reward that nobody knows of this is what tells staff that its provider gave it.
            named = step.reward is not None
            raise NotDone(no, keep=structs.replace(booking, refusal=no) if named else None)
        return None
    refusal = reward.refuses_stake(
        player_id=draft.player.id, game=request.game, micros=step.micros, now=booking.booked_at
    )
    if refusal is not None:
        raise NotDone(refusal, keep=structs.replace(booking, refusal=refusal))
    draft.rewards[name] = reward.after_use(step.micros)
    draft.taken[booking.key] = reward.id
    return reward


def return_reward(draft: Draft, known: Known, stake: Booking) -> None:
    """Give a reward back what an undone stake took, for the next that is taken on it in a batch."""
    taken = draft.taken.get(stake.key) or known.taken.get(stake.key)
    for name, reward in (known.rewards | draft.rewards).items():
        if reward.id == taken:
            draft.rewards[name] = reward.after_return(stake.micros)


def rewards_of(requests: Sequence[Request]) -> set[Named]:
    """Return the rewards, by provider and name, that free stakes of these requests name."""
    return {
        (request.provider, step.reward)
        for request in requests
        for step in request.steps
        if type(step) is Stake and step.free and step.reward is not None
    }


def uses_of(deeds: Sequence[Deed | Closure]) -> list[Use]:
    """Return the free stakes that were taken on rewards."""
    return [
        Use(
            shard=deed.booking.shard,
            provider=deed.booking.provider,
            player_id=deed.booking.player_id,
            stake_id=deed.booking.external_id,
            reward=deed.reward.id,
            micros=deed.booking.micros,
        )
        for deed in deeds
        if isinstance(deed, Deed) and deed.reward is not None
    ]


def freed_by(deeds: Sequence[Deed | Closure]) -> list[tuple[Shard, str, str, PlayerId]]:
    """Return the free stakes that were undone, by shard, provider, id and player."""
    # A win names its stake too, and leaves it taken.
    undone = [
        deed.original
        for deed in deeds
        if isinstance(deed, Deed) and deed.booking.kind is Kind.REVERSAL
    ]
    return [
        (item.shard, item.provider, item.external_id, item.player_id)
        for item in undone
        if item is not None and item.kind is Kind.STAKE and item.free
    ]
