"""The API as one ASGI application: hot routes, providers and a stream in front of Litestar."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.utils.path import normalize_path

from pitboss.api import (
    agents,
    approvals,
    awaited,
    betting,
    books,
    boosts,
    breaks,
    campaigns,
    cases,
    cash_out,
    cashier,
    catalogue,
    combinations,
    corrections,
    docs,
    exclusions,
    extracts,
    factors,
    feeds,
    figures,
    free_bets,
    game_lists,
    games,
    health,
    house,
    licences,
    limits,
    locations,
    log,
    logins,
    marketing,
    markets,
    passwords,
    payouts,
    persons,
    players,
    prices,
    pricing,
    problems,
    referrals,
    registers,
    replays,
    rewards,
    rounds,
    set_aside,
    staff,
    terms,
    trading,
    verification,
    wallets,
)
from pitboss.api.bets import BATCH_PATH, PLACE_PATH, BetRoutes
from pitboss.api.board import Board
from pitboss.api.bodies import heard_out
from pitboss.api.edge import Edge
from pitboss.api.furniture import Doors
from pitboss.api.intake import Intake
from pitboss.api.metrics import Metrics
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.providers import PREFIX as PROVIDERS
from pitboss.api.providers import ProviderRoutes
from pitboss.api.tokens import VerifiedTokens
from pitboss.api.watch import SessionWatch
from pitboss.api.wire import BODY_BYTES_MAX
from pitboss.kernel.errors import Fault, Malformed, PeerAway

Route = Callable[[HTTPScope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger("api")
# The framework's words for a parameter of the query that is needed and was not said.
_MISSING = re.compile(r"Missing required query parameter '(\w{1,40})' for path ")


class Api:
    """The whole API.  A request for a hot route or the stream never meets the framework."""

    def __init__(self, edge: Edge) -> None:
        metrics = Metrics()
        verified = VerifiedTokens(edge.tokens)
        watch = SessionWatch(edge)
        routes = BetRoutes(edge, Intake(edge, metrics), verified, metrics, watch)
        board = Board(edge, metrics)
        self._plain: dict[tuple[str, str], Route] = {
            ("POST", PLACE_PATH): heard_out(routes.place),
            ("POST", BATCH_PATH): heard_out(routes.place_batch),
            # It listens for as long as it goes on.
            ("GET", prices.STREAM_PATH): prices.PriceStreams(board, metrics).serve,
        }
        self._providers = heard_out(ProviderRoutes(edge, metrics).serve)
        framework = make_litestar(edge, verified, metrics, watch, board)
        self._document = docs.Document(framework)
        self._rest = counted(heard_out(framework), metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's own life."""
        if scope["type"] == ScopeType.HTTP:
            method, path = scope["method"], scope["path"]
            # Normalised as the framework would, so that no spelling of such a route reaches it.
            route = self._plain.get((method, path)) or self._plain.get(
                (method, normalize_path(path))
            )
            if route is not None:
                await route(scope, receive, send)
                return
            if path.startswith(PROVIDERS):
                await self._providers(scope, receive, send)
                return
            if path.startswith(docs.DOCS_PATH):
                self._document.complete()
        elif str(scope["type"]) == "lifespan":
            # Before anybody waits for an answer: it takes half a second.
            self._document.complete()
        await self._rest(scope, receive, send)


def make_app(edge: Edge) -> Api:
    """Return the API of this edge as an ASGI application."""
    return Api(edge)


