"""Each check holds on a whole history, and is seen to fail on a planted discrepancy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pitboss.kernel.ids import BetId
from pitboss.sim.season.checks import CHECKS, DETAILS_MAX, run_checks
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.tally import SURPRISES_KEPT_MAX, Tally
from unit.sim.season.history import (
    ANN,
    DRAW,
    HOME,
    LOSER,
    POUND,
    PURSE,
    SINGLE,
    TILL,
    accepted,
    evidence_of,
    settled,
    voided,
    whole_history,
    with_account,
)

Change = Callable[[Evidence], Evidence]


def failing(evidence: Evidence) -> set[str]:
    return {check.name for check in run_checks(evidence) if not check.ok}


def entries(evidence: Evidence, *, entry: tuple[int, int]) -> Evidence:
    changed = {**evidence.tables.entries, (TILL, "GBP"): entry}
    return replace(evidence, tables=replace(evidence.tables, entries=changed))


def acknowledged(evidence: Evidence, **bets: int) -> Evidence:
    return replace(
        evidence, tally=Tally(acknowledged={**evidence.tally.acknowledged, **bets}, asked=9)
    )


def without(evidence: Evidence, bet_id: BetId) -> Evidence:
    kept = {bet: no for bet, no in evidence.tally.acknowledged.items() if bet != bet_id}
    return replace(evidence, tally=Tally(acknowledged=kept))


def surprised(evidence: Evidence) -> Evidence:
    evidence.tally.surprise("a bet should be acknowledged, but: 500")
    return evidence


PLANTED: list[tuple[Change, set[str]]] = [
    (lambda e: entries(e, entry=(5, -12 * POUND)), {"entries_sum_to_zero"}),
    (lambda e: entries(e, entry=(6, -11 * POUND)), {"entries_sum_to_zero"}),
    (
        lambda e: with_account(e, PURSE, credits=133 * POUND),
        {"entries_sum_to_zero", "balances_match_facts"},
    ),
    (lambda e: replace(e, shown={ANN: 80 * POUND}), {"balances_match_facts"}),
    (lambda e: with_account(e, PURSE, held=1), {"no_hold_left", "balances_match_facts"}),
    (
        lambda e: acknowledged(e, ghost=0),
        {"one_outcome_per_acknowledged_bet", "acknowledged_is_accepted_plus_refused"},
    ),
    (
        lambda e: without(e, SINGLE),
        {"one_outcome_per_acknowledged_bet", "acknowledged_is_accepted_plus_refused"},
    ),
    (lambda e: acknowledged(e, single=1), {"one_outcome_per_acknowledged_bet"}),
    (lambda e: replace(e, broken_chains=("shard 3, seq 2: …",)), {"chains_unbroken"}),
    (
        lambda e: with_account(e, TILL, debits=31 * POUND),
        {"house_equals_ggr", "entries_sum_to_zero", "balances_match_facts"},
    ),
    (surprised, {"answers_as_expected"}),
]


def test_every_check_holds_on_a_whole_history() -> None:
    assert failing(evidence_of(whole_history())) == set()


@pytest.mark.parametrize(("change", "names"), PLANTED)
def test_a_planted_discrepancy_is_found(change: Change, names: set[str]) -> None:
    assert failing(change(evidence_of(whole_history()))) == names


def test_a_bet_that_paid_too_much_is_found() -> None:
    history = whole_history()
    history[history.index(settled(SINGLE, 10, 20))] = settled(SINGLE, 10, 21)

    assert "settlements_replay" in failing(evidence_of(history))


def test_a_bet_that_was_wrongly_voided_is_found() -> None:
    history = whole_history()
    history[history.index(settled(LOSER, 5, 0))] = voided(LOSER, 5)

    assert "settlements_replay" in failing(evidence_of(history))


def test_a_settlement_without_results_is_found() -> None:
    history = [fact for fact in whole_history() if getattr(fact, "market_id", "") != "total"]

    assert "settlements_replay" in failing(evidence_of(history))


def test_an_accepted_bet_that_nobody_settled_is_found() -> None:
    history = [*whole_history(), accepted(BetId("open"), 1, DRAW)]
    evidence = acknowledged(evidence_of(history), open=0)

    assert failing(evidence) == {
        "all_accepted_settled",
        "balances_match_facts",
        "no_hold_left",
        "one_outcome_per_acknowledged_bet",
    }


def test_a_bet_that_was_decided_or_settled_twice_is_found() -> None:
    twice = evidence_of([*whole_history(), accepted(SINGLE, 10, HOME)])
    again = evidence_of([*whole_history(), settled(LOSER, 5, 0)])

    assert "one_outcome_per_acknowledged_bet" in failing(twice)
    assert "one_outcome_per_acknowledged_bet" in failing(again)


def test_a_fact_that_cannot_be_is_found() -> None:
    history = [*whole_history(), settled(BetId("ghost"), 1, 0)]

    assert "balances_match_facts" in failing(evidence_of(history))


def test_an_account_that_is_only_in_the_tables_or_only_in_the_facts_is_found() -> None:
    evidence = evidence_of(whole_history())
    tables = replace(evidence.tables, accounts=evidence.tables.accounts[1:])
    unopened = [fact for fact in whole_history() if getattr(fact, "account_id", "") != TILL]

    assert "balances_match_facts" in failing(replace(evidence, tables=tables))
    assert "balances_match_facts" in failing(evidence_of(unopened))


def test_somebody_else_in_the_same_home_may_have_open_bets() -> None:
    history = [*whole_history(), accepted(BetId("open"), 1, DRAW)]
    evidence = replace(evidence_of(history), players={}, tally=Tally())

    assert failing(with_account(evidence, PURSE, held=POUND)) == set()


def test_details_are_bounded() -> None:
    evidence = evidence_of(whole_history())
    for number in range(2 * SURPRISES_KEPT_MAX):
        evidence.tally.surprise(f"surprise {number}")

    found = {check.name: check.details for check in run_checks(evidence)}

    assert len(found["answers_as_expected"]) == DETAILS_MAX
    assert len(evidence.tally.surprises_kept) == SURPRISES_KEPT_MAX
    assert evidence.tally.surprises == 2 * SURPRISES_KEPT_MAX


def test_every_check_has_been_seen_to_fail() -> None:
    planted = {name for _, names in PLANTED for name in names}
    elsewhere = {"settlements_replay", "all_accepted_settled"}

    assert planted | elsewhere == {check.__name__ for check in CHECKS}
