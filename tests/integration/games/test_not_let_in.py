"""Why a provider is not let in is in the log: it is told no more than anybody, its operator is."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from integration.games.table import BASE, Table, lay
from integration.games.test_conformance import private_pem, public_pem
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.conformance.model import Account, Protocols
from pitboss.conformance.speakers import make
from pitboss.db import Database
from pitboss.games.rounds.ports import Talk
from unit.protocols.keys import PAIR

OTHER_PAIR = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

NOTE = "a provider was not let in"
NOBODY = Account(player="p", currency="EUR", token="00" * 17)
TALKS: dict[Protocols, Talk] = {
    Protocols.SOFTSWISS: SoftSwiss("acme", [b"a secret"]),
    Protocols.HUB88: Hub88("acme", [public_pem(PAIR)]),
    Protocols.VALKYRIE: Valkyrie("acme", ["a key"]),
}


def notes(said: list[Any]) -> list[tuple[str, str]]:
    return [(one["provider"], one["why"]) for one in said if one["event"] == NOTE]


async def ask(table: Table, protocol: Protocols, key: bytes, times: int = 1) -> None:
    speaker = make(protocol, table.http, BASE, key, "book")
    for _ in range(times):
        await speaker.balance(NOBODY)


@pytest.mark.parametrize("protocol", list(Protocols))
async def test_a_wrong_key_is_noted_and_a_right_one_is_not(
    database: Database, protocol: Protocols
) -> None:
    is_rsa = protocol is Protocols.HUB88
    right = private_pem(PAIR) if is_rsa else b"a secret"
    if protocol is Protocols.VALKYRIE:
        right = b"a key"
    wrong = private_pem(OTHER_PAIR) if is_rsa else b"another"
    table = await lay(database, TALKS[protocol])

    with capture_logs() as good:
        await ask(table, protocol, right)
    with capture_logs() as bad:
        await ask(table, protocol, wrong, times=20)

    assert notes(good) == []
    # Anybody may send what nobody has signed, and fills no disk with it.
    assert set(notes(bad)) == {("acme", "what it shows is signed with none of its keys")}
    assert len(notes(bad)) < 20


async def test_who_calls_from_elsewhere_is_noted_with_the_address(database: Database) -> None:
    talk = TALKS[Protocols.SOFTSWISS]
    table = await lay(database, talk, networks=(ip_network("10.0.0.0/8"),))

    with capture_logs() as said:
        await ask(table, Protocols.SOFTSWISS, b"a secret")

    assert notes(said) == [("acme", "its address is in none of its networks")]
    assert [one["address"] for one in said if one["event"] == NOTE] == ["127.0.0.1"]


async def test_who_calls_too_often_is_noted(database: Database) -> None:
    table = await lay(database, TALKS[Protocols.SOFTSWISS], calls_per_second=1)

    with capture_logs() as said:
        await ask(table, Protocols.SOFTSWISS, b"a secret", times=20)

    assert set(notes(said)) == {("acme", "it calls more often than it may")}
