"""Opening a game over HTTP: a provider's, a demonstration, or one of the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody

from pitboss.api.edge import Edge, GameProvider
from pitboss.api.furniture import Asked, StrictJson, TheEdge, check_body, player_of
from pitboss.api.problems import GAMES_AWAY, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.games import dealing, rounds
from pitboss.games.dealing.errors import HouseClosed
from pitboss.games.dealing.model import PROVIDER
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.registry.model import CODE_PATTERN, PROVIDER_PATTERN, Version
from pitboss.games.rounds.errors import NoDemonstrations
from pitboss.games.rounds.model import Launch, NotOpened, Opened, make_token
from pitboss.games.rounds.ports import Launching
from pitboss.kernel.ids import new_id
from pitboss.kernel.shards import shard_of
from pitboss.location.model import network_tag
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import Player

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
    """Open a game for money if you may play it here and now, or as a demonstration.

    Also a demonstration is only of games that your licence has, and for whoever may play.
    """
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
        try:
            refusal = await dealing.refuse_opening(turn, asked.player_id, data.game, equipment)
        except HouseClosed as fault:
            raise ProblemFound(GAMES_AWAY) from fault
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
        return await _show(edge, data, provider, player, wish)
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


async def _show(
    edge: Edge, data: LaunchBody, provider: GameProvider, player: Player, wish: Launching
) -> LaunchView:
    """Have a provider open a game without money, which the wallet never hears of."""
    if provider.launcher is None:
        raise ProblemFound(problem_of("demo_not_offered"))

    async def look(turn: Turn) -> Version | NotOpened:
        return await rounds.find_demonstration(
            turn, player.id, provider=data.provider, game=data.game
        )

    shown = await in_turn(edge, [player.shard], "player", look)
    if isinstance(shown, NotOpened):
        raise ProblemFound(problem_of(shown.reason))
    try:
        url = await provider.launcher.launch(wish)
    except NoDemonstrations:
        raise ProblemFound(problem_of("demo_not_offered")) from None
    return _view(shown, url=url)


def _view(
    version: Version,
    *,
    url: str | None = None,
    session_id: str | None = None,
    token: str | None = None,
) -> LaunchView:
    return LaunchView(
        url=url,
        session_id=session_id,
        token=token,
        rtp=version.rtp_percent,
        top_win_chance=version.top_win_chance,
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
