"""Logging in and out over HTTP: passwords, sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from pitboss import cashier, jurisdictions
from pitboss.api.breaks import clock_of
from pitboss.api.edge import Edge
from pitboss.api.factors import AssertionBody, ChallengeView, Code, ProofBody, challenge_view
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.passwords import PasswordDesk, check_password
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.registers import check_player
from pitboss.api.tokens import Role
from pitboss.api.turns import count_try, in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction, Moment, SecondFactor
from pitboss.kernel.ids import PlayerId, derived_id, new_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, factors, identity
from pitboss.players.access.model import (
    LetIn,
    LoginAnswer,
    LoginTry,
    PasswordChange,
    Refusal,
    Refused,
    Session,
    SessionEnd,
    SessionId,
    device_digest,
)
from pitboss.players.factors.model import NOTHING_SHOWN, Ceremony, Challenge
from pitboss.players.factors.model import Refused as NoChallenge
from pitboss.players.identity.model import Email, Login, Player, PlayerStatus, parse_email
from pitboss.responsible import breaks, contacts

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

PASSWORD_LENGTH_MAX = 1024
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
# The end is said in a way that Python and JavaScript read alike.
Device = Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[!-~]+(?![\s\S])")]


class SessionBody(Body, frozen=True, kw_only=True):
    """An e-mail and its password; a code, a recovery code or what a security key signed where there
    is a second factor.

    `device` is what the client calls the device it is on, which a licence may bind the session to.
    """

    email: Text
    password: Password
    code: Code | None = None
    recovery_code: Code | None = None
    assertion: AssertionBody | None = None
    device: Device | None = None


class CredentialsBody(Body, frozen=True, kw_only=True):
    """An e-mail and its password."""

    email: Text
    password: Password


class PasswordBody(Body, frozen=True, kw_only=True):
    """The password there is, the one there is to be, and a second factor, if there is one."""

    password: Password
    new_password: Password
    proof: ProofBody | None = None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's token, good until `expires_at` by the machine's clock, in a new session.

    `previous_login_at` is when the player logged in before; null at the first time.
    `second_factor_missing`: the licence wants one, and nothing is staked until there is.
    `limits_review_due`: the licence wants the player asked to look at the limits again.
    `documents_possible`, at registration, is what may be asked for to prove who they are.
    """

    player_id: str
    session_id: str
    token: str
    expires_at: str
    previous_login_at: str | None
    second_factor_missing: bool
    limits_review_due: bool = False
    documents_possible: tuple[str, ...] = ()


class OpenView(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the player; `current` is the one that asks."""

    session_id: str
    opened_at: str
    seen_at: str
    current: bool


class SessionsView(msgspec.Struct, frozen=True, kw_only=True):
    """The player's sessions, the newest first."""

    sessions: tuple[OpenView, ...]


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
        "/sessions/challenges",
        dto=StrictJson[CredentialsBody],
        before_request=check_body,
        status_code=200,
        tags=["players"],
        summary="What your security key must sign",
    )
    async def challenge(
        request: Request[Any, Any, Any], data: JSONBody[CredentialsBody]
    ) -> ChallengeView:
        """Give what a security key must sign for a login, once, to who knows the password."""
        address = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
        return await _challenge(edge, desk, data, address=address)

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
        route_handlers=[renew, show_sessions, end_session, log_out],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )
    return Router("/v1", route_handlers=[log_in, challenge, change_password, mine])


@post("/session/renewal", status_code=200, summary="A new token for your session")
async def renew(request: Asked, edge: TheEdge) -> SessionView:
    """Give a token that is good for longer, in the same session, if that still lives."""
    claims, player_id = request.user, player_of(request)
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_id)
        missing = await _lacks_factor(tx, player)
    return _view(edge, player, SessionId(claims.session), previous=None, missing=missing)


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


