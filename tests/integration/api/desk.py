"""The API over a database of its own, in this process, and hands to use it with."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contract.fake_central import FakeCentral
from contract.fake_registers import FakeRegister, every_register
from integration.api.client import Answer, AsgiClient
from integration.players.keys import KEYS
from pitboss.adapters import passwords
from pitboss.adapters.authenticators import FidoAuthenticators
from pitboss.adapters.payments.sandbox import SandboxReader
from pitboss.adapters.verification.sandbox import SandboxCheckReader
from pitboss.api.asgi import make_app
from pitboss.api.edge import BACKLOG_MAX, Edge, GameProvider
from pitboss.api.tokens import Role, Tokens
from pitboss.audit.record.ports import TileStore
from pitboss.db import Database
from pitboss.games.dealing.ports import Equipment
from pitboss.jurisdictions.model import Register
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.kernel.tracing import NoTracer, Tracer
from pitboss.location.ports import Instruments
from pitboss.sandbox.couriers import SIGNATURE_HEADER, sign
from pitboss.sportsbook import settlement
from pitboss.workers.bets import Processor, hear_traders
from pitboss.workers.observer import Observer

SECRET = b"a secret of thirty-two bytes: ok"
SIGNING = b"what the sandbox signs its webhooks with"
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
KICK_OFF = NOW + timedelta(days=14)
PASSWORD = "correct horse"
SITE = "play.example.test"
JURISDICTION, CURRENCY = "demo", "EUR"

MARKETS = {"1x2": ("home", "draw", "away"), "total": ("over", "under")}
PRICES = {"home": "2.5", "draw": "3.2", "away": "2.9", "over": "1.9", "under": "1.95"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A registered player."""

    player_id: str
    token: str
    email: str


