"""Writes of betting: inside the caller's turn, safe to repeat with the same bet ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from pitboss import gate, wallet
from pitboss.gate.model import Answer as GateAnswer
from pitboss.gate.model import Check, Permit, Product
from pitboss.kernel.ids import BetId, SelectionId
from pitboss.messages import Turn
from pitboss.players import access
from pitboss.players.access.model import SessionEnd
from pitboss.responsible import limits
from pitboss.sportsbook import catalog, trading
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.facts import BetAccepted, BetDelayed, BetRefused
from pitboss.sportsbook.betting.model import (
    REFERRAL_LIFE,
    REFUSALS,
    Bet,
    BetState,
    Leg,
    PlaceBet,
    Placing,
    Refusal,
    Shape,
)
from pitboss.sportsbook.betting.operations.closing import moved_by
from pitboss.sportsbook.betting.operations.naming import Named, look_up
from pitboss.sportsbook.betting.operations.terms import allowed, licences_of, minor_unit
from pitboss.sportsbook.betting.operations.using import use_gifts
from pitboss.sportsbook.catalog.model import Offer
from pitboss.sportsbook.trading.model import TAKEN, Referred, Taking, TooMuch, Weighed
from pitboss.wallet.model import (
    Booked,
    HoldRequest,
    Refused,
    player_account,
)

Decided = BetAccepted | BetDelayed | BetRefused


async def place(
    turn: Turn,
    shelf: catalog.Shelf,
    placings: Sequence[Placing],
    *,
    desk: trading.Desk | None = None,
    unseen: bool = False,
    recent: rules.Recent | None = None,
    refer_for: timedelta = REFERRAL_LIFE,
) -> tuple[Bet, ...]:
    """Decide on bets in order and return them as decided.

    A bet that was decided before is returned as it is and nothing happens.  An accepted one has
    its stake held; a refused one is kept with its reason.  One that passes and is in play, or that
    only a trader may take, is delayed with its stake held: `decide_due` has the last word.  All are
    published.

    Args:
        turn: it holds the shards of the bets.
        shelf: the catalogue's offers.
        placings: what is asked for.
        desk: what this process remembers of limits and books; without one they are read.
        unseen: the caller believes that none of these bets was ever asked for, so nobody looks;
            if one was after all, the keys in the database refuse the whole turn.
        recent: slips that were taken a moment ago in the shards of this turn; those that are taken
            now are added, so it is good for nothing any more if the turn is not committed.
            Without it they are looked up.
        refer_for: how long a bet waits for a trader at most.
    """
    if unseen:
        known: dict[BetId, Bet] = {}
        fresh = placings
    else:
        places = [(item.shard, item.command.bet_id) for item in placings]
        known = await store.find_bets(turn.tx, places)
        fresh = rules.first_of_each(placings, known)

    permits = await gate.check(turn, [check_of(item.command) for item in fresh]) if fresh else ()
    if recent is None:
        recent = rules.Recent(await store.find_recent(turn.tx, turn.heads))
    desk = desk or trading.Desk()
    decided = await _decide(
        turn, shelf, desk, fresh, permits, recent, unseen=unseen, refer_for=refer_for
    )

    await store.save_bets(turn.tx, [bet for bet, _ in decided])
    delayed = [(bet, fact) for bet, fact in decided if isinstance(fact, BetDelayed)]
    await store.save_pending(turn.tx, [rules.pending_of(bet, fact) for bet, fact in delayed])
    referred = [rules.referred_of(bet, fact) for bet, fact in delayed]
    await store.save_referrals(turn.tx, [one for one in referred if one is not None])
    taken = [bet for bet, _ in decided if bet.state is not BetState.REFUSED]
    await use_gifts(turn, [(bet, True) for bet in taken])
    for bet, fact in decided:
        turn.publish(bet.shard, bet.player_id, fact)
        known[bet.id] = bet
    await limits.count(turn, [(bet.shard, fact) for bet, fact in decided])
    await log_out(turn, fresh, permits)
    return tuple([known[item.command.bet_id] for item in placings])


async def _decide(
    turn: Turn,
    shelf: catalog.Shelf,
    desk: trading.Desk,
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    recent: rules.Recent,
    *,
    unseen: bool,
    refer_for: timedelta,
) -> list[tuple[Bet, Decided]]:
    """Ask the sportsbook's rules, the limits and the wallet about what the gate permits."""
    if not placings:
        return []
    offers = await shelf.locked(
        turn.tx, {leg.selection_id for item in placings for leg in item.command.legs}
    )
    placings, named = await look_up(turn.tx, placings, licences_of(permits))
    commands = [item.command for item in placings]
    verdicts = judge(commands, permits, offers, named, turn.now)
    asked = placings = await offer(turn, desk, shelf.revoked, placings, permits, verdicts, offers)

    keys = [rules.likeness_of(command) for command in commands]
    twins = rules.find_twins(placings, verdicts, keys, recent)
    weighed, placings, referred = await _weigh(
        turn, desk, placings, permits, verdicts, but=twins, catalogue_no=shelf.revoked
    )

    held = iter(await wallet.book(turn, _holds(placings, verdicts, but=twins), unseen=unseen))

    decided: list[tuple[Bet, Decided]] = []
    unpaid: set[BetId] = set()
    for place, (item, permit, verdict) in enumerate(zip(placings, permits, verdicts, strict=True)):
        if place in twins:
            twin = twins[place]
            taken = twin is None or recent.has(keys[place], item.placed_at)
            before = None if taken else decided[twin or 0][0]
            decided.append(rules.refused_twin(item, before, now=turn.now))
            continue
        free = is_free(item.command.shape)
        answer = next(held) if isinstance(verdict, tuple) and not free else None
        if (
            isinstance(verdict, tuple)
            and isinstance(permit, Permit)
            and (free or isinstance(answer, Booked))
        ):
            recent.note(keys[place], item.placed_at)
            moved = () if answer is None else (moved_by(answer),)
            terms = (item, verdict, permit, allowed(permit.jurisdiction).rounding, moved)
            refers = (referred[place], refer_for) if place in referred else None
            decided.append(rules.passed(*terms, offers=offers, now=turn.now, refers=refers))
        else:
            reason = answer.reason if isinstance(answer, Refused) else str(verdict)
            if isinstance(answer, Refused):
                unpaid.add(item.command.bet_id)
                item = asked[place]
            decided.append(rules.refused(item, reason, now=turn.now))
    await trading.take(turn, desk, weighed, but=unpaid)
    return decided


