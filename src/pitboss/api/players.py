"""Players over HTTP: register, see oneself, leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.params import JSONBody

from pitboss import cashier, jurisdictions, wallet
from pitboss.api import wire
from pitboss.api.breaks import clock_of
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
from pitboss.api.logins import (
    LOGIN_FAILED,
    TOO_MANY_LOGINS,
    Device,
    Password,
    SessionBody,
    SessionView,
    Text,
    first_view,
    let_in,
    new_session_id,
)
from pitboss.api.passwords import PasswordDesk, check_password
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.registers import Newcomer, check_newcomer, note_outcomes
from pitboss.api.terms import Version
from pitboss.api.turns import count_try, in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.jurisdictions.model import Jurisdiction, Moment, Scope
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity, terms, verification
from pitboss.players.access.model import LoginTry, Session, SessionEnd, device_digest
from pitboss.players.identity.model import (
    Obligation,
    PlayerStatus,
    Refusal,
    Refused,
    RegisterAnswer,
    Registered,
    RegisterRequest,
    StatusReason,
    StatusRequest,
    parse_email,
    parse_name,
    parse_national_id,
)
from pitboss.players.terms.model import AcceptRequest
from pitboss.registers.model import Person
from pitboss.responsible import breaks, exclusion
from pitboss.sportsbook.betting.model import HOUSE, stake_account
from pitboss.wallet.model import Account, AccountKind, player_account, provider_account

# The payment provider whose clearing account every player's shard has.
PROVIDER = "sandbox"


class RegisterBody(Body, frozen=True, kw_only=True):
    """Who wants to play, under which licence, in which currency, having read which terms.

    `national_id` is the number that the state has given the person, for a licence whose national
    register is asked by it.
    """

    email: Text
    password: Password
    name: Text
    date_of_birth: date
    jurisdiction: Text
    currency: Text
    address: Text | None = None
    postcode: Text | None = None
    national_id: Text | None = None
    terms_version: Version | None = None
    device: Device | None = None


class PlayerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player sees of themselves."""

    player_id: str
    jurisdiction: str
    currency: str
    status: str


def make_router(edge: Edge, doors: Doors, desk: PasswordDesk) -> Router:
    """Return the routes about players."""

    @post(
        "/v1/players",
        dto=StrictJson[RegisterBody],
        before_request=check_body,
        tags=["players"],
        summary="Register",
    )
    async def register(
        request: Request[Any, Any, Any], data: JSONBody[RegisterBody], key: KeyHeader = None
    ) -> SessionView:
        """Become a player.  The same key and body again logs in, if the password is right."""
        address = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
        return await _register(edge, desk, data, wire.check_key(key), address)

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

    @post(
        "/v1/me/closure",
        status_code=204,
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
        summary="Close your account",
    )
    async def close(request: Asked, key: KeyHeader = None) -> None:
        """Close the account for good, once nothing is left in it or on its way.

        Every session ends.  A closed account is never opened again: who comes back asks staff.
        """
        await _close(edge, player_of(request), wire.check_key(key))

    return Router("/", route_handlers=[register, me, close])


async def _register(
    edge: Edge, desk: PasswordDesk, body: RegisterBody, key: str, address: str
) -> SessionView:
    licence = jurisdictions.find(body.jurisdiction)
    if licence is None:
        raise ProblemFound(problem_of("unknown_jurisdiction"))
    check_password(licence.password, body.password, field="password")
    player_id = PlayerId(new_id(edge.clock.now(), edge.entropy))
    wish = _wish(body, key, player_id)
    await _count_attempt(edge, address)
    request, newcomer = await _look_at(edge, desk, licence, wish, body)
    first = LoginTry(
        player_id=player_id,
        right=True,
        session_id=new_session_id(edge),
        device=device_digest(edge.personal_keys, body.device),
    )

    async def work(turn: Turn) -> RegisterAnswer | tuple[Session, tuple[str, ...]]:
        asked = await _unless_excluded(edge, turn, licence, request)
        (answer,) = await identity.register(turn, [asked], keys=edge.personal_keys)
        if isinstance(answer, Registered) and not answer.repeated:
            await wallet.open_accounts(turn, _accounts(shard_of(player_id), player_id, body))
            # Nobody was asked about who was not there yet.
            await note_outcomes(turn, newcomer.outcomes, Moment.REGISTRATION, asked_at=turn.now)
            session = await access.open_first(turn, first)
            await breaks.begin(turn, clock_of(session))
            told = licence.verification.documents_told
            documents = verification.tell_documents(turn, player_id) if told else ()
            if body.terms_version is not None:
                # Read too early or too late, they are accepted at the first stake.
                await terms.accept(
                    turn, AcceptRequest(player_id=player_id, version=body.terms_version)
                )
            return session, documents
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    # Who was let in is no attacker; who asks again is counted as at a login.
    async with edge.database.transaction() as tx:
        await access.unsay_attempt(tx, address, keys=edge.personal_keys)
    if isinstance(answer, tuple):
        session, documents = answer
        return first_view(edge, session, licence, body.currency, documents=documents)
    # A repeat proves nothing about the password, so it is checked as at a login.
    login = SessionBody(email=body.email, password=body.password, device=body.device)
    try:
        return await let_in(edge, desk, login, address=address)
    except ProblemFound as found:
        if found.problem is LOGIN_FAILED:
            raise ProblemFound(problem_of("key_reused")) from None
        raise


