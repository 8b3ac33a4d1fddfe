"""Writes of access: inside the caller's turn of the player's shard."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import factors, identity
from pitboss.players.access.facts import (
    LoginLocked,
    LoginUnlocked,
    PasswordChanged,
    SessionEnded,
    StrangerRefused,
)
from pitboss.players.access.model import (
    ADDRESS_ATTEMPTS_MAX,
    ADDRESS_WINDOW,
    ADDRESSES_FORGOTTEN_AT_ONCE,
    COUNTED,
    LetIn,
    LoginAnswer,
    LoginState,
    LoginTry,
    PasswordChange,
    Refusal,
    Refused,
    Session,
    SessionEnd,
    SessionId,
    Unlocked,
)
from pitboss.players.factors.model import (
    NOTHING_SHOWN,
    Ceremony,
    Challenge,
    FactorKind,
    Proof,
    Proven,
    is_guarded,
)
from pitboss.players.factors.model import Refused as NoChallenge
from pitboss.players.factors.ports import Authenticators, NoAuthenticators
from pitboss.players.identity.facts import SessionOpened, SessionRefused
from pitboss.players.identity.model import Player
from pitboss.players.personal.model import PersonalKeys

from . import rules, store

NO_AUTHENTICATORS = NoAuthenticators()
# What was over for so long is so by the clock of every process; until then it is ended as well.
CLOCKS_APART = timedelta(hours=1)


async def judge(
    turn: Turn,
    attempt: LoginTry,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators = NO_AUTHENTICATORS,
) -> LoginAnswer:
    """Let somebody in as a player, or not, and count it: `admit`, and `enter` in the same turn.

    Whoever asks twice has logged in twice.
    """
    refused = await admit(turn, attempt, keys=keys, authenticators=authenticators)
    return await enter(turn, attempt) if refused is None else refused


async def admit(
    turn: Turn,
    attempt: LoginTry,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators = NO_AUTHENTICATORS,
) -> Refused | None:
    """Say whether somebody may enter, and count it; what they showed is used up.

    The password was checked before; that is slow, so tries may wait here for each other, and each
    sees what those before it did: of any number of guesses at once no more count than the licence
    allows in a row.  Every try that is refused is told.
    """
    player = await _player(turn, attempt.player_id)
    licence = jurisdictions.get(player.jurisdiction)
    state = await store.find_state(turn.tx, player.id)
    known = await factors.find_factors(turn.tx, player.id)
    # If the password was wrong nobody looks at the rest: who guesses learns nothing about it.
    proof = attempt.proof if attempt.right else NOTHING_SHOWN
    proven = await factors.prove(
        turn, player.id, known, proof, keys=keys, authenticators=authenticators
    )
    why = rules.refusal(
        attempt,
        player,
        state,
        licence,
        guarded=is_guarded(known),
        proven=proven,
        now=turn.now,
    )
    live = await store.find_open(turn.tx, player.id, since=turn.now - CLOCKS_APART)
    why = why or rules.kept_out(live, licence, turn.now)
    if why is not None:
        return await _refuse(turn, player, state, why)

    if state.is_locked(turn.now):
        after = replace(state, failures=0, locked_at=None, locked_until=None)
        await store.save_state(turn.tx, player.id, after)
        _publish(turn, player.id, LoginUnlocked(player_id=player.id, how=Unlocked.RECOVERED))
    await factors.use_up(turn, known, proven)
    return None


async def enter(turn: Turn, attempt: LoginTry) -> LoginAnswer:
    """Open the session of who was admitted, perhaps in a turn before; what changed since counts."""
    player = await _player(turn, attempt.player_id)
    licence = jurisdictions.get(player.jurisdiction)
    state = await store.find_state(turn.tx, player.id)
    live = await store.find_open(turn.tx, player.id, since=turn.now - CLOCKS_APART)
    why = rules.refusal(
        attempt, player, state, licence, guarded=False, proven=Proven(), now=turn.now
    )
    why = why or rules.kept_out(live, licence, turn.now)
    if why is not None:
        return await _refuse(turn, player, state, why)
    if rules.ends_others(licence):
        await _end(turn, player.id, live, SessionEnd.NEWER_SESSION)
    session = rules.new_session(attempt, player, licence, turn.now)
    await _open(turn, session)
    after = rules.state_after(state, None, licence, now=turn.now)
    await store.save_state(turn.tx, player.id, after)
    return LetIn(session=session, previous_login_at=state.previous_login_at)


async def challenge_login(
    turn: Turn, player_id: PlayerId, *, right: bool
) -> Challenge | Refused | NoChallenge:
    """Return what a security key must sign for a login; a wrong password counts as at one."""
    player = await _player(turn, player_id)
    state = await store.find_state(turn.tx, player_id)
    if not right:
        locked = state.is_locked(turn.now)
        why = Refusal.LOGIN_LOCKED if locked else Refusal.WRONG_PASSWORD
        return await _refuse(turn, player, state, why)
    # Of a locked login too: a recovery code and a key may be what opens it.
    return await factors.challenge(turn, player_id, Ceremony.ASSERTION)


async def show(
    turn: Turn,
    player_id: PlayerId,
    proof: Proof,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators = NO_AUTHENTICATORS,
    gives_up: FactorKind | None = None,
) -> Refused | None:
    """Ask who is logged in for a second factor once more, if they have one.

    Whoever changes factors is asked, so that a stolen token is not enough to; what is wrong counts
    as at a login, so that it guesses no code.  `gives_up` is what the player wants to do without:
    not the last one, where the licence wants one.
    """
    known = await factors.find_factors(turn.tx, player_id)
    if not is_guarded(known):
        return None
    player = await _player(turn, player_id)
    if gives_up is FactorKind.WEBAUTHN and len(await factors.find_keys(turn.tx, player_id)) > 1:
        gives_up = None
    if gives_up is not None and rules.must_stay(jurisdictions.get(player.jurisdiction), known):
        return Refused(reason=Refusal.FACTOR_REQUIRED)
    state = await store.find_state(turn.tx, player_id)
    if state.is_locked(turn.now):
        return Refused(reason=Refusal.LOGIN_LOCKED)
    proven = await factors.prove(
        turn, player_id, known, proof, keys=keys, authenticators=authenticators
    )
    why = rules.unproven(proof, proven)
    if why is not None:
        return await _refuse(turn, player, state, why)
    await factors.use_up(turn, known, proven)
    return None


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
    await factors.find_factors(turn.tx, stranger)
    await store.find_open(turn.tx, stranger, since=turn.now - CLOCKS_APART)
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

    It counts from the commit on, at the next request.  Ending again changes nothing, and what has
    long been over by itself stays as it is.
    """
    found = [
        session
        for session in await store.find_open(turn.tx, player_id, since=turn.now - CLOCKS_APART)
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
    turn: Turn,
    change: PasswordChange,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators = NO_AUTHENTICATORS,
) -> Refused | None:
    """Store the hash of another password, and end every session but the one that asks.

    Whoever asks is judged as at a login, because the token may be stolen: nothing is changed while
    the login is locked, a wrong password or factor counts, and who has a factor shows it.  Refused
    too if the stored hash is no longer `before`: it was changed meanwhile.
    """
    player = await _player(turn, change.player_id)
    state = await store.find_state(turn.tx, player.id)
    if state.is_locked(turn.now):
        return await _refuse(turn, player, state, Refusal.LOGIN_LOCKED)
    if not change.right:
        return await _refuse(turn, player, state, Refusal.WRONG_PASSWORD)
    refused = await show(turn, player.id, change.proof, keys=keys, authenticators=authenticators)
    if refused is not None:
        return refused
    swapped = await identity.replace_password_hash(
        turn.tx, player.id, before=change.before, after=change.after
    )
    if not swapped:
        return Refused(reason=Refusal.WRONG_PASSWORD)
    await end_sessions(turn, player.id, SessionEnd.PASSWORD_CHANGED, but=change.session_id)
    _publish(turn, player.id, PasswordChanged(player_id=player.id))
    return None


