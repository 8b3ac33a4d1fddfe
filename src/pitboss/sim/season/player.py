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
from pitboss.sim.season.model import CURRENCY, JURISDICTION, MICROS_PER_CENT, show_cents
from pitboss.sim.season.plan import Look, PlannedBet, Twist, Wish
from pitboss.sim.season.programme import Programme
from pitboss.sim.season.tally import Sale, Tally

# A token is renewed before its end, with time to spare for the slowest answer.
TOKEN_SPARE = timedelta(minutes=2)
_PATHS = {PaymentKind.DEPOSIT: "/v1/deposits", PaymentKind.WITHDRAWAL: "/v1/withdrawals"}
_UNIT = currency(CURRENCY)
# Why a bet is not sold, if nothing is wrong: it was refused or has lost; it is worth nothing; or
# a price has moved between the look and the sale.
_UNSOLD = frozenset(("bet_not_open", "cash_out_worthless", "quote_stale"))


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


class _Quote(msgspec.Struct):
    stake: str
    stake_left: str
    offer: str
    quote: str


class _Sold(msgspec.Struct):
    cash_out_id: str
    state: str
    stake: str
    offer: str


class _Seat(msgspec.Struct):
    session_id: str


class NotLetIn(PlatformError):
    """A player could not register or log in."""


_read_acknowledged = msgspec.json.Decoder(_Acknowledged).decode
_read_session = msgspec.json.Decoder(_Session).decode
_read_payment = msgspec.json.Decoder(_Payment).decode
_read_wallet = msgspec.json.Decoder(_Wallet).decode
_read_quote = msgspec.json.Decoder(_Quote).decode
_read_seat = msgspec.json.Decoder(_Seat).decode
_read_sold = msgspec.json.Decoder(_Sold).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """What a player was offered before a match day, and will take."""

    bet_id: str
    day: int
    quote: _Quote
    impatient: bool


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
        self._waiting: list[tuple[str, PlannedBet]] = []
        self._offered: _Offered | None = None
        self._sales = 0

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
        bet_id = await self._place_with(bet, self._key(f"bet:{self._bets}"))
        if bet_id is not None:
            self._venue.tally.slips[bet_id] = bet
            self._waiting.append((bet_id, bet))

    def count_waiting(self, first_event: int) -> int:
        """Return how many bets have a pick on an event from that place on; the others are over.

        Some of them were refused or have lost all the same.
        """
        self._waiting = [
            (bet_id, bet)
            for bet_id, bet in self._waiting
            if any(pick.event_no >= first_event for pick in bet.picks)
        ]
        return len(self._waiting)

    async def look(self, look: Look, day: int) -> None:
        """Ask what the house would give for a waiting bet, or for a part of it."""
        bet_id, _ = self._waiting[look.place]
        self._venue.tally.looks += 1
        quote = await self._ask_quote(bet_id)
        if quote is not None and look.percent < 100:
            cents = _micros(quote.stake_left) * look.percent // 100 // MICROS_PER_CENT
            if cents:
                quote = await self._ask_quote(bet_id, f"?stake={show_cents(cents)}")
        if quote is not None:
            self._offered = _Offered(bet_id=bet_id, day=day, quote=quote, impatient=look.impatient)

    async def sell(self) -> None:
        """Take what was offered, if anything was."""
        offered, self._offered = self._offered, None
        if offered is None:
            return
        self._sales += 1
        sold = await self._take(offered)
        if offered.impatient and sold != await self._take(offered, again=True):
            self._venue.tally.surprise(f"player {self.number}: one sale was answered in two ways")
        if sold is None:
            return
        quote = offered.quote
        if (sold.state, sold.stake, sold.offer) != ("paid", quote.stake, quote.offer):
            self._venue.tally.surprise(f"player {self.number}: {quote} became {sold}")
        self._venue.tally.sales.append(
            Sale(
                bet_id=offered.bet_id,
                day=offered.day,
                micros=_micros(quote.stake),
                left=_micros(quote.stake_left),
                paid=_micros(quote.offer),
            )
        )

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

    async def open_game(self, provider: str, game: str) -> str:
        """Open a game, and return the session that its provider plays in.

        Raises:
            NotLetIn: it does not open.
        """
        body = msgspec.json.encode({"provider": provider, "game": game})
        answer = await self._ask("POST", "/v1/games/launch", body=body)
        if answer.status != 201:
            raise NotLetIn(f"player {self.number} cannot play: {describe(answer)}")
        return _read_seat(answer.body).session_id

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

    async def _place_with(self, bet: PlannedBet, key: str) -> str | None:
        """Ask for a bet with its twist, and return its id if it was acknowledged."""
        match bet.twist:
            case Twist.REPEATED:
                return await self._place_again(key, bet)
            case Twist.STALE:
                stale = self._slip(bet, behind=1)
                await self._expect_refusal(self._key(f"old:{self._bets}"), stale, "price_changed")
                for pick in bet.picks:
                    event_id = self._venue.programme.events[pick.event_no].id
                    await self._venue.board.read_event(self._venue.caller, event_id)
            case Twist.MISTYPED:
                mistyped = self._slip(bet, stake=f"{show_cents(bet.stake_cents)}5")
                await self._expect_refusal(key, mistyped, "malformed")
            case Twist.PLAIN | Twist.KEY_REUSED:
                pass
        bet_id = await self._place(key, self._slip(bet))
        if bet.twist is Twist.KEY_REUSED:
            dearer = self._slip(bet, stake=show_cents(bet.stake_cents + 1))
            await self._expect_refusal(key, dearer, "idempotency_key_reused")
        return bet_id

    async def _ask_quote(self, bet_id: str, query: str = "") -> _Quote | None:
        answer = await self._ask("GET", f"/v1/bets/{bet_id}/cash-out/quote{query}")
        if answer.status == 200:
            return _read_quote(answer.body)
        self._note_unsold("something should be offered", answer)
        return None

    async def _take(self, offered: _Offered, *, again: bool = False) -> _Sold | None:
        answer = await self._ask(
            "POST",
            f"/v1/bets/{offered.bet_id}/cash-out",
            key=self._key(f"sale:{self._sales}"),
            body=msgspec.json.encode({"quote": offered.quote.quote}),
        )
        if answer.status == 200:
            return _read_sold(answer.body)
        if not again:
            self._note_unsold("a sale should be paid", answer)
        return None

    def _note_unsold(self, expected: str, answer: Answer) -> None:
        reason = slug_of(answer)
        self._venue.tally.unsold[reason] += 1
        if reason not in _UNSOLD:
            self._surprised(expected, answer)

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

    async def _place_again(self, key: str, bet: PlannedBet) -> str | None:
        slip = self._slip(bet)
        first = await self._place(key, slip)
        second = await self._place(key, slip)
        if first is not None and first == second:
            self._venue.tally.repeated += 1
        else:
            self._venue.tally.surprise(
                f"player {self.number}: one key and body gave the bets {first} and {second}"
            )
        return first

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
        said = f'"currency":"{CURRENCY}","stake":"{amount}","legs":[{legs}],"again":true'
        if bet.system is not None:
            said += f",{msgspec.json.encode(bet.system.asked)[1:-1].decode()}"
        if bet.each_way:
            said += ',"parts":"each_way"'
        if bet.on_line:
            said += ',"stake_on":"line"'
        return f"{{{said}}}".encode()

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
