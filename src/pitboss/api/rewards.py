"""Rewards over HTTP: staff gives free stakes in providers' games, players see theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
from pitboss.api.campaigns import Count, Reference, rewards_of
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    player_of,
)
from pitboss.api.games import GameCode, ProviderName
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    ChangeAnswer,
    Decision,
    Grant,
    GrantAnswer,
    NotChanged,
    NotGiven,
    Place,
    Refusal,
    Reward,
    Why,
    reward_id,
)
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import MICROS_PER_UNIT, currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.staff.agents.model import Permission


class RewardBody(Body, frozen=True, kw_only=True):
    """So many free stakes of this size in a game, paid with a prepaid, until an instant."""

    provider: ProviderName
    game: GameCode
    prepaid: Reference
    stake: str
    currency: str
    count: Count
    ends_at: str
    campaign: Reference | None = None


class RewardDecisionBody(Body, frozen=True, kw_only=True):
    """What the provider says of a reward that nobody knew of: granted under this name, or not."""

    decision: Decision
    reference: Reference | None = None


class RewardView(msgspec.Struct, frozen=True, kw_only=True):
    """Free stakes in a game, of this size each, and how many of them were used."""

    reward: str
    provider: str
    game: str
    stake: str
    currency: str
    count: int
    used: int
    ends_at: str


class RewardsView(msgspec.Struct, frozen=True, kw_only=True):
    """The rewards that you can play now, the newest first."""

    rewards: tuple[RewardView, ...]


class GivenRewardView(RewardView, frozen=True, kw_only=True):
    """A reward as it stands; `reference` is its provider's name of it.

    `word` is what was said last: why it was refused, is unknown, or was not cancelled.
    """

    player_id: str
    state: str
    prepaid: str
    campaign: str | None
    reference: str | None
    word: str | None
    used_amount: str
    requested_at: str
    changed_at: str


class GivenRewardsView(msgspec.Struct, frozen=True, kw_only=True):
    """Rewards that were given; a player's are the newest first, two hundred at most."""

    rewards: tuple[GivenRewardView, ...]


class ChangedRewardView(GivenRewardView, frozen=True, kw_only=True):
    """The reward as it stands now; `changed` is false when it was so before."""

    changed: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about rewards."""
    players = Router(
        "/me/rewards",
        route_handlers=[show],
        guards=[doors.player],
        security=BEARER,
        tags=["games"],
    )
    staff = Router(
        "/staff",
        route_handlers=[show_given, give_reward, cancel_reward, decide_reward, show_unknown],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/", summary="Your free stakes in games")
async def show(request: Asked, edge: TheEdge) -> RewardsView:
    """Show the free stakes that you can play now; what they win is yours."""
    async with edge.database.reading() as tx:
        found = await rewards.find_open_rewards_of(tx, player_of(request), now=edge.clock.now())
    return RewardsView(rewards=tuple(RewardView(**_reward(item)) for item in found))


@get(
    "/players/{player_id:str}/rewards",
    opt=needs(Permission.SEE_GAMES),
    summary="A player's free stakes in games",
)
async def show_given(edge: TheEdge, player_id: FromPath[str]) -> GivenRewardsView:
    """Show a player's rewards as they stand, with those that were refused or cancelled."""
    async with edge.database.reading() as tx:
        found = await rewards.find_rewards_of(tx, _player(player_id))
    return GivenRewardsView(rewards=tuple(GivenRewardView(**_given(item)) for item in found))


@post(
    "/players/{player_id:str}/rewards",
    dto=StrictJson[RewardBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.GIVE_REWARDS),
    summary="Give a player free stakes in a game",
)
async def give_reward(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[RewardBody],
    key: KeyHeader = None,
) -> ChangedRewardView:
    """Record a reward, which its provider is asked for once; the same again gives nothing more."""
    grant = _read(_player(player_id), data, check_key(key))
    rewards_of(edge, data.provider)
    most = edge.reward_worth_max * MICROS_PER_UNIT

    async def work(turn: Turn) -> Sequence[GrantAnswer]:
        return await rewards.give(turn, [grant], worth_micros_max=most)

    (answer,) = await in_turn(edge, [grant.place[0]], actor_of(request), work)
    if isinstance(answer, NotGiven):
        raise ProblemFound(problem_of(answer.reason))
    return ChangedRewardView(**_given(answer.reward), changed=answer.changed)


