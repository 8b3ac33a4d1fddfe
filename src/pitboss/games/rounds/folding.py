"""The tables of rounds, from facts alone."""

from __future__ import annotations

from typing import Any

from pitboss.games.rounds.facts import (
    GameSessionEnded,
    GameSessionOpened,
    GameTokenIssued,
    RollbackNoted,
    RoundClosed,
    RoundResolved,
    RoundReversed,
    RoundStaked,
    RoundWon,
    StakeRefused,
)
from pitboss.games.rounds.model import BY_RESOLUTION, ClosedBy, Kind, WireRefusal
from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant

_TOKEN_NO, _ENDED_AT = 7, 10
_STAKED, _WON, _CLOSED = 7, 8, slice(10, 12)
_REFUSAL, _REVERSED_BY, _SETTLED = 11, 12, 13

Booked = RoundStaked | RoundWon | RoundReversed


class RoundsFold(Fold):
    """Sessions, tokens, rounds and bookings of one shard."""

    def __init__(self) -> None:
        self.sessions = Table(
            "game_session",
            key=("session_id",),
            columns=(
                *("session_id", "player_id", "provider", "game", "currency", "login_id"),
                *("network", "token_no", "opened_at", "ends_at", "ended_at"),
            ),
        )
        self.tokens = Table(
            "game_token", key=("digest",), columns=("digest", "session_id", "number")
        )
        self.rounds = Table(
            "game_round",
            key=("round_id",),
            columns=(
                *("round_id", "player_id", "provider", "ref", "game", "version", "currency"),
                *("staked_micros", "won_micros", "opened_at", "closed_at", "closed_by"),
            ),
        )
        self.bookings = Table(
            "game_booking",
            key=("provider", "external_id", "player_id", "kind"),
            columns=(
                *("provider", "external_id", "player_id", "kind", "round_id", "game", "currency"),
                *("micros", "jackpot_micros", "free", "original_id", "refusal", "reversed_by"),
                *("settled", "owed_micros", "balance_micros", "booked_at", "promo", "said"),
            ),
        )
        # By provider, player and the bet's other name: the ids of its stakes.
        self._named: dict[tuple[str, str, str], list[str]] = {}
        super().__init__(self.sessions, self.tokens, self.rounds, self.bookings)
        self.takes = {
            GameSessionOpened: self._open_session,
            GameTokenIssued: self._issue,
            GameSessionEnded: self._end_session,
            RoundStaked: self._stake,
            RoundWon: self._win,
            RoundReversed: self._reverse,
            RollbackNoted: self._note,
            StakeRefused: self._refuse,
            RoundClosed: self._close,
            RoundResolved: self._resolve,
        }

    def _open_session(self, fact: GameSessionOpened, told: Told) -> None:
        row: Row = [fact.session_id, fact.player_id, fact.provider, fact.game, fact.currency]
        ends_at = parse_instant(fact.ends_at, field="ends_at")
        row += [fact.login_id, fact.network, 0, told.recorded_at, ends_at, None]
        self.add_row(self.sessions, row, told)
        self.add_row(self.tokens, [bytes.fromhex(fact.digest), fact.session_id, 0], told)

    def _issue(self, fact: GameTokenIssued, told: Told) -> None:
        session = self.find_row(self.sessions, fact.session_id, told)
        if session is not None:
            session[_TOKEN_NO] = fact.number
        digest = bytes.fromhex(fact.digest)
        self.add_row(self.tokens, [digest, fact.session_id, fact.number], told)

    def _end_session(self, fact: GameSessionEnded, told: Told) -> None:
        session = self.find_row(self.sessions, fact.session_id, told)
        if session is not None:
            session[_ENDED_AT] = told.recorded_at

    def _stake(self, fact: RoundStaked, told: Told) -> None:
        self._book(fact, Kind.STAKE, told, free=fact.free, original=fact.ref)
        self._name(fact)
        self._play(fact, fact.micros, 0, told)

    def _win(self, fact: RoundWon, told: Told) -> None:
        self._book(
            fact,
            Kind.WIN,
            told,
            free=fact.free,
            jackpot=fact.jackpot_micros,
            original=fact.stake_id,
        )
        self._play(fact, 0, fact.micros, told)
        if fact.settles and fact.stake_id is not None:
            stake = self._stake_of(fact, fact.stake_id, told)
            if stake is not None:
                stake[_SETTLED] = True

    def _reverse(self, fact: RoundReversed, told: Told) -> None:
        self._book(
            fact,
            Kind.REVERSAL,
            told,
            free=fact.free,
            jackpot=fact.jackpot_micros,
            original=fact.original_id,
            owed=fact.owed_micros,
        )
        of_stake = fact.of == Kind.STAKE
        original = (
            self._stake_of(fact, fact.original_id, told)
            if of_stake
            else self._booking(fact, Kind.WIN, fact.original_id, told)
        )
        if original is not None:
            original[_REVERSED_BY] = fact.external_id
        round_ = self.find_row(self.rounds, fact.round_id, told)
        if round_ is not None:
            round_[_STAKED if of_stake else _WON] -= fact.micros
            self._end(round_, fact, told)

    def _note(self, fact: RollbackNoted, told: Told) -> None:
        about: Row = [fact.game, fact.currency, 0, 0, False]
        end: Row = [None, False, 0, fact.balance_micros, told.recorded_at]
        head: Row = [fact.provider, fact.external_id, fact.player_id, Kind.REVERSAL]
        row: Row = [*head, fact.round_id, *about, fact.original_id, None, *end]
        self.add_row(self.bookings, [*row, fact.promo, fact.said], told)
        if fact.tombstone:
            stone: Row = [fact.provider, fact.original_id, fact.player_id, Kind.STAKE, None]
            refusal = WireRefusal.ROLLED_BACK.value
            self.add_row(self.bookings, [*stone, *about, None, refusal, *end, False, None], told)

    def _refuse(self, fact: StakeRefused, told: Told) -> None:
        row: Row = [fact.provider, fact.external_id, fact.player_id, Kind.STAKE, fact.round_id]
        row += [fact.game, fact.currency, fact.micros, 0, fact.free, fact.ref, fact.reason, None]
        row += [False, 0, fact.balance_micros, told.recorded_at, fact.promo, fact.said]
        self.add_row(self.bookings, row, told)
        self._name(fact)

    def _close(self, fact: RoundClosed, told: Told) -> None:
        round_ = self.find_row(self.rounds, fact.round_id, told)
        if round_ is not None:
            round_[_CLOSED] = [told.recorded_at, fact.by]

    def _resolve(self, fact: RoundResolved, told: Told) -> None:
        round_ = self.find_row(self.rounds, fact.round_id, told)
        if round_ is None:
            return
        round_[_CLOSED] = [told.recorded_at, fact.by]
        for external_id in fact.stakes:
            stake = self._booking(fact, Kind.STAKE, external_id, told)
            if stake is not None:
                stake[_REVERSED_BY] = BY_RESOLUTION
                round_[_STAKED] -= stake[7]

    def _book(
        self,
        fact: Booked,
        kind: Kind,
        told: Told,
        *,
        free: bool = False,
        jackpot: int = 0,
        original: str | None = None,
        owed: int = 0,
    ) -> None:
        row: Row = [fact.provider, fact.external_id, fact.player_id, kind, fact.round_id]
        row += [fact.game, fact.currency, fact.micros, jackpot, free, original, None, None]
        row += [False, owed, fact.balance_micros, told.recorded_at, fact.promo, fact.said]
        self.add_row(self.bookings, row, told)

    def _play(self, fact: RoundStaked | RoundWon, staked: int, won: int, told: Told) -> None:
        round_ = self.rounds.rows.get(fact.round_id)
        if round_ is None:
            round_ = [fact.round_id, fact.player_id, fact.provider, fact.round_ref, fact.game]
            round_ += [fact.version, fact.currency, 0, 0, told.recorded_at, None, None]
            self.rounds.add(round_)
        round_[_STAKED] += staked
        round_[_WON] += won
        self._end(round_, fact, told)

    def _end(self, round_: Row, fact: Booked, told: Told) -> None:
        if fact.closes:
            round_[_CLOSED] = [told.recorded_at, ClosedBy.PROVIDER]

    def _booking(self, fact: Any, kind: Kind, external_id: str, told: Told) -> Row | None:
        key = (fact.provider, external_id, fact.player_id, kind)
        return self.find_row(self.bookings, key, told)

    def _name(self, fact: RoundStaked | StakeRefused) -> None:
        """Note by which other name a stake's bet may be called."""
        if fact.ref is not None:
            name = (fact.provider, fact.player_id, fact.ref)
            self._named.setdefault(name, []).append(fact.external_id)

    def _stake_of(self, fact: RoundWon | RoundReversed, name: str, told: Told) -> Row | None:
        """Return the stake of this name, as it was found when the fact was decided.

        That is the one whose id it is, or of those of a bet with this other name one that stands.
        """
        own = (fact.provider, name, fact.player_id, Kind.STAKE)
        if own not in self.bookings.rows:
            ids = sorted(self._named.get((fact.provider, fact.player_id, name), ()))
            keys = [(fact.provider, one, fact.player_id, Kind.STAKE) for one in ids]
            stakes = [self.bookings.rows[key] for key in keys]
            if stakes:
                return min(stakes, key=_standing_first)
        return self.find_row(self.bookings, own, told)


def _standing_first(stake: Row) -> tuple[bool, bool]:
    return stake[_REFUSAL] is not None, stake[_REVERSED_BY] is not None
