"""The process that plays the providers of payments, locations, verification and registers."""

from __future__ import annotations

import asyncio

from pitboss.app.home import Home
from pitboss.app.parts import (
    SANDBOX_CHECKS,
    SANDBOX_KEY,
    SANDBOX_LOCATION,
    SANDBOX_SIGNING,
    run_process,
)
from pitboss.cashier.model import SANDBOX
from pitboss.sandbox import payments
from pitboss.sandbox.couriers import Address
from pitboss.sandbox.fates import Temper
from pitboss.sandbox.locating import SandboxLocator
from pitboss.sandbox.registers import SandboxRegisters
from pitboss.sandbox.verification import CheckerConfig, SandboxChecker
from pitboss.settings import Settings


def run(settings: Settings) -> None:
    """Play both providers until told to stop."""
    home = Home(settings.home)
    config = payments.SandboxConfig(
        folder=home.sandbox,
        api_key=home.secret(SANDBOX_KEY).hex(),
        address=Address(
            url=f"http://{settings.host}:{settings.port}/v1/webhooks/{SANDBOX}",
            secret=home.secret(SANDBOX_SIGNING),
        ),
        temper=Temper(**settings.sandbox.model_dump()),
        host=settings.host,
        port=settings.sandbox_port,
    )

    async def main(stop: asyncio.Event) -> None:
        locator = SandboxLocator(home.secret(SANDBOX_LOCATION))
        checker = SandboxChecker(
            CheckerConfig(
                api_key=config.api_key,
                address=Address(
                    url=f"http://{settings.host}:{settings.port}/v1/webhooks/verification/{SANDBOX}",
                    secret=home.secret(SANDBOX_CHECKS),
                ),
            )
        )
        try:
            await payments.serve(
                config,
                stop,
                locator=locator,
                checker=checker,
                registers=SandboxRegisters(config.api_key),
            )
        finally:
            await checker.close()

    run_process("sandbox", settings, main)
