"""Games over HTTP: staff keeps the registry, players see which they may play."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody, QueryParameter

from pitboss import jurisdictions
from pitboss.api import problems
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    player_of,
)
from pitboss.api.game_views import GameView, show_game
from pitboss.api.launching import launch
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import LINES, problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.games import registry
from pitboss.games.dealing.model import PROVIDER as HOUSE
from pitboss.games.registry.model import (
    CODE_PATTERN,
    CYCLE_MS_MAX,
    GAMES_AT_ONCE_MAX,
    PROVIDER_PATTERN,
    RTP_PATTERN,
    VERSION_PATTERN,
    Answer,
    Certificate,
    Changed,
    GameKind,
    Listing,
    Offer,
    StakeRange,
    Suspension,
    Version,
    Why,
    WhyWithdrawn,
    Withdrawal,
    ppm_of,
)
from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import currency, parse_micros
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.staff.agents.model import Permission

TOKEN_BYTES = 16

ProviderName = Annotated[str, msgspec.Meta(pattern=PROVIDER_PATTERN)]
GameCode = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]
VersionName = Annotated[str, msgspec.Meta(pattern=VERSION_PATTERN)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2}([-_][A-Za-z]{2,4})?(?![\s\S])")]
Rtp = Annotated[str, msgspec.Meta(pattern=RTP_PATTERN)]
# A highest win that takes many free spins in a row is rarer than any number with a name.
Chance = Annotated[str, msgspec.Meta(pattern=r"^[1-9]\d{0,199}/[1-9]\d{0,199}(?![\s\S])")]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}(?![\s\S])")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40,128}(?![\s\S])")]


class StakesBody(Body, frozen=True, kw_only=True):
    """The least and the greatest stake in a currency, such as `"0.10"`."""

    currency: str
    min: str
    max: str


class CertificateBody(Body, frozen=True, kw_only=True):
    """What a laboratory certified for a licence: the files with these digests, in hexadecimal.

    It counts to the end of the day `expires_on` by the licence's clock; without one, for ever.
    """

    licence: Text
    laboratory: Text
    number: Text
    issued_on: Day
    hashes: Annotated[tuple[Digest, ...], msgspec.Meta(min_length=1, max_length=1_000)]
    expires_on: Day | None = None


class GameBody(Body, frozen=True, kw_only=True):
    """A version of a game.  `rtp` is in percent, such as `"96.5"`; a cycle in milliseconds.

    `top_win_chance` is how often the highest win comes, as a fraction of rounds (`"1/1250000"`).
    """

    code: GameCode
    version: VersionName
    title: Text
    kind: GameKind
    rtp: Rtp
    cycle_ms_min: Annotated[int, msgspec.Meta(ge=0, le=CYCLE_MS_MAX)]
    autoplay: bool
    stakes: Annotated[tuple[StakesBody, ...], msgspec.Meta(max_length=50)] = ()
    top_win_chance: Chance | None = None
    certificates: Annotated[tuple[CertificateBody, ...], msgspec.Meta(max_length=50)] = ()


class GamesBody(Body, frozen=True, kw_only=True):
    """Games of a provider; each version is the one that is played from now on."""

    provider: ProviderName
    games: Annotated[tuple[GameBody, ...], msgspec.Meta(min_length=1, max_length=GAMES_AT_ONCE_MAX)]


class GameSuspensionBody(Body, frozen=True, kw_only=True):
    """Stop a game, or without one everything of a provider, everywhere; or let it go."""

    provider: ProviderName
    suspended: bool
    why: Why
    game: GameCode | None = None


class CertificateWithdrawalBody(Body, frozen=True, kw_only=True):
    """Have no certificate of a version count for this licence any more, for ever.

    With a `number` only those of this number; the others still count.
    """

    provider: ProviderName
    game: GameCode
    version: VersionName
    licence: Text
    why: WhyWithdrawn
    number: Text | None = None


class ImportedView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each game, in order: what `refusal` says is why it was not taken in."""

    code: str
    version: str
    changed: bool
    refusal: str | None = None
    detail: str | None = None