async def _count_attempt(edge: Edge, address: str) -> None:
    """Count a try from this address with those to log in: each asks about some person."""
    if not await count_try(edge, address):
        raise ProblemFound(TOO_MANY_LOGINS)


async def _look_at(
    edge: Edge,
    desk: PasswordDesk,
    licence: Jurisdiction,
    wish: RegisterRequest,
    body: RegisterBody,
) -> tuple[RegisterRequest, Newcomer]:
    """Return the registration with what is found out before its turn, the cheapest first.

    Whoever is too young, say, costs no hash, and no register learns of them.
    """
    refusal = identity.foresee_refusal(wish, now=edge.clock.now())
    if refusal is not None:
        return replace(wish, refused=refusal), Newcomer(outcomes={})
    password_hash = await desk.hash(body.password)
    newcomer = await check_newcomer(edge, licence, wish.player_id, _person(wish))
    found = replace(wish, password_hash=password_hash, named_by_register=newcomer.is_named)
    return found, newcomer


async def _unless_excluded(
    edge: Edge, turn: Turn, licence: Jurisdiction, request: RegisterRequest
) -> RegisterRequest:
    """Return the registration, refused if an exclusion under another licence reaches this far."""
    alike = await identity.find_alike(turn.tx, request, keys=edge.personal_keys)
    reaching = {
        player.id: theirs
        for player in alike.values()
        if (theirs := jurisdictions.find(player.jurisdiction)) is not None
        # Under one and the same licence they are a double, excluded or not, and told only that.
        and theirs.code != licence.code
        and theirs.exclusion.scope is not Scope.LICENCE
    }
    if await exclusion.find_kept_away(turn.tx, reaching, now=turn.now):
        return replace(request, refused=request.refused or Refusal.EXCLUDED_ELSEWHERE)
    return request


def _wish(body: RegisterBody, key: str, player_id: PlayerId) -> RegisterRequest:
    """Return what is asked for, without the hash of the password, which costs."""
    given_name, family_name = _names(body.name)
    number = body.national_id
    return RegisterRequest(
        key=derived_id("player.register", key),
        player_id=player_id,
        jurisdiction=body.jurisdiction,
        currency=body.currency,
        email=parse_email(body.email),
        password_hash="",
        given_name=parse_name(given_name, field="name"),
        family_name=parse_name(family_name, field="name"),
        born_on=body.date_of_birth,
        address=None if body.address is None else parse_name(body.address, field="address"),
        postcode=None if body.postcode is None else parse_name(body.postcode, field="postcode"),
        national_id=None if number is None else parse_national_id(number),
    )


def _person(wish: RegisterRequest) -> Person:
    return Person(
        given_name=wish.given_name,
        family_name=wish.family_name,
        born_on=wish.born_on.isoformat(),
        email=wish.email,
        postcode=wish.postcode,
        national_id=wish.national_id,
    )


async def _close(edge: Edge, player_id: PlayerId, key: str) -> None:
    wish = StatusRequest(
        key=derived_id("player.closure", player_id, key),
        player_id=player_id,
        status=PlayerStatus.CLOSED,
        reason=StatusReason.PLAYER_ASKED,
    )

    async def work(turn: Turn) -> str | None:
        place = (shard_of(player_id), player_id)
        players = await identity.recall_players(turn, [place])
        obligations = await cashier.find_obligations(turn.tx, players.values())
        for obligation in Obligation:
            if obligation in obligations.get(player_id, ()):
                return obligation.value
        (answer,) = await identity.set_status(turn, [wish])
        if isinstance(answer, Refused):
            return answer.reason
        await access.end_sessions(turn, player_id, SessionEnd.STATUS_CHANGED)
        return None

    refusal = await in_turn(edge, [shard_of(player_id)], "player", work)
    if refusal is not None:
        raise ProblemFound(problem_of(refusal))


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
