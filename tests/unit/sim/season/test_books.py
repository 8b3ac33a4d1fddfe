"""Books are made from facts alone: accounts, people, bets and figures."""

from __future__ import annotations

from fractions import Fraction

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, BetId
from pitboss.sim.season.books import ACCUMULATOR, EACH_WAY, SYSTEM, Figures
from pitboss.sportsbook.betting.model import BetState, Lines, Shape
from pitboss.sportsbook.settlement.facts import BetResettled
from pitboss.sportsbook.settlement.model import LOST, WON
from pitboss.wallet.facts import ReceivableCollected
from unit.sim.season.history import (
    ANN,
    DOUBLE,
    DRAW,
    HOME,
    LOSER,
    OVER,
    POUND,
    PROVIDER,
    PURSE,
    REFUSED,
    SINGLE,
    TILL,
    VOIDED,
    accepted,
    books_of,
    bought_back,
    resulted,
    settled,
    voided,
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


def test_a_corrected_bet_counts_as_it_is_now_and_what_is_owed_is_not_missing() -> None:
    taken, short = 12 * POUND, 8 * POUND
    corrected = BetResettled(
        bet_id=SINGLE,
        player_id=ANN,
        version=2,
        stake_micros=10 * POUND,
        was_micros=20 * POUND,
        was_voided=False,
        returns_micros=0,
        voided=False,
        currency="GBP",
        rules="settlement.v1",
        rounding="down.v1",
        results=(),
        result_nos=(),
        cause="result",
        reason="mistake",
        result_no=9,
        owed_micros=short,
        absorbed_micros=0,
        settled_at="2031-08-16T16:00:00.000000Z",
        movements=(
            Movement(
                kind="transfer",
                key="taken",
                micros=taken,
                currency="GBP",
                debit=PURSE,
                credit=TILL,
            ),
        ),
    )
    before = books_of(whole_history())
    after = books_of([*whole_history(), corrected])
    collected = ReceivableCollected(
        player_id=ANN, micros=3 * POUND, currency="GBP", left_micros=5 * POUND
    )
    paid = books_of([*whole_history(), corrected, collected])

    was, now = before.people[ANN, "GBP"], after.people[ANN, "GBP"]
    assert (now.stakes, now.returns) == (was.stakes, was.returns - 20 * POUND)
    assert now.balance == was.balance - taken == after.sheets[PURSE].posted
    assert paid.people[ANN, "GBP"].balance == now.balance - 3 * POUND
    assert (after.bets[SINGLE].state, after.bets[SINGLE].returns) == (BetState.SETTLED, 0)


def test_what_is_sold_is_turnover_and_what_is_left_goes_on() -> None:
    history = whole_history()
    place = history.index(settled(SINGLE, 10, 20))
    history[place : place + 1] = [bought_back(SINGLE, 4, 10, 500), settled(SINGLE, 6, 12)]

    books = books_of(history)

    line = books.bets[SINGLE]
    assert (line.state, line.sold, line.left) == (BetState.SETTLED, 4 * POUND, 6 * POUND)
    assert (line.turnover, line.came_back) == (10 * POUND, 17 * POUND)
    assert line.replayed is not None
    assert line.replayed.returns_micros == 12 * POUND
    assert (books.oddities, books.holds) == ([], {})
    assert books.people[ANN, "GBP"].balance == books.sheets[PURSE].posted == 78 * POUND


def test_a_bet_of_which_all_was_sold_is_over() -> None:
    history = whole_history()
    place = history.index(settled(SINGLE, 10, 20))
    history[place : place + 1] = [
        bought_back(SINGLE, 4, 10, 500),
        bought_back(SINGLE, 6, 6, 700),
    ]

    books = books_of(history)

    line = books.bets[SINGLE]
    assert (line.state, line.settlements, line.left) == (BetState.CASHED_OUT, 0, 0)
    assert books.figures({ANN}, "1x2") == Figures(bets=2, turnover=15 * POUND, returns=12 * POUND)
    assert books.people[ANN, "GBP"].balance == books.sheets[PURSE].posted


def test_a_part_of_a_void_bet_that_was_sold_stays_turnover() -> None:
    history = whole_history()
    place = history.index(voided(VOIDED, 4))
    history[place : place + 1] = [bought_back(VOIDED, 1, 4, 90), voided(VOIDED, 3)]

    books = books_of(history)

    assert books.figures({ANN}, "total") == Figures(
        bets=1, turnover=POUND, returns=90 * POUND // 100
    )
    assert books.people[ANN, "GBP"].balance == books.sheets[PURSE].posted


def test_more_than_is_left_cannot_be_sold_nor_what_is_over() -> None:
    history = whole_history()
    history.insert(history.index(settled(SINGLE, 10, 20)), bought_back(SINGLE, 4, 9, 500))
    history.append(bought_back(LOSER, 5, 5, 500))

    told = "\n".join(books_of(history).oddities)

    assert "of bet single 4000000 of 9000000 micros were sold, and 10000000 were left" in told
    assert "bet loser was sold, and it was not open" in told


def test_an_each_way_bet_is_a_kind_of_its_own_over_one_leg_or_more() -> None:
    shape = Shape(parts="each_way")

    bets = books_of(
        [
            *whole_history(),
            accepted(BetId("one"), 4, HOME, shape=shape),
            accepted(BetId("two"), 4, HOME, OVER, shape=shape),
        ]
    ).bets

    assert {bets[BetId("one")].kind, bets[BetId("two")].kind} == {EACH_WAY}


def test_a_bet_of_several_lines_is_a_kind_of_its_own() -> None:
    lines = Shape(lines=(Lines(legs=(0, 1), sizes=(1,)),))

    books = books_of(
        [
            *whole_history(),
            accepted(BetId("system"), 4, HOME, OVER, shape=lines),
            settled(BetId("system"), 4, 6),
        ]
    )

    assert books.figures({ANN}, SYSTEM) == Figures(bets=1, turnover=4 * POUND, returns=6 * POUND)
    assert books.figures({ANN}, ACCUMULATOR).bets == 1
