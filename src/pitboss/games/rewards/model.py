"""Nouns of rewards: free stakes in a provider's game that the house gives to one player."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import Shard, shard_of

# How providers call their prepaids, campaigns and rewards: UUIDs, as far as is published.
REFERENCE_PATTERN = r"^[A-Za-z0-9_-]{1,64}(?![\s\S])"
CAMPAIGN_NAME_PATTERN = r"^[ -~]{1,100}(?![\s\S])"
# More free stakes in one reward are a slip of the pen.
STAKES_MAX = 1_000
# What is said beside a state is a word, or a provider's sentence that was cut off.
WORD_LENGTH_MAX = 200


class RewardState(StrEnum):
    """Where a reward stands.

    It is `requested` until it is `sent`, which is written before the provider is asked, for it is
    never asked twice.  Then it is `granted` or `refused`; `unknown` if no answer came, until staff
    says whether it was granted or is `given_up`.  `cancelling` lasts until the provider has
    answered: then it is `cancelled`, or granted as before.
    """

    REQUESTED = "requested"
    SENT = "sent"
    GRANTED = "granted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    GIVEN_UP = "given_up"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


class Refusal(StrEnum):
    """Why a reward is not given, or not changed."""

    REWARDS_NOT_ALLOWED = "rewards_not_allowed"
    REWARDS_NOT_OFFERED = "rewards_not_offered"
    REWARD_TOO_LARGE = "reward_too_large"
    REWARD_OVER = "reward_over"
    STAKE_NOT_WHOLE = "stake_not_whole"
    KEY_REUSED = "key_reused"
    UNKNOWN_REWARD = "unknown_reward"
    REWARD_NOT_GRANTED = "reward_not_granted"
    REWARD_NOT_UNKNOWN = "reward_not_unknown"
    REWARD_REFERENCE_TAKEN = "reward_reference_taken"


class StakeRefusal(StrEnum):
    """Why a free stake that names a reward of ours is not the house's to pay."""

    REWARD_OF_ANOTHER = "reward_of_another"
    REWARD_NOT_OPEN = "reward_not_open"
    REWARD_ENDED = "reward_ended"
    REWARD_OF_OTHER_GAME = "reward_of_other_game"
    REWARD_USED_UP = "reward_used_up"
    REWARD_STAKE_TOO_LARGE = "reward_stake_too_large"


class PrepaidRefusal(StrEnum):
    """Why a reward is not asked for at its provider, once its prepaids are known."""

    UNKNOWN_PREPAID = "unknown_prepaid"
    PREPAID_OTHER_CURRENCY = "prepaid_other_currency"
    PREPAID_OTHER_STAKE = "prepaid_other_stake"
    PREPAID_OTHER_COUNT = "prepaid_other_count"


class CampaignRefusal(StrEnum):
    """Why a reward is not asked for as one of its campaign, once campaigns are known."""

    UNKNOWN_CAMPAIGN = "unknown_campaign"
    CAMPAIGN_OTHER_PREPAID = "campaign_other_prepaid"
    CAMPAIGN_OTHER_STAKE = "campaign_other_stake"
    CAMPAIGN_OTHER_COUNT = "campaign_other_count"


class Why(StrEnum):
    """Why a reward is cancelled: a closed list, as facts are for ever."""

    STAFF = "staff"
    EXCLUDED = "excluded"
    GIVEN_UP = "given_up"


class By(StrEnum):
    """Who said how a reward stands."""

    HOUSE = "house"
    PROVIDER = "provider"
    STAFF = "staff"


