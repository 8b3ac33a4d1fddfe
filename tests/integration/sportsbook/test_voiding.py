"""Open bets at an exclusion: what the licence says is void, once, and nothing else is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from integration.races import RACERS, race
from integration.sportsbook.world import KICK_OFF, UNIT, Given, World, legs_of
from pitboss import jurisdictions, order
from pitboss.audit import rebuild, replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import in_turn
from pitboss.db import Database, Transaction
from pitboss.jurisdictions import queries
from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import BetId, EventId, PlayerId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, partition_of, shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Excluded, Initiator, Kind, Reason, Wish
from pitboss.sportsbook import catalog, settlement, voiding
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import EventChange, EventStatus
from pitboss.sportsbook.voiding.operations import ASIDE_FOR
from pitboss.workers.figures import Figures
from pitboss.workers.voiding import Voider
from proofs import Proves

ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
READER = Reader((*ALL_FACTS, Given))
CODES = tuple(code for code in jurisdictions.codes() if code != "demo")


@dataclass(slots=True, kw_only=True)
class Town(World):
    """A world in which players are excluded, and somebody hears of it."""

    epoch: int | None = field(default=None)

    async def exclude(
        self, player_id: PlayerId, *, hours: int | None = None, name: str = "first"
    ) -> None:
        """Exclude a player for six months; with hours, give a time-out."""
        code = await self.licence_of(player_id)
        wish = Wish(
            key=derived_id("exclusion", player_id, name),
            player_id=player_id,
            kind=Kind.EXCLUSION if hours is None else Kind.TIME_OUT,
            initiator=Initiator.STAFF,
            reason=Reason.PLAYER_ASKED_STAFF,
            hours=hours,
            months=6 if hours is None else None,
        )
        async with self.turn(shard_of(player_id)) as turn:
            answer = await exclusion.exclude(turn, wish, jurisdictions.get(code))
        assert isinstance(answer, Excluded)

    async def licence_of(self, player_id: PlayerId) -> str:
        """Return the licence that a player plays under."""
        async with self.database.reading() as tx:
            row = await tx.fetch_one(
                "SELECT jurisdiction FROM player WHERE player_id = $1", player_id
            )
        assert row is not None
        return str(row["jurisdiction"])

    async def sequence(self) -> None:
        """Give every fact its place in the one order."""
        async with self.database.transaction() as tx:
            self.epoch = self.epoch or await order.take_over(tx, owner="test")
            assert self.epoch is not None
            await order.sequence(tx, epoch=self.epoch, now=self.clock.now())

    async def void(self, *, limit: int = 2_000) -> int:
        """Hear all that has happened; return how many bets became void."""
        await self.sequence()
        voided = 0
        while True:
            async with self.database.transaction() as tx:
                step = await self.hear(tx, limit=limit)
            if step is None:
                return voided
            voided += step

    async def hear(self, tx: Transaction, *, limit: int = 2_000) -> int | None:
        """Do one step of voiding."""
        return await voiding.void_waiting(
            tx, now=self.clock.now(), entropy=self.entropy, limit=limit
        )

    async def states(self, player_id: PlayerId, bets: Sequence[BetId]) -> list[BetState]:
        """Return how bets stand."""
        return [(await self.bet(player_id, bet_id)).state for bet_id in bets]

    async def agrees(self) -> None:
        """Check that the books balance, and that facts say what the tables say."""
        assert all(total == 0 for total in (await self.totals()).values())
        async with self.database.moment() as tx:
            rebuilt = await rebuild.check(
                tx, spread=lambda tx, work, lots: in_turn(tx, partial(work, reader=READER), lots)
            )
            replayed = await replay.replay_all(tx, reader=READER)
        assert rebuilt.ok, rebuilt
        assert replayed.ok, replayed.disagreements


@pytest.fixture
async def town(database: Database) -> Town:
    return Town(database=database)


@pytest.fixture(autouse=True)
def licences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but the exclusion be another licence's: no location and no register is asked."""
    known = {code: jurisdictions.get(code) for code in jurisdictions.codes()}
    demo = known["demo"]
    for code in CODES:
        exclusions = msgspec.structs.replace(known[code].exclusion, registers=())
        known[code] = msgspec.structs.replace(demo, code=code, exclusion=exclusions)
    for rule in OpenBets:
        exclusions = msgspec.structs.replace(demo.exclusion, open_bets=rule)
        known[rule] = msgspec.structs.replace(demo, code=str(rule), exclusion=exclusions)
    monkeypatch.setattr(queries, "_licences", lambda: known)


