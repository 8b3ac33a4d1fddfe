"""Which national registers an instance asks, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitboss.app.registers import (
    RegisterMisnamed,
    accounts_of,
    central_account,
    make_client,
    open_central,
    open_registers,
)
from pitboss.jurisdictions.model import Register
from pitboss.settings import RegisterAccount, RegisterSettings, Settings

ACCOUNT = RegisterAccount(url="https://there", key="k", batch_url="https://batch", actor="7")


def settings(home: Path, **registers: object) -> Settings:
    return Settings(
        home=home, sandbox_port=8010, registers=RegisterSettings.model_validate(registers)
    )


def test_without_an_account_no_register_is_asked_not_even_the_sandbox(tmp_path: Path) -> None:
    assert accounts_of(settings(tmp_path)) == {}


def test_an_account_comes_before_the_sandbox(tmp_path: Path) -> None:
    found = accounts_of(settings(tmp_path, accounts={"gamstop": ACCOUNT}, sandbox=True))

    assert found.keys() == set(Register)
    assert found[Register.GAMSTOP] == ACCOUNT
    assert found[Register.ROFUS].url == "http://127.0.0.1:8010/registers/rofus"


def test_a_register_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegisterMisnamed, match="gamstopp"):
        accounts_of(settings(tmp_path, accounts={"gamstopp": ACCOUNT}))


@pytest.mark.parametrize(
    ("register", "account"),
    [
        (Register.GAMSTOP, RegisterAccount(url="https://there", key="k")),
        (Register.SPELPAUS, RegisterAccount(url="https://there", key="k")),
        (
            Register.CRUKS,
            RegisterAccount(url="https://there", key="k", certificate=Path("/chain.pem")),
        ),
    ],
)
def test_an_account_that_lacks_something_is_refused_at_the_start(
    register: Register, account: RegisterAccount
) -> None:
    with pytest.raises(RegisterMisnamed, match=register.value):
        make_client(register, account)


async def test_every_register_has_a_client_of_its_own(tmp_path: Path) -> None:
    async with open_registers(settings(tmp_path, sandbox=True)) as clients:
        assert {register: client.register for register, client in clients.items()} == {
            register: register for register in Register
        }


def test_a_key_does_not_show_when_an_account_is_printed() -> None:
    assert "hidden" not in repr(RegisterAccount(url="https://there", key="hidden"))


def test_the_central_files_are_where_the_settings_say_or_at_the_sandbox(tmp_path: Path) -> None:
    account = {"url": "https://lugas.example", "key": "k"}
    nowhere = central_account(settings(tmp_path))
    there = central_account(settings(tmp_path, central=account, sandbox=True))
    sandbox = central_account(settings(tmp_path, sandbox=True))

    assert nowhere is None
    assert there == RegisterAccount.model_validate(account)
    assert sandbox is not None
    assert sandbox.url == "http://127.0.0.1:8010/registers/lugas"


async def test_a_certificate_for_the_central_files_goes_with_its_key(tmp_path: Path) -> None:
    account = {"url": "https://lugas.example", "key": "k", "certificate": "/chain.pem"}

    with pytest.raises(RegisterMisnamed, match="central"):
        async with open_central(settings(tmp_path, central=account)):
            pass
    async with (
        open_central(settings(tmp_path)) as nothing,
        open_central(settings(tmp_path, sandbox=True)) as sandbox,
    ):
        assert nothing is None
        assert sandbox is not None