async def _weigh(
    turn: Turn,
    desk: trading.Desk,
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    verdicts: list[tuple[Leg, ...] | str],
    *,
    but: Collection[int],
    catalogue_no: int,
) -> tuple[Weighed, list[Placing], dict[int, Referred]]:
    """Hold the wanted bets against the limits, but for those at these places.

    Who is above a limit is refused in `verdicts`.

    Returns all placings, with the smaller stake of those who take that, and of those who are
    refused for a limit with the stake that would have passed; and who waits for a trader, by their
    places.
    """
    wanted = {
        place: taking_of(item, verdict, permit)
        for place, (item, verdict, permit) in enumerate(
            zip(placings, verdicts, permits, strict=True)
        )
        if isinstance(verdict, tuple) and isinstance(permit, Permit) and place not in but
    }
    weighed = await trading.weigh(turn, desk, [*wanted.values()], catalogue_no=catalogue_no)
    changed, referred = list(placings), dict[int, Referred]()
    for place, answer in zip(wanted, weighed.answers, strict=True):
        if answer is TAKEN:
            continue
        if isinstance(answer, TooMuch):
            verdicts[place] = REFUSALS[answer.bound]
            changed[place] = offering(placings[place], permits[place], answer.stake_micros_max)
        elif isinstance(answer, Referred):
            less = _passing(permits[place], answer.stake_micros_max)
            referred[place] = structs.replace(answer, stake_micros_max=less)
        elif answer.stake_micros is not None:
            changed[place] = rules.with_stake(placings[place], answer.stake_micros)
    return weighed, changed, referred


async def offer(
    turn: Turn,
    desk: trading.Desk,
    catalogue_no: int,
    placings: Sequence[Placing],
    permits: Sequence[GateAnswer],
    verdicts: Sequence[tuple[Leg, ...] | str],
    offers: Mapping[SelectionId, Offer],
) -> Sequence[Placing]:
    """Return the placings, with what would have passed of those that could return too much."""
    within: dict[int, tuple[int, Taking]] = {}
    for place, (item, permit, verdict) in enumerate(zip(placings, permits, verdicts, strict=True)):
        if verdict != Refusal.RETURNS_TOO_LARGE or not isinstance(permit, Permit):
            continue
        licence, unit = allowed(permit.jurisdiction), minor_unit(item.command.currency)
        least = structs.replace(item.command, stake_micros=unit)
        legs = rules.judge(least, offers, minor_unit_micros=unit, licence=licence, now=turn.now)
        if isinstance(legs, tuple):
            most = licence.returns_micros_max
            stake = rules.stake_within(legs, least.shape, most, minor_unit_micros=unit)
            within[place] = stake, taking_of(item, legs, permit)
    if not within:
        return placings
    takings = [taking for _, taking in within.values()]
    limited = await trading.offer(turn, desk, takings, catalogue_no=catalogue_no)
    changed = list(placings)
    for (place, (stake, _)), limit in zip(within.items(), limited, strict=True):
        least_of = min(stake, limit.stake_micros_max)
        changed[place] = offering(placings[place], permits[place], least_of)
    return changed


