"""Play stops at a reality check, on a break and at the end of a session, for queued bets too."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from integration.players.keys import KEYS
from integration.sportsbook.world import UNIT, World, legs_of
from paced import CAPPED, CHECKED, PAUSED, changed, put_in_force
from pitboss import gate, jurisdictions, messages
from pitboss.db import Database
from pitboss.gate.model import Answer as GateAnswer
from pitboss.gate.model import Check, Permit, Product, Refused
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import BetId, PlayerId, derived_id, new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import SHARDS_ALL, shard_of
from pitboss.players import access
from pitboss.players.access import store as access_store
from pitboss.players.access.model import LetIn, LoginTry, SessionEnd, SessionId
from pitboss.responsible import breaks
from pitboss.responsible.breaks import store as breaks_store
from pitboss.responsible.breaks.model import (
    Answered,
    Answering,
    CheckAnswer,
    Choice,
    ChoiceAnswer,
    Chosen,
    Clock,
    Refusal,
    Reply,
    Statement,
)
from pitboss.responsible.breaks.model import Refused as NotAnswered
from pitboss.sportsbook.betting.model import PlaceBet, SlipLeg


@pytest.fixture
async def world(database: Database) -> World:
    """Give a sportsbook with an event to bet on."""
    made = World(database=database)
    await made.event("A")
    return made


async def log_in(world: World, player: PlayerId) -> Clock:
    """Open a session, as the edge does; its clock has the play that it goes on with."""
    session_id = SessionId(new_id(world.clock.now(), world.entropy))
    attempt = LoginTry(player_id=player, right=True, session_id=session_id)
    async with world.turn(shard_of(player)) as turn:
        answer = await access.judge(turn, attempt, keys=KEYS)
        assert isinstance(answer, LetIn)
        session = answer.session
        clock = Clock(
            session_id=session.id,
            player_id=player,
            opened_at=session.opened_at,
            ends_at=session.ends_at,
        )
        await breaks.begin(turn, clock)
        stretch = (await access.find_stretches(turn.tx, [session]))[session.id]
    return msgspec.structs.replace(clock, since=stretch.since, before=stretch.before)


async def wish(world: World, clock: Clock, *, units: int = 1) -> BetId:
    """Append a bet of this session to the log."""
    bet_id = BetId(new_id(world.clock.now(), world.entropy))
    command = PlaceBet(
        bet_id=bet_id,
        player_id=clock.player_id,
        currency="EUR",
        stake_micros=units * UNIT,
        legs=tuple(SlipLeg(selection_id=leg, tick=1) for leg in legs_of("A")),
        session_id=clock.session_id,
        again=True,
    )
    await world.append(bet_id, clock.player_id, msgspec.json.encode(command))
    return bet_id


async def refusal(world: World, clock: Clock, bet_id: BetId | None = None) -> str | None:
    """Decide about a bet of this session; return why it was refused, if it was."""
    asked = await wish(world, clock) if bet_id is None else bet_id
    await world.process()
    return (await world.bet(clock.player_id, asked)).refusal


async def answer(
    world: World, clock: Clock, licence: Jurisdiction, due_at: datetime, reply: Reply
) -> CheckAnswer:
    """Answer a check of this session."""
    async with world.turn(shard_of(clock.player_id)) as turn:
        return await breaks.answer(
            turn, Answering(clock=clock, due_at=due_at, reply=reply), licence
        )


async def choose(
    world: World, clock: Clock, licence: Jurisdiction, minutes: int | None
) -> ChoiceAnswer:
    """Choose how often there is a check."""
    async with world.turn(shard_of(clock.player_id)) as turn:
        return await breaks.choose(
            turn, Choice(player_id=clock.player_id, minutes=minutes), licence, [clock]
        )


def wait(world: World, minutes: float) -> None:
    world.clock.advance(timedelta(minutes=minutes))


async def test_a_check_that_is_due_stops_bets_on_their_way_until_it_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    clock = await log_in(world, await world.player())
    due = clock.opened_at + timedelta(minutes=30)
    wait(world, 29)
    before = await refusal(world, clock)
    on_its_way = await wish(world, clock)
    wait(world, 1)
    stopped = [await refusal(world, clock, on_its_way), await refusal(world, clock)]
    wait(world, 5)
    answered = await answer(world, clock, licence, due, Reply.CONTINUE)
    after = await refusal(world, clock)
    wait(world, 30)
    again = await refusal(world, clock)

    assert isinstance(answered, Answered)
    assert before is None
    assert stopped == ["reality_check_due", "reality_check_due"]
    assert (after, again) == (None, "reality_check_due")
    (told,) = await world.facts(shard_of(clock.player_id), "reality_check.answered")
    assert (told["reply"], told["due_at"]) == ("continue", write_instant(due))
    assert (told["elapsed_seconds"], told["staked"]) == (35 * 60, UNIT)


@pytest.mark.parametrize("leaves_first", [False, True])
async def test_another_login_does_not_get_rid_of_a_check(
    world: World, monkeypatch: pytest.MonkeyPatch, leaves_first: bool
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    player = await world.player()
    first = await log_in(world, player)
    wait(world, 29)
    if leaves_first:
        async with world.turn(shard_of(player)) as turn:
            await access.end_sessions(turn, player, SessionEnd.LOGGED_OUT)
    second = await log_in(world, player)
    before = await refusal(world, second)
    wait(world, 1)
    stopped = await refusal(world, second)
    third = await log_in(world, player)
    still = await refusal(world, third)
    due = first.opened_at + timedelta(minutes=30)
    answered = await answer(world, third, licence, due, Reply.CONTINUE)
    after = await refusal(world, third)
    wait(world, 30)
    again = await refusal(world, third)

    assert (before, stopped, still) == (None, "reality_check_due", "reality_check_due")
    assert isinstance(answered, Answered)
    assert (after, again) == (None, "reality_check_due")


async def test_an_answer_counts_for_the_login_after_it_and_a_pause_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    player = await world.player()
    first = await log_in(world, player)
    wait(world, 30)
    await answer(world, first, licence, world.clock.now(), Reply.CONTINUE)
    second = await log_in(world, player)
    wait(world, 29)
    not_yet = await refusal(world, second)
    async with world.turn(shard_of(player)) as turn:
        await access.end_sessions(turn, player, SessionEnd.LOGGED_OUT)
    wait(world, 5)
    paused = await log_in(world, player)
    fresh = await refusal(world, paused)

    assert (not_yet, fresh) == (None, None)
    assert (paused.since, paused.before) == (paused.opened_at, ())
    assert second.before == (first.session_id,)


async def test_the_same_answer_counts_once_and_another_one_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    clock = await log_in(world, await world.player())
    due = clock.opened_at + timedelta(minutes=30)
    early = await answer(world, clock, licence, due, Reply.CONTINUE)
    wait(world, 31)
    seen = await answer(world, clock, licence, due, Reply.SEEN)
    first = await answer(world, clock, licence, due, Reply.CONTINUE)
    wait(world, 1)
    second = await answer(world, clock, licence, due, Reply.CONTINUE)
    other = await answer(world, clock, licence, due, Reply.LEAVE)

    assert early == NotAnswered(reason=Refusal.NO_CHECK_DUE)
    assert seen == NotAnswered(reason=Refusal.ANSWER_NEEDED)
    assert isinstance(first, Answered)
    assert second == Answered(check=first.check, repeated=True)
    assert other == NotAnswered(reason=Refusal.ANSWERED_OTHERWISE)
    told = await world.facts(shard_of(clock.player_id), "reality_check.answered")
    refused = await world.facts(shard_of(clock.player_id), "reality_check.refused")
    assert (len(told), len(refused)) == (1, 3)


async def test_who_leaves_at_a_check_stakes_nothing_more_in_that_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    player = await world.player()
    clock = await log_in(world, player)
    wait(world, 30)
    on_its_way = await wish(world, clock)
    await answer(world, clock, licence, world.clock.now(), Reply.LEAVE)
    left = await refusal(world, clock, on_its_way)
    anew = await refusal(world, await log_in(world, player))

    assert (left, anew) == ("session_over", None)


async def test_a_session_that_reached_its_cap_stakes_nothing_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, CAPPED)
    player = await world.player()
    clock = await log_in(world, player)
    wait(world, 9.9)
    before = await refusal(world, clock)
    on_its_way = await wish(world, clock)
    wait(world, 0.1)
    stopped = await refusal(world, clock, on_its_way)
    anew = await refusal(world, await log_in(world, player))

    assert (before, stopped, anew) == (None, "session_over", None)


async def test_a_stake_of_no_session_or_of_somebody_elses_is_not_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, CHECKED)
    ann, bob = await world.player(), await world.player()
    of_bob = await log_in(world, bob)
    borrowed = msgspec.structs.replace(of_bob, player_id=ann)
    unknown = msgspec.structs.replace(borrowed, session_id=derived_id("no session"))
    odd = msgspec.structs.replace(borrowed, session_id="no id at all")
    without = await world.wish(ann, *legs_of("A"))

    found = [await refusal(world, clock) for clock in (borrowed, unknown, odd)]
    found.append(await refusal(world, of_bob, None))

    assert found == ["session_over"] * 3 + [None]
    assert (await world.bet(ann, without)).refusal == "session_over"


async def test_a_mandatory_break_stops_play_and_is_over_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, PAUSED)
    player = await world.player()
    clock = await log_in(world, player)
    found = []
    for minutes in (0, 59.9, 0.1, 4.9, 0.1, 59.9, 0.1):
        wait(world, minutes)
        found.append(await refusal(world, clock))
    # Another session at once is no break.
    found.append(await refusal(world, await log_in(world, player)))

    stop = "mandatory_break"
    assert found == [None, None, stop, stop, None, None, stop, stop]


async def test_a_chosen_interval_counts_at_once_and_not_while_a_check_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    clock = await log_in(world, await world.player())
    chosen = await choose(world, clock, licence, 15)
    again = await choose(world, clock, licence, 15)
    odd = await choose(world, clock, licence, 7)
    wait(world, 15)
    stopped = await refusal(world, clock)
    later = await choose(world, clock, licence, 60)
    still = await refusal(world, clock)

    assert chosen == again == Chosen(minutes=15)
    assert odd == NotAnswered(reason=Refusal.INTERVAL_NOT_OFFERED)
    assert later == NotAnswered(reason=Refusal.REALITY_CHECK_DUE)
    assert (stopped, still) == ("reality_check_due", "reality_check_due")
    told = await world.facts(shard_of(clock.player_id), "reality_check.chosen")
    assert [fact["minutes"] for fact in told] == [15]


async def test_where_no_answer_is_needed_a_check_is_noted_as_seen_and_stops_nobody(
    world: World,
) -> None:
    licence = jurisdictions.get("demo")
    clock = await log_in(world, await world.player())
    await choose(world, clock, licence, 15)
    wait(world, 16)
    due = clock.opened_at + timedelta(minutes=15)
    found = await refusal(world, clock)
    seen = await answer(world, clock, licence, due, Reply.SEEN)

    assert found is None
    assert isinstance(seen, Answered)
    assert seen.check.reply is Reply.SEEN


async def test_no_bet_is_accepted_before_the_answer_however_they_race(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, CHECKED)
    clocks = [await log_in(world, await world.player()) for _ in range(8)]
    wait(world, 30)
    due = world.clock.now()
    for clock in clocks:
        for _ in range(4):
            await wish(world, clock)

    async def answer_all() -> None:
        for clock in clocks:
            await answer(world, clock, licence, due, Reply.CONTINUE)
            await wish(world, clock)
            await asyncio.sleep(0)

    async def process_all() -> None:
        for _ in range(3):
            await world.process()
            await asyncio.sleep(0)

    await asyncio.gather(answer_all(), process_all())
    await world.process()

    for clock in clocks:
        kinds = await _kinds(world, clock.player_id)
        answered = kinds.index("reality_check.answered")
        assert "bet.accepted" not in kinds[:answered]
        assert "bet.refused" not in kinds[answered:]
        # The one that was asked for after the answer is in any case.
        assert "bet.accepted" in kinds[answered:]


async def _kinds(world: World, player: PlayerId) -> list[str]:
    """Return the kinds of a player's facts about bets and checks, in their order."""
    async with world.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT body FROM fact WHERE shard = $1 AND stream = $2 ORDER BY seq",
            shard_of(player),
            player,
        )
    told = [str(msgspec.json.decode(row["body"])["data"]["type"]) for row in rows]
    return [kind for kind in told if kind.startswith(("bet.", "reality_check."))]


