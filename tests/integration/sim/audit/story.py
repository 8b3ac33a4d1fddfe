"""A story with something of everything, told through the real verbs: what an audit looks at."""

from __future__ import annotations

import hashlib

import msgspec

from pitboss import cashier, messages
from pitboss.cashier.model import NewsStatus, PaymentKind, PaymentRequest
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import BetId, IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages.model import Entry
from pitboss.sim.world import town
from pitboss.sim.world.town import CURRENCY, PARTITIONS, START, UNIT, Town, partition_of_player
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import PlaceBet, SlipLeg
from pitboss.sportsbook.settlement.model import Score, ScoreReport
from pitboss.workers.bets import Processor
from pitboss.workers.sequencer import Sequencer

SETTLE_ROUNDS_MAX = 20


class Story:
    """Plays with the people of a town until something of everything has happened."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = ManualClock(START)
        self._entropy = SeededEntropy("story")

    async def tell(self) -> None:
        """Leave bets won, lost, void, refused and open, payments in every state, a command aside.

        Of the town's events the first ends, the second is abandoned, the third is to come.
        """
        people = await town.build(self._database)
        won, void, to_come = (event.markets[0].selections[0].id for event in people.events)
        lost = people.events[0].markets[0].selections[2].id
        first, second, *_ = people.players
        await self._append(
            people,
            *(self._bet(first, selection) for selection in (won, lost, void, to_come, to_come)),
            *(self._bet(second, won, units=units) for units in (10, 1_000)),
            self._bet(people.players[-1], won),
            None,
        )
        await self._pay(people)
        await self._decide()
        await self._end(people)
        await self._sequence()

    def _bet(self, player_id: PlayerId, selection: str, *, units: int = 5) -> PlaceBet:
        number = str(self._entropy.random_bytes(4).hex())
        return PlaceBet(
            bet_id=BetId(derived_id("story", number)),
            player_id=player_id,
            currency=CURRENCY,
            stake_micros=units * UNIT,
            legs=(SlipLeg(selection_id=selection, tick=1),),  # type: ignore[arg-type]
        )

    async def _append(self, people: Town, *bets: PlaceBet | None) -> None:
        async with self._database.transaction() as tx:
            await messages.append(tx, [_entry(people, bet) for bet in bets], now=self._clock.now())

    async def _pay(self, people: Town) -> None:
        """Deposit and withdraw: one of each succeeds, fails, and is still under way."""
        player_id = people.players[2]
        for kind in PaymentKind:
            requests = [
                PaymentRequest(
                    player_id=player_id,
                    key=IdempotencyKey(f"{kind} {number}"),
                    micros=5 * UNIT,
                    currency=CURRENCY,
                )
                for number in range(3)
            ]
            ends = (NewsStatus.SUCCEEDED, NewsStatus.FAILED, NewsStatus.PENDING)
            async with messages.turn(
                self._database,
                [shard_of(player_id)],
                now=self._clock.now(),
                actor="story",
                entropy=self._entropy,
            ) as turn:
                ask = {
                    PaymentKind.DEPOSIT: cashier.request_deposits,
                    PaymentKind.WITHDRAWAL: cashier.request_withdrawals,
                }[kind]
                await ask(turn, requests)
                await cashier.record_news(
                    turn,
                    [
                        town.news_of(request, kind, status)
                        for request, status in zip(requests, ends, strict=True)
                    ],
                )

    async def _sequence(self) -> None:
        sequencer = Sequencer(owner="story", database=self._database, clock=self._clock)
        assert await sequencer.take_over()
        while await sequencer.step():
            pass

    async def _decide(self) -> None:
        for partition in PARTITIONS:
            processor = Processor(
                partition=partition,
                owner="story",
                database=self._database,
                clock=self._clock,
                entropy=self._entropy,
            )
            assert await processor.own()
            while await processor.step():
                pass

    async def _end(self, people: Town) -> None:
        reports = [
            ScoreReport(event_id=people.events[0].id, score=Score(home=2, away=0)),
            ScoreReport(event_id=people.events[1].id, score=None),
        ]
        async with messages.turn(
            self._database,
            [CATALOGUE_SHARD],
            now=self._clock.now(),
            actor="story",
            entropy=self._entropy,
        ) as turn:
            await settlement.record_scores(turn, reports)
        for partition in PARTITIONS:
            for _ in range(SETTLE_ROUNDS_MAX):
                async with self._database.transaction() as tx:
                    looked_at = await settlement.settle_waiting(
                        tx, partition, now=self._clock.now(), entropy=self._entropy, limit=100
                    )
                if looked_at is None:
                    break


def _entry(people: Town, bet: PlaceBet | None) -> Entry:
    """Return a bet as a command; None is one that nobody can read."""
    body = b"{}" if bet is None else msgspec.json.encode(bet)
    player_id = people.players[0] if bet is None else bet.player_id
    command_id = derived_id("story", "unreadable") if bet is None else bet.bet_id
    return Entry(
        partition=partition_of_player(player_id),
        command_id=command_id,
        key=derived_id("story", "key", command_id),
        request_digest=hashlib.sha256(body).digest(),
        body=body,
    )
