"""How a settlement is worked out again, and held against what was told and paid.  Pure.

Nothing but facts goes in: the terms as they were accepted, the results as they were told, the name
of the rules.  No table and no personal data is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest

from msgspec import json

from pitboss.audit.replay.model import (
    SKEW_MAX,
    Coin,
    HeardExclusion,
    KnownResult,
    Replayed,
    Unpaid,
)
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, EventId, MarketId, PlayerId, SelectionId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard, shard_of
from pitboss.responsible.exclusion.model import Kind
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.model import stake_account
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import event_of, report_of, terms_of
from pitboss.sportsbook.settlement.model import Result, RuleBook, Settled, Unsettled
from pitboss.sportsbook.voiding.facts import BetVoided
from pitboss.sportsbook.voiding.folding import was_void
from pitboss.wallet.model import player_account


def replay(
    accepted: BetAccepted,
    settled: BetSettled,
    known: Mapping[int, KnownResult],
    book: RuleBook,
    *,
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
        settled_at: when the settlement was recorded.
    """
    wrong: list[str] = []
    results = _results(settled, known, settled_at, wrong)  # (1)
    outcome = _work_out(accepted, settled, results, book, wrong)  # (2)
    wrong += _disagreements(accepted, settled, outcome)
    wrong += _stray_movements(accepted, settled, outcome)  # (3)
    return Replayed(
        bet_id=settled.bet_id,
        returns_micros=None if outcome is None else outcome.returns_micros,
        voided=None if outcome is None else outcome.voided,
        coin=_coin(accepted, settled.movements),
        disagreements=tuple(wrong),
    )


def replay_void(
    accepted: BetAccepted,
    voided: BetVoided,
    heard: HeardExclusion | None,
    markets: Markets,
) -> Replayed:
    """Work out again that a bet was void before its results, and say where it does not agree.

    (1) The player was excluded, as the fact says, before.  (2) The rule that it names makes the bet
    void, by the starts of its events.  (3) The money that moved is the stake, all back.

    Args:
        accepted: the terms.
        voided: what was told of it.
        heard: the exclusion that it names; None if no fact before it is that.
        markets: knows the events as they were opened.
    """
    wrong = list(_doubts_of_exclusion(voided, heard))  # (1)
    void = heard is not None and _was_void(accepted, voided, heard, markets, wrong)  # (2)
    outcome = Settled(bet_id=accepted.bet_id, returns_micros=accepted.stake_micros, voided=True)
    told = (voided.player_id, voided.currency, voided.stake_micros)
    if told != (accepted.player_id, accepted.currency, accepted.stake_micros):
        wrong.append(f"void for {' '.join(map(str, told))}, accepted otherwise")
    wrong += _stray_movements(accepted, voided, outcome)  # (3)
    return Replayed(
        bet_id=voided.bet_id,
        returns_micros=accepted.stake_micros if void else None,
        voided=True if void else None,
        coin=_coin(accepted, voided.movements),
        disagreements=tuple(wrong),
    )


def unpaid(accepted: BetAccepted, markets: Markets, book: RuleBook) -> Unpaid | None:
    """Return what an open bet comes to by the newest results, and since when that is known.

    None: it has to wait.  The rules are those of today, as nothing names others.

    Raises:
        PlatformError, ValueError: the terms are none.
    """
    known = [
        market for leg in accepted.legs if (market := markets.newest.get(leg.market_id)) is not None
    ]
    if not known:
        return None
    results = {key: result for market in known for key, result in market.results.items()}
    outcome = book.current.settle(terms_of(accepted), results)
    if isinstance(outcome, Unsettled):
        return None
    return Unpaid(outcome=outcome, since=max(market.recorded_at for market in known))


class Markets:
    """Results of markets, worked out again from the scores and the events as they were opened."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._events: dict[EventId, Event] = {}
        self.known: dict[int, KnownResult] = {}
        self.newest: dict[MarketId, KnownResult] = {}

    def open(self, fact: EventOpened) -> None:
        """Take an event as it was opened."""
        self._events[fact.event_id] = event_of(fact)

    def result(self, fact: MarketResulted, recorded_at: datetime) -> str | None:
        """Take a market's results; say why they cannot be, or do not follow from the score.

        Of two with one number, or of one version, the first counts: by it bets may be settled.
        """
        before = self.newest.get(fact.market_id)
        if fact.no in self.known:
            return f"there is a result {fact.no} already, of market {self._market_of(fact.no)}"
        if fact.version != (1 if before is None else before.fact.version + 1):
            told = "none" if before is None else f"version {before.fact.version}"
            return f"it is version {fact.version} of its results, and before it came {told}"
        if before is not None:
            self.known[before.fact.no] = replace(before, superseded_at=recorded_at)
        self.known[fact.no] = self.newest[fact.market_id] = KnownResult.of(fact, recorded_at)
        return self._doubt(fact)

    def starts_of(self, accepted: BetAccepted) -> dict[EventId, datetime]:
        """Return when those of a bet's events start that were opened."""
        known = (self._events.get(leg.event_id) for leg in accepted.legs)
        return {event.id: event.starts_at for event in known if event is not None}

    def _market_of(self, no: int) -> MarketId:
        return self.known[no].fact.market_id

    def _doubt(self, fact: MarketResulted) -> str | None:
        event = self._events.get(fact.event_id)
        if event is None:
            return f"event {fact.event_id} was never opened"
        try:
            ended = self._book.get(fact.rules).results(event, report_of(fact))
        except (PlatformError, ValueError) as error:
            return f"the score {fact.score!r} gives nothing: {error}"
        if ended.get(fact.market_id) != fact.results:
            return f"{fact.score or 'no score'} does not give these results under {fact.rules}"
        return None


