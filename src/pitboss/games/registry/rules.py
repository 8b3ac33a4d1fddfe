"""Which game may be played under which licence, and what of an import is new.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

import msgspec
from msgspec import structs

from pitboss.games.registry.model import (
    Advertised,
    Certificate,
    Comparison,
    GameKind,
    GameList,
    Listing,
    Offer,
    Refusal,
    StakeRange,
    Version,
)
from pitboss.jurisdictions.model import Jurisdiction

_encode = msgspec.json.Encoder(order="sorted").encode
_decode_stakes = msgspec.json.Decoder(tuple[StakeRange, ...]).decode


def refuse_game(offer: Offer | None, licence: Jurisdiction) -> Refusal | None:
    """Return why a game is not played under a licence: at a launch, and at every stake.

    A version without a certificate for the licence is not played, however well it is known
    elsewhere; nor one that goes round faster than the licence allows, or by itself; nor one of
    which nobody could be shown how likely its highest win is, where that must be shown.
    Source: the licence's `games` section; UKGC RTS 7A, 8A, 8B, 14A; 25 CFR 547; AGCO 21.1;
    GlüStV 2021, § 22a(3).
    """
    if offer is None:
        return Refusal.UNKNOWN_GAME
    if offer.provider_suspended:
        return Refusal.PROVIDER_SUSPENDED
    if offer.suspended:
        return Refusal.GAME_SUSPENDED
    if licence.code not in offer.licences:
        return Refusal.GAME_NOT_CERTIFIED
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

    Only how often the highest win comes may be told later; who does not tell it contradicts nobody.
    """
    if known is not None and _contradict(known, listing.version):
        return Refusal.ANOTHER_UNDER_THIS_VERSION
    by_number = {(item.licence, item.number): item for item in certificates}
    for item in listing.certificates:
        earlier = by_number.setdefault((item.licence, item.number), item)
        if earlier != item:
            return Refusal.ANOTHER_CERTIFICATE
    return None


def new_chance(version: Version, known: Version | None) -> str | None:
    """Return how often the highest win comes, if a version that was listed without tells it now."""
    return version.top_win_chance if known is not None and known.top_win_chance is None else None


def new_certificates(
    listing: Listing, certificates: Collection[Certificate]
) -> tuple[Certificate, ...]:
    """Return those of a listing's certificates that are not known yet, each once."""
    known = {(item.licence, item.number) for item in certificates}
    fresh: Mapping[tuple[str, str], Certificate] = {
        (item.licence, item.number): item for item in listing.certificates
    }
    return tuple(item for key, item in fresh.items() if key not in known)


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