class ImportView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an import."""

    games: tuple[ImportedView, ...]


class ChangedView(msgspec.Struct, frozen=True, kw_only=True):
    """Done; `changed` is false when it was so before."""

    changed: bool


class GamesView(msgspec.Struct, frozen=True, kw_only=True):
    """Games, in order of their codes; `next_after` continues behind the last one."""

    games: tuple[GameView, ...]
    next_after: str | None


class OfferedGameView(msgspec.Struct, frozen=True, kw_only=True):
    """A game that you may play."""

    provider: str
    game: str
    title: str
    kind: str
    rtp: str
    top_win_chance: str | None


class OfferedGamesView(msgspec.Struct, frozen=True, kw_only=True):
    """The games that you may play."""

    games: tuple[OfferedGameView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about games."""
    players = Router(
        "/",
        route_handlers=[show_offered, launch],
        guards=[doors.player],
        security=BEARER,
        tags=["games"],
    )
    staff = Router(
        "/staff",
        route_handlers=[show_games, take_in, suspend, withdraw],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/games", summary="The games that you may play")
async def show_offered(request: Asked, edge: TheEdge) -> OfferedGamesView:
    """Show the games that are certified for your licence, not stopped, and can be opened here."""
    player_id, now = player_of(request), edge.clock.now()
    open_here = {*edge.providers, *(() if edge.house is None else (HOUSE,))}
    async with edge.database.reading() as tx:
        found = await identity.find_players(tx, [(shard_of(player_id), player_id)])
        licence = jurisdictions.get(found[player_id].jurisdiction)
        offers: list[Offer] = []
        while page := await registry.find_games(tx, after=_key(offers[-1]) if offers else None):
            offers += page
    return OfferedGamesView(
        games=tuple(
            OfferedGameView(
                provider=offer.version.provider,
                game=offer.version.code,
                title=offer.version.title,
                kind=offer.version.kind,
                rtp=offer.version.rtp_percent,
                top_win_chance=offer.version.top_win_chance,
            )
            for offer in offers
            if offer.version.provider in open_here
            and registry.refuse_game(offer, licence, now) is None
        )
    )


@get("/games", opt=needs(Permission.SEE_GAMES), summary="The registry of games")
async def show_games(
    edge: TheEdge,
    provider: Annotated[str, QueryParameter(pattern=PROVIDER_PATTERN)],
    after: Annotated[str | None, QueryParameter(pattern=CODE_PATTERN)] = None,
) -> GamesView:
    """Show a provider's games as they are played now, with certificates that count no more too.

    `after` continues behind a code.
    """
    key = None if after is None else (provider, after)
    async with edge.database.reading() as tx:
        found = await registry.find_games(tx, provider=provider, after=key)
        filed = await registry.find_certificates(tx, [offer.version for offer in found])
    now = edge.clock.now()
    return GamesView(
        games=tuple(show_game(offer, filed.get(offer.version.key, ()), now) for offer in found),
        next_after=found[-1].version.code if len(found) == GAMES_AT_ONCE_MAX else None,
    )


@post(
    "/games/import",
    dto=StrictJson[GamesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.IMPORT_GAMES),
    summary="Import games and their certificates",
)
async def take_in(request: Asked, edge: TheEdge, data: JSONBody[GamesBody]) -> ImportView:
    """Take in versions of games; each is answered, and importing again changes nothing."""
    listings = [
        _listing(data.provider, game, f"games[{number}]") for number, game in enumerate(data.games)
    ]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await registry.import_games(turn, listings)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return ImportView(
        games=tuple(
            imported(listing, answer) for listing, answer in zip(listings, answers, strict=True)
        )
    )


@post(
    "/games/suspension",
    dto=StrictJson[GameSuspensionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.SUSPEND_GAMES),
    summary="Stop a game or a provider everywhere",
)
async def suspend(request: Asked, edge: TheEdge, data: JSONBody[GameSuspensionBody]) -> ChangedView:
    """Stop or let go with one call; wins and rollbacks are booked all the same."""
    wish = Suspension(
        provider=data.provider, code=data.game, suspended=data.suspended, why=data.why
    )

    async def work(turn: Turn) -> Answer:
        return await registry.suspend(turn, wish)

    return _changed(await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work))


