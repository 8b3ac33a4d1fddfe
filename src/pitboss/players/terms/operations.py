"""Writes of terms: inside the caller's turn, harmless when asked again."""

from __future__ import annotations

from pitboss import jurisdictions
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.terms.facts import TermsAccepted, TermsPublished, TermsRefused
from pitboss.players.terms.model import (
    Acceptance,
    AcceptRequest,
    Answer,
    Done,
    PublishRequest,
    Refusal,
    Refused,
    Terms,
)

from . import rules, store


async def publish(turn: Turn, request: PublishRequest) -> Answer:
    """Put a version in force: from the commit on nobody of the licence plays without accepting it.

    The turn holds the staff's shard.  The same version and digest again change nothing, even if a
    newer one is in force; the same version with another text is refused.
    """
    ensure(STAFF_SHARD in turn.heads, "terms are published by who holds the staff's turn")
    if jurisdictions.find(request.jurisdiction) is None:
        return Refused(reason=Refusal.UNKNOWN_JURISDICTION)
    published = await store.find_published(turn.tx, [request.jurisdiction])
    for terms in published:
        if terms.version == request.version:
            same = terms.digest == request.digest
            if same:
                return Done(terms=terms, repeated=True)
            return Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID)
    terms = Terms(
        jurisdiction=request.jurisdiction,
        number=1 + max((terms.number for terms in published), default=0),
        version=request.version,
        digest=request.digest,
        published_at=turn.now,
    )
    await store.save_terms(turn.tx, terms)
    turn.publish(
        STAFF_SHARD,
        derived_id("terms", terms.jurisdiction),
        TermsPublished(
            jurisdiction=terms.jurisdiction,
            number=terms.number,
            version=terms.version,
            digest=terms.digest,
        ),
    )
    return Done(terms=terms, repeated=False)


async def accept(turn: Turn, request: AcceptRequest) -> Answer:
    """Note that a player accepts a version; it must be the one in force at this moment.

    The turn holds the player's shard.  Accepting again changes nothing.
    """
    player_id = request.player_id
    player = (await identity.recall_players(turn, [(shard_of(player_id), player_id)])).get(
        player_id
    )
    if player is None:
        return Refused(reason=Refusal.UNKNOWN_PLAYER)
    published = await store.find_published(turn.tx, [player.jurisdiction])
    terms = rules.current(published).get(player.jurisdiction)
    if terms is None or terms.version != request.version:
        return _refuse(turn, player_id)
    found = await store.find_acceptances(turn.tx, [player_id])
    if rules.has_agreed(found.get(player_id) or Acceptance(player_id=player_id), terms):
        return Done(terms=terms, repeated=True)
    await store.save_acceptance(turn.tx, player_id, terms.number, turn.now)
    turn.recall(shard_of(player_id), Acceptance).pop(player_id, None)
    turn.publish(
        shard_of(player_id),
        player_id,
        TermsAccepted(
            player_id=player_id,
            jurisdiction=terms.jurisdiction,
            number=terms.number,
            version=terms.version,
        ),
    )
    return Done(terms=terms, repeated=False)


def _refuse(turn: Turn, player_id: PlayerId) -> Refused:
    reason = Refusal.TERMS_NOT_CURRENT
    fact = TermsRefused(player_id=player_id, reason=reason)
    turn.publish(shard_of(player_id), player_id, fact)
    return Refused(reason=reason)
