"""What rewards ask of providers."""

from __future__ import annotations

from typing import Protocol

from pitboss.games.rewards.model import (
    Campaign,
    CampaignWish,
    CancelOutcome,
    CreateOutcome,
    Declined,
    Prepaid,
    Reward,
)


class Rewards(Protocol):
    """Where a provider's rewards are granted and cancelled."""

    async def list_prepaids(self, game: str, currency: str) -> list[Prepaid]:
        """Return what rewards in a game and a currency can be paid with.

        Raises:
            ProviderAway: it does not tell, or tells what nobody can read.
        """
        ...

    async def create(self, reward: Reward) -> CreateOutcome:
        """Ask for a reward.  Asking again may grant it again, so nobody does.

        Whatever goes wrong is an answer: that nobody knows whether it was granted.
        """
        ...

    async def cancel(self, ref: str) -> CancelOutcome:
        """Cancel a reward that nobody has claimed.  Asking again grants nothing and harms nobody.

        Raises:
            ProviderAway: no answer.
        """
        ...

    async def list_campaigns(self) -> list[Campaign]:
        """Return the campaigns that there are.

        Raises:
            ProviderAway: it does not tell, or tells what nobody can read.
        """
        ...

    async def create_campaign(self, wish: CampaignWish) -> Campaign | Declined:
        """Create a campaign, which gives nobody anything.

        Raises:
            ProviderAway: no answer; the list of campaigns says whether there is one now.
        """
        ...
