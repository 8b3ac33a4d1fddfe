"""Bets as they are decided, wait, and end."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.kernel.price import parse_price
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model.slips import PlaceBet, PricePolicy, Shape
from pitboss.sportsbook.trading.model import Bound
from pitboss.wallet.model import house_account

HOUSE = "sportsbook"
# The house's account that bears what a correction takes back and a player does not have.
ABSORBED = "absorbed"
# In play nothing is taken at once: what a player sees on the spot is ahead of every feed.
IN_PLAY_DELAY_SECONDS_MIN = 1
# Of a price in play, the longest without a change or a confirmation.  Before play there is none: a
# price may stand for days, and whoever makes it is watched by the pulse of the producer.
IN_PLAY_PRICE_AGE_MAX = timedelta(seconds=120)
# The rules of settlement that a bet is accepted on, and those of bets that did not say so yet.
# Settlement has every version; `tests/unit/settlement` holds this to be the newest.
RULES_NOW = "settlement.v4"
RULES_FIRST = "settlement.v1"
# Prices of a market that together make less than this of one cannot be meant: whoever backs all of
# its selections wins two thirds of the stakes for nothing.  No promotion goes that far.
BOOK_MIN = Fraction(3, 5)
# Kinds of market that are about a whole competition: each of its events has a share in them.
OF_A_COMPETITION = frozenset(("outright_winner", "outright_place", "top_scorer"))
# Whose the terms for places are that a market says itself.
MARKETS_OWN = "market"


class Refusal(StrEnum):
    """Why a bet is not accepted, by the sportsbook's own rules."""

    UNREADABLE = "unreadable"
    UNKNOWN_SELECTION = "unknown_selection"
    PRICE_CHANGED = "price_changed"
    MARKET_NOT_OPEN = "market_not_open"
    EVENT_STARTED = "event_started"
    RELATED_LEGS = "related_legs"
    WRONG_NUMBER_OF_LEGS = "wrong_number_of_legs"
    RETURNS_TOO_LARGE = "returns_too_large"
    STAKE_NOT_WHOLE = "stake_not_whole"
    DUPLICATE_SLIP = "duplicate_slip"
    PALPABLE_ERROR = "palpable_error"
    PRODUCER_DOWN = "producer_down"
    PRICE_STALE = "price_stale"
    IN_PLAY_NOT_OFFERED = "in_play_not_offered"
    SCORE_CHANGED = "score_changed"
    MARKET_INTERRUPTED = "market_interrupted"
    PLACE_TERMS_CHANGED = "place_terms_changed"
    NO_PLACE_TERMS = "no_place_terms"
    UNKNOWN_FREE_BET = "unknown_free_bet"
    FREE_BET_USED = "free_bet_used"
    FREE_BET_EXPIRED = "free_bet_expired"
    FREE_BET_OTHER_STAKE = "free_bet_other_stake"
    FREE_BETS_NOT_ALLOWED = "free_bets_not_allowed"
    UNKNOWN_BOOST = "unknown_boost"
    BOOST_USED = "boost_used"
    BOOST_EXPIRED = "boost_expired"
    BOOST_STAKE_TOO_LARGE = "boost_stake_too_large"
    BOOSTS_NOT_ALLOWED = "boosts_not_allowed"
    UNKNOWN_COMBINATION = "unknown_combination"
    COMBINATION_NOT_OPEN = "combination_not_open"
    COMBINATIONS_NOT_SOLD = "combinations_not_sold"
    BET_LIMIT = "bet_limit"
    SELECTION_LIMIT = "selection_limit"
    REFERRAL_REFUSED = "referral_refused"
    REFERRAL_UNANSWERED = "referral_unanswered"


# What a bet is refused for that is above a limit.
REFUSALS = {Bound.BET: Refusal.BET_LIMIT, Bound.SELECTION: Refusal.SELECTION_LIMIT}


class BetState(StrEnum):
    """Where a bet stands; `pending` is a command that is not decided yet.

    `delayed`: it passed, its stake is held, and it is decided once more when its delay is over.
    """

    PENDING = "pending"
    DELAYED = "delayed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SETTLED = "settled"
    VOIDED = "voided"
    CASHED_OUT = "cashed_out"


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A selection in an accepted bet, at its struck price (`"19/8"`).

    Where the player's policy let another price be struck than the one that was shown, that was
    named by `shown_tick`, and `shown_price` is what the slip said of it.

    `place_fraction` (`"1/5"`) of the winnings is paid for one of the `places`, by `place_terms`:
    the market's own, or the version of a table.  `rule4` is the version of the table by which
    runners that are withdrawn later reduce the winnings.  All are frozen when the bet is struck.
    """

    selection_id: SelectionId
    market_id: MarketId
    event_id: EventId
    price: str
    tick: int
    shown_tick: int | None = None
    shown_price: str | None = None
    place_fraction: str | None = None
    places: int | None = None
    place_terms: str | None = None
    rule4: str | None = None

    @property
    def fraction_exact(self) -> Fraction | None:
        """The place part's share of the winnings as a number."""
        return None if self.place_fraction is None else Fraction(self.place_fraction)

    @property
    def price_exact(self) -> Fraction:
        """The struck price as a number."""
        return parse_price(self.price)


