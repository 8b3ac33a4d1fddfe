"""Writes of second factors: inside the caller's turn of the player's shard.

Whether somebody may change them is asked by `access.show`, which counts what was wrong.
"""

from __future__ import annotations

from dataclasses import replace

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.factors.facts import FactorChanged
from pitboss.players.factors.model import (
    CHALLENGE_BYTES,
    CHALLENGE_LIFE,
    RECOVERY_CODE_BYTES,
    RECOVERY_CODES,
    SECURITY_KEYS_MAX,
    SEED_BYTES,
    TOTP_SEED,
    Assertion,
    Ceremony,
    Challenge,
    ChallengeAnswer,
    Factor,
    FactorKind,
    Factors,
    NewKey,
    Proof,
    Proven,
    Refusal,
    Refused,
    SecurityKey,
)
from pitboss.players.factors.ports import Authenticators
from pitboss.players.personal.model import (
    Found,
    KeepRequest,
    PersonalKeys,
    Purpose,
    ReadRequest,
    SubjectId,
)

from . import rules, store


async def offer_factor(turn: Turn, player_id: PlayerId, *, keys: PersonalKeys) -> str | Refused:
    """Draw a TOTP seed and return it once, in base 32; it counts when a code of it was shown.

    Asked again before that, another seed takes its place.
    """
    factor = (await store.find_factors(turn.tx, player_id)).get(FactorKind.TOTP)
    if factor is not None and factor.active:
        return Refused(reason=Refusal.FACTOR_ACTIVE)
    text = rules.write_seed(turn.entropy.random_bytes(SEED_BYTES))
    wish = KeepRequest(subject_id=SubjectId(player_id), values={TOTP_SEED: text})
    await personal.keep(turn, [wish], keys=keys)
    await store.save_factor(
        turn.tx, Factor(player_id=player_id, kind=FactorKind.TOTP, active=False)
    )
    _tell(turn, player_id, FactorKind.TOTP, "offered")
    return text


async def confirm_factor(
    turn: Turn, player_id: PlayerId, code: str, *, keys: PersonalKeys
) -> tuple[str, ...] | Refused:
    """Make an offered factor count, if this is a code of it; return recovery codes, once."""
    factor = (await store.find_factors(turn.tx, player_id)).get(FactorKind.TOTP)
    if factor is None or factor.active:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    step = await _step(turn, factor, code, keys)
    if step is None:
        return Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    codes, recovery = _draw_codes(turn, player_id, keys)
    await store.save_factor(
        turn.tx, replace(factor, active=True, last_step=step, recovery=recovery)
    )
    _tell(turn, player_id, FactorKind.TOTP, "confirmed")
    return codes


async def remove_factor(turn: Turn, player_id: PlayerId) -> Refused | None:
    """Forget the authenticator's codes of a player who has shown that they may do that."""
    factor = (await store.find_factors(turn.tx, player_id)).get(FactorKind.TOTP)
    if factor is None or not factor.active:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    await store.delete_factor(turn.tx, player_id, FactorKind.TOTP)
    _tell(turn, player_id, FactorKind.TOTP, "removed")
    return None


async def challenge(turn: Turn, player_id: PlayerId, ceremony: Ceremony) -> ChallengeAnswer:
    """Draw what a security key must sign, once, within five minutes; the one before is void."""
    known = await store.find_keys(turn.tx, player_id)
    if ceremony is Ceremony.ASSERTION and not known:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    drawn = Challenge(
        content=turn.entropy.random_bytes(CHALLENGE_BYTES),
        expires_at=turn.now + CHALLENGE_LIFE,
        credential_ids=tuple(key.credential_id for key in known),
    )
    await store.save_challenge(turn.tx, player_id, ceremony, drawn)
    return drawn


async def add_key(
    turn: Turn,
    player_id: PlayerId,
    shown: NewKey,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators,
) -> tuple[str, ...] | Refused:
    """Register a security key that signed the newest challenge; it counts from now on.

    Returns recovery codes with the first key, and none with another.
    Source: Web Authentication Level 2, section 7.1.
    """
    challenged = await store.take_challenge(turn.tx, player_id, Ceremony.REGISTRATION)
    if challenged is None or challenged.expires_at <= turn.now:
        return Refused(reason=Refusal.WRONG_SECURITY_KEY)
    read = authenticators.read_new(challenged.content, shown)
    if read is None:
        return Refused(reason=Refusal.WRONG_SECURITY_KEY)
    credential_id, public_key, counter = read
    known = await store.find_keys(turn.tx, player_id)
    if credential_id in {key.credential_id for key in known}:
        return Refused(reason=Refusal.SECURITY_KEY_KNOWN)
    if len(known) >= SECURITY_KEYS_MAX:
        return Refused(reason=Refusal.TOO_MANY_SECURITY_KEYS)
    key = SecurityKey(
        player_id=player_id,
        credential_id=credential_id,
        public_key=public_key,
        counter=counter,
        added_at=turn.now,
    )
    await store.save_key(turn.tx, key)
    _tell(turn, player_id, FactorKind.WEBAUTHN, "added")
    if known:
        return ()
    codes, recovery = _draw_codes(turn, player_id, keys)
    factor = Factor(player_id=player_id, kind=FactorKind.WEBAUTHN, active=True, recovery=recovery)
    await store.save_factor(turn.tx, factor)
    return codes


