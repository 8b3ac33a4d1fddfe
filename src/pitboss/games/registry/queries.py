"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.games.registry import rules, store
from pitboss.games.registry.model import (
    Certificate,
    CertificateState,
    Comparison,
    Filed,
    GameKey,
    GameKind,
    GameList,
    Listing,
    Offer,
    Pick,
    Refusal,
    Standing,
    Version,
    VersionKey,
)
from pitboss.jurisdictions.model import Jurisdiction

GAMES_PAGE_MAX = 200
_FIRST: GameKey = ("", "")


async def find_offers(tx: Transaction, keys: Collection[GameKey]) -> dict[GameKey, Offer]:
    """Return those of these games (provider, code) that there are, as they are played now.

    What is committed is seen: a game that was stopped a moment ago is stopped here.
    """
    if not keys:
        return {}
    found = map(_offer, await store.find_offers(tx, set(keys)))
    return {(offer.version.provider, offer.version.code): offer for offer in found}


async def find_games(
    tx: Transaction,
    *,
    after: GameKey | None = None,
    limit: int = GAMES_PAGE_MAX,
    provider: str | None = None,
) -> list[Offer]:
    """Return games in order of provider and code, at most 200 at once, from behind `after`."""
    rows = await store.find_page(
        tx, after=after or _FIRST, limit=min(limit, GAMES_PAGE_MAX), provider=provider
    )
    return [_offer(row) for row in rows]


async def compare(tx: Transaction, provider: str, listed: GameList) -> Comparison:
    """Return how a provider's list of games and what the registry has of it differ."""
    known: list[Offer] = []
    after: GameKey | None = None
    while page := await find_games(tx, after=after, provider=provider):
        known += page
        after = (provider, page[-1].version.code)
    return rules.compare(listed, known)


async def find_certificates(
    tx: Transaction, versions: Iterable[Version]
) -> dict[VersionKey, list[Filed]]:
    """Return all certificates of these versions, in order of licence, number and day.

    Those that are withdrawn or past their day are among them (`counting`).
    """
    keys = [version.key for version in versions]
    return await store.find_certificates(tx, keys) if keys else {}


def listings_of(listed: GameList, pick: Pick) -> dict[str, Listing | None]:
    """Return those of the picked games that a provider's list has, as they are taken in, in order.

    None stands for one of which neither tells the return.
    """
    there = {item.code: item for item in listed.games if item.enabled}
    return {code: rules.listing_of(there[code], pick) for code in pick.codes if code in there}


def counting(filed: Iterable[Filed], licence: Jurisdiction, now: datetime) -> list[Certificate]:
    """Return those certificates that count for a licence now."""
    return rules.counting(filed, licence, now)


def state_of(filed: Filed, licence: Jurisdiction | None, now: datetime) -> CertificateState:
    """Return whether a certificate counts now, and whether it will much longer."""
    return rules.state_of(filed, licence, now)


def refuse_game(offer: Offer | None, licence: Jurisdiction, now: datetime) -> Refusal | None:
    """Return why a game, as it is played now, is not played under a licence, or None."""
    return rules.refuse_game(offer, licence, now)


def refuse_stake(offer: Offer, *, currency: str, micros: int) -> Refusal | None:
    """Return why a game does not take a stake, or None."""
    return rules.refuse_stake(offer, currency=currency, micros=micros)


def _offer(row: asyncpg.Record) -> Offer:
    return Offer(
        version=version_of(row),
        suspended=row["suspended"],
        provider_suspended=row["provider_suspended"],
        standings=tuple(
            Standing(
                licence=licence,
                expires_on=None if until == date.max else until,
                withdrawn=until is None,
            )
            for licence, until in zip(row["licences"] or (), row["untils"] or (), strict=True)
        ),
    )


def version_of(row: asyncpg.Record) -> Version:
    """Return the version that a row tells of."""
    return Version(
        provider=row["provider"],
        code=row["code"],
        version=row["version"],
        title=row["title"],
        kind=GameKind(row["kind"]),
        rtp_ppm=row["rtp_ppm"],
        cycle_ms_min=row["cycle_ms_min"],
        autoplay=row["autoplay"],
        stakes=rules.read_stakes(row["stakes"]),
        top_win_chance=row["top_win_chance"],
    )
