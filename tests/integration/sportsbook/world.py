"""A small world for tests of the sportsbook: players with money, events with prices, a clock."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TypeVar

import msgspec

from integration.players.keys import KEYS
from pitboss import messages, wallet
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import (
    BetId,
    EventId,
    MarketId,
    PlayerId,
    SelectionId,
    derived_id,
    new_id,
)
from pitboss.kernel.shards import (
    CATALOGUE_SHARD,
    PARTITIONS_ALL,
    Section,
    Shard,
    partition_of,
    shard_of,
)
from pitboss.messages.model import Entry, SealedFact
from pitboss.players import identity
from pitboss.players.identity.model import Email, Name, Registered, RegisterRequest
from pitboss.sportsbook import betting, catalog, pricing, settlement
from pitboss.sportsbook.betting.model import (
    HOUSE,
    Bet,
    OnLimit,
    PlaceBet,
    PricePolicy,
    Shape,
    SlipLeg,
    stake_account,
)
from pitboss.sportsbook.catalog import model as catalog_model
from pitboss.sportsbook.catalog.model import (
    MarketKind,
    MarketStatus,
    NewEvent,
    NewMarket,
    NewSelection,
    PriceChange,
    StatusChange,
)
from pitboss.sportsbook.pricing.model import Numbered, Push, PushAnswer, PushedPrice
from pitboss.sportsbook.settlement.model import Answer, RuleBook, Score, ScoreReport
from pitboss.sportsbook.settlement.rules import RULE_BOOK
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Booked,
    TransferRequest,
    player_account,
    provider_account,
)
from pitboss.workers.bets import Processor, hear_traders

KICK_OFF = datetime(2026, 8, 15, 14, 0, tzinfo=UTC)
UNIT = 1_000_000
CASH = "cash"

T = TypeVar("T")


class Given(Fact, frozen=True, kw_only=True, tag="test.given"):
    """Money that the test gave."""


@dataclass(slots=True, kw_only=True)
class World:
    """The hands of a test: every method is one thing that happens."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(KICK_OFF - timedelta(days=1)))
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))
    processors: dict[int, Processor] = field(default_factory=dict)
    book: RuleBook = RULE_BOOK
    places: catalog.Places = field(default_factory=catalog.Places)

    async def player(
        self, *, units: int = 100, currency: str = "EUR", jurisdiction: str = "demo"
    ) -> PlayerId:
        """Register a player and give them money."""
        player_id = PlayerId(new_id(self.clock.now(), self.entropy))
        shard = shard_of(player_id)
        async with self.turn(shard) as turn:
            (answer,) = await identity.register(
                turn, [_registration(player_id, currency, jurisdiction)], keys=KEYS
            )
            assert isinstance(answer, Registered)
            await wallet.open_accounts(turn, _accounts(player_id, shard, currency))
            if units:
                (given,) = await wallet.book(
                    turn,
                    [
                        TransferRequest(
                            shard=shard,
                            key=derived_id("given", player_id),
                            debit_id=provider_account(shard, CASH, currency),
                            credit_id=player_account(player_id, currency),
                            micros=units * UNIT,
                            currency=currency,
                        )
                    ],
                )
                assert isinstance(given, Booked)
                assert given.movement is not None
                turn.publish(shard, player_id, Given(movements=(given.movement,)))
        return player_id

    async def event(
        self,
        name: str,
        *,
        starts_at: datetime = KICK_OFF,
        total: Fraction = Fraction(5, 2),
        handicap: Fraction = Fraction(-3, 4),
    ) -> EventId:
        """Open an event with all three kinds of market."""
        event = new_event(name, starts_at=starts_at, total=total, handicap=handicap)
        async with self.turn(CATALOGUE_SHARD) as turn:
            await catalog.open_events(turn, [event])
        return event.id

    async def reprice(self, *prices: tuple[SelectionId, str]) -> tuple[catalog_model.Answer, ...]:
        """Give selections new prices, beside those who decide on bets on other events."""
        changes = [
            PriceChange(selection_id=selection_id, price=Fraction(price))
            for selection_id, price in prices
        ]
        async with self.database.reading() as tx:
            sections = await catalog.find_sections(tx, [item for item, _ in prices], self.places)
        async with self.turn(CATALOGUE_SHARD, sections=sections) as turn:
            return await catalog.change_prices(turn, changes)

    async def push(self, sequence: int, *prices: tuple[SelectionId, str]) -> PushAnswer:
        """Push prices as a source that numbers what it pushes."""
        pushed = Push(
            number=Numbered(source="desk", sequence=sequence, digest=str(prices)),
            prices=tuple(
                PushedPrice(change=PriceChange(selection_id=item, price=Fraction(price)))
                for item, price in prices
            ),
        )
        async with self.database.reading() as tx:
            sections = await pricing.find_sections(tx, [pushed], self.places)
        async with self.turn(CATALOGUE_SHARD, sections=sections) as turn:
            return await pricing.push(turn, pushed, move_max=Fraction(1, 2))

    async def set_status(
        self, *statuses: tuple[MarketId, MarketStatus]
    ) -> tuple[catalog_model.Answer, ...]:
        """Open, suspend or close markets."""
        changes = [
            StatusChange(market_id=market_id, status=status) for market_id, status in statuses
        ]
        async with self.turn(CATALOGUE_SHARD) as turn:
            return await catalog.set_status(turn, changes)

    async def at_the_desk(
        self,
        change: Callable[[messages.Turn, Sequence[T]], Awaitable[tuple[catalog_model.Answer, ...]]],
        *wishes: T,
    ) -> tuple[catalog_model.Answer, ...]:
        """Do this to the catalogue, with these wishes."""
        async with self.turn(CATALOGUE_SHARD) as turn:
            return await change(turn, wishes)

    async def wish(
        self,
        player_id: PlayerId,
        *legs: SelectionId,
        units: int = 5,
        currency: str = "EUR",
        tick: int = 1,
        stake_micros: int | None = None,
        shape: Shape | None = None,
        price: str | None = None,
        price_policy: PricePolicy = PricePolicy.NONE,
        again: bool = True,
        on_limit: OnLimit = OnLimit.REFUSE,
    ) -> BetId:
        """Append a bet to the log; the same one once more is meant, unless it is not."""
        bet_id = BetId(new_id(self.clock.now(), self.entropy))
        command = PlaceBet(
            bet_id=bet_id,
            player_id=player_id,
            currency=currency,
            stake_micros=units * UNIT if stake_micros is None else stake_micros,
            shape=shape,
            legs=tuple(SlipLeg(selection_id=leg, tick=tick, price=price) for leg in legs),
            price_policy=price_policy,
            again=again,
            on_limit=on_limit,
        )
        await self.append(bet_id, player_id, msgspec.json.encode(command))
        return bet_id

    async def append(self, command_id: str, player_id: PlayerId, body: bytes) -> None:
        """Append these bytes to the log, whatever they are."""
        entry = Entry(
            partition=partition_of(shard_of(player_id)),
            command_id=command_id,
            key=derived_id("key", command_id),
            request_digest=hashlib.sha256(body).digest(),
            body=body,
        )
        async with self.database.transaction() as tx:
            await messages.append(tx, [entry], now=self.clock.now())

    async def process(self) -> int:
        """Decide on everything in the log; return how many commands that was."""
        count = 0
        async with self.database.reading() as tx:
            await hear_traders(tx, [*self.processors.values()])
        for partition in PARTITIONS_ALL:
            processor = self.processors.get(partition)
            if processor is None:
                processor = self.processors[partition] = self.processor(partition)
                await processor.own()
            while step := await processor.step():
                count += step
        return count

    def processor(self, partition: int, *, owner: str = "test") -> Processor:
        """Make a processor of one partition; it owns nothing yet."""
        return Processor(
            partition=PARTITIONS_ALL[partition],
            owner=owner,
            database=self.database,
            clock=self.clock,
            entropy=self.entropy,
        )

    async def score(self, event_id: EventId, home: int, away: int) -> Answer:
        """Report how an event ended."""
        return await self._report(ScoreReport(event_id=event_id, score=Score(home=home, away=away)))

    async def abandon(self, event_id: EventId) -> Answer:
        """Report that an event has no score."""
        return await self._report(ScoreReport(event_id=event_id, score=None))

    async def settle(self, *, limit: int = 1_000) -> int:
        """Settle all that waits for recorded results; return how many bets were looked at."""
        looked_at = 0
        for partition in PARTITIONS_ALL:
            while True:
                async with self.database.transaction() as tx:
                    step = await settlement.settle_waiting(
                        tx,
                        partition,
                        now=self.clock.now(),
                        entropy=self.entropy,
                        limit=limit,
                        book=self.book,
                    )
                if step is None:
                    break
                looked_at += step
        return looked_at

    async def bet(self, player_id: PlayerId, bet_id: BetId) -> Bet:
        """Return a decided bet."""
        async with self.database.reading() as tx:
            found = await betting.find_bet(tx, shard_of(player_id), bet_id)
        assert found is not None
        return found

    async def balance(self, player_id: PlayerId, *, currency: str = "EUR") -> tuple[int, int]:
        """Return what a player has (posted) and what of it is held, in micros."""
        async with self.database.reading() as tx:
            (account,) = await wallet.find_balances(
                tx, [(shard_of(player_id), player_account(player_id, currency))]
            )
        return account.posted, account.held

    async def totals(self) -> Mapping[str, int]:
        """Return, per currency, what all accounts together hold: zero, or the books are wrong."""
        sums: dict[str, int] = {}
        async with self.database.reading() as tx:
            for (currency, _, _), (debits, credits, _) in (await wallet.find_totals(tx)).items():
                sums[currency] = sums.get(currency, 0) + credits - debits
        return sums

    async def facts(self, shard: Shard, kind: str) -> list[dict[str, object]]:
        """Return the data of a shard's facts of one kind, in order."""
        async with self.database.reading() as tx:
            sealed: Sequence[SealedFact] = await messages.read_facts(tx, shard, after_seq=0)
        told = [msgspec.json.decode(fact.body)["data"] for fact in sealed]
        return [data for data in told if data["type"] == kind]

    async def _report(self, report: ScoreReport) -> Answer:
        async with self.turn(CATALOGUE_SHARD) as turn:
            (answer,) = await settlement.record_scores(turn, [report], book=self.book)
        return answer

    def turn(
        self, shard: Shard, *, sections: frozenset[Section] | None = None
    ) -> messages.TurnContext:
        """Take the turn of a shard, or of some sections of the catalogue."""
        return messages.turn(
            self.database,
            [shard],
            now=self.clock.now(),
            actor="test",
            entropy=self.entropy,
            sections=sections,
        )


