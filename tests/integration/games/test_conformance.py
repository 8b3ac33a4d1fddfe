"""The kit's cases, against the real API and a real database."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integration.games.table import BASE, Table, lay
from pitboss import messages
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.cli.conformance import NotRunnable
from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Account, Means, Move, Report, Said, Verdict
from pitboss.conformance.running import lines, run
from pitboss.conformance.softswiss import SoftSwissSpeaker
from pitboss.conformance.valkyrie import ValkyrieSpeaker
from pitboss.db import Database
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus, StatusReason, StatusRequest

SECRET = b"a secret of a studio"


def check(report: Report, skipped: set[str]) -> None:
    failed = [item for item in report.results if item.verdict is Verdict.FAILED]
    assert not failed, "\n".join(lines(report))
    assert {item.number for item in report.results if item.verdict is Verdict.SKIPPED} == skipped
    assert report.passed


def means(table: Table, account: Account, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Means:
    """Return everything that a studio may be given: the wallet's staff and its database."""

    async def set_status(status: PlayerStatus) -> None:
        desk, who = table.desk, PlayerId(account.player)
        request = StatusRequest(
            key=derived_id("conformance", status, str(next(numbers))),
            player_id=who,
            status=status,
            reason=StatusReason.STAFF_DECISION,
        )
        async with messages.turn(
            desk.database, [shard_of(who)], now=desk.clock.now(), actor="t", entropy=desk.entropy
        ) as turn:
            await identity.set_status(turn, [request])

    numbers = itertools.count()
    database = table.desk.database
    whole = database.transaction

    async def break_it() -> None:
        def away() -> None:
            raise DatabaseAway("taken away for a test")

        monkeypatch.setattr(database, "transaction", away)

    async def mend_it() -> None:
        monkeypatch.setattr(database, "transaction", whole)

    return Means(
        above_limit=Decimal(50),
        block=lambda: set_status(PlayerStatus.SUSPENDED),
        unblock=lambda: set_status(PlayerStatus.ACTIVE),
        take_away=break_it,
        give_back=mend_it,
        **more,
    )


async def test_softswiss_passes_every_case(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await lay(database, SoftSwiss("acme", [b"newest", SECRET]))
    (account, _), (other, _) = await table.account(), await table.account()
    speaker = SoftSwissSpeaker(table.http, BASE, SECRET, "book")

    second, _ = await table.sit_down(account.player)
    report = await run(
        speaker,
        account,
        game="book",
        other=other,
        means=means(table, account, monkeypatch, second=second),
    )

    check(report, {"39", "37"})


async def test_hub88_passes_every_case(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    other_pair = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    table = await lay(
        database, Hub88("acme", [public_pem(other_pair), public_pem(pair)]), one_session=True
    )
    (_, account), (_, other) = await table.account(), await table.account()
    speaker = Hub88Speaker(table.http, BASE, private_pem(pair), "book")

    report = await run(
        speaker, account, game="book", other=other, means=means(table, account, monkeypatch)
    )

    check(report, {"37"})


async def test_valkyrie_passes_every_case(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await lay(
        database, Valkyrie("acme", ["newest", "a key"], recon="a token of theirs"), game="kit/book"
    )
    (_, account), (_, other) = await table.account(), await table.account()
    speaker = ValkyrieSpeaker(table.http, BASE, b"a key", "book")

    _, second = await table.sit_down(account.player)
    theirs = means(table, account, monkeypatch, second=second, recon_token="a token of theirs")
    report = await run(speaker, account, game="book", other=other, means=theirs)

    check(report, {"37"})


async def test_what_the_kit_is_not_given_the_means_for_is_skipped(database: Database) -> None:
    table = await lay(database, SoftSwiss("acme", [SECRET]))
    account, _ = await table.account()
    speaker = SoftSwissSpeaker(table.http, BASE, SECRET, "book")

    report = await run(speaker, account, game="book", only=["11", "29", "31", "33"])

    assert {item.verdict for item in report.results} == {Verdict.SKIPPED}
    assert all(item.detail for item in report.results)
    assert not report.passed


async def test_a_deed_that_fails_ends_the_run_and_is_undone(database: Database) -> None:
    table = await lay(database, SoftSwiss("acme", [SECRET]))
    account, _ = await table.account()
    speaker = SoftSwissSpeaker(table.http, BASE, SECRET, "book")
    undone = []

    async def fail() -> None:
        raise NotRunnable("it ended with 1")

    async def note() -> None:
        undone.append("once")

    deeds = Means(block=fail, unblock=note, take_away=fail, give_back=note)
    for number in ("29", "33"):
        undone.clear()
        with pytest.raises(NotRunnable):
            await run(speaker, account, game="book", means=deeds, only=[number])
        assert undone == ["once"]


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
