"""Delayed bets: what is decided once their time has come, whatever they waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import structs

from pitboss import gate, wallet
from pitboss.gate.model import Answer as GateAnswer
from pitboss.gate.model import Permit
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import BetId
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.sportsbook import catalog, trading
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import (
    REFUSALS,
    Bet,
    BetState,
    Leg,
    Pending,
    Placing,
    ReferredBet,
    Refusal,
    release_key,
)
from pitboss.sportsbook.betting.operations.closing import moved_by
from pitboss.sportsbook.betting.operations.naming import look_up
from pitboss.sportsbook.betting.operations.placing import (
    check_of,
    is_free,
    judge,
    log_out,
    offer,
    offering,
    taking_of,
)
from pitboss.sportsbook.betting.operations.terms import allowed, licences_of
from pitboss.sportsbook.betting.operations.using import use_gifts
from pitboss.sportsbook.trading.model import Line, Rise, TooMuch
from pitboss.wallet.model import VoidRequest


async def decide_due(
    turn: Turn,
    shelf: catalog.Shelf,
    due: Sequence[tuple[Pending, Placing]],
    *,
    desk: trading.Desk | None = None,
    give_up: bool = False,
) -> tuple[Bet, ...]:
    """Decide on bets whose delay is over, once and for all, and return them as decided.

    Everything is asked again as if nothing had been asked before, but for the stake, which is held:
    the gate, the sportsbook's own rules, and the price by the player's policy.  Whatever happened
    to a leg meanwhile refuses the bet, and then its hold is released.  What was taken of a limit is
    theirs; what they would win more at a better price is held against the limits.  A free bet is
    held, though no money is.  Of one that a trader took in part, the rest is released.

    Args:
        turn: it holds the shards of the bets, and under it they were read to be delayed.
        shelf: the catalogue's offers.
        due: delayed bets, each with its command.
        desk: what this process remembers of limits and books; without one they are read.
        give_up: refuse them without a look, because looking at them breaks.
    """
    if not due:
        return ()
    places = [(item.shard, item.command.bet_id) for _, item in due]
    held = await store.find_bets(turn.tx, places)
    asked = [rules.as_shaped(item, held[item.command.bet_id]) for _, item in due]
    referrals = await store.find_referrals(turn.tx, places)
    traders = [referrals.get(bet_id) for _, bet_id in places]
    placings = [_as_it_waits(item, held, referrals) for item in asked]
    verdicts: list[tuple[Leg, ...] | str] = [Refusal.UNREADABLE] * len(due)
    permits: Sequence[GateAnswer] = ()
    risen: Sequence[Line] = ()
    if not give_up:
        permits = await gate.check(turn, [check_of(item.command) for item in placings])
        verdicts, risen = await _look_again(
            turn, shelf, desk or trading.Desk(), due, placings, permits, traders, held, asked
        )
    released = await _release(turn, placings, verdicts, held)

    decided = [
        _end_of(
            item if isinstance(verdict, tuple) else asked[place],
            verdict,
            permits[place] if permits else None,
            released.get(place, ()),
            traders[place],
            now=turn.now,
        )
        for place, (item, verdict) in enumerate(zip(placings, verdicts, strict=True))
    ]
    await _end_wait(turn, held, [bet for bet, _ in decided], [*referrals.values()], risen)
    for bet, fact in decided:
        turn.publish(bet.shard, bet.player_id, fact)
    await limits.count(turn, [(bet.shard, fact) for bet, fact in decided])
    if permits:
        await log_out(turn, placings, permits)
    return tuple([bet for bet, _ in decided])


def _as_it_waits(
    item: Placing, held: Mapping[BetId, Bet], referrals: Mapping[BetId, ReferredBet]
) -> Placing:
    """Return what is asked for by now: at the stake that is held, or at what a trader takes."""
    bet_id = item.command.bet_id
    return rules.as_answered(rules.as_held(item, held[bet_id]), referrals.get(bet_id))


def _end_of(
    item: Placing,
    verdict: tuple[Leg, ...] | str,
    permit: GateAnswer | None,
    moved: tuple[Movement, ...],
    trader: ReferredBet | None,
    *,
    now: datetime,
) -> tuple[Bet, BetAccepted | BetRefused]:
    """Return what becomes of one delayed bet."""
    if isinstance(verdict, str):
        return rules.refused(rules.with_offer(item, verdict, trader), verdict, moved, now=now)
    assert isinstance(permit, Permit)  # noqa: S101 - nothing is judged without one
    rounding = allowed(permit.jurisdiction).rounding
    return rules.accepted(
        item, verdict, permit, rounding, moved, now=now, delayed=True, referred=trader is not None
    )


async def _end_wait(
    turn: Turn,
    held: Mapping[BetId, Bet],
    decided: Sequence[Bet],
    referrals: Sequence[ReferredBet],
    risen: Sequence[Line],
) -> None:
    """Write what became of delayed bets: their rows, their room, and the stakes that were given."""
    before = [rules.taking_of_bet(held[bet.id]) for bet in decided]
    after = [rules.taking_of_bet(bet) for bet in decided if bet.state is BetState.ACCEPTED]
    await trading.change(turn, before, after, risen=risen)
    await store.end_pending(turn.tx, decided)
    await store.end_referrals(turn.tx, [(one.shard, one.bet_id) for one in referrals])
    refused = [bet for bet in decided if bet.state is BetState.REFUSED]
    await use_gifts(turn, [(bet, False) for bet in refused])


async def _look_again(
    turn: Turn,
    shelf: catalog.Shelf,
    desk: trading.Desk,
    due: Sequence[tuple[Pending, Placing]],
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    traders: Sequence[ReferredBet | None],
    held: Mapping[BetId, Bet],
    asked: list[Placing],
) -> tuple[list[tuple[Leg, ...] | str], list[Line]]:
    """Return what becomes of delayed bets: by all that counts, by what happened, by traders.

    With what has been put into the books for those who win more now; see `_weigh_risen`.
    """
    wanted = {leg.selection_id for item in placings for leg in item.command.legs}
    offers = await shelf.locked(turn.tx, wanted)
    struck, named = await look_up(turn.tx, placings, licences_of(permits))
    judged = judge([item.command for item in struck], permits, offers, named, turn.now)
    asked[:] = await offer(turn, desk, shelf.revoked, asked, permits, judged, offers)
    verdicts = [
        rules.refusal_after_delay(before.seen, offers)
        or rules.refusal_of_terms(held[item.command.bet_id].legs, verdict)
        or rules.verdict_of_trader(item, trader)
        or verdict
        if isinstance(verdict, tuple)
        else verdict
        for (before, _), item, trader, verdict in zip(due, placings, traders, judged, strict=True)
    ]
    risen = await _weigh_risen(turn, shelf, desk, placings, permits, verdicts, traders, held, asked)
    return verdicts, risen


async def _weigh_risen(
    turn: Turn,
    shelf: catalog.Shelf,
    desk: trading.Desk,
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    verdicts: list[tuple[Leg, ...] | str],
    traders: Sequence[ReferredBet | None],
    held: Mapping[BetId, Bet],
    asked: list[Placing],
) -> list[Line]:
    """Hold bets whose price has risen while they waited against the limits for what is more.

    Who is above one is refused in `verdicts`, and has in `asked` the stake that would have passed.
    Returns what has been put into the books for the others.
    """
    risen: dict[int, Rise] = {}
    for place, (item, permit, verdict) in enumerate(zip(placings, permits, verdicts, strict=True)):
        if not isinstance(verdict, tuple) or not isinstance(permit, Permit):
            continue
        bet = held[item.command.bet_id]
        if rules.has_risen(bet.legs, verdict):
            now = structs.replace(
                taking_of(item, verdict, permit), waits=traders[place] is not None
            )
            risen[place] = Rise(before=rules.taking_of_bet(bet), after=now)
    if not risen:
        return []
    answers, lines = await trading.rise(turn, desk, [*risen.values()], catalogue_no=shelf.revoked)
    for place, answer in zip(risen, answers, strict=True):
        if isinstance(answer, TooMuch):
            verdicts[place] = REFUSALS[answer.bound]
            asked[place] = offering(asked[place], permits[place], answer.stake_micros_max)
    return lines


async def _release(
    turn: Turn,
    placings: Sequence[Placing],
    verdicts: Sequence[tuple[Leg, ...] | str],
    held: Mapping[BetId, Bet],
) -> dict[int, tuple[Movement, ...]]:
    """Give back the stakes of delayed bets that are refused; return how, by their places.

    Of those that are taken for less than is held, the rest is given back.  A free bet has no hold.
    """
    voids: dict[int, VoidRequest] = {}
    for place, (item, verdict) in enumerate(zip(placings, verdicts, strict=True)):
        shard, bet_id = item.shard, item.command.bet_id
        if is_free(item.command.shape):
            continue
        rest = held[bet_id].stake_micros - item.command.stake_micros
        if isinstance(verdict, str):
            voids[place] = VoidRequest(shard=shard, key=bet_id, hold_key=bet_id)
        elif rest:
            key = release_key(bet_id)
            voids[place] = VoidRequest(shard=shard, key=key, hold_key=bet_id, micros=rest)
    # Under the turn a bet is seen to be delayed still, so nothing of it was ever booked.
    answers = await wallet.book(turn, [*voids.values()], unseen=True)
    return {place: (moved_by(answer),) for place, answer in zip(voids, answers, strict=True)}