def selection(name: str, kind: MarketKind, code: str) -> SelectionId:
    """Return the id of a selection of an event of this world."""
    return SelectionId(derived_id("selection", name, kind, code))


def legs_of(names: str) -> tuple[SelectionId, ...]:
    """Return a win of the home side for each event that a letter names."""
    return tuple(selection(name, MarketKind.MATCH_RESULT, "home") for name in names)


def market(name: str, kind: MarketKind) -> MarketId:
    """Return the id of a market of an event of this world."""
    return MarketId(derived_id("market", name, kind))


def new_event(
    name: str,
    *,
    starts_at: datetime = KICK_OFF,
    total: Fraction = Fraction(5, 2),
    handicap: Fraction = Fraction(-3, 4),
) -> NewEvent:
    """Return an event with all three kinds of market, whose ids follow from its name."""
    return NewEvent(
        id=EventId(derived_id("event", name)),
        sport="football",
        competition="League",
        home=f"{name} home",
        away=f"{name} away",
        starts_at=starts_at,
        markets=(
            _market(name, MarketKind.MATCH_RESULT, None, ("2.5", "3.2", "2.9")),
            _market(name, MarketKind.TOTAL_GOALS, total, ("1.9", "1.95")),
            _market(name, MarketKind.ASIAN_HANDICAP, handicap, ("2.05", "1.85")),
        ),
    )


