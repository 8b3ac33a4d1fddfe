"""Facts made by hand: one shard's short history, and the evidence that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from pitboss.adapters.football_data import SeasonEvent
from pitboss.cashier.facts import DepositConfirmed, WithdrawalPaid, WithdrawalRequested
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import (
    AccountId,
    BetId,
    EventId,
    MarketId,
    PaymentId,
    PlayerId,
    SelectionId,
)
from pitboss.kernel.shards import Shard
from pitboss.sim.season.books import Books
from pitboss.sim.season.evidence import Evidence, Tables
from pitboss.sim.season.picks import Pick
from pitboss.sim.season.plain import Almanac
from pitboss.sim.season.plan import PlannedBet, Twist
from pitboss.sim.season.programme import ListedEvent, ListedMarket, MatchDay, Programme
from pitboss.sim.season.tally import Tally
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import HOUSE, Leg, Shape, SlipLeg
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.cash_out.model import Quote
from pitboss.sportsbook.catalog.facts import EventOpened, OpenedMarket, OpenedSelection
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.model import LOST, VOID, WON, Result, SelectionResult
from pitboss.wallet.facts import AccountOpened
from pitboss.wallet.model import Account, AccountKind

ANN = PlayerId("ann")
SHARD = Shard(3)
PURSE, TILL, PROVIDER = AccountId("ann's"), AccountId("house's"), AccountId("provider's")
HOME, DRAW, OVER = SelectionId("home"), SelectionId("draw"), SelectionId("over")
SINGLE, DOUBLE, LOSER, VOIDED, REFUSED = (
    BetId(name) for name in ("single", "double", "loser", "voided", "refused")
)
POUND = 1_000_000
MARGIN = Fraction(1, 20)
KICK_OFF = datetime(2031, 8, 16, 12, tzinfo=UTC)
_MARKETS = {HOME: MarketId("result"), DRAW: MarketId("result"), OVER: MarketId("total")}


def pick(code: str) -> Pick:
    """Return the pick of a selection, at a price of two."""
    kind = MarketKind.TOTAL_GOALS if code == "over" else MarketKind.MATCH_RESULT
    return Pick(event_no=0, kind=kind, code=code, selection_id=SelectionId(code), price=Fraction(2))


def slip(pounds: int, *codes: str) -> PlannedBet:
    """Return what was asked for, plainly."""
    return PlannedBet(
        picks=tuple(pick(code) for code in codes), stake_cents=100 * pounds, twist=Twist.PLAIN
    )


def almanac() -> Almanac:
    """Return what is known without facts: one event of 2-1, and a total of just three goals."""
    row = SeasonEvent(
        line=2,
        division="XX",
        kick_off_at=KICK_OFF,
        home="Ashby Rovers",
        away="Dunmore",
        goals_home=2,
        goals_away=1,
        match_result=None,
        total_2_5=None,
        asian_handicap=None,
    )
    markets = (
        ListedMarket(
            id=MarketId("result"),
            kind=MarketKind.MATCH_RESULT,
            line=None,
            picks=(pick("home"), pick("draw")),
        ),
        ListedMarket(
            id=MarketId("total"),
            kind=MarketKind.TOTAL_GOALS,
            line=Fraction(3),
            picks=(pick("over"),),
        ),
    )
    event = ListedEvent(no=0, id=EventId("event"), row=row, abandoned=False, markets=markets)
    day = MatchDay(
        no=0,
        opens_at=KICK_OFF - timedelta(hours=2),
        ends_at=KICK_OFF + timedelta(hours=2),
        events=range(1),
        on_offer=range(1),
    )
    return Almanac(programme=Programme(events=(event,), days=(day,)), moves=((),), margin=MARGIN)


def opened(account_id: AccountId, kind: AccountKind, owner: str) -> AccountOpened:
    """Return the fact that opens an account."""
    return AccountOpened(
        account_id=account_id,
        kind=kind,
        owner=owner,
        currency="GBP",
        may_overdraw=kind is not AccountKind.PLAYER,
    )


def accepted(
    bet_id: BetId, pounds: int, *selections: SelectionId, shape: Shape | None = None
) -> BetAccepted:
    """Return the fact that a bet was taken, at a price of two for each leg."""
    return BetAccepted(
        bet_id=bet_id,
        player_id=ANN,
        stake_micros=pounds * POUND,
        currency="GBP",
        rounding="down.v1",
        jurisdiction="demo",
        legs=tuple(
            Leg(
                selection_id=item,
                market_id=_MARKETS[item],
                event_id=EventId("event"),
                price="2/1",
                tick=1,
            )
            for item in selections
        ),
        placed_at="2031-08-16T10:00:00.000000Z",
        shape=shape,
        movements=(
            Movement(kind="hold", key=bet_id, micros=pounds * POUND, currency="GBP", account=PURSE),
        ),
    )


def settled(bet_id: BetId, pounds: int, returns: int) -> BetSettled:
    """Return the fact that a bet was settled, with the money that moved."""
    post = Movement(
        kind="post",
        key=bet_id,
        hold=bet_id,
        micros=pounds * POUND,
        currency="GBP",
        debit=PURSE,
        credit=TILL,
    )
    back = Movement(
        kind="transfer",
        key=f"{bet_id} returns",
        micros=returns * POUND,
        currency="GBP",
        debit=TILL,
        credit=PURSE,
    )
    return BetSettled(
        bet_id=bet_id,
        player_id=ANN,
        returns_micros=returns * POUND,
        currency="GBP",
        voided=False,
        rules="settlement.v1",
        rounding="down.v1",
        results=(),
        result_nos=(),
        movements=(post, back) if returns else (post,),
    )


def bought_back(bet_id: BetId, pounds: int, of: int, cents: int) -> BetBoughtBack:
    """Return the fact that so much of what was left of a bet was sold, for so much."""
    post = Movement(
        kind="post",
        key=f"{bet_id} sold {of}",
        hold=bet_id,
        micros=pounds * POUND,
        currency="GBP",
        debit=PURSE,
        credit=TILL,
    )
    paid = Movement(
        kind="transfer",
        key=f"{bet_id} paid {of}",
        micros=cents * POUND // 100,
        currency="GBP",
        debit=TILL,
        credit=PURSE,
    )
    return BetBoughtBack(
        bet_id=bet_id,
        player_id=ANN,
        request_id=f"{bet_id} {of}",
        quote=Quote(
            bet_id=bet_id,
            player_id=ANN,
            currency="GBP",
            left_micros=of * POUND,
            stake_micros=pounds * POUND,
            offer_micros=cents * POUND // 100,
            margin="1/20",
            marks=(),
            expires_at="2031-08-16T10:00:10.000000Z",
        ),
        value="1/1",
        seen=(),
        movements=(post, paid),
    )


def voided(bet_id: BetId, pounds: int) -> BetSettled:
    """Return the fact that a bet is void and its hold released."""
    return BetSettled(
        bet_id=bet_id,
        player_id=ANN,
        returns_micros=pounds * POUND,
        currency="GBP",
        voided=True,
        rules="settlement.v1",
        rounding="down.v1",
        results=(),
        result_nos=(),
        movements=(
            Movement(kind="void", key=bet_id, micros=pounds * POUND, currency="GBP", account=PURSE),
        ),
    )


def refused(bet_id: BetId) -> BetRefused:
    """Return the fact that a bet was not taken."""
    return BetRefused(
        bet_id=bet_id,
        player_id=ANN,
        reason="insufficient_funds",
        stake_micros=900 * POUND,
        currency="GBP",
        legs=(SlipLeg(selection_id=HOME, tick=1),),
        placed_at="2031-08-16T10:00:00.000000Z",
    )


def resulted(market: str, *, version: int = 1, **results: Result) -> MarketResulted:
    """Return the fact that a market's selections ended so."""
    told: tuple[SelectionResult, ...] = tuple(
        result.told_of(SelectionId(name)) for name, result in results.items()
    )
    return MarketResulted(
        market_id=MarketId(market),
        event_id=EventId("event"),
        no=1,
        version=version,
        score="2-1",
        rules="settlement.v1",
        results=told,
    )


