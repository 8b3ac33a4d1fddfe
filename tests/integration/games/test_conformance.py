"""The kit's cases, against the real API and a real database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integration.games.table import BASE, lay
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Account, Move, Report, Said, Verdict
from pitboss.conformance.running import lines, run
from pitboss.conformance.softswiss import SoftSwissSpeaker
from pitboss.conformance.valkyrie import ValkyrieSpeaker
from pitboss.db import Database

SECRET = b"a secret of a studio"


def check(report: Report, skipped: set[str]) -> None:
    failed = [item for item in report.results if item.verdict is Verdict.FAILED]
    assert not failed, "\n".join(lines(report))
    assert {item.number for item in report.results if item.verdict is Verdict.SKIPPED} == skipped
    assert report.passed


async def test_softswiss_passes_every_case(database: Database) -> None:
    table = await lay(database, SoftSwiss("acme", [b"newest", SECRET]))
    (account, _), (other, _) = await table.account(), await table.account()
    speaker = SoftSwissSpeaker(table.http, BASE, SECRET, "book")

    report = await run(speaker, account, game="book", other=other)

    check(report, {"39", "37"})


async def test_hub88_passes_every_case(database: Database) -> None:
    pair = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    other_pair = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    table = await lay(
        database, Hub88("acme", [public_pem(other_pair), public_pem(pair)]), one_session=True
    )
    (_, account), (_, other) = await table.account(), await table.account()
    speaker = Hub88Speaker(table.http, BASE, private_pem(pair), "book")

    report = await run(speaker, account, game="book", other=other)

    check(report, {"37"})


async def test_valkyrie_passes_every_case(database: Database) -> None:
    table = await lay(database, Valkyrie("acme", ["newest", "a key"]), game="kit/book")
    (_, account), (_, other) = await table.account(), await table.account()
    speaker = ValkyrieSpeaker(table.http, BASE, b"a key", "book")

    report = await run(speaker, account, game="book", other=other)

    check(report, {"37"})


def public_pem(pair: rsa.RSAPrivateKey) -> bytes:
    return pair.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(pair: rsa.RSAPrivateKey) -> bytes:
    return pair.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Forgetful(SoftSwissSpeaker):
    """As if a wallet took every bet for a new one."""

    serial = 0

    async def play(
        self, account: Account, round_id: str, *moves: Move, closes: bool = False, **about: Any
    ) -> Said:
        """Ask under ids that were never used."""
        self.serial += 1
        fresh = [
            replace(move, id=f"{move.id}-{self.serial}") if move.kind == "bet" else move
            for move in moves
        ]
        return await super().play(account, round_id, *fresh, closes=closes, **about)


async def test_the_kit_finds_a_wallet_that_books_twice(database: Database) -> None:
    table = await lay(database, SoftSwiss("acme", [SECRET]))
    account, _ = await table.account()
    speaker = Forgetful(table.http, BASE, SECRET, "book")

    report = await run(speaker, account, game="book", only=["12", "13", "32", "34"])

    assert {item.verdict for item in report.results} == {Verdict.FAILED}
    assert not report.passed
