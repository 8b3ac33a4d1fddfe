"""The process of payments, checks of identity, balances, wins, rewards and cases.

What nobody waits for.
"""

from __future__ import annotations

import asyncio

from pitboss.adapters.payments.sandbox import SandboxProvider
from pitboss.adapters.verification.sandbox import SandboxVerifier
from pitboss.app.games import open_providers
from pitboss.app.home import Home
from pitboss.app.parts import SANDBOX_KEY, clock_of, open_database, personal_keys, run_process
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.settings import Settings
from pitboss.workers import balances, cases, payments, payouts, rewards, verification


def run(settings: Settings) -> None:
    """Submit payments and checks, ask about silent ones, open cases, until told to stop."""
    url = f"http://{settings.host}:{settings.sandbox_port}"
    api_key = Home(settings.home).secret(SANDBOX_KEY).hex()

    async def main(stop: asyncio.Event) -> None:
        async with (
            open_database(settings) as database,
            SandboxProvider(url, api_key) as provider,
            SandboxVerifier(url, api_key) as verifier,
            open_providers(settings) as games,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(
                payments.run(
                    database,
                    provider,
                    clock=clock_of(settings),
                    entropy=SystemEntropy(),
                    partitions=PARTITIONS_ALL,
                    stop=stop,
                )
            )
            group.create_task(
                verification.run(
                    database,
                    verifier,
                    keys=personal_keys(settings),
                    clock=clock_of(settings),
                    entropy=SystemEntropy(),
                    partitions=PARTITIONS_ALL,
                    stop=stop,
                )
            )
            walk = balances.Walk(
                database=database, clock=clock_of(settings), entropy=SystemEntropy()
            )
            group.create_task(walk.run(stop))
            wins = payouts.Walk(
                database=database, clock=clock_of(settings), entropy=SystemEntropy()
            )
            group.create_task(wins.run(stop))
            granting = {name: one.rewards for name, one in games.items() if one.rewards is not None}
            giving = rewards.Loop(
                database=database,
                providers=granting,
                clock=clock_of(settings),
                entropy=SystemEntropy(),
            )
            group.create_task(giving.run(stop))
            group.create_task(
                cases.run(database, clock=clock_of(settings), entropy=SystemEntropy(), stop=stop)
            )

    run_process("payments", settings, main)