async def let_in(edge: Edge, desk: PasswordDesk, body: SessionBody, *, address: str) -> SessionView:
    """Return a new session of whom the e-mail names, if the password is right.

    A stranger costs the same look, the same hash and the same kind of turn as a player.

    Raises:
        ProblemFound: nobody is let in; what it says does not tell a stranger from a player.
    """
    login, right = await _knock(edge, desk, body.email, body.password, address)
    attempt = _attempt(edge, login, body, right=right)
    refused = await _admit(edge, attempt)
    if refused is not None:
        raise ProblemFound(_told(refused.reason, right=right))
    # Before there is a session in which somebody could play, and of nobody who is refused: the
    # time that it takes would tell that the password was right.
    async with edge.database.reading() as tx:
        named = await identity.get_player(tx, login.player_id)
    await check_player(edge, named, Moment.LOGIN)
    answer = await _enter(edge, attempt)
    if isinstance(answer, Refused):
        raise ProblemFound(_told(answer.reason, right=right))
    await _tidy_up(edge, desk, login, body.password, address)
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, login.player_id)
        missing = await _lacks_factor(tx, player)
        licence = jurisdictions.get(player.jurisdiction)
        review = await contacts.is_review_due(
            tx, player.id, licence, registered_at=player.registered_at, now=edge.clock.now()
        )
    previous = answer.previous_login_at if licence.sessions.previous_login_shown else None
    view = _view(edge, player, answer.session.id, previous=previous, missing=missing)
    return msgspec.structs.replace(view, limits_review_due=review)


def first_view(
    edge: Edge,
    session: Session,
    licence: Jurisdiction,
    currency: str,
    *,
    documents: tuple[str, ...],
) -> SessionView:
    """Return the session of somebody who has just registered, and what may be asked of them."""
    missing = licence.sessions.second_factor is SecondFactor.REQUIRED
    token = edge.tokens.issue(
        session.player_id, Role.PLAYER, currency, now=edge.wall.now(), session=session.id
    )
    return SessionView(
        player_id=session.player_id,
        session_id=session.id,
        token=token.text,
        expires_at=write_instant(token.expires_at),
        previous_login_at=None,
        second_factor_missing=missing,
        documents_possible=documents,
    )


def new_session_id(edge: Edge) -> SessionId:
    """Draw the id of a session: a new one at every login, whatever anybody brought."""
    return SessionId(new_id(edge.clock.now(), edge.entropy))


async def _knock(
    edge: Edge, desk: PasswordDesk, email_text: str, password: str, address: str
) -> tuple[Login, bool]:
    """Return whom an e-mail names, and whether this is the password; count the try first."""
    email = parse_email(email_text)
    await _count(edge, address)
    async with edge.database.reading() as tx:
        login = await identity.find_login(tx, email, keys=edge.personal_keys)
    right = await desk.verify(None if login is None else login.password_hash, password)
    if login is None:
        await _turn_away(edge, email)
        raise ProblemFound(LOGIN_FAILED)
    return login, right


def _told(reason: Refusal, *, right: bool) -> Problem:
    """Return what who knocked is told of a refusal: who does not know the password, nothing."""
    return problem_of(reason) if right and reason in _TOLD else LOGIN_FAILED


async def _challenge(
    edge: Edge, desk: PasswordDesk, body: CredentialsBody, *, address: str
) -> ChallengeView:
    login, right = await _knock(edge, desk, body.email, body.password, address)

    async def work(turn: Turn) -> Challenge | Refused | NoChallenge:
        return await access.challenge_login(turn, login.player_id, right=right)

    answer = await in_turn(edge, [shard_of(login.player_id)], "player", work)
    match answer:
        case Refused():
            raise ProblemFound(_told(answer.reason, right=right))
        case NoChallenge():
            raise ProblemFound(problem_of(answer.reason))
    async with edge.database.transaction() as tx:
        await access.unsay_attempt(tx, address, keys=edge.personal_keys)
    return challenge_view(edge, login.player_id, Ceremony.ASSERTION, answer)


async def _lacks_factor(tx: Transaction, player: Player) -> bool:
    """Say whether the player's licence wants a second factor that is not there."""
    wanted = jurisdictions.get(player.jurisdiction).sessions.second_factor
    if wanted is not SecondFactor.REQUIRED:
        return False
    return not await factors.has_factor(tx, player.id)


