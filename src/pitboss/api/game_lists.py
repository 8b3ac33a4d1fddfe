"""Which games providers say they have, over HTTP: staff compares them with the registry."""

from __future__ import annotations

from typing import Annotated

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
from pitboss.api.games import (
    GameCode,
    ImportedView,
    ImportView,
    ProviderName,
    Rtp,
    VersionName,
    imported,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import LINES, problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.games import registry
from pitboss.games.registry.model import (
    CYCLE_MS_MAX,
    GAMES_AT_ONCE_MAX,
    Advertised,
    Answer,
    GameList,
    Listing,
    Offer,
    Pick,
    Refusal,
    percent_of,
    ppm_of,
)
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.staff.agents.model import Permission


class ListedGamesBody(Body, frozen=True, kw_only=True):
    """Games of a provider's list of games to take in under this version, without certificates.

    What the list does not say is said here, for all of them; `rtp` counts for those of which
    it tells no return.
    """

    provider: ProviderName
    games: Annotated[tuple[GameCode, ...], msgspec.Meta(min_length=1, max_length=GAMES_AT_ONCE_MAX)]
    version: VersionName
    cycle_ms_min: Annotated[int, msgspec.Meta(ge=0, le=CYCLE_MS_MAX)]
    autoplay: bool
    rtp: Rtp | None = None


class AdvertisedView(msgspec.Struct, frozen=True, kw_only=True):
    """A game as its provider tells of it; `rtp` is missing where it tells none."""

    code: str
    title: str
    kind: str
    rtp: str | None
    blocked_countries: tuple[str, ...]


class GoneView(msgspec.Struct, frozen=True, kw_only=True):
    """A game of the registry that its provider has no more."""

    code: str
    title: str
    suspended: bool


class DifferingView(msgspec.Struct, frozen=True, kw_only=True):
    """A game with another title or return here than its provider tells."""

    code: str
    title: str
    rtp: str
    told: AdvertisedView


class ComparisonView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's list of games beside the registry, two hundred of each sort at most.

    `fresh` are not in the registry; the counts are of all; so many could not be read.
    """

    fresh: tuple[AdvertisedView, ...]
    gone: tuple[GoneView, ...]
    differing: tuple[DifferingView, ...]
    fresh_count: int
    gone_count: int
    differing_count: int
    unreadable_count: int


def make_router(doors: Doors) -> Router:
    """Return the routes about providers' lists of games."""
    return Router(
        "/v1/staff/games",
        route_handlers=[compare, take_in_listed],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get(
    "/list",
    opt=needs(Permission.SEE_GAMES),
    summary="Compare a provider's games with the registry",
)
async def compare(edge: TheEdge, provider: FromQuery[str]) -> ComparisonView:
    """Ask a provider which games it has; nothing is changed."""
    listed = await _fetch(edge, provider)
    async with edge.database.reading() as tx:
        found = await registry.compare(tx, provider, listed)
    most = GAMES_AT_ONCE_MAX
    return ComparisonView(
        fresh=tuple(map(_advertised, found.fresh[:most])),
        gone=tuple(map(_gone, found.gone[:most])),
        differing=tuple(_differing(*both) for both in found.differing[:most]),
        fresh_count=len(found.fresh),
        gone_count=len(found.gone),
        differing_count=len(found.differing),
        unreadable_count=found.unreadable,
    )


@post(
    "/list/import",
    dto=StrictJson[ListedGamesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.IMPORT_GAMES),
    summary="Import games of a provider's list of games",
)
async def take_in_listed(
    request: Asked, edge: TheEdge, data: JSONBody[ListedGamesBody]
) -> ImportView:
    """Take in games as their provider tells of them; none is played before it is certified."""
    listed = await _fetch(edge, data.provider)
    found = registry.listings_of(listed, _pick(data))
    listings = [
        _told(listing, f"games[{data.games.index(code)}]") for code, listing in found.items()
    ]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await registry.import_games(turn, listings)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    done = {
        listing.version.code: imported(listing, answer)
        for listing, answer in zip(listings, answers, strict=True)
    }
    return ImportView(
        games=tuple(done.get(code) or _not_told(code, data.version) for code in data.games)
    )


async def _fetch(edge: Edge, name: str) -> GameList:
    provider = edge.providers.get(name)
    if provider is None:
        raise ProblemFound(problem_of(Refusal.UNKNOWN_PROVIDER))
    if provider.game_lists is None:
        raise ProblemFound(problem_of(Refusal.GAME_LIST_NOT_OFFERED))
    return await provider.game_lists.fetch()


def _pick(data: ListedGamesBody) -> Pick:
    return Pick(
        provider=data.provider,
        codes=data.games,
        version=data.version,
        cycle_ms_min=data.cycle_ms_min,
        autoplay=data.autoplay,
        rtp_ppm=None if data.rtp is None else ppm_of(data.rtp, field="rtp"),
    )


def _told(listing: Listing | None, place: str) -> Listing:
    if listing is None:
        raise ProblemFound(problems.malformed(place, "no return is told, so `rtp` is needed"))
    return listing


def _not_told(code: str, version: str) -> ImportedView:
    reason = Refusal.UNKNOWN_GAME.value
    return ImportedView(
        code=code, version=version, changed=False, refusal=reason, detail=LINES[reason].detail
    )


def _advertised(item: Advertised) -> AdvertisedView:
    return AdvertisedView(
        code=item.code,
        title=item.title,
        kind=item.kind,
        rtp=None if item.rtp_ppm is None else percent_of(item.rtp_ppm),
        blocked_countries=item.countries_blocked,
    )


def _gone(offer: Offer) -> GoneView:
    return GoneView(
        code=offer.version.code,
        title=offer.version.title,
        suspended=offer.suspended or offer.provider_suspended,
    )


def _differing(offer: Offer, told: Advertised) -> DifferingView:
    version = offer.version
    return DifferingView(
        code=version.code, title=version.title, rtp=version.rtp_percent, told=_advertised(told)
    )