class Placing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command with the place it comes from and the moment it was acknowledged.

    `stake_other_micros` is that of the bet that comes of it, see there.
    """

    shard: Shard
    command: PlaceBet
    placed_at: datetime
    stake_other_micros: int | None = None


class Bet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decided bet; `rules` is the version that an accepted one is settled under.

    `stake_other_micros` is what was asked for, of an accepted bet of which a limit left less, and
    what would have passed, of one that was refused for a limit.
    """

    shard: Shard
    id: BetId
    player_id: PlayerId
    state: BetState
    refusal: str | None
    stake_micros: int
    currency: str
    rounding: Rounding
    legs: tuple[Leg, ...]
    placed_at: datetime
    decided_at: datetime
    returns_micros: int | None = None
    settled_at: datetime | None = None
    bought_back_micros: int = 0
    shape: Shape | None = None
    rules: str = RULES_FIRST
    stake_other_micros: int | None = None
    settlements: int = 0
    price_policy: PricePolicy = PricePolicy.NONE


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How a leg stood when its bet was delayed.

    `status_no` grows with whatever stops or allows bets, `live_no` with score, red cards and
    period: while both stay, nothing has happened, not even for a moment.
    """

    selection_id: SelectionId
    tick: int
    status_no: int
    live_no: int
    score: str | None = None
    red_cards: str | None = None


class Pending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A delayed bet: when it is decided, and how its legs stood when it was asked for."""

    shard: Shard
    bet_id: BetId
    decide_at: datetime
    seen: tuple[Seen, ...]


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted bet that waits for results, or for other ones: what settlement needs to know.

    `decided_at` is when it was accepted, and `settlements` how often it was settled before.  Of one
    that is settled there is also what it returned, and since when.  `stake_micros` is what is left
    of the stake: less than was accepted if a part was bought back.
    """

    shard: Shard
    id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    rounding: Rounding
    legs: tuple[Leg, ...]
    decided_at: datetime
    placed_at: datetime
    shape: Shape | None = None
    rules: str = RULES_FIRST
    settlements: int = 0
    returns_micros: int | None = None
    voided: bool = False
    settled_at: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Whether its stake is a free bet."""
        return self.shape is not None and self.shape.is_free

    @property
    def void_micros(self) -> int:
        """What comes back if it is void: nothing for a free bet, which can be used again."""
        return 0 if self.is_free else self.stake_micros


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What settlement found a bet to return; `voided` when the whole stake goes back.

    No result changes one any more that is `final`: it was not settled by results.
    """

    bet: Waiting
    returns_micros: int
    voided: bool
    final: bool = False


class Correction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bet returns that was settled before; None if it is open again.

    `cause` is what was said of its market under the number `result_no`, and `reason` why.  What the
    player does not have is owed to the house, unless the house `absorbs` it.
    """

    bet: Waiting
    returns_micros: int | None
    voided: bool
    cause: str
    reason: str
    result_no: int
    absorbs: bool

    @property
    def version(self) -> int:
        """Which settlement of the bet this is."""
        return self.bet.settlements + 1

    @property
    def delta_micros(self) -> int:
        """What the player gets more than before; less than nothing if it is taken back."""
        return (self.returns_micros or 0) - (self.bet.returns_micros or 0)


class Corrected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A correction as it was booked: what moved, and what the player did not have."""

    correction: Correction
    owed_micros: int
    absorbed_micros: int
    movements: tuple[Movement, ...]


class PastCorrection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A settlement of a bet after its first one, as it is on record."""

    bet_id: BetId
    version: int
    was_micros: int | None
    was_voided: bool
    returns_micros: int | None
    voided: bool
    cause: str
    reason: str
    result_no: int
    owed_micros: int
    absorbed_micros: int
    corrected_at: datetime


class BuyBack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of an accepted bet that the house buys back, all that is left of it at most.

    `stake_micros` of its stake is sold for `paid_micros`; `key` makes it happen once.
    """

    bet: Waiting
    key: str
    stake_micros: int
    paid_micros: int

    @property
    def whole(self) -> bool:
        """Whether nothing of the bet is left."""
        return self.stake_micros == self.bet.stake_micros


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted bet as it comes in the one order of facts, with when it was recorded."""

    position: int
    at: str
    bet_id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    legs: tuple[Leg, ...]
    shape: Shape | None


class StakeMax(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The largest stake that would pass now, and what says so: a limit, or the licence."""

    micros: int
    bound: str


class OpenBet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The place of a bet that waits for a market."""

    shard: Shard
    bet_id: BetId


def stake_account(shard: Shard, currency: str) -> AccountId:
    """Return the id of the shard's house account that stakes go to and returns come from."""
    return house_account(shard, HOUSE, currency)


def absorbing_account(shard: Shard, currency: str) -> AccountId:
    """Return the id of the shard's house account that bears what players do not have."""
    return house_account(shard, ABSORBED, currency)
