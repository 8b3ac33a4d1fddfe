"""Nouns of rounds: what providers ask of a wallet, what is answered, what is kept of it.

Structs where there is one for every request: a dataclass takes six times as long to make.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pitboss.games.registry.model import Version
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import PLAYER_SHARDS, Shard
from pitboss.wallet.model import house_account, provider_account

# What one request may hold; the longest that is known of a provider has a handful.
STEPS_MAX = 100
# Rounds that are shown at once.
ROUNDS_SHOWN_MAX = 100
# Between players' tokens and those of others nobody can tell; a shard and 128 bits of chance.
TOKEN_LENGTH = 34
SESSION_LIFE = timedelta(hours=12)
_PROMOTIONS = "game promotions"
# What is kept of what else a provider says of a step; a fact has room for fifteen times as much.
SAID_BYTES_MAX = 4_000
# What a round that was voided leaves on its stakes, in the place of a rollback's id.
BY_RESOLUTION = "resolution"


class Refusal(StrEnum):
    """Why a game is not opened, or a round not resolved or not shown."""

    UNKNOWN_ROUND = "unknown_round"
    ROUND_CLOSED = "round_closed"
    ROUND_NOT_SHOWN = "round_not_shown"
    UNKNOWN_GAME_SESSION = "unknown_game_session"
    DEMO_NOT_OFFERED = "demo_not_offered"


class WireRefusal(StrEnum):
    """Why a provider's request is not done; the gate, the registry and the wallet have others."""

    UNKNOWN_PLAYER = "unknown_player"
    UNKNOWN_SESSION = "unknown_session"
    SESSION_EXPIRED = "session_expired"
    SESSION_OVER = "game_session_over"
    WRONG_CURRENCY = "wrong_currency"
    OTHER_FACTS = "other_facts"
    ROLLED_BACK = "rolled_back"
    ROUND_CLOSED = "round_closed"
    UNKNOWN_STAKE = "unknown_stake"
    UNKNOWN_ROUND = "unknown_round"
    ALREADY_SETTLED = "already_settled"
    ALREADY_REVERSED = "already_reversed"
    NOT_A_STAKE = "not_a_stake"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    PROMOTION_EXHAUSTED = "promotion_exhausted"


