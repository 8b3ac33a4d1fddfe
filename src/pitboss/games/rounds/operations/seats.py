"""In which sessions things are asked for, and whether they still live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pitboss.games.rounds import store
from pitboss.games.rounds.model import Request, Session, Token, WireRefusal
from pitboss.kernel.ids import is_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import access
from pitboss.players.access.model import Session as Login
from pitboss.players.access.model import SessionId


async def find_seats(
    turn: Turn, requests: Sequence[Request]
) -> list[tuple[Session | str, str | None]]:
    """Return the session of each request, or why there is none for a stake.

    Beside it, why the bearer is not this player's, where the request wants that whatever it asks.
    """
    tokens = await recall_tokens(turn, _digests(requests))
    named = {
        (shard_of(item.player_id), session_id)
        for item in requests
        if (session_id := _session_id(item, tokens)) is not None
    }
    sessions = await recall_sessions(turn, named)
    unnamed = {
        (shard_of(item.player_id), item.player_id, item.provider)
        for item in requests
        if item.bearer is None
    }
    newest = {
        (item.player_id, item.provider): item
        for item in await store.find_newest_sessions(turn.tx, unnamed)
    }
    logins = await _logins(turn, [*sessions.values(), *newest.values()])
    seats: list[tuple[Session | str, str | None]] = []
    for item in requests:
        if item.bearer is None:
            session = newest.get((item.player_id, item.provider))
        else:
            session = sessions.get(_session_id(item, tokens) or "")
        own = session is not None and (session.player_id, session.provider) == (
            item.player_id,
            item.provider,
        )
        stranger = WireRefusal.UNKNOWN_SESSION if item.strict and not own else None
        if session is None or not own:
            seats.append((WireRefusal.UNKNOWN_SESSION, stranger))
            continue
        digest = None if item.bearer is None else item.bearer.digest
        token = None if digest is None else tokens.get(digest)
        seats.append((_live(turn, session, token, logins) or session, stranger))
    return seats


async def recall_tokens(turn: Turn, places: Iterable[tuple[Shard, bytes]]) -> dict[bytes, Token]:
    """Return those of the tokens that there are; what the turn remembers is not fetched."""
    wanted = list(dict.fromkeys(places))
    missing = [place for place in wanted if place[1].hex() not in turn.recall(place[0], Token)]
    for token in await store.find_tokens(turn.tx, missing):
        turn.recall(token.shard, Token)[token.digest.hex()] = token
    return {
        digest: turn.recall(shard, Token)[digest.hex()]
        for shard, digest in wanted
        if digest.hex() in turn.recall(shard, Token)
    }


async def recall_sessions(turn: Turn, places: Iterable[tuple[Shard, str]]) -> dict[str, Session]:
    """Return those of the sessions that there are; what the turn remembers is not fetched."""
    wanted = [place for place in dict.fromkeys(places) if is_id(place[1])]
    missing = [place for place in wanted if place[1] not in turn.recall(place[0], Session)]
    for session in await store.find_sessions(turn.tx, missing):
        turn.recall(session.shard, Session)[session.id] = session
    return {
        session_id: turn.recall(shard, Session)[session_id]
        for shard, session_id in wanted
        if session_id in turn.recall(shard, Session)
    }


def _digests(requests: Sequence[Request]) -> list[tuple[Shard, bytes]]:
    return [
        (shard_of(item.player_id), item.bearer.digest)
        for item in requests
        if item.bearer is not None and item.bearer.digest is not None
    ]


def _session_id(request: Request, tokens: Mapping[bytes, Token]) -> str | None:
    bearer = request.bearer
    if bearer is None:
        return None
    if bearer.digest is None:
        return bearer.session_id
    token = tokens.get(bearer.digest)
    return None if token is None else token.session_id


async def _logins(turn: Turn, sessions: Sequence[Session]) -> dict[str, Login]:
    """Return the logins that sessions were opened in, and note that they are used."""
    places = list(
        dict.fromkeys(
            (item.shard, SessionId(item.login_id)) for item in sessions if item.login_id is not None
        )
    )
    found = dict(await access.recall_sessions(turn, places)) if places else {}
    # When somebody was here last is remembered by nobody, and they have just been here.
    idle = [
        place for place in places if place[1] in found and found[place[1]].idle_seconds is not None
    ]
    if idle:
        found |= await access.find_sessions(turn.tx, idle)
        live = [place for place in idle if _is_live(found[place[1]], turn)]
        await access.touch(turn.tx, live, now=turn.now)
    return {str(name): login for name, login in found.items()}


def _is_live(login: Login, turn: Turn) -> bool:
    # The provider speaks for the device that the game was opened on.
    return login.is_live(turn.now, device=login.device)


def _live(
    turn: Turn, session: Session, token: Token | None, logins: Mapping[str, Login]
) -> str | None:
    """Return why nothing is staked in a session, or None."""
    if token is not None and token.number < session.token_no:
        return WireRefusal.SESSION_EXPIRED
    if session.ended_at is not None or turn.now >= session.ends_at:
        return WireRefusal.SESSION_OVER
    if session.login_id is None:
        return None
    login = logins.get(session.login_id)
    if login is None:
        return WireRefusal.SESSION_OVER
    return None if _is_live(login, turn) else WireRefusal.SESSION_OVER