def offering(item: Placing, permit: GateAnswer, stake_micros: int) -> Placing:
    """Return a placing that is refused, with the stake that its player's licence lets pass."""
    return rules.offering(item, _passing(permit, stake_micros))


def _passing(permit: GateAnswer, stake_micros: int) -> int:
    """Return a stake that is within the limits; nothing where the licence takes none so small."""
    assert isinstance(permit, Permit)  # noqa: S101 - nothing is weighed without one
    return stake_micros if stake_micros >= allowed(permit.jurisdiction).stake_micros_min else 0


def taking_of(item: Placing, legs: tuple[Leg, ...], permit: Permit) -> Taking:
    """Return what a bet would take of the limits at these legs."""
    command = item.command
    reduces = rules.takes_less(item)
    return rules.taking_of(
        command.bet_id,
        shard=item.shard,
        player_id=command.player_id,
        currency=command.currency,
        stake_micros=command.stake_micros,
        legs=legs,
        shape=command.shape,
        stake_micros_min=allowed(permit.jurisdiction).stake_micros_min if reduces else None,
        waits=command.on_limit.waits,
    )


async def log_out(turn: Turn, placings: Sequence[Placing], permits: Sequence[GateAnswer]) -> None:
    """Close limits that are used up, or end the sessions, of whom the gate refused: as the licence
    wants."""
    refused = [
        (item.command.player_id, permit.logs_out)
        for item, permit in zip(placings, permits, strict=True)
        if not isinstance(permit, Permit)
    ]
    await limits.close_used_up(turn, [player_id for player_id, _ in refused])
    for player_id in sorted({player_id for player_id, logs_out in refused if logs_out}):
        await access.end_sessions(turn, player_id, SessionEnd.LIMIT_USED_UP)


def judge(
    commands: Sequence[PlaceBet],
    permits: Sequence[GateAnswer],
    offers: Mapping[SelectionId, Offer],
    named: Named,
    now: datetime,
) -> list[tuple[Leg, ...] | str]:
    """Return the legs of each bet that the gate and the sportsbook want, or why not."""
    verdicts: list[tuple[Leg, ...] | str] = []
    for command, permit in zip(commands, permits, strict=True):
        if not isinstance(permit, Permit):
            verdicts.append(permit.reason)
            continue
        licence = allowed(permit.jurisdiction)
        refusal = named.judge(command, offers, licence, now)
        if refusal is not None:
            verdicts.append(refusal)
            continue
        verdict = rules.judge(
            command,
            offers,
            minor_unit_micros=minor_unit(command.currency),
            licence=licence,
            now=now,
        )
        verdicts.append(verdict)
        if isinstance(verdict, tuple):
            # The next one in the batch finds it used.
            named.use(command)
    return verdicts


def is_free(shape: Shape | None) -> bool:
    """Say whether the stake of a bet of this shape is a free bet."""
    return shape is not None and shape.is_free


def check_of(command: PlaceBet) -> Check:
    """Return what the gate is asked about a bet."""
    return Check(
        player_id=command.player_id,
        product=Product.SPORTSBOOK,
        stake_micros=command.stake_micros,
        currency=command.currency,
        session_id=command.session_id,
        network=command.network,
        free=is_free(command.shape),
    )


def _holds(
    placings: Sequence[Placing],
    verdicts: Sequence[tuple[Leg, ...] | str],
    *,
    but: Collection[int],
) -> list[HoldRequest]:
    """Return what is to be held for the wanted bets, but for those at these places."""
    return [
        _hold(item)
        for place, (item, verdict) in enumerate(zip(placings, verdicts, strict=True))
        if isinstance(verdict, tuple) and place not in but and not is_free(item.command.shape)
    ]


def _hold(item: Placing) -> HoldRequest:
    command = item.command
    return HoldRequest(
        shard=item.shard,
        key=command.bet_id,
        account_id=player_account(command.player_id, command.currency),
        micros=command.stake_micros,
        currency=command.currency,
    )