def _market(
    name: str, kind: MarketKind, line: Fraction | None, prices: tuple[str, ...]
) -> NewMarket:
    return NewMarket(
        id=market(name, kind),
        kind=kind,
        line=line,
        selections=tuple(
            NewSelection(id=selection(name, kind, code), code=code, price=Fraction(price))
            for code, price in zip(kind.codes, prices, strict=True)
        ),
    )


def _registration(player_id: PlayerId, currency: str, jurisdiction: str) -> RegisterRequest:
    return RegisterRequest(
        key=derived_id("register", player_id),
        player_id=player_id,
        jurisdiction=jurisdiction,
        currency=currency,
        email=Email(f"{player_id}@example.test"),
        password_hash="-",
        given_name=Name("Ada"),
        family_name=Name("Lovelace"),
        born_on=date(1990, 1, 1),
    )


def _accounts(player_id: PlayerId, shard: Shard, currency: str) -> list[Account]:
    return [
        Account(
            shard=shard,
            id=player_account(player_id, currency),
            kind=AccountKind.PLAYER,
            owner=player_id,
            currency=currency,
            may_overdraw=False,
        ),
        Account(
            shard=shard,
            id=stake_account(shard, currency),
            kind=AccountKind.HOUSE,
            owner=HOUSE,
            currency=currency,
            may_overdraw=True,
        ),
        Account(
            shard=shard,
            id=provider_account(shard, CASH, currency),
            kind=AccountKind.PROVIDER,
            owner=CASH,
            currency=currency,
            may_overdraw=True,
        ),
    ]
