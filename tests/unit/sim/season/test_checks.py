"""Each check holds on a whole history, and is seen to fail on a planted discrepancy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pitboss.kernel.ids import BetId
from pitboss.sim.season.checks import CHECKS, DETAILS_MAX, run_checks
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.plan import PlannedBet
from pitboss.sim.season.studio import Played
from pitboss.sim.season.tally import SURPRISES_KEPT_MAX, Sale, Tally
from unit.sim.season.history import (
    ANN,
    DOUBLE,
    DRAW,
    HOME,
    LOSER,
    POUND,
    PURSE,
    SINGLE,
    TILL,
    accepted,
    bought_back,
    evidence_of,
    settled,
    slip,
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
    tally = evidence.tally
    known = {**tally.acknowledged, **bets}
    return replace(evidence, tally=Tally(acknowledged=known, slips=tally.slips, asked=9))


def without(evidence: Evidence, bet_id: BetId) -> Evidence:
    kept = {bet: no for bet, no in evidence.tally.acknowledged.items() if bet != bet_id}
    return replace(evidence, tally=Tally(acknowledged=kept, slips=evidence.tally.slips))


def asked_for(evidence: Evidence, bet_id: BetId, bet: PlannedBet) -> Evidence:
    evidence.tally.slips[bet_id] = bet
    return evidence


def sold(evidence: Evidence, bet_id: str, *, pounds: int, of: int, cents: int) -> Evidence:
    sale = Sale(
        bet_id=bet_id,
        day=0,
        micros=pounds * POUND,
        left=of * POUND,
        paid=cents * POUND // 100,
    )
    evidence.tally.sales.append(sale)
    return evidence


def other_score(evidence: Evidence) -> Evidence:
    programme = evidence.almanac.programme
    (event,) = programme.events
    changed = replace(event, row=replace(event.row, goals_away=2))
    return replace(
        evidence,
        almanac=replace(evidence.almanac, programme=replace(programme, events=(changed,))),
    )


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
    (
        lambda e: replace(e, played={ANN: Played(rounds=1, staked=POUND)}),
        {"games_are_as_the_studio_played_them"},
    ),
    (surprised, {"answers_as_expected"}),
    (other_score, {"plain_books_agree"}),
    (lambda e: asked_for(e, SINGLE, slip(9, "home")), {"plain_books_agree"}),
    (lambda e: asked_for(e, SINGLE, slip(10, "draw")), {"plain_books_agree"}),
    (lambda e: sold(e, SINGLE, pounds=4, of=10, cents=380), {"sales_follow_from_prices"}),
    (lambda e: sold(e, "ghost", pounds=4, of=10, cents=380), {"sales_follow_from_prices"}),
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


def test_a_bet_that_is_on_no_slip_is_found() -> None:
    evidence = evidence_of(whole_history())
    del evidence.tally.slips[DOUBLE]

    assert failing(evidence) == {"plain_books_agree"}


def of_a_sale(*, cents: int, returns: int) -> Evidence:
    """Return a whole history in which four pounds of the single were sold before it won."""
    history = whole_history()
    place = history.index(settled(SINGLE, 10, 20))
    history[place : place + 1] = [
        bought_back(SINGLE, 4, 10, cents),
        settled(SINGLE, 6, returns),
    ]
    return sold(evidence_of(history), SINGLE, pounds=4, of=10, cents=cents)


def test_what_is_left_of_a_sold_bet_is_settled_like_any_other() -> None:
    # A pick at two among two is worth its stake, and the house keeps a twentieth.  Only the tables,
    # which are those of the history without a sale, do not fit.
    of_tables = {"balances_match_facts", "house_equals_ggr"}

    assert failing(of_a_sale(cents=380, returns=12)) == of_tables
    assert failing(of_a_sale(cents=381, returns=12)) == {*of_tables, "sales_follow_from_prices"}
    assert failing(of_a_sale(cents=380, returns=20)) == {
        *of_tables,
        "plain_books_agree",
        "settlements_replay",
    }


def test_a_sale_of_which_nobody_was_told_is_found() -> None:
    evidence = of_a_sale(cents=380, returns=12)
    evidence.tally.sales.clear()

    assert "sales_follow_from_prices" in failing(evidence)


def test_a_bet_that_was_sold_and_settled_all_the_same_is_found() -> None:
    history = whole_history()
    history.insert(history.index(settled(SINGLE, 10, 20)), bought_back(SINGLE, 10, 10, 950))
    evidence = sold(evidence_of(history), SINGLE, pounds=10, of=10, cents=950)

    assert "balances_match_facts" in failing(evidence)


def test_an_accepted_bet_that_nobody_settled_is_found() -> None:
    history = [*whole_history(), accepted(BetId("open"), 1, DRAW)]
    evidence = acknowledged(evidence_of(history), open=0)
    evidence.tally.slips[BetId("open")] = slip(1, "draw")

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
