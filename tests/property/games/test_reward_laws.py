"""Laws of rewards: however stakes and answers come, the house pays for what it gave at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from integration.games.world import PLAIN
from pitboss.games.rewards import rules as giving
from pitboss.games.rewards.facts import RewardSent
from pitboss.games.rewards.folding import RewardsFold
from pitboss.games.rewards.model import (
    By,
    Cancelled,
    Declined,
    Grant,
    Granted,
    Reward,
    RewardState,
    Unanswered,
    Why,
)
from pitboss.games.rounds import rules
from pitboss.games.rounds.model import (
    Booking,
    BookingKey,
    Kind,
    Request,
    Reversal,
    Round,
    Stake,
    Step,
    Win,
)
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Told
from property.games.test_round_laws import ANN, NOW, OFFER, PLAYER, SESSION, YES

GRANT = Grant(
    id="00000000-0000-8000-8000-000000000001",
    player_id=ANN,
    provider="acme",
    game="game",
    prepaid="p1",
    currency="GBP",
    stake_micros=5,
    stakes_max=3,
    ends_at=NOW + timedelta(days=1),
)
REWARD = structs.replace(giving.requested(GRANT, NOW)[0], state=RewardState.GRANTED, ref="theirs")


@dataclass(slots=True)
class Counted:
    """A reward in play, with what the rules have written, batch after batch."""

    reward: Reward = REWARD
    bookings: dict[BookingKey, Booking] = field(default_factory=dict)
    rounds: dict[str, Round] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)

    def ask(self, *steps: Step) -> None:
        """Fold requests of one step each in one batch, and count what is used and given back."""
        asked = [
            rules.Asking(
                request=Request(
                    provider="acme",
                    player_id=ANN,
                    game="game",
                    round_ref="r1",
                    currency="GBP",
                    steps=(step,),
                    dialect=PLAIN,
                ),
                player=PLAYER,
                session=SESSION,
                offer=OFFER,
            )
            for step in steps
        ]
        known = rules.Known(
            purses={},
            bookings=dict(self.bookings),
            rounds=dict(self.rounds),
            verdicts=dict.fromkeys(rules.fresh_stakes(asked, self.bookings), YES),
            rewards={("acme", "theirs"): self.reward},
            taken={("acme", ANN, Kind.STAKE, name): self.reward.id for name in self.uses},
        )
        fold = rules.Fold(known, NOW)
        fold.decide(asked)
        for use in rules.uses_of(fold.deeds):
            assert use.stake_id not in self.uses, "a stake is taken on a reward once"
            self.uses[use.stake_id] = use.micros
            self.reward = self.reward.after_use(use.micros)
        for *_, stake_id, _ in rules.freed_by(fold.deeds):
            self.reward = self.reward.after_return(self.uses.pop(stake_id))
        assert known.rewards == {("acme", "theirs"): self.reward}
        self.bookings |= fold.changed_bookings | fold.new_bookings
        self.rounds |= fold.changed_rounds

    def paid_for(self) -> set[str]:
        """Return the stakes that stand, which the house has paid for."""
        return {
            item.external_id
            for item in self.bookings.values()
            if item.kind is Kind.STAKE and item.refusal is None and item.reversed_by is None
        }


stakes = st.builds(
    Stake,
    external_id=st.sampled_from(["a", "b", "c", "d", "e"]),
    micros=st.integers(0, 6),
    free=st.just(True),
    reward=st.sampled_from(["theirs", "theirs", "theirs", "another", None]),
)
undoings = st.builds(
    Reversal,
    external_id=st.sampled_from(["u1", "u2", "u3", "u4"]),
    original_id=st.sampled_from(["a", "b", "c", "d", "e"]),
)
winnings = st.builds(
    Win,
    external_id=st.sampled_from(["w1", "w2", "w3", "w4"]),
    micros=st.integers(0, 6),
    stake_id=st.sampled_from(["a", "b", "c", "d", "e", None]),
)
batches = st.lists(st.lists(stakes | winnings | undoings, min_size=1, max_size=6), max_size=6)


@given(batches)
@settings(max_examples=300)
def test_no_order_of_stakes_wins_and_rollbacks_has_the_house_pay_for_more_than_it_gave(
    asked: list[list[Stake | Win | Reversal]],
) -> None:
    counted = Counted()

    for batch in asked:
        counted.ask(*batch)

        assert 0 <= counted.reward.used == len(counted.uses) <= GRANT.stakes_max
        assert 0 <= counted.reward.used_micros == sum(counted.uses.values()) <= GRANT.worth_micros
        assert all(micros <= GRANT.stake_micros for micros in counted.uses.values())
        assert counted.uses.keys() == counted.paid_for()


Move = Callable[[Reward, datetime], giving.Step | None]


def _send(reward: Reward, now: datetime) -> giving.Step | None:
    if reward.state is not RewardState.REQUESTED:
        return None
    sent = structs.replace(reward, state=RewardState.SENT, changed_at=now)
    return sent, RewardSent(reward=reward.id, player_id=reward.player_id)


def _answer(outcome: Granted | Declined | Unanswered) -> Move:
    return lambda reward, now: giving.after_outcome(reward, outcome, taken=False, now=now)


def _decide(ref: str | None) -> Move:
    def move(reward: Reward, now: datetime) -> giving.Step | None:
        if reward.state is not RewardState.UNKNOWN:
            return None
        if ref is None:
            return giving.given_up(reward, now)
        return giving.granted(reward, Granted(ref=ref), By.STAFF, now)

    return move


def _cancel(reward: Reward, now: datetime) -> giving.Step | None:
    if reward.state not in (RewardState.REQUESTED, RewardState.GRANTED):
        return None
    return giving.cancelling(reward, Why.STAFF, now)


def _cancelled(outcome: Cancelled | Declined) -> Move:
    return lambda reward, now: giving.after_cancel(reward, outcome, now)


MOVES: dict[str, Move] = {
    "send": _send,
    "granted": _answer(Granted(ref="theirs")),
    "declined": _answer(Declined(word="no")),
    "unanswered": _answer(Unanswered(word="?")),
    "confirm": _decide("theirs"),
    "give up": _decide(None),
    "cancel": _cancel,
    "cancelled": _cancelled(Cancelled()),
    "claimed": _cancelled(Declined(word="claimed")),
}


@given(st.lists(st.sampled_from(sorted(MOVES)), max_size=12))
@settings(max_examples=300)
def test_the_facts_of_a_reward_make_it_as_it_stands_and_it_is_sent_once(names: list[str]) -> None:
    reward, first = giving.requested(GRANT, NOW)
    facts: list[Fact] = [first]
    times = [NOW]

    for number, name in enumerate(names, 1):
        now = datetime(2026, 8, 1, 0, 0, number, tzinfo=UTC)
        step = MOVES[name](reward, now)
        if step is not None:
            reward = step[0]
            facts.append(step[1])
            times.append(now)

    fold = RewardsFold()
    for seq, (fact, at) in enumerate(zip(facts, times, strict=True), 1):
        told = Told(shard=PLAYER.shard, seq=seq, recorded_at=at, cause=None, fact=fact)
        fold.takes[type(fact)](fact, told)
    (row,) = fold.rewards.rows.values()
    made = dict(zip(fold.rewards.columns, row, strict=True))
    assert fold.oddities == []
    assert (made["state"], made["ref"]) == (reward.state, reward.ref)
    assert (made["word"], made["changed_at"]) == (reward.word, reward.changed_at)
    assert sum(isinstance(fact, RewardSent) for fact in facts) <= 1
