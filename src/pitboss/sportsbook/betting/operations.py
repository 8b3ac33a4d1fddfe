"""Writes of betting: inside the caller's turn, safe to repeat with the same bet ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from pitboss import gate, jurisdictions, wallet
from pitboss.gate.model import Answer as GateAnswer
from pitboss.gate.model import Check, Permit, Product
from pitboss.jurisdictions.model import SportsbookRules
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import BetId, SelectionId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.money import Rounding, currency
from pitboss.messages import Turn
from pitboss.players import access
from pitboss.players.access.model import SessionEnd
from pitboss.responsible import limits
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import (
    Bet,
    BetState,
    Closing,
    Leg,
    PlaceBet,
    Placing,
    stake_account,
)
from pitboss.sportsbook.catalog.model import Offer
from pitboss.wallet.model import Answer as WalletAnswer
from pitboss.wallet.model import (
    Booked,
    HoldRequest,
    PostRequest,
    Refused,
    Request,
    TransferRequest,
    VoidRequest,
    player_account,
)

from . import rules, store


async def place(
    turn: Turn, shelf: catalog.Shelf, placings: Sequence[Placing], *, unseen: bool = False
) -> tuple[Bet, ...]:
    """Decide on bets in order and return them as decided.

    A bet that was decided before is returned as it is and nothing happens.  An accepted one has
    its stake held; a refused one is kept with its reason.  Both are published.

    Args:
        unseen: the caller believes that none of these bets was ever asked for, so nobody looks;
            if one was after all, the keys in the database refuse the whole turn.
    """
    if unseen:
        known: dict[BetId, Bet] = {}
        fresh = placings
    else:
        places = [(item.shard, item.command.bet_id) for item in placings]
        known = await store.find_bets(turn.tx, places)
        fresh = rules.first_of_each(placings, known)

    permits = await gate.check(turn, [_check(item.command) for item in fresh]) if fresh else ()
    decided = await _decide(turn, shelf, fresh, permits, unseen=unseen)

    await store.save_bets(turn.tx, [bet for bet, _ in decided])
    for bet, fact in decided:
        turn.publish(bet.shard, bet.player_id, fact)
        known[bet.id] = bet
    await limits.count(turn, [(bet.shard, fact) for bet, fact in decided])
    await _log_out(turn, fresh, permits)
    return tuple([known[item.command.bet_id] for item in placings])


async def close_bets(turn: Turn, closings: Sequence[Closing]) -> list[tuple[Movement, ...]]:
    """Book what accepted bets return, and mark them settled or voided.

    The stake is posted to the house and the returns come from it; a bet that is void as a whole
    has its hold released instead.  Returns the movements of each, for the facts of settlement.
    """
    requests = [_bookings(closing) for closing in closings]
    # Under the turn a bet is seen to be accepted still, so nothing of it was ever booked.
    answers = await wallet.book(turn, [item for mine in requests for item in mine], unseen=True)

    movements: list[tuple[Movement, ...]] = []
    at = 0
    for mine in requests:
        end = at + len(mine)
        movements.append(tuple([_moved(answer) for answer in answers[at:end]]))
        at = end
    await store.close_bets(turn.tx, closings, turn.now)
    return movements


def _moved(answer: WalletAnswer) -> Movement:
    if isinstance(answer, Booked) and answer.movement is not None:
        return answer.movement
    raise InvariantBroken("an accepted bet is settled once, from a hold that is there")


async def _decide(
    turn: Turn,
    shelf: catalog.Shelf,
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    *,
    unseen: bool,
) -> list[tuple[Bet, BetAccepted | BetRefused]]:
    """Ask the sportsbook's own rules and the wallet about what the gate permits, in this order."""
    if not placings:
        return []
    commands = [item.command for item in placings]
    offers = await shelf.locked(
        turn.tx, {leg.selection_id for command in commands for leg in command.legs}
    )
    verdicts = _judge(commands, permits, offers, turn.now)

    holds = [
        _hold(item)
        for item, verdict in zip(placings, verdicts, strict=True)
        if isinstance(verdict, tuple)
    ]
    held = iter(await wallet.book(turn, holds, unseen=unseen))

    decided: list[tuple[Bet, BetAccepted | BetRefused]] = []
    for item, permit, verdict in zip(placings, permits, verdicts, strict=True):
        answer = next(held) if isinstance(verdict, tuple) else None
        if isinstance(verdict, tuple) and isinstance(permit, Permit) and isinstance(answer, Booked):
            ensure(answer.movement is not None, "a bet's hold is asked for once")
            decided.append(_accepted(turn, item, verdict, permit, answer))
        else:
            reason = answer.reason if isinstance(answer, Refused) else str(verdict)
            decided.append(_refused(turn, item, reason))
    return decided


