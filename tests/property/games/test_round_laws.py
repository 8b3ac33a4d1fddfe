"""Laws of rounds: whatever order stakes, wins and rollbacks come in, the money comes out right.

What is asked is folded by the rules alone, beside a model that knows nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.games.world import PLAIN
from pitboss.games.registry.model import GameKind, Offer, Standing, Version
from pitboss.games.rounds import rules
from pitboss.games.rounds.model import (
    Answer,
    Booking,
    BookingKey,
    Done,
    Request,
    Reversal,
    Round,
    Session,
    Stake,
    Step,
    Win,
)
from pitboss.gate.model import Permit
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.wallet.model import player_account, receivable_account

NOW = datetime(2026, 8, 1, tzinfo=UTC)
ANN = PlayerId(derived_id("ann"))
PLAYER = Player(
    shard=shard_of(ANN),
    id=ANN,
    jurisdiction="demo",
    currency="GBP",
    status=PlayerStatus.ACTIVE,
    registered_at=NOW,
)
PURSE, DEBT = player_account(ANN, "GBP"), receivable_account(ANN, "GBP")
SESSION = Session(
    shard=PLAYER.shard,
    id=derived_id("session"),
    player_id=ANN,
    provider="acme",
    game="game",
    currency="GBP",
    login_id=None,
    network=None,
    token_no=0,
    opened_at=NOW,
    ends_at=NOW,
)
OFFER = Offer(
    version=Version(
        provider="acme",
        code="game",
        version="1",
        title="A Game",
        kind=GameKind.SLOT,
        rtp_ppm=960_000,
        cycle_ms_min=3_000,
        autoplay=False,
    ),
    suspended=False,
    provider_suspended=False,
    standings=(Standing(licence="demo"),),
)
YES = Permit(jurisdiction="demo", rules_version="1")


@dataclass(slots=True)
class Wallet:
    """The rules with what they have written, batch after batch."""

    accounts: dict[AccountId, int]
    bookings: dict[BookingKey, Booking] = field(default_factory=dict)
    rounds: dict[str, Round] = field(default_factory=dict)

    def ask(self, *requests: tuple[Step, ...]) -> list[Answer]:
        """Fold requests of one round in one batch, and move what they move."""
        asked = [
            rules.Asking(
                request=Request(
                    provider="acme",
                    player_id=ANN,
                    game="game",
                    round_ref="r1",
                    currency="GBP",
                    steps=steps,
                    dialect=PLAIN,
                ),
                player=PLAYER,
                session=SESSION,
                offer=OFFER,
            )
            for steps in requests
        ]
        known = rules.Known(
            purses=dict(self.accounts),
            bookings=dict(self.bookings),
            rounds=dict(self.rounds),
            verdicts=dict.fromkeys(rules.fresh_stakes(asked, self.bookings), YES),
        )
        fold = rules.Fold(known, NOW)
        answers = fold.decide(asked)
        for deed in fold.deeds:
            for item in deed.transfers if isinstance(deed, rules.Deed) else ():
                if item.debit_id == PURSE:
                    assert self.accounts[PURSE] >= item.micros, "nothing is taken that is not there"
                for account_id, micros in (
                    (item.debit_id, -item.micros),
                    (item.credit_id, item.micros),
                ):
                    self.accounts[account_id] = self.accounts.get(account_id, 0) + micros
        assert not fold.new_bookings.keys() & self.bookings.keys(), "a booking is made once"
        self.bookings |= fold.new_bookings | fold.changed_bookings
        self.rounds |= fold.changed_rounds
        return answers


@dataclass(slots=True)
class Plain:
    """The same, as somebody would write it who has read only what is promised."""

    purse: int
    owed: int = 0
    known: dict[str, tuple[str, int]] = field(default_factory=dict)

    def ask(self, step: Step) -> bool:
        """Do one step; say whether it is done, or was."""
        name = step.external_id
        if name in self.known:
            kind, micros = self.known[name]
            if isinstance(step, Reversal):
                return kind == f"undo {step.original_id}"
            wanted = "stake" if isinstance(step, Stake) else "win"
            return kind.split()[0] == wanted and micros == step.micros and "no" not in kind
        if isinstance(step, Stake):
            if step.micros > self.purse:
                self.known[name] = ("stake no", step.micros)
                return False
            self.purse -= step.micros
            self.known[name] = ("stake", step.micros)
        elif isinstance(step, Win):
            self.purse += step.micros
            self.known[name] = ("win", step.micros)
        else:
            self._undo(step.original_id)
            self.known[name] = (f"undo {step.original_id}", 0)
        return True

    def _undo(self, original: str) -> None:
        kind, micros = self.known.get(original, ("", 0))
        if kind == "":
            self.known[original] = ("stone no", 0)
        elif kind == "stake":
            self.purse += micros
        elif kind == "win":
            taken = min(self.purse, micros)
            self.purse -= taken
            self.owed += micros - taken
        if kind in ("stake", "win"):
            self.known[original] = (f"{kind} undone", micros)


amounts = st.integers(1, 40)
# So few that they meet.
names = st.sampled_from(["b0", "b1"])
wins = st.sampled_from(["w0", "w1"])
undos = st.sampled_from(["u0", "u1", "u2"])
steps = st.one_of(
    st.builds(Stake, external_id=names, micros=amounts),
    st.builds(Win, external_id=wins, micros=amounts),
    st.builds(Reversal, external_id=undos, original_id=st.one_of(names, wins)),
)


@settings(max_examples=500)
@given(st.lists(steps, max_size=25), st.integers(0, 100), st.data())
def test_any_interleaving_ends_as_a_plain_wallet_says(
    asked: list[Step], there: int, data: st.DataObject
) -> None:
    wallet, plain = Wallet({PURSE: there}), Plain(there)

    done = list(asked)
    while done:
        size = data.draw(st.integers(1, len(done)))
        batch, done = done[:size], done[size:]
        answers = wallet.ask(*((step,) for step in batch))
        said = [plain.ask(step) for step in batch]
        assert [isinstance(answer, Done) for answer in answers] == said
        assert answers[-1].balance_micros is not None

    assert wallet.accounts[PURSE] == plain.purse >= 0
    assert -wallet.accounts.get(DEBT, 0) == plain.owed >= 0
    assert sum(wallet.accounts.values()) == there


@given(st.permutations([*range(6)] * 2), st.lists(amounts, min_size=3, max_size=3))
def test_what_is_undone_nets_nothing_in_whatever_order_it_comes(
    order: list[int], stakes: list[int]
) -> None:
    there = 1_000
    pieces: list[Step] = []
    for number, micros in enumerate(stakes):
        pieces.append(Stake(external_id=f"b{number}", micros=micros))
        pieces.append(Reversal(external_id=f"u{number}", original_id=f"b{number}"))
    wallet = Wallet({PURSE: there})

    for place in order:
        wallet.ask((pieces[place],))

    assert wallet.accounts[PURSE] == there
    round_ = next(iter(wallet.rounds.values()), None)
    assert round_ is None or round_.staked_micros == 0


@given(st.lists(steps, min_size=2, max_size=6), st.integers(0, 60))
def test_a_request_of_several_steps_is_done_whole_or_not_at_all(
    asked: list[Step], there: int
) -> None:
    wallet = Wallet({PURSE: there})
    before = dict(wallet.accounts)

    (answer,) = wallet.ask(tuple(asked))

    if isinstance(answer, Done):
        assert len(answer.steps) == len(asked)
        assert answer.balance_now == wallet.accounts[PURSE]
    else:
        assert wallet.accounts == before
        assert answer.balance_micros == there
        assert not wallet.rounds
        assert all(item.refusal is not None for item in wallet.bookings.values())


@given(st.lists(steps, min_size=1, max_size=12))
def test_asking_everything_again_changes_nothing(asked: list[Step]) -> None:
    wallet = Wallet({PURSE: 1_000})
    for step in asked:
        wallet.ask((step,))
    accounts, bookings = dict(wallet.accounts), dict(wallet.bookings)

    for step in asked:
        wallet.ask((step,))

    assert (wallet.accounts, wallet.bookings) == (accounts, bookings)