async def test_a_batch_costs_one_look_at_sessions_and_one_at_old_ones_checks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    _count(monkeypatch, looks, access_store, "find_sessions")
    _count(monkeypatch, looks, access_store, "find_stays")
    _count(monkeypatch, looks, breaks_store, "find_states")
    clocks = [await log_in(world, await world.player()) for _ in range(20)]

    async def ask() -> tuple[tuple[GateAnswer, ...], list[str]]:
        looks.clear()
        async with world.database.transaction() as tx:
            answers = await _checked(world, tx, clocks)
        return answers, list(looks)

    unwatched, nothing = await ask()
    put_in_force(monkeypatch, CHECKED)
    young, one = await ask()
    wait(world, 15)
    older, two = await ask()

    assert all(isinstance(found, Permit) for found in (*unwatched, *young, *older))
    assert nothing == []
    assert one == ["find_sessions", "find_stays"]
    assert two == ["find_sessions", "find_stays", "find_states"]


async def _checked(world: World, tx: Any, clocks: list[Clock]) -> tuple[GateAnswer, ...]:
    async with messages.join_turn(
        tx, SHARDS_ALL, now=world.clock.now(), actor="test", entropy=world.entropy
    ) as turn:
        checks = [
            Check(
                player_id=clock.player_id,
                product=Product.SPORTSBOOK,
                stake_micros=UNIT,
                currency="EUR",
                session_id=clock.session_id,
            )
            for clock in clocks
            for _ in range(3)
        ]
        return await gate.check(turn, checks)


