"""Every check of what clients remember is seen to fail on what it is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.sim.crash.checks import CHECKS, run_checks
from pitboss.sim.crash.evidence import Evidence, LoggedBet, PaymentRow
from pitboss.sim.crash.memory import Asked, Memory, Want

ADA = PlayerId(derived_id("player", "ada"))
BET = derived_id("bet", "one")
OTHER = derived_id("bet", "two")


class Story:
    """One bet and one deposit, both acknowledged and done; tests spoil it."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.bet = self.memory.ask(Want.BET, ADA, "bet", 5, at=0.0)
        self.deposit = self.memory.ask(Want.DEPOSIT, ADA, "deposit", 7, at=0.0)
        self.memory.acknowledge(self.bet, BET, at=1.0)
        self.memory.acknowledge(self.deposit, self.deposit.name, at=2.0)
        self.logged = LoggedBet(id=BET, key=self.bet.name, player_id=ADA, micros=5)
        self.paid = PaymentRow(
            id=self.deposit.name, player_id=ADA, kind="deposit", state="succeeded", micros=7
        )
        self.evidence = Evidence(
            log=(self.logged,), bets={BET: "accepted"}, payments=(self.paid,), set_aside=()
        )

    def more(self, key: str = "another") -> Asked:
        """Ask for one bet more."""
        return self.memory.ask(Want.BET, ADA, key, 5, at=3.0)

    @property
    def broken(self) -> set[str]:
        """The names of the checks that fail."""
        return {check.name for check in run_checks(self.memory, self.evidence) if not check.ok}


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_story_in_which_all_is_well_passes_every_check(story: Story) -> None:
    assert len(run_checks(story.memory, story.evidence)) == len(CHECKS)
    assert not story.broken


def test_a_client_who_was_never_answered_is_found(story: Story) -> None:
    story.memory.doubt(story.more())

    assert story.broken == {"clients_know_what_became_of_everything"}


def test_a_bet_acknowledged_but_not_in_the_log_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, log=(), bets={})

    assert story.broken == {"acknowledged_bets_are_in_the_log", "acknowledged_bets_are_decided"}


def test_a_fabricated_acknowledgement_is_found(story: Story) -> None:
    story.memory.acknowledge(story.more(), OTHER, at=4.0)

    assert story.broken == {"acknowledged_bets_are_in_the_log", "acknowledged_bets_are_decided"}


def test_a_bet_that_was_never_decided_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, bets={})

    assert story.broken == {"acknowledged_bets_are_decided"}


def test_one_key_with_two_bets_is_found(story: Story) -> None:
    twin = replace(story.logged, id=OTHER)
    story.evidence = replace(
        story.evidence, log=(story.logged, twin), bets={BET: "accepted", OTHER: "accepted"}
    )

    assert story.broken == {"nothing_is_decided_unasked"}


def test_one_key_acknowledged_under_two_ids_is_found(story: Story) -> None:
    story.memory.acknowledge(story.bet, OTHER, at=4.0)

    assert "one_id_for_each_key" in story.broken


def test_two_keys_acknowledged_under_one_id_are_found(story: Story) -> None:
    story.memory.acknowledge(story.more(), BET, at=4.0)

    assert "one_id_for_each_key" in story.broken


def test_a_yes_and_a_no_without_a_doubt_are_found(story: Story) -> None:
    story.memory.refuse(story.bet, "price_changed")

    assert story.broken == {"one_id_for_each_key"}


def test_a_yes_and_a_no_with_a_doubt_between_are_not_the_platforms_fault(story: Story) -> None:
    story.memory.doubt(story.bet)
    story.memory.refuse(story.bet, "price_changed")

    assert not story.broken


def test_a_bet_that_nobody_asked_for_is_found(story: Story) -> None:
    stranger = LoggedBet(id=OTHER, key=derived_id("key"), player_id=ADA, micros=5)
    story.evidence = replace(story.evidence, log=(story.logged, stranger))

    assert story.broken == {"nothing_is_decided_unasked"}


def test_a_bet_with_another_stake_than_asked_for_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, log=(replace(story.logged, micros=6),))

    assert story.broken == {"nothing_is_decided_unasked"}


def test_a_decided_bet_without_a_command_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, bets={BET: "accepted", OTHER: "accepted"})

    assert story.broken == {"nothing_is_decided_unasked"}


@pytest.mark.parametrize(
    ("doubts", "broken"), [(0, {"what_was_refused_is_not_there"}), (1, set[str]())]
)
def test_a_refused_bet_that_is_there_is_found_unless_a_copy_of_it_was_in_doubt(
    story: Story, doubts: int, broken: set[str]
) -> None:
    refused = story.more()
    for _ in range(doubts):
        story.memory.doubt(refused)
    story.memory.refuse(refused, "price_changed")
    there = LoggedBet(id=OTHER, key=refused.name, player_id=ADA, micros=5)
    story.evidence = replace(story.evidence, log=(story.logged, there))

    assert story.broken == broken


@pytest.mark.parametrize(
    "change",
    [{"state": "submitted"}, {"micros": 8}, {"kind": "withdrawal"}, {"player_id": "somebody"}],
)
def test_a_payment_that_is_not_as_acknowledged_is_found(
    story: Story, change: dict[str, Any]
) -> None:
    story.evidence = replace(story.evidence, payments=(replace(story.paid, **change),))

    assert story.broken == {"acknowledged_payments_are_there"}


def test_a_payment_that_is_lost_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, payments=())

    assert story.broken == {"acknowledged_payments_are_there"}


def test_a_payment_that_nobody_asked_for_is_found(story: Story) -> None:
    stranger = replace(story.paid, id=derived_id("payment", "stranger"))
    story.evidence = replace(story.evidence, payments=(story.paid, stranger))

    assert story.broken == {"nothing_is_paid_unasked"}


def test_a_command_that_was_set_aside_is_found(story: Story) -> None:
    story.evidence = replace(story.evidence, set_aside=(BET,))

    assert story.broken == {"nothing_is_set_aside"}
