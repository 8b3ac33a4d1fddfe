"""What dealing publishes, in the player's shard and stream; the money is told by `rounds`."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.ids import PlayerId


def _without_win(data: dict[str, Any]) -> dict[str, Any]:
    """Leave a step that was told without what the round had won: its rules alone know."""
    return data


def _settled(data: dict[str, Any]) -> dict[str, Any]:
    """Say of a count that was told before it could fall that it is the last word."""
    return data | {"settled": data["drawn"], "lost": data["missing"]}


class HouseRoundBegun(Fact, frozen=True, kw_only=True, tag="house_round.begun"):
    """A round of a game of the house has begun; `wager` is its state before the first step."""

    player_id: PlayerId
    round_id: str
    session_id: str
    game: str
    version: str
    currency: str
    wager: str


class HouseStepTaken(Fact, frozen=True, kw_only=True, tag="house_round.stepped"):
    """A step was taken.

    `draw_digest` is the SHA-256 of the record of what was drawn for it, in hexadecimal digits: of
    cards that nobody has seen yet nothing may be read here before the round is over.  `won_micros`
    is what the round had won after it, and is paid when the round is over.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_win,)

    player_id: PlayerId
    round_id: str
    number: int
    action: str
    staked_micros: int
    draw_digest: str | None = None
    won_micros: int | None = None


class HouseRoundEnded(Fact, frozen=True, kw_only=True, tag="house_round.ended"):
    """A round is over and pays this; `draws` are the records behind its digests, in order.

    With the wager and the actions before it, the outcome can be worked out again from them.
    """

    player_id: PlayerId
    round_id: str
    win_micros: int
    draws: tuple[str, ...]


class HouseDrawsCounted(Fact, frozen=True, kw_only=True, tag="house_draws.counted"):
    """A start of the generator has made `drawn` draws, and `missing` of them nobody was dealt.

    `fresh` are the first of those that are missing since the last count.  It is told each day, each
    ten thousand draws, whenever something is missing, and whenever something is missing no more.
    `lost` of the first `settled` draws nobody was dealt, and that stays so.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_settled,)

    instance: str
    drawn: int
    missing: int
    settled: int
    lost: int
    fresh: tuple[int, ...] = ()


class HouseGeneratorChecked(Fact, frozen=True, kw_only=True, tag="house_generator.checked"):
    """The generator was seen to have compared itself with its certificate, or to stand otherwise.

    It is told of each start, of each comparison after it, each day and on demand, and once it draws
    nothing any more, with the reason.  `certificate` is the number of the one that it draws under,
    and none where it runs uncertified.  Each process that looks tells what it has seen.
    """

    instance: str
    rng_version: str
    code_hash: str
    may_draw: bool
    certificate: str | None = None
    licences: tuple[str, ...] = ()
    why_not: str | None = None
    checked_seconds_ago: int | None = None


# Every type of this room, for who reads facts.
FACTS = (
    HouseRoundBegun,
    HouseStepTaken,
    HouseRoundEnded,
    HouseDrawsCounted,
    HouseGeneratorChecked,
)
