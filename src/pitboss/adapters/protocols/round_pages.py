"""Where providers show how a round was played."""

from __future__ import annotations

from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.games.registry.errors import ProviderAway
from pitboss.kernel.ids import PlayerId

# What an answer may be long: it is an address.
_BYTES_MAX = 64 * 1024
# How it is said that there is no such round to be shown.
_NOT_THERE = (404, 405)


class Hub88Pages:
    """Asks Hub88 or Caleta where a round is shown.

    Source: Caleta System API 1.5, `/api/game/round`.
    """

    def __init__(self, calls: Hub88Calls) -> None:
        self._calls = calls

    async def find_page(self, ref: str, player_id: PlayerId) -> str | None:
        """Return the address of a round's page; None if the provider knows no such round."""
        calls = self._calls
        body = {
            "operator_id": calls.operator,
            "sub_partner_id": calls.partner,
            "round": ref,
            "user": player_id,
        }
        status, found = await calls.ask(
            body, name="game/round", bytes_max=_BYTES_MAX, also=_NOT_THERE
        )
        if status in _NOT_THERE:
            return None
        url = found.get("url") if isinstance(found, dict) else None
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise ProviderAway("the provider names no address")
        return url