async def _log_out(turn: Turn, placings: Sequence[Placing], permits: Sequence[GateAnswer]) -> None:
    """End the sessions of whoever has used up a limit, where the licence wants that."""
    gone = {
        item.command.player_id
        for item, permit in zip(placings, permits, strict=True)
        if not isinstance(permit, Permit) and permit.logs_out
    }
    for player_id in sorted(gone):
        await access.end_sessions(turn, player_id, SessionEnd.LIMIT_USED_UP)


def _judge(
    commands: Sequence[PlaceBet],
    permits: Sequence[GateAnswer],
    offers: Mapping[SelectionId, Offer],
    now: datetime,
) -> list[tuple[Leg, ...] | str]:
    """Return the legs of each bet that the gate and the sportsbook want, or why not."""
    verdicts: list[tuple[Leg, ...] | str] = []
    for command, permit in zip(commands, permits, strict=True):
        if not isinstance(permit, Permit):
            verdicts.append(permit.reason)
            continue
        verdicts.append(
            rules.judge(
                command,
                offers,
                minor_unit_micros=_minor_unit(command.currency),
                returns_micros_max=_allowed(permit.jurisdiction).returns_micros_max,
                now=now,
            )
        )
    return verdicts


@cache
def _minor_unit(code: str) -> int:
    return currency(code).minor_unit_micros


@cache
def _allowed(jurisdiction: str) -> SportsbookRules:
    """Return what the licence says of bets; licences are files of this package."""
    return jurisdictions.get(jurisdiction).sportsbook


def _check(command: PlaceBet) -> Check:
    return Check(
        player_id=command.player_id,
        product=Product.SPORTSBOOK,
        stake_micros=command.stake_micros,
        currency=command.currency,
        session_id=command.session_id,
        network=command.network,
    )


def _hold(item: Placing) -> HoldRequest:
    command = item.command
    return HoldRequest(
        shard=item.shard,
        key=command.bet_id,
        account_id=player_account(command.player_id, command.currency),
        micros=command.stake_micros,
        currency=command.currency,
    )


def _accepted(
    turn: Turn, item: Placing, legs: tuple[Leg, ...], permit: Permit, answer: Booked
) -> tuple[Bet, BetAccepted]:
    command = item.command
    rounding = _allowed(permit.jurisdiction).rounding
    bet = Bet(
        shard=item.shard,
        id=command.bet_id,
        player_id=command.player_id,
        state=BetState.ACCEPTED,
        refusal=None,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        legs=legs,
        placed_at=item.placed_at,
        decided_at=turn.now,
    )
    fact = BetAccepted(
        bet_id=command.bet_id,
        player_id=command.player_id,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        jurisdiction=permit.jurisdiction,
        legs=legs,
        placed_at=write_instant(item.placed_at),
        movements=() if answer.movement is None else (answer.movement,),
        session_id=command.session_id,
        check_id=permit.check_id,
    )
    return bet, fact


def _refused(turn: Turn, item: Placing, reason: str) -> tuple[Bet, BetRefused]:
    command = item.command
    bet = Bet(
        shard=item.shard,
        id=command.bet_id,
        player_id=command.player_id,
        state=BetState.REFUSED,
        refusal=reason,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=Rounding.DOWN_V1,
        legs=(),
        placed_at=item.placed_at,
        decided_at=turn.now,
    )
    fact = BetRefused(
        bet_id=command.bet_id,
        player_id=command.player_id,
        reason=reason,
        stake_micros=command.stake_micros,
        currency=command.currency,
        legs=command.legs,
        placed_at=write_instant(item.placed_at),
    )
    return bet, fact


def _bookings(closing: Closing) -> list[Request]:
    bet = closing.bet
    if closing.voided:
        return [VoidRequest(shard=bet.shard, key=bet.id, hold_key=bet.id)]
    house = stake_account(bet.shard, bet.currency)
    # The stake's transfer has the bet's own id as its key, as its hold has.
    stake = PostRequest(shard=bet.shard, key=bet.id, hold_key=bet.id, credit_id=house)
    if closing.returns_micros == 0:
        return [stake]
    returns = TransferRequest(
        shard=bet.shard,
        key=derived_id("returns", bet.id),
        debit_id=house,
        credit_id=player_account(bet.player_id, bet.currency),
        micros=closing.returns_micros,
        currency=bet.currency,
    )
    return [stake, returns]
