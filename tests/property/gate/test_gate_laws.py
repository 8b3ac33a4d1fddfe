"""Laws of the gate: what holds for every batch of checks."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pitboss import jurisdictions
from pitboss.gate.model import Check, Permit, Product
from pitboss.gate.rules import decide_wagers
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity.model import Player, PlayerStatus

DEMO = jurisdictions.get("demo")
IDS = [PlayerId(derived_id("player", str(number))) for number in range(4)]

people = st.fixed_dictionaries(
    {},
    optional={
        player_id: st.builds(
            Player,
            shard=st.just(shard_of(player_id)),
            id=st.just(player_id),
            jurisdiction=st.sampled_from(["demo", "gone"]),
            currency=st.sampled_from(["GBP", "EUR"]),
            status=st.sampled_from(PlayerStatus),
            registered_at=st.just(datetime(2024, 1, 1, tzinfo=UTC)),
        )
        for player_id in IDS
    },
)
checks = st.builds(
    Check,
    player_id=st.sampled_from(IDS),
    product=st.sampled_from(Product),
    stake_micros=st.integers(-1, 20_000_000_000) | st.integers(9_000, 6_000_000),
    currency=st.sampled_from(["GBP", "EUR"]),
)


@given(people, st.lists(checks, max_size=20))
def test_a_batch_of_checks_answers_as_its_checks_would_one_by_one(
    players: dict[PlayerId, Player], batch: list[Check]
) -> None:
    licences = {"demo": DEMO}

    together = decide_wagers(batch, players, licences)

    alone = [decide_wagers([check], players, licences)[0] for check in batch]
    assert together == tuple(alone)


@given(people, st.lists(checks, max_size=20))
def test_a_permit_is_given_only_to_active_players_for_stakes_within_their_licence(
    players: dict[PlayerId, Player], batch: list[Check]
) -> None:
    answers = decide_wagers(batch, players, {"demo": DEMO})

    for check, answer in zip(batch, answers, strict=True):
        player = players.get(check.player_id)
        allowed = DEMO.wagering(check.product)
        may = (
            player is not None
            and player.jurisdiction == "demo"
            and player.status is PlayerStatus.ACTIVE
            and player.currency == check.currency
            and allowed.stake_micros_min <= check.stake_micros <= allowed.stake_micros_max
        )
        assert isinstance(answer, Permit) == may