def _results(
    settled: BetSettled, known: Mapping[int, KnownResult], at: datetime, wrong: list[str]
) -> dict[SelectionId, Result]:
    """Return the results that the named facts tell."""
    results: dict[SelectionId, Result] = {}
    if len(settled.results) != len(settled.result_nos):
        wrong.append(f"{len(settled.results)} results and {len(settled.result_nos)} numbers")
    for item, no in zip(settled.results, settled.result_nos, strict=False):
        market = known.get(no)
        if market is None or item.selection_id not in market.told:
            wrong.append(f"result {no} tells nothing of selection {item.selection_id}")
            continue
        if market.told[item.selection_id] != item:
            wrong.append(f"result {no} says otherwise of selection {item.selection_id}")
        if market.recorded_at > at + SKEW_MAX:
            wrong.append(f"result {no} was recorded at {market.recorded_at}, and settled at {at}")
        if market.superseded_at is not None and market.superseded_at < at - SKEW_MAX:
            wrong.append(f"result {no} was superseded at {market.superseded_at} already")
        results[item.selection_id] = market.results[item.selection_id]
    return results


def _work_out(
    accepted: BetAccepted,
    settled: BetSettled,
    results: Mapping[SelectionId, Result],
    book: RuleBook,
    wrong: list[str],
) -> Settled | None:
    if settled.rounding != accepted.rounding:
        wrong.append(f"rounded by {settled.rounding}, accepted under {accepted.rounding}")
    try:
        outcome = book.get(settled.rules).settle(terms_of(accepted), results)
    except (PlatformError, ValueError) as error:
        wrong.append(f"cannot be worked out: {error}")
        return None
    if isinstance(outcome, Unsettled):
        waiting = ", ".join(outcome.waiting_for)
        wrong.append(f"still waits for results of {waiting}")
        return None
    return outcome


def _disagreements(
    accepted: BetAccepted, settled: BetSettled, outcome: Settled | None
) -> Iterator[str]:
    if (settled.player_id, settled.currency) != (accepted.player_id, accepted.currency):
        yield f"settled for {settled.player_id} in {settled.currency}, accepted otherwise"
    if outcome is None:
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
    markets: Markets,
    wrong: list[str],
) -> bool:
    starts = markets.starts_of(accepted)
    try:
        void = was_void(voided, accepted.legs, starts, excluded_at=heard.recorded_at)
    except ValueError as error:
        wrong.append(f"cannot be worked out: {error}")
        return False
    if not void:
        wrong.append(f"the rule {voided.rule} lets it stand")
    return void


def _stray_movements(
    accepted: BetAccepted, settled: BetSettled | BetVoided, outcome: Settled | None
) -> Iterator[str]:
    """Say where money moved otherwise than the terms and the returns have it."""
    held = (_right_hold(accepted),)
    if accepted.movements != held:
        yield f"the stake was held by {_first_stray(accepted.movements, held)}"
    if outcome is None:
        return
    right = _right_movements(accepted, outcome)
    if settled.movements != right:
        coin, owed = _coin(accepted, settled.movements), _coin(accepted, right)
        if coin != owed:
            yield (
                f"{coin.taken} micros were taken, {coin.paid} paid and {coin.released} released;"
                f" {owed.taken}, {owed.paid} and {owed.released} are right"
            )
        yield f"it moved {_first_stray(settled.movements, right)}"


def _right_hold(accepted: BetAccepted) -> Movement:
    return Movement(
        kind="hold",
        key=accepted.bet_id,
        micros=accepted.stake_micros,
        currency=accepted.currency,
        account=_account(accepted.player_id, accepted.currency),
    )


def _right_movements(accepted: BetAccepted, outcome: Settled) -> tuple[Movement, ...]:
    """Return what has to move: the stake to the house and the returns from it, or all back."""
    bet_id, stake, code = accepted.bet_id, accepted.stake_micros, accepted.currency
    player = _account(accepted.player_id, code)
    if outcome.voided:
        return (Movement(kind="void", key=bet_id, micros=stake, currency=code, account=player),)
    house = _house(shard_of(accepted.player_id), code)
    post = Movement(
        kind="post",
        key=bet_id,
        micros=stake,
        currency=code,
        debit=player,
        credit=house,
        hold=bet_id,
    )
    if not outcome.returns_micros:
        return (post,)
    returns = Movement(
        kind="transfer",
        key=derived_id("returns", bet_id),
        micros=outcome.returns_micros,
        currency=code,
        debit=house,
        credit=player,
    )
    return (post, returns)


def _first_stray(moved: Sequence[Movement], right: Sequence[Movement]) -> str:
    """Name the first movement that is not as it should be, and the one that should be there."""
    pairs = zip_longest(moved, right)
    mine, wanted = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{_shown(mine)}, and {_shown(wanted)} is right"


def _shown(movement: Movement | None) -> str:
    return "nothing" if movement is None else json.encode(movement).decode()


def _coin(accepted: BetAccepted, movements: Sequence[Movement]) -> Coin:
    """Return what these movements did to the account of the player who was accepted."""
    account = _account(accepted.player_id, accepted.currency)
    taken = paid = released = 0
    for item in movements:
        if item.debit == account:
            taken += item.micros
        elif item.credit == account:
            paid += item.micros
        elif item.kind == "void" and item.account == account:
            released += item.micros
    return Coin(taken=taken, paid=paid, released=released)


def _void(voided: bool) -> str:
    return " as void" if voided else ""


# An id costs a hash, and three questions about one bet name the same account.
@lru_cache(maxsize=1024)
def _account(player_id: PlayerId, code: str) -> AccountId:
    return player_account(player_id, code)


@lru_cache(maxsize=1024)
def _house(shard: Shard, code: str) -> AccountId:
    return stake_account(shard, code)
