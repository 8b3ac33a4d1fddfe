"""Which games providers say they have, read leniently: what cannot be read is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from pitboss.adapters.protocols.asking import ask
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.registry.model import (
    CODE_PATTERN,
    PPM,
    Advertised,
    GameKind,
    GameList,
)

# The largest aggregators have some ten thousand games, of a few hundred bytes each.
BYTES_MAX = 32 * 1024 * 1024
GAMES_MAX = 50_000
TITLE_LENGTH_MAX = 100
COUNTRIES_MAX = 300

_CODE = re.compile(CODE_PATTERN)
_COUNTRY = re.compile(r"[A-Z]{2}")
# The first that is a part of what the provider calls the sort of game.
_KINDS = (
    ("live", GameKind.LIVE),
    ("slot", GameKind.SLOT),
    ("crash", GameKind.CRASH),
    *((name, GameKind.TABLE) for name in ("table", "roulette", "blackjack", "baccarat", "poker")),
    *((name, GameKind.INSTANT) for name in ("instant", "scratch", "dice", "plinko", "mines")),
)


class Hub88GameList:
    """Asks Hub88 or Caleta for its list of games; of returns it says nothing."""

    def __init__(self, calls: Hub88Calls) -> None:
        self._calls = calls

    async def fetch(self) -> GameList:
        """Return all of them, as they are now."""
        body = {"operator_id": self._calls.operator}
        _, found = await self._calls.ask(body, name="game/list", bytes_max=BYTES_MAX)
        return read(found, _of_hub88)


class SoftSwissGameList:
    """Reads the public list of a studio that speaks SoftSwiss.

    Source: beexar-games/public-api, openapi/gateway.yaml (v.2026.09.28).
    """

    def __init__(self, client: httpx.AsyncClient, url: str, casino_id: str) -> None:
        self._client = client
        query = {"operator": casino_id, "format": "json"}
        self._url = str(httpx.URL(url).copy_merge_params(query))

    async def fetch(self) -> GameList:
        """Return all of them, as they are now."""
        _, found = await ask(self._client, "GET", self._url, bytes_max=BYTES_MAX)
        return read(found, _of_softswiss)


def read(found: object, read_game: Callable[[Mapping[str, Any]], Advertised | None]) -> GameList:
    """Read a list of games, or an object that has one as its `games`.

    Raises:
        ProviderAway: it is something else, or longer than any list that is known.
    """
    listed = found.get("games") if isinstance(found, Mapping) else found
    if not isinstance(listed, Sequence) or isinstance(listed, str) or len(listed) > GAMES_MAX:
        raise ProviderAway("the provider tells no list of games")
    games: dict[str, Advertised] = {}
    unreadable = 0
    for item in listed:
        game = read_game(item) if isinstance(item, Mapping) else None
        if game is None:
            unreadable += 1
        else:
            # Of one that is there twice, for two sorts of device, the enabled one counts.
            games[game.code] = game if game.enabled else games.get(game.code, game)
    return GameList(games=tuple(games.values()), unreadable=unreadable)


def _of_hub88(item: Mapping[str, Any]) -> Advertised | None:
    return _game(
        item.get("game_code"),
        item.get("name"),
        item.get("category"),
        enabled=item.get("enabled", True) is True,
        blocked=item.get("blocked_countries"),
    )


def _of_softswiss(item: Mapping[str, Any]) -> Advertised | None:
    restrictions: Any = item
    for name in ("restrictions", "default", "blacklist"):
        restrictions = restrictions.get(name) if isinstance(restrictions, Mapping) else None
    return _game(
        item.get("identifier"),
        item.get("title"),
        item.get("category"),
        enabled=item.get("active", True) is True,
        blocked=restrictions,
        payout=item.get("payout"),
    )


def _game(
    code: object,
    title: object,
    category: object,
    *,
    enabled: bool,
    blocked: object,
    payout: Any = None,
) -> Advertised | None:
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    if not isinstance(title, str) or not 1 <= len(title) <= TITLE_LENGTH_MAX:
        return None
    if not title.isprintable():
        return None
    sort = category.lower() if isinstance(category, str) else ""
    countries = blocked[:COUNTRIES_MAX] if isinstance(blocked, list) else []
    return Advertised(
        code=code,
        title=title,
        kind=next((kind for name, kind in _KINDS if name in sort), GameKind.OTHER),
        enabled=enabled,
        rtp_ppm=_ppm(payout),
        countries_blocked=tuple(
            item for item in countries if isinstance(item, str) and _COUNTRY.fullmatch(item)
        ),
    )


def _ppm(payout: object) -> int | None:
    """Return a percentage as millionths, if it is one: more than nothing, and not finer."""
    if isinstance(payout, bool) or not isinstance(payout, int | float | str):
        return None
    text = str(payout)
    if not re.fullmatch(r"\d{1,3}(\.\d{1,4})?", text):
        return None
    ppm = int(Decimal(text) * (PPM // 100))
    return ppm or None
