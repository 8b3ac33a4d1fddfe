"""Which game may be played under which licence, and what of an import is new.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import msgspec
from msgspec import structs

from pitboss import jurisdictions
from pitboss.games.registry.model import (
    Advertised,
    Certificate,
    CertificateKey,
    CertificateState,
    Comparison,
    Filed,
    GameKind,
    GameList,
    Listing,
    Offer,
    Pick,
    Refusal,
    StakeRange,
    Version,
    Withdrawal,
)
from pitboss.jurisdictions.model import Jurisdiction

# A laboratory wants some weeks to look at a version again.
EXPIRES_SOON = timedelta(days=30)

_encode = msgspec.json.Encoder(order="sorted").encode
_decode_stakes = msgspec.json.Decoder(tuple[StakeRange, ...]).decode


def refuse_game(offer: Offer | None, licence: Jurisdiction, now: datetime) -> Refusal | None:
    """Return why a game is not played under a licence: at a launch, and at every stake.

    A version without a certificate for the licence is not played, however well it is known
    elsewhere, nor one whose certificates are all withdrawn or past their day; nor one that goes
    round faster than the licence allows, or by itself; nor one of which nobody could be shown how
    likely its highest win is, where that must be shown.
    Source: the licence's `games` section; UKGC RTS 7A, 8A, 8B, 14A; 25 CFR 547; AGCO 21.1;
    GlüStV 2021, § 22a(3).
    """
    if offer is None:
        return Refusal.UNKNOWN_GAME
    if offer.provider_suspended:
        return Refusal.PROVIDER_SUSPENDED
    if offer.suspended:
        return Refusal.GAME_SUSPENDED
    refusal = _refuse_uncertified(offer, licence, now)
    if refusal is not None:
        return refusal
    game, rules = offer.version, licence.games
    slots = game.kind is GameKind.SLOT
    least = rules.cycle_ms_min_slots if slots else rules.cycle_ms_min_others
    if least is not None and game.cycle_ms_min < least:
        return Refusal.GAME_TOO_FAST
    if game.autoplay and not rules.autoplay:
        return Refusal.GAME_PLAYS_BY_ITSELF
    if rules.odds_shown and game.top_win_chance is None:
        return Refusal.GAME_ODDS_NOT_TOLD
    return None


def _refuse_uncertified(offer: Offer, licence: Jurisdiction, now: datetime) -> Refusal | None:
    for item in offer.standings:
        if item.licence != licence.code:
            continue
        if item.withdrawn:
            return Refusal.CERTIFICATE_WITHDRAWN
        over = item.expires_on is not None and item.expires_on < _day(now, licence)
        return Refusal.CERTIFICATE_EXPIRED if over else None
    return Refusal.GAME_NOT_CERTIFIED


def state_of(filed: Filed, licence: Jurisdiction | None, now: datetime) -> CertificateState:
    """Return whether a certificate counts; where the licence is gone, by the day in UTC."""
    if filed.withdrawn is not None:
        return CertificateState.WITHDRAWN
    if filed.certificate.expires_on is None:
        return CertificateState.IN_FORCE
    left = day_of(filed.certificate.expires_on) - _day(now, licence)
    if left < timedelta(0):
        return CertificateState.EXPIRED
    return CertificateState.EXPIRES_SOON if left <= EXPIRES_SOON else CertificateState.IN_FORCE


def counting(filed: Iterable[Filed], licence: Jurisdiction, now: datetime) -> list[Certificate]:
    """Return those certificates that count for a licence now."""
    over = (CertificateState.EXPIRED, CertificateState.WITHDRAWN)
    return [
        item.certificate
        for item in filed
        if item.certificate.licence == licence.code and state_of(item, licence, now) not in over
    ]


def named_by(wish: Withdrawal, filed: Iterable[Filed]) -> list[Filed]:
    """Return the certificates of a version that a withdrawal is about."""
    return [
        item
        for item in filed
        if item.certificate.licence == wish.licence
        and wish.number in (None, item.certificate.number)
    ]


def _day(now: datetime, licence: Jurisdiction | None) -> date:
    return now.date() if licence is None else jurisdictions.local_day(now, licence)


def refuse_stake(offer: Offer, *, currency: str, micros: int) -> Refusal | None:
    """Return why a game does not take a stake; one that says nothing of a currency takes any."""
    for item in offer.version.stakes:
        if item.currency == currency and not item.micros_min <= micros <= item.micros_max:
            return Refusal.STAKE_NOT_OF_GAME
    return None


def refuse_listing(
    listing: Listing, known: Version | None, certificates: Collection[Certificate]
) -> Refusal | None:
    """Return why a listing is not taken in: it contradicts what is known for ever.

    Only how often the highest win comes, and on which day a certificate counts last, may be told
    later; who does not tell it contradicts nobody.
    """
    if known is not None and _contradict(known, listing.version):
        return Refusal.ANOTHER_UNDER_THIS_VERSION
    by_key = {item.key: item for item in certificates}
    for item in listing.certificates:
        earlier = by_key.get(item.key, item)
        if not _agree(earlier, item):
            return Refusal.ANOTHER_CERTIFICATE
        by_key[item.key] = _telling(earlier, item)
    return None


def new_chance(version: Version, known: Version | None) -> str | None:
    """Return how often the highest win comes, if a version that was listed without tells it now."""
    return version.top_win_chance if known is not None and known.top_win_chance is None else None


def new_certificates(
    listing: Listing, certificates: Collection[Certificate]
) -> tuple[Certificate, ...]:
    """Return those of a listing's certificates that are not known yet, each once."""
    known = {item.key for item in certificates}
    return tuple(item for key, item in _listed_once(listing).items() if key not in known)


