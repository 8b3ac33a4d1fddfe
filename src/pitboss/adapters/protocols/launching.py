"""Opening games: what we ask providers for, signed by us."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from pitboss.adapters.protocols.asking import ask
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.places import country_of, region_of
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.rounds.errors import GameNotLaunched, NoDemonstrations
from pitboss.games.rounds.ports import Launching

_encode = msgspec.json.Encoder().encode
# What an answer may be long: it is an address.
_BYTES_MAX = 64 * 1024
_LOCALE = re.compile(r"[a-zA-Z]{2}([-_][a-zA-Z]{2})?|en-soc")


class SoftSwissLauncher:
    """Opens games as the SoftSwiss launcher does.

    Source: beexar-games/public-api, openapi/softswiss/gateway.yaml (v.2026.06.20).
    """

    def __init__(self, client: httpx.AsyncClient, url: str, casino_id: str, secret: bytes) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._casino_id = casino_id
        self._secret = secret

    async def launch(self, wish: Launching) -> str:
        """Return where a game is opened, for money or as a demonstration."""
        body: dict[str, Any] = {
            "casino_id": self._casino_id,
            "game": wish.game,
            "locale": _locale_of(wish.locale),
            "ip": wish.ip,
            "client_type": "mobile" if wish.mobile else "desktop",
        }
        if wish.return_url:
            body["urls"] = {"return_url": wish.return_url}
        region = region_of(wish.jurisdiction)
        if region is not None:
            body["jurisdiction"] = region
        if wish.player_id is None:
            path = "/demo"
            # Else it is in dollars.
            body["currency"] = wish.currency
        else:
            path = "/real"
            body |= {
                "account": {"id": wish.player_id, "currency": wish.currency},
                "session_id": wish.session_id,
            }
        raw = _encode(body)
        signature = hmac.new(self._secret, raw, hashlib.sha256).hexdigest()
        found = await post(self._client, self._url + path, raw, {"x-request-sign": signature})
        return url_of(found, "launch_url")


def _locale_of(locale: str) -> str:
    """Return a locale as the protocol takes it; of one that is longer, the language."""
    return locale if _LOCALE.fullmatch(locale) else locale[:2]


async def post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> Any:
    """Ask a provider for an address.

    Raises:
        GameNotLaunched: it cannot be reached, refuses, or answers no JSON.
    """
    try:
        _, found = await ask(client, "POST", url, bytes_max=_BYTES_MAX, body=body, headers=headers)
    except ProviderAway as fault:
        raise GameNotLaunched(str(fault), said=fault.said) from fault
    return found


def url_of(found: Any, name: str) -> str:
    """Return an address that a browser may be sent to.

    Raises:
        GameNotLaunched: it is none.
    """
    url = found.get(name) if isinstance(found, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise GameNotLaunched("the provider names no address")
    return url


class Hub88Launcher:
    """Opens games as the Games API of Hub88 and Caleta does."""

    def __init__(self, calls: Hub88Calls) -> None:
        self._calls = calls

    async def launch(self, wish: Launching) -> str:
        """Return where a game is opened, for money or as a demonstration."""
        calls = self._calls
        body: dict[str, Any] = {
            "operator_id": calls.operator,
            "sub_partner_id": calls.partner,
            "game_code": wish.game,
            "platform": "GPL_MOBILE" if wish.mobile else "GPL_DESKTOP",
            "currency": calls.demo_currency if wish.player_id is None else wish.currency,
            "country": country_of(wish.jurisdiction),
            "lang": wish.locale[:2].lower(),
            "lobby_url": wish.return_url,
        }
        if wish.player_id is not None:
            body |= {"user": wish.player_id, "token": wish.token}
        try:
            _, found = await calls.ask(body, bytes_max=_BYTES_MAX)
        except ProviderAway as fault:
            raise GameNotLaunched(str(fault), said=fault.said) from fault
        return url_of(found, "url")


class ValkyrieLauncher:
    """Opens games as Valkyrie's Operator API does; it has no demonstrations.

    Source: valkyrie-fnd/valkyrie, Operator API 0.3.0, `/{provider}/gamelaunch`.
    """

    def __init__(self, client: httpx.AsyncClient, url: str, casino: str) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._casino = casino

    async def launch(self, wish: Launching) -> str:
        """Return where a game is opened; its vendor is what stands before it: `VENDOR/GAME`."""
        vendor, _, game = wish.game.partition("/")
        if wish.player_id is None:
            raise NoDemonstrations("the protocol has no demonstrations")
        if not game:
            raise GameNotLaunched(f"{wish.game} is behind no vendor: VENDOR/GAME is needed")
        body = {
            "currency": wish.currency,
            "providerGameId": game,
            "playerId": wish.player_id,
            "casino": self._casino,
            "country": country_of(wish.jurisdiction),
            "language": wish.locale[:2].lower(),
            "launchConfig": {},
            "sessionIp": wish.ip,
        }
        headers = {"x-player-token": wish.token or ""}
        address = f"{self._url}/{quote(vendor, safe='')}/gamelaunch"
        return url_of(await post(self._client, address, _encode(body), headers), "gameUrl")
