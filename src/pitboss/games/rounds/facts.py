"""What rounds publish, in the player's shard and stream.

`promo` and `said` are what a provider called a step, as `Booking` has them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster, Win
from pitboss.kernel.ids import PlayerId


def _without_words(data: dict[str, Any]) -> dict[str, Any]:
    """Leave what was told before the provider's own words were kept as it is: they are gone."""
    return data


class GameSessionOpened(Fact, frozen=True, kw_only=True, tag="game_session.opened"):
    """A player opened a game; `digest` is of the first token, in hexadecimal digits."""

    session_id: str
    player_id: PlayerId
    provider: str
    game: str
    currency: str
    ends_at: str
    digest: str
    login_id: str | None = None
    network: str | None = None


class GameTokenIssued(Fact, frozen=True, kw_only=True, tag="game_session.token_issued"):
    """A session got another token: the one before stakes no more."""

    session_id: str
    player_id: PlayerId
    number: int
    digest: str


class GameSessionEnded(Fact, frozen=True, kw_only=True, tag="game_session.ended"):
    """A session in a game is over: nothing more is staked in it."""

    session_id: str
    player_id: PlayerId
    reason: str


class RoundStaked(Fact, frozen=True, kw_only=True, tag="round.staked"):
    """A stake was taken; the first of a round opens it.

    `balance_micros` is what was available after the whole request, as the provider was told;
    `closes` says that the round was over with it.

    `rules_version` and `check_id` are what the gate's yes rests on; `ref` is the bet's other name.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_words,)

    provider: str
    player_id: PlayerId
    external_id: str
    game: str
    currency: str
    micros: int
    balance_micros: int
    round_id: str
    version: str
    round_ref: str
    jurisdiction: str
    rules_version: str
    closes: bool = False
    session_id: str | None = None
    check_id: str | None = None
    free: bool = False
    ref: str | None = None
    promo: bool = False
    said: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake is played, and is lost until a win says otherwise."""
        if self.free:
            return ()
        return (Play(player_id=self.player_id, staked=self.micros, settled=self.micros),)


class RoundWon(Fact, frozen=True, kw_only=True, tag="round.won"):
    """A win was paid; `jackpot_micros` of it came from the provider's jackpots.

    `settles`: the stake that it is of is not rolled back any more.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_words,)

    provider: str
    player_id: PlayerId
    external_id: str
    game: str
    currency: str
    micros: int
    balance_micros: int
    round_id: str
    version: str
    round_ref: str
    closes: bool = False
    jackpot_micros: int = 0
    stake_id: str | None = None
    settles: bool = False
    promo: bool = False
    free: bool = False
    said: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """What came back; of what the house paid for, no limit knows."""
        if self.free or self.promo:
            return ()
        return (Play(player_id=self.player_id, returned=self.micros),)

    @property
    def wins(self) -> tuple[Win, ...]:
        """All of it, whoever paid for the stake: that was gone when the round was played."""
        return (Win(player_id=self.player_id, micros=self.micros),) if self.micros else ()


class RoundReversed(Fact, frozen=True, kw_only=True, tag="round.reversed"):
    """A stake or a win was undone; `of` says which, `micros` what it was.

    `original_at` is when it was booked; `owed_micros` is what of a win the player did not have.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_words,)

    provider: str
    player_id: PlayerId
    external_id: str
    game: str
    currency: str
    micros: int
    balance_micros: int
    round_id: str
    original_id: str
    of: str
    original_at: str
    closes: bool = False
    owed_micros: int = 0
    jackpot_micros: int = 0
    free: bool = False
    promo: bool = False
    said: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """It is counted back, in the hour in which it was counted."""
        if self.free:
            return ()
        if self.of == "win":
            play = Play(player_id=self.player_id, returned=-self.micros, at=self.original_at)
        else:
            play = Play(
                player_id=self.player_id,
                staked=-self.micros,
                settled=-self.micros,
                at=self.original_at,
            )
        return (play,)

    @property
    def wins(self) -> tuple[Win, ...]:
        """A win that was undone is none; a stake that comes back never was one."""
        if self.of != "win" or not self.micros:
            return ()
        return (Win(player_id=self.player_id, micros=-self.micros),)


class RollbackNoted(Fact, frozen=True, kw_only=True, tag="round.rollback_noted"):
    """A rollback undid nothing.

    Of something that is not known it leaves a `tombstone`: should it come later, it is not done.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_words,)

    provider: str
    player_id: PlayerId
    external_id: str
    original_id: str
    game: str
    currency: str
    balance_micros: int
    round_id: str | None = None
    tombstone: bool = False
    promo: bool = False
    said: str | None = None


class StakeRefused(Fact, frozen=True, kw_only=True, tag="round.stake_refused"):
    """A stake was not taken, and never will be under this id."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_words,)

    provider: str
    player_id: PlayerId
    external_id: str
    game: str
    currency: str
    micros: int
    balance_micros: int
    round_id: str
    reason: str
    free: bool = False
    ref: str | None = None
    promo: bool = False
    said: str | None = None


class RoundClosed(Fact, frozen=True, kw_only=True, tag="round.closed"):
    """A round is over without a booking that says so; `by` is who said it."""

    round_id: str
    player_id: PlayerId
    by: str


class RoundResolved(Fact, frozen=True, kw_only=True, tag="round.resolved"):
    """A round that nobody closed was ended: as it stands, or with its stakes given back.

    `stakes` are the provider's ids of those that were given back, `micros` what that was of the
    player's own money; `first_at` is when the round was opened.
    """

    round_id: str
    player_id: PlayerId
    provider: str
    by: str
    resolution: str
    micros: int
    currency: str
    first_at: str
    stakes: tuple[str, ...] = ()

    @property
    def plays(self) -> tuple[Play, ...]:
        """What was given back was never played."""
        if not self.micros:
            return ()
        amounts = -self.micros
        return (Play(player_id=self.player_id, staked=amounts, settled=amounts, at=self.first_at),)


# Every type of this room, for who reads facts.
FACTS = (
    GameSessionOpened,
    GameTokenIssued,
    GameSessionEnded,
    RoundStaked,
    RoundWon,
    RoundReversed,
    RollbackNoted,
    StakeRefused,
    RoundClosed,
    RoundResolved,
)
