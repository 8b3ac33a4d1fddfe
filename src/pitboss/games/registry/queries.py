"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from pitboss.db import Transaction
from pitboss.games.registry import rules, store
from pitboss.games.registry.model import (
    Certificate,
    Comparison,
    GameKey,
    GameKind,
    GameList,
    Offer,
    Refusal,
    Version,
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


async def find_certificates(tx: Transaction, version: Version) -> list[Certificate]:
    """Return the certificates of a version, in order of licence and number."""
    key = (version.provider, version.code, version.version)
    return [item for _, item in await store.find_certificates(tx, [key])]


def refuse_game(offer: Offer | None, licence: Jurisdiction) -> Refusal | None:
    """Return why a game, as it is played now, is not played under a licence, or None."""
    return rules.refuse_game(offer, licence)


def refuse_stake(offer: Offer, *, currency: str, micros: int) -> Refusal | None:
    """Return why a game does not take a stake, or None."""
    return rules.refuse_stake(offer, currency=currency, micros=micros)


def _offer(row: asyncpg.Record) -> Offer:
    return Offer(
        version=version_of(row),
        suspended=row["suspended"],
        provider_suspended=row["provider_suspended"],
        licences=frozenset(row["licences"]),
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
