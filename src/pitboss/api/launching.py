"""Opening a game over HTTP: a provider's, a demonstration, or one of the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from pitboss.api.edge import Edge, GameProvider
from pitboss.api.furniture import Asked, StrictJson, TheEdge, check_body, player_of
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.games import dealing, registry, rounds
from pitboss.games.dealing.model import PROVIDER
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.registry.model import CODE_PATTERN, PROVIDER_PATTERN, Version
from pitboss.games.rounds.model import Launch, NotOpened, Opened, make_token
from pitboss.games.rounds.ports import Launching
from pitboss.kernel.ids import new_id
from pitboss.kernel.shards import shard_of
from pitboss.location.model import network_tag
from pitboss.messages import Turn
from pitboss.players import identity

TOKEN_BYTES = 16
# Where the pages are that play games of the house, and which there are; the others are played by
# whoever asks the API.
PAGE = "/play/"
PAGES = frozenset({House.ROULETTE, House.SLOT})

ProviderName = Annotated[str, msgspec.Meta(pattern=PROVIDER_PATTERN)]
GameCode = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2}([-_][A-Za-z]{2,4})?(?![\s\S])")]


class LaunchBody(Body, frozen=True, kw_only=True):
    """A game to open, for money or as a demonstration; `return_url` is where it leads back to."""

    provider: ProviderName
    game: GameCode
    demo: bool = False
    mobile: bool = False
    locale: Locale = "en"
    return_url: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^(https?://[!-~]*)?$")] = ""


class LaunchView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the game is opened, and what its version tells of itself.

    Without a `url` the provider is integrated by somebody else, who is to be given the `token`
    (or the session); it is good once.  `rtp` is in percent; `top_win_chance` is how often the
    highest win comes, as a fraction of rounds.  Whoever has the page where the stake is made shows
    both there, where the licence has `games.odds_shown`.
    """

    url: str | None
    session_id: str | None
    token: str | None
    rtp: str | None
    top_win_chance: str | None


@post(
    "/games/launch",
    dto=StrictJson[LaunchBody],
    before_request=check_body,
    status_code=201,
    summary="Open a game",
)
async def launch(request: Asked, edge: TheEdge, data: JSONBody[LaunchBody]) -> LaunchView:
    """Open a game for money if you may play it here and now, or as a demonstration."""
    if data.provider == PROVIDER and edge.house is not None:
        return await _open_house(request, edge, data, edge.house)
    provider = edge.providers.get(data.provider)
    if provider is None:
        raise ProblemFound(problem_of("unknown_provider"))
    return await _open_elsewhere(request, edge, data, provider)


async def _open_house(
    request: Asked, edge: Edge, data: LaunchBody, equipment: Equipment
) -> LaunchView:
    if data.demo:
        raise ProblemFound(problem_of("demo_not_offered"))
    asked = _asked(request, edge, data)

    async def work(turn: Turn) -> Opened | NotOpened:
        refusal = await dealing.refuse_opening(turn, asked.player_id, data.game, equipment)
        if refusal is not None:
            return NotOpened(reason=refusal)
        return await rounds.open_session(turn, asked)

    opened = await in_turn(edge, [shard_of(asked.player_id)], "player", work)
    if isinstance(opened, NotOpened):
        raise ProblemFound(problem_of(opened.reason))
    url = f"{PAGE}{data.game}#{asked.session_id}" if data.game in PAGES else None
    return _view(opened.version, url=url, session_id=asked.session_id)


async def _open_elsewhere(
    request: Asked, edge: Edge, data: LaunchBody, provider: GameProvider
) -> LaunchView:
    player_id = player_of(request)
    shard = shard_of(player_id)
    async with edge.database.reading() as tx:
        player = (await identity.find_players(tx, [(shard, player_id)]))[player_id]
        # A demonstration asks the registry for nothing but what to tell.
        key = (data.provider, data.game)
        offer = (await registry.find_offers(tx, {key})).get(key) if data.demo else None
    wish = Launching(
        game=data.game,
        locale=data.locale,
        ip=asked_from(request.scope, proxies_trusted=edge.proxies_trusted),
        mobile=data.mobile,
        return_url=data.return_url,
        currency=player.currency,
        jurisdiction=player.jurisdiction,
    )
    if data.demo:
        if provider.launcher is None:
            raise ProblemFound(problem_of("demo_not_offered"))
        url = await provider.launcher.launch(wish)
        return _view(None if offer is None else offer.version, url=url)
    asked = _asked(request, edge, data, one_at_a_time=provider.one_session)

    async def work(turn: Turn) -> Opened | NotOpened:
        return await rounds.open_session(turn, asked)

    opened = await in_turn(edge, [shard], "player", work)
    if isinstance(opened, NotOpened):
        raise ProblemFound(problem_of(opened.reason))
    if provider.launcher is None:
        return _view(opened.version, session_id=asked.session_id, token=asked.secret)
    url = await provider.launcher.launch(
        replace(
            wish,
            player_id=player_id,
            session_id=asked.session_id,
            token=asked.secret,
        )
    )
    return _view(opened.version, url=url, session_id=asked.session_id)


def _view(
    version: Version | None,
    *,
    url: str | None = None,
    session_id: str | None = None,
    token: str | None = None,
) -> LaunchView:
    return LaunchView(
        url=url,
        session_id=session_id,
        token=token,
        rtp=None if version is None else version.rtp_percent,
        top_win_chance=None if version is None else version.top_win_chance,
    )


def _asked(request: Asked, edge: Edge, data: LaunchBody, *, one_at_a_time: bool = False) -> Launch:
    player_id = player_of(request)
    ip = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
    return Launch(
        player_id=player_id,
        provider=data.provider,
        game=data.game,
        session_id=new_id(edge.clock.now(), edge.entropy),
        secret=make_token(shard_of(player_id), edge.entropy.random_bytes(TOKEN_BYTES)),
        login_id=request.user.session or None,
        network=network_tag(edge.personal_keys, player_id, ip),
        one_at_a_time=one_at_a_time,
    )
