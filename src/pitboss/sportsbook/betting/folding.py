"""The tables of betting, from facts alone; how a bet ended is told by settlement."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec

from pitboss.kernel.facts import Movement
from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.ids import BetId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.facts import (
    BetAccepted,
    BetDelayed,
    BetRefused,
    BoostGiven,
    FreeBetGiven,
    ReferralAnswered,
)
from pitboss.sportsbook.betting.model import (
    RULES_FIRST,
    BetState,
    Leg,
    Shape,
    bets_after,
    release_key,
)
from pitboss.sportsbook.trading.folding import TradingFold
from pitboss.sportsbook.trading.model import Taking
from pitboss.wallet.model import player_account

from .rules import taking_of

_BET_ID, _PLAYER_ID, _STATE, _STAKE, _CURRENCY, _LEGS = 0, 1, 2, 4, 5, 7
_RETURNS, _SETTLED_AT, _SHAPE, _SETTLEMENTS, _BOUGHT_BACK = 10, 11, 12, 14, 15
# Of a bet that waits for a trader.
_WAITS, _WORD = 6, 7
# As words, because they are compared with what a column says, millions of times.
_ACCEPTED, _REFUSED = BetState.ACCEPTED.value, BetState.REFUSED.value
_DELAYED = BetState.DELAYED.value
_SETTLED, _VOIDED = BetState.SETTLED.value, BetState.VOIDED.value
# Nothing is rounded for a bet that was refused.
_NO_ROUNDING = Rounding.DOWN_V1.value

_encode_legs = _encode_shape = msgspec.json.Encoder().encode
_decode_legs = msgspec.json.Decoder(tuple[Leg, ...]).decode
_decode_shape = msgspec.json.Decoder(Shape).decode


class BettingFold(Fold):
    """Decided bets of one shard, and which markets the accepted ones were placed on."""

    def __init__(self, trading: TradingFold) -> None:
        self._trading = trading
        self.bets = Table(
            "bet",
            key=("bet_id",),
            columns=(
                *("bet_id", "player_id", "state", "refusal", "stake_micros", "currency"),
                *("rounding", "legs", "placed_at", "decided_at", "returns_micros", "settled_at"),
                *("shape", "rules", "settlements", "bought_back_micros", "price_policy"),
                "stake_other_micros",
            ),
        )
        self.pending = Table(
            "bet_pending",
            key=("bet_id",),
            columns=("bet_id", "decide_at", "seen"),
        )
        self.referrals = Table(
            "bet_referral",
            key=("bet_id",),
            columns=(
                *("bet_id", "earliest_at", "stake_micros_max", "winnings_micros"),
                *("winnings_micros_max", "takes_less", "waits", "word", "stake_micros", "said_by"),
                "said_at",
            ),
        )
        self.legs = Table("bet_leg", key=("market_id", "bet_id"), columns=("market_id", "bet_id"))
        self.corrections = Table(
            "bet_correction",
            key=("bet_id", "version"),
            columns=(
                *("bet_id", "version", "was_micros", "was_voided", "returns_micros", "voided"),
                *("cause", "reason", "result_no", "owed_micros", "absorbed_micros"),
                "corrected_at",
            ),
        )
        self.free_bets = _gifts("free_bet", "stake_micros")
        self.boosts = _gifts("boost", "share", "stake_micros_max")
        super().__init__(
            *(self.bets, self.legs, self.pending, self.corrections, self.free_bets, self.boosts),
            self.referrals,
        )
        self.takes = {
            BetAccepted: self._accept,
            BetDelayed: self._delay,
            BetRefused: self._refuse,
            FreeBetGiven: self._give,
            BoostGiven: self._give_boost,
            ReferralAnswered: self._answer,
        }

    def close(
        self,
        bet_id: BetId,
        *,
        returns_micros: int,
        voided: bool,
        told: Told,
        final: bool = False,
    ) -> None:
        """Mark a bet settled or voided, as a fact says; what is final stays so."""
        bet = self.find_row(self.bets, bet_id, told)
        if bet is None:
            return
        if bet[_STATE] != _ACCEPTED:
            self.odd(told, f"settles bet {bet_id}, which is {bet[_STATE]}")
        else:
            self._trading.change((_taking_of(bet, told),), ())
        bet[_STATE] = _VOIDED if voided else _SETTLED
        bet[_RETURNS], bet[_SETTLED_AT] = returns_micros, told.recorded_at
        bet[_SETTLEMENTS] = 0 if final else bet[_SETTLEMENTS] + 1
        if voided:
            self._use(_shape_of(bet), bet_id, told, stands=False)

    def correct(self, bet_id: BetId, correction: Row, told: Told) -> None:
        """Note a settlement after the first one: the columns of a correction behind its bet.

        These are: version, was_micros, was_voided, returns_micros, voided, and those that say why.
        """
        bet = self.find_row(self.bets, bet_id, told)
        if bet is None:
            return
        version, was_micros, was_voided, returns_micros, voided = correction[:5]
        before = (bet[_SETTLEMENTS] + 1, bet[_RETURNS], bet[_STATE] == _VOIDED)
        if not bet[_SETTLEMENTS] or before != (version, was_micros, was_voided):
            self.odd(told, f"corrects bet {bet_id}, which is {bet[_STATE]}, as something else")
        if was_micros is None and returns_micros is not None:
            self._trading.change((_taking_of(bet, told),), ())
        elif was_micros is not None and returns_micros is None:
            self._trading.change((), (_taking_of(bet, told),))
        if returns_micros is None:
            bet[_STATE], bet[_SETTLED_AT] = _ACCEPTED, None
        else:
            bet[_STATE] = _VOIDED if voided else _SETTLED
            bet[_SETTLED_AT] = bet[_SETTLED_AT] or told.recorded_at
        bet[_RETURNS], bet[_SETTLEMENTS] = returns_micros, version
        if voided != was_voided:
            self._use(_shape_of(bet), bet_id, told, stands=not voided, again=True)
        self.add_row(self.corrections, [bet_id, *correction, told.recorded_at], told)

    def buy_back(self, bet_id: BetId, *, stake_micros: int, paid_micros: int, told: Told) -> None:
        """Take what was sold of a bet, as a fact says; when all of it is, it is over."""
        bet = self.find_row(self.bets, bet_id, told)
        if bet is None:
            return
        if bet[_STATE] != _ACCEPTED:
            self.odd(told, f"buys bet {bet_id} back, which is {bet[_STATE]}")
        before = _taking_of(bet, told)
        bet[_BOUGHT_BACK] += stake_micros
        left = bet[_BOUGHT_BACK] < bet[_STAKE]
        self._trading.change((before,), (_taking_of(bet, told),) if left else ())
        if bet[_BOUGHT_BACK] >= bet[_STAKE]:
            bet[_STATE] = BetState.CASHED_OUT.value
            bet[_RETURNS], bet[_SETTLED_AT] = paid_micros, told.recorded_at

    def _give(self, fact: FreeBetGiven, told: Told) -> None:
        row: Row = [fact.free_bet, fact.player_id, fact.stake_micros, fact.currency]
        expires_at = parse_instant(fact.expires_at, field="expires_at")
        self.add_row(self.free_bets, [*row, expires_at, told.recorded_at, []], told)

    def _give_boost(self, fact: BoostGiven, told: Told) -> None:
        row: Row = [fact.boost, fact.player_id, fact.share, fact.stake_micros_max, fact.currency]
        expires_at = parse_instant(fact.expires_at, field="expires_at")
        self.add_row(self.boosts, [*row, expires_at, told.recorded_at, []], told)

    def _use(
        self,
        shape: Shape | None,
        bet_id: BetId,
        told: Told,
        *,
        stands: bool,
        again: bool = False,
    ) -> None:
        """Note that a bet uses what was given, or, being void or refused late, no longer.

        One that is not void any more takes it again, though another bet may have it.
        """
        if shape is None:
            return
        for gifts, gift in ((self.free_bets, shape.free_bet), (self.boosts, shape.boost)):
            row = None if gift is None else self.find_row(gifts, gift, told)
            if row is None:
                continue
            # One that was held for this bet while it waited is its own.
            if stands and not again and row[-1] and bet_id not in row[-1]:
                what = gifts.name.replace("_", " ")
                self.odd(told, f"takes {what} {gift}, on which another bet stands")
            row[-1] = [*bets_after(row[-1], bet_id, stands=stands)]

    def _accept(self, fact: BetAccepted, told: Told) -> None:
        row: Row = [
            fact.bet_id,
            fact.player_id,
            _ACCEPTED,
            None,
            fact.stake_micros,
            fact.currency,
            fact.rounding,
            _encode_legs(fact.legs),
            _placed_at(fact.placed_at),
            told.recorded_at,
            None,
            None,
            None if fact.shape is None else _encode_shape(fact.shape),
            fact.rules,
            0,
            0,
            fact.price_policy,
            fact.stake_asked_micros,
        ]
        self._decide(row, told)
        self._trading.change((), (_taking_of(row, told),))
        self._use(fact.shape, fact.bet_id, told, stands=True)
        for market_id in dict.fromkeys([leg.market_id for leg in fact.legs]):
            self.add_row(self.legs, [market_id, fact.bet_id], told)

    def _refuse(self, fact: BetRefused, told: Told) -> None:
        row: Row = [
            fact.bet_id,
            fact.player_id,
            _REFUSED,
            fact.reason,
            fact.stake_micros,
            fact.currency,
            _NO_ROUNDING,
            _encode_legs(()),
            _placed_at(fact.placed_at),
            told.recorded_at,
            None,
            None,
            None if fact.shape is None else _encode_shape(fact.shape),
            RULES_FIRST,
            0,
            0,
            fact.price_policy,
            fact.stake_micros_max,
        ]
        if self._decide(row, told):
            self._use(fact.shape, fact.bet_id, told, stands=False)

    def _delay(self, fact: BetDelayed, told: Told) -> None:
        row: Row = [
            fact.bet_id,
            fact.player_id,
            _DELAYED,
            None,
            fact.stake_micros,
            fact.currency,
            fact.rounding,
            _encode_legs(fact.legs),
            _placed_at(fact.placed_at),
            told.recorded_at,
            None,
            None,
            None if fact.shape is None else _encode_shape(fact.shape),
            RULES_FIRST,
            0,
            0,
            fact.price_policy,
            fact.stake_asked_micros,
        ]
        self.add_row(self.bets, row, told)
        decide_at = parse_instant(fact.decide_at, field="decide_at")
        self._trading.change((), (_taking_of(row, told),))
        self.add_row(self.pending, [fact.bet_id, decide_at, _encode_legs(fact.seen)], told)
        self._use(fact.shape, fact.bet_id, told, stands=True)
        if fact.referral is not None:
            why, said = fact.referral, [None] * 4
            earliest_at = parse_instant(why.earliest_at, field="earliest_at")
            first: Row = [fact.bet_id, earliest_at, why.stake_micros_max, why.winnings_micros]
            self.add_row(
                self.referrals, [*first, why.winnings_micros_max, why.takes_less, True, *said], told
            )

    def _answer(self, fact: ReferralAnswered, told: Told) -> None:
        referral = self.find_row(self.referrals, fact.bet_id, told)
        pending = self.find_row(self.pending, fact.bet_id, told)
        if referral is None or pending is None:
            return
        if referral[_WORD] is not None:
            self.odd(told, f"answers bet {fact.bet_id} again")
        referral[_WORD:] = [fact.word, fact.stake_micros, fact.by, told.recorded_at]
        pending[1] = parse_instant(fact.decide_at, field="decide_at")

    def _decide(self, row: Row, told: Told) -> bool:
        """Put a decided bet in its place; say whether it was delayed and had one already."""
        if self.pending.rows.pop(row[0], None) is None:
            self.add_row(self.bets, row, told)
            return False
        if (referral := self.referrals.rows.get(row[0])) is not None:
            referral[_WAITS] = False
        # It has taken room since it was delayed, maybe at another price.
        self._trading.change((_taking_of(self.bets.rows[row[0]], told),), ())
        self.bets.rows[row[0]] = row
        return True


def _gifts(name: str, *terms: str) -> Table:
    """Return the table of one kind of gift: whose, on which terms, and which bets stand on it."""
    columns = (name, "player_id", *terms, "currency", "expires_at", "given_at", "bet_ids")
    return Table(name, key=(name,), columns=columns)


def rest_of(accepted: BetAccepted) -> tuple[Movement, ...]:
    """Return what gives back the rest of a held stake that a trader did not take.

    Nothing if it is taken whole; a free bet has no hold.
    """
    rest = (accepted.stake_asked_micros or accepted.stake_micros) - accepted.stake_micros
    if not rest or (accepted.shape is not None and accepted.shape.is_free):
        return ()
    return (
        Movement(
            kind="void",
            key=accepted.bet_id,
            micros=rest,
            currency=accepted.currency,
            account=player_account(accepted.player_id, accepted.currency),
            part=True,
            void_key=release_key(accepted.bet_id),
        ),
    )


def _taking_of(bet: Row, told: Told) -> Taking:
    """Return what a bet of this row adds to the books."""
    return taking_of(
        bet[_BET_ID],
        shard=told.shard,
        player_id=bet[_PLAYER_ID],
        currency=bet[_CURRENCY],
        stake_micros=bet[_STAKE] - bet[_BOUGHT_BACK],
        legs=_decode_legs(bet[_LEGS]),
        shape=_shape_of(bet),
    )


def _shape_of(bet: Row) -> Shape | None:
    return None if bet[_SHAPE] is None else _decode_shape(bet[_SHAPE])


@lru_cache(maxsize=1024)
def _placed_at(text: str) -> datetime:
    """Read an instant; those who were acknowledged together have the same."""
    return parse_instant(text, field="placed_at")
