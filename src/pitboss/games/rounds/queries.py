"""Reads of rounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from pitboss import wallet
from pitboss.db import Transaction
from pitboss.games.rounds import store
from pitboss.games.rounds.model import (
    ROUNDS_SHOWN_MAX,
    Bearer,
    Booking,
    Kind,
    Round,
    Session,
    Standing,
    round_id_of,
)
from pitboss.kernel.ids import PlayerId, is_id
from pitboss.kernel.shards import PLAYER_SHARDS, Shard, shard_of
from pitboss.players import identity
from pitboss.wallet.model import player_account

PLAYERS_SHARDS = tuple(Shard(number) for number in range(PLAYER_SHARDS))


async def find_standing(
    tx: Transaction,
    *,
    provider: str,
    player_id: PlayerId | None,
    bearer: Bearer | None,
    shard: Shard | None = None,
) -> Standing | None:
    """Return how a player stands with a provider; None if who is shown is nobody of theirs.

    The player is named, or follows from the session of the `bearer`, whose `shard` is then said.
    An empty bearer is of no session, and of whoever is named.  A session that is over, or was shown
    with a token that was replaced, is as good as any: who stakes is asked about with the stake.
    """
    session = None
    if bearer is not None and bearer != Bearer():
        where = shard if player_id is None else shard_of(player_id)
        session = await _find_session(tx, where, bearer)
        if session is None or session.provider != provider:
            return None
        if player_id is not None and session.player_id != player_id:
            return None
        player_id = session.player_id
    if player_id is None or not is_id(player_id):
        return None
    place = (shard_of(player_id), player_id)
    player = (await identity.find_players(tx, [place])).get(player_id)
    if player is None:
        return None
    accounts = await wallet.find_balances(
        tx, [(player.shard, player_account(player.id, player.currency))]
    )
    return Standing(
        session=session,
        player_id=player.id,
        currency=player.currency,
        balance_micros=max(accounts[0].available, 0) if accounts else 0,
        jurisdiction=player.jurisdiction,
    )


async def find_bookings(
    tx: Transaction, shard: Shard, player_id: PlayerId, provider: str, external_id: str
) -> list[Booking]:
    """Return what a provider has asked for under an id about a player, of whatever kind.

    A rollback that has undone nothing is left out: its provider was told that it was none.
    """
    places = [(shard, provider, external_id)]
    found = _of_player(await store.find_bookings(tx, places), player_id)
    undone = [(shard, provider, item.original_id) for item in found if item.kind is Kind.REVERSAL]
    places = [(shard, provider, name) for shard, provider, name in undone if name is not None]
    known = await store.find_bookings(tx, places) + await store.find_stakes_by_ref(tx, places)
    return _without_vain(found, _of_player(known, player_id))


async def find_bet(
    tx: Transaction, shard: Shard, player_id: PlayerId, provider: str, ref: str
) -> list[Booking]:
    """Return what was asked for about a bet: stake, wins, and rollbacks that have undone one.

    It is called by its other name, or by its stake's id, as in wins and rollbacks.
    """
    places = [(shard, provider, ref)]
    named = await store.find_stakes_by_ref(tx, places) + await store.find_bookings(tx, places)
    stakes = [item for item in _of_player(named, player_id) if item.kind is Kind.STAKE]
    names = {ref, *(item.external_id for item in stakes)}
    names |= {item.original_id for item in stakes if item.original_id is not None}
    rounds = {(shard, item.round_id) for item in stakes if item.round_id is not None}
    found = await store.find_bookings_of(tx, rounds)
    about = [item for item in found if {item.external_id, item.original_id} & names]
    return _without_vain(about, found)


async def find_bookings_of_round(tx: Transaction, shard: Shard, round_id: str) -> list[Booking]:
    """Return the bookings of a round, in the order in which they were made."""
    return await store.find_bookings_of(tx, [(shard, round_id)])


async def find_round(tx: Transaction, player_id: PlayerId, provider: str, ref: str) -> Round | None:
    """Return a round by its provider's name for it."""
    found = await store.find_rounds(
        tx, [(shard_of(player_id), round_id_of(provider, player_id, ref))]
    )
    return found[0] if found else None


async def find_round_by_id(tx: Transaction, player_id: PlayerId, round_id: str) -> Round | None:
    """Return a player's round by our own id of it; somebody else's is not there."""
    found = await store.find_rounds(tx, [(shard_of(player_id), round_id)])
    return found[0] if found and found[0].player_id == player_id else None


async def find_rounds_by_id(tx: Transaction, places: Collection[tuple[Shard, str]]) -> list[Round]:
    """Return those of the rounds that there are, by our own ids of them."""
    return await store.find_rounds(tx, places)


async def find_rounds(
    tx: Transaction,
    player_id: PlayerId,
    *,
    provider: str | None = None,
    ref: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[Round]:
    """Return a player's rounds, the newest first, a hundred at most.

    Of one provider, and of the name that it has for one, if they are said; `after` continues behind
    a round, by when it was opened and its id.
    """
    return await store.find_rounds_of(
        tx,
        shard_of(player_id),
        player_id,
        limit=ROUNDS_SHOWN_MAX,
        provider=provider,
        ref=ref,
        after=after,
    )


async def find_open_rounds(
    tx: Transaction,
    *,
    before: datetime,
    limit: int = ROUNDS_SHOWN_MAX,
    provider: str | None = None,
    without: str | None = None,
    after: tuple[datetime, str] | None = None,
    player_id: PlayerId | None = None,
    shards: Collection[Shard] = PLAYERS_SHARDS,
) -> list[Round]:
    """Return rounds that were opened before and that nobody has closed, the oldest first.

    All providers' but for one, if one is said to be left out; `after` continues behind a round, by
    when it was opened and its id.
    """
    return await store.find_open_rounds(
        tx,
        shards,
        before=before,
        limit=limit,
        provider=provider,
        without=without,
        after=after,
        player_id=player_id,
    )


async def _find_session(tx: Transaction, shard: Shard | None, bearer: Bearer) -> Session | None:
    session_id = bearer.session_id
    if shard is None:
        return None
    if bearer.digest is not None:
        tokens = await store.find_tokens(tx, [(shard, bearer.digest)])
        session_id = tokens[0].session_id if tokens else None
    if session_id is None or not is_id(session_id):
        return None
    found = await store.find_sessions(tx, [(shard, session_id)])
    return found[0] if found else None


def _of_player(bookings: Iterable[Booking], player_id: PlayerId) -> list[Booking]:
    return [item for item in bookings if item.player_id == player_id]


def _without_vain(found: Iterable[Booking], known: Iterable[Booking]) -> list[Booking]:
    """Return bookings without those rollbacks that have undone nothing of what is known."""
    done = {item.reversed_by for item in known}
    return [item for item in found if item.kind is not Kind.REVERSAL or item.external_id in done]
