"""Prepaids and campaigns of providers over HTTP: what rewards are paid with and belong to."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromQuery, JSONBody

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
)
from pitboss.api.games import ProviderName
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    CAMPAIGN_NAME_PATTERN,
    REFERENCE_PATTERN,
    STAKES_MAX,
    Campaign,
    CampaignWish,
    Declined,
    Prepaid,
    Refusal,
)
from pitboss.games.rewards.ports import Rewards
from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.staff.agents.model import Permission

Reference = Annotated[str, msgspec.Meta(pattern=REFERENCE_PATTERN)]
CampaignName = Annotated[str, msgspec.Meta(pattern=CAMPAIGN_NAME_PATTERN)]
Count = Annotated[int, msgspec.Meta(ge=1, le=STAKES_MAX)]


class CampaignBody(Body, frozen=True, kw_only=True):
    """A campaign to create; what its prepaid says counts before what is said here."""

    provider: ProviderName
    name: CampaignName
    prepaid: Reference
    currency: str | None = None
    stake: str | None = None
    count: Count | None = None


class PrepaidView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reward is paid with; without a stake or a count whoever gives it says them."""

    prepaid: str
    currency: str
    stake: str | None
    count: int | None


class PrepaidsView(msgspec.Struct, frozen=True, kw_only=True):
    """What rewards in a game can be paid with, as the provider tells."""

    prepaids: tuple[PrepaidView, ...]


class CampaignView(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as its provider tells of it."""

    campaign: str
    name: str
    prepaid: str
    currency: str | None
    stake: str | None
    count: int | None


class CampaignsView(msgspec.Struct, frozen=True, kw_only=True):
    """The campaigns of a provider."""

    campaigns: tuple[CampaignView, ...]


class CreatedCampaignView(CampaignView, frozen=True, kw_only=True):
    """The campaign; `changed` is false when there was one of this name and prepaid before."""

    changed: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about prepaids and campaigns."""
    return Router(
        "/v1/staff/games",
        route_handlers=[show_prepaids, show_campaigns, create_campaign],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get(
    "/prepaids",
    opt=needs(Permission.SEE_GAMES),
    summary="What rewards in a game are paid with",
)
async def show_prepaids(
    edge: TheEdge, provider: FromQuery[str], game: FromQuery[str], currency: FromQuery[str]
) -> PrepaidsView:
    """Ask a provider for its prepaids; nothing is changed."""
    found = await rewards_of(edge, provider).list_prepaids(game, currency)
    return PrepaidsView(prepaids=tuple(map(_prepaid, found)))


@get("/campaigns", opt=needs(Permission.SEE_GAMES), summary="A provider's campaigns")
async def show_campaigns(edge: TheEdge, provider: FromQuery[str]) -> CampaignsView:
    """Ask a provider for its campaigns; nothing is changed."""
    found = await rewards_of(edge, provider).list_campaigns()
    return CampaignsView(campaigns=tuple(CampaignView(**_campaign(item)) for item in found))


@post(
    "/campaigns",
    dto=StrictJson[CampaignBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.GIVE_REWARDS),
    summary="Create a campaign at a provider",
)
async def create_campaign(
    request: Asked, edge: TheEdge, data: JSONBody[CampaignBody]
) -> CreatedCampaignView:
    """Create a campaign, which gives nobody anything; one of this name and prepaid is looked for
    first, so asking again finds what an answer that was lost has left."""
    wish = _campaign_wish(data)
    provider = rewards_of(edge, data.provider)
    for item in await provider.list_campaigns():
        if (item.name, item.prepaid) == (wish.name, wish.prepaid):
            return CreatedCampaignView(**_campaign(item), changed=False)

    async def ask(turn: Turn) -> None:
        await rewards.ask_for_campaign(turn, data.provider, wish)

    await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), ask)
    answer = await provider.create_campaign(wish)
    if isinstance(answer, Declined):
        raise ProblemFound(_declined(answer))

    async def note(turn: Turn) -> None:
        await rewards.record_campaign(turn, data.provider, answer)

    await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), note)
    return CreatedCampaignView(**_campaign(answer), changed=True)


def rewards_of(edge: Edge, name: str) -> Rewards:
    """Return where a provider's rewards are asked for.

    Raises:
        ProblemFound: there is no such provider, or it cannot be asked.
    """
    provider = edge.providers.get(name)
    if provider is None or provider.rewards is None:
        raise ProblemFound(problem_of(Refusal.REWARDS_NOT_OFFERED))
    return provider.rewards


def _campaign_wish(body: CampaignBody) -> CampaignWish:
    micros = None
    if body.stake is not None:
        try:
            micros = parse_micros(body.stake, currency(body.currency or ""), field="stake")
        except Malformed as error:
            raise ProblemFound(problems.of_malformed(error)) from None
    return CampaignWish(
        name=body.name,
        prepaid=body.prepaid,
        currency=body.currency,
        stake_micros=micros,
        stakes_max=body.count,
    )


def _declined(answer: Declined) -> problems.Problem:
    detail = f"The provider does not create it: {answer.word}"
    return problems.Problem(status=409, slug="campaign_declined", detail=detail)


def _prepaid(item: Prepaid) -> PrepaidView:
    return PrepaidView(
        prepaid=item.ref,
        currency=item.currency,
        stake=_amount(item.stake_micros, item.currency),
        count=item.stakes_max,
    )


def _campaign(item: Campaign) -> dict[str, Any]:
    return {
        "campaign": item.ref,
        "name": item.name,
        "prepaid": item.prepaid,
        "currency": item.currency,
        "stake": _amount(item.stake_micros, item.currency),
        "count": item.stakes_max,
    }


def _amount(micros: int | None, code: str | None) -> str | None:
    """Write an amount of a provider's; None where it says none, or a currency nobody knows here."""
    if micros is None or code is None:
        return None
    try:
        return format_micros(micros, currency(code))
    except Malformed:
        return None