@dataclass(slots=True, kw_only=True)
class Desk:
    """The hands of a test: every method is one thing that is asked over HTTP, or happens."""

    database: Database
    backlog_max: int = BACKLOG_MAX
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    # Tokens and signatures live by the machine's clock, which stands still here too.
    wall: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(11))
    tokens: Tokens = field(default_factory=lambda: Tokens(SECRET))
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    tracer: Tracer = field(default_factory=NoTracer)
    observer: Observer | None = None
    instruments: Instruments = field(default_factory=Instruments)
    proxies_trusted: int = 0
    jurisdiction: str = JURISDICTION
    tiles: TileStore | None = None
    providers: dict[str, GameProvider] = field(default_factory=dict)
    house: Equipment | None = None
    registers: dict[Register, FakeRegister] = field(default_factory=every_register)
    central: FakeCentral = field(default_factory=FakeCentral)
    # The token of an agent with a session, if a test has hired one.
    office: str = ""
    client: AsgiClient = field(init=False)
    edge: Edge = field(init=False)
    processors: list[Processor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.edge = Edge(
            database=self.database,
            clock=self.clock,
            entropy=self.entropy,
            tokens=self.tokens,
            passwords=passwords,
            personal_keys=KEYS,
            news_readers={"sandbox": SandboxReader([SIGNING])},
            check_readers={"sandbox": SandboxCheckReader([SIGNING])},
            wall=self.wall,
            tracer=self.tracer,
            backlog_max=self.backlog_max,
            instruments=self.instruments,
            proxies_trusted=self.proxies_trusted,
            tiles=self.tiles,
            site=SITE,
            authenticators=FidoAuthenticators(site=SITE, origins=[f"https://{SITE}"]),
            registers=dict(self.registers),
            central=self.central,
            providers=self.providers,
            house=self.house,
        )
        self.client = AsgiClient(make_app(self.edge))

    def twin(self, *, backlog_max: int = BACKLOG_MAX) -> Desk:
        """Return another API over the same database, as another process is."""
        return self.twin_over(self.database, backlog_max=backlog_max)

    def twin_over(self, database: Database, *, backlog_max: int = BACKLOG_MAX) -> Desk:
        """Return another API, that reaches the database in another way."""
        return Desk(
            database=database,
            backlog_max=backlog_max,
            clock=self.clock,
            wall=self.wall,
            entropy=self.entropy,
            numbers=self.numbers,
        )

    @property
    def staff(self) -> str:
        """A token of a program of the staff's."""
        return self.tokens.issue("ann", Role.STAFF, now=self.wall.now()).text

    def key(self) -> str:
        """Return an idempotency key that was never used."""
        return f"key-{next(self.numbers)}"

    async def player(self, *, amount: str | None = None, **details: str) -> Somebody:
        """Register somebody and let them pay in; `details` are what else is said of them."""
        email = f"player{next(self.numbers)}@example.test"
        answer = await self.client.ask(
            "POST",
            "/v1/players",
            key=self.key(),
            body={**registration(email), "jurisdiction": self.jurisdiction, **details},
        )
        assert answer.status == 201, answer.body
        said = answer.json()
        player = Somebody(player_id=said["player_id"], token=said["token"], email=email)
        if amount is not None:
            payment = await self.deposit(player, amount)
            told = await self.tell(news(payment.json()))
            assert told.json() == {"believed": True, "refusal": None}
        return player

    async def deposit(self, player: Somebody, amount: str, *, key: str | None = None) -> Answer:
        """Ask for a deposit."""
        body = {"amount": amount, "currency": CURRENCY}
        key = key or self.key()
        return await self.client.ask("POST", "/v1/deposits", token=player.token, key=key, body=body)

    async def tell(self, told: dict[str, Any], *, secret: bytes = SIGNING) -> Answer:
        """Send a webhook as the sandbox would."""
        body = msgspec.json.encode(told)
        headers = {SIGNATURE_HEADER.lower(): sign(secret, body, at=self.wall.now())}
        return await self.client.ask("POST", "/v1/webhooks/sandbox", raw=body, headers=headers)

    async def event(self, name: str) -> None:
        """Open an event with two markets."""
        answer = await self.client.ask(
            "POST", "/v1/staff/events", token=self.staff, body={"events": [new_event(name)]}
        )
        assert answer.json()["answers"] == [{"event_id": event_id(name), "changed": True}]

    async def place(
        self, player: Somebody, body: dict[str, Any], *, key: str | None = None
    ) -> Answer:
        """Ask for a bet."""
        key = key or self.key()
        return await self.client.ask("POST", "/v1/bets", token=player.token, key=key, body=body)

    async def look(self, player: Somebody, path: str) -> Any:
        """Return what a player sees there."""
        answer = await self.client.ask("GET", path, token=player.token)
        assert answer.status == 200, answer.body
        return answer.json()

    async def process(self) -> None:
        """Decide on all that waits in the log, then settle all that waits for results."""
        if not self.processors:
            self.processors = [self._processor(partition) for partition in range(4)]
            for processor in self.processors:
                assert await processor.own()
        async with self.database.reading() as tx:
            await hear_traders(tx, self.processors)
        for processor in self.processors:
            while await processor.step():
                pass
        for partition in PARTITIONS_ALL:
            looked_at: int | None = 0
            while looked_at is not None:
                async with self.database.transaction() as tx:
                    looked_at = await settlement.settle_waiting(
                        tx, partition, now=self.clock.now(), entropy=self.entropy, limit=1_000
                    )

    def _processor(self, partition: int) -> Processor:
        return Processor(
            partition=PARTITIONS_ALL[partition],
            owner="test",
            database=self.database,
            clock=self.clock,
            entropy=self.entropy,
            wall=self.wall,
            observer=self.observer,
        )


# What national registers find people by, where a licence has one.
FOR_REGISTERS = {"postcode": "SW1A 1AA", "national_id": "199001019802"}


def registration(email: str = "ann@example.test") -> dict[str, Any]:
    """Return a body with which anybody may register."""
    return {
        "email": email,
        "password": PASSWORD,
        "name": "Ann Example",
        "date_of_birth": "1990-02-28",
        "jurisdiction": JURISDICTION,
        "currency": CURRENCY,
    }


def slip(*selections: str, stake: str = "5.00", tick: int = 1) -> dict[str, Any]:
    """Return the body of a bet on these selections."""
    return {
        "currency": CURRENCY,
        "stake": stake,
        "legs": [{"selection_id": selection, "tick": tick} for selection in selections],
        "again": True,
    }


def new_event(name: str) -> dict[str, Any]:
    """Return an event to open."""
    return {
        "event_id": event_id(name),
        "sport": "football",
        "competition": "League",
        "home": f"{name} home",
        "away": f"{name} away",
        "name": None,
        "in_play_open": True,
        "bet_delay_seconds": 5,
        "starts_at": write_instant(KICK_OFF),
        "markets": [
            {
                "market_id": market_id(name, kind),
                "kind": kind,
                "line": "2.5" if kind == "total" else None,
                "specifiers": "",
                "producer": None,
                "selections": [
                    {
                        "selection_id": selection_id(name, kind, code),
                        "code": code,
                        "name": f"{name} {code}",
                        "price": PRICES[code],
                    }
                    for code in codes
                ],
            }
            for kind, codes in MARKETS.items()
        ],
    }


def news(payment: dict[str, Any], status: str = "succeeded") -> dict[str, Any]:
    """Return what the sandbox tells of a payment."""
    return {
        "event_id": derived_id("news", payment["payment_id"], status),
        "payment_id": payment["payment_id"],
        "reference": f"sbx_{payment['payment_id'][:8]}",
        "kind": payment["kind"],
        "status": status,
        "amount": payment["amount"],
        "currency": payment["currency"],
        "created_at": write_instant(NOW),
        "sequence": 2,
        "reason": None,
    }


def event_id(name: str) -> str:
    """Return the id of an event of this desk."""
    return derived_id("event", name)


def market_id(name: str, kind: str = "1x2") -> str:
    """Return the id of a market of an event of this desk."""
    return derived_id("market", name, kind)


def selection_id(name: str, kind: str = "1x2", code: str = "home") -> str:
    """Return the id of a selection of an event of this desk."""
    return derived_id("selection", name, kind, code)
