"""`/v1/providers/{provider}/…`, as plain ASGI: what game providers call, in their own protocols."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from urllib.parse import parse_qsl

import structlog
from litestar.types import HTTPScope, Receive, Send
from msgspec import structs

from pitboss.api import problems
from pitboss.api.bodies import read_body
from pitboss.api.edge import Edge, GameProvider
from pitboss.api.lanes import Lanes
from pitboss.api.metrics import Metrics
from pitboss.api.problems import ProblemFound
from pitboss.api.turns import in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import BODY_BYTES_MAX
from pitboss.games import rounds
from pitboss.games.rounds.model import Bearer, Request, Session, Standing, make_token
from pitboss.games.rounds.ports import (
    Call,
    Found,
    Heard,
    Look,
    OfToken,
    Outcome,
    Reply,
    Search,
    Swap,
    Swapped,
    Trouble,
)
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn

PREFIX = "/v1/providers/"
ROUTE = "/v1/providers/{provider}/{call:path}"
_TOKEN_BYTES = 16
# Anybody may call as a provider, and fills no disk with what is noted of it.
NOTES_PER_SECOND = 1

_log = structlog.get_logger("api.providers")


class Pace:
    """So many calls a second, and a second's worth at once.

    It counts by the machine's clock, in this process.
    """

    def __init__(self, per_second: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._at = clock()

    def take(self) -> bool:
        """Count a call; say whether it is within the pace."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._per_second, self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class ProviderRoutes:
    """The handler of all that providers call."""

    def __init__(self, edge: Edge, metrics: Metrics) -> None:
        self._edge = edge
        self._lanes = Lanes(edge)
        self._metrics = metrics
        self._paces = {
            name: Pace(provider.calls_per_second) for name, provider in edge.providers.items()
        }
        self._notes = {name: Pace(NOTES_PER_SECOND) for name in edge.providers}

    async def serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        name, _, path = scope["path"][len(PREFIX) :].partition("/")
        provider = self._edge.providers.get(name)
        if provider is None:
            body = problems.NOT_FOUND.body()
            await self._send(send, scope, 404, body, problems.CONTENT_TYPE.encode())
            return
        try:
            reply = await self._reply(name, provider, scope, f"/{path}", receive)
        except Exception:
            _log.exception("a provider's call failed", provider=name)
            reply = provider.talk.fail(Trouble.BROKEN)
        await self._send(send, scope, reply.status, reply.body, b"application/json")

    async def _reply(
        self, name: str, provider: GameProvider, scope: HTTPScope, path: str, receive: Receive
    ) -> Reply:
        if not self._is_let_in(provider, scope):
            self._note(name, scope, "its address is in none of its networks")
            return provider.talk.fail(Trouble.FROM_ELSEWHERE)
        try:
            body = await read_body(receive, bytes_max=BODY_BYTES_MAX)
        except ProblemFound as found:
            # What did not come whole, or in time, may be asked again.
            is_too_large = found.problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return provider.talk.fail(Trouble.TOO_LARGE if is_too_large else Trouble.AWAY)
        headers = {
            key.decode("latin-1").lower(): value.decode("latin-1")
            for key, value in scope["headers"]
        }
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        call = Call(method=scope["method"], path=path, query=query, headers=headers, body=body)
        heard = provider.talk.hear(call)
        if isinstance(heard, Reply):
            # Every protocol has one word for both, that it is not let in.
            if heard == provider.talk.fail(Trouble.FROM_ELSEWHERE):
                self._note(name, scope, "what it shows is signed with none of its keys")
            return heard
        # Only now: what anybody may send unsigned takes nothing from the provider.
        if not self._paces[name].take():
            self._note(name, scope, "it calls more often than it may")
            return provider.talk.fail(Trouble.TOO_OFTEN)
        try:
            outcome = await self._do(name, heard)
        except (Fault, ProblemFound) as fault:
            _log.warning("a provider's call was not done", provider=name, why=str(fault))
            outcome = Trouble.AWAY
        return provider.talk.answer(heard, outcome)

    def _note(self, name: str, scope: HTTPScope, why: str) -> None:
        """Say in the log why a provider was not let in, whom we tell no more than anybody."""
        if self._notes[name].take():
            address = asked_from(scope, proxies_trusted=self._edge.proxies_trusted)
            _log.warning("a provider was not let in", provider=name, address=address, why=why)

    def _is_let_in(self, provider: GameProvider, scope: HTTPScope) -> bool:
        if not provider.networks:
            return True
        address = ipaddress.ip_address(
            asked_from(scope, proxies_trusted=self._edge.proxies_trusted)
        )
        return any(address in network for network in provider.networks)

    async def _do(self, name: str, heard: Heard) -> Outcome:
        wish = heard.wish
        match wish:
            case Request():
                return await self._lanes.play(wish)
            case OfToken():
                bearer = wish.request.bearer
                found = await self._look(
                    name, Look(player_id=None, bearer=bearer, shard=wish.shard)
                )
                if found is None:
                    return None
                return await self._lanes.play(
                    structs.replace(wish.request, player_id=found.player_id)
                )
            case Look():
                return await self._look(name, wish)
            case Swap():
                return await self._swap(name, wish)
            case Search():
                return await self._search(name, wish)

    async def _look(self, name: str, wish: Look) -> Standing | None:
        async with self._edge.database.reading() as tx:
            return await rounds.find_standing(
                tx,
                provider=name,
                player_id=wish.player_id,
                bearer=wish.bearer,
                shard=wish.shard,
            )

    async def _swap(self, name: str, wish: Swap) -> Swapped | None:
        token = make_token(wish.shard, self._edge.entropy.random_bytes(_TOKEN_BYTES))

        async def work(turn: Turn) -> Session | None:
            return await rounds.swap_token(
                turn, wish.shard, provider=name, digest=wish.digest, secret=token
            )

        session = await in_turn(self._edge, [wish.shard], f"provider:{name}", work)
        if session is None:
            return None
        bearer = Bearer(session_id=session.id)
        standing = await self._look(
            name, Look(player_id=session.player_id, bearer=bearer, shard=wish.shard)
        )
        if standing is None:
            return None
        return Swapped(session=session, token=token, standing=standing)

    async def _search(self, name: str, wish: Search) -> Found | None:
        standing = await self._look(name, Look(player_id=wish.player_id, bearer=wish.bearer))
        if standing is None:
            return None
        shard, player_id = shard_of(wish.player_id), wish.player_id
        async with self._edge.database.reading() as tx:
            if wish.round_ref is not None:
                found = await rounds.find_round(tx, player_id, name, wish.round_ref)
                return Found(standing=standing, round=found)
            if wish.stake_id is not None:
                bookings = await rounds.find_bet(tx, shard, player_id, name, wish.stake_id)
            else:
                bookings = await rounds.find_bookings(
                    tx, shard, player_id, name, wish.external_id or ""
                )
        return Found(standing=standing, bookings=tuple(bookings))

    async def _send(
        self, send: Send, scope: HTTPScope, status: int, body: bytes, kind: bytes
    ) -> None:
        self._metrics.answered(ROUTE, scope["method"], status)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", kind),
                    (b"content-length", b"%d" % len(body)),
                ],
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})
