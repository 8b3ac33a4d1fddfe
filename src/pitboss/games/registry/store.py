"""The SQL of the registry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.games.registry.model import (
    Certificate,
    Filed,
    GameKey,
    Version,
    VersionKey,
    WhyWithdrawn,
)

# Of a version, without when it was listed and what is told of its odds.
_VERSION = "provider, code, version, title, kind, rtp_ppm, cycle_ms_min, autoplay, stakes"
_ODDS = " LEFT JOIN game_odds USING (provider, code, version)"
_CERTIFICATE = ("provider", "code", "version", "licence", "number", "issued_on")
# How long a certificate counts, if that is told, and whether it was withdrawn before.
_LIFE = (
    f" LEFT JOIN game_certificate_expiry USING ({', '.join(_CERTIFICATE)})"
    f" LEFT JOIN game_certificate_withdrawal AS withdrawal USING ({', '.join(_CERTIFICATE)})"
)
# Of a game as it is played now: its licences, and until when each has a certificate that counts.
_STANDINGS = (
    " CROSS JOIN LATERAL (SELECT array_agg(licence) AS licences, array_agg(until) AS untils FROM ("
    " SELECT licence,"
    "  max(COALESCE(expires_on, 'infinity')) FILTER (WHERE withdrawn_at IS NULL) AS until"
    f" FROM game_certificate AS certificate{_LIFE}"
    " WHERE certificate.provider = game.provider AND certificate.code = game.code"
    "  AND certificate.version = game.version"
    " GROUP BY licence ORDER BY licence) AS each) AS standing"
)


async def find_offers(tx: Transaction, keys: Collection[GameKey]) -> list[asyncpg.Record]:
    """Return the games that there are, as played now, with the licences they are certified for."""
    return await tx.fetch(
        "SELECT game.provider, game.code, version, title, kind, rtp_ppm, cycle_ms_min, autoplay,"
        " stakes, top_win_chance, game.suspended, provider.suspended AS provider_suspended,"
        " licences, untils"
        " FROM unnest($1::text[], $2::text[]) AS wanted (provider, code)"
        " JOIN game USING (provider, code)"
        " JOIN game_version USING (provider, code, version)"
        f"{_ODDS}"
        f" JOIN game_provider AS provider USING (provider){_STANDINGS}",
        [provider for provider, _ in keys],
        [code for _, code in keys],
    )


async def find_page(
    tx: Transaction, *, after: GameKey, limit: int, provider: str | None
) -> list[asyncpg.Record]:
    """Return the next games in order of provider and code, as `find_offers` does."""
    return await tx.fetch(
        "SELECT game.provider, game.code, version, title, kind, rtp_ppm, cycle_ms_min, autoplay,"
        " stakes, top_win_chance, game.suspended, provider.suspended AS provider_suspended,"
        " licences, untils"
        " FROM game JOIN game_version USING (provider, code, version)"
        f"{_ODDS}"
        f" JOIN game_provider AS provider USING (provider){_STANDINGS}"
        " WHERE (game.provider, game.code) > ($1, $2) AND ($4::text IS NULL OR game.provider = $4)"
        " ORDER BY game.provider, game.code LIMIT $3",
        *after,
        limit,
        provider,
    )


async def find_versions(tx: Transaction, keys: Collection[VersionKey]) -> list[asyncpg.Record]:
    """Return those of the versions that were ever listed."""
    return await tx.fetch(
        f"SELECT {_VERSION}, top_win_chance FROM game_version"
        " JOIN unnest($1::text[], $2::text[], $3::text[])"
        f" AS wanted (provider, code, version) USING (provider, code, version){_ODDS}",
        *_columns(keys),
    )


async def find_certificates(
    tx: Transaction, keys: Collection[VersionKey]
) -> dict[VersionKey, list[Filed]]:
    """Return the certificates of these versions, in order of licence, number and day."""
    rows = await tx.fetch(
        "SELECT provider, code, version, licence, number, laboratory, issued_on, hashes,"
        " expires_on, withdrawal.why AS withdrawn"
        " FROM game_certificate JOIN unnest($1::text[], $2::text[], $3::text[])"
        f" AS wanted (provider, code, version) USING (provider, code, version){_LIFE}"
        " ORDER BY licence, number, issued_on",
        *_columns(keys),
    )
    found: dict[VersionKey, list[Filed]] = {}
    for row in rows:
        key = (row["provider"], row["code"], row["version"])
        found.setdefault(key, []).append(_filed(row))
    return found


async def find_providers(tx: Transaction, providers: Collection[str]) -> dict[str, bool]:
    """Return whether each of these providers is stopped; who is not known is missing."""
    rows = await tx.fetch(
        "SELECT provider, suspended FROM game_provider WHERE provider = ANY($1::text[])",
        list(providers),
    )
    return {row["provider"]: row["suspended"] for row in rows}


async def find_games(tx: Transaction, keys: Collection[GameKey]) -> list[asyncpg.Record]:
    """Return which version of these games is played, and whether it is stopped."""
    return await tx.fetch(
        "SELECT provider, code, version, suspended FROM game"
        " JOIN unnest($1::text[], $2::text[]) AS wanted (provider, code) USING (provider, code)",
        [provider for provider, _ in keys],
        [code for _, code in keys],
    )


async def save_provider(tx: Transaction, provider: str, at: datetime) -> None:
    """Write a provider, unless it is known."""
    await tx.execute(
        "INSERT INTO game_provider (provider, suspended, why, changed_at)"
        " VALUES ($1, false, NULL, $2) ON CONFLICT (provider) DO NOTHING",
        provider,
        at,
    )


async def save_version(tx: Transaction, version: Version, stakes: str, at: datetime) -> None:
    """Write a version that was not known."""
    await tx.execute(
        f"INSERT INTO game_version ({_VERSION}, listed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        version.provider,
        version.code,
        version.version,
        version.title,
        version.kind,
        version.rtp_ppm,
        version.cycle_ms_min,
        version.autoplay,
        stakes,
        at,
    )


async def save_odds(tx: Transaction, version: Version, at: datetime) -> None:
    """Write how often a version's highest win comes, if it tells that."""
    await tx.execute(
        "INSERT INTO game_odds (provider, code, version, top_win_chance, told_at)"
        " SELECT $1, $2, $3, $4, $5 WHERE $4::text IS NOT NULL",
        version.provider,
        version.code,
        version.version,
        version.top_win_chance,
        at,
    )


