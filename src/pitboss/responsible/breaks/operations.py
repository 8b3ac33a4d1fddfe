"""Writes of breaks: inside the caller's turn of the player's shard, safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible.breaks.facts import (
    RealityCheckAnswered,
    RealityCheckChosen,
    RealityCheckRefused,
    SessionCounted,
)
from pitboss.responsible.breaks.model import (
    Answered,
    Answering,
    CheckAnswer,
    Choice,
    ChoiceAnswer,
    Chosen,
    Clock,
    Interval,
    RealityCheck,
    Refusal,
    Refused,
    Start,
    State,
    Totals,
)

from . import queries, rules, store


async def begin(turn: Turn, clock: Clock) -> None:
    """Note where a session begins: all that the player has done until now.

    In the turn that opens the session, once: a second time the key in the database refuses it.
    """
    shard = shard_of(clock.player_id)
    ensure(shard in turn.heads, "sessions begin in the player's turn")
    before = await queries.find_totals(turn.tx, clock.player_id)
    start = Start(
        shard=shard,
        session_id=clock.session_id,
        player_id=clock.player_id,
        opened_at=clock.opened_at,
        before=before,
    )
    await store.save_start(turn.tx, start)
    fact = SessionCounted(
        player_id=clock.player_id,
        session_id=clock.session_id,
        opened_at=write_instant(clock.opened_at),
        staked=before.staked,
        settled=before.settled,
        returned=before.returned,
        deposited=before.deposited,
        withdrawn=before.withdrawn,
    )
    turn.publish(shard, clock.player_id, fact)


async def choose(
    turn: Turn, wish: Choice, licence: Jurisdiction, live: Sequence[Clock]
) -> ChoiceAnswer:
    """Have reality checks as often as the player wants, among what the licence offers.

    It counts at once, in sessions that run too, but while a check waits for its answer nothing
    changes.  The same wish again changes nothing and publishes nothing.

    Args:
        turn: it holds the player's shard.
        wish: minutes between two checks; None where the licence asks for none by itself.
        licence: whose intervals there are.
        live: the player's sessions that somebody may be in.
    """
    shard = shard_of(wish.player_id)
    ensure(shard in turn.heads, "intervals are chosen by who holds the player's turn")
    states = await queries.find_states(turn.tx, live)
    due = [rules.due_at(clock, states.get(clock.session_id), licence) for clock in live]
    waiting = [moment for moment in due if moment is not None]
    refusal = rules.refusal_to_choose(wish, licence, waiting, turn.now)
    if refusal is not None:
        told = RealityCheckRefused(player_id=wish.player_id, reason=refusal, minutes=wish.minutes)
        turn.publish(shard, wish.player_id, told)
        return Refused(reason=refusal)
    known = await store.find_interval(turn.tx, wish.player_id)
    if known is not None and known.minutes == wish.minutes:
        return Chosen(minutes=wish.minutes)
    interval = Interval(
        shard=shard, player_id=wish.player_id, minutes=wish.minutes, set_at=turn.now
    )
    await store.save_interval(turn.tx, interval)
    _forget(turn, wish.player_id)
    fact = RealityCheckChosen(
        player_id=wish.player_id,
        minutes=wish.minutes,
        before=None if known is None else known.minutes,
    )
    turn.publish(shard, wish.player_id, fact)
    return Chosen(minutes=wish.minutes)


async def answer(turn: Turn, wish: Answering, licence: Jurisdiction) -> CheckAnswer:
    """Answer the reality check that is due in a session, or note that it was seen.

    A check is named by when it was due, which is the key of the answer: said again it changes
    nothing, said otherwise it is refused.  From the commit on stakes are taken again, or, after
    `leave`, never again in this session; the caller ends it.  What the player was shown goes into
    the fact.  Source: 58 Pa. Code § 814a.1(e); PT Regulamento 903-B/2015, 6.3.6(2).
    """
    clock = wish.clock
    shard = shard_of(clock.player_id)
    ensure(shard in turn.heads, "checks are answered by who holds the player's turn")
    state = await queries.find_state(turn.tx, clock)
    if state.newest is not None and rules.answers_again(wish, state.newest):
        if state.newest.reply is wish.reply:
            return Answered(check=state.newest, repeated=True)
        return _refuse(turn, wish, Refusal.ANSWERED_OTHERWISE)
    refusal = rules.refusal_to_answer(wish, state, licence, turn.now)
    if refusal is not None:
        return _refuse(turn, wish, refusal)
    check = RealityCheck(
        shard=shard,
        session_id=clock.session_id,
        player_id=clock.player_id,
        due_at=wish.due_at,
        reply=wish.reply,
        answered_at=turn.now,
    )
    await store.save_check(turn.tx, check)
    _forget(turn, clock.player_id)
    statement = await queries.find_statement(turn.tx, clock.place)
    done = Totals() if statement is None else statement.done
    turn.publish(
        shard,
        clock.player_id,
        _told(check, done, turn.now - clock.opened_at),
        cause=derived_id("reality_check", clock.session_id, write_instant(wish.due_at)),
    )
    return Answered(check=check)


def _told(check: RealityCheck, done: Totals, elapsed: timedelta) -> RealityCheckAnswered:
    return RealityCheckAnswered(
        player_id=check.player_id,
        session_id=check.session_id,
        due_at=write_instant(check.due_at),
        reply=check.reply,
        elapsed_seconds=int(elapsed.total_seconds()),
        staked=done.staked,
        settled=done.settled,
        returned=done.returned,
    )


def _refuse(turn: Turn, wish: Answering, reason: Refusal) -> Refused:
    clock = wish.clock
    fact = RealityCheckRefused(
        player_id=clock.player_id, reason=reason, session_id=clock.session_id
    )
    turn.publish(shard_of(clock.player_id), clock.player_id, fact)
    return Refused(reason=reason)


def _forget(turn: Turn, player_id: PlayerId) -> None:
    """Remember nothing of a player's sessions, whose checks have changed."""
    remembered = turn.recall(shard_of(player_id), State)
    for session_id in [key for key, state in remembered.items() if state.player_id == player_id]:
        del remembered[session_id]
