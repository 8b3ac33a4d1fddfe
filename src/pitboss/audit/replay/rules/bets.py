"""How a settlement is worked out again, and held against what was told and paid.  Pure.

Nothing but facts goes in: the terms as they were accepted, the results as they were told, the name
of the rules.  No table and no personal data is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from pitboss.audit.replay.model import (
    SKEW_MAX,
    HeardExclusion,
    KnownResult,
    Paid,
    Replayed,
    Unpaid,
)
from pitboss.audit.replay.rules.markets import Markets
from pitboss.audit.replay.rules.movements import (
    coin_of,
    is_free,
    stake_back,
    stray_corrections,
    stray_movements,
    strays,
)
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import EventId, SelectionId
from pitboss.kernel.instants import write_instant
from pitboss.responsible.exclusion.model import Kind
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.settlement.facts import (
    BetResettled,
    BetSettled,
)
from pitboss.sportsbook.settlement.folding import (
    said_of,
    terms_of,
)
from pitboss.sportsbook.settlement.model import Result, RuleBook, Settled, Unsettled
from pitboss.sportsbook.voiding.facts import BetVoided
from pitboss.sportsbook.voiding.folding import was_void


def replay(
    accepted: BetAccepted,
    settled: BetSettled,
    known: Mapping[int, KnownResult],
    book: RuleBook,
    *,
    accepted_at: datetime,
    settled_at: datetime,
) -> Replayed:
    """Work a settlement out again, and say where it does not agree.

    (1) The results are those that the named facts tell, which were there and the newest when it
    was settled, as far as clocks can say that.  (2) The rules on record make the returns
    of them and the terms.  (3) The money that moved is the stake and these returns, each from the
    account that owes it to the one that is owed, and nothing else.

    Args:
        accepted: the terms.
        settled: what was told of the settlement.
        known: the results of markets, by their numbers.
        book: every version of the rules.
        accepted_at: when the bet was accepted, which a cancel may make void.
        settled_at: when the settlement was recorded.
    """
    wrong: list[str] = []
    results = _results(settled, known, accepted_at, settled_at, wrong)  # (1)
    outcome = _work_out(accepted, accepted_at, settled, results, book, wrong)  # (2)
    wrong += _disagreements(accepted, settled, outcome)
    wrong += stray_movements(accepted, settled, outcome)  # (3)
    return Replayed(
        bet_id=settled.bet_id,
        returns_micros=None if outcome is None else outcome.returns_micros,
        voided=None if outcome is None else outcome.voided,
        coin=coin_of(accepted, settled.movements),
        disagreements=tuple(wrong),
    )


def replay_correction(
    accepted: BetAccepted,
    paid: Paid,
    corrected: BetResettled,
    known: Mapping[int, KnownResult],
    book: RuleBook,
    *,
    accepted_at: datetime,
    corrected_at: datetime,
) -> Replayed:
    """Work a correction out again, and say where it does not agree.

    (1) It follows what was paid until then, and something that was said of a market.  (2) The rules
    on record make what it returns of the results that counted; or nothing, and it is open again.
    (3) The money that moved is the difference, from the account that owes it to the one that is
    owed; what the player did not have came from who bears it.

    Args:
        accepted: the terms.
        paid: what the bet returned by the settlement before.
        corrected: what was told of the correction.
        known: the results of markets, by their numbers.
        book: every version of the rules.
        accepted_at: when the bet was accepted.
        corrected_at: when the correction was recorded.
    """
    wrong = list(_doubts_of_cause(paid, corrected, known))  # (1)
    results = _results(corrected, known, accepted_at, corrected_at, wrong)  # (2)
    outcome = _settled_by(accepted, accepted_at, corrected, results, book, wrong)
    settled = outcome if isinstance(outcome, Settled) else None
    if outcome is not None:
        wrong += _disagreements(accepted, corrected, settled)
    wrong += stray_corrections(accepted, corrected)  # (3)
    return Replayed(
        bet_id=corrected.bet_id,
        returns_micros=None if settled is None else settled.returns_micros,
        voided=None if settled is None else settled.voided,
        coin=coin_of(accepted, corrected.movements),
        disagreements=tuple(wrong),
    )


def replay_void(
    accepted: BetAccepted,
    voided: BetVoided,
    heard: HeardExclusion | None,
    markets: Markets,
    *,
    voided_at: datetime,
    reopened: bool = False,
) -> Replayed:
    """Work out again that a bet was void before its results, and say where it does not agree.

    (1) The player was excluded, as the fact says, before.  (2) The rule that it names makes the bet
    void, by the starts of its events.  (3) The money that moved is the stake, all back.

    Args:
        accepted: the terms.
        voided: what was told of it.
        heard: the exclusion that it names; None if no fact before it is that.
        markets: knows the events as they were opened, and when they start.
        voided_at: when the voiding was recorded.
        reopened: it was settled before, and was open again: the house gives the stake back.
    """
    wrong = list(_doubts_of_exclusion(voided, heard))  # (1)
    void = False
    if heard is not None:  # (2)
        starts = markets.starts_of(accepted, known_at=voided_at, excluded_at=heard.recorded_at)
        void = _was_void(accepted, voided, heard, starts, wrong)
    back = 0 if is_free(accepted) else accepted.stake_micros
    outcome = Settled(bet_id=accepted.bet_id, returns_micros=back, voided=True)
    told = (voided.player_id, voided.currency, voided.stake_micros)
    if told != (accepted.player_id, accepted.currency, accepted.stake_micros):
        wrong.append(f"void for {' '.join(map(str, told))}, accepted otherwise")
    if reopened:
        # A free bet has no stake that could have gone to the house.
        due = () if is_free(accepted) else (stake_back(accepted),)
        wrong += strays(accepted, voided.movements, due)  # (3)
    else:
        wrong += stray_movements(accepted, voided, outcome)
    return Replayed(
        bet_id=voided.bet_id,
        returns_micros=back if void else None,
        voided=True if void else None,
        coin=coin_of(accepted, voided.movements),
        disagreements=tuple(wrong),
    )


def unpaid(
    accepted: BetAccepted, markets: Markets, book: RuleBook, *, accepted_at: datetime
) -> Unpaid | None:
    """Return what an open bet comes to by the newest results, and since when that is known.

    None: it has to wait.  The rules are those that it was accepted on.

    Raises:
        PlatformError, ValueError: the terms are none.
    """
    known = [
        market for leg in accepted.legs if (market := markets.newest.get(leg.market_id)) is not None
    ]
    if not known:
        return None
    results = {
        leg.selection_id: Result.of(told)
        for leg in accepted.legs
        if (market := markets.newest.get(leg.market_id)) is not None
        and (told := market.told_of(leg.selection_id, accepted_at)) is not None
    }
    terms = terms_of(accepted, accepted_at=accepted_at)
    outcome = book.get(accepted.rules).settle(terms, results)
    if isinstance(outcome, Unsettled):
        return None
    return Unpaid(outcome=outcome, since=max(market.recorded_at for market in known))


def _results(
    settled: BetSettled | BetResettled,
    known: Mapping[int, KnownResult],
    accepted_at: datetime,
    at: datetime,
    wrong: list[str],
) -> dict[SelectionId, Result]:
    """Return the results that the named facts tell."""
    results: dict[SelectionId, Result] = {}
    if len(settled.results) != len(settled.result_nos):
        wrong.append(f"{len(settled.results)} results and {len(settled.result_nos)} numbers")
    for item, no in zip(settled.results, settled.result_nos, strict=False):
        market = known.get(no)
        told = None if market is None else market.told_of(item.selection_id, accepted_at)
        if market is None or told is None:
            wrong.append(f"result {no} tells nothing of selection {item.selection_id}")
            continue
        if told != item:
            wrong.append(f"result {no} says otherwise of selection {item.selection_id}")
        if market.recorded_at > at + SKEW_MAX:
            wrong.append(f"result {no} was recorded at {market.recorded_at}, and settled at {at}")
        if market.superseded_at is not None and market.superseded_at < at - SKEW_MAX:
            wrong.append(f"result {no} was superseded at {market.superseded_at} already")
        results[item.selection_id] = Result.of(told)
    return results


def _work_out(
    accepted: BetAccepted,
    accepted_at: datetime,
    settled: BetSettled,
    results: Mapping[SelectionId, Result],
    book: RuleBook,
    wrong: list[str],
) -> Settled | None:
    outcome = _settled_by(accepted, accepted_at, settled, results, book, wrong)
    if isinstance(outcome, Unsettled):
        waiting = ", ".join(outcome.waiting_for)
        wrong.append(f"still waits for results of {waiting}")
        return None
    return outcome


def _settled_by(
    accepted: BetAccepted,
    accepted_at: datetime,
    settled: BetSettled | BetResettled,
    results: Mapping[SelectionId, Result],
    book: RuleBook,
    wrong: list[str],
) -> Settled | Unsettled | None:
    """Return what the rules on record make of it; None if they make nothing of it."""
    if settled.rounding != accepted.rounding:
        wrong.append(f"rounded by {settled.rounding}, accepted under {accepted.rounding}")
    if settled.rules != accepted.rules:
        wrong.append(f"settled under {settled.rules}, accepted under {accepted.rules}")
    try:
        terms = terms_of(accepted, accepted_at=accepted_at)
        return book.get(settled.rules).settle(terms, results)
    except (PlatformError, ValueError) as error:
        wrong.append(f"cannot be worked out: {error}")
        return None


def _doubts_of_cause(
    paid: Paid, corrected: BetResettled, known: Mapping[int, KnownResult]
) -> Iterator[str]:
    """Say why a correction does not follow what was before it."""
    told = (corrected.version, corrected.was_micros, corrected.was_voided)
    before = (paid.version + 1, paid.returns_micros, paid.voided)
    if told != before:
        yield f"it corrects {told}, and {before} is right"
    if paid.final:
        yield "it corrects a free bet of before, whose settlement was final"
    word = known.get(corrected.result_no)
    if word is None:
        yield f"its cause {corrected.result_no} was never said"
    elif said_of(word.fact).kind != corrected.cause:
        yield f"its cause is told as {corrected.cause}, and was a {said_of(word.fact).kind}"


def _disagreements(
    accepted: BetAccepted, settled: BetSettled | BetResettled, outcome: Settled | None
) -> Iterator[str]:
    if (settled.player_id, settled.currency) != (accepted.player_id, accepted.currency):
        yield f"settled for {settled.player_id} in {settled.currency}, accepted otherwise"
    if isinstance(settled, BetResettled) and settled.free != is_free(accepted):
        yield f"told as {'a' if settled.free else 'no'} free bet, accepted otherwise"
    if outcome is None:
        paid = settled.returns_micros is not None or settled.voided
        if isinstance(settled, BetResettled) and paid:
            yield (
                f"told to return {settled.returns_micros or 0} micros{_void(settled.voided)},"
                " and its results are open"
            )
        return
    if (settled.returns_micros, settled.voided) != (outcome.returns_micros, outcome.voided):
        yield (
            f"told to return {settled.returns_micros} micros{_void(settled.voided)}, and"
            f" {outcome.returns_micros}{_void(outcome.voided)} are right under {settled.rules}"
        )


def _doubts_of_exclusion(voided: BetVoided, heard: HeardExclusion | None) -> Iterator[str]:
    """Say why the exclusion that a void bet names is none that makes bets void."""
    if heard is None:
        yield f"no exclusion {voided.exclusion} was recorded before it"
        return
    if heard.fact.player_id != voided.player_id:
        yield f"exclusion {voided.exclusion} is of player {heard.fact.player_id}"
    if heard.fact.kind != Kind.EXCLUSION:
        yield f"{voided.exclusion} is a {heard.fact.kind}, which lets bets stand"
    recorded = write_instant(heard.recorded_at)
    if voided.excluded_at != recorded:
        yield f"excluded at {voided.excluded_at}, and that was recorded at {recorded}"


def _was_void(
    accepted: BetAccepted,
    voided: BetVoided,
    heard: HeardExclusion,
    starts: Mapping[EventId, datetime],
    wrong: list[str],
) -> bool:
    try:
        void = was_void(voided, accepted.legs, starts, excluded_at=heard.recorded_at)
    except ValueError as error:
        wrong.append(f"cannot be worked out: {error}")
        return False
    if not void:
        wrong.append(f"the rule {voided.rule} lets it stand")
    return void


def _void(voided: bool) -> str:
    return " as void" if voided else ""