async def forget(turn: Turn, player_id: PlayerId) -> None:
    """Forget what a player who was erased proved who they are with, and end what is open."""
    await end_sessions(turn, player_id, SessionEnd.ERASED)
    await factors.forget(turn, player_id)


async def count_attempt(
    tx: Transaction, address: str, *, keys: PersonalKeys, now: datetime
) -> bool:
    """Count a try from a network address before it is made; say whether it may be.

    Counted first, so that no number of tries at once gets past.  `now` is the machine's clock.
    """
    digest = rules.address_digest(keys, address)
    tries = await store.count_attempt(tx, digest, now=now, window=ADDRESS_WINDOW)
    if tries == 1:
        # For each address that comes, more than one goes whose window is over.
        await store.forget_addresses(
            tx, before=now - ADDRESS_WINDOW, limit=ADDRESSES_FORGOTTEN_AT_ONCE
        )
    return tries <= ADDRESS_ATTEMPTS_MAX


async def unsay_attempt(tx: Transaction, address: str, *, keys: PersonalKeys) -> None:
    """Take back a try that let somebody in: who comes and goes is no attacker."""
    await store.unsay_attempt(tx, rules.address_digest(keys, address))


async def _refuse(turn: Turn, player: Player, state: LoginState, why: Refusal) -> Refused:
    """Tell that somebody was not let in, and count it if it was a guess."""
    licence = jurisdictions.get(player.jurisdiction)
    after = rules.state_after(state, why, licence, now=turn.now)
    if after != state:
        await store.save_state(turn.tx, player.id, after)
    fact = SessionRefused(player_id=player.id, reason=why, counted=why in COUNTED)
    _publish(turn, player.id, fact)
    if why in COUNTED and after.locked_at is not None:
        until = None if after.locked_until is None else write_instant(after.locked_until)
        locked = LoginLocked(player_id=player.id, failures=after.failures, until=until)
        _publish(turn, player.id, locked)
    return Refused(reason=why)


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
    remembered = turn.recall(shard_of(player_id), Session)
    for session_id in ids:
        remembered.pop(session_id, None)
        fact = SessionEnded(player_id=player_id, session_id=session_id, reason=reason)
        _publish(turn, player_id, fact)


async def _player(turn: Turn, player_id: PlayerId) -> Player:
    place = (shard_of(player_id), player_id)
    found = await identity.recall_players(turn, [place])
    ensure(player_id in found, "who logs in is a player")
    return found[player_id]


def _publish(
    turn: Turn,
    player_id: PlayerId,
    fact: SessionOpened
    | SessionRefused
    | SessionEnded
    | LoginLocked
    | LoginUnlocked
    | PasswordChanged,
) -> None:
    turn.publish(shard_of(player_id), player_id, fact)
