"""`POST /v1/bets` and `POST /v1/bets/batch`, as plain ASGI: the two hottest routes.

Both answer once the commands are durable.  Whether a bet is accepted is decided later, by the
processor of the player's shard.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter

import msgspec
import structlog
from litestar.types import HTTPScope, Receive, Send

from pitboss.api import problems, wire
from pitboss.api.bodies import read_body
from pitboss.api.edge import Edge
from pitboss.api.intake import Answer, Intake, LookAgain, Slip
from pitboss.api.metrics import Metrics
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.slips import (
    KeyedSlipBody,
    RawSlipsBody,
    SlipBody,
    read_keyed_slip,
    read_slip,
)
from pitboss.api.tokens import Claims, Role, VerifiedTokens
from pitboss.api.watch import DEVICE_HEADER, Remembered, SessionWatch
from pitboss.api.whence import asked_from
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.location.model import network_tag

PLACE_PATH = "/v1/bets"
BATCH_PATH = "/v1/bets/batch"

_BET_ID_LENGTH = 36
_NS = 1_000_000_000
_ACKNOWLEDGED = b'{"bet_id":"%b","state":"pending","links":{"status":"/v1/bets/%b"}}'
_ACKNOWLEDGED_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % (len(_ACKNOWLEDGED) - 4 + 2 * _BET_ID_LENGTH)),
]

_read_slip_body = wire.reader(SlipBody)
_read_slips_body = wire.reader(RawSlipsBody)
_read_keyed_body = wire.reader(KeyedSlipBody)
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("api.bets")


def _problem_headers(problem: Problem, body: bytes) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode()) for name, value in problem.headers().items()]
    return [*headers, (b"content-length", b"%d" % len(body))]


_TOO_BUSY = problems.TOO_BUSY.body()
_TOO_BUSY_HEADERS = _problem_headers(problems.TOO_BUSY, _TOO_BUSY)


class BetRoutes:
    """The handlers of both routes."""

    def __init__(
        self,
        edge: Edge,
        intake: Intake,
        verified: VerifiedTokens,
        metrics: Metrics,
        watch: SessionWatch,
    ) -> None:
        self._edge = edge
        self._intake = intake
        self._verified = verified
        self._watch = watch
        self._metrics = metrics
        self._place_seconds = metrics.ack_seconds.labels(PLACE_PATH)
        self._batch_seconds = metrics.ack_seconds.labels(BATCH_PATH)
        self._placed = metrics.requests.labels(PLACE_PATH, "POST", "202")
        self._too_busy = metrics.requests.labels(PLACE_PATH, "POST", "503")
        self._refused_too_busy = metrics.refusals.labels(problems.TOO_BUSY.slug)

    async def place(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Acknowledge one bet: 202 with its id."""
        started = perf_counter()
        if self._intake.is_late():
            # Before anything is looked at: who is overrun must be quick to say no.
            await self._refuse_at_once(send)
            return
        headers = _wanted_headers(scope["headers"])
        trace = self._edge.tracer.follow(_text(headers.get(b"traceparent")))
        try:
            claims, remembered = await self._player(headers)
            key = wire.check_key(_text(headers.get(b"idempotency-key")))
            content = await _read_json(headers, receive, wire.BODY_BYTES_MAX)
            slip = read_slip(
                _read_slip_body(content),
                key,
                claims,
                clock=self._edge.clock,
                entropy=self._edge.entropy,
                trace=trace,
                network=self._network(scope, claims),
            )
            (answer,) = await self._submit(claims, headers, (slip,), remembered)
        except Exception as error:
            answer = _problem_of(error)
        if isinstance(answer, Problem):
            await self._refuse(send, PLACE_PATH, answer)
            return
        bet_id = answer.bet_id.encode()
        await send({"type": "http.response.start", "status": 202, "headers": _ACKNOWLEDGED_HEADERS})
        await send(
            {
                "type": "http.response.body",
                "body": _ACKNOWLEDGED % (bet_id, bet_id),
                "more_body": False,
            }
        )
        self._placed.inc()
        seconds = perf_counter() - started
        self._place_seconds.observe(seconds)
        if trace is not None:
            self._tell(trace, seconds, {"bet.id": answer.bet_id})

    async def place_batch(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer each of up to 500 bets by itself, in order, in one answer."""
        started = perf_counter()
        headers = _wanted_headers(scope["headers"])
        trace = self._edge.tracer.follow(_text(headers.get(b"traceparent")))
        try:
            claims, remembered = await self._player(headers)
            content = await _read_json(headers, receive, wire.BATCH_BODY_BYTES_MAX)
            network = self._network(scope, claims)
            read = [
                self._read(bet, claims, trace, network) for bet in _read_slips_body(content).bets
            ]
            slips = [item for item in read if isinstance(item, Slip)]
            submitted = iter(
                await self._submit(claims, headers, slips, remembered) if slips else ()
            )
            answers = [item if isinstance(item, Problem) else next(submitted) for item in read]
        except Exception as error:
            await self._refuse(send, BATCH_PATH, _problem_of(error))
            return
        body = b'{"answers":[%b]}' % b",".join([self._written(answer) for answer in answers])
        headers_out = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers_out})
        await send({"type": "http.response.body", "body": body, "more_body": False})
        self._metrics.requests.labels(BATCH_PATH, "POST", "200").inc()
        seconds = perf_counter() - started
        self._batch_seconds.observe(seconds)
        if trace is not None:
            self._tell(trace, seconds, {"bets": len(answers)})

    async def _submit(
        self,
        claims: Claims,
        headers: dict[bytes, bytes],
        slips: Sequence[Slip],
        remembered: Remembered | None,
    ) -> list[Answer]:
        """Append a request's bets; if something was revoked, look whether the session lives."""
        partition = partition_of(shard_of(PlayerId(claims.subject)))
        if remembered is not None:
            with contextlib.suppress(LookAgain):
                return await self._intake.submit(partition, slips, remembered)
            await self._watch.check(claims, _text(headers.get(_DEVICE)))
        return await self._intake.submit(partition, slips)

    def _tell(self, trace: str, seconds: float, about: Mapping[str, str | int]) -> None:
        ended_ns = int(self._edge.wall.now().timestamp() * _NS)
        self._edge.tracer.tell(
            "bet.acknowledge",
            trace,
            started_ns=ended_ns - int(seconds * _NS),
            ended_ns=ended_ns,
            about=about,
        )

    def _network(self, scope: HTTPScope, claims: Claims) -> str:
        """Return the tag of the address that a player's request comes from."""
        ip = asked_from(scope, proxies_trusted=self._edge.proxies_trusted)
        return network_tag(self._edge.personal_keys, PlayerId(claims.subject), ip)

    def _read(
        self, bet: msgspec.Raw, claims: Claims, trace: str | None, network: str
    ) -> Slip | Problem:
        try:
            return read_keyed_slip(
                _read_keyed_body(bytes(bet)),
                claims,
                clock=self._edge.clock,
                entropy=self._edge.entropy,
                trace=trace,
                network=network,
            )
        except ProblemFound as found:
            return found.problem

    async def _player(self, headers: dict[bytes, bytes]) -> tuple[Claims, Remembered | None]:
        """Return who asks, and what is remembered of their session, if it was not looked at now.

        Raises:
            ProblemFound: nobody that we know, or somebody who is not a player.
        """
        claims = self._verified.find(headers.get(b"authorization"), now=self._edge.wall.now())
        if claims is None:
            raise ProblemFound(problems.UNAUTHENTICATED)
        if claims.role is not Role.PLAYER:
            raise ProblemFound(problems.WRONG_ROLE)
        device = _text(headers.get(_DEVICE))
        remembered = self._watch.recall(claims, device)
        if remembered is None:
            await self._watch.check(claims, device)
        return claims, remembered

    def _written(self, answer: Answer) -> bytes:
        if isinstance(answer, Problem):
            self._metrics.refusals.labels(answer.slug).inc()
            return _encode({"status": answer.status, "problem": answer.document()})
        bet_id = answer.bet_id.encode()
        return b'{"status":202,' + (_ACKNOWLEDGED % (bet_id, bet_id))[1:]

    async def _refuse_at_once(self, send: Send) -> None:
        self._too_busy.inc()
        self._refused_too_busy.inc()
        await send({"type": "http.response.start", "status": 503, "headers": _TOO_BUSY_HEADERS})
        await send({"type": "http.response.body", "body": _TOO_BUSY, "more_body": False})

    async def _refuse(self, send: Send, path: str, problem: Problem) -> None:
        self._metrics.requests.labels(path, "POST", str(problem.status)).inc()
        self._metrics.refusals.labels(problem.slug).inc()
        body = problem.body()
        headers = _problem_headers(problem, body)
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


_DEVICE = DEVICE_HEADER.encode()
_WANTED = frozenset(
    (
        _DEVICE,
        *(b"authorization", b"content-type", b"idempotency-key", b"traceparent"),
    )
)


def _wanted_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    return {name: value for name, value in headers if name in _WANTED}


async def _read_json(headers: Mapping[bytes, bytes], receive: Receive, bytes_max: int) -> bytes:
    """Return the body.

    Raises:
        ProblemFound: it is not JSON by its headers, longer than it may be, or did not come whole.
    """
    if not wire.is_json(_text(headers.get(b"content-type"))):
        raise ProblemFound(problems.NOT_JSON)
    return await read_body(receive, bytes_max=bytes_max)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, ProblemFound):
        return error.problem
    if isinstance(error, Fault):
        return problems.of_fault(error)
    _log.error("a request with bets failed", exc_info=error)
    return problems.INTERNAL