async def open_bets(town: Town, code: str) -> tuple[PlayerId, dict[str, BetId], list[EventId]]:
    """Let a player bet on what begins before the exclusion (A), after it (B, C), and on both."""
    player = await town.player(units=100, jurisdiction=code)
    events = [
        await town.event("A", starts_at=KICK_OFF),
        await town.event("B", starts_at=KICK_OFF + timedelta(hours=3)),
        await town.event("C", starts_at=KICK_OFF + timedelta(days=3)),
    ]
    bets = {name: await town.wish(player, *legs_of(name)) for name in ("A", "B", "BC", "AB")}
    await town.process()
    town.clock.advance(KICK_OFF + timedelta(hours=1) - town.clock.now())
    return player, bets, events


@pytest.mark.parametrize("code", CODES)
async def test_open_bets_become_void_or_stand_as_the_licence_says(
    town: Town, code: str, proves: Proves
) -> None:
    proves("exclusion.open_bets", code)
    rule = jurisdictions.get(code).exclusion.open_bets
    player, bets, _ = await open_bets(town, code)

    await town.exclude(player)
    voided = await town.void()

    void = {
        OpenBets.LET_STAND: set[str](),
        OpenBets.VOID_IF_NOT_STARTED: {"B", "BC"},
        OpenBets.VOID_ALL: set(bets),
    }[rule]
    assert voided == len(void)
    states = await town.states(player, list(bets.values()))
    assert {name for name, state in zip(bets, states, strict=True) if state is VOIDED} == void
    assert states.count(ACCEPTED) == len(bets) - len(void)
    assert await town.balance(player) == (100 * UNIT, 5 * UNIT * (len(bets) - len(void)))
    told = await town.facts(shard_of(player), "bet.voided")
    assert [(fact["stake_micros"], fact["rule"]) for fact in told] == [(5 * UNIT, rule)] * voided
    await town.agrees()


@pytest.mark.parametrize("code", CODES)
async def test_what_stands_at_an_exclusion_is_settled_and_its_wins_are_paid(
    town: Town, code: str, proves: Proves
) -> None:
    proves("exclusion.open_bet_wins", code)
    player, bets, events = await open_bets(town, code)
    await town.exclude(player)
    await town.void()

    await town.score(events[0], 1, 0)
    await town.settle()

    assert (await town.bet(player, bets["A"])).state is SETTLED
    assert (await town.bet(player, bets["A"])).returns_micros == 12_500_000
    assert (await town.balance(player))[0] == 107_500_000
    await town.agrees()


async def test_an_event_that_begins_before_its_time_has_begun(town: Town) -> None:
    """Who sees a bet lose, in a match that started early, is not given it back for excluding."""
    player = await town.player(units=100, jurisdiction=OpenBets.VOID_IF_NOT_STARTED)
    early = await town.event("A")
    await town.event("B")
    bets = [await town.wish(player, *legs_of(name)) for name in ("A", "B", "AB")]
    await town.process()
    town.clock.advance(KICK_OFF - timedelta(minutes=5) - town.clock.now())
    change = EventChange(event_id=early, status=EventStatus.LIVE, score="0-3")
    await town.at_the_desk(catalog.change_events, change)

    await town.exclude(player)

    assert await town.void() == 1
    assert await town.states(player, bets) == [ACCEPTED, VOIDED, ACCEPTED]
    await town.agrees()


@pytest.mark.parametrize("rule", list(OpenBets))
async def test_a_void_bet_is_never_paid_by_a_result_that_comes_later(
    town: Town, rule: OpenBets
) -> None:
    player, bets, events = await open_bets(town, rule)
    await town.exclude(player)
    await town.void()
    before = await town.states(player, list(bets.values()))

    for event_id in events:
        await town.score(event_id, 1, 0)
    await town.settle()
    again = await town.void()

    after = await town.states(player, list(bets.values()))
    assert [state is VOIDED for state in after] == [state is VOIDED for state in before]
    assert ACCEPTED not in after
    assert again == 0
    assert (await town.balance(player))[1] == 0
    await town.agrees()


async def test_a_time_out_lets_every_bet_stand(town: Town) -> None:
    player, bets, _ = await open_bets(town, OpenBets.VOID_ALL)

    await town.exclude(player, hours=24)

    assert await town.void() == 0
    assert await town.states(player, list(bets.values())) == [ACCEPTED] * len(bets)


