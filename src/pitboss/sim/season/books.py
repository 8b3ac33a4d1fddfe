"""The books of an instance, made from its facts alone: a fold that believes nothing else."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from pitboss.cashier.facts import DepositConfirmed, WithdrawalPaid
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId, BetId, MarketId, PlayerId, SelectionId
from pitboss.kernel.money import Rounding, currency
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.model import Leg, Result, Settled, Terms
from pitboss.wallet.facts import AccountOpened

ACCUMULATOR = "accumulator"
UNKNOWN_KIND = "unknown"


@dataclass(slots=True, kw_only=True)
class Sheet:
    """An account as the movements leave it, in micros."""

    kind: str
    owner: str
    currency: str
    posted: int = 0
    held: int = 0


@dataclass(slots=True, kw_only=True)
class Person:
    """What a player paid in and out, staked and got back, in micros of one currency."""

    deposits: int = 0
    withdrawals: int = 0
    stakes: int = 0
    returns: int = 0

    @property
    def balance(self) -> int:
        """What the player must have if nothing else happened."""
        return self.deposits - self.stakes + self.returns - self.withdrawals


@dataclass(slots=True, kw_only=True)
class BetLine:
    """What the facts say became of a bet.

    `kind` is the market's for a single.  `replayed` is what its terms and the results give;
    it equals `returns` and `voided` if settlement was right.
    """

    player_id: PlayerId
    currency: str
    kind: str
    stake: int
    state: BetState
    reason: str = ""
    decisions: int = 1
    settlements: int = 0
    returns: int = 0
    replayed: Settled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Settled bets of one kind, in micros; bets that are void as a whole are none of it."""

    bets: int = 0
    turnover: int = 0
    returns: int = 0

    @property
    def ggr(self) -> int:
        """Turnover minus returns."""
        return self.turnover - self.returns

    @property
    def margin(self) -> Fraction | None:
        """GGR as a share of turnover, if there is any."""
        return Fraction(self.ggr, self.turnover) if self.turnover else None

    def plus(self, other: Figures) -> Figures:
        """Return both together."""
        return Figures(
            bets=self.bets + other.bets,
            turnover=self.turnover + other.turnover,
            returns=self.returns + other.returns,
        )