class WinNeeds(StrEnum):
    """What there must be for a win to be booked."""

    NOTHING = "nothing"
    STAKE = "stake"
    OPEN_ROUND = "open_round"


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How a protocol wants answered what the core leaves open.

    `one_id_space`: an id names one thing, whatever its kind.  `ids_of_provider`: an id that
    another player has used is used, for the same kind of thing where kinds have ids of their own.
    `replays_reversed`: a stake that was rolled back and is asked
    for again gets its first answer, and not that it was rolled back.  `reverses_wins`,
    `reverses_settled` and `reverses_again` say whether a win, a stake that was paid and a stake
    that was rolled back may be rolled back.  `by_ref`: a bet may be called by another name than
    its stake's id.  `free_play`: the house has agreed to play that it
    pays for.  `keeps_refusals`: a stake that was refused stays so under its id.  `closes_unfound`:
    a rollback that says that the round is over is believed though it finds nothing to undo.
    """

    one_id_space: bool = True
    ids_of_provider: bool = False
    replays_reversed: bool = False
    win_needs: WinNeeds = WinNeeds.NOTHING
    reverses_wins: bool = False
    reverses_settled: bool = True
    reverses_again: bool = True
    by_ref: bool = False
    free_play: bool = False
    keeps_refusals: bool = True
    closes_unfound: bool = True


class Kind(StrEnum):
    """What a provider asks for: the key of a booking has it, because some use an id twice."""

    STAKE = "stake"
    WIN = "win"
    REVERSAL = "reversal"


class Stake(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="stake"):
    """Take a stake; a `free` one is the house's money, and none of the player's.

    `ref` is another name of the bet, by which its wins and rollbacks may call it.  `promo` and
    `said` are what its provider called it, as `Booking` has them.  `reward` is the provider's name
    of the reward that a free one is of, if it says so.
    """

    external_id: str
    micros: int
    free: bool = False
    ref: str | None = None
    promo: bool = False
    said: str | None = None
    reward: str | None = None


class Win(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="win"):
    """Pay a win; `jackpot_micros` of it come from the provider's jackpots.

    `stake_id` is the stake that it is of, as far as the provider says.  A `promo` is of no stake;
    what a `free` stake has won is counted by no limit.
    """

    external_id: str
    micros: int
    jackpot_micros: int = 0
    stake_id: str | None = None
    promo: bool = False
    free: bool = False
    said: str | None = None


class Reversal(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="reversal"):
    """Undo a stake or a win, as it was booked, whatever the provider says it was."""

    external_id: str
    original_id: str
    promo: bool = False
    said: str | None = None


Step = Stake | Win | Reversal


class Bearer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """In which session something is asked, by the digest of its token or by its id."""

    digest: bytes | None = None
    session_id: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What one message of a provider asks for: steps in order, all of them or none.

    Without a `game` it is the one of the session.
    `round_ref` is the provider's name for the round, which a lone reversal need not say; `closes`
    says that nothing more is staked in it.  Without `steps` it only closes.  Without a `bearer`
    the player's newest session with this provider is meant, and with an empty one none.
    `strict`: the bearer must be of this player whatever is asked.
    """

    provider: str
    player_id: PlayerId
    game: str
    round_ref: str | None
    currency: str | None
    steps: tuple[Step, ...]
    dialect: Dialect
    closes: bool = False
    bearer: Bearer | None = None
    strict: bool = False


class Effect(StrEnum):
    """What came of a step."""

    BOOKED = "booked"
    REPEATED = "repeated"
    TOMBSTONED = "tombstoned"
    NOTHING = "nothing"


