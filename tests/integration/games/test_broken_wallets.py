"""Wallets that are wrong in one thing are found out, by the case that is about it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from integration.games import mutants
from integration.games.mutants import Mutant
from integration.games.table import BASE, lay
from integration.games.test_conformance import means, private_pem, public_pem
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.conformance.model import Protocols, Report, Verdict
from pitboss.conformance.running import lines, run
from pitboss.conformance.speakers import make
from pitboss.db import Database
from pitboss.games.rounds.ports import Call, Talk
from unit.protocols.keys import PAIR

A, B, C = Protocols.SOFTSWISS, Protocols.HUB88, Protocols.VALKYRIE
SECRET, RECON = b"a secret", "a token of theirs"
KEYS = {A: SECRET, B: private_pem(PAIR), C: SECRET}
# What each wallet is asked; of these a wallet fails those that are about what is wrong with it.
ASKED = (
    *("1", "2", "3", "11", "12", "13", "16", "18", "19", "20", "26", "28"),
    *("29", "30", "31", "32a", "33"),
)
# Of the same code: what is rolled back first, and what comes after.
TOMBSTONES = {"18", "19"}
WRONG: list[tuple[type[Mutant], Protocols, set[str]]] = [
    *((Mutant, protocol, set[str]()) for protocol in (A, B, C)),
    # Who asks again after a wallet broke is booked twice too, and undoes one.  With `valkyrie` a
    # rollback names the bet by a reference, which undoes both.
    *((mutants.BooksTwice, protocol, {"12", "13", "33"}) for protocol in (A, B)),
    (mutants.BooksTwice, C, {"12", "13"}),
    *((mutants.ForgetsTombstones, protocol, TOMBSTONES) for protocol in (A, B, C)),
    *((mutants.SharesIds, protocol, {"13"}) for protocol in (B, C)),
    *((mutants.TakesAnySignature, protocol, {"1"}) for protocol in (A, B, C)),
    *((mutants.TrustsWhoPays, protocol, {"1", "2"}) for protocol in (A, B, C)),
    (mutants.TellsWhatIsNow, A, {"12"}),
    (mutants.GoesBelowNothing, A, {"20"}),
    *((mutants.LendsInARush, protocol, {"32a"}) for protocol in (A, B, C)),
    *((mutants.BlamesLimits, protocol, {"32a"}) for protocol in (A, B, C)),
    *((mutants.ForgetsTheSwapped, protocol, {"28"}) for protocol in (B, C)),
    # `hub88` tells no ids of the wallet.
    *((mutants.NewIds, protocol, {"12"}) for protocol in (A, C)),
    # Cut, the double of a stake is the stake again.
    *((mutants.PaysLess, protocol, {"11", "13"}) for protocol in (A, B, C)),
    *((mutants.KeepsFromTheBlocked, protocol, {"29"}) for protocol in (A, B, C)),
    *((mutants.BlocksNobody, protocol, {"29"}) for protocol in (A, B, C)),
    (mutants.LetsReconStake, C, {"30"}),
    *((mutants.SeatsOne, protocol, {"31"}) for protocol in (A, B, C)),
    *((mutants.ShowsItsInsides, protocol, {"33"}) for protocol in (A, B, C)),
    *((mutants.SaysYesWhenBroken, protocol, {"33"}) for protocol in (A, B, C)),
]


@pytest.mark.parametrize(
    ("kind", "protocol", "wrong"),
    [pytest.param(*one, id=f"{one[0].__name__}-{one[1]}") for one in WRONG],
)
async def test_a_wallet_fails_the_cases_about_what_is_wrong_with_it_and_no_other(
    kind: type[Mutant],
    protocol: Protocols,
    wrong: set[str],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = await examine(kind, protocol, database, monkeypatch)

    failed = {item.number for item in report.results if item.verdict is Verdict.FAILED}
    assert failed == wrong, "\n".join(lines(report))
    assert report.passed == (not wrong)


async def test_a_wallet_that_forgets_what_it_was_told_fails_the_lookups(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = await examine(mutants.ForgetsWords, C, database, monkeypatch, only=("12", "39", "40"))

    failed = {item.number for item in report.results if item.verdict is Verdict.FAILED}
    assert failed == {"39", "40"}, "\n".join(lines(report))


@pytest.mark.parametrize("protocol", [A, B, C])
@pytest.mark.parametrize(
    ("kind", "number"), [(mutants.PaysWhatIsBelowNothing, "5"), (mutants.MindsTheRound, "17")]
)
async def test_a_wallet_that_minds_what_it_should_not_fails_the_case_about_it(
    kind: type[Mutant],
    number: str,
    protocol: Protocols,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report = await examine(kind, protocol, database, monkeypatch, only=("5", "17"))

    failed = {item.number for item in report.results if item.verdict is Verdict.FAILED}
    assert failed == {number}, "\n".join(lines(report))


async def examine(
    kind: type[Mutant],
    protocol: Protocols,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    *,
    only: Sequence[str] = ASKED,
) -> Report:
    """Run the cases against a wallet of this kind."""
    wallet = kind(talk=talk_of(protocol), sign=sign_with(protocol), protocol=protocol)
    game = "kit/book" if protocol is C else "book"
    table = await lay(database, wallet, game=game, one_session=protocol is B)
    at = 0 if protocol is A else 1
    account, other = (await table.account())[at], (await table.account())[at]
    # With `hub88` a second session ends the first one.
    second = None if protocol is B else (await table.sit_down(account.player))[at]
    theirs = means(table, account, monkeypatch, second=second, recon_token=RECON)
    return await run(
        make(protocol, table.http, BASE, KEYS[protocol], "book"),
        account,
        game="book",
        other=other,
        means=wallet.given(theirs),
        only=only,
    )


def talk_of(protocol: Protocols) -> Talk:
    """Return a sound wallet's talk."""
    match protocol:
        case Protocols.SOFTSWISS:
            return SoftSwiss("acme", [SECRET])
        case Protocols.HUB88:
            return Hub88("acme", [public_pem(PAIR)])
        case Protocols.VALKYRIE:
            return Valkyrie("acme", [SECRET.decode()], recon=RECON)


def sign_with(protocol: Protocols) -> mutants.Sign:
    """Return what signs a call as its protocol wants it."""

    def sign(call: Call) -> Call:
        return replace(call, headers={**call.headers, **signature(protocol, call.body)})

    return sign


def signature(protocol: Protocols, body: bytes) -> dict[str, str]:
    """Return the headers that let a body in."""
    match protocol:
        case Protocols.SOFTSWISS:
            return {"x-request-sign": hmac.new(SECRET, body, hashlib.sha256).hexdigest()}
        case Protocols.HUB88:
            raw = PAIR.sign(body, padding.PKCS1v15(), hashes.SHA256())
            return {"x-auth-signature": base64.b64encode(raw).decode()}
        case Protocols.VALKYRIE:
            return {"authorization": f"Bearer {SECRET.decode()}"}
