"""Laws of free bets: whatever is said, they pay what the last result says, and never the stake."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pitboss.audit.replay.model import KnownResult, Paid, Replayed
from pitboss.audit.replay.rules import replay, replay_correction
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.folding import Told
from pitboss.kernel.ids import (
    AccountId,
    BetId,
    EventId,
    MarketId,
    PlayerId,
    SelectionId,
    derived_id,
)
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.facts import BetAccepted, FreeBetGiven
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.betting.model import (
    RULES_NOW,
    Leg,
    Shape,
    promotions_account,
    stake_account,
)
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import RULE_BOOK, SettlementFold, terms_of
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Result,
    Settled,
)
from pitboss.sportsbook.trading.folding import TradingFold
from pitboss.wallet.model import player_account, receivable_account

UNIT = 1_000_000
STAKE = 10 * UNIT
START = datetime(2026, 8, 15, 14, tzinfo=UTC)
PLAYER = PlayerId(derived_id("player"))
GIFT = derived_id("gift")
SHARD = shard_of(PLAYER)
PURSE = player_account(PLAYER, "EUR")
PROMOTIONS, HOUSE = promotions_account(SHARD, "EUR"), stake_account(SHARD, "EUR")
BETS = tuple(BetId(derived_id("bet", name)) for name in "abc")

endings = st.sampled_from(
    [None, WON, LOST, VOID, VOID, HALF_WON, HALF_LOST, Result(won=True, dead_heat=Fraction(1, 3))]
)
prices = st.integers(101, 2_000).map(lambda cents: f"{cents}/100")
# Which bet something is said of, what, and how much of what is taken back is not there.
words = st.tuples(st.sampled_from(range(len(BETS))), endings, st.sampled_from([0, 1, 2]))


def accepted(number: int, price: str, *, free: bool = True) -> BetAccepted:
    """Return a bet on a selection of its own, for a free bet of ten."""
    name = str(number)
    return BetAccepted(
        bet_id=BETS[number],
        player_id=PLAYER,
        stake_micros=STAKE,
        currency="EUR",
        rounding="down.v1",
        jurisdiction="demo",
        legs=(
            Leg(
                selection_id=SelectionId(name),
                market_id=MarketId(derived_id("market", name)),
                event_id=EventId(derived_id("event", name)),
                price=price,
                tick=1,
            ),
        ),
        placed_at="2026-08-15T13:00:00Z",
        rules=RULES_NOW,
        shape=Shape(free_bet=GIFT) if free else None,
    )


def moved(key: str, micros: int, debit: AccountId, credit: AccountId) -> tuple[Movement, ...]:
    if not micros:
        return ()
    return (
        Movement(
            kind="transfer", key=key, micros=micros, currency="EUR", debit=debit, credit=credit
        ),
    )


@dataclass(slots=True)
class Ledger:
    """Bets on one free bet, as facts and as plain sums; each fact is replayed and folded."""

    price: str
    known: dict[int, KnownResult] = field(default_factory=dict)
    terms: dict[int, BetAccepted] = field(default_factory=dict)
    paid: dict[int, Paid] = field(default_factory=dict)
    balances: dict[AccountId, int] = field(default_factory=dict)
    betting: BettingFold = field(default_factory=lambda: BettingFold(TradingFold()))
    settlement: SettlementFold = field(init=False)
    seq: int = 0

    def __post_init__(self) -> None:
        self.settlement = SettlementFold(self.betting)
        self.tell(
            FreeBetGiven(
                free_bet=GIFT,
                player_id=PLAYER,
                stake_micros=STAKE,
                currency="EUR",
                expires_at="2027-01-01T00:00:00Z",
            )
        )

    @property
    def standing(self) -> list[BetId]:
        """The bets that stand on the free bet, by facts alone."""
        (row,) = self.betting.free_bets.rows.values()
        found: list[BetId] = row[-1]
        return found

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.seq)

    def tell(self, fact: Fact) -> None:
        """Fold a fact, and book what it moved."""
        self.seq += 1
        told = Told(shard=SHARD, seq=self.seq, recorded_at=self.now, cause=None, fact=fact)
        (self.betting.takes | self.settlement.takes)[type(fact)](fact, told)
        for item in fact.movements:
            assert item.debit is not None
            assert item.credit is not None
            self.balances[item.debit] = self.balances.get(item.debit, 0) - item.micros
            self.balances[item.credit] = self.balances.get(item.credit, 0) + item.micros

    def take(self, number: int) -> bool:
        """Take a bet if the free bet can be used; say whether it was taken, now or before."""
        if number not in self.terms and not self.standing:
            self.terms[number] = accepted(number, self.price)
            self.tell(self.terms[number])
        return number in self.terms

    def say(self, number: int, ending: Result | None, short: int) -> Replayed | None:
        """Settle or correct a bet by what is said of it; nothing if that is what was paid."""
        terms, before = self.terms[number], self.paid.get(number)
        no = len(self.known) + 1
        leg = terms.legs[0]
        results = () if ending is None else (ending.told_of(leg.selection_id),)
        resulted = MarketResulted(
            market_id=leg.market_id,
            event_id=leg.event_id,
            no=no,
            version=no,
            score=None,
            rules=RULES_NOW,
            results=results,
        )
        self.known[no] = KnownResult.of(resulted, self.now)
        outcome = RULE_BOOK.get(RULES_NOW).settle(
            terms_of(terms, accepted_at=START), {} if ending is None else {leg.selection_id: ending}
        )
        settled = outcome if isinstance(outcome, Settled) else None
        if before is None:
            return None if settled is None else self._settle(number, resulted, settled)
        now = (None, False) if settled is None else (settled.returns_micros, settled.voided)
        if now == (before.returns_micros, before.voided):
            return None
        return self._correct(number, resulted, settled, short)

    def _settle(self, number: int, resulted: MarketResulted, settled: Settled) -> Replayed:
        fact = BetSettled(
            bet_id=BETS[number],
            player_id=PLAYER,
            returns_micros=settled.returns_micros,
            currency="EUR",
            voided=settled.voided,
            rules=RULES_NOW,
            rounding="down.v1",
            results=resulted.results,
            result_nos=(resulted.no,),
            movements=moved(
                derived_id("returns", BETS[number]), settled.returns_micros, PROMOTIONS, PURSE
            ),
        )
        self.tell(fact)
        self.paid[number] = Paid.by(fact)
        return replay(
            self.terms[number],
            fact,
            self.known,
            RULE_BOOK,
            accepted_at=START,
            settled_at=self.now,
        )

    def _correct(
        self, number: int, resulted: MarketResulted, settled: Settled | None, short: int
    ) -> Replayed:
        before, bet_id = self.paid[number], BETS[number]
        returns = None if settled is None else settled.returns_micros
        delta, version = (returns or 0) - (before.returns_micros or 0), str(before.version + 1)
        owed = max(-delta, 0) * short // 2
        key = derived_id("correction", bet_id, version)
        fact = BetResettled(
            bet_id=bet_id,
            player_id=PLAYER,
            version=before.version + 1,
            stake_micros=STAKE,
            was_micros=before.returns_micros,
            was_voided=before.voided,
            returns_micros=returns,
            voided=settled is not None and settled.voided,
            currency="EUR",
            rules=RULES_NOW,
            rounding="down.v1",
            results=resulted.results,
            result_nos=(resulted.no,) * len(resulted.results),
            cause="result",
            reason="",
            result_no=resulted.no,
            owed_micros=owed,
            absorbed_micros=0,
            settled_at="2026-08-15T14:00:00Z",
            free=True,
            movements=(
                *moved(key, max(delta, 0), PROMOTIONS, PURSE),
                *moved(key, max(-delta, 0) - owed, PURSE, PROMOTIONS),
                *moved(
                    derived_id("shortfall", bet_id, version),
                    owed,
                    receivable_account(PLAYER, "EUR"),
                    PROMOTIONS,
                ),
            ),
        )
        self.tell(fact)
        self.paid[number] = Paid.by(fact)
        return self.replayed(number, before, fact)

    def replayed(self, number: int, before: Paid, fact: BetResettled) -> Replayed:
        return replay_correction(
            self.terms[number],
            before,
            fact,
            self.known,
            RULE_BOOK,
            accepted_at=START,
            corrected_at=self.now,
        )


@given(prices, st.lists(words, min_size=1, max_size=14))
def test_whatever_is_said_a_player_has_what_the_last_results_say_and_never_a_stake(
    price: str, script: list[tuple[int, Result | None, int]]
) -> None:
    ledger = Ledger(price)
    last: dict[int, Result | None] = {}

    for number, ending, short in script:
        if not ledger.take(number):
            continue
        last[number] = ending
        done = ledger.say(number, ending, short)
        assert done is None or done.disagreements == ()

    right, standing = 0, set[BetId]()
    for number, ending in last.items():
        own = structs.replace(ledger.terms[number], shape=None)
        selection = own.legs[0].selection_id
        results = {} if ending is None else {selection: ending}
        plain = RULE_BOOK.get(RULES_NOW).settle(terms_of(own, accepted_at=START), results)
        if not isinstance(plain, Settled):
            standing.add(BETS[number])
        elif not plain.voided:
            # What the same bet would have won on the player's own money.
            right += max(plain.returns_micros - STAKE, 0)
            standing.add(BETS[number])
    owed = ledger.balances.get(receivable_account(PLAYER, "EUR"), 0)
    assert ledger.balances.get(PURSE, 0) + owed == right
    assert ledger.balances.get(PROMOTIONS, 0) == -right
    assert HOUSE not in ledger.balances
    assert set(ledger.standing) == standing
    assert len(ledger.standing) == len(standing)
    assert ledger.betting.oddities == []


@given(prices, st.sampled_from([LOST, HALF_WON, VOID, None]), st.sampled_from([0, 1, 2]))
def test_a_correction_that_takes_or_gives_a_stake_or_moves_elsewhere_is_found(
    price: str, ending: Result | None, short: int
) -> None:
    ledger = Ledger(price)
    assert ledger.take(0)
    assert ledger.say(0, WON, 0) is not None
    before = ledger.paid[0]
    right: list[BetResettled] = []
    ledger.settlement.takes[BetResettled] = lambda fact, _: right.append(fact)

    assert ledger.say(0, ending, short) is not None

    (fact,) = right
    (first, *others) = fact.movements
    wrong = [
        structs.replace(fact, free=False),
        structs.replace(fact, version=3),
        structs.replace(fact, voided=not fact.voided),
        structs.replace(fact, movements=fact.movements[1:]),
        structs.replace(fact, movements=(*fact.movements, first)),
        structs.replace(fact, movements=(structs.replace(first, credit=HOUSE), *others)),
        structs.replace(
            fact, movements=(structs.replace(first, micros=first.micros + STAKE), *others)
        ),
        structs.replace(fact, returns_micros=(fact.returns_micros or 0) + STAKE),
    ]
    assert ledger.replayed(0, before, fact).disagreements == ()
    for other in wrong:
        assert ledger.replayed(0, before, other).disagreements
    final = Paid(version=1, returns_micros=before.returns_micros, voided=False, final=True)
    assert "final" in "".join(ledger.replayed(0, final, fact).disagreements)


@given(prices)
def test_a_bet_that_was_taken_on_a_free_bet_of_another_one_is_odd(price: str) -> None:
    ledger = Ledger(price)
    assert ledger.take(0)
    assert not ledger.take(1)

    ledger.tell(accepted(1, price))

    (oddity,) = ledger.betting.oddities
    assert f"takes free bet {GIFT}, on which another bet stands" in oddity
