"""Sessions in games: opened by players, renewed by providers, ended by both."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import structs

from pitboss import gate, jurisdictions
from pitboss.games import registry
from pitboss.games.registry.model import Refusal as RegistryRefusal
from pitboss.games.registry.model import Version
from pitboss.games.rounds import store
from pitboss.games.rounds.facts import GameSessionEnded, GameSessionOpened, GameTokenIssued
from pitboss.games.rounds.model import (
    SESSION_LIFE,
    Launch,
    NotOpened,
    Opened,
    Refusal,
    Session,
    Token,
    digest_of,
)
from pitboss.games.rounds.operations.seats import recall_sessions, recall_tokens
from pitboss.gate.model import Check, Permit, Product
from pitboss.gate.model import Refusal as GateRefusal
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import Player


async def open_session(turn: Turn, launch: Launch) -> Opened | NotOpened:
    """Open a game for a player who may stake at least the least in it, here and now.

    The token is good until the provider swaps it, once; then the one that it got is.
    """
    found = await _find_game(turn, launch.player_id, launch.provider, launch.game)
    if isinstance(found, NotOpened):
        return found
    player, licence, version = found.player, found.licence, found.version
    (permit,) = await gate.check(
        turn,
        [
            Check(
                player_id=player.id,
                product=Product.GAMES,
                stake_micros=licence.games.stake_micros_min,
                currency=player.currency,
                session_id=launch.login_id,
                network=launch.network,
            )
        ],
    )
    if not isinstance(permit, Permit):
        return NotOpened(reason=permit.reason)
    await _leave_others(turn, launch, player.shard, everywhere=licence.games.one_at_a_time)
    session = Session(
        shard=player.shard,
        id=launch.session_id,
        player_id=player.id,
        provider=launch.provider,
        game=launch.game,
        currency=player.currency,
        login_id=launch.login_id,
        network=launch.network,
        token_no=0,
        opened_at=turn.now,
        ends_at=turn.now + SESSION_LIFE,
    )
    await _sit_down(turn, session, digest_of(launch.secret))
    return Opened(session=session, version=version)


async def find_demonstration(
    turn: Turn, player_id: PlayerId, *, provider: str, game: str
) -> Version | NotOpened:
    """Return the version of a game that this player may be shown without money, or why not.

    It is one that is played for money under the player's licence, and whoever may not play is shown
    none.  Source: UKGC RTS 6A (play for fun goes by the rules of play for money).
    """
    found = await _find_game(turn, player_id, provider, game)
    if isinstance(found, NotOpened):
        return found
    (permit,) = await gate.check_demonstrations(
        turn,
        [
            Check(
                player_id=player_id,
                product=Product.GAMES,
                stake_micros=0,
                currency=found.player.currency,
            )
        ],
    )
    if not isinstance(permit, Permit):
        return NotOpened(reason=permit.reason)
    return found.version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A game that is played under the licence of a player."""

    player: Player
    licence: Jurisdiction
    version: Version


async def _find_game(
    turn: Turn, player_id: PlayerId, provider: str, game: str
) -> _Found | NotOpened:
    """Return a game that the registry has for a player's licence, or why it is not opened."""
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "a game is opened by who holds the player's turn")
    player = (await identity.recall_players(turn, [(shard, player_id)])).get(player_id)
    licence = None if player is None else jurisdictions.find(player.jurisdiction)
    if player is None or licence is None:
        return NotOpened(reason=GateRefusal.UNKNOWN_PLAYER)
    key = (provider, game)
    offer = (await registry.find_offers(turn.tx, [key])).get(key)
    refusal = registry.refuse_game(offer, licence, turn.now)
    if refusal is not None or offer is None:
        return NotOpened(reason=refusal or RegistryRefusal.UNKNOWN_GAME)
    return _Found(player=player, licence=licence, version=offer.version)


async def swap_token(
    turn: Turn, shard: Shard, *, provider: str, digest: bytes, secret: str
) -> Session | None:
    """Give a session another token for its newest one, which stakes no more from here on.

    None if there is no such token of this provider, or it was swapped before, or the session is
    over: then the game is opened anew.
    """
    ensure(shard in turn.heads, "a token is swapped by who holds the shard's turn")
    token = (await recall_tokens(turn, [(shard, digest)])).get(digest)
    if token is None:
        return None
    session = (await recall_sessions(turn, [(shard, token.session_id)])).get(token.session_id)
    if session is None or session.provider != provider or token.number != session.token_no:
        return None
    if session.ended_at is not None or turn.now >= session.ends_at:
        return None
    after = structs.replace(session, token_no=session.token_no + 1)
    fresh = digest_of(secret)
    await store.save_token(
        turn.tx, Token(shard=shard, digest=fresh, session_id=session.id, number=after.token_no)
    )
    await _save(turn, after)
    fact = GameTokenIssued(
        session_id=session.id,
        player_id=session.player_id,
        number=after.token_no,
        digest=fresh.hex(),
    )
    turn.publish(shard, session.player_id, fact)
    return after


async def end_session(turn: Turn, shard: Shard, session_id: str) -> Refusal | None:
    """End a session in a game; ending it again changes nothing."""
    session = (await recall_sessions(turn, [(shard, session_id)])).get(session_id)
    if session is None:
        return Refusal.UNKNOWN_GAME_SESSION
    if session.ended_at is None:
        await _end(turn, session, "left")
    return None


async def _leave_others(turn: Turn, launch: Launch, shard: Shard, *, everywhere: bool) -> None:
    """End a player's other sessions: this provider's, if it has one of a player, or everybody's.

    Source: the licence's `games.one_at_a_time`; GlüStV 2021, § 22a (DE).
    """
    if not everywhere and not launch.one_at_a_time:
        return
    provider = None if everywhere else launch.provider
    for other in await store.find_open_sessions(turn.tx, shard, launch.player_id, provider):
        await _end(turn, other, "newer_session")


async def _sit_down(turn: Turn, session: Session, digest: bytes) -> None:
    """Write a new session with its first token, and tell it."""
    await store.save_session(turn.tx, session)
    token = Token(shard=session.shard, digest=digest, session_id=session.id, number=0)
    await store.save_token(turn.tx, token)
    fact = GameSessionOpened(
        session_id=session.id,
        player_id=session.player_id,
        provider=session.provider,
        game=session.game,
        currency=session.currency,
        ends_at=write_instant(session.ends_at),
        digest=digest.hex(),
        login_id=session.login_id,
        network=session.network,
    )
    turn.publish(session.shard, session.player_id, fact)


async def _end(turn: Turn, session: Session, reason: str) -> None:
    await _save(turn, structs.replace(session, ended_at=turn.now))
    turn.publish(
        session.shard,
        session.player_id,
        GameSessionEnded(session_id=session.id, player_id=session.player_id, reason=reason),
    )


async def _save(turn: Turn, session: Session) -> None:
    await store.change_session(turn.tx, session)
    turn.recall(session.shard, Session).pop(session.id, None)