def event_opened() -> EventOpened:
    """Return the fact that an event was opened with a 1X2 and a total."""
    return EventOpened(
        event_id=EventId("event"),
        sport="football",
        competition="XX",
        home="Ashby Rovers",
        away="Dunmore",
        starts_at="2031-08-16T12:00:00.000000Z",
        markets=(
            OpenedMarket(
                market_id=MarketId("result"),
                kind="1x2",
                line=None,
                selections=(
                    OpenedSelection(selection_id=HOME, code="home", price="2/1"),
                    OpenedSelection(selection_id=DRAW, code="draw", price="2/1"),
                ),
            ),
            OpenedMarket(
                market_id=MarketId("total"),
                kind="total",
                line="3",
                selections=(OpenedSelection(selection_id=OVER, code="over", price="2/1"),),
            ),
        ),
    )


def money_facts() -> list[Fact]:
    """Return a deposit of a hundred pounds, and a withdrawal of thirty that is paid."""
    deposit = Movement(
        kind="transfer",
        key="deposit",
        micros=100 * POUND,
        currency="GBP",
        debit=PROVIDER,
        credit=PURSE,
    )
    held = Movement(kind="hold", key="withdrawal", micros=30 * POUND, currency="GBP", account=PURSE)
    paid = Movement(
        kind="post",
        key="withdrawal",
        hold="withdrawal",
        micros=30 * POUND,
        currency="GBP",
        debit=PURSE,
        credit=PROVIDER,
    )
    return [
        DepositConfirmed(
            payment_id=PaymentId("deposit"),
            player_id=ANN,
            provider="sandbox",
            micros=100 * POUND,
            currency="GBP",
            reference="ref",
            movements=(deposit,),
        ),
        WithdrawalRequested(
            payment_id=PaymentId("withdrawal"),
            player_id=ANN,
            provider="sandbox",
            micros=30 * POUND,
            currency="GBP",
            movements=(held,),
        ),
        WithdrawalPaid(
            payment_id=PaymentId("withdrawal"),
            player_id=ANN,
            provider="sandbox",
            micros=30 * POUND,
            currency="GBP",
            reference="ref",
            movements=(paid,),
        ),
    ]


