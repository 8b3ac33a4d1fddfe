"""Rewards at Hub88 and Caleta: free stakes that we ask them to give to a player.

Nothing in what is published says that asking twice for one reward is harmless, and Caleta lists no
rewards: so whatever is not clearly yes or no is told as what it is, an answer that nobody has.
Source: Caleta System API 1.5, `/api/freebet/*` (valkyrie-fnd/valkyrie); docs.hub88.io, operator API
reference, Freebets API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pitboss.adapters.protocols.hub88 import MICROS_EACH, OK
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.rewards.model import (
    REFERENCE_PATTERN,
    WORD_LENGTH_MAX,
    Campaign,
    CampaignWish,
    Cancelled,
    CancelOutcome,
    CreateOutcome,
    Declined,
    Granted,
    Prepaid,
    Reward,
    Unanswered,
)

BYTES_MAX = 4 * 1024 * 1024
LISTED_MAX = 10_000
# What says that the request was read and is not done.  What comes from something between us and
# the provider (408, 429, 5xx) does not: nobody knows what lies behind it.
_NO = (400, 401, 403, 404, 405, 409, 410, 422)
# Of cancelling, that we are not let in is no word about the reward: it is asked again.
_NOT_CANCELLED = tuple(status for status in _NO if status not in (401, 403))
# Where a wallet's words are used for an answer, these two say that it is not known.
_DOUBTS = ("RS_ERROR_UNKNOWN", "RS_ERROR_TIMEOUT")
# A reward of Hub88 that was made, and that nobody can play: its supplier did not take it.
_DEAD = ("FRS_FAILED", "FRS_CANCELLED", "FRS_EXPIRED")
_WORDS = ("error", "message", "status", "code")
_REF = re.compile(REFERENCE_PATTERN)
_CURRENCY = re.compile(r"[A-Z]{3}")

T = TypeVar("T", Prepaid, Campaign)


class Hub88Rewards:
    """Grants and cancels rewards as the Freebets API of Hub88 and Caleta does."""

    def __init__(self, calls: Hub88Calls) -> None:
        self._calls = calls

    async def list_prepaids(self, game: str, currency: str) -> list[Prepaid]:
        """Return what rewards in a game and a currency can be paid with."""
        body = {"operator_id": self._calls.operator, "game_code": game, "currency": currency}
        found = await self._ask("prepaids/list", body)
        return [item for item in map(_prepaid, _listed(found)) if item is not None]

    async def create(self, reward: Reward) -> CreateOutcome:
        """Ask for a reward, once."""
        body: dict[str, Any] = {
            "operator_id": self._calls.operator,
            "sub_partner_id": self._calls.partner,
            "user": reward.player_id,
            "prepaid_uuid": reward.prepaid,
            "bet_value": reward.stake_micros // MICROS_EACH,
            "bet_count": reward.stakes_max,
            "start_time": _written(reward.changed_at),
            "end_time": _written(reward.ends_at),
        }
        if reward.campaign is not None:
            body["campaign_uuid"] = reward.campaign
        try:
            found = await self._ask("rewards/create", body, also=_NO)
        except ProviderAway as away:
            return Unanswered(word=str(away)[:WORD_LENGTH_MAX])
        if isinstance(found, Declined):
            return found
        if isinstance(found, Mapping) and found.get("status") in _DEAD:
            return Declined(word=found["status"])
        ref = found.get("reward_uuid") if isinstance(found, Mapping) else None
        if not isinstance(ref, str) or not _REF.fullmatch(ref):
            return Unanswered(word="the answer names no reward")
        asked = {"user": reward.player_id, "prepaid_uuid": reward.prepaid}
        if any(found.get(name, said) != said for name, said in asked.items()):
            return Unanswered(word=f"the answer is about another reward: {ref}")
        return Granted(
            ref=ref,
            stake_micros=_micros(found.get("bet_value")),
            stakes_max=_count(found.get("bet_count")),
        )

    async def cancel(self, ref: str) -> CancelOutcome:
        """Cancel a reward that nobody has claimed."""
        body = {"operator_id": self._calls.operator, "reward_uuid": ref}
        found = await self._ask("rewards/cancel", body, also=_NOT_CANCELLED)
        return found if isinstance(found, Declined) else Cancelled()

    async def list_campaigns(self) -> list[Campaign]:
        """Return the campaigns that there are."""
        found = await self._ask("campaigns/list", {"operator_id": self._calls.operator})
        return [item for item in map(_campaign, _listed(found)) if item is not None]

    async def create_campaign(self, wish: CampaignWish) -> Campaign | Declined:
        """Create a campaign."""
        body: dict[str, Any] = {
            "operator_id": self._calls.operator,
            "name": wish.name,
            "prepaid_uuid": wish.prepaid,
        }
        if wish.currency is not None:
            body["currency"] = wish.currency
        if wish.stake_micros is not None:
            body["bet_value"] = wish.stake_micros // MICROS_EACH
        if wish.stakes_max is not None:
            body["bet_count"] = wish.stakes_max
        found = await self._ask("campaigns/create", body, also=_NO)
        if isinstance(found, Declined):
            return found
        campaign = _campaign(found)
        if campaign is None:
            raise ProviderAway("the provider names no campaign")
        return campaign

    async def _ask(self, name: str, body: dict[str, Any], *, also: tuple[int, ...] = ()) -> Any:
        """Ask the Freebets API; return what it says, or its no in its own word.

        Raises:
            ProviderAway: there is no answer, or none that says yes or no.
        """
        status, found = await self._calls.ask(
            body, name=f"freebet/{name}", bytes_max=BYTES_MAX, also=also
        )
        said = found.get("status") if isinstance(found, Mapping) else None
        if said in _DOUBTS:
            raise ProviderAway(f"the provider answers {said}")
        failed = isinstance(said, str) and said.startswith("RS_") and said != OK
        if status == 200 and not failed:
            return found
        return Declined(word=_word(found) or f"HTTP {status}")


def _listed(found: Any) -> list[Any]:
    if not isinstance(found, list) or len(found) > LISTED_MAX:
        raise ProviderAway("the provider tells no list")
    return found


def _prepaid(item: Any) -> Prepaid | None:
    """Return a prepaid; None where it has not the shape of one: it pays for nothing then."""
    if not isinstance(item, Mapping):
        return None
    ref, currency = item.get("prepaid_uuid"), item.get("currency")
    if not isinstance(ref, str) or not _REF.fullmatch(ref):
        return None
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return None
    return Prepaid(
        ref=ref,
        currency=currency,
        stake_micros=_micros(item.get("bet_value")),
        stakes_max=_count(item.get("bet_count")),
    )


def _campaign(item: Any) -> Campaign | None:
    if not isinstance(item, Mapping):
        return None
    ref, prepaid, name = (item.get(key) for key in ("campaign_uuid", "prepaid_uuid", "name"))
    if not all(isinstance(found, str) and _REF.fullmatch(found) for found in (ref, prepaid)):
        return None
    currency = item.get("currency")
    return Campaign(
        ref=str(ref),
        name=_printable(name) if isinstance(name, str) else "",
        prepaid=str(prepaid),
        currency=currency if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else None,
        stake_micros=_micros(item.get("bet_value")),
        stakes_max=_count(item.get("bet_count")),
    )


def _micros(value: Any) -> int | None:
    found = _count(value)
    return None if found is None else found * MICROS_EACH


def _count(value: Any) -> int | None:
    """Return a whole number that a table can hold; what is none is as good as not said."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 2**31 else None


def _word(found: Any) -> str:
    if not isinstance(found, Mapping):
        return ""
    said = [found.get(name) for name in _WORDS]
    return next((_printable(str(word)) for word in said if isinstance(word, str | int)), "")


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:WORD_LENGTH_MAX]


def _written(instant: datetime) -> str:
    """Write an instant as is published, without an offset: in UTC, as all that they say is."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
