"""Writes of the registry: inside a turn of the catalogue's shard, safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.games.registry import rules, store
from pitboss.games.registry.facts import (
    GameCertificateExpiryTold,
    GameCertificateWithdrawn,
    GameCertified,
    GameListed,
    GameOddsTold,
    GameSuspensionChanged,
    GameVersionChosen,
)
from pitboss.games.registry.model import (
    Answer,
    Certificate,
    Changed,
    Listing,
    Refusal,
    Refused,
    Suspension,
    Version,
    Withdrawal,
)
from pitboss.games.registry.queries import version_of
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn


async def import_games(turn: Turn, listings: Sequence[Listing]) -> tuple[Answer, ...]:
    """Take in versions of games and their certificates; each is the one that is played from now.

    Every listing is answered, in order; one that contradicts what is known is refused and stops
    nobody else.  Listing the same again changes nothing, but that what was not told before may be
    told once: how often its highest win comes, and on which day a certificate counts last.  A new
    version without a certificate for a licence is not played there any more, until one is imported.
    """
    _ensure_turn(turn)
    answers: list[Answer] = []
    for listing in listings:
        answers.append(await _import(turn, listing))
    return tuple(answers)


async def suspend(turn: Turn, wish: Suspension) -> Answer:
    """Stop a game, or all of a provider, everywhere; or let it go.

    From the commit on nobody launches it and no stake is taken; wins and rollbacks are booked.
    """
    _ensure_turn(turn)
    if wish.code is None:
        known = (await store.find_providers(turn.tx, [wish.provider])).get(wish.provider)
        if known is None:
            return Refused(reason=Refusal.UNKNOWN_PROVIDER)
    else:
        found = await store.find_games(turn.tx, [(wish.provider, wish.code)])
        if not found:
            return Refused(reason=Refusal.UNKNOWN_GAME)
        known = found[0]["suspended"]
    if known is wish.suspended:
        return Changed(changed=False)
    if wish.code is None:
        await store.suspend_provider(
            turn.tx, wish.provider, suspended=wish.suspended, why=wish.why, at=turn.now
        )
    else:
        key = (wish.provider, wish.code)
        await store.suspend_game(turn.tx, key, suspended=wish.suspended, why=wish.why, at=turn.now)
    _publish(
        turn,
        wish.provider,
        GameSuspensionChanged(
            provider=wish.provider, code=wish.code, suspended=wish.suspended, why=wish.why
        ),
    )
    return Changed(changed=True)


async def withdraw(turn: Turn, wish: Withdrawal) -> Answer:
    """Have certificates of a version count no more, for one licence and for ever.

    From the commit on nobody launches it under that licence and no stake is taken there, unless
    another certificate counts; wins and rollbacks are booked.  Another number or another day is
    another certificate.
    """
    _ensure_turn(turn)
    key = (wish.provider, wish.code, wish.version)
    filed = (await store.find_certificates(turn.tx, [key])).get(key, [])
    named = rules.named_by(wish, filed)
    if not named:
        return Refused(reason=Refusal.UNKNOWN_CERTIFICATE)
    ending = [item.certificate for item in named if item.withdrawn is None]
    await store.save_withdrawals(turn.tx, key, ending, wish.why, turn.now)
    for item in ending:
        withdrawn = GameCertificateWithdrawn(
            provider=wish.provider,
            code=wish.code,
            version=wish.version,
            licence=item.licence,
            number=item.number,
            issued_on=item.issued_on,
            why=wish.why,
        )
        _publish(turn, wish.provider, withdrawn)
    return Changed(changed=bool(ending))


async def _import(turn: Turn, listing: Listing) -> Answer:
    version = listing.version
    found = await store.find_versions(turn.tx, [version.key])
    known = version_of(found[0]) if found else None
    filed = (await store.find_certificates(turn.tx, [version.key])).get(version.key, [])
    certificates = [item.certificate for item in filed]
    refusal = rules.refuse_listing(listing, known, certificates)
    if refusal is not None:
        return Refused(reason=refusal)
    changed = await _choose(turn, version, known=known is not None)
    chance = rules.new_chance(version, known)
    if chance is not None:
        await _tell_odds(turn, version, chance)
    certified = await _certify(turn, listing, certificates)
    return Changed(changed=changed or chance is not None or certified)


async def _choose(turn: Turn, version: Version, *, known: bool) -> bool:
    """Have this version played from now on; say whether another one was, or none."""
    if not known:
        await store.save_provider(turn.tx, version.provider, turn.now)
        stakes = rules.write_stakes(version.stakes)
        await store.save_version(turn.tx, version, stakes, turn.now)
        await store.save_odds(turn.tx, version, turn.now)
        await store.choose_version(turn.tx, version, turn.now)
        _publish(turn, version.provider, _listed(version))
        return True
    (game,) = await store.find_games(turn.tx, [(version.provider, version.code)])
    if game["version"] == version.version:
        return False
    await store.choose_version(turn.tx, version, turn.now)
    chosen = GameVersionChosen(
        provider=version.provider, code=version.code, version=version.version
    )
    _publish(turn, version.provider, chosen)
    return True


async def _tell_odds(turn: Turn, version: Version, chance: str) -> None:
    """Have a version that is known say how often its highest win comes."""
    await store.save_odds(turn.tx, version, turn.now)
    told = GameOddsTold(
        provider=version.provider,
        code=version.code,
        version=version.version,
        top_win_chance=chance,
    )
    _publish(turn, version.provider, told)


async def _certify(turn: Turn, listing: Listing, known: Sequence[Certificate]) -> bool:
    """File the certificates that are new, and what known ones tell now; say whether there are."""
    version = listing.version
    fresh = rules.new_certificates(listing, known)
    telling = rules.new_expiries(listing, known)
    await store.save_certificates(turn.tx, version.key, fresh, turn.now)
    await store.save_expiries(turn.tx, version.key, (*fresh, *telling), turn.now)
    for item in fresh:
        _publish(turn, version.provider, _certified(version, item))
    for item in telling:
        _publish(turn, version.provider, _expiry_told(version, item))
    return bool(fresh or telling)


def _listed(version: Version) -> GameListed:
    return GameListed(
        provider=version.provider,
        code=version.code,
        version=version.version,
        title=version.title,
        kind=version.kind,
        rtp_ppm=version.rtp_ppm,
        cycle_ms_min=version.cycle_ms_min,
        autoplay=version.autoplay,
        stakes=version.stakes,
        top_win_chance=version.top_win_chance,
    )


def _certified(version: Version, item: Certificate) -> GameCertified:
    return GameCertified(
        provider=version.provider,
        code=version.code,
        version=version.version,
        licence=item.licence,
        laboratory=item.laboratory,
        number=item.number,
        issued_on=item.issued_on,
        hashes=item.hashes,
        expires_on=item.expires_on,
    )


def _expiry_told(version: Version, item: Certificate) -> GameCertificateExpiryTold:
    return GameCertificateExpiryTold(
        provider=version.provider,
        code=version.code,
        version=version.version,
        licence=item.licence,
        number=item.number,
        issued_on=item.issued_on,
        expires_on=item.expires_on or "",
    )


def _publish(turn: Turn, provider: str, fact: Fact) -> None:
    turn.publish(CATALOGUE_SHARD, derived_id("game provider", provider), fact)


def _ensure_turn(turn: Turn) -> None:
    ensure(CATALOGUE_SHARD in turn.heads, "the registry is changed by who holds the catalogue")