def _attempt(edge: Edge, login: Login, body: SessionBody, *, right: bool) -> LoginTry:
    return LoginTry(
        player_id=login.player_id,
        right=right,
        session_id=new_session_id(edge),
        code=body.code,
        recovery_code=body.recovery_code,
        assertion=None if body.assertion is None else body.assertion.read(),
        device=device_digest(edge.personal_keys, body.device),
    )


async def _admit(edge: Edge, attempt: LoginTry) -> Refused | None:
    async def work(turn: Turn) -> Refused | None:
        return await access.admit(
            turn,
            await _with_owed(turn, attempt),
            keys=edge.personal_keys,
            authenticators=edge.authenticators,
        )

    return await in_turn(edge, [shard_of(attempt.player_id)], "player", work)


async def _enter(edge: Edge, attempt: LoginTry) -> LoginAnswer:
    async def work(turn: Turn) -> LoginAnswer:
        answer = await access.enter(turn, await _with_owed(turn, attempt))
        if isinstance(answer, LetIn):
            await breaks.begin(turn, clock_of(answer.session))
        return answer

    return await in_turn(edge, [shard_of(attempt.player_id)], "player", work)


async def _with_owed(turn: Turn, attempt: LoginTry) -> LoginTry:
    place = (shard_of(attempt.player_id), attempt.player_id)
    player = (await identity.recall_players(turn, [place]))[attempt.player_id]
    if player.status is not PlayerStatus.CLOSED:
        return attempt
    # Whoever has money with us may come for it; nothing else is open to them.
    owed = (await cashier.find_obligations(turn.tx, [player])).get(player.id)
    return replace(attempt, owed=bool(owed))


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
    proof = NOTHING_SHOWN if body.proof is None else body.proof.read()
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_id)
        login = await identity.find_login_of(tx, player_id)
    check_password(
        jurisdictions.get(player.jurisdiction).password, body.new_password, field="new_password"
    )
    # Counted at both doors: who stole a token must not find the password with it.
    address = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
    await _count(edge, address)
    stored = None if login is None else login.password_hash
    change = PasswordChange(
        player_id=player_id,
        right=await desk.verify(stored, body.password),
        proof=proof,
        before=stored or "",
        # Hashed whatever comes of it: the time taken does not tell what was right.
        after=await desk.hash(body.new_password),
        session_id=SessionId(request.user.session) if request.user.session else None,
    )

    async def work(turn: Turn) -> Refused | None:
        return await access.change_password(
            turn, change, keys=edge.personal_keys, authenticators=edge.authenticators
        )

    refused = await in_turn(edge, [shard_of(player_id)], "player", work)
    if refused is not None:
        raise ProblemFound(problem_of(refused.reason))
    async with edge.database.transaction() as tx:
        await access.unsay_attempt(tx, address, keys=edge.personal_keys)


async def _count(edge: Edge, address: str) -> None:
    """Count a try from an address before it is made; stop it where there were too many."""
    if not await count_try(edge, address):
        raise ProblemFound(TOO_MANY_LOGINS)


async def _end(edge: Edge, player_id: PlayerId, reason: SessionEnd, *, only: SessionId) -> None:
    async def work(turn: Turn) -> int:
        return await access.end_sessions(turn, player_id, reason, only=only)

    await in_turn(edge, [shard_of(player_id)], "player", work)


def _view(
    edge: Edge,
    player: Player,
    session_id: SessionId,
    *,
    previous: datetime | None,
    missing: bool,
) -> SessionView:
    token = edge.tokens.issue(
        player.id, Role.PLAYER, player.currency, now=edge.wall.now(), session=session_id
    )
    return SessionView(
        player_id=player.id,
        session_id=session_id,
        token=token.text,
        expires_at=write_instant(token.expires_at),
        previous_login_at=None if previous is None else write_instant(previous),
        second_factor_missing=missing,
    )
