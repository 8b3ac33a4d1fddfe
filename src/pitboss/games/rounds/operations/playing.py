"""Stakes, wins and rollbacks of providers: inside the caller's turn, safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from pitboss import gate, jurisdictions, wallet
from pitboss.games import registry, rewards
from pitboss.games.rounds import rules, store
from pitboss.games.rounds.facts import (
    RoundClosed,
)
from pitboss.games.rounds.model import (
    Answer,
    Booking,
    BookingKey,
    ClosedBy,
    Kind,
    Request,
    Session,
    Stake,
    jackpots_account,
    jackpots_owner,
    lock_key_of,
    promotions_account,
    promotions_owner,
    round_id_of,
    stakes_account,
    stakes_owner,
)
from pitboss.games.rounds.operations.seats import find_seats
from pitboss.games.rounds.operations.telling import fact_of
from pitboss.gate.model import Check, Permit, Product
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId, PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SHARDS_ALL, Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import SessionEnd
from pitboss.players.identity.model import Player
from pitboss.responsible import limits
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Booked,
    receivable_account,
)


async def play(turn: Turn, requests: Sequence[Request]) -> tuple[Answer, ...]:
    """Do what providers ask for, in order: each request as a whole, or nothing of it.

    Every request is answered; a refusal stops nobody else.  A stake is asked about at the gate,
    and at the registry whether its game is certified for the player's licence; a win or a rollback
    is booked whatever the player's state is.  What was asked before gets its first answer and moves
    nothing, for ever: also a stake that was refused.  A rollback of what is not known leaves a
    tombstone.  A win that is undone and was spent is owed.

    Source: design, "Every command carries an idempotency key, forever"; the licence's `games`.
    """
    if not requests:
        return ()
    ensure(
        all(shard_of(item.player_id) in turn.heads for item in requests),
        "rounds are played by who holds the players' turn",
    )
    places = dict.fromkeys((shard_of(item.player_id), item.player_id) for item in requests)
    players = await identity.recall_players(turn, list(places))
    seats = await find_seats(turn, requests)
    requests = [
        item if item.game or isinstance(session, str) else structs.replace(item, game=session.game)
        for item, (session, _) in zip(requests, seats, strict=True)
    ]
    bookings = await _find_bookings(turn, requests)
    asked = await _look(turn, requests, players, seats)
    fresh = rules.fresh_stakes(asked, bookings)
    verdicts, permits = await _judge(turn, fresh)
    accounts = await _accounts(turn, asked)
    known = rules.Known(
        purses={account.id: account.available for account in accounts},
        bookings=bookings,
        rounds={
            item.id: item
            for item in await store.find_rounds(turn.tx, _rounds(asked, bookings.values()))
        },
        verdicts=verdicts,
        foreign=await _foreign(turn, asked),
        rewards=await rewards.find_named(turn.tx, rules.rewards_of(requests)),
        taken=await _find_taken(turn, requests, bookings),
    )
    fold = rules.Fold(known, turn.now)

    answers = fold.decide(asked)

    movements = await _book(turn, fold.deeds, accounts)
    await _tell(turn, fold, answers, requests, movements)
    await _log_out(turn, permits)
    return tuple(answers)


async def _find_bookings(turn: Turn, requests: Sequence[Request]) -> dict[BookingKey, Booking]:
    found = await store.find_bookings(turn.tx, rules.ids_of(requests))
    found += await store.find_stakes_by_ref(turn.tx, rules.refs_of(requests))
    return {item.key: item for item in found}


async def _find_taken(
    turn: Turn, requests: Sequence[Request], bookings: Mapping[BookingKey, Booking]
) -> dict[BookingKey, str]:
    """Return on which rewards free stakes were taken, where others are to be taken on some."""
    free = {
        (item.shard, item.provider, item.external_id, item.player_id): key
        for key, item in bookings.items()
        if item.kind is Kind.STAKE and item.free and item.refusal is None
    }
    if not free or not rules.rewards_of(requests):
        return {}
    taken = await rewards.find_taken(turn.tx, free)
    return {free[place]: reward for place, reward in taken.items()}


async def _look(
    turn: Turn,
    requests: Sequence[Request],
    players: Mapping[PlayerId, Player],
    seats: Sequence[tuple[Session | str, str | None]],
) -> list[rules.Asking]:
    offers = await registry.find_offers(
        turn.tx, {(item.provider, item.game) for item in requests if item.steps}
    )
    return [
        rules.Asking(
            request=item,
            player=players.get(item.player_id),
            session=session,
            offer=offers.get((item.provider, item.game)),
            stranger=stranger,
        )
        for item, (session, stranger) in zip(requests, seats, strict=True)
    ]


def _rounds(asked: Sequence[rules.Asking], bookings: Iterable[Booking]) -> set[tuple[Shard, str]]:
    """Return the rounds that requests name, and those of what they undo."""
    found = {
        (
            shard_of(item.request.player_id),
            round_id_of(item.request.provider, item.request.player_id, item.request.round_ref),
        )
        for item in asked
        if item.request.round_ref is not None
    }
    for booking in bookings:
        if booking.round_id is not None:
            found.add((booking.shard, booking.round_id))
    return found


async def _judge(
    turn: Turn, fresh: Mapping[rules.Judged, tuple[rules.Asking, Stake]]
) -> tuple[dict[rules.Judged, rules.Verdict], list[tuple[PlayerId, bool]]]:
    """Return what the registry and the gate say of each stake, and whom a limit logs out."""
    verdicts: dict[rules.Judged, rules.Verdict] = {}
    checks: dict[rules.Judged, Check] = {}
    for key, (asking, stake) in fresh.items():
        player, session = asking.player, asking.session
        if player is None or isinstance(session, str):
            continue
        licence = jurisdictions.find(player.jurisdiction)
        refusal = None if licence is None else registry.refuse_game(asking.offer, licence, turn.now)
        # What costs nothing is within any bounds.
        if refusal is None and asking.offer is not None and stake.micros and not stake.free:
            refusal = registry.refuse_stake(
                asking.offer, currency=player.currency, micros=stake.micros
            )
        if refusal is not None:
            verdicts[key] = refusal
            continue
        least = 0 if licence is None else licence.games.stake_micros_min
        checks[key] = Check(
            player_id=player.id,
            product=Product.GAMES,
            # Of a stake of nothing it is only asked whether the player may play at all.
            stake_micros=stake.micros or least,
            currency=player.currency,
            session_id=session.login_id,
            network=session.network,
            free=stake.free or not stake.micros,
        )
    answers = await gate.check(turn, list(checks.values())) if checks else ()
    gone: list[tuple[PlayerId, bool]] = []
    for (key, check), answer in zip(checks.items(), answers, strict=True):
        if isinstance(answer, Permit):
            verdicts[key] = answer
        else:
            verdicts[key] = answer.reason
            gone.append((check.player_id, answer.logs_out))
    return verdicts, gone


async def _log_out(turn: Turn, refused: Sequence[tuple[PlayerId, bool]]) -> None:
    """Close limits that are used up, or end the sessions, of whom the gate refused: as the licence
    wants."""
    await limits.close_used_up(turn, [player_id for player_id, _ in refused])
    for player_id in dict.fromkeys(player for player, logs_out in refused if logs_out):
        await access.end_sessions(turn, player_id, SessionEnd.LIMIT_USED_UP)


async def _accounts(turn: Turn, asked: Sequence[rules.Asking]) -> list[Account]:
    """Return those of the accounts that are open on which requests can move money."""
    wanted: set[tuple[Shard, AccountId]] = set()
    for item in asked:
        player = item.player
        if player is not None:
            wanted.update(
                (player.shard, account_id)
                for account_id in rules.accounts_of(
                    item.request.provider, player.shard, player.currency, player.id
                )
            )
    return await wallet.find_balances(turn.tx, wanted)


async def _foreign(turn: Turn, asked: Sequence[rules.Asking]) -> rules.Users:
    """Return who has used which id of a provider, where nobody else may then.

    Another player's turn does not wait for this one, so the ids are locked before they are looked
    at, until this turn is over.
    """
    wanted: dict[str, set[str]] = {}
    for item in asked:
        if item.request.dialect.ids_of_provider:
            ids = {step.external_id for step in item.request.steps}
            wanted.setdefault(item.request.provider, set()).update(ids)
    wanted = {provider: ids for provider, ids in wanted.items() if ids}
    if not wanted:
        return {}
    keys = {lock_key_of(provider, name) for provider, ids in wanted.items() for name in ids}
    await store.lock_ids(turn.tx, keys)
    found: rules.Users = {}
    for provider, ids in wanted.items():
        for name, kind, player_id in await store.find_users(turn.tx, provider, ids, SHARDS_ALL):
            found.setdefault((provider, name), set()).add((kind, player_id))
    return found


async def _book(
    turn: Turn, deeds: Sequence[rules.Deed | rules.Closure], there: Sequence[Account]
) -> list[tuple[Movement, ...]]:
    """Move what was decided; return the movements of each deed."""
    transfers = [
        transfer for deed in deeds if isinstance(deed, rules.Deed) for transfer in deed.transfers
    ]
    if not transfers:
        return [() for _ in deeds]
    used = {item.debit_id for item in transfers} | {item.credit_id for item in transfers}
    missing = used - {account.id for account in there}
    if missing:
        await wallet.open_accounts(turn, [item for item in _openable(deeds) if item.id in missing])
    # Under the turn none of these bookings was there, so nothing of them was ever booked.
    answers = iter(await wallet.book(turn, transfers, unseen=True, accounts=there))
    found: list[tuple[Movement, ...]] = []
    for deed in deeds:
        mine: list[Movement] = []
        for _ in deed.transfers if isinstance(deed, rules.Deed) else ():
            answer = next(answers)
            if not isinstance(answer, Booked) or answer.movement is None:
                raise InvariantBroken("a round moves what is there, once")
            mine.append(answer.movement)
        found.append(tuple(mine))
    return found


def _openable(deeds: Sequence[rules.Deed | rules.Closure]) -> list[Account]:
    """Return every account of the house's, or of a debt, that these deeds may need."""
    found: dict[AccountId, Account] = {}
    for deed in deeds:
        if not isinstance(deed, rules.Deed):
            continue
        item = deed.booking
        shard, unit, player_id = item.shard, item.currency, item.player_id
        for account_id, kind, owner in (
            (
                stakes_account(shard, item.provider, unit),
                AccountKind.HOUSE,
                stakes_owner(item.provider),
            ),
            (promotions_account(shard, unit), AccountKind.HOUSE, promotions_owner()),
            (
                jackpots_account(shard, item.provider, unit),
                AccountKind.PROVIDER,
                jackpots_owner(item.provider),
            ),
            (receivable_account(player_id, unit), AccountKind.RECEIVABLE, player_id),
        ):
            found[account_id] = Account(
                shard=shard,
                id=account_id,
                kind=kind,
                owner=owner,
                currency=unit,
                may_overdraw=True,
            )
    return list(found.values())