def _count(monkeypatch: pytest.MonkeyPatch, looks: list[str], store: Any, name: str) -> None:
    real = getattr(store, name)

    async def counted(*args: Any, **kwargs: Any) -> Any:
        looks.append(name)
        return await real(*args, **kwargs)

    monkeypatch.setattr(store, name, counted)


async def test_games_are_stopped_as_bets_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, CHECKED)
    clock = await log_in(world, await world.player())
    wait(world, 30)

    async with world.turn(shard_of(clock.player_id)) as turn:
        answers = await gate.check(
            turn,
            [
                Check(
                    player_id=clock.player_id,
                    product=product,
                    stake_micros=UNIT,
                    currency="EUR",
                    session_id=clock.session_id,
                )
                for product in changed().licence.products
            ],
        )

    assert len(answers) == len(Product)
    for found in answers:
        assert isinstance(found, Refused)
        assert found.reason == "reality_check_due"


async def statement(world: World, clock: Clock, ended_at: datetime | None = None) -> Statement:
    """Return what was done in a session."""
    async with world.database.reading() as tx:
        found = await breaks.find_statement(tx, clock.place, ended_at=ended_at)
    assert found is not None
    return found


async def test_every_amount_stands_in_the_statement_of_one_session(world: World) -> None:
    player = await world.player()
    clocks = [await log_in(world, player)]
    ends: list[datetime | None] = []
    for units in (1, 2, 3):
        wait(world, 1)
        await wish(world, clocks[-1], units=units)
        await world.process()
        wait(world, 1)
        ends.append(world.clock.now())
        clocks.append(await log_in(world, player))
    await world.score(EVENT_A, 2, 0)
    await world.settle()
    ends.append(None)

    found = [
        await statement(world, clock, ended_at)
        for clock, ended_at in zip(clocks, ends, strict=True)
    ]

    assert [one.done.staked for one in found] == [UNIT, 2 * UNIT, 3 * UNIT, 0]
    # All was settled in the last one: six units at a price of 2.5.
    assert [one.done.net_position for one in found] == [0, 0, 0, 9 * UNIT]
    assert [one.until for one in found] == [*ends[:-1], None]


EVENT_A: Any = derived_id("event", "A")
