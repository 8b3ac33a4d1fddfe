"""What trading publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.ids import PlayerId


def _without_referral(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of traders: until then nobody waited for one."""
    return data


class LimitSet(Fact, frozen=True, kw_only=True, tag="trading.limit_set"):
    """Staff said what may be won, in micros; `no` counts all of these."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_referral,)

    no: int
    scope: str
    target: str
    currency: str
    bet_winnings_max: int | None
    winnings_max: int | None
    by: str
    referral_winnings_max: int | None = None


class LimitRefused(Fact, frozen=True, kw_only=True, tag="trading.limit_refused"):
    """Staff wanted a limit for what there is not; nothing changed."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_referral,)

    scope: str
    target: str
    currency: str
    bet_winnings_max: int | None
    winnings_max: int | None
    reason: str
    referral_winnings_max: int | None = None


class FactorSet(Fact, frozen=True, kw_only=True, tag="trading.factor_set"):
    """Staff said by what (`"1/10"`) a player's limits for one bet are multiplied.

    `number` counts those of the player.
    """

    player_id: PlayerId
    number: int
    factor: str
    before: str
    by: str


# Every type of this room, for who reads facts.
FACTS = (LimitSet, LimitRefused, FactorSet)
