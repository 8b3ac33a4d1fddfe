"""Nouns of conformance: what a wallet says, what a case expects, what the report tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol


class Protocols(StrEnum):
    """The protocols that there are cases for."""

    SOFTSWISS = "softswiss"
    HUB88 = "hub88"
    VALKYRIE = "valkyrie"


class Wrong(StrEnum):
    """What can be wrong, whatever a protocol calls it."""

    SIGNATURE = "signature"
    REQUEST = "request"
    CURRENCY = "currency"
    FUNDS = "funds"
    LIMIT = "limit"
    PLAYER = "player"
    OTHER_FACTS = "other_facts"
    ROLLED_BACK = "rolled_back"
    NO_STAKE = "no_stake"
    SETTLED = "settled"
    NOT_FOUND = "not_found"
    TOKEN = "token"  # noqa: S105 - a reason
    CLOSED = "closed"
    PROMOTION = "promotion"
    BROKEN = "broken"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A player of the wallet under test: who, in which currency, with which token or session."""

    player: str
    currency: str
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a wallet answered: a yes, or what was wrong; the balance as far as it is told."""

    ok: bool
    wrong: Wrong | None
    code: str
    balance: Decimal | None
    status: int
    body: bytes
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step of a request: `bet`, `win` or `rollback` (then of `original`)."""

    kind: str
    id: str
    amount: Decimal | str = Decimal(0)
    original: str | None = None
    jackpot: Decimal = Decimal(0)
    free: bool = False


class Speaker(Protocol):
    """One protocol's words, from the provider's side."""

    protocol: Protocols
    # The finest amount that it can write.
    finest: Decimal

    async def balance(self, account: Account) -> Said:
        """Ask what a player has."""
        ...

    async def play(
        self, account: Account, round_id: str, *moves: Move, closes: bool = False, **about: Any
    ) -> Said:
        """Ask for steps, in one request if the protocol has such, else one after the other."""
        ...

    async def look_up(self, account: Account, name: str) -> dict[str, Any] | None:
        """Return what is told of a transaction; None where the protocol has no such call."""
        ...

    async def finish(self, account: Account, round_id: str) -> Said:
        """Say that a round is over."""
        ...

    async def rotate(self, account: Account) -> Account | None:
        """Have a player's token replaced; None where there are none."""
        ...

    def written(self, account: Account, round_id: str, move: Move) -> tuple[str, dict[str, Any]]:
        """Return the path and the body of a request, to be spoiled."""
        ...

    def spoiled(self, body: dict[str, Any], amount: str) -> bytes | None:
        """Return a request whose amount is written so; None where it would be a good one."""
        ...

    async def send(
        self, path: str, body: bytes, *, signature: str | None = "", sign: bytes | None = None
    ) -> Said:
        """Send bytes as they are.

        Args:
            path: of the call.
            body: what is sent.
            signature: the signature, None for none, empty for the true one.
            sign: what is signed, if it is something else than the body.
        """
        ...


class Skip(Exception):
    """A case that does not apply here, and why."""


class Failed(Exception):
    """The wallet did not do what the case expects."""


# What somebody does who runs the wallet under test.
Deed = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a studio can say or do beyond the wire; cases that want what is missing are skipped.

    `above_limit` is a stake that the wallet's own limits refuse.  `second` is the same player on
    another channel, `recon_token` a token that pays and undoes for anybody.  `block` keeps the
    player from staking and `unblock` lets them again; `take_away` breaks the wallet, as if its
    database had gone, and `give_back` mends it.
    """

    above_limit: Decimal | None = None
    second: Account | None = None
    recon_token: str | None = None
    block: Deed | None = None
    unblock: Deed | None = None
    take_away: Deed | None = None
    give_back: Deed | None = None


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a case has at hand: a speaker, an account, perhaps another one, and fresh ids."""

    speaker: Speaker
    account: Account
    game: str
    other: Account | None = None
    means: Means = field(default_factory=Means)
    unit: Decimal = Decimal(1)
    prefix: str = ""
    count: int = field(default=0)

    def fresh(self) -> str:
        """Return an id that was never used."""
        self.count += 1
        return f"{self.prefix}{self.count:08x}"

    async def has(self, account: Account | None = None) -> Decimal:
        """Return what a player has."""
        said = await self.speaker.balance(account or self.account)
        if not said.ok or said.balance is None:
            raise Failed(f"the balance is not told: {said.code} {said.body[:200]!r}")
        return said.balance


Check = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case of the reference, under its number, for the protocols that it applies to."""

    number: str
    title: str
    check: Check
    protocols: frozenset[Protocols]


class Verdict(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case, what came of it, and why."""

    number: str
    title: str
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of all cases of a protocol."""

    protocol: Protocols
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no case failed, and some passed."""
        verdicts = [item.verdict for item in self.results]
        return Verdict.FAILED not in verdicts and Verdict.PASSED in verdicts