async def remove_key(turn: Turn, player_id: PlayerId, credential_id: bytes) -> Refused | None:
    """Forget a security key of a player who has shown that they may do that."""
    known = await store.find_keys(turn.tx, player_id)
    wanted = [key for key in known if key.credential_id == credential_id]
    if not wanted:
        return Refused(reason=Refusal.FACTOR_NOT_OFFERED)
    await store.delete_key(turn.tx, wanted[0])
    if len(known) == 1:
        await store.delete_factor(turn.tx, player_id, FactorKind.WEBAUTHN)
    _tell(turn, player_id, FactorKind.WEBAUTHN, "removed")
    return None


async def forget(turn: Turn, player_id: PlayerId) -> None:
    """Forget all that a player proves a second time with."""
    await store.forget(turn.tx, player_id)


async def prove(
    turn: Turn,
    player_id: PlayerId,
    factors: Factors,
    proof: Proof,
    *,
    keys: PersonalKeys,
    authenticators: Authenticators,
) -> Proven:
    """Return what holds of what is shown; a challenge that was answered is spent.

    Nothing else changes until `use_up`: who is refused for another reason may show it again.
    """
    active = [factor for factor in factors.values() if factor.active]
    if not active or proof.is_empty:
        return Proven()
    recovery, step, key = None, None, None
    if proof.recovery_code is not None:
        digest = rules.recovery_digest(keys, player_id, proof.recovery_code)
        recovery = digest if any(digest in factor.recovery for factor in active) else None
    totp = factors.get(FactorKind.TOTP)
    if proof.code is not None and totp in active:
        step = await _step(turn, totp, proof.code, keys)
    if proof.assertion is not None:
        key = await _assert(turn, player_id, proof.assertion, authenticators)
    return Proven(step=step, recovery=recovery, key=key)


async def use_up(turn: Turn, factors: Factors, proven: Proven) -> None:
    """Note what was shown, so that it is not accepted again."""
    if proven.key is not None:
        await store.save_key(turn.tx, proven.key)
    for kind, factor in factors.items():
        after = factor
        if kind is FactorKind.TOTP and proven.step is not None:
            after = replace(after, last_step=proven.step)
        if proven.recovery in factor.recovery:
            left = tuple(item for item in factor.recovery if item != proven.recovery)
            after = replace(after, recovery=left)
            _tell(turn, factor.player_id, kind, "recovery_code_used")
        if after != factor:
            await store.save_factor(turn.tx, after)


async def _assert(
    turn: Turn, player_id: PlayerId, shown: Assertion, authenticators: Authenticators
) -> SecurityKey | None:
    """Return the key that signed the newest challenge, which is spent whatever comes of it."""
    challenged = await store.take_challenge(turn.tx, player_id, Ceremony.ASSERTION)
    if challenged is None or challenged.expires_at <= turn.now:
        return None
    for key in await store.find_keys(turn.tx, player_id):
        if key.credential_id != shown.credential_id:
            continue
        counter = authenticators.read_assertion(challenged.content, shown, key.public_key)
        if counter is None:
            return None
        if not rules.counts_on(key, counter):
            _tell(turn, player_id, FactorKind.WEBAUTHN, "counter_went_back")
            return None
        return replace(key, counter=counter, used_at=turn.now)
    return None


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


def _draw_codes(
    turn: Turn, player_id: PlayerId, keys: PersonalKeys
) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """Draw recovery codes, as they are shown and as they are kept."""
    codes = tuple(
        rules.write_recovery_code(turn.entropy.random_bytes(RECOVERY_CODE_BYTES))
        for _ in range(RECOVERY_CODES)
    )
    digests = [rules.recovery_digest(keys, player_id, item) for item in codes]
    return codes, tuple(item for item in digests if item is not None)


def _tell(turn: Turn, player_id: PlayerId, kind: FactorKind, change: str) -> None:
    fact = FactorChanged(player_id=player_id, kind=kind, change=change)
    turn.publish(shard_of(player_id), player_id, fact)