@dataclass(slots=True)
class Books:
    """Accounts, people and bets.  The catalogue's facts must come before the players'.

    `oddities` are facts that cannot follow from those before them.
    """

    sheets: dict[AccountId, Sheet] = field(default_factory=dict)
    people: dict[tuple[PlayerId, str], Person] = field(default_factory=dict)
    bets: dict[BetId, BetLine] = field(default_factory=dict)
    holds: dict[str, tuple[AccountId, int]] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)
    _kinds: dict[MarketId, str] = field(default_factory=dict)
    _results: dict[SelectionId, Result] = field(default_factory=dict)
    _versions: dict[MarketId, int] = field(default_factory=dict)
    _terms: dict[BetId, Terms] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """Take what happened; the movements of money in it are taken by `move`."""
        match fact:
            case AccountOpened():
                self.sheets[fact.account_id] = Sheet(
                    kind=fact.kind, owner=fact.owner, currency=fact.currency
                )
            case EventOpened():
                self._kinds.update((market.market_id, market.kind) for market in fact.markets)
            case MarketResulted():
                self._take_results(fact)
            case BetAccepted():
                self._accept(fact)
            case BetRefused():
                self._refuse(fact)
            case BetSettled():
                self._settle(fact)
            case DepositConfirmed():
                self._person(fact.player_id, fact.currency).deposits += fact.micros
            case WithdrawalPaid():
                self._person(fact.player_id, fact.currency).withdrawals += fact.micros
            case _:
                pass

    def move(self, movements: Iterable[Movement]) -> None:
        """Take movements of money, whatever the fact is that tells them."""
        for movement in movements:
            match movement.kind:
                case "hold" if movement.account is not None:
                    self.holds[movement.key] = (movement.account, movement.micros)
                    self._sheet(movement.account).held += movement.micros
                case "void":
                    self._release(movement.key, movement.micros)
                case "post" if movement.debit is not None and movement.credit is not None:
                    self._release(movement.hold or "", movement.micros)
                    self._transfer(movement.debit, movement.credit, movement.micros)
                case "transfer" if movement.debit is not None and movement.credit is not None:
                    self._transfer(movement.debit, movement.credit, movement.micros)
                case _:
                    self.oddities.append(f"a movement cannot be read: {movement}")

    def figures(self, player_ids: Container[PlayerId], kind: str) -> Figures:
        """Return the figures of these players' settled bets of one kind."""
        lines = [
            line
            for line in self.bets.values()
            if line.kind == kind and line.state is BetState.SETTLED and line.player_id in player_ids
        ]
        return Figures(
            bets=len(lines),
            turnover=sum(line.stake for line in lines),
            returns=sum(line.returns for line in lines),
        )

    def _take_results(self, fact: MarketResulted) -> None:
        if fact.version > self._versions.get(fact.market_id, 0):
            self._versions[fact.market_id] = fact.version
            self._results.update((item.selection_id, Result.of(item)) for item in fact.results)

    def _accept(self, fact: BetAccepted) -> None:
        earlier = self.bets.get(fact.bet_id)
        if earlier is not None:
            earlier.decisions += 1
            return
        kind = ACCUMULATOR
        if len(fact.legs) == 1:
            kind = self._kinds.get(fact.legs[0].market_id, UNKNOWN_KIND)
        self.bets[fact.bet_id] = BetLine(
            player_id=fact.player_id,
            currency=fact.currency,
            kind=kind,
            stake=fact.stake_micros,
            state=BetState.ACCEPTED,
        )
        self._terms[fact.bet_id] = Terms(
            bet_id=fact.bet_id,
            stake_micros=fact.stake_micros,
            minor_unit_micros=currency(fact.currency).minor_unit_micros,
            rounding=Rounding(fact.rounding),
            legs=tuple(
                Leg(selection_id=leg.selection_id, price=leg.price_exact) for leg in fact.legs
            ),
        )

    def _refuse(self, fact: BetRefused) -> None:
        earlier = self.bets.get(fact.bet_id)
        if earlier is not None:
            earlier.decisions += 1
            return
        self.bets[fact.bet_id] = BetLine(
            player_id=fact.player_id,
            currency=fact.currency,
            kind=ACCUMULATOR if len(fact.legs) > 1 else UNKNOWN_KIND,
            stake=fact.stake_micros,
            state=BetState.REFUSED,
            reason=fact.reason,
        )

    def _settle(self, fact: BetSettled) -> None:
        line = self.bets.get(fact.bet_id)
        if line is None:
            self.oddities.append(f"bet {fact.bet_id} was settled before it was decided")
            return
        line.settlements += 1
        terms = self._terms.pop(fact.bet_id, None)
        if terms is None:
            return
        line.state = BetState.VOIDED if fact.voided else BetState.SETTLED
        line.returns = fact.returns_micros
        replayed = settlement.replay(terms, self._results)
        line.replayed = replayed if isinstance(replayed, Settled) else None
        if not fact.voided:
            person = self._person(line.player_id, line.currency)
            person.stakes += line.stake
            person.returns += fact.returns_micros

    def _release(self, key: str, micros: int) -> None:
        hold = self.holds.pop(key, None)
        if hold is None or hold[1] < micros:
            self.oddities.append(f"{micros} micros were taken from hold {key!r}, which has less")
            return
        account_id, held = hold
        self._sheet(account_id).held -= micros
        if held > micros:
            self.holds[key] = (account_id, held - micros)

    def _transfer(self, debit: AccountId, credit: AccountId, micros: int) -> None:
        self._sheet(debit).posted -= micros
        self._sheet(credit).posted += micros

    def _sheet(self, account_id: AccountId) -> Sheet:
        sheet = self.sheets.get(account_id)
        if sheet is None:
            self.oddities.append(f"money moved on account {account_id}, which was never opened")
            sheet = self.sheets[account_id] = Sheet(kind="", owner="", currency="")
        return sheet

    def _person(self, player_id: PlayerId, code: str) -> Person:
        return self.people.setdefault((player_id, code), Person())
