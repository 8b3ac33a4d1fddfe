"""The speakers, by protocol."""

from __future__ import annotations

from typing import Any

from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Protocols, Speaker
from pitboss.conformance.softswiss import SoftSwissSpeaker
from pitboss.conformance.valkyrie import VENDOR, ValkyrieSpeaker


def make(
    protocol: Protocols,
    client: Any,
    base_url: str,
    key: bytes,
    game: str,
    *,
    vendor: str = VENDOR,
) -> Speaker:
    """Return a speaker of a protocol to one wallet, with the provider's key.

    `vendor` is who stands behind Valkyrie; the others have none.

    Raises:
        ValueError: the key is none of this protocol.
    """
    match protocol:
        case Protocols.SOFTSWISS:
            return SoftSwissSpeaker(client, base_url, key, game)
        case Protocols.HUB88:
            return Hub88Speaker(client, base_url, key, game)
        case Protocols.VALKYRIE:
            return ValkyrieSpeaker(client, base_url, key, game, vendor=vendor)