@post(
    "/games/certificates/withdrawal",
    dto=StrictJson[CertificateWithdrawalBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.SUSPEND_GAMES),
    summary="Withdraw a game's certificate for one licence",
)
async def withdraw(
    request: Asked, edge: TheEdge, data: JSONBody[CertificateWithdrawalBody]
) -> ChangedView:
    """Stop launches and stakes of a version under one licence, until it is certified anew."""
    _check_licence(data.licence, "licence")
    wish = Withdrawal(
        provider=data.provider,
        code=data.game,
        version=data.version,
        licence=data.licence,
        why=data.why,
        number=data.number,
    )

    async def work(turn: Turn) -> Answer:
        return await registry.withdraw(turn, wish)

    return _changed(await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work))


def _changed(answer: Answer) -> ChangedView:
    if not isinstance(answer, Changed):
        raise ProblemFound(problem_of(answer.reason))
    return ChangedView(changed=answer.changed)


def _listing(provider: str, body: GameBody, place: str) -> Listing:
    rtp_ppm = ppm_of(body.rtp, field=f"{place}.rtp")
    for number, item in enumerate(body.certificates):
        at = f"{place}.certificates[{number}]"
        _check_licence(item.licence, f"{at}.licence")
        issued_on = _day(item.issued_on, f"{at}.issued_on")
        if item.expires_on is not None and _day(item.expires_on, f"{at}.expires_on") < issued_on:
            detail = "is before the day on which it was issued"
            raise ProblemFound(problems.malformed(f"{at}.expires_on", detail))
    return Listing(
        version=Version(
            provider=provider,
            code=body.code,
            version=body.version,
            title=body.title,
            kind=body.kind,
            rtp_ppm=rtp_ppm,
            cycle_ms_min=body.cycle_ms_min,
            autoplay=body.autoplay,
            stakes=tuple(
                _stakes(item, f"{place}.stakes[{number}]")
                for number, item in enumerate(body.stakes)
            ),
            top_win_chance=_chance(body.top_win_chance, f"{place}.top_win_chance"),
        ),
        certificates=tuple(
            Certificate(
                licence=item.licence,
                laboratory=item.laboratory,
                number=item.number,
                issued_on=item.issued_on,
                hashes=item.hashes,
                expires_on=item.expires_on,
            )
            for item in body.certificates
        ),
    )


def _check_licence(code: str, place: str) -> None:
    if jurisdictions.find(code) is None:
        raise ProblemFound(problems.malformed(place, "there is no such licence here"))


def _day(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ProblemFound(problems.malformed(place, "there is no such day")) from None


def _chance(text: str | None, place: str) -> str | None:
    if text is None:
        return None
    chance = Fraction(text)
    if chance > 1:
        raise ProblemFound(problems.malformed(place, "nothing comes more often than always"))
    return f"{chance.numerator}/{chance.denominator}"


def _stakes(body: StakesBody, place: str) -> StakeRange:
    try:
        unit = currency(body.currency)
        least = parse_micros(body.min, unit, field=f"{place}.min")
        most = parse_micros(body.max, unit, field=f"{place}.max")
    except Malformed as error:
        named = error.field if error.field.startswith(place) else f"{place}.{error.field}"
        raise ProblemFound(problems.malformed(named, error.message)) from None
    if least > most:
        raise ProblemFound(problems.malformed(f"{place}.max", "is less than the least stake"))
    return StakeRange(currency=body.currency, micros_min=least, micros_max=most)


def imported(listing: Listing, answer: Answer) -> ImportedView:
    """Return what came of one of an import."""
    code, version = listing.version.code, listing.version.version
    if isinstance(answer, Changed):
        return ImportedView(code=code, version=version, changed=answer.changed)
    reason = str(answer.reason)
    return ImportedView(
        code=code, version=version, changed=False, refusal=reason, detail=LINES[reason].detail
    )


def _key(offer: Offer) -> tuple[str, str]:
    return offer.version.provider, offer.version.code
