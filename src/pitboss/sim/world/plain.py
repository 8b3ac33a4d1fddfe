"""What should have happened, worked out a second time in the plainest way.

All facts in the order of their commits are one story.  Here it is read from the beginning with
the simplest books that can be: a number for what a player can spend, a tick and a price for each
selection.  Every decision must be the one that these books give.  Nothing of the rooms is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import msgspec

STAKE_MICROS_MIN = 100_000
_CENT_MICROS = 10_000
# Prices that together make less of one cannot be meant.
_BOOK_MIN = Fraction(3, 5)


@dataclass(slots=True)
class _Selection:
    market: str
    event: str
    tick: int
    price: str


@dataclass(slots=True)
class _OpenBet:
    player: str
    stake: int
    legs: list[tuple[str, Fraction]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A command as the log has it; `body` is None if nobody can read it."""

    partition: int
    offset: int
    body: Mapping[str, Any] | None


@dataclass(slots=True)
class PlainBooks:
    """Reads the story and notes what does not follow from what was before."""

    commands: Mapping[str, Wanted]
    surprises: list[str] = field(default_factory=list)
    decided: int = 0
    _spendable: dict[str, int] = field(default_factory=dict)
    _selections: dict[str, _Selection] = field(default_factory=dict)
    _statuses: dict[str, str] = field(default_factory=dict)
    _results: dict[str, Fraction | None] = field(default_factory=dict)
    _open: dict[str, _OpenBet] = field(default_factory=dict)
    _payments: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    _offsets: dict[int, int] = field(default_factory=dict)

    def read(self, shard: int, body: bytes) -> None:
        """Take the next fact."""
        data = msgspec.json.decode(body)["data"]
        match data["type"]:
            case "player.registered":
                self._spendable[data["player_id"]] = 0
            case "event.opened":
                self._open_event(data)
            case "price.changed":
                self._change_price(data)
            case "market.status_changed":
                self._statuses[data["market_id"]] = data["status"]
            case "market.resulted":
                for item in data["results"]:
                    self._results[item["selection_id"]] = _share(item)
            case "bet.accepted":
                self._decide(shard, data, None)
            case "bet.refused":
                self._decide(shard, data, data["reason"])
            case "command.set_aside":
                self._set_aside(data)
            case "bet.settled":
                self._settle(data)
            case "deposit.requested" | "withdrawal.requested":
                self._request(data)
            case "deposit.confirmed" | "withdrawal.paid" | "deposit.failed" | "withdrawal.failed":
                self._close_payment(data)
            case "payment.refused":
                self._refuse_payment(data)

    def _open_event(self, data: Mapping[str, Any]) -> None:
        for market in data["markets"]:
            self._statuses[market["market_id"]] = "open"
            for item in market["selections"]:
                self._selections[item["selection_id"]] = _Selection(
                    market["market_id"], data["event_id"], 1, item["price"]
                )

    def _change_price(self, data: Mapping[str, Any]) -> None:
        selection = self._selections[data["selection_id"]]
        if data["tick"] != selection.tick + 1:
            self._note(
                f"selection {data['selection_id']} goes from tick {selection.tick} to"
                f" {data['tick']}"
            )
        selection.tick, selection.price = data["tick"], data["price"]

    def _decide(self, shard: int, data: Mapping[str, Any], reason: str | None) -> None:
        bet_id, self.decided = data["bet_id"], self.decided + 1
        wanted = self.commands.get(bet_id)
        if wanted is None or wanted.body is None:
            self._note(f"bet {bet_id} was decided, and nobody asked for it")
            return
        if wanted.offset <= self._offsets.get(shard, -1):
            self._note(f"bet {bet_id} was decided out of order")
        self._offsets[shard] = wanted.offset
        expected = self._judge(wanted.body)
        if reason != expected:
            self._note(f"bet {bet_id}: {reason or 'accepted'}, should be {expected or 'accepted'}")
        if reason is None:
            self._accept(bet_id, wanted.body, data)

    def _judge(self, wish: Mapping[str, Any]) -> str | None:
        """Return why a bet is to be refused now, or None."""
        spendable = self._spendable.get(wish["player_id"])
        if spendable is None:
            return "unknown_player"
        if wish["stake_micros"] < STAKE_MICROS_MIN:
            return "stake_too_small"
        if wish["stake_micros"] % _CENT_MICROS:
            return "stake_not_whole"
        events = set()
        for leg in wish["legs"]:
            selection = self._selections.get(leg["selection_id"])
            if selection is None:
                return "unknown_selection"
            if self._statuses[selection.market] != "open":
                return "market_not_open"
            if self._book(selection.market) < _BOOK_MIN:
                return "palpable_error"
            if selection.tick != leg["tick"]:
                return "price_changed"
            events.add(selection.event)
        if len(events) < len(wish["legs"]):
            return "related_legs"
        return "insufficient_funds" if spendable < wish["stake_micros"] else None

    def _book(self, market: str) -> Fraction:
        """Return what the prices of a market make of one together; one selection of each wins."""
        prices = [item.price for item in self._selections.values() if item.market == market]
        return sum((1 / Fraction(price) for price in prices), start=Fraction(0))

    def _accept(self, bet_id: str, wish: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        prices = [
            self._selections[leg["selection_id"]].price
            for leg in wish["legs"]
            if leg["selection_id"] in self._selections
        ]
        if prices != [leg["price"] for leg in data["legs"]]:
            self._note(f"bet {bet_id} was struck at other prices than those of the moment")
        if data["stake_micros"] != wish["stake_micros"]:
            self._note(f"bet {bet_id} has another stake than was asked for")
        player = wish["player_id"]
        self._spendable[player] = self._spendable.get(player, 0) - data["stake_micros"]
        self._open[bet_id] = _OpenBet(
            player,
            data["stake_micros"],
            [(leg["selection_id"], Fraction(leg["price"])) for leg in data["legs"]],
        )

    def _set_aside(self, data: Mapping[str, Any]) -> None:
        wanted = self.commands.get(data["command_id"])
        if wanted is None or wanted.body is not None:
            self._note(f"command {data['command_id']} was set aside, and can be read")

    def _settle(self, data: Mapping[str, Any]) -> None:
        bet = self._open.pop(data["bet_id"], None)
        if bet is None:
            self._note(f"bet {data['bet_id']} was settled, and was not open")
            return
        returns = self._returns(bet)
        if data["returns_micros"] != returns:
            self._note(f"bet {data['bet_id']} returned {data['returns_micros']}, not {returns}")
        self._spendable[bet.player] += data["returns_micros"]

    def _returns(self, bet: _OpenBet) -> int | None:
        """Return what a bet pays by the results that are known; None while it waits."""
        gains: list[Fraction | None] = []
        for selection, price in bet.legs:
            if selection not in self._results:
                gains.append(None)
            else:
                won = self._results[selection]
                gains.append(Fraction(1) if won is None else won * price)
        if 0 in gains:
            return 0
        exact = Fraction(bet.stake)
        for gain in gains:
            if gain is None:
                return None
            exact *= gain
        return floor(exact / _CENT_MICROS) * _CENT_MICROS

    def _request(self, data: Mapping[str, Any]) -> None:
        kind = data["type"].partition(".")[0]
        if data["payment_id"] in self._payments:
            self._note(f"payment {data['payment_id']} was requested twice")
        self._payments[data["payment_id"]] = (kind, data["micros"], data["player_id"])
        if kind == "withdrawal":
            self._spendable[data["player_id"]] -= data["micros"]
            if self._spendable[data["player_id"]] < 0:
                self._note(f"payment {data['payment_id']} takes more than there is")

    def _close_payment(self, data: Mapping[str, Any]) -> None:
        kind, _, how = data["type"].partition(".")
        payment = self._payments.pop(data["payment_id"], None)
        if payment is None or payment[:2] != (kind, data["micros"]):
            self._note(f"payment {data['payment_id']} ended, and was not open")
            return
        if (kind == "deposit") == (how != "failed"):
            self._spendable[payment[2]] += data["micros"]

    def _refuse_payment(self, data: Mapping[str, Any]) -> None:
        spendable = self._spendable.get(data["player_id"], 0)
        if data["kind"] == "withdrawal" and spendable >= data["micros"]:
            self._note(f"payment {data['payment_id']} was refused, and there is enough")

    def _note(self, surprise: str) -> None:
        self.surprises.append(surprise)


def read_story(
    facts: Sequence[tuple[int, int, bytes]], commands: Sequence[Mapping[str, Any]]
) -> PlainBooks:
    """Read a whole story, and return the books with what is surprising in it."""
    books = PlainBooks(
        {
            row["command_id"]: Wanted(
                partition=row["partition"], offset=row["offset"], body=_readable(row["body"])
            )
            for row in commands
        }
    )
    for shard, _, body in facts:
        books.read(shard, body)
    return books


def _readable(body: bytes) -> Mapping[str, Any] | None:
    wish: Mapping[str, Any] = msgspec.json.decode(body)
    return wish if wish.get("type") == "bet.place" else None


def _share(result: Mapping[str, Any]) -> Fraction | None:
    """Return what a result makes of a winning price: all, nothing, or None if it is void."""
    if result["void_share"] == "1":
        return None
    return Fraction(1 if result["won"] else 0)
