"""The books of an instance, made from its facts alone: a fold that believes nothing else."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from msgspec import structs

from pitboss.cashier.facts import DepositConfirmed, WithdrawalPaid
from pitboss.games.rounds.facts import RoundReversed, RoundStaked, RoundWon
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId, BetId, MarketId, PlayerId, SelectionId
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import ONE_LINE, BetState
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import terms_of
from pitboss.sportsbook.settlement.model import Result, Settled, Terms
from pitboss.wallet.facts import AccountOpened, ReceivableCollected

ACCUMULATOR = "accumulator"
SYSTEM = "system"
EACH_WAY = "each_way"
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
    """What a player paid in and out, staked and got back, in micros of one currency.

    `owed` is what corrections have taken back from them, and somebody else has borne.
    """

    deposits: int = 0
    withdrawals: int = 0
    stakes: int = 0
    returns: int = 0
    owed: int = 0
    game_stakes: int = 0
    game_wins: int = 0

    @property
    def balance(self) -> int:
        """What the player must have if nothing else happened."""
        bets, games = self.returns - self.stakes, self.game_wins - self.game_stakes
        return self.deposits + bets + games - self.withdrawals + self.owed


@dataclass(slots=True, kw_only=True)
class BetLine:
    """What the facts say became of a bet.

    `kind` is the market's for a single.  `terms` are those of what is left of it: of `stake`, what
    was `sold` is gone, and `sold_for` was paid for it.  `replayed` is what terms and results give;
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
    corrections: int = 0
    returns: int = 0
    replayed: Settled | None = None
    terms: Terms | None = None
    sold: int = 0
    sold_for: int = 0

    @property
    def left(self) -> int:
        """The stake that was not sold."""
        return self.stake - self.sold

    @property
    def turnover(self) -> int:
        """The stake that has been decided: what was sold, and the rest unless it was void."""
        return self.sold + (self.left if self.state is BetState.SETTLED else 0)

    @property
    def came_back(self) -> int:
        """What the player got for the turnover."""
        return self.sold_for + (self.returns if self.state is BetState.SETTLED else 0)


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

    def take(self, fact: Fact, *, recorded_at: datetime) -> None:
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
                self._accept(fact, recorded_at)
            case BetRefused():
                self._refuse(fact)
            case BetSettled():
                self._settle(fact)
            case BetResettled():
                self._resettle(fact)
            case BetBoughtBack():
                self._buy_back(fact)
            case RoundStaked():
                self._play(fact.player_id, fact.currency, staked=fact.micros)
            case RoundWon():
                self._play(fact.player_id, fact.currency, won=fact.micros)
            case RoundReversed() if fact.of == "stake":
                self._play(fact.player_id, fact.currency, staked=-fact.micros)
            case RoundReversed():
                self._play(fact.player_id, fact.currency, won=-fact.micros)
                self._person(fact.player_id, fact.currency).owed += fact.owed_micros
            case ReceivableCollected():
                self._person(fact.player_id, fact.currency).owed -= fact.micros
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
        """Return the figures of these players' settled and sold bets of one kind."""
        lines = [
            line
            for line in self.bets.values()
            if line.kind == kind and line.turnover and line.player_id in player_ids
        ]
        return Figures(
            bets=len(lines),
            turnover=sum(line.turnover for line in lines),
            returns=sum(line.came_back for line in lines),
        )

    def _play(self, player_id: PlayerId, code: str, *, staked: int = 0, won: int = 0) -> None:
        """Note what was staked in games, or won; what was undone is less than nothing."""
        person = self._person(player_id, code)
        person.game_stakes += staked
        person.game_wins += won

    def _take_results(self, fact: MarketResulted) -> None:
        if fact.version > self._versions.get(fact.market_id, 0):
            self._versions[fact.market_id] = fact.version
            self._results.update((item.selection_id, Result.of(item)) for item in fact.results)

    def _accept(self, fact: BetAccepted, accepted_at: datetime) -> None:
        earlier = self.bets.get(fact.bet_id)
        if earlier is not None:
            earlier.decisions += 1
            return
        kind = self._kind_of(fact)
        self.bets[fact.bet_id] = BetLine(
            player_id=fact.player_id,
            currency=fact.currency,
            kind=kind,
            stake=fact.stake_micros,
            state=BetState.ACCEPTED,
            terms=terms_of(fact, accepted_at=accepted_at),
        )

    def _kind_of(self, fact: BetAccepted) -> str:
        shape = fact.shape or ONE_LINE
        if shape.parts != ONE_LINE.parts:
            return EACH_WAY
        if len(fact.legs) == 1:
            return self._kinds.get(fact.legs[0].market_id, UNKNOWN_KIND)
        return SYSTEM if shape.lines else ACCUMULATOR

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
        if line.terms is None:
            return
        line.state = BetState.VOIDED if fact.voided else BetState.SETTLED
        line.returns = fact.returns_micros
        replayed = settlement.replay(line.terms, self._results, version=fact.rules)
        line.replayed = replayed if isinstance(replayed, Settled) else None
        if not fact.voided:
            person = self._person(line.player_id, line.currency)
            person.stakes += line.left
            person.returns += fact.returns_micros

    def _resettle(self, fact: BetResettled) -> None:
        line = self.bets.get(fact.bet_id)
        if line is None or line.terms is None or not line.settlements:
            self.oddities.append(f"bet {fact.bet_id} was corrected before it was settled")
            return
        line.corrections += 1
        person = self._person(line.player_id, line.currency)
        if line.state is not BetState.VOIDED:
            person.stakes -= line.left
            person.returns -= line.returns
        line.returns = fact.returns_micros or 0
        if fact.returns_micros is None:
            line.state, line.replayed = BetState.ACCEPTED, None
        else:
            line.state = BetState.VOIDED if fact.voided else BetState.SETTLED
            replayed = settlement.replay(line.terms, self._results, version=fact.rules)
            line.replayed = replayed if isinstance(replayed, Settled) else None
        # Of a bet that is open again the house has the stake.
        if line.state is not BetState.VOIDED:
            person.stakes += line.left
            person.returns += line.returns
        person.owed += fact.owed_micros + fact.absorbed_micros

    def _buy_back(self, fact: BetBoughtBack) -> None:
        line, quoted = self.bets.get(fact.bet_id), fact.quote
        if line is None or line.terms is None or line.settlements:
            self.oddities.append(f"bet {fact.bet_id} was sold, and it was not open")
            return
        if not 0 < quoted.stake_micros <= line.left == quoted.left_micros:
            self.oddities.append(
                f"of bet {fact.bet_id} {quoted.stake_micros} of {quoted.left_micros} micros were"
                f" sold, and {line.left} were left"
            )
            return
        line.sold += quoted.stake_micros
        line.sold_for += quoted.offer_micros
        line.terms = structs.replace(line.terms, stake_micros=line.left)
        if not line.left:
            line.state = BetState.CASHED_OUT
        person = self._person(line.player_id, line.currency)
        person.stakes += quoted.stake_micros
        person.returns += quoted.offer_micros

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
