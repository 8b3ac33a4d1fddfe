"""Logging in and out over HTTP: passwords, second factors, sessions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from pitboss import cashier, jurisdictions
from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.tokens import Role
from pitboss.api.turns import in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.jurisdictions.model import PasswordRules
from pitboss.kernel.ids import PlayerId, derived_id, new_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import (
    LoginAnswer,
    LoginTry,
    Refusal,
    Refused,
    Session,
    SessionEnd,
    SessionId,
    device_digest,
)
from pitboss.players.identity.model import Email, Login, PlayerStatus, parse_email

# A player who fails to log in learns nothing about which of the two was wrong, nor that the login
# is locked: who guesses would learn from that when to come back.
LOGIN_FAILED = Problem(
    status=401,
    slug="login_failed",
    detail="There is no player with this e-mail and password, or the login is locked.",
)
TOO_MANY_LOGINS = Problem(
    status=429,
    slug="too_many_logins",
    detail="Too many logins were tried from this address.",
    retry_after=60,
)
# Only who knows the password is told this.
_TOLD = frozenset(
    {Refusal.SECOND_FACTOR_NEEDED, Refusal.WRONG_SECOND_FACTOR, Refusal.SESSION_ELSEWHERE}
)

# Each takes 20 ms of a core and 19 MiB: two at once leave the event loop its turn.
HASHES_AT_ONCE = 2
# At 10 ms each, ten seconds of waiting: longer than anybody does.
HASHES_WAITING_MAX = 1_000

PASSWORD_LENGTH_MAX = 1024
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
# The end is said in a way that Python and JavaScript read alike.
Code = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z -]+(?![\s\S])")]
Device = Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[!-~]+(?![\s\S])")]


class SessionBody(Body, frozen=True, kw_only=True):
    """An e-mail and its password; a code or a recovery code where there is a second factor.

    `device` is what the client calls the device it is on, which a licence may bind the session to.
    """

    email: Text
    password: Password
    code: Code | None = None
    recovery_code: Code | None = None
    device: Device | None = None


class PasswordBody(Body, frozen=True, kw_only=True):
    """The password there is, and the one there is to be."""

    password: Password
    new_password: Password


class CodeBody(Body, frozen=True, kw_only=True):
    """A code that the player's authenticator shows."""

    code: Code


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's token, good until `expires_at` by the machine's clock, in a new session.

    `previous_login_at` is when the player logged in before; null at the first time.
    """

    player_id: str
    session_id: str
    token: str
    expires_at: str
    previous_login_at: str | None


class OpenView(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the player; `current` is the one that asks."""

    session_id: str
    opened_at: str
    seen_at: str
    current: bool


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """The player's sessions, the newest first."""

    sessions: tuple[OpenView, ...]