class StepDone(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A step that is done, under our own id for it."""

    external_id: str
    booking_id: str
    effect: Effect


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """Yes.  `balance_micros` is what is available after all of it; of a repeat, as it was then.

    `balance_now` is what is available now, for protocols whose repeats say that.  `repeated`: all
    of it had been done before.
    """

    round_id: str | None
    steps: tuple[StepDone, ...]
    balance_micros: int
    balance_now: int
    currency: str
    repeated: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """No, and why: nothing of the request was done; the balance is that before it."""

    reason: str
    balance_micros: int | None = None
    currency: str | None = None
    external_id: str | None = None


Answer = Done | Refused


class Booking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A step as it is kept, for ever; `refusal` is why a stake was not taken.

    A stake whose rollback came first is kept refused as `rolled_back`: its tombstone; the reversal
    that left it has no round.  `original_id` is what a reversal is of, and the stake that a win is
    of.  `settled` is a stake that a win was paid for, where the protocol wants to know.
    `owed_micros` is what of a win's reversal the player did not have.  `promo`: its provider called
    it a promotion's.  `said` is what else it said of it, a JSON object, for who asks later.
    """

    shard: Shard
    provider: str
    player_id: PlayerId
    external_id: str
    kind: Kind
    game: str
    currency: str
    micros: int
    balance_micros: int
    booked_at: datetime
    round_id: str | None = None
    jackpot_micros: int = 0
    free: bool = False
    original_id: str | None = None
    refusal: str | None = None
    reversed_by: str | None = None
    settled: bool = False
    owed_micros: int = 0
    promo: bool = False
    said: str | None = None

    @property
    def id(self) -> str:
        """Our own id of it."""
        return booking_id(self.provider, self.player_id, self.kind, self.external_id)

    @property
    def key(self) -> BookingKey:
        """What there is one of."""
        return self.provider, self.player_id, self.kind, self.external_id


BookingKey = tuple[str, PlayerId, Kind, str]


class ClosedBy(StrEnum):
    """Who said that a round is over."""

    PROVIDER = "provider"
    RULE = "rule"
    STAFF = "staff"


class Round(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One play of a game; the sums are of what was not rolled back, in micros."""

    shard: Shard
    id: str
    player_id: PlayerId
    provider: str
    ref: str
    game: str
    version: str
    currency: str
    staked_micros: int
    won_micros: int
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: ClosedBy | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A player's stay in a game.  `login_id` and `network` say in which login, and from where.

    The token with the newest number is the one that stakes; older ones only pay and undo.
    """

    shard: Shard
    id: str
    player_id: PlayerId
    provider: str
    game: str
    currency: str
    login_id: str | None
    network: str | None
    token_no: int
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session's token: what it is kept as, and its number."""

    shard: Shard
    digest: bytes
    session_id: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A player wants to play a game for money.

    `one_at_a_time`: the player's other sessions with this provider end.  `secret` is the token.
    """

    player_id: PlayerId
    provider: str
    game: str
    session_id: str
    secret: str
    login_id: str | None
    network: str | None
    one_at_a_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The game may be opened in this session, in the version that was asked about."""

    session: Session
    version: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """It may not, and why: a `Refusal` of the gate or of the registry."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a provider is told of a player: their session, and what is available, in micros."""

    session: Session | None
    player_id: PlayerId
    currency: str
    balance_micros: int
    jurisdiction: str


class Resolution(StrEnum):
    """How a round that nobody closed is ended: as it stands, or with its stakes given back."""

    CLOSE = "close"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The round is over; `refunded_micros` were given back."""

    round_id: str
    refunded_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotResolved:
    """It is not, and why."""

    reason: Refusal


def booking_id(provider: str, player_id: PlayerId, kind: str, external_id: str) -> str:
    """Return our id of what a provider asks for under an id of its own."""
    return derived_id("game booking", provider, player_id, kind, external_id)


def round_id_of(provider: str, player_id: PlayerId, ref: str) -> str:
    """Return our id of a provider's round."""
    return derived_id("game round", provider, player_id, ref)


def lock_key_of(provider: str, external_id: str) -> int:
    """Return the number by which an id is locked; ids that share one only wait for each other."""
    digest = hashlib.sha256(f"{provider}\n{external_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


def stakes_account(shard: Shard, provider: str, currency: str) -> AccountId:
    """Return the house's account that stakes go to and wins come from."""
    return house_account(shard, stakes_owner(provider), currency)


def stakes_owner(provider: str) -> str:
    """Return whose the account of a provider's stakes is, as the books name it."""
    return f"games {provider}"


def jackpots_account(shard: Shard, provider: str, currency: str) -> AccountId:
    """Return the clearing account of the jackpots that a provider keeps, and is asked for."""
    return provider_account(shard, jackpots_owner(provider), currency)


def jackpots_owner(provider: str) -> str:
    """Return whose the account of a provider's jackpots is, as the books name it."""
    return f"jackpots {provider}"


def promotions_account(shard: Shard, currency: str) -> AccountId:
    """Return the house's account that pays for free stakes and promotions in games."""
    return house_account(shard, _PROMOTIONS, currency)


def promotions_owner() -> str:
    """Return whose the account of promotions is, as the books name it."""
    return _PROMOTIONS


def digest_of(token: str) -> bytes:
    """Return what a token is kept as; it cannot be made out again from that."""
    return hashlib.sha256(token.encode()).digest()


def make_token(shard: Shard, random: bytes) -> str:
    """Return a token that says in which shard its session is, and else nothing."""
    return f"{shard:02x}{random.hex()}"


def shard_of_token(token: str) -> Shard | None:
    """Return the shard of a token's session; None if it cannot be one of ours."""
    if len(token) != TOKEN_LENGTH or not all(char in "0123456789abcdef" for char in token):
        return None
    shard = int(token[:2], 16)
    return Shard(shard) if shard < PLAYER_SHARDS else None
