"""Giving rewards, and what comes of it: in the players' turns, safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from pitboss import gate, jurisdictions
from pitboss.games import registry
from pitboss.games.rewards import rules, store
from pitboss.games.rewards.facts import RewardNotGiven, RewardSent
from pitboss.games.rewards.model import (
    By,
    CancelOutcome,
    ChangeAnswer,
    Changed,
    CreateOutcome,
    Given,
    Grant,
    GrantAnswer,
    Granted,
    NotChanged,
    NotGiven,
    Place,
    Refusal,
    Reward,
    RewardState,
    Waiting,
    Why,
)
from pitboss.gate.model import Check, Permit, Product
from pitboss.kernel.invariant import ensure
from pitboss.kernel.money import currency
from pitboss.messages import Turn
from pitboss.players import identity

# Staff decides about it first: whether there is anything to cancel is not known.
_UNDECIDED = (RewardState.SENT, RewardState.UNKNOWN)


async def give(
    turn: Turn, grants: Sequence[Grant], *, worth_micros_max: int
) -> tuple[GrantAnswer, ...]:
    """Record that rewards are to be given, and answer each grant in order.

    Nobody is asked here: what is recorded is sent to its provider later, once.  The same grant
    again changes nothing; another one under its id is refused.  Who may not play, or not this game,
    or under whose licence no rewards are given, is given none; that is told, too.
    """
    _ensure_turn(turn, [grant.place for grant in grants])
    known = await store.find_rewards(turn.tx, [grant.place for grant in grants])
    fresh = {grant.id: grant for grant in grants if grant.id not in known}
    refusals = await _refuse(turn, list(fresh.values()), worth_micros_max=worth_micros_max)
    answers: list[GrantAnswer] = []
    made: list[rules.Step] = []
    for grant in grants:
        earlier = known.get(grant.id)
        reason = refusals.get(grant.id)
        if earlier is not None:
            answers.append(rules.answer_again(grant, earlier))
        elif reason is not None:
            answers.append(NotGiven(reason=reason))
            turn.publish(grant.place[0], grant.player_id, _not_given(grant, reason))
        else:
            step = rules.requested(grant, turn.now)
            known[grant.id] = step[0]
            made.append(step)
            answers.append(Given(reward=step[0], changed=True))
    await store.save_rewards(turn.tx, [reward for reward, _ in made])
    _tell(turn, made)
    return tuple(answers)


async def send(turn: Turn, places: Sequence[Place]) -> list[Reward]:
    """Write of rewards that their provider is asked for them now; return those that it is.

    Of several who want to send one, one does.  What was allowed when it was given is asked about
    again: who has been excluded since is not given it.  Whoever commits this sends it, at once and
    never again; if they die, nobody knows whether they did.
    """
    waiting = [item for item in await _find(turn, places) if item.state is RewardState.REQUESTED]
    refusals = await _refuse(turn, [item.grant for item in waiting])
    steps = [
        rules.declined(item, refusals[item.id], By.HOUSE, turn.now)
        if item.id in refusals
        else (
            structs.replace(item, state=RewardState.SENT, changed_at=turn.now, attempts=0),
            RewardSent(reward=item.id, player_id=item.player_id),
        )
        for item in waiting
    ]
    await _change(turn, steps)
    return [reward for reward, _ in steps if reward.state is RewardState.SENT]


async def decline(turn: Turn, place: Place, word: str) -> None:
    """Record that a reward is not sent, and why; one that was sent stays so."""
    (reward,) = await _find(turn, [place])
    if reward.state is RewardState.REQUESTED:
        await _change(turn, [rules.declined(reward, word, By.HOUSE, turn.now)])


async def record_outcome(turn: Turn, place: Place, outcome: CreateOutcome) -> Reward:
    """Record what a provider answered, or that it did not; return the reward as it stands.

    An answer that comes when a reward is `unknown` already decides it.  One that was given up
    meanwhile is cancelled if it was granted.
    """
    (reward,) = await _find(turn, [place])
    taken = isinstance(outcome, Granted) and await _is_taken(turn, reward, outcome.ref)
    step = rules.after_outcome(reward, outcome, taken=taken, now=turn.now)
    if step is None:
        return reward
    await _change(turn, [step])
    return step[0]


async def cancel(turn: Turn, place: Place, why: Why) -> ChangeAnswer:
    """Have a reward cancelled at its provider; one that it has not heard of is cancelled at once.

    Asking again changes nothing.  Of one that is unknown staff says first what it is.
    """
    _ensure_turn(turn, [place])
    reward = (await store.find_rewards(turn.tx, [place])).get(place[1])
    if reward is None:
        return NotChanged(reason=Refusal.UNKNOWN_REWARD)
    if reward.state in (RewardState.CANCELLING, RewardState.CANCELLED):
        return Changed(reward=reward, changed=False)
    if reward.state not in (RewardState.REQUESTED, RewardState.GRANTED):
        undecided = reward.state in _UNDECIDED
        return NotChanged(reason=Refusal.REWARD_NOT_GRANTED) if undecided else _as_it_is(reward)
    step = rules.cancelling(reward, why, turn.now)
    await _change(turn, [step])
    return Changed(reward=step[0], changed=True)


async def record_cancel(turn: Turn, place: Place, outcome: CancelOutcome) -> Reward:
    """Record what a provider answered about cancelling; return the reward as it stands."""
    (reward,) = await _find(turn, [place])
    step = rules.after_cancel(reward, outcome, turn.now)
    if step is None:
        return reward
    await _change(turn, [step])
    return step[0]


async def decide(turn: Turn, place: Place, ref: str | None) -> ChangeAnswer:
    """Say of an unknown reward that it was granted under this name; without one, that it was not.

    The same again changes nothing.  Something else, as another name, is taken in place of a name
    that staff said before, as long as nothing was played on it; what was given up stays so.
    """
    _ensure_turn(turn, [place])
    reward = (await store.find_rewards(turn.tx, [place])).get(place[1])
    if reward is None:
        return NotChanged(reason=Refusal.UNKNOWN_REWARD)
    state = RewardState.GIVEN_UP if ref is None else RewardState.GRANTED
    if (reward.state, reward.ref) == (state, ref):
        return _as_it_is(reward)
    if reward.state is not RewardState.UNKNOWN and not reward.is_correctable:
        return NotChanged(reason=Refusal.REWARD_NOT_UNKNOWN)
    if ref is None:
        step = rules.given_up(reward, turn.now)
    elif await _is_taken(turn, reward, ref):
        return NotChanged(reason=Refusal.REWARD_REFERENCE_TAKEN)
    else:
        step = rules.granted(reward, Granted(ref=ref), By.STAFF, turn.now)
    await _change(turn, [step])
    return Changed(reward=step[0], changed=True)


async def postpone(turn: Turn, waiting: Sequence[Waiting]) -> None:
    """Say when rewards are looked at again."""
    await store.postpone(turn.tx, waiting)


async def _refuse(
    turn: Turn, grants: Sequence[Grant], *, worth_micros_max: int | None = None
) -> dict[str, str]:
    """Return which of these rewards may not be given, and why: who, then where, then what."""
    if not grants:
        return {}
    permits = await gate.check_rewards(turn, [_check(grant) for grant in grants])
    offers = await registry.find_offers(turn.tx, {(item.provider, item.game) for item in grants})
    players = await identity.recall_players(
        turn, [(grant.place[0], grant.player_id) for grant in grants]
    )
    found: dict[str, str] = {}
    for grant, permit in zip(grants, permits, strict=True):
        if not isinstance(permit, Permit):
            found[grant.id] = permit.reason
            continue
        licence = jurisdictions.get(players[grant.player_id].jurisdiction)
        offer = offers.get((grant.provider, grant.game))
        reason: str | None = rules.refuse_terms(
            grant,
            licence,
            worth_micros_max=worth_micros_max,
            minor_unit_micros=currency(grant.currency).minor_unit_micros,
            now=turn.now,
        ) or registry.refuse_game(offer, licence, turn.now)
        if reason is None and offer is not None:
            reason = registry.refuse_stake(
                offer, currency=grant.currency, micros=grant.stake_micros
            )
        if reason is not None:
            found[grant.id] = reason
    return found


def _check(grant: Grant) -> Check:
    return Check(
        player_id=grant.player_id,
        product=Product.GAMES,
        stake_micros=grant.stake_micros,
        currency=grant.currency,
        free=True,
    )


async def _find(turn: Turn, places: Sequence[Place]) -> list[Reward]:
    _ensure_turn(turn, places)
    found = await store.find_rewards(turn.tx, places)
    return [found[reward] for _, reward in places]


async def _is_taken(turn: Turn, reward: Reward, ref: str) -> bool:
    named = await store.find_named(turn.tx, [(reward.provider, ref)])
    return any(item.id != reward.id for item in named)


async def _change(turn: Turn, steps: Sequence[rules.Step]) -> None:
    await store.change_rewards(turn.tx, [reward for reward, _ in steps])
    _tell(turn, steps)


def _tell(turn: Turn, steps: Sequence[rules.Step]) -> None:
    for reward, fact in steps:
        turn.publish(reward.place[0], reward.player_id, fact)


def _as_it_is(reward: Reward) -> Changed:
    return Changed(reward=reward, changed=False)


def _not_given(grant: Grant, reason: str) -> RewardNotGiven:
    return RewardNotGiven(
        reward=grant.id,
        player_id=grant.player_id,
        provider=grant.provider,
        game=grant.game,
        currency=grant.currency,
        stake_micros=grant.stake_micros,
        stakes_max=grant.stakes_max,
        reason=reason,
    )


def _ensure_turn(turn: Turn, places: Sequence[Place]) -> None:
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "rewards are given by who holds the players' turn",
    )