def whole_history() -> list[Fact]:
    """Return a history in which every promise is kept."""
    return [
        event_opened(),
        resulted("result", home=WON, draw=LOST),
        resulted("total", over=VOID),
        opened(PURSE, AccountKind.PLAYER, ANN),
        opened(TILL, AccountKind.HOUSE, HOUSE),
        opened(PROVIDER, AccountKind.PROVIDER, "sandbox"),
        *money_facts(),
        accepted(SINGLE, 10, HOME),
        accepted(DOUBLE, 6, HOME, OVER),
        accepted(LOSER, 5, DRAW),
        accepted(VOIDED, 4, OVER),
        refused(REFUSED),
        settled(SINGLE, 10, 20),
        settled(DOUBLE, 6, 12),
        settled(LOSER, 5, 0),
        voided(VOIDED, 4),
    ]


def books_of(facts: list[Fact]) -> Books:
    """Fold facts into books."""
    books = Books()
    for fact in facts:
        books.take(fact, recorded_at=KICK_OFF)
        books.move(fact.movements)
    return books


def evidence_of(facts: list[Fact]) -> Evidence:
    """Return evidence in which tables, players and pages agree with the whole history."""
    return Evidence(
        books=books_of(facts),
        tables=Tables(
            accounts=(
                account(PURSE, AccountKind.PLAYER, ANN, debits=51, credits=132, entries=7),
                account(TILL, AccountKind.HOUSE, HOUSE, debits=32, credits=21, entries=5),
                account(PROVIDER, AccountKind.PROVIDER, "sandbox", debits=100, credits=30),
            ),
            entries={
                (PURSE, "GBP"): (7, 81 * POUND),
                (TILL, "GBP"): (5, -11 * POUND),
                (PROVIDER, "GBP"): (2, -70 * POUND),
            },
        ),
        almanac=almanac(),
        tally=Tally(
            acknowledged=dict.fromkeys((SINGLE, DOUBLE, LOSER, VOIDED, REFUSED), 0),
            slips={
                SINGLE: slip(10, "home"),
                DOUBLE: slip(6, "home", "over"),
                LOSER: slip(5, "draw"),
                VOIDED: slip(4, "over"),
                REFUSED: slip(900, "home"),
            },
            asked=5,
        ),
        players={ANN: 0},
        shown={ANN: 81 * POUND},
    )


def account(
    account_id: AccountId,
    kind: AccountKind,
    owner: str,
    *,
    debits: int,
    credits: int,
    entries: int = 2,
) -> Account:
    """Return an account as the tables have it, in pounds."""
    return Account(
        shard=SHARD,
        id=account_id,
        kind=kind,
        owner=owner,
        currency="GBP",
        may_overdraw=kind is not AccountKind.PLAYER,
        debits=debits * POUND,
        credits=credits * POUND,
        entries=entries,
    )


def with_account(evidence: Evidence, account_id: AccountId, **changes: int) -> Evidence:
    """Return the evidence with an account of the tables changed."""
    accounts = tuple(
        _changed(item, changes) if item.id == account_id else item
        for item in evidence.tables.accounts
    )
    return replace(evidence, tables=replace(evidence.tables, accounts=accounts))


def _changed(item: Account, changes: Mapping[str, int]) -> Account:
    return Account(
        shard=item.shard,
        id=item.id,
        kind=item.kind,
        owner=item.owner,
        currency=item.currency,
        may_overdraw=item.may_overdraw,
        debits=changes.get("debits", item.debits),
        credits=changes.get("credits", item.credits),
        held=changes.get("held", item.held),
        entries=item.entries,
    )
