"""Books are made from facts alone: accounts, people, bets and figures."""

from __future__ import annotations

from fractions import Fraction

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, BetId
from pitboss.sim.season.books import ACCUMULATOR, Figures
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.settlement.model import LOST, WON
from unit.sim.season.history import (
    ANN,
    DOUBLE,
    DRAW,
    HOME,
    LOSER,
    POUND,
    PROVIDER,
    PURSE,
    REFUSED,
    SINGLE,
    TILL,
    VOIDED,
    accepted,
    books_of,
    resulted,
    settled,
    whole_history,
)


def test_every_account_has_what_the_movements_give_it() -> None:
    books = books_of(whole_history())

    posted = {account_id: sheet.posted for account_id, sheet in books.sheets.items()}

    assert posted == {PURSE: 81 * POUND, TILL: -11 * POUND, PROVIDER: -70 * POUND}
    assert {sheet.held for sheet in books.sheets.values()} == {0}
    assert (books.holds, books.oddities) == ({}, [])


def test_a_player_has_deposits_less_stakes_plus_returns_less_withdrawals() -> None:
    person = books_of(whole_history()).people[ANN, "GBP"]

    assert (person.deposits, person.withdrawals) == (100 * POUND, 30 * POUND)
    # The void bet is neither a stake nor a return.
    assert (person.stakes, person.returns) == (21 * POUND, 32 * POUND)
    assert person.balance == 81 * POUND


def test_every_bet_has_its_outcome() -> None:
    bets = books_of(whole_history()).bets

    assert {bet_id: line.state for bet_id, line in bets.items()} == {
        SINGLE: BetState.SETTLED,
        DOUBLE: BetState.SETTLED,
        LOSER: BetState.SETTLED,
        VOIDED: BetState.VOIDED,
        REFUSED: BetState.REFUSED,
    }
    assert bets[REFUSED].reason == "insufficient_funds"
    assert {(line.decisions, line.settlements) for line in bets.values()} == {(1, 0), (1, 1)}


def test_settlements_are_replayed_from_terms_and_results() -> None:
    bets = books_of(whole_history()).bets

    for line in bets.values():
        if line.settlements:
            assert line.replayed is not None
            assert line.replayed.returns_micros == line.returns
            assert line.replayed.voided == (line.state is BetState.VOIDED)


def test_figures_are_by_kind_and_leave_void_bets_out() -> None:
    books = books_of(whole_history())

    assert books.figures({ANN}, "1x2") == Figures(bets=2, turnover=15 * POUND, returns=20 * POUND)
    assert books.figures({ANN}, "total") == Figures()
    assert books.figures({ANN}, ACCUMULATOR).ggr == -6 * POUND
    assert books.figures((), "1x2") == Figures()


def test_a_margin_is_a_share_of_turnover_if_there_is_any() -> None:
    assert Figures(bets=1, turnover=8, returns=6).margin == Fraction(1, 4)
    assert Figures().margin is None


def test_a_newer_result_counts_and_an_older_one_does_not() -> None:
    newer = resulted("result", version=2, home=LOST, draw=WON)

    line = books_of([newer, *whole_history()]).bets[SINGLE]

    assert line.returns == 20 * POUND
    assert line.replayed is not None
    assert line.replayed.returns_micros == 0


def test_what_is_decided_or_settled_twice_is_counted() -> None:
    books = books_of([*whole_history(), accepted(SINGLE, 10, HOME), settled(LOSER, 5, 0)])

    assert books.bets[SINGLE].decisions == 2
    assert books.bets[LOSER].settlements == 2


def test_facts_that_cannot_be_are_told() -> None:
    unread = Movement(kind="borrow", key="k", micros=1, currency="GBP")
    elsewhere = Movement(
        kind="transfer", key="k", micros=1, currency="GBP", debit=PURSE, credit=AccountId("nowhere")
    )
    books = books_of([*whole_history(), settled(BetId("ghost"), 1, 0)])
    books.move([unread, elsewhere])

    told = "\n".join(books.oddities)

    assert "bet ghost was settled before it was decided" in told
    assert "'ghost', which has less" in told
    assert "account nowhere, which was never opened" in told
    assert "cannot be read" in told


def test_a_hold_may_be_taken_in_parts() -> None:
    books = books_of(whole_history())
    hold = Movement(kind="hold", key="h", micros=10, currency="GBP", account=PURSE)
    part = Movement(kind="void", key="h", micros=4, currency="GBP", account=PURSE)
    rest = Movement(
        kind="post", key="p", hold="h", micros=6, currency="GBP", debit=PURSE, credit=TILL
    )

    books.move([hold, part])
    assert books.holds == {"h": (PURSE, 6)}
    assert books.sheets[PURSE].held == 6
    books.move([rest])

    assert books.holds == {}
    assert books.sheets[PURSE].held == 0
    assert books.sheets[PURSE].posted == 81 * POUND - 6


def test_an_open_bet_waits() -> None:
    books = books_of([*whole_history(), accepted(BetId("open"), 1, DRAW)])

    assert books.bets[BetId("open")].state is BetState.ACCEPTED
    assert books.sheets[PURSE].held == POUND
