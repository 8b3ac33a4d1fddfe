"""Writes of identity: inside the caller's turn, safe to repeat with the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.identity.facts import (
    ErasureRefused,
    PlayerFlagged,
    PlayerRegistered,
    PlayerStatusChanged,
    PlayerStatusKept,
    RegistrationRefused,
)
from pitboss.players.identity.model import (
    BornBy,
    ErasureAnswer,
    ErasureRequest,
    NewLogin,
    Player,
    PlayerErased,
    PlayerStatus,
    Refusal,
    Refused,
    RegisterAnswer,
    RegisterRequest,
    Registration,
    StatusAnswer,
    StatusChange,
    StatusRequest,
)
from pitboss.players.personal.model import (
    Erased,
    EraseRequest,
    KeepRequest,
    Kept,
    PersonalKeys,
    SubjectId,
)

from . import rules, store


async def register(
    turn: Turn, requests: Sequence[RegisterRequest], *, keys: PersonalKeys
) -> tuple[RegisterAnswer, ...]:
    """Make players of people whom their licence lets play.

    The turn holds the shard of every proposed player id.  Every request is answered, in order; a
    refusal stops nobody else.  Asking again with the same key gives the first answer, whatever
    player id and password the repeat brings, and even if both run at once; another body is
    refused.  An e-mail belongs to one player in all shards: of two who race for it the first to
    commit has it.  Who looks like a player (by name, day of birth and postcode, or by the national
    number) is refused or flagged, as the licence says.  Age counts on the licence's own day.  Who
    somebody is lies with `personal`, and the fact of it holds commitments.
    """
    _ensure_turn(turn, [request.player_id for request in requests])
    if not requests:
        return ()
    # Claimed before looking: a twin of one of these keys, in whatever shard, waits here; the
    # statement after it sees what the twin was answered.
    claims = rules.claims(requests, keys)
    claimed = await store.claim_keys(turn.tx, claims.values())
    earlier = await store.find_registrations(turn.tx, claims.keys() - claimed)
    fresh = rules.fresh_requests(requests, claimed)

    refusals = _refusals(turn, fresh)
    first = rules.first_of_each_email([item for item in fresh if item.key not in refusals])
    # Written before anything is said: a twin of one of these e-mails waits here and then loses.
    won = await store.save_logins(turn.tx, [_login(item, keys) for item in first.values()])
    unique = [request for request in first.values() if request.player_id in won]
    doubles = await _find_doubles(turn, unique, keys)
    refused = [item for item in unique if item.player_id in doubles and _refuses(item)]
    await store.take_back_logins(turn.tx, [item.player_id for item in refused])
    refusals |= {item.key: Refusal.DUPLICATE_PLAYER for item in refused}
    registered = [item for item in unique if item.key not in refusals]
    winners = {request.key for request in registered}
    for request in fresh:
        if request.key not in winners:
            refusals.setdefault(request.key, Refusal.EMAIL_TAKEN)

    await store.save_players(turn.tx, registered, turn.now)
    await store.save_ages(turn.tx, _ages(registered))
    await store.save_refusals(turn.tx, refusals)
    commitments = await _keep(turn, registered, keys)
    for request in fresh:
        _publish_registration(turn, request, refusals.get(request.key), commitments)
    for request in registered:
        _publish_flag(turn, request, doubles.get(request.player_id))
    registrations = {item.key: item for item in earlier} | {
        key: _answered(claims[key], refusals.get(key)) for key in claimed
    }
    return rules.answer_registrations(requests, registrations, fresh=claimed, keys=keys)


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


async def erase(turn: Turn, requests: Sequence[ErasureRequest]) -> tuple[ErasureAnswer, ...]:
    """Forget who players are: their data, their logins, and what could be compared with either.

    Every request is answered, in order.  It is refused, and the refusal published, while a player
    is not closed, has money or a payment with us, is excluded (nobody could tell any more who must
    not come back), or the licence's term of retention runs.  A
    player who was erased keeps a status and an id; facts and money stay as they are.  Asking again
    changes nothing.
    """
    _ensure_turn(turn, [request.player_id for request in requests])
    if not requests:
        return ()
    ids = {request.player_id for request in requests}
    players = await store.find_players(turn.tx, [(shard_of(item), item) for item in ids])
    closures = await store.find_closures(turn.tx, ids)
    refusals = [
        rules.refusal_to_erase(
            request,
            player := players.get(request.player_id),
            None if player is None else jurisdictions.find(player.jurisdiction),
            closed_at=closures.get(request.player_id),
            now=turn.now,
        )
        for request in requests
    ]
    allowed = [item for item, why in zip(requests, refusals, strict=True) if why is None]
    erased = iter(await _forget(turn, allowed))
    answers: list[ErasureAnswer] = []
    for request, why in zip(requests, refusals, strict=True):
        if why is None:
            answers.append(next(erased))
        else:
            _publish_erasure_refused(turn, request, why)
            answers.append(Refused(reason=why))
    return tuple(answers)


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
            request,
            licence := jurisdictions.find(request.jurisdiction),
            today=turn.now.date()
            if licence is None
            else jurisdictions.local_day(turn.now, licence),
        )
        for request in requests
    }
    return {key: reason for key, reason in decided.items() if reason is not None}


async def _find_doubles(
    turn: Turn, requests: Sequence[RegisterRequest], keys: PersonalKeys
) -> dict[PlayerId, PlayerId]:
    """Return who of those that register looks like whom; the first of its kind looks like nobody.

    A twin of one of these people waits here until the other transaction has ended.
    """
    codes = jurisdictions.codes()
    wanted = {
        request.player_id: rules.places_of_doubles(
            request, jurisdictions.get(request.jurisdiction), codes, keys
        )
        for request in requests
    }
    await store.claim_likenesses(
        turn.tx, [item for request in requests for item in rules.likenesses(request, keys)]
    )
    places = {place for looked_at in wanted.values() for place in looked_at}
    owners = await store.find_likenesses(turn.tx, places)
    doubles: dict[PlayerId, PlayerId] = {}
    for player_id, looked_at in wanted.items():
        others = {owners[place] for place in looked_at if place in owners} - {player_id}
        if others:
            # Ids sort by when they were drawn: the oldest of them.
            doubles[player_id] = min(others)
    return doubles


def _ages(requests: Iterable[RegisterRequest]) -> dict[PlayerId, date]:
    """Return as if when those were born whose licence has rules by age."""
    return {
        item.player_id: rules.born_by(item.born_on)
        for item in requests
        if (licence := jurisdictions.find(item.jurisdiction)) is not None
        and rules.asks_age(licence)
    }


def _refuses(request: RegisterRequest) -> bool:
    licence = jurisdictions.find(request.jurisdiction)
    return licence is not None and rules.refuses_duplicates(licence)


def _answered(claim: Registration, refusal: Refusal | None) -> Registration:
    return Registration(
        key=claim.key,
        request_digest=claim.request_digest,
        player_id=claim.player_id,
        refusal=refusal,
    )


def _login(request: RegisterRequest, keys: PersonalKeys) -> NewLogin:
    return NewLogin(
        shard=shard_of(request.player_id),
        player_id=request.player_id,
        email_digest=rules.email_digest(keys, request.email),
        password_hash=request.password_hash,
    )


async def _keep(
    turn: Turn, registered: Sequence[RegisterRequest], keys: PersonalKeys
) -> dict[PlayerId, Mapping[str, str]]:
    """Keep who the new players are; return the commitments to it."""
    wishes = [
        KeepRequest(subject_id=SubjectId(item.player_id), values=rules.personal_values(item))
        for item in registered
    ]
    answers = await personal.keep(turn, wishes, keys=keys)
    return {
        wish.subject_id: answer.commitments
        for wish, answer in zip(wishes, answers, strict=True)
        if isinstance(answer, Kept)
    }


async def _forget(turn: Turn, requests: Sequence[ErasureRequest]) -> list[PlayerErased]:
    """Erase players who may be erased."""
    answers = await personal.erase(
        turn,
        [
            EraseRequest(subject_id=SubjectId(request.player_id), basis=request.basis)
            for request in requests
        ],
    )
    await store.delete_logins(turn.tx, {request.player_id for request in requests})
    for request in requests:
        turn.recall(shard_of(request.player_id), BornBy).pop(request.player_id, None)
    done = [answer for answer in answers if isinstance(answer, Erased)]
    ensure(len(done) == len(requests), "of every player it is kept who they are")
    return [
        PlayerErased(player_id=item.subject_id, at=item.at, repeated=item.repeated) for item in done
    ]


def _publish_erasure_refused(turn: Turn, request: ErasureRequest, reason: Refusal) -> None:
    fact = ErasureRefused(player_id=request.player_id, basis=request.basis, reason=reason)
    turn.publish(shard_of(request.player_id), request.player_id, fact)


def _publish_registration(
    turn: Turn,
    request: RegisterRequest,
    refusal: Refusal | None,
    commitments: Mapping[PlayerId, Mapping[str, str]],
) -> None:
    fact = _registered(request, commitments) if refusal is None else _refused(request, refusal)
    turn.publish(shard_of(request.player_id), request.player_id, fact, cause=request.key)


def _publish_flag(turn: Turn, request: RegisterRequest, like: PlayerId | None) -> None:
    if like is not None:
        fact = PlayerFlagged(player_id=request.player_id, like=like)
        turn.publish(shard_of(request.player_id), request.player_id, fact, cause=request.key)


def _registered(
    request: RegisterRequest, commitments: Mapping[PlayerId, Mapping[str, str]]
) -> PlayerRegistered:
    return PlayerRegistered(
        player_id=request.player_id,
        jurisdiction=request.jurisdiction,
        currency=request.currency,
        status=PlayerStatus.ACTIVE,
        pd=commitments[request.player_id],
    )


def _refused(request: RegisterRequest, refusal: Refusal) -> RegistrationRefused:
    known = refusal is not Refusal.UNKNOWN_JURISDICTION
    return RegistrationRefused(
        player_id=request.player_id,
        reason=refusal,
        jurisdiction=request.jurisdiction if known else None,
    )
