"""The process that serves the API, and the pages that use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction

from granian.constants import Interfaces, TaskImpl
from granian.server.embed import Server

from pitboss.adapters import passwords
from pitboss.adapters.authenticators import FidoAuthenticators
from pitboss.adapters.payments.sandbox import SandboxReader
from pitboss.adapters.verification.sandbox import SandboxCheckReader
from pitboss.api.asgi import make_app
from pitboss.api.edge import Edge, GameProvider
from pitboss.api.tokens import Tokens
from pitboss.app import collector, locating
from pitboss.app.front import Front
from pitboss.app.games import open_providers
from pitboss.app.home import Home
from pitboss.app.house import open_house
from pitboss.app.parts import (
    SANDBOX_CHECKS,
    SANDBOX_SIGNING,
    TOKENS_SECRET,
    clock_of,
    open_database,
    personal_keys,
    run_process,
    tracing,
)
from pitboss.app.record import tile_store
from pitboss.app.registers import open_central, open_registers
from pitboss.cashier.model import SANDBOX
from pitboss.central.ports import CentralFiles
from pitboss.db import Database
from pitboss.games.dealing.ports import Equipment
from pitboss.jurisdictions.model import Register
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.tracing import Tracer
from pitboss.players.verification.model import SANDBOX as CHECKER
from pitboss.registers.ports import RegisterClient
from pitboss.settings import Settings
from pitboss.sportsbook.cash_out.model import Policy
from pitboss.web.pages import Pages

# Connections that the kernel may keep for us while a burst of clients arrives.
LISTEN_BACKLOG = 2_048
# To the command log: one for the writer of bets, one to look at what waits, one for who may ask.
LOG_CONNECTIONS = 3


def run(settings: Settings) -> None:
    """Serve the API until told to stop."""

    async def main(stop: asyncio.Event) -> None:
        async with (
            open_database(settings) as database,
            open_database(settings, connections_max=LOG_CONNECTIONS) as log,
            open_registers(settings) as registers,
            open_central(settings) as files,
            open_providers(settings) as providers,
            open_house(settings) as house,
        ):
            with tracing(settings, "api") as tracer:
                app = compose(settings, database, log, tracer, registers, providers, house, files)
                # Only now: a look at everything that the framework has made takes a tenth of a
                # second, in which nobody is answered.
                collector.look_rarely()
                await serve(app, settings, stop)

    run_process("api", settings, main)


def compose(
    settings: Settings,
    database: Database,
    log: Database,
    tracer: Tracer,
    registers: Mapping[Register, RegisterClient],
    providers: Mapping[str, GameProvider],
    house: Equipment | None = None,
    files: CentralFiles | None = None,
) -> Front:
    """Put the API together, and the pages beside it."""
    home = Home(settings.home)
    api = make_app(
        Edge(
            database=database,
            clock=clock_of(settings),
            entropy=SystemEntropy(),
            tokens=Tokens(home.secret(TOKENS_SECRET)),
            passwords=passwords,
            personal_keys=personal_keys(settings),
            news_readers={SANDBOX: SandboxReader([home.secret(SANDBOX_SIGNING)])},
            check_readers={CHECKER: SandboxCheckReader([home.secret(SANDBOX_CHECKS)])},
            tracer=tracer,
            backlog_max=settings.backlog_max,
            correction_total=settings.correction_total,
            correction_single=settings.correction_single,
            reward_worth_max=settings.reward_worth_max,
            price_move_max=Fraction(settings.price_move_percent_max, 100),
            log_database=log,
            instruments=locating.instruments(settings),
            proxies_trusted=settings.proxies_trusted,
            tiles=tile_store(settings),
            site=settings.site,
            authenticators=FidoAuthenticators(site=settings.site, origins=origins(settings)),
            registers=registers,
            central=files,
            providers=providers,
            house=house,
            cash_out=Policy(
                margin=Fraction(settings.cash_out.margin),
                quote_life=timedelta(seconds=settings.cash_out.quote_seconds),
            ),
        )
    )
    return Front(api, Pages())


def origins(settings: Settings) -> tuple[str, ...]:
    """Return where the players' pages are, as browsers name it."""
    if settings.origins:
        return settings.origins
    if settings.site == "localhost":
        return (f"http://localhost:{settings.port}",)
    return (f"https://{settings.site}",)


async def serve(app: Front, settings: Settings, stop: asyncio.Event) -> None:
    """Serve an application; requests that are under way when told to stop are answered."""
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        task_impl=TaskImpl.asyncio,
        backlog=LISTEN_BACKLOG,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        end_serving: Callable[[], None] = server.stop
        end_serving()
    await serving
