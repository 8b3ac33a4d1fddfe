"""Reads of access."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId, is_id
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.players.access.model import STRETCH_BACK, Session, SessionId, Stay, Stretch

from . import rules, store

SESSIONS_SHOWN_MAX = 100


async def find_sessions(
    tx: Transaction, places: Sequence[tuple[Shard, SessionId]]
) -> dict[SessionId, Session]:
    """Return those of the sessions that there are, in one statement for all of them."""
    return await store.find_sessions(tx, places)


async def recall_sessions(
    turn: Turn, places: Sequence[tuple[Shard, SessionId]]
) -> dict[SessionId, Session]:
    """Return those of the sessions that there are, under the turn's locks.

    Whom the turn remembers is not fetched, so when somebody was in a session last may be long
    ago; what else is said of it is the last word.  An id that is none is nobody's.
    """
    known = {shard: turn.recall(shard, Session) for shard in {shard for shard, _ in places}}
    missing = [
        (shard, session_id)
        for shard, session_id in dict.fromkeys(places)
        if session_id not in known[shard] and is_id(session_id)
    ]
    if missing:
        for session in (await store.find_sessions(turn.tx, missing)).values():
            known[session.shard][session.id] = session
    return {
        session_id: known[shard][session_id]
        for shard, session_id in places
        if session_id in known[shard]
    }


async def find_live(tx: Transaction, player_id: PlayerId, *, now: datetime) -> list[Session]:
    """Return a player's sessions that somebody may be in, the newest first."""
    found = await store.find_open(tx, player_id, since=now)
    return [session for session in found if session.is_live(now, device=session.device)]


async def find_newest(tx: Transaction, player_id: PlayerId) -> list[Session]:
    """Return a player's newest sessions, those that are over included; a hundred at most."""
    return await store.find_newest(tx, player_id, limit=SESSIONS_SHOWN_MAX)


async def find_stretches(tx: Transaction, sessions: Sequence[Session]) -> dict[SessionId, Stretch]:
    """Return the play that each of these sessions goes on with, in one statement for all."""
    if not sessions:
        return {}
    found = await store.find_stays(
        tx,
        list({(session.shard, session.player_id) for session in sessions}),
        since=min(session.opened_at for session in sessions) - STRETCH_BACK,
    )
    others: dict[PlayerId, list[Session]] = {}
    for item in found:
        others.setdefault(item.player_id, []).append(item)
    return {
        session.id: rules.stretch_of(session, others.get(session.player_id, ()))
        for session in sessions
    }


async def recall_stretches(turn: Turn, sessions: Sequence[Session]) -> dict[SessionId, Stretch]:
    """Return the play that each of these sessions goes on with; what the turn remembers is not
    fetched."""
    known = {shard: turn.recall(shard, Stretch) for shard in {one.shard for one in sessions}}
    missing = [session for session in sessions if session.id not in known[session.shard]]
    fetched = await find_stretches(turn.tx, missing)
    for session in missing:
        known[session.shard][session.id] = fetched[session.id]
    return {session.id: known[session.shard][session.id] for session in sessions}


async def find_stays(
    tx: Transaction,
    places: Sequence[tuple[Shard, PlayerId]],
    *,
    since: datetime,
    now: datetime,
) -> dict[PlayerId, list[Stay]]:
    """Return when these players were with us since then, each stay from its first moment to its
    last; stays that overlap are one."""
    found: dict[PlayerId, list[Stay]] = {}
    for session in await store.find_stays(tx, places, since=since):
        stay = (session.opened_at, session.over_at(now))
        found.setdefault(session.player_id, []).append(stay)
    return {player_id: rules.join_stays(stays) for player_id, stays in found.items()}
