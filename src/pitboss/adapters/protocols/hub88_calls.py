"""What we ask of Hub88 and Caleta: their Games and Freebets APIs, signed with our key.

They have one API at two addresses: `/operator/generic/v2/game/…` is Hub88's, `/api/game/…` is
Caleta's, and what differs follows from that.
Source: Caleta System API 1.5, `/api/game/*` and `/api/freebet/*`; docs.hub88.io, operator API
reference, Games API.
"""

from __future__ import annotations

import base64
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from pitboss.adapters.protocols.asking import ask
from pitboss.adapters.protocols.hub88 import read_private_key

# In which a demonstration is played, that asks no wallet.
DEMO_CURRENCY_CALETA = "FUN"
DEMO_CURRENCY_HUB88 = "XXX"
_HUB88 = "/operator/generic/"
_OPENING = "/game/url"

_encode = msgspec.json.Encoder().encode


class Hub88Calls:
    """Signs and asks: `url` is where games are opened, and the other addresses lie beside it."""

    def __init__(self, client: httpx.AsyncClient, url: str, operator: str, pem: bytes) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._key = read_private_key(pem)
        self._is_hub88 = _HUB88 in url
        # Hub88 has numbers for operators where Caleta has names.
        self.operator: str | int = (
            int(operator) if self._is_hub88 and operator.isdecimal() else operator
        )
        self.partner = operator

    @property
    def demo_currency(self) -> str:
        """In which it has demonstrations played."""
        return DEMO_CURRENCY_HUB88 if self._is_hub88 else DEMO_CURRENCY_CALETA

    def beside(self, name: str) -> str:
        """Return the address that has this path beside the one where games are opened."""
        return f"{self._url.removesuffix(_OPENING)}/{name}"

    async def ask(
        self, body: dict[str, Any], *, bytes_max: int, name: str = "", also: tuple[int, ...] = ()
    ) -> tuple[int, Any]:
        """Ask for something, by its name or at the address where games are opened.

        Raises:
            ProviderAway: it cannot be reached, refuses, or answers no JSON.
        """
        raw = _encode(body)
        made = base64.b64encode(self._key.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()
        return await ask(
            self._client,
            "POST",
            self.beside(name) if name else self._url,
            bytes_max=bytes_max,
            body=raw,
            # By the two names that it has with the two.
            headers={"x-hub88-signature": made, "x-auth-signature": made},
            also=also,
        )
