"""Writes of access: inside the caller's turn of the player's shard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import identity, personal
from pitboss.players.access.facts import (
    FactorChanged,
    LoginLocked,
    LoginUnlocked,
    PasswordChanged,
    SessionEnded,
    StrangerRefused,
)
from pitboss.players.access.model import (
    ADDRESS_ATTEMPTS_MAX,
    ADDRESS_WINDOW,
    COUNTED,
    RECOVERY_CODE_BYTES,
    RECOVERY_CODES,
    SEED_BYTES,
    TOTP_SEED,
    Factor,
    FactorKind,
    LetIn,
    LoginAnswer,
    LoginTry,
    Refusal,
    Refused,
    Session,
    SessionEnd,
    SessionId,
    Unlocked,
)
from pitboss.players.identity.facts import SessionOpened, SessionRefused
from pitboss.players.identity.model import Player
from pitboss.players.personal.model import (
    Found,
    KeepRequest,
    PersonalKeys,
    Purpose,
    ReadRequest,
    SubjectId,
)

from . import rules, store


async def judge(turn: Turn, attempt: LoginTry, *, keys: PersonalKeys) -> LoginAnswer:
    """Let somebody in as a player, or not, and count it.

    The password was checked before; that is slow, so tries may wait here for each other, and each
    sees what those before it did: of any number of guesses at once no more count than the licence
    allows in a row.  Every try is told; whoever asks twice has logged in twice.
    """
    player = await _player(turn, attempt.player_id)
    licence = jurisdictions.get(player.jurisdiction)
    state = await store.find_state(turn.tx, player.id)
    factor = await store.find_factor(turn.tx, player.id, FactorKind.TOTP)
    proven = await _prove(turn, attempt, factor, keys)
    why = rules.refusal(attempt, player, state, factor=factor, proven=proven, now=turn.now)
    live = await store.find_open(turn.tx, player.id)
    if why is None and rules.keeps_out(licence):
        here = [item for item in live if item.is_live(turn.now, device=item.device)]
        why = Refusal.SESSION_ELSEWHERE if here else None
    after = rules.state_after(state, why, licence, now=turn.now)
    if why is not None:
        if after != state:
            await store.save_state(turn.tx, player.id, after)
        _publish(turn, player.id, _refused(player.id, why))
        if why in COUNTED and after.locked_at is not None:
            until = None if after.locked_until is None else write_instant(after.locked_until)
            fact = LoginLocked(player_id=player.id, failures=after.failures, until=until)
            _publish(turn, player.id, fact)
        return Refused(reason=why)

    if state.is_locked(turn.now):
        _publish(turn, player.id, LoginUnlocked(player_id=player.id, how=Unlocked.RECOVERED))
    await _use_up(turn, factor, proven)
    if rules.ends_others(licence):
        await _end(turn, player.id, live, SessionEnd.NEWER_SESSION)
    session = rules.new_session(attempt, player, licence, turn.now)
    await _open(turn, session)
    await store.save_state(turn.tx, player.id, after)
    return LetIn(session=session, previous_login_at=state.previous_login_at)


async def open_first(turn: Turn, attempt: LoginTry) -> Session:
    """Open the session of somebody who has just registered, in the turn that did it."""
    player = await _player(turn, attempt.player_id)
    licence = jurisdictions.get(player.jurisdiction)
    session = rules.new_session(attempt, player, licence, turn.now)
    await _open(turn, session)
    state = rules.state_after(
        await store.find_state(turn.tx, player.id), None, licence, now=turn.now
    )
    await store.save_state(turn.tx, player.id, state)
    return session


async def note_stranger(turn: Turn, stranger: PlayerId) -> None:
    """Tell that somebody tried an address that nobody has.

    `stranger` is drawn from that address, so that the work is in some shard and as much as for a
    player: the time taken does not tell who has an account.
    """
    await store.find_state(turn.tx, stranger)
    await store.find_factor(turn.tx, stranger, FactorKind.TOTP)
    await store.find_open(turn.tx, stranger)
    turn.publish(
        shard_of(stranger),
        derived_id("strangers", str(shard_of(stranger))),
        StrangerRefused(reason="unknown_email"),
    )


async def end_sessions(
    turn: Turn,
    player_id: PlayerId,
    reason: SessionEnd,
    *,
    only: SessionId | None = None,
    but: SessionId | None = None,
) -> int:
    """End a player's sessions: all, one, or all but one; return how many that were.

    It counts from the commit on, at the next request.  Ending again changes nothing.
    """
    found = [
        session
        for session in await store.find_open(turn.tx, player_id)
        if (only is None or session.id == only) and session.id != but
    ]
    await _end(turn, player_id, found, reason)
    return len(found)


async def touch(
    tx: Transaction, places: Sequence[tuple[Shard, SessionId]], *, now: datetime
) -> None:
    """Note that sessions were used, for those that end when they are idle."""
    await store.touch(tx, places, at=now)


async def unlock(turn: Turn, player_id: PlayerId) -> Refused | None:
    """Open a login again, by a member of staff; one that is open stays so."""
    place = (shard_of(player_id), player_id)
    if not await identity.recall_players(turn, [place]):
        return Refused(reason=Refusal.UNKNOWN_PLAYER)
    state = await store.find_state(turn.tx, player_id)
    if state.failures or state.locked_at is not None:
        after = replace(state, failures=0, locked_at=None, locked_until=None)
        await store.save_state(turn.tx, player_id, after)
        _publish(turn, player_id, LoginUnlocked(player_id=player_id, how=Unlocked.BY_STAFF))
    return None


async def change_password(
    turn: Turn, player_id: PlayerId, *, before: str, after: str, session_id: SessionId | None
) -> bool:
    """Store the hash of another password, and end every session but the one that asks.

    False, and nothing changed, if the stored hash is no longer `before`: it was changed meanwhile.
    """
    swapped = await identity.replace_password_hash(turn.tx, player_id, before=before, after=after)
    if swapped:
        await end_sessions(turn, player_id, SessionEnd.PASSWORD_CHANGED, but=session_id)
        _publish(turn, player_id, PasswordChanged(player_id=player_id))
    return swapped


async def offer_factor(turn: Turn, player_id: PlayerId, *, keys: PersonalKeys) -> str | Refused:
    """Draw a TOTP seed and return it once, in base 32; it counts when a code of it was shown.

    Asked again before that, another seed takes its place.
    """
    factor = await store.find_factor(turn.tx, player_id, FactorKind.TOTP)
    if factor is not None and factor.active:
        return Refused(reason=Refusal.FACTOR_ACTIVE)
    text = rules.write_seed(turn.entropy.random_bytes(SEED_BYTES))
    wish = KeepRequest(subject_id=SubjectId(player_id), values={TOTP_SEED: text})
    await personal.keep(turn, [wish], keys=keys)
    await store.save_factor(
        turn.tx, Factor(player_id=player_id, kind=FactorKind.TOTP, active=False)
    )
    _tell_factor(turn, player_id, "offered")
    return text


async def confirm_factor(
    turn: Turn, player_id: PlayerId, code: str, *, keys: PersonalKeys
) -> tuple[str, ...] | Refused:
    """Make an offered factor count, if this is a code of it; return recovery codes, once."""
    factor = await store.find_factor(turn.tx, player_id, FactorKind.TOTP)
    if factor is None or factor.active:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    step = await _step(turn, factor, code, keys)
    if step is None:
        return Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    codes = tuple(
        rules.write_recovery_code(turn.entropy.random_bytes(RECOVERY_CODE_BYTES))
        for _ in range(RECOVERY_CODES)
    )
    digests = [rules.recovery_digest(keys, player_id, item) for item in codes]
    await store.save_factor(
        turn.tx,
        replace(
            factor,
            active=True,
            last_step=step,
            recovery=tuple(item for item in digests if item is not None),
        ),
    )
    _tell_factor(turn, player_id, "confirmed")
    return codes


async def remove_factor(
    turn: Turn, player_id: PlayerId, code: str, *, keys: PersonalKeys
) -> Refused | None:
    """Let a player do without the second factor, if they show a code of it once more."""
    factor = await store.find_factor(turn.tx, player_id, FactorKind.TOTP)
    if factor is None or not factor.active:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    if await _step(turn, factor, code, keys) is None:
        return Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    await store.delete_factors(turn.tx, player_id)
    _tell_factor(turn, player_id, "removed")
    return None


async def forget(turn: Turn, player_id: PlayerId) -> None:
    """Forget what a player who was erased proved who they are with, and end what is open."""
    await end_sessions(turn, player_id, SessionEnd.ERASED)
    await store.delete_factors(turn.tx, player_id)


async def count_attempt(
    tx: Transaction, address: str, *, keys: PersonalKeys, now: datetime
) -> bool:
    """Count a try from a network address before it is made; say whether it may be.

    Counted first, so that no number of tries at once gets past.  `now` is the machine's clock.
    """
    digest = rules.address_digest(keys, address)
    tries = await store.count_attempt(tx, digest, now=now, window=ADDRESS_WINDOW)
    return tries <= ADDRESS_ATTEMPTS_MAX


async def unsay_attempt(tx: Transaction, address: str, *, keys: PersonalKeys) -> None:
    """Take back a try that let somebody in: who comes and goes is no attacker."""
    await store.unsay_attempt(tx, rules.address_digest(keys, address))


async def _prove(
    turn: Turn, attempt: LoginTry, factor: Factor | None, keys: PersonalKeys
) -> rules.Proven:
    """Look at what was shown beside the password, if it was right: nobody else learns anything."""
    if factor is None or not factor.active or not attempt.right:
        return rules.Proven()
    if attempt.recovery_code is not None:
        digest = rules.recovery_digest(keys, attempt.player_id, attempt.recovery_code)
        return rules.Proven(recovery=digest if digest in factor.recovery else None)
    if attempt.code is None:
        return rules.Proven()
    return rules.Proven(step=await _step(turn, factor, attempt.code, keys))


async def _step(turn: Turn, factor: Factor, code: str, keys: PersonalKeys) -> int | None:
    wish = ReadRequest(
        subject_id=SubjectId(factor.player_id),
        purpose=Purpose.AUTHENTICATION,
        paths=(TOTP_SEED,),
    )
    (found,) = await personal.read(turn, [wish], keys=keys)
    if not isinstance(found, Found) or TOTP_SEED not in found.values:
        return None
    seed = rules.read_seed(found.values[TOTP_SEED])
    return rules.step_of(seed, code, last_step=factor.last_step, now=turn.now)


async def _use_up(turn: Turn, factor: Factor | None, proven: rules.Proven) -> None:
    """Note what was shown, so that it is not accepted again."""
    if factor is None or not proven.holds:
        return
    left = tuple(item for item in factor.recovery if item != proven.recovery)
    step = factor.last_step if proven.step is None else proven.step
    await store.save_factor(turn.tx, replace(factor, recovery=left, last_step=step))
    if proven.recovery is not None:
        _tell_factor(turn, factor.player_id, "recovery_code_used")


async def _open(turn: Turn, session: Session) -> None:
    await store.save_session(turn.tx, session)
    _publish(
        turn,
        session.player_id,
        SessionOpened(
            player_id=session.player_id,
            session_id=session.id,
            ends_at=None if session.ends_at is None else write_instant(session.ends_at),
            idle_seconds=session.idle_seconds,
        ),
    )


async def _end(
    turn: Turn, player_id: PlayerId, sessions: Collection[Session], reason: SessionEnd
) -> None:
    ensure(shard_of(player_id) in turn.heads, "sessions are ended by who holds the player's turn")
    if not sessions:
        return
    ids = [session.id for session in sessions]
    await store.end_sessions(turn.tx, shard_of(player_id), ids, at=turn.now, reason=reason)
    turn.revoke(shard_of(player_id))
    for session_id in ids:
        fact = SessionEnded(player_id=player_id, session_id=session_id, reason=reason)
        _publish(turn, player_id, fact)


async def _player(turn: Turn, player_id: PlayerId) -> Player:
    place = (shard_of(player_id), player_id)
    found = await identity.recall_players(turn, [place])
    ensure(player_id in found, "who logs in is a player")
    return found[player_id]


def _refused(player_id: PlayerId, why: Refusal) -> SessionRefused:
    return SessionRefused(player_id=player_id, reason=why, counted=why in COUNTED)


def _tell_factor(turn: Turn, player_id: PlayerId, change: str) -> None:
    fact = FactorChanged(player_id=player_id, kind=FactorKind.TOTP, change=change)
    _publish(turn, player_id, fact)


def _publish(
    turn: Turn,
    player_id: PlayerId,
    fact: SessionOpened
    | SessionRefused
    | SessionEnded
    | LoginLocked
    | LoginUnlocked
    | FactorChanged
    | PasswordChanged,
) -> None:
    turn.publish(shard_of(player_id), player_id, fact)