async def choose_version(tx: Transaction, version: Version, at: datetime) -> None:
    """Have this version played from now on."""
    await tx.execute(
        "INSERT INTO game (provider, code, version, suspended, why, changed_at)"
        " VALUES ($1, $2, $3, false, NULL, $4)"
        " ON CONFLICT (provider, code) DO UPDATE SET version = excluded.version",
        version.provider,
        version.code,
        version.version,
        at,
    )


async def save_certificates(
    tx: Transaction, key: VersionKey, certificates: Sequence[Certificate], at: datetime
) -> None:
    """Write certificates of a version."""
    await tx.copy_in(
        "game_certificate",
        (*_CERTIFICATE, "laboratory", "hashes", "recorded_at"),
        [(*_key(key, item), item.laboratory, list(item.hashes), at) for item in certificates],
    )


async def save_expiries(
    tx: Transaction, key: VersionKey, certificates: Sequence[Certificate], at: datetime
) -> None:
    """Write on which day certificates of a version count last, of those that tell it."""
    await tx.copy_in(
        "game_certificate_expiry",
        (*_CERTIFICATE, "expires_on", "told_at"),
        [
            (*_key(key, item), date.fromisoformat(item.expires_on), at)
            for item in certificates
            if item.expires_on is not None
        ],
    )


async def save_withdrawals(
    tx: Transaction,
    key: VersionKey,
    certificates: Sequence[Certificate],
    why: WhyWithdrawn,
    at: datetime,
) -> None:
    """Write that certificates of a version count no more."""
    await tx.copy_in(
        "game_certificate_withdrawal",
        (*_CERTIFICATE, "why", "withdrawn_at"),
        [(*_key(key, item), why, at) for item in certificates],
    )


async def suspend_provider(
    tx: Transaction, provider: str, *, suspended: bool, why: str, at: datetime
) -> None:
    """Write whether a provider is stopped."""
    await tx.execute(
        "UPDATE game_provider SET suspended = $2, why = $3, changed_at = $4 WHERE provider = $1",
        provider,
        suspended,
        why,
        at,
    )


async def suspend_game(
    tx: Transaction, key: GameKey, *, suspended: bool, why: str, at: datetime
) -> None:
    """Write whether a game is stopped."""
    await tx.execute(
        "UPDATE game SET suspended = $3, why = $4, changed_at = $5"
        " WHERE provider = $1 AND code = $2",
        *key,
        suspended,
        why,
        at,
    )


def _filed(row: asyncpg.Record) -> Filed:
    expires_on, withdrawn = row["expires_on"], row["withdrawn"]
    return Filed(
        certificate=Certificate(
            licence=row["licence"],
            laboratory=row["laboratory"],
            number=row["number"],
            issued_on=row["issued_on"].isoformat(),
            hashes=tuple(row["hashes"]),
            expires_on=None if expires_on is None else expires_on.isoformat(),
        ),
        withdrawn=None if withdrawn is None else WhyWithdrawn(withdrawn),
    )


def _key(version: VersionKey, certificate: Certificate) -> tuple[str | date, ...]:
    day = date.fromisoformat(certificate.issued_on)
    return (*version, certificate.licence, certificate.number, day)


def _columns(
    keys: Collection[VersionKey],
) -> tuple[list[str], list[str], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]
