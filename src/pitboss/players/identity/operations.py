"""Writes of identity: inside the caller's turn, safe to repeat with the same keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players.identity.facts import (
    PlayerRegistered,
    PlayerStatusChanged,
    PlayerStatusKept,
    RegistrationRefused,
)
from pitboss.players.identity.model import (
    Player,
    PlayerStatus,
    Refusal,
    RegisterAnswer,
    RegisterRequest,
    Registration,
    StatusAnswer,
    StatusChange,
    StatusRequest,
)

from . import rules, store


async def register(turn: Turn, requests: Sequence[RegisterRequest]) -> tuple[RegisterAnswer, ...]:
    """Make players of people whom their licence lets play.

    The turn holds the shard of every proposed player id.  Every request is answered, in order; a
    refusal stops nobody else.  Asking again with the same key gives the first answer, whatever
    player id and password the repeat brings, and even if both run at once; another body is
    refused.  An e-mail belongs to one player in all shards: of two who race for it the first to
    commit has it.  Age counts on the day in UTC.
    """
    _ensure_turn(turn, [request.player_id for request in requests])
    if not requests:
        return ()
    # Claimed before looking: a twin of one of these keys, in whatever shard, waits here; the
    # statement after it sees what the twin was answered.
    claims = rules.claims(requests)
    claimed = await store.claim_keys(turn.tx, claims.values())
    earlier = await store.find_registrations(turn.tx, claims.keys() - claimed)
    fresh = rules.fresh_requests(requests, claimed)

    refusals = _refusals(turn, fresh)
    first = rules.first_of_each_email([item for item in fresh if item.key not in refusals])
    # Written before anything is said: a twin of one of these e-mails waits here and then loses.
    won = await store.save_logins(turn.tx, first.values())
    registered = [request for email, request in first.items() if email in won]
    winners = {request.key for request in registered}
    for request in fresh:
        if request.key not in winners:
            refusals.setdefault(request.key, Refusal.EMAIL_TAKEN)

    await store.save_players(turn.tx, registered, turn.now)
    await store.save_refusals(turn.tx, refusals)
    _publish_registrations(turn, fresh, refusals)
    registrations = {item.key: item for item in earlier} | {
        key: _answered(claims[key], refusals.get(key)) for key in claimed
    }
    return rules.answer_registrations(requests, registrations, fresh=claimed)


async def set_status(turn: Turn, requests: Sequence[StatusRequest]) -> tuple[StatusAnswer, ...]:
    """Let players play, stop them for now, or close their accounts for good.

    Every request is answered, in order, and sees what those before it did.  Asking again with the
    same key gives the first answer and changes nothing, even if the status has moved on since.
    """
    _ensure_turn(turn, [request.player_id for request in requests])
    if not requests:
        return ()
    places = {(shard_of(request.player_id), request.player_id) for request in requests}
    keys = {(shard_of(request.player_id), request.key) for request in requests}
    book = rules.StatusBook(
        await store.find_players(turn.tx, list(places)),
        await store.find_status_changes(turn.tx, keys),
    )

    answers = book.decide(requests)

    await store.save_status_changes(turn.tx, book.new_changes, turn.now)
    await store.change_statuses(turn.tx, book.changed())
    for player_id in book.changed():
        turn.recall(shard_of(player_id), Player).pop(player_id, None)
    for request, before in book.moves:
        turn.publish(
            shard_of(request.player_id),
            request.player_id,
            PlayerStatusChanged(
                player_id=request.player_id,
                before=before,
                after=request.status,
                reason=request.reason,
            ),
            cause=request.key,
        )
    for change in book.kept:
        _tell_kept(turn, change)
    return answers


async def replace_password_hash(
    tx: Transaction, player_id: PlayerId, *, before: str, after: str
) -> bool:
    """Store the same password under newer parameters, and say whether that was done.

    It is not if the stored hash is no longer `before`: the password was changed meanwhile.
    """
    return await store.swap_password_hash(
        tx, shard_of(player_id), player_id, before=before, after=after
    )


def _tell_kept(turn: Turn, change: StatusChange) -> None:
    fact = PlayerStatusKept(
        player_id=change.player_id,
        status=change.status,
        reason=change.reason,
        refusal=change.refusal,
    )
    turn.publish(change.shard, change.player_id, fact, cause=change.key)


def _ensure_turn(turn: Turn, player_ids: Iterable[PlayerId]) -> None:
    ensure(
        all(shard_of(player_id) in turn.heads for player_id in player_ids),
        "players are written by who holds their shard's turn",
    )


def _refusals(turn: Turn, requests: Iterable[RegisterRequest]) -> dict[str, Refusal]:
    """Return whom the rules refuse, by key."""
    decided = {
        request.key: rules.refusal_to_register(
            request, jurisdictions.find(request.jurisdiction), today=turn.now.date()
        )
        for request in requests
    }
    return {key: reason for key, reason in decided.items() if reason is not None}


def _answered(claim: Registration, refusal: Refusal | None) -> Registration:
    return Registration(
        key=claim.key,
        request_digest=claim.request_digest,
        player_id=claim.player_id,
        refusal=refusal,
    )


def _publish_registrations(
    turn: Turn, requests: Collection[RegisterRequest], refusals: Mapping[str, Refusal]
) -> None:
    for request in requests:
        turn.publish(
            shard_of(request.player_id),
            request.player_id,
            _fact(request, refusals.get(request.key)),
            cause=request.key,
        )


def _fact(
    request: RegisterRequest, refusal: Refusal | None
) -> PlayerRegistered | RegistrationRefused:
    if refusal is None:
        return PlayerRegistered(
            player_id=request.player_id,
            jurisdiction=request.jurisdiction,
            currency=request.currency,
            status=PlayerStatus.ACTIVE,
        )
    known = refusal is not Refusal.UNKNOWN_JURISDICTION
    return RegistrationRefused(
        player_id=request.player_id,
        reason=refusal,
        jurisdiction=request.jurisdiction if known else None,
    )
