"""Whose consent counts: an exclusion takes it back, and its end does not bring it back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.exclusion.model import Exclusion, Initiator, Kind, Reason
from pitboss.responsible.marketing.model import Change, Channel, Consent, Refusal
from pitboss.responsible.marketing.rules import counts, refusal_to_change

ANN = PlayerId(derived_id("player", "ann"))
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


def kept_away(kind: Kind) -> Exclusion:
    return Exclusion(
        shard=shard_of(ANN),
        player_id=ANN,
        key=derived_id("exclusion", "one"),
        kind=kind,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        starts_at=NOW,
        ends_at=None,
    )


# Each step is a word of the player: yes, no, or an exclusion; those cannot be taken back.
@given(st.lists(st.sampled_from(["yes", "no", "excluded"]), max_size=20))
def test_a_consent_counts_if_and_only_if_the_last_word_was_yes(words: list[str]) -> None:
    exclusions = 0
    consent = None
    for word in words:
        if word == "excluded":
            exclusions += 1
        else:
            consent = Consent(
                shard=shard_of(ANN),
                player_id=ANN,
                channel=Channel.EMAIL,
                given=word == "yes",
                changed_at=NOW,
                heeded=exclusions,
            )

    found = consent is not None and counts(consent, exclusions)

    assert found == (words[-1:] == ["yes"])


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.EXCLUSION, Refusal.PLAYER_EXCLUDED),
        (Kind.TIME_OUT, Refusal.PLAYER_ON_TIME_OUT),
    ],
)
def test_who_is_kept_away_can_withdraw_a_consent_and_give_none(kind: Kind, reason: Refusal) -> None:
    given = Change(player_id=ANN, channel=Channel.SMS, given=True)
    withdrawn = Change(player_id=ANN, channel=Channel.SMS, given=False)

    assert refusal_to_change(given, kept_away(kind)) is reason
    assert refusal_to_change(withdrawn, kept_away(kind)) is None
    assert refusal_to_change(given, None) is None