@post(
    "/players/{player_id:str}/rewards/{reward_id:str}/cancellation",
    status_code=200,
    opt=needs(Permission.GIVE_REWARDS),
    summary="Cancel a player's free stakes in a game",
)
async def cancel_reward(
    request: Asked, edge: TheEdge, player_id: FromPath[str], reward_id: FromPath[str]
) -> ChangedRewardView:
    """Have a reward cancelled; its provider may not, once the player has claimed it."""
    place = _place(player_id, reward_id)

    async def work(turn: Turn) -> ChangeAnswer:
        return await rewards.cancel(turn, place, Why.STAFF)

    return await _change(request, edge, player_id, place, work)


@post(
    "/players/{player_id:str}/rewards/{reward_id:str}/decision",
    dto=StrictJson[RewardDecisionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.DECIDE_REWARDS),
    summary="Say whether an unknown reward was granted",
)
async def decide_reward(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    reward_id: FromPath[str],
    data: JSONBody[RewardDecisionBody],
) -> ChangedRewardView:
    """Decide what nobody knew, once the provider was asked in another way; it is not asked here.

    A wrong name that staff said is put right in the same way, while nothing was played on it.
    """
    if (data.decision is Decision.GRANTED) != (data.reference is not None):
        detail = "what was granted has the provider's name of it, and nothing else has one"
        raise ProblemFound(problems.malformed("reference", detail))
    place = _place(player_id, reward_id)

    async def work(turn: Turn) -> ChangeAnswer:
        return await rewards.decide(turn, place, data.reference)

    return await _change(request, edge, player_id, place, work)


@get("/games/rewards", opt=needs(Permission.SEE_GAMES), summary="Rewards that nobody knows of")
async def show_unknown(edge: TheEdge) -> GivenRewardsView:
    """Show rewards of which nobody knows whether they were granted, two hundred at most."""
    async with edge.database.reading() as tx:
        found = await rewards.find_unknown(tx)
    return GivenRewardsView(rewards=tuple(GivenRewardView(**_given(item)) for item in found))


async def _change(
    request: Asked,
    edge: Edge,
    player_id: str,
    place: Place,
    work: Callable[[Turn], Awaitable[ChangeAnswer]],
) -> ChangedRewardView:
    """Change a reward that is this player's."""

    async def change(turn: Turn) -> ChangeAnswer:
        found = await rewards.find_reward(turn.tx, place)
        if found is None or found.player_id != player_id:
            return NotChanged(reason=Refusal.UNKNOWN_REWARD)
        return await work(turn)

    answer = await in_turn(edge, [place[0]], actor_of(request), change)
    if isinstance(answer, NotChanged):
        raise ProblemFound(problem_of(answer.reason))
    return ChangedRewardView(**_given(answer.reward), changed=answer.changed)


def _player(text: str) -> PlayerId:
    try:
        return PlayerId(parse_id(text, field="player_id"))
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None


def _place(player_id: str, reward: str) -> Place:
    player = _player(player_id)
    try:
        return shard_of(player), parse_id(reward, field="reward_id")
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None


def _read(player_id: PlayerId, body: RewardBody, key: str) -> Grant:
    try:
        stake_micros = parse_micros(body.stake, currency(body.currency), field="stake")
        ends_at = parse_instant(body.ends_at, field="ends_at")
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    if stake_micros <= 0:
        raise ProblemFound(problems.malformed("stake", "a stake is more than nothing"))
    return Grant(
        id=reward_id(player_id, key),
        player_id=player_id,
        provider=body.provider,
        game=body.game,
        prepaid=body.prepaid,
        currency=body.currency,
        stake_micros=stake_micros,
        stakes_max=body.count,
        ends_at=ends_at,
        campaign=body.campaign,
    )


def _reward(item: Reward) -> dict[str, Any]:
    return {
        "reward": item.id,
        "provider": item.provider,
        "game": item.game,
        "stake": format_micros(item.stake_micros, currency(item.currency)),
        "currency": item.currency,
        "count": item.stakes_max,
        "used": item.used,
        "ends_at": write_instant(item.ends_at),
    }


def _given(item: Reward) -> dict[str, Any]:
    return {
        **_reward(item),
        "player_id": item.player_id,
        "state": item.state,
        "prepaid": item.prepaid,
        "campaign": item.campaign,
        "reference": item.ref,
        "word": item.word,
        "used_amount": format_micros(item.used_micros, currency(item.currency)),
        "requested_at": write_instant(item.requested_at),
        "changed_at": write_instant(item.changed_at),
    }
