"""Campaigns at providers: what was asked for and created, told in the catalogue's shard."""

from __future__ import annotations

from pitboss.games.rewards.facts import RewardCampaignAsked, RewardCampaignCreated
from pitboss.games.rewards.model import Campaign, CampaignWish
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn


async def ask_for_campaign(turn: Turn, provider: str, wish: CampaignWish) -> None:
    """Record that a provider is asked for a campaign; it gives nobody anything by itself."""
    fact = RewardCampaignAsked(provider=provider, name=wish.name, prepaid=wish.prepaid)
    _publish(turn, provider, fact)


async def record_campaign(turn: Turn, provider: str, campaign: Campaign) -> None:
    """Record that a provider has created a campaign."""
    fact = RewardCampaignCreated(
        provider=provider, name=campaign.name, prepaid=campaign.prepaid, ref=campaign.ref
    )
    _publish(turn, provider, fact)


def _publish(turn: Turn, provider: str, fact: Fact) -> None:
    ensure(CATALOGUE_SHARD in turn.heads, "campaigns are told by who holds the catalogue")
    turn.publish(CATALOGUE_SHARD, derived_id("game provider", provider), fact)