class Decision(StrEnum):
    """What staff says of a reward that nobody knew of."""

    GRANTED = "granted"
    GIVEN_UP = "given_up"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A reward to give: so many stakes of this size in a game, until an instant.

    `prepaid` is what of the provider's it is paid with, and `campaign` the one that it belongs to.
    The id follows from the giver's key.
    """

    id: str
    player_id: PlayerId
    provider: str
    game: str
    prepaid: str
    currency: str
    stake_micros: int
    stakes_max: int
    ends_at: datetime
    campaign: str | None = None

    @property
    def place(self) -> Place:
        """Where it lies."""
        return shard_of(self.player_id), self.id

    @property
    def worth_micros(self) -> int:
        """What the house has to pay for at most: its stakes."""
        return self.stake_micros * self.stakes_max


class Reward(Grant, frozen=True, kw_only=True):
    """A reward as it stands; `ref` is the provider's name of it, once it is known.

    `word` is what was said last: why it was refused, is unknown or was not cancelled.  `used` free
    stakes of it were taken and not given back, of `used_micros` together.  `attempts` counts the
    tries of what it waits for.  `named_by` is who said its name when it was granted.
    """

    state: RewardState
    requested_at: datetime
    changed_at: datetime
    ref: str | None = None
    named_by: By | None = None
    word: str | None = None
    used: int = 0
    used_micros: int = 0
    attempts: int = 0

    @property
    def is_correctable(self) -> bool:
        """Whether staff may take back what they said of it: nothing was played on it yet."""
        return self.state is RewardState.GRANTED and self.named_by is By.STAFF and self.used == 0

    @property
    def grant(self) -> Grant:
        """What was asked for."""
        return Grant(**{name: getattr(self, name) for name in Grant.__struct_fields__})

    def refuses_stake(
        self, *, player_id: PlayerId, game: str, micros: int, now: datetime
    ) -> StakeRefusal | None:
        """Return why a free stake that names this reward is not one of it, or None.

        While it is being cancelled its provider may still have it played, and it is paid for.
        """
        wrong = {
            StakeRefusal.REWARD_OF_ANOTHER: self.player_id != player_id,
            StakeRefusal.REWARD_NOT_OPEN: self.state
            not in (RewardState.GRANTED, RewardState.CANCELLING),
            StakeRefusal.REWARD_ENDED: now >= self.ends_at,
            StakeRefusal.REWARD_OF_OTHER_GAME: self.game != game,
            StakeRefusal.REWARD_USED_UP: self.used >= self.stakes_max,
            StakeRefusal.REWARD_STAKE_TOO_LARGE: micros > self.stake_micros,
        }
        return next((reason for reason, applies in wrong.items() if applies), None)

    def after_use(self, micros: int) -> Reward:
        """Return it with one more free stake used; one of nothing is one, too."""
        return structs.replace(self, used=self.used + 1, used_micros=self.used_micros + micros)

    def after_return(self, micros: int) -> Reward:
        """Return it with one free stake given back."""
        return structs.replace(self, used=self.used - 1, used_micros=self.used_micros - micros)


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A free stake that was taken on a reward, by the provider's id of it."""

    shard: Shard
    provider: str
    player_id: PlayerId
    stake_id: str
    reward: str
    micros: int
    given_back: bool = False

    @property
    def stake(self) -> StakePlace:
        """The stake that it was taken by."""
        return self.shard, self.provider, self.stake_id, self.player_id


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """It is recorded, and the provider is asked for it; not `changed` when it was before."""

    reward: Reward
    changed: bool


class NotGiven(msgspec.Struct, frozen=True, kw_only=True):
    """It is not given, and why: our own reason, the gate's or the registry's."""

    reason: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The reward as it stands now; not `changed` when it was so before."""

    reward: Reward
    changed: bool


class NotChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was changed, and why."""

    reason: Refusal


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """The provider has granted it, under its own name; what it tells of it beside that."""

    ref: str
    stake_micros: int | None = None
    stakes_max: int | None = None


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """The provider says no, in its own word."""

    word: str


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody knows whether the provider has done it; what was seen instead of an answer."""

    word: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The provider has cancelled it."""


class Prepaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's rewards in a game are paid with; what it does not say is ours to say."""

    ref: str
    currency: str
    stake_micros: int | None = None
    stakes_max: int | None = None


class CampaignWish(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign to create at a provider; what its prepaid says counts before what is said here."""

    name: str
    prepaid: str
    currency: str | None = None
    stake_micros: int | None = None
    stakes_max: int | None = None


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's campaign, as it tells of it."""

    ref: str
    name: str
    prepaid: str
    currency: str | None = None
    stake_micros: int | None = None
    stakes_max: int | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """When a reward is looked at again, and how often it was tried before that."""

    place: Place
    attempts: int
    try_at: datetime


Place = tuple[Shard, str]
# A stake of a player's: shard, provider, the provider's id of it, and the player.
StakePlace = tuple[Shard, str, str, PlayerId]
# When a reward ends, and where it lies: by which pages of those that can be played go on.
Ending = tuple[datetime, Shard, str]
# A provider and its name of a reward.
Named = tuple[str, str]
GrantAnswer = Given | NotGiven
ChangeAnswer = Changed | NotChanged
CreateOutcome = Granted | Declined | Unanswered
CancelOutcome = Cancelled | Declined


def reward_id(player_id: PlayerId, key: str) -> str:
    """Return the id of the reward that staff gives a player under a key."""
    return derived_id("reward", player_id, key)
