"""Players over HTTP: register, log in, see oneself."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody

from pitboss import jurisdictions, wallet
from pitboss.api import problems, wire
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.tokens import Role
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import (
    Email,
    PlayerStatus,
    Refused,
    RegisterAnswer,
    Registered,
    RegisterRequest,
    SessionAttempt,
    SessionRefusal,
    parse_email,
    parse_name,
)
from pitboss.sportsbook.betting.model import HOUSE, stake_account
from pitboss.wallet.model import Account, AccountKind, player_account, provider_account

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
# A player who fails to log in learns nothing about which of the two was wrong.
LOGIN_FAILED = Problem(
    status=401, slug="login_failed", detail="There is no player with this e-mail and password."
)

# The payment provider whose clearing account every player's shard has.
PROVIDER = "sandbox"

# Each takes 20 ms of a core and 19 MiB: two at once leave the event loop its turn.
HASHES_AT_ONCE = 2
# At 10 ms each, ten seconds of waiting: longer than anybody does.
HASHES_WAITING_MAX = 1_000


class RegisterBody(Body, frozen=True, kw_only=True):
    """Who wants to play, under which licence, in which currency."""

    email: Text
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    name: Text
    date_of_birth: date
    jurisdiction: Text
    currency: Text


class SessionBody(Body, frozen=True, kw_only=True):
    """An e-mail and its password."""

    email: Text
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's token, good until `expires_at` by the machine's clock."""

    player_id: str
    token: str
    expires_at: str


class PlayerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player sees of themselves."""

    player_id: str
    jurisdiction: str
    currency: str
    status: str


class PasswordDesk:
    """Hashes and checks passwords in threads, a few at once, so that nobody else waits."""

    def __init__(self, edge: Edge) -> None:
        self._passwords = edge.passwords
        self._places = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

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


def make_router(edge: Edge, doors: Doors) -> Router:
    """Return the routes about players."""
    desk = PasswordDesk(edge)

    @post(
        "/v1/players",
        dto=StrictJson[RegisterBody],
        before_request=check_body,
        tags=["players"],
        summary="Register",
    )
    async def register(data: JSONBody[RegisterBody], key: KeyHeader = None) -> SessionView:
        """Become a player.  The same key and body again logs in, if the password is right."""
        return await _register(edge, desk, data, wire.check_key(key))

    @post(
        "/v1/sessions",
        dto=StrictJson[SessionBody],
        before_request=check_body,
        tags=["players"],
        summary="Log in",
    )
    async def log_in(data: JSONBody[SessionBody]) -> SessionView:
        """Log in with an e-mail and a password."""
        session = await _find_session(edge, desk, parse_email(data.email), data.password)
        if session is None:
            raise ProblemFound(LOGIN_FAILED)
        return session

    @get("/v1/me", guards=[doors.player], security=BEARER, tags=["players"], summary="Yourself")
    async def me(request: Asked, edge: TheEdge) -> PlayerView:
        """Show the player who asks."""
        async with edge.database.reading() as tx:
            player = await identity.get_player(tx, player_of(request))
        return PlayerView(
            player_id=player.id,
            jurisdiction=player.jurisdiction,
            currency=player.currency,
            status=player.status,
        )

    return Router("/", route_handlers=[register, log_in, me])


async def _register(edge: Edge, desk: PasswordDesk, body: RegisterBody, key: str) -> SessionView:
    licence = jurisdictions.find(body.jurisdiction)
    if licence is None:
        raise ProblemFound(problem_of("unknown_jurisdiction"))
    rule = licence.password
    if not rule.length_min <= len(body.password) <= rule.length_max:
        detail = f"a password has {rule.length_min} to {rule.length_max} characters"
        raise ProblemFound(problems.malformed("password", detail))
    given_name, family_name = _names(body.name)
    player_id = PlayerId(new_id(edge.clock.now(), edge.entropy))
    request = RegisterRequest(
        key=derived_id("player.register", key),
        player_id=player_id,
        jurisdiction=body.jurisdiction,
        currency=body.currency,
        email=parse_email(body.email),
        password_hash=await desk.hash(body.password),
        given_name=parse_name(given_name, field="name"),
        family_name=parse_name(family_name, field="name"),
        born_on=body.date_of_birth,
    )

    async def work(turn: Turn) -> RegisterAnswer:
        (answer,) = await identity.register(turn, [request], keys=edge.personal_keys)
        if isinstance(answer, Registered) and not answer.repeated:
            await wallet.open_accounts(turn, _accounts(shard_of(player_id), player_id, body))
            await identity.note_sessions(turn, [SessionAttempt(player_id=player_id)])
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    if not answer.repeated:
        return _session(edge, player_id, body.currency)
    # A repeat proves nothing about the password, so it is checked as at a login.
    session = await _find_session(edge, desk, request.email, body.password)
    if session is None:
        raise ProblemFound(problem_of("key_reused"))
    return session


async def _find_session(
    edge: Edge, desk: PasswordDesk, email: Email, password: str
) -> SessionView | None:
    """Return a new session if the password is right and the account is not closed."""
    async with edge.database.reading() as tx:
        login = await identity.find_login(tx, email, keys=edge.personal_keys)
    right = await desk.verify(None if login is None else login.password_hash, password)
    if login is None:
        return None
    refusal = None if right else SessionRefusal.WRONG_PASSWORD
    if right and login.status is PlayerStatus.CLOSED:
        refusal = SessionRefusal.ACCOUNT_CLOSED
    await _note_session(edge, SessionAttempt(player_id=login.player_id, refusal=refusal))
    if refusal is not None:
        return None
    if desk.needs_rehash(login.password_hash):
        after = await desk.hash(password)
        async with edge.database.transaction() as tx:
            await identity.replace_password_hash(
                tx, login.player_id, before=login.password_hash, after=after
            )
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, login.player_id)
    return _session(edge, player.id, player.currency)


async def _note_session(edge: Edge, attempt: SessionAttempt) -> None:
    async def work(turn: Turn) -> None:
        await identity.note_sessions(turn, [attempt])

    await in_turn(edge, [shard_of(attempt.player_id)], "player", work)


def _session(edge: Edge, player_id: PlayerId, currency: str) -> SessionView:
    token = edge.tokens.issue(
        player_id,
        Role.PLAYER,
        currency,
        now=edge.wall.now(),
        # Drawn anew at every login, so that no session is another's.
        session=new_id(edge.wall.now(), edge.entropy),
    )
    return SessionView(
        player_id=player_id, token=token.text, expires_at=write_instant(token.expires_at)
    )


def _names(name: str) -> tuple[str, str]:
    """Split a name at its last space; who has one name has it in both places."""
    given, _, family = name.strip().rpartition(" ")
    return (given or family), family


def _accounts(shard: Shard, player_id: PlayerId, body: RegisterBody) -> list[Account]:
    """Return the accounts that a player's money moves between: theirs and the shard's own."""
    return [
        Account(
            shard=shard,
            id=player_account(player_id, body.currency),
            kind=AccountKind.PLAYER,
            owner=player_id,
            currency=body.currency,
            may_overdraw=False,
        ),
        Account(
            shard=shard,
            id=stake_account(shard, body.currency),
            kind=AccountKind.HOUSE,
            owner=HOUSE,
            currency=body.currency,
            may_overdraw=True,
        ),
        Account(
            shard=shard,
            id=provider_account(shard, PROVIDER, body.currency),
            kind=AccountKind.PROVIDER,
            owner=PROVIDER,
            currency=body.currency,
            may_overdraw=True,
        ),
    ]
