"""The clients of national registers that an instance is configured with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from pitboss.adapters.registers import cruks, lugas, oasis
from pitboss.adapters.registers.asking import Asker, Certificate
from pitboss.adapters.registers.gamstop import GamstopClient
from pitboss.adapters.registers.lugas import LugasClient
from pitboss.adapters.registers.plain import PlainClient
from pitboss.adapters.registers.rofus import RofusClient
from pitboss.adapters.registers.spelpaus import SpelpausClient
from pitboss.app.home import Home
from pitboss.app.parts import SANDBOX_KEY
from pitboss.central.ports import CentralFiles
from pitboss.jurisdictions.model import Register
from pitboss.kernel.errors import PlatformError
from pitboss.registers.ports import RegisterClient
from pitboss.settings import RegisterAccount, Settings

# What the sandbox calls every licensee.
SANDBOX_ACTOR = "pitboss"


class RegisterMisnamed(PlatformError):
    """The settings name a register that no licence knows, or leave out what it needs."""


class OpenClient(RegisterClient, Protocol):
    """A client that is closed in the end."""

    async def close(self) -> None:
        """Close its connections."""
        ...


@contextlib.asynccontextmanager
async def open_registers(settings: Settings) -> AsyncIterator[dict[Register, RegisterClient]]:
    """Lend a client of each register that there is an account of, and close them in the end.

    Raises:
        RegisterMisnamed: the settings cannot be meant so.
    """
    clients = {
        register: make_client(register, account)
        for register, account in accounts_of(settings).items()
    }
    try:
        yield dict(clients)
    finally:
        for client in clients.values():
            await client.close()


@contextlib.asynccontextmanager
async def open_central(settings: Settings) -> AsyncIterator[CentralFiles | None]:
    """Lend a client of the central files over all operators, if there is an account of them.

    Raises:
        RegisterMisnamed: the settings cannot be meant so.
    """
    account = central_account(settings)
    if account is None:
        yield None
        return
    asker = Asker(lugas.NAME, certificate=certificate_of("central", account))
    client = LugasClient(account.url, account.key, asker=asker)
    try:
        yield client
    finally:
        await client.close()


def central_account(settings: Settings) -> RegisterAccount | None:
    """Return where the central files are: by the settings, or the sandbox's if that is on."""
    if settings.registers.central is None and settings.registers.sandbox:
        return RegisterAccount(url=f"{sandbox_base(settings)}/lugas", key=sandbox_key(settings))
    return settings.registers.central


def sandbox_base(settings: Settings) -> str:
    """Return where the sandbox plays registers."""
    return f"http://{settings.host}:{settings.sandbox_port}/registers"


def sandbox_key(settings: Settings) -> str:
    """Return the key by which the sandbox knows us."""
    return Home(settings.home).secret(SANDBOX_KEY).hex()


def accounts_of(settings: Settings) -> dict[Register, RegisterAccount]:
    """Return where each register is asked: by the settings, or else at the sandbox if that is on.

    Raises:
        RegisterMisnamed: there is no register of this name.
    """
    found: dict[Register, RegisterAccount] = {}
    if settings.registers.sandbox:
        key, base = sandbox_key(settings), sandbox_base(settings)
        found = {register: sandbox_account(register, base, key) for register in Register}
    for name, account in settings.registers.accounts.items():
        try:
            found[Register(name)] = account
        except ValueError:
            raise RegisterMisnamed(f"there is no register called {name!r}") from None
    return found


def sandbox_account(register: Register, base: str, key: str) -> RegisterAccount:
    """Return our account with a register that the sandbox plays at this address."""
    url = f"{base}/{register.value}"
    match register:
        case Register.GAMSTOP:
            return RegisterAccount(url=f"{url}/v2", batch_url=f"{url}/batch/v2", key=key)
        case Register.SPELPAUS:
            return RegisterAccount(url=url, key=key, actor=SANDBOX_ACTOR)
        case _:
            return RegisterAccount(url=url, key=key)


def make_client(register: Register, account: RegisterAccount) -> OpenClient:
    """Return a client of a register.

    Raises:
        RegisterMisnamed: its account lacks what this register needs.
    """
    asker = Asker(register.value, certificate=certificate_of(register.value, account))
    match register:
        case Register.GAMSTOP:
            if account.batch_url is None:
                raise RegisterMisnamed("gamstop: batch_url is missing")
            return GamstopClient(account.url, account.batch_url, account.key, asker=asker)
        case Register.SPELPAUS:
            if account.actor is None:
                raise RegisterMisnamed("spelpaus: actor is missing")
            return SpelpausClient(account.url, account.actor, account.key, asker=asker)
        case Register.ROFUS:
            return RofusClient(account.url, account.key, asker=asker)
        case Register.CRUKS:
            return cruks.make_client(account.url, account.key, asker=asker)
        case Register.OASIS:
            return oasis.make_client(account.url, account.key, asker=asker)
        case _:
            return PlainClient(register, account.url, account.key, asker=asker)


def certificate_of(name: str, account: RegisterAccount) -> Certificate | None:
    """Return what we show a register by TLS, if it wants to see something.

    Raises:
        RegisterMisnamed: of the certificate and its key one is missing.
    """
    chain, key = account.certificate, account.certificate_key
    if (chain is None) != (key is None):
        raise RegisterMisnamed(f"{name}: a certificate goes with its key")
    return None if chain is None or key is None else Certificate(chain=chain, key=key)
