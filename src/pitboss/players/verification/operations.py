"""Writes of verification: inside the caller's turn, safe to repeat with the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.verification.facts import (
    VerificationDecided,
    VerificationDocumentsTold,
    VerificationGivenUp,
    VerificationNewsRefused,
    VerificationNotMade,
    VerificationRequested,
    VerificationSubmitted,
    VerificationTold,
)
from pitboss.players.verification.model import (
    DOCUMENTS_POSSIBLE,
    STAFF,
    Believed,
    Check,
    CheckNews,
    CheckRequest,
    CheckState,
    DecisionRequest,
    NewsAnswer,
    NewsRefusal,
    NewsRefused,
    Postponement,
    Refusal,
    Refused,
    RequestAnswer,
    Requested,
    Submission,
    Verification,
)

from . import rules, store


async def request(turn: Turn, requests: Sequence[CheckRequest]) -> tuple[RequestAnswer, ...]:
    """Ask for checks of players' identities; the loop asks the provider afterwards.

    Every request is answered, in order, and sees what those before it did.  Asking again with the
    same key gives the first answer, a refusal too.  A player has one open check at most, and none
    while verified; who was refused, or whose check failed, may ask again with another key.
    """
    _ensure_turn(turn, [item.player_id for item in requests])
    return tuple([await _request(turn, item) for item in requests])


async def decide(turn: Turn, requests: Sequence[DecisionRequest]) -> tuple[RequestAnswer, ...]:
    """Note what members of staff found; it counts at once, whatever a provider said.

    A check that is still open is closed by it, so that a late word cannot undo the decision.
    Asking again with the same key gives the first answer; another body is refused.
    """
    _ensure_turn(turn, [item.player_id for item in requests])
    return tuple([await _decide(turn, item) for item in requests])


async def record_submissions(turn: Turn, submissions: Sequence[Submission]) -> None:
    """Note that a provider took checks on; noted again, or too late, it changes nothing."""
    for item in submissions:
        place = (item.shard, item.check_id)
        check = (await store.find_checks(turn.tx, [place])).get(item.check_id)
        if check is None or check.state is not CheckState.REQUESTED:
            continue
        after = replace(check, state=CheckState.SUBMITTED, reference=item.reference)
        await store.move_check(turn.tx, after)
        _publish(
            turn,
            check,
            VerificationSubmitted(
                player_id=check.player_id, check_id=check.id, reference=item.reference
            ),
        )


async def record_news(turn: Turn, news: Sequence[CheckNews]) -> tuple[NewsAnswer, ...]:
    """Record what providers told, believed or not; what was told before changes nothing.

    The turn holds the shards that `find_shards` names.
    """
    return tuple([await _record(turn, item) for item in news])


async def give_up(turn: Turn, checks: Sequence[Check], *, reason: str) -> None:
    """Close checks of which nothing came; their players stand as before anybody looked."""
    for item in checks:
        check = (await store.find_checks(turn.tx, [(item.shard, item.id)])).get(item.id)
        if check is None or not check.state.is_open:
            continue
        after = replace(
            check, state=CheckState.FAILED, reason=reason, documents=(), closed_at=turn.now
        )
        await store.move_check(turn.tx, after)
        await _stand(turn, after)
        _publish(
            turn,
            check,
            VerificationGivenUp(player_id=check.player_id, check_id=check.id, reason=reason),
        )


async def postpone(turn: Turn, postponements: Sequence[Postponement]) -> None:
    """Write when the loop looks at checks again."""
    await store.postpone(turn.tx, postponements)


def tell_documents(turn: Turn, player_id: PlayerId) -> tuple[str, ...]:
    """Return which documents may be asked for, and note that the player was told.

    Source: LCCP 17.1.1(3): before the first deposit.
    """
    fact = VerificationDocumentsTold(player_id=player_id, documents=DOCUMENTS_POSSIBLE)
    turn.publish(shard_of(player_id), player_id, fact)
    return DOCUMENTS_POSSIBLE


async def _request(turn: Turn, item: CheckRequest) -> RequestAnswer:
    shard = shard_of(item.player_id)
    check_id = rules.check_id(item.player_id, item.key, item.provider)
    earlier = (await store.find_checks(turn.tx, [(shard, check_id)])).get(check_id)
    if earlier is not None:
        return _repeated(earlier, item)
    standing = (await store.find_verifications(turn.tx, [item.player_id])).get(item.player_id)
    refusal = rules.refusal_to_check(
        standing, known=await _is_known(turn, item.player_id), now=turn.now
    )
    check = Check(
        shard=shard,
        id=check_id,
        player_id=item.player_id,
        provider=item.provider,
        state=CheckState.REQUESTED if refusal is None else CheckState.NOT_MADE,
        reason=refusal,
        requested_at=turn.now,
        closed_at=None if refusal is None else turn.now,
    )
    await store.save_checks(turn.tx, [check])
    if refusal is None:
        await _stand(turn, check)
        _publish(
            turn,
            check,
            VerificationRequested(
                player_id=item.player_id, check_id=check_id, provider=item.provider
            ),
        )
        return Requested(check=check)
    _publish(
        turn,
        check,
        VerificationNotMade(
            player_id=item.player_id, check_id=check_id, provider=item.provider, reason=refusal
        ),
    )
    return Refused(reason=refusal)


async def _decide(turn: Turn, item: DecisionRequest) -> RequestAnswer:
    shard = shard_of(item.player_id)
    check_id = rules.check_id(item.player_id, item.key, STAFF)
    earlier = (await store.find_checks(turn.tx, [(shard, check_id)])).get(check_id)
    if earlier is not None:
        return _repeated(earlier, item)
    if not await _is_known(turn, item.player_id):
        return Refused(reason=Refusal.UNKNOWN_PLAYER)
    await _supersede(turn, item.player_id)
    check = Check(
        shard=shard,
        id=check_id,
        player_id=item.player_id,
        provider=STAFF,
        state=CheckState(item.decision.value),
        reason=item.reason.value,
        valid_until=item.valid_until,
        requested_at=turn.now,
        closed_at=turn.now,
    )
    await store.save_checks(turn.tx, [check])
    await _stand(turn, check)
    until = None if item.valid_until is None else write_instant(item.valid_until)
    _publish(
        turn,
        check,
        VerificationDecided(
            player_id=item.player_id,
            check_id=check_id,
            decision=item.decision,
            reason=item.reason,
            valid_until=until,
        ),
    )
    return Requested(check=check)


async def _supersede(turn: Turn, player_id: PlayerId) -> None:
    """Close the check that a decision of staff comes before the end of."""
    standing = (await store.find_verifications(turn.tx, [player_id])).get(player_id)
    if standing is None or standing.check_id is None:
        return
    place = (shard_of(player_id), standing.check_id)
    for check in (await store.find_checks(turn.tx, [place])).values():
        if check.state.is_open:
            await store.move_check(turn.tx, rules.superseded(check, at=turn.now))


async def _record(turn: Turn, news: CheckNews) -> NewsAnswer:
    shard, check = await _find_anywhere(turn, news)
    digest = rules.digest(news)
    earlier = await store.find_news(turn.tx, shard, news.provider, news.event_id, digest)
    if earlier is not None:
        return _news_answer(earlier[0])
    refusal = rules.refusal_to_believe(check, news)
    await store.save_news(turn.tx, shard, news, digest, refusal, turn.now)
    if check is not None and refusal is None:
        after = rules.told(check, news, at=turn.now)
        await store.move_check(turn.tx, after)
        await _stand(turn, after)
        _publish(turn, check, _told(check, news, digest))
        return Believed()
    turn.publish(
        shard,
        news.check_id if check is None else check.player_id,
        VerificationNewsRefused(
            check_id=news.check_id,
            provider=news.provider,
            event_id=news.event_id,
            digest=digest,
            reference=news.reference,
            status=news.status,
            refusal=refusal or NewsRefusal.UNKNOWN_CHECK,
        ),
    )
    return _news_answer(refusal)


async def _find_anywhere(turn: Turn, news: CheckNews) -> tuple[Shard, Check | None]:
    """Return a check that a provider names, and the shard in which that is recorded."""
    shard = (await store.find_shards(turn.tx, [news.check_id])).get(news.check_id, SYSTEM_SHARD)
    ensure(shard in turn.heads, "news is recorded by who holds the turn of its check's shard")
    return shard, (await store.find_checks(turn.tx, [(shard, news.check_id)])).get(news.check_id)


async def _is_known(turn: Turn, player_id: PlayerId) -> bool:
    place = (shard_of(player_id), player_id)
    return bool(await identity.recall_players(turn, [place]))


async def _stand(turn: Turn, check: Check) -> None:
    """Write how a player stands by a check, and remember nothing older."""
    standing = rules.standing_after(check, at=turn.now)
    await store.save_verifications(turn.tx, [standing])
    turn.recall(check.shard, Verification).pop(check.player_id, None)


def _repeated(earlier: Check, item: CheckRequest | DecisionRequest) -> RequestAnswer:
    if earlier.state is CheckState.NOT_MADE:
        return Refused(reason=Refusal(earlier.reason or ""))
    if not rules.is_repeat(earlier, item):
        return Refused(reason=Refusal.KEY_REUSED)
    return Requested(check=earlier)


def _told(check: Check, news: CheckNews, digest: str) -> VerificationTold:
    return VerificationTold(
        player_id=check.player_id,
        check_id=check.id,
        provider=news.provider,
        event_id=news.event_id,
        digest=digest,
        reference=news.reference,
        status=news.status,
        reason=news.reason,
        documents=news.documents,
        valid_until=None if news.valid_until is None else write_instant(news.valid_until),
    )


def _news_answer(refusal: NewsRefusal | None) -> NewsAnswer:
    return Believed() if refusal is None else NewsRefused(reason=refusal)


def _publish(
    turn: Turn,
    check: Check,
    fact: VerificationRequested
    | VerificationNotMade
    | VerificationSubmitted
    | VerificationTold
    | VerificationGivenUp
    | VerificationDecided,
) -> None:
    turn.publish(check.shard, check.player_id, fact, cause=check.id)


def _ensure_turn(turn: Turn, player_ids: Iterable[PlayerId]) -> None:
    ensure(
        all(shard_of(player_id) in turn.heads for player_id in player_ids),
        "players are verified by who holds their shard's turn",
    )
