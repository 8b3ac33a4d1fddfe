"""What rewards publish: in the player's shard and stream, of campaigns in the catalogue's."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class RewardRequested(Fact, frozen=True, kw_only=True, tag="reward.requested"):
    """Staff gives a player free stakes in a game: the intent, before the provider hears of it."""

    reward: str
    player_id: PlayerId
    provider: str
    game: str
    prepaid: str
    currency: str
    stake_micros: int
    stakes_max: int
    ends_at: str
    campaign: str | None = None


class RewardNotGiven(Fact, frozen=True, kw_only=True, tag="reward.not_given"):
    """Staff asked for a reward that was refused by us, and why; no provider heard of it."""

    reward: str
    player_id: PlayerId
    provider: str
    game: str
    currency: str
    stake_micros: int
    stakes_max: int
    reason: str


class RewardSent(Fact, frozen=True, kw_only=True, tag="reward.sent"):
    """The provider is asked for it from here on, once."""

    reward: str
    player_id: PlayerId


class RewardGranted(Fact, frozen=True, kw_only=True, tag="reward.granted"):
    """It is granted under the provider's name of it, as the provider said, or staff who asked it.

    What the provider told of the stakes, if anything; what counts is what was requested.
    """

    reward: str
    player_id: PlayerId
    ref: str
    by: str
    told_stake_micros: int | None = None
    told_stakes_max: int | None = None


class RewardDeclined(Fact, frozen=True, kw_only=True, tag="reward.declined"):
    """It is not granted: by the provider, in its word, or by us when it was to be sent."""

    reward: str
    player_id: PlayerId
    word: str
    by: str


class RewardUnanswered(Fact, frozen=True, kw_only=True, tag="reward.unanswered"):
    """Nobody knows whether the provider has granted it; what was seen instead of an answer."""

    reward: str
    player_id: PlayerId
    word: str


class RewardGivenUp(Fact, frozen=True, kw_only=True, tag="reward.given_up"):
    """Staff says that the provider has not granted it."""

    reward: str
    player_id: PlayerId


class RewardCancelAsked(Fact, frozen=True, kw_only=True, tag="reward.cancel_asked"):
    """It is to be cancelled, and why; `ref`, where it was learnt only now.

    One that no provider has heard of is cancelled with that.
    """

    reward: str
    player_id: PlayerId
    why: str
    ref: str | None = None


class RewardCancelled(Fact, frozen=True, kw_only=True, tag="reward.cancelled"):
    """It is cancelled: no stake is free by it any more."""

    reward: str
    player_id: PlayerId


class RewardCancelDeclined(Fact, frozen=True, kw_only=True, tag="reward.cancel_declined"):
    """The provider does not cancel it, in its word, as one that was claimed: it stays granted."""

    reward: str
    player_id: PlayerId
    word: str


class RewardUsed(Fact, frozen=True, kw_only=True, tag="reward.used"):
    """A free stake was taken on it; `stake_id` is the provider's id of the stake."""

    reward: str
    player_id: PlayerId
    provider: str
    stake_id: str
    micros: int


class RewardGivenBack(Fact, frozen=True, kw_only=True, tag="reward.given_back"):
    """A free stake that was taken on it was undone, and may be taken again."""

    reward: str
    player_id: PlayerId
    provider: str
    stake_id: str


class RewardCampaignAsked(Fact, frozen=True, kw_only=True, tag="reward_campaign.asked"):
    """Staff asks a provider to create a campaign, which gives nobody anything by itself."""

    provider: str
    name: str
    prepaid: str


class RewardCampaignCreated(Fact, frozen=True, kw_only=True, tag="reward_campaign.created"):
    """The provider has created it, under its name of it."""

    provider: str
    name: str
    prepaid: str
    ref: str


# Every type of this room, for who reads facts.
FACTS = (
    RewardRequested,
    RewardNotGiven,
    RewardSent,
    RewardGranted,
    RewardDeclined,
    RewardUnanswered,
    RewardGivenUp,
    RewardCancelAsked,
    RewardCancelled,
    RewardCancelDeclined,
    RewardUsed,
    RewardGivenBack,
    RewardCampaignAsked,
    RewardCampaignCreated,
)