def new_expiries(
    listing: Listing, certificates: Collection[Certificate]
) -> tuple[Certificate, ...]:
    """Return those of a listing's certificates that were known without the day they tell now."""
    silent = {item.key for item in certificates if item.expires_on is None}
    return tuple(
        item
        for key, item in _listed_once(listing).items()
        if key in silent and item.expires_on is not None
    )


def _listed_once(listing: Listing) -> dict[CertificateKey, Certificate]:
    found: dict[CertificateKey, Certificate] = {}
    for item in listing.certificates:
        found[item.key] = _telling(found.get(item.key, item), item)
    return found


def _agree(one: Certificate, other: Certificate) -> bool:
    if one.expires_on is None or other.expires_on is None:
        one = structs.replace(one, expires_on=other.expires_on)
    return one == other


def _telling(one: Certificate, other: Certificate) -> Certificate:
    """Return which of two that agree tells its last day."""
    return other if one.expires_on is None else one


def listing_of(told: Advertised, pick: Pick) -> Listing | None:
    """Return a game of a provider's list as it is taken in; None if nobody tells its return."""
    rtp_ppm = pick.rtp_ppm if told.rtp_ppm is None else told.rtp_ppm
    if rtp_ppm is None:
        return None
    return Listing(
        version=Version(
            provider=pick.provider,
            code=told.code,
            version=pick.version,
            title=told.title,
            kind=told.kind,
            rtp_ppm=rtp_ppm,
            cycle_ms_min=pick.cycle_ms_min,
            autoplay=pick.autoplay,
        )
    )


def _contradict(known: Version, listed: Version) -> bool:
    if known.top_win_chance is None or listed.top_win_chance is None:
        known = structs.replace(known, top_win_chance=listed.top_win_chance)
    return known != listed


def write_stakes(stakes: tuple[StakeRange, ...]) -> str:
    """Write ranges of stakes as the table has them."""
    return _encode(stakes).decode()


def read_stakes(text: str) -> tuple[StakeRange, ...]:
    """Read ranges of stakes as the table has them."""
    return _decode_stakes(text)


def day_of(text: str) -> date:
    """Return the day that a certificate says."""
    return date.fromisoformat(text)


def compare(listed: GameList, known: Iterable[Offer]) -> Comparison:
    """Return what a provider has that the registry has not, and the other way round.

    Of a return that the provider does not tell nothing is said.
    """
    there = {item.code: item for item in listed.games if item.enabled}
    gone: list[Offer] = []
    differing: list[tuple[Offer, Advertised]] = []
    for offer in known:
        version = offer.version
        said = there.pop(version.code, None)
        if said is None:
            gone.append(offer)
        elif said.title != version.title or said.rtp_ppm not in (None, version.rtp_ppm):
            differing.append((offer, said))
    return Comparison(
        fresh=tuple(sorted(there.values(), key=lambda item: item.code)),
        gone=tuple(gone),
        differing=tuple(differing),
        unreadable=listed.unreadable,
    )
