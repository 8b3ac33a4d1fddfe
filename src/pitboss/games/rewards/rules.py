"""Who may be given a reward, and what the provider's answers make of it.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from pitboss.games.rewards.facts import (
    RewardCancelAsked,
    RewardCancelDeclined,
    RewardCancelled,
    RewardDeclined,
    RewardGivenUp,
    RewardGranted,
    RewardRequested,
    RewardUnanswered,
)
from pitboss.games.rewards.model import (
    By,
    Campaign,
    CampaignRefusal,
    Cancelled,
    CancelOutcome,
    CreateOutcome,
    Declined,
    Given,
    Grant,
    GrantAnswer,
    Granted,
    NotGiven,
    Prepaid,
    PrepaidRefusal,
    Refusal,
    Reward,
    RewardState,
    Unanswered,
    Why,
)
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.facts import Fact
from pitboss.kernel.instants import write_instant

# What the provider's late answer still says something about.
_UNANSWERED = (RewardState.SENT, RewardState.UNKNOWN)
# Two rewards cannot have one name; nobody knows which of them is meant.
REFERENCE_TAKEN = "the provider names it as another reward"

Step = tuple[Reward, Fact]


def answer_again(grant: Grant, earlier: Reward) -> GrantAnswer:
    """Answer a grant whose id is known: it must be the same."""
    if earlier.grant == grant:
        return Given(reward=earlier, changed=False)
    return NotGiven(reason=Refusal.KEY_REUSED)


def refuse_terms(
    grant: Grant,
    licence: Jurisdiction,
    *,
    worth_micros_max: int | None,
    minor_unit_micros: int,
    now: datetime,
) -> Refusal | None:
    """Return why a reward like this is not given to anybody under a licence, or None.

    What is sent was not above `worth_micros_max` when it was given, and is not asked again.

    Source: the licence's `games.rewards`.
    """
    wrong = {
        Refusal.REWARDS_NOT_ALLOWED: not licence.games.rewards,
        Refusal.STAKE_NOT_WHOLE: grant.stake_micros % minor_unit_micros != 0,
        Refusal.REWARD_TOO_LARGE: worth_micros_max is not None
        and grant.worth_micros > worth_micros_max,
        Refusal.REWARD_OVER: now >= grant.ends_at,
    }
    return next((reason for reason, applies in wrong.items() if applies), None)


def refuse_prepaid(grant: Grant, prepaids: Sequence[Prepaid]) -> PrepaidRefusal | None:
    """Return why a reward cannot be paid with its prepaid, whose values win, or None.

    Source: Caleta System API 1.5, `/freebet/rewards/create`: where `bet_value` or `bet_count` of
    the prepaid is not null, it is used and not the one that was asked for.
    """
    found = next((item for item in prepaids if item.ref == grant.prepaid), None)
    if found is None:
        return PrepaidRefusal.UNKNOWN_PREPAID
    wrong = {
        PrepaidRefusal.PREPAID_OTHER_CURRENCY: found.currency != grant.currency,
        PrepaidRefusal.PREPAID_OTHER_STAKE: found.stake_micros not in (None, grant.stake_micros),
        PrepaidRefusal.PREPAID_OTHER_COUNT: found.stakes_max not in (None, grant.stakes_max),
    }
    return next((reason for reason, applies in wrong.items() if applies), None)


def refuse_campaign(grant: Grant, campaigns: Sequence[Campaign]) -> CampaignRefusal | None:
    """Return why a reward would not be what was given as one of its campaign, or None.

    Source: Caleta System API 1.5 and docs.hub88.io, `/freebet/rewards/create`: a reward of a
    campaign inherits its prepaid, `bet_value` and `bet_count`, whatever was asked for.
    """
    found = next((item for item in campaigns if item.ref == grant.campaign), None)
    if found is None:
        return CampaignRefusal.UNKNOWN_CAMPAIGN
    wrong = {
        CampaignRefusal.CAMPAIGN_OTHER_PREPAID: found.prepaid != grant.prepaid,
        CampaignRefusal.CAMPAIGN_OTHER_STAKE: found.stake_micros not in (None, grant.stake_micros),
        CampaignRefusal.CAMPAIGN_OTHER_COUNT: found.stakes_max not in (None, grant.stakes_max),
    }
    return next((reason for reason, applies in wrong.items() if applies), None)


def requested(grant: Grant, now: datetime) -> Step:
    """Return a reward that is to be asked for, and what is told of it."""
    terms = {name: getattr(grant, name) for name in Grant.__struct_fields__}
    reward = Reward(**terms, state=RewardState.REQUESTED, requested_at=now, changed_at=now)
    fact = RewardRequested(
        reward=grant.id,
        player_id=grant.player_id,
        provider=grant.provider,
        game=grant.game,
        prepaid=grant.prepaid,
        currency=grant.currency,
        stake_micros=grant.stake_micros,
        stakes_max=grant.stakes_max,
        ends_at=write_instant(grant.ends_at),
        campaign=grant.campaign,
    )
    return reward, fact


def after_outcome(
    reward: Reward, outcome: CreateOutcome, *, taken: bool, now: datetime
) -> Step | None:
    """Return what a provider's answer makes of a reward; None if it was decided before.

    Args:
        reward: as it stands.
        outcome: what the provider answered.
        taken: another reward has the name that it answered.
        now: by the turn's clock.
    """
    if isinstance(outcome, Granted) and taken:
        outcome = Unanswered(word=REFERENCE_TAKEN)
    match outcome:
        case Granted():
            return _after_grant(reward, outcome, now)
        case Declined() if reward.state in _UNANSWERED:
            return declined(reward, outcome.word, By.PROVIDER, now)
        case Unanswered() if reward.state is RewardState.SENT:
            after = _moved(reward, RewardState.UNKNOWN, now, word=outcome.word)
            fact = RewardUnanswered(reward=reward.id, player_id=reward.player_id, word=outcome.word)
            return after, fact
        case _:
            return None


def _after_grant(reward: Reward, outcome: Granted, now: datetime) -> Step | None:
    if reward.state is RewardState.GIVEN_UP:
        # Staff has given up on it, and it is there all the same: nobody is to play it.
        return cancelling(reward, Why.GIVEN_UP, now, ref=outcome.ref)
    if reward.state not in _UNANSWERED and not reward.is_correctable:
        return None
    return granted(reward, outcome, By.PROVIDER, now)


def granted(reward: Reward, outcome: Granted, by: By, now: datetime) -> Step:
    """Return a reward that the provider has granted."""
    fact = RewardGranted(
        reward=reward.id,
        player_id=reward.player_id,
        ref=outcome.ref,
        by=by,
        told_stake_micros=outcome.stake_micros,
        told_stakes_max=outcome.stakes_max,
    )
    named = structs.replace(reward, named_by=by)
    return _moved(named, RewardState.GRANTED, now, ref=outcome.ref), fact


def declined(reward: Reward, word: str, by: By, now: datetime) -> Step:
    """Return a reward that is not granted."""
    fact = RewardDeclined(reward=reward.id, player_id=reward.player_id, word=word, by=by)
    return _moved(reward, RewardState.REFUSED, now, word=word), fact


def given_up(reward: Reward, now: datetime) -> Step:
    """Return a reward of which staff says that the provider has not granted it."""
    fact = RewardGivenUp(reward=reward.id, player_id=reward.player_id)
    # A name that staff said of it before was none.
    return _moved(structs.replace(reward, named_by=None), RewardState.GIVEN_UP, now), fact


def cancelling(reward: Reward, why: Why, now: datetime, *, ref: str | None = None) -> Step:
    """Return a reward that is to be cancelled; one that no provider has heard of is then."""
    unheard = reward.state is RewardState.REQUESTED
    state = RewardState.CANCELLED if unheard else RewardState.CANCELLING
    fact = RewardCancelAsked(reward=reward.id, player_id=reward.player_id, why=why, ref=ref)
    return _moved(reward, state, now, ref=ref or reward.ref), fact


def after_cancel(reward: Reward, outcome: CancelOutcome, now: datetime) -> Step | None:
    """Return what a provider's answer about cancelling makes of a reward; None: it was decided."""
    if reward.state is not RewardState.CANCELLING:
        return None
    if isinstance(outcome, Cancelled):
        fact: Fact = RewardCancelled(reward=reward.id, player_id=reward.player_id)
        return _moved(reward, RewardState.CANCELLED, now, ref=reward.ref), fact
    fact = RewardCancelDeclined(reward=reward.id, player_id=reward.player_id, word=outcome.word)
    return _moved(reward, RewardState.GRANTED, now, ref=reward.ref, word=outcome.word), fact


def _moved(
    reward: Reward,
    state: RewardState,
    now: datetime,
    *,
    ref: str | None = None,
    word: str | None = None,
) -> Reward:
    return structs.replace(reward, state=state, changed_at=now, ref=ref, word=word, attempts=0)