async def _tell(
    turn: Turn,
    fold: rules.Fold,
    answers: list[Answer],
    requests: Sequence[Request],
    movements: Sequence[tuple[Movement, ...]],
) -> None:
    """Write and publish what was done; then debts are paid from what was won."""
    credits = rules.credits_of(fold.deeds)
    paying = fold.pay_debts(credits, answers, requests)
    await store.save_bookings(turn.tx, list(fold.new_bookings.values()))
    await store.change_bookings(turn.tx, list(fold.changed_bookings.values()))
    await store.save_rounds(turn.tx, list(fold.changed_rounds.values()))
    counted: list[tuple[Shard, Fact]] = []
    for deed, moved in zip(fold.deeds, movements, strict=True):
        if isinstance(deed, rules.Closure):
            round_ = deed.round
            by = round_.closed_by or ClosedBy.PROVIDER
            fact: Fact = RoundClosed(round_id=round_.id, player_id=round_.player_id, by=by)
            turn.publish(round_.shard, round_.player_id, fact)
            continue
        booking = fold.new_bookings[deed.booking.key]
        fact = fact_of(deed, booking, moved)
        turn.publish(booking.shard, booking.player_id, fact)
        counted.append((booking.shard, fact))
    await rewards.use(turn, rules.uses_of(fold.deeds), undone=rules.freed_by(fold.deeds))
    await limits.count(turn, counted)
    if paying:
        # It was told what is left, so that is what is taken.
        taken = await wallet.collect(turn, credits)
        ensure(taken == paying, "who owes pays what was foreseen")