async def test_nobody_elses_bets_become_void(town: Town) -> None:
    player, _, _ = await open_bets(town, OpenBets.VOID_ALL)
    others = [await town.player(jurisdiction=OpenBets.VOID_ALL) for _ in range(5)]
    wishes = [(other, await town.wish(other, *legs_of("C"))) for other in others]
    await town.process()

    await town.exclude(player)

    assert await town.void() == 4
    for other, bet_id in wishes:
        assert (await town.bet(other, bet_id)).state is ACCEPTED


async def test_a_bet_that_is_asked_for_before_and_decided_after_is_refused_and_not_void(
    town: Town,
) -> None:
    player, _, _ = await open_bets(town, OpenBets.VOID_ALL)
    late = await town.wish(player, *legs_of("C"))

    await town.exclude(player)
    await town.process()

    assert await town.void() == 4
    bet = await town.bet(player, late)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "player_excluded")


async def test_a_second_exclusion_finds_nothing_left(town: Town) -> None:
    player, _, _ = await open_bets(town, OpenBets.VOID_ALL)
    await town.exclude(player)
    await town.exclude(player, name="second")

    assert await town.void() == 4
    assert await town.void() == 0
    await town.agrees()


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_crash_between_two_steps_voids_nothing_twice_and_forgets_nothing(
    town: Town, limit: int
) -> None:
    player, bets, _ = await open_bets(town, OpenBets.VOID_ALL)
    other, more, _ = await another(town)
    await town.exclude(player)
    await town.exclude(other)
    await town.sequence()

    # Every step is done twice, and the first time dies before the commit.
    voided = 0
    while (step := await twice(town, limit=limit)) is not None:
        voided += step

    assert voided == len(bets) + len(more)
    assert await town.states(player, list(bets.values())) == [VOIDED] * len(bets)
    assert await town.states(other, list(more.values())) == [VOIDED] * len(more)
    await town.agrees()


async def twice(town: Town, *, limit: int) -> int | None:
    """Do a step that dies before the commit, and then do it again."""
    try:
        async with town.database.transaction() as tx:
            await town.hear(tx, limit=limit)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    async with town.database.transaction() as tx:
        return await town.hear(tx, limit=limit)


async def another(town: Town) -> tuple[PlayerId, dict[str, BetId], None]:
    """Let another player bet on what has not begun."""
    other = await town.player(jurisdiction=OpenBets.VOID_ALL)
    bets = {name: await town.wish(other, *legs_of(name)) for name in ("B", "C", "BC")}
    await town.process()
    return other, bets, None


async def test_of_twins_that_hear_at_once_one_works(town: Town) -> None:
    player, bets, _ = await open_bets(town, OpenBets.VOID_ALL)
    await town.exclude(player)
    await town.sequence()

    async def hear(tx: Transaction, _: Sequence[int]) -> int | None:
        return await voiding.void_waiting(tx, now=town.clock.now(), entropy=SystemEntropy())

    done = await race(town.database, [[0]] * RACERS, hear)
    rest = await town.void()

    assert sum(step or 0 for step in done) + rest == len(bets)
    assert len(await town.facts(shard_of(player), "bet.voided")) == len(bets)
    await town.agrees()


@pytest.mark.parametrize("seed", range(4))
async def test_voiding_and_settlement_at_once_pay_every_bet_exactly_once(
    town: Town, seed: int
) -> None:
    chance = random.Random(seed)
    event_id = await town.event("A")
    players = [await town.player(units=50, jurisdiction=OpenBets.VOID_ALL) for _ in range(6)]
    wishes = [(player, await town.wish(player, *legs_of("A"))) for player in players * 4]
    await town.process()
    await town.score(event_id, 1, 0)
    for player in players:
        await town.exclude(player)
    await town.sequence()

    async def void() -> None:
        await asyncio.sleep(chance.random() / 50)
        while True:
            async with town.database.transaction() as tx:
                step = await voiding.void_waiting(
                    tx, now=town.clock.now(), entropy=SystemEntropy(), limit=2
                )
            if step is None:
                break

    async def settle(partition: int) -> None:
        await asyncio.sleep(chance.random() / 50)
        while True:
            async with town.database.transaction() as tx:
                step = await settlement.settle_waiting(
                    tx,
                    PARTITIONS_ALL[partition],
                    now=town.clock.now(),
                    entropy=SystemEntropy(),
                    limit=2,
                )
            if step is None:
                break

    partitions = {partition_of(shard_of(player)) for player in players}
    await asyncio.gather(void(), void(), *(settle(partition) for partition in partitions))
    await town.void()
    await town.settle()

    bets = [(player, await town.bet(player, bet_id)) for player, bet_id in wishes]
    assert {bet.state for _, bet in bets} <= {SETTLED, VOIDED}
    for player in players:
        mine = [bet for owner, bet in bets if owner == player]
        won = 7_500_000 * sum(bet.state is SETTLED for bet in mine)
        assert await town.balance(player) == (50 * UNIT + won, 0)
    await town.agrees()


