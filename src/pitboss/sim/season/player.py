"""A player of a season, over HTTP: one request after another, as the plan has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pitboss.cashier.model import PaymentKind, PaymentState
from pitboss.kernel.clock import Clock
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import currency, parse_micros
from pitboss.sim.http import Answer
from pitboss.sim.season.board import Board
from pitboss.sim.season.caller import Caller, describe, slug_of
from pitboss.sim.season.model import CURRENCY, JURISDICTION, show_cents
from pitboss.sim.season.plan import PlannedBet, Twist, Wish
from pitboss.sim.season.programme import Programme
from pitboss.sim.season.tally import Tally

# A token is renewed before its end, with time to spare for the slowest answer.
TOKEN_SPARE = timedelta(minutes=2)
_PATHS = {PaymentKind.DEPOSIT: "/v1/deposits", PaymentKind.WITHDRAWAL: "/v1/withdrawals"}
_UNIT = currency(CURRENCY)


class _Acknowledged(msgspec.Struct):
    bet_id: str


class _Session(msgspec.Struct):
    player_id: PlayerId
    token: str
    expires_at: str


class _Payment(msgspec.Struct):
    payment_id: str
    state: PaymentState


class _Wallet(msgspec.Struct):
    posted: str
    available: str


class NotLetIn(PlatformError):
    """A player could not register or log in."""


_read_acknowledged = msgspec.json.Decoder(_Acknowledged).decode
_read_session = msgspec.json.Decoder(_Session).decode
_read_payment = msgspec.json.Decoder(_Payment).decode
_read_wallet = msgspec.json.Decoder(_Wallet).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """What all players share: whom they ask, what they see, where answers are counted.

    `wall` is the machine's clock, by which tokens end; `run` makes this run's names its own.
    """

    caller: Caller
    programme: Programme
    board: Board
    tally: Tally
    wall: Clock
    run: str


class Player:
    """One player: asks for one thing at a time and waits for each answer."""

    def __init__(self, venue: Venue, number: int) -> None:
        self.number = number
        self.id = PlayerId("")
        self._venue = venue
        self._token = ""
        self._token_until: datetime | None = None
        self._bets = 0
        self._payments: list[tuple[str, Wish]] = []

    async def register(self) -> None:
        """Become a player."""
        body = {
            "email": self._email,
            "password": self._password,
            "name": f"Player {self.number}",
            "date_of_birth": f"{1950 + self.number % 50}-06-15",
            "jurisdiction": JURISDICTION,
            "currency": CURRENCY,
        }
        answer = await self._venue.caller.ask(
            "POST", "/v1/players", key=self._key("register"), body=msgspec.json.encode(body)
        )
        self._begin_session(answer, status=201)

    async def place(self, bet: PlannedBet) -> None:
        """Ask for a bet, in the way that the plan says, until it is acknowledged."""
        self._bets += 1
        key = self._key(f"bet:{self._bets}")
        match bet.twist:
            case Twist.PLAIN:
                await self._place(key, self._slip(bet))
            case Twist.REPEATED:
                await self._place_again(key, bet)
            case Twist.KEY_REUSED:
                await self._place(key, self._slip(bet))
                dearer = self._slip(bet, stake=show_cents(bet.stake_cents + 1))
                await self._expect_refusal(key, dearer, "idempotency_key_reused")
            case Twist.STALE:
                stale = self._slip(bet, behind=1)
                await self._expect_refusal(self._key(f"old:{self._bets}"), stale, "price_changed")
                for pick in bet.picks:
                    event_id = self._venue.programme.events[pick.event_no].id
                    await self._venue.board.read_event(self._venue.caller, event_id)
                await self._place(key, self._slip(bet))
            case Twist.MISTYPED:
                mistyped = self._slip(bet, stake=f"{show_cents(bet.stake_cents)}5")
                await self._expect_refusal(key, mistyped, "malformed")
                await self._place(key, self._slip(bet))

    async def pay(self, wish: Wish, name: str) -> None:
        """Ask for a deposit or a withdrawal."""
        body = f'{{"amount":"{wish.amount}","currency":"{CURRENCY}"}}'.encode()
        answer = await self._ask("POST", _PATHS[wish.kind], key=self._key(name), body=body)
        if answer.status == 202:
            self._payments.append((_read_payment(answer.body).payment_id, wish))
            return
        self._venue.tally.payments[f"{wish.kind}_refused"] += 1
        if wish.ends is not PaymentState.REFUSED or slug_of(answer) != "insufficient_funds":
            self._surprised(f"a {wish.kind} of {wish.amount} should be {wish.ends}", answer)

    async def look_after_payments(self) -> None:
        """Ask how the open payments ended."""
        for payment_id, wish in self._payments:
            answer = await self._ask("GET", f"/v1/payments/{payment_id}")
            if answer.status != 200:
                self._surprised("a payment should be shown", answer)
                continue
            state = _read_payment(answer.body).state
            self._venue.tally.payments[f"{wish.kind}_{state}"] += 1
            if state is not wish.ends:
                self._surprised(f"a {wish.kind} of {wish.amount} should be {wish.ends}", answer)
        self._payments.clear()

    async def available_micros(self) -> int:
        """Ask how much there is to play with."""
        return _micros((await self._wallet()).available)

    async def posted_micros(self) -> int:
        """Ask how much there is."""
        return _micros((await self._wallet()).posted)

    async def _place(self, key: str, slip: bytes) -> str | None:
        tally = self._venue.tally
        tally.asked += 1
        answer = await self._ask("POST", "/v1/bets", key=key, body=slip)
        if answer.status != 202:
            self._surprised("a bet should be acknowledged", answer)
            return None
        bet_id = _read_acknowledged(answer.body).bet_id
        tally.acknowledged[bet_id] = self.number
        return bet_id

    async def _place_again(self, key: str, bet: PlannedBet) -> None:
        slip = self._slip(bet)
        first = await self._place(key, slip)
        second = await self._place(key, slip)
        if first is not None and first == second:
            self._venue.tally.repeated += 1
        else:
            self._venue.tally.surprise(
                f"player {self.number}: one key and body gave the bets {first} and {second}"
            )

    async def _expect_refusal(self, key: str, slip: bytes, slug: str) -> None:
        tally = self._venue.tally
        tally.asked += 1
        answer = await self._ask("POST", "/v1/bets", key=key, body=slip)
        if answer.status == 202:
            # It counts all the same: what was acknowledged must have an outcome.
            tally.acknowledged[_read_acknowledged(answer.body).bet_id] = self.number
        else:
            tally.refused_early[slug_of(answer)] += 1
        if slug_of(answer) != slug:
            self._surprised(f"a bet should be refused as {slug}", answer)

    def _slip(self, bet: PlannedBet, *, behind: int = 0, stake: str | None = None) -> bytes:
        legs = self._venue.board.legs(bet.picks, behind=behind)
        amount = stake or show_cents(bet.stake_cents)
        return f'{{"currency":"{CURRENCY}","stake":"{amount}","legs":[{legs}]}}'.encode()

    async def _wallet(self) -> _Wallet:
        answer = await self._ask("GET", "/v1/me/wallet")
        if answer.status != 200:
            raise NotLetIn(f"player {self.number} cannot see the wallet: {describe(answer)}")
        return _read_wallet(answer.body)

    async def _ask(
        self, method: str, path: str, *, key: str | None = None, body: bytes | None = None
    ) -> Answer:
        """Ask as this player; log in again when the token is, or may be, at its end."""
        until = self._token_until
        if until is None or self._venue.wall.now() >= until:
            await self._log_in()
        caller = self._venue.caller
        answer = await caller.ask(method, path, token=self._token, key=key, body=body)
        if answer.status == 401:
            await self._log_in()
            answer = await caller.ask(method, path, token=self._token, key=key, body=body)
        return answer

    async def _log_in(self) -> None:
        body = msgspec.json.encode({"email": self._email, "password": self._password})
        answer = await self._venue.caller.ask("POST", "/v1/sessions", body=body)
        self._begin_session(answer, status=201)

    def _begin_session(self, answer: Answer, *, status: int) -> None:
        if answer.status != status:
            raise NotLetIn(f"player {self.number} was not let in: {describe(answer)}")
        session = _read_session(answer.body)
        self.id = session.player_id
        self._token = session.token
        until = parse_instant(session.expires_at, field="expires_at")
        self._token_until = until - TOKEN_SPARE

    def _surprised(self, expected: str, answer: Answer) -> None:
        self._venue.tally.surprise(f"player {self.number}: {expected}, but: {describe(answer)}")

    def _key(self, name: str) -> str:
        return f"{self._venue.run}:{self.number}:{name}"

    @property
    def _email(self) -> str:
        return f"player-{self.number}.{self._venue.run}@example.com"

    @property
    def _password(self) -> str:
        return f"demo password {self.number}"


def _micros(text: str) -> int:
    return parse_micros(text, _UNIT, field="wallet")
