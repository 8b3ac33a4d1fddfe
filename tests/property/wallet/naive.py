"""A wallet as somebody would write it on a napkin: the second opinion in tests of the first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    HoldRequest,
    PostRequest,
    Refusal,
    Request,
    TransferRequest,
    VoidRequest,
)

LARGEST_AMOUNT = 9_000_000_000_000_000
COLUMN = range(-(2**63), 2**63)

Outcome: TypeAlias = int | Refusal
Place: TypeAlias = tuple[Shard, str]


@dataclass(slots=True)
class NaiveWallet:
    """Balances in dicts, one request at a time, every request remembered whole."""

    currency: dict[Place, str] = field(default_factory=dict)
    overdraws: set[Place] = field(default_factory=set)
    posted: dict[Place, int] = field(default_factory=dict)
    held: dict[Place, int] = field(default_factory=dict)
    left: dict[Place, int] = field(default_factory=dict)
    holder: dict[Place, Place] = field(default_factory=dict)
    moved: set[Place] = field(default_factory=set)
    remembered: dict[tuple[str, Place], tuple[Request, Outcome]] = field(default_factory=dict)

    def open(self, place: Place, currency: str, *, may_overdraw: bool) -> None:
        """Open an account, empty."""
        self.currency[place] = currency
        self.posted[place] = self.held[place] = 0
        if may_overdraw:
            self.overdraws.add(place)

    def ask(self, request: Request) -> tuple[Outcome, bool]:
        """Return the micros of a yes or the reason of a no, and whether it is a repeated yes."""
        if request.micros is not None and request.micros not in COLUMN:
            return Refusal.AMOUNT_OUT_OF_RANGE, False
        name = (type(request).__name__, (request.shard, request.key))
        if name in self.remembered:
            first, outcome = self.remembered[name]
            if first != request:
                return Refusal.KEY_REUSED, False
            return outcome, not isinstance(outcome, Refusal)
        moves = isinstance(request, PostRequest | TransferRequest)
        if moves and (request.shard, request.key) in self.moved:
            return Refusal.KEY_REUSED, False
        outcome = self._decide(request)
        self.remembered[name] = (request, outcome)
        if moves and not isinstance(outcome, Refusal):
            self.moved.add((request.shard, request.key))
        return outcome, False

    def _decide(self, request: Request) -> Outcome:
        match request:
            case HoldRequest():
                return self._hold(request)
            case PostRequest():
                return self._post(request)
            case VoidRequest():
                return self._void(request)
            case TransferRequest():
                return self._transfer(request)

    def _can_give(self, place: Place, micros: int, currency: str) -> Refusal | None:
        if place not in self.posted:
            return Refusal.UNKNOWN_ACCOUNT
        if self.currency[place] != currency:
            return Refusal.WRONG_CURRENCY
        if micros <= 0 or micros > LARGEST_AMOUNT:
            return Refusal.AMOUNT_OUT_OF_RANGE
        if place not in self.overdraws and self.posted[place] - self.held[place] < micros:
            return Refusal.INSUFFICIENT_FUNDS
        return None

    def _hold(self, request: HoldRequest) -> Outcome:
        place = (request.shard, str(request.account_id))
        refusal = self._can_give(place, request.micros, request.currency)
        if refusal:
            return refusal
        self.held[place] += request.micros
        self.left[request.shard, request.key] = request.micros
        self.holder[request.shard, request.key] = place
        return request.micros

    def _draw(self, hold: Place, micros: int | None) -> Outcome:
        if micros is not None and micros <= 0:
            return Refusal.AMOUNT_OUT_OF_RANGE
        taken = self.left[hold] if micros is None else micros
        if taken == 0 or taken > self.left[hold]:
            return Refusal.HOLD_EXHAUSTED
        self.left[hold] -= taken
        self.held[self.holder[hold]] -= taken
        return taken

    def _post(self, request: PostRequest) -> Outcome:
        hold, taker = (request.shard, request.hold_key), (request.shard, str(request.credit_id))
        if hold not in self.left:
            return Refusal.UNKNOWN_HOLD
        giver = self.holder[hold]
        if taker not in self.posted:
            return Refusal.UNKNOWN_ACCOUNT
        if self.currency[taker] != self.currency[giver]:
            return Refusal.WRONG_CURRENCY
        if taker == giver:
            return Refusal.SAME_ACCOUNT
        taken = self._draw(hold, request.micros)
        if not isinstance(taken, Refusal):
            self.posted[giver] -= taken
            self.posted[taker] += taken
        return taken

    def _void(self, request: VoidRequest) -> Outcome:
        hold = (request.shard, request.hold_key)
        return self._draw(hold, request.micros) if hold in self.left else Refusal.UNKNOWN_HOLD

    def _transfer(self, request: TransferRequest) -> Outcome:
        giver = (request.shard, str(request.debit_id))
        taker = (request.shard, str(request.credit_id))
        if giver == taker:
            return Refusal.SAME_ACCOUNT
        refusal = self._can_give(giver, request.micros, request.currency)
        if refusal:
            return refusal
        if taker not in self.posted:
            return Refusal.UNKNOWN_ACCOUNT
        if self.currency[taker] != request.currency:
            return Refusal.WRONG_CURRENCY
        self.posted[giver] -= request.micros
        self.posted[taker] += request.micros
        return request.micros