async def test_a_replay_of_a_void_bet_shows_the_exclusion_and_the_starts(town: Town) -> None:
    player, bets, _ = await open_bets(town, OpenBets.VOID_IF_NOT_STARTED)
    await town.exclude(player)
    await town.void()

    async with town.database.moment() as tx:
        found = await replay.replay_bet(tx, bets["BC"], player_id=player, reader=READER)

    document = found.document()
    assert found.ok, document["disagreements"]
    named = [item.what for item in found.inputs]
    assert named == ["terms", "event", "event", "exclusion", "voiding"]
    assert document["told"] == {"returns_micros": 5 * UNIT, "voided": True}
    assert document["replayed"] == document["told"]
    assert document["coin"] == {"taken": 0, "paid": 0, "released": 5 * UNIT}


def test_no_licence_wants_wins_withheld_which_settlement_does_not_do() -> None:
    wins = {jurisdictions.get(code).exclusion.open_bet_wins for code in jurisdictions.codes()}

    assert {str(item) for item in wins} == {"pay"}


@pytest.fixture
async def voider(town: Town) -> Voider:
    """Somebody who hears of it."""
    return Voider(database=town.database, clock=town.clock, entropy=town.entropy, figures=Figures())


async def write_legs(town: Town, bet_id: BetId, legs: bytes) -> bytes:
    """Write a bet's legs, and return what they were."""
    async with town.database.transaction() as tx:
        row = await tx.fetch_one("SELECT legs FROM bet WHERE bet_id = $1", bet_id)
        await tx.execute("UPDATE bet SET legs = $2 WHERE bet_id = $1", bet_id, legs)
    assert row is not None
    return bytes(row["legs"])


async def hear_all(voider: Voider) -> None:
    while await voider.step() is not None:
        pass


async def test_an_exclusion_that_cannot_be_heard_keeps_nobody_waiting_and_is_tried_again(
    town: Town, voider: Voider
) -> None:
    await town.event("A", starts_at=KICK_OFF + timedelta(days=3))
    everybody = str(OpenBets.VOID_ALL)
    ann, bob = [await town.player(units=100, jurisdiction=everybody) for _ in range(2)]
    anns, bobs = [await town.wish(player, *legs_of("A")) for player in (ann, bob)]
    await town.process()
    sound = await write_legs(town, anns, b"x")
    for player in (ann, bob):
        await town.exclude(player)
        await town.sequence()

    await hear_all(voider)

    assert (await town.bet(bob, bobs)).state is VOIDED
    await write_legs(town, anns, sound)
    assert (await town.bet(ann, anns)).state is ACCEPTED
    await hear_all(voider)
    assert (await town.bet(ann, anns)).state is ACCEPTED
    town.clock.advance(ASIDE_FOR)
    await hear_all(voider)
    assert (await town.bet(ann, anns)).state is VOIDED
    assert await voider.step() is None
    await town.agrees()


async def test_an_exclusion_that_still_cannot_be_heard_rests_again(
    town: Town, voider: Voider
) -> None:
    await town.event("A", starts_at=KICK_OFF + timedelta(days=3))
    ann = await town.player(units=100, jurisdiction=str(OpenBets.VOID_ALL))
    bet_id = await town.wish(ann, *legs_of("A"))
    await town.process()
    await write_legs(town, bet_id, b"x")
    await town.exclude(ann)
    await town.sequence()
    await hear_all(voider)
    town.clock.advance(ASIDE_FOR)

    assert await voider.step() == 0
    assert await voider.step() is None
    async with town.database.reading() as tx:
        rows = await tx.fetch("SELECT why, again_at - since AS rests FROM voiding_aside")
    assert [(row["why"], row["rests"]) for row in rows] == [("DecodeError", 2 * ASIDE_FOR)]