def make_litestar(
    edge: Edge, verified: VerifiedTokens, metrics: Metrics, watch: SessionWatch, board: Board
) -> Litestar:
    """Return everything but the hot routes and the stream, which it only describes."""
    doors = Doors(edge, verified, watch)
    desk = passwords.PasswordDesk(edge)
    return Litestar(
        route_handlers=[
            players.make_router(edge, doors, desk),
            logins.make_router(edge, doors, desk),
            factors.make_router(doors),
            extracts.make_router(doors),
            wallets.make_router(doors),
            betting.make_router(doors),
            cash_out.make_router(doors),
            catalogue.make_router(),
            prices.make_router(board),
            licences.make_router(),
            *(markets.make_router(), markets.make_staff_router(doors)),
            cashier.make_router(doors),
            limits.make_router(doors),
            payouts.make_router(doors),
            breaks.make_router(doors),
            marketing.make_router(doors),
            exclusions.make_router(doors),
            boosts.make_router(doors),
            combinations.make_router(doors),
            set_aside.make_router(doors),
            *(awaited.make_router(doors), free_bets.make_router(doors)),
            *(games.make_router(doors), game_lists.make_router(doors)),
            *(rewards.make_router(doors), campaigns.make_router(doors)),
            *(rounds.make_router(doors), house.make_router(edge, doors)),
            registers.make_router(doors),
            locations.make_router(doors),
            staff.make_router(doors),
            pricing.make_router(edge, doors),
            agents.make_router(edge, doors, desk),
            approvals.make_router(doors),
            corrections.make_router(doors),
            cases.make_router(doors),
            feeds.make_router(doors),
            persons.make_router(doors),
            verification.make_router(doors),
            terms.make_router(doors),
            figures.make_router(doors),
            books.make_router(doors),
            trading.make_router(doors),
            referrals.make_router(doors),
            replays.make_router(doors),
            log.make_router(),
            health.make_router(metrics),
            docs.make_router(),
        ],
        dependencies={"edge": Provide(lambda: edge, sync_to_thread=False)},
        exception_handlers={Exception: _answer_problem},
        openapi_config=docs.make_config(),
        request_max_body_size=BODY_BYTES_MAX,
        # structlog is set up by whoever runs the process.
        logging_config=None,
    )


def counted(app: ASGIApp, metrics: Metrics) -> ASGIApp:
    """Return the application with its answers counted by route, method and status."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Never the path itself: it may hold an id, and there is no end of those.
                route = scope.get("path_template") or "unknown"
                metrics.answered(route, scope["method"], message["status"])
            await send(message)

        await app(scope, receive, tell)

    return serve


def _answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    bytes_max = request.route_handler.resolve_request_max_body_size() if _is_routed(request) else 0
    problem = problem_of_error(error, body_bytes_max=bytes_max or BODY_BYTES_MAX)
    if problem.status >= 500 and problem is problems.INTERNAL:
        _log.error("a request failed", path=request.scope.get("path_template"), exc_info=error)
    if isinstance(error, PeerAway):
        # Whoever asked is not told what the others said; whoever connects them needs it.
        path = request.scope.get("path_template")
        _log.warning("somebody was asked in vain", path=path, why=str(error), said=error.said)
    return Response(
        problem.body(),
        status_code=problem.status,
        headers=problem.headers(),
        media_type=problems.CONTENT_TYPE,
    )


def _is_routed(request: Request[Any, Any, Any]) -> bool:
    return "route_handler" in request.scope


def problem_of_error(error: Exception, *, body_bytes_max: int) -> Problem:
    """Return what whoever asked is told of an exception: never its text, unless it is ours."""
    match error:
        case ProblemFound():
            return error.problem
        case Malformed():
            return problems.of_malformed(error)
        case Fault():
            return problems.of_fault(error)
        case NotFoundException():
            return problems.NOT_FOUND
        case MethodNotAllowedException():
            return problems.wrong_method((error.headers or {}).get("allow"))
        case ValidationException():
            return _of_validation(error)
        case HTTPException(status_code=413):
            return problems.too_large(body_bytes_max)
        case ClientException():
            return problems.unreadable("the request cannot be read")
        case HTTPException() if error.status_code < 500:
            return Problem(status=error.status_code, slug="refused", detail="This is not possible.")
        case _:
            return problems.INTERNAL


def _of_validation(error: ValidationException) -> Problem:
    """Name the first parameter of the query that is wrong."""
    extra = error.extra if isinstance(error.extra, list) else []
    for item in extra:
        if isinstance(item, dict) and item.get("key"):
            detail = str(item.get("message", "is malformed")).replace("`", "")
            return problems.malformed(str(item["key"]), detail)
    missing = _MISSING.match(error.detail)
    if missing is not None:
        return problems.malformed(missing.group(1), "it is needed")
    return problems.unreadable("a parameter of the request has the wrong form")
