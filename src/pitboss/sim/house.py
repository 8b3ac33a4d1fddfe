"""A house for races and storms: real processes, one event, and players with money and sessions."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from pitboss import cashier, messages
from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.instance import Instance, start_instance
from pitboss.app.parts import TOKENS_SECRET
from pitboss.cashier.model import NewsStatus, PaymentKind, PaymentNews, PaymentRequest
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SharedClock, SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id, new_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import TurnContext
from pitboss.players import access, verification
from pitboss.players.access.model import LoginTry, SessionId
from pitboss.players.verification.model import Decision, DecisionReason, DecisionRequest
from pitboss.settings import GameProviderSettings, SandboxSettings, Settings
from pitboss.sim.crash.model import CURRENCY
from pitboss.sim.crash.office import Board, Office
from pitboss.sim.crash.town import move_in
from pitboss.sim.http import Answer, Client

BET_WORKERS = 2
# Who takes stakes and deposits; results and the record are no part of a race.
PROCESSES = ("api", *(f"bets-{worker}" for worker in range(BET_WORKERS)), "payments", "sandbox")
# A turn with more people than this keeps others waiting.
PEOPLE_AT_ONCE = 200
# The provider keeps to the point: payments are quick, and none fails by itself.
TEMPER = SandboxSettings(
    delay_ms_max=50, failure_share=0, repeat_share=0, disorder_share=0, late_share=0
)
ACTOR = "sim"
CLOCK_NAME = "clock"
# Half a minute: longer than anything that hundreds at once wait for.
TRIES_MAX = 300
BUSY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A player of the house, and a token of their session."""

    player_id: PlayerId
    token: str

    @property
    def shard(self) -> Shard:
        """Where everything about them is written."""
        return shard_of(self.player_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """An instance that runs in processes of its own, seen by whoever asks over HTTP."""

    instance: Instance
    client: Client
    database: Database
    clock: Clock
    tokens: Tokens
    selection_id: str
    tick: int

    async def ask(
        self, method: str, path: str, body: object, *, token: str, key: str | None = None
    ) -> Answer:
        """Ask over HTTP, with JSON; again, if the API has more to do than it can.

        Nothing was done then, and whoever has a key asks for nothing twice.
        """
        headers = {"Authorization": f"Bearer {token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = None if body is None else msgspec.json.encode(body)
        tries = 1
        while True:
            answer = await self.client.ask(method, path, headers=headers, body=content)
            if answer.status != HTTPStatus.SERVICE_UNAVAILABLE or tries == TRIES_MAX:
                return answer
            tries += 1
            await asyncio.sleep(BUSY_SECONDS)

    def slip(self, units: int) -> dict[str, object]:
        """Return the body of a bet of so many whole units; the same one once more is meant."""
        leg = {"selection_id": self.selection_id, "tick": self.tick}
        return {"currency": CURRENCY, "stake": f"{units}.00", "legs": [leg], "again": True}

    async def welcome(
        self, count: int, *, micros: int = 0, jurisdiction: str = "demo"
    ) -> tuple[Guest, ...]:
        """Register so many players, verified, logged in, and with so much in their accounts."""
        ids: list[PlayerId] = []
        while len(ids) < count:
            some = min(PEOPLE_AT_ONCE, count - len(ids))
            fresh = await move_in(
                self.database, players=some, jurisdiction=jurisdiction, now=self.clock.now()
            )
            await self._let_in(fresh, micros)
            ids += fresh
        return tuple(Guest(player_id=player_id, token=self.token(player_id)) for player_id in ids)

    def token(self, player_id: PlayerId, *, session: bool = True) -> str:
        """Sign a token of a player's session, or one of before there were sessions."""
        issued = self.tokens.issue(
            player_id,
            Role.PLAYER,
            CURRENCY,
            now=SystemClock().now(),
            session=session_of(player_id) if session else "",
        )
        return issued.text

    def turn(self, shards: set[Shard]) -> TurnContext:
        """Return a turn of these shards."""
        return messages.turn(
            self.database, shards, now=self.clock.now(), actor=ACTOR, entropy=SystemEntropy()
        )

    async def facts(self, shards: set[Shard]) -> dict[Shard, list[dict[str, Any]]]:
        """Return all facts of these shards, decoded, in the order in which they were committed."""
        found: dict[Shard, list[dict[str, Any]]] = defaultdict(list)
        async with self.database.reading() as tx:
            for shard in sorted(shards):
                after = 0
                while page := await messages.read_facts(tx, shard, after_seq=after):
                    after = page[-1].seq
                    found[shard] += (msgspec.json.decode(fact.body) for fact in page)
        return found

    async def _let_in(self, ids: Sequence[PlayerId], micros: int) -> None:
        async with self.turn({shard_of(player_id) for player_id in ids}) as turn:
            await verification.decide(turn, [_verified(player_id) for player_id in ids])
            for player_id in ids:
                attempt = LoginTry(
                    player_id=player_id, right=True, session_id=session_of(player_id)
                )
                await access.open_first(turn, attempt)
            if micros:
                requests = [_payment(player_id, micros) for player_id in ids]
                await cashier.request_deposits(turn, requests)
                await cashier.record_news(turn, [_arrived(request) for request in requests])


@contextlib.asynccontextmanager
async def opened(
    *,
    seed: int,
    connections: int,
    start: datetime | None = None,
    games: Mapping[str, GameProviderSettings] | None = None,
) -> AsyncIterator[House]:
    """Bring a house up in a temporary home, and take it down again.

    Args:
        seed: of the provider's and the staff's habits.
        connections: how many clients are connected at once.
        start: where the platform's clock stands, which then only `House.clock` moves; None is the
            machine's clock.
        games: providers of games that the instance knows, by their names.
    """
    home = Path(tempfile.mkdtemp(prefix="pitboss-house-"))
    try:
        clock: Clock = SystemClock()
        clock_file: Path | None = None
        if start is not None:
            clock_file = home / CLOCK_NAME
            clock = SharedClock.create(clock_file, start)
        settings = Settings(
            home=home,
            port=0,
            sandbox_port=0,
            database_url=None,
            clock_file=clock_file,
            bet_workers=BET_WORKERS,
            sandbox=TEMPER.model_copy(update={"seed": seed}),
            games=dict(games or {}),
        )
        async with _running(settings, clock, seed, connections) as house:
            yield house
    finally:
        await asyncio.to_thread(EmbeddedPostgres(home).stop, immediate=True)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, clock: Clock, seed: int, connections: int
) -> AsyncIterator[House]:
    async with (
        start_instance(settings, only=PROCESSES) as instance,
        Client(instance.host, instance.port, connections=connections) as client,
    ):
        database = Database(instance.database_url, connections_max=4)
        try:
            board = Board()
            await Office(client, instance.staff_token, board, seed=seed).open(1)
            ((offer, *_),) = board.offers.values()
            yield House(
                instance=instance,
                client=client,
                database=database,
                clock=clock,
                tokens=Tokens(Home(settings.home).secret(TOKENS_SECRET)),
                selection_id=offer.selection_id,
                tick=offer.tick,
            )
        finally:
            await database.close()


def session_of(player_id: PlayerId) -> SessionId:
    """Return the id of the one session that a player of the house has."""
    return SessionId(derived_id("session", player_id))


def micros_of(fact: Mapping[str, Any]) -> int:
    """Return how much a fact of a bet or a payment is about."""
    data = fact["data"]
    return int(data["stake_micros"] if "stake_micros" in data else data["micros"])


def _verified(player_id: PlayerId) -> DecisionRequest:
    return DecisionRequest(
        player_id=player_id,
        key=IdempotencyKey("welcome"),
        decision=Decision.VERIFIED,
        reason=DecisionReason.DOCUMENTS_SEEN,
        valid_until=datetime(2100, 1, 1, tzinfo=UTC),
    )


def _payment(player_id: PlayerId, micros: int) -> PaymentRequest:
    return PaymentRequest(
        player_id=player_id, key=IdempotencyKey("welcome"), micros=micros, currency=CURRENCY
    )


def _arrived(request: PaymentRequest) -> PaymentNews:
    return PaymentNews(
        provider=request.provider,
        event_id=f"arrived.{request.payment_id}",
        payment_id=request.payment_id,
        kind=PaymentKind.DEPOSIT,
        status=NewsStatus.SUCCEEDED,
        micros=request.micros,
        currency=request.currency,
        reference=new_id(SystemClock().now(), SystemEntropy()),
        reason=None,
    )