class SeedView(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator is set up with; it is shown this once."""

    secret: str
    uri: str


class RecoveryView(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that each work once, instead of the authenticator; they are shown this once."""

    recovery_codes: tuple[str, ...]


class PasswordDesk:
    """Hashes and checks passwords in threads, a few at once, so that nobody else waits."""

    def __init__(self, edge: Edge) -> None:
        self._passwords = edge.passwords
        self._places = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    def __deepcopy__(self, memo: object) -> PasswordDesk:
        """Stay one and the same when Litestar copies the routes that use it."""
        return self

    async def hash(self, password: str) -> str:
        """Return a new hash of this password."""
        async with _Place(self):
            return await asyncio.to_thread(self._passwords.hash_password, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Say whether this is the password; with nothing stored, no, after the same time."""
        async with _Place(self):
            return await asyncio.to_thread(self._passwords.verify_password, stored, password)

    def needs_rehash(self, stored: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._passwords.needs_rehash(stored)

    async def enter(self) -> None:
        """Wait for a place; refuse when too many wait."""
        if self._waiting >= HASHES_WAITING_MAX:
            raise ProblemFound(problems.TOO_BUSY)
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Give the place to the next."""
        self._places.release()


class _Place:
    def __init__(self, desk: PasswordDesk) -> None:
        self._desk = desk

    async def __aenter__(self) -> None:
        await self._desk.enter()

    async def __aexit__(self, *_: object) -> None:
        self._desk.leave()


def make_router(edge: Edge, doors: Doors, desk: PasswordDesk) -> Router:
    """Return the routes about logins and sessions."""

    @post(
        "/sessions",
        dto=StrictJson[SessionBody],
        before_request=check_body,
        tags=["players"],
        summary="Log in",
    )
    async def log_in(request: Request[Any, Any, Any], data: JSONBody[SessionBody]) -> SessionView:
        """Log in with an e-mail and a password, and a second factor if there is one."""
        address = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
        return await let_in(edge, desk, data, address=address)

    @post(
        "/me/password",
        dto=StrictJson[PasswordBody],
        before_request=check_body,
        status_code=204,
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
        summary="Change your password",
    )
    async def change_password(request: Asked, data: JSONBody[PasswordBody]) -> None:
        """Change the password; every other session of the player ends."""
        await _change_password(edge, desk, request, data)

    mine = Router(
        "/me",
        route_handlers=[renew, show_sessions, end_session, log_out, offer, confirm, remove],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )
    return Router("/v1", route_handlers=[log_in, change_password, mine])


@post("/session/renewal", status_code=200, summary="A new token for your session")
async def renew(request: Asked, edge: TheEdge) -> SessionView:
    """Give a token that is good for longer, in the same session, if that still lives."""
    claims = request.user
    return _view(
        edge, player_of(request), claims.currency, SessionId(claims.session), previous=None
    )


@get("/sessions", summary="Your sessions")
async def show_sessions(request: Asked, edge: TheEdge) -> SessionsView:
    """Show where the player is logged in."""
    async with edge.database.reading() as tx:
        live = await access.find_live(tx, player_of(request), now=edge.clock.now())
    return SessionsView(
        sessions=tuple(
            OpenView(
                session_id=session.id,
                opened_at=write_instant(session.opened_at),
                seen_at=write_instant(session.seen_at),
                current=session.id == request.user.session,
            )
            for session in live
        )
    )


@delete("/sessions/{session_id:str}", status_code=204, summary="End one of your sessions")
async def end_session(request: Asked, edge: TheEdge, session_id: FromPath[str]) -> None:
    """End a session of the player; one that has ended, or is somebody else's, changes nothing."""
    wanted = SessionId(parse_id(session_id, field="session_id"))
    await _end(edge, player_of(request), SessionEnd.ENDED_BY_PLAYER, only=wanted)


@delete("/session", status_code=204, summary="Log out")
async def log_out(request: Asked, edge: TheEdge) -> None:
    """End the session that asks; its token is good for nothing from now on."""
    if request.user.session:
        only = SessionId(request.user.session)
        await _end(edge, player_of(request), SessionEnd.LOGGED_OUT, only=only)


@post("/second-factor", status_code=200, summary="Set up a second factor")
async def offer(request: Asked, edge: TheEdge) -> SeedView:
    """Draw what an authenticator is set up with; it counts once a code of it was confirmed."""
    player_id = player_of(request)

    async def work(turn: Turn) -> str | Refused:
        return await access.offer_factor(turn, player_id, keys=edge.personal_keys)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    # Source: the format that authenticators read (otpauth), with the defaults of RFC 6238.
    uri = f"otpauth://totp/pitboss:{player_id}?secret={answer}&issuer=pitboss"
    return SeedView(secret=answer, uri=uri)


@post(
    "/second-factor/confirmation",
    dto=StrictJson[CodeBody],
    before_request=check_body,
    status_code=200,
    summary="Confirm your second factor",
)
async def confirm(request: Asked, edge: TheEdge, data: JSONBody[CodeBody]) -> RecoveryView:
    """Show a code of the authenticator: from now on a login takes one."""
    player_id = player_of(request)

    async def work(turn: Turn) -> tuple[str, ...] | Refused:
        return await access.confirm_factor(turn, player_id, data.code, keys=edge.personal_keys)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return RecoveryView(recovery_codes=answer)


@post(
    "/second-factor/removal",
    dto=StrictJson[CodeBody],
    before_request=check_body,
    status_code=204,
    summary="Do without your second factor",
)
async def remove(request: Asked, edge: TheEdge, data: JSONBody[CodeBody]) -> None:
    """Remove the second factor, with a code of it."""
    player_id = player_of(request)

    async def work(turn: Turn) -> Refused | None:
        return await access.remove_factor(turn, player_id, data.code, keys=edge.personal_keys)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if answer is not None:
        raise ProblemFound(problem_of(answer.reason))


async def let_in(edge: Edge, desk: PasswordDesk, body: SessionBody, *, address: str) -> SessionView:
    """Return a new session of whom the e-mail names, if the password is right.

    A stranger costs the same look, the same hash and the same kind of turn as a player.

    Raises:
        ProblemFound: nobody is let in; what it says does not tell a stranger from a player.
    """
    email = parse_email(body.email)
    async with edge.database.transaction() as tx:
        allowed = await access.count_attempt(
            tx, address, keys=edge.personal_keys, now=edge.wall.now()
        )
        login = await identity.find_login(tx, email, keys=edge.personal_keys)
    if not allowed:
        raise ProblemFound(TOO_MANY_LOGINS)
    right = await desk.verify(None if login is None else login.password_hash, body.password)
    if login is None:
        await _turn_away(edge, email)
        raise ProblemFound(LOGIN_FAILED)
    answer = await _judge(edge, login, body, right=right)
    if isinstance(answer, Refused):
        known = right and answer.reason in _TOLD
        raise ProblemFound(problem_of(answer.reason) if known else LOGIN_FAILED)
    await _tidy_up(edge, desk, login, body.password, address)
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, login.player_id)
    return _view(
        edge, player.id, player.currency, answer.session.id, previous=answer.previous_login_at
    )


def first_view(edge: Edge, session: Session, currency: str) -> SessionView:
    """Return the session of somebody who has just registered."""
    return _view(edge, session.player_id, currency, session.id, previous=None)


def check_password(rule: PasswordRules, password: str, *, field: str) -> None:
    """Let a password pass that the licence takes.

    Raises:
        ProblemFound: it is too short or too long.
    """
    if not rule.length_min <= len(password) <= rule.length_max:
        detail = f"a password has {rule.length_min} to {rule.length_max} characters"
        raise ProblemFound(problems.malformed(field, detail))


def new_session_id(edge: Edge) -> SessionId:
    """Draw the id of a session: a new one at every login, whatever anybody brought."""
    return SessionId(new_id(edge.clock.now(), edge.entropy))


async def _judge(edge: Edge, login: Login, body: SessionBody, *, right: bool) -> LoginAnswer:
    attempt = LoginTry(
        player_id=login.player_id,
        right=right,
        session_id=new_session_id(edge),
        code=body.code,
        recovery_code=body.recovery_code,
        device=device_digest(edge.personal_keys, body.device),
    )

    async def work(turn: Turn) -> LoginAnswer:
        place = (shard_of(login.player_id), login.player_id)
        player = (await identity.recall_players(turn, [place]))[login.player_id]
        owed = False
        if player.status is PlayerStatus.CLOSED:
            # Whoever has money with us may come for it; nothing else is open to them.
            owed = bool((await cashier.find_obligations(turn.tx, [player])).get(player.id))
        return await access.judge(turn, replace(attempt, owed=owed), keys=edge.personal_keys)

    return await in_turn(edge, [shard_of(login.player_id)], "player", work)


async def _turn_away(edge: Edge, email: Email) -> None:
    # Drawn from the address, under a key, so that it is some shard's like anybody's.
    digest = edge.personal_keys.digest("login.stranger", email.encode())
    stranger = PlayerId(derived_id("stranger", digest.hex()))

    async def work(turn: Turn) -> None:
        await access.note_stranger(turn, stranger)

    await in_turn(edge, [shard_of(stranger)], "player", work)


async def _tidy_up(
    edge: Edge, desk: PasswordDesk, login: Login, password: str, address: str
) -> None:
    """Take the counted try back, and hash the password anew if today's parameters are others."""
    after = await desk.hash(password) if desk.needs_rehash(login.password_hash) else None
    async with edge.database.transaction() as tx:
        await access.unsay_attempt(tx, address, keys=edge.personal_keys)
        if after is not None:
            await identity.replace_password_hash(
                tx, login.player_id, before=login.password_hash, after=after
            )


async def _change_password(
    edge: Edge, desk: PasswordDesk, request: Asked, body: PasswordBody
) -> None:
    player_id = player_of(request)
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_id)
        login = await identity.find_login_of(tx, player_id)
    check_password(
        jurisdictions.get(player.jurisdiction).password, body.new_password, field="new_password"
    )
    attempt = LoginTry(player_id=player_id, right=False, session_id=new_session_id(edge))
    right = await desk.verify(None if login is None else login.password_hash, body.password)
    if login is None or not right:
        # A wrong guess counts as one at the door: who stole a token must not find the password.
        async def work(turn: Turn) -> LoginAnswer:
            return await access.judge(turn, attempt, keys=edge.personal_keys)

        await in_turn(edge, [shard_of(player_id)], "player", work)
        raise ProblemFound(problem_of(Refusal.WRONG_PASSWORD))
    after = await desk.hash(body.new_password)
    session = SessionId(request.user.session) if request.user.session else None

    async def change(turn: Turn) -> bool:
        return await access.change_password(
            turn, player_id, before=login.password_hash, after=after, session_id=session
        )

    if not await in_turn(edge, [shard_of(player_id)], "player", change):
        raise ProblemFound(problem_of(Refusal.WRONG_PASSWORD))


async def _end(edge: Edge, player_id: PlayerId, reason: SessionEnd, *, only: SessionId) -> None:
    async def work(turn: Turn) -> int:
        return await access.end_sessions(turn, player_id, reason, only=only)

    await in_turn(edge, [shard_of(player_id)], "player", work)


def _view(
    edge: Edge,
    player_id: PlayerId,
    currency: str,
    session_id: SessionId,
    *,
    previous: datetime | None,
) -> SessionView:
    token = edge.tokens.issue(
        player_id, Role.PLAYER, currency, now=edge.wall.now(), session=session_id
    )
    return SessionView(
        player_id=player_id,
        session_id=session_id,
        token=token.text,
        expires_at=write_instant(token.expires_at),
        previous_login_at=None if previous is None else write_instant(previous),
    )
