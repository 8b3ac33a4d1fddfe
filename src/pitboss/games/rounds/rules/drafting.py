"""What one request does, until it is seen that all of it is done.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import structs

from pitboss.games.registry.model import Offer
from pitboss.games.rewards.model import Named, Reward
from pitboss.games.rounds.model import (
    BY_RESOLUTION,
    Answer,
    Booking,
    BookingKey,
    Done,
    Effect,
    Kind,
    Request,
    Reversal,
    Round,
    Session,
    Stake,
    Step,
    StepDone,
    Win,
    WireRefusal,
    jackpots_account,
    promotions_account,
    stakes_account,
)
from pitboss.gate.model import Permit
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.identity.model import Player
from pitboss.wallet.model import Credit, TransferRequest, player_account, receivable_account

# Of a stake by what was asked about it: the gate's yes, or why it is not taken.
Verdict = Permit | str


# Who has used an id of a provider, and for what.
Users = dict[tuple[str, str], set[tuple[Kind, PlayerId]]]


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A request with what was looked at for it: who plays, in which session, and which game.

    `session` is the session, or why there is none for a stake.  `stranger` is why the bearer is
    not this player's, where the protocol wants that of everything.
    """

    request: Request
    player: Player | None
    session: Session | str
    offer: Offer | None
    stranger: str | None = None


class Judged(NamedTuple):
    """What a verdict on a stake rests on: another stake under the same id is another question."""

    provider: str
    player_id: PlayerId
    external_id: str
    game: str
    micros: int
    free: bool
    session_id: str


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was done now: what is kept of it, what it moves, and what led to it.

    `reward` is the one that a free stake was taken on, as it was before.
    """

    booking: Booking
    asking: Asking
    step: Step
    transfers: tuple[TransferRequest, ...] = ()
    closes: bool = False
    permit: Permit | None = None
    original: Booking | None = None
    tombstone: Booking | None = None
    reward: Reward | None = None

    def tells_of(self, round_id: str) -> bool:
        """Say whether its fact is one of this round, which can say that it is over."""
        booked = self.booking.kind is not Kind.REVERSAL or self.original is not None
        return booked and self.booking.round_id == round_id


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """A round that was closed without a step."""

    round: Round


class NotDone(Exception):
    """A step that is not done, and why; the fold's own, and it never leaves it.

    `keep` is what is kept of it.
    """

    def __init__(
        self, reason: str, balance: int | None = None, keep: Booking | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.balance, self.keep = reason, balance, keep


class Known(msgspec.Struct, kw_only=True):
    """What was looked at before a batch is decided.

    `foreign` says who has used which id of a provider, where an id that another player has used is
    used.  `rewards` are those that free stakes name, as what was decided so far has left them, and
    `taken` says by their ids on which of all a free stake was taken that may be undone.
    """

    purses: dict[AccountId, int]
    bookings: dict[BookingKey, Booking]
    rounds: dict[str, Round]
    verdicts: Mapping[Judged, Verdict]
    foreign: Users = {}
    rewards: dict[Named, Reward] = {}
    taken: dict[BookingKey, str] = {}


class Draft(msgspec.Struct, kw_only=True):
    """What one request does, until it is seen that all of it is done."""

    asking: Asking
    player: Player
    round_id: str | None
    available: int
    bookings: dict[BookingKey, Booking]
    rounds: dict[str, Round]
    done: list[StepDone]
    deeds: list[Deed]
    closed: Closure | None = None
    balance_then: int | None = None
    rewards: dict[Named, Reward] = msgspec.field(default_factory=dict)
    taken: dict[BookingKey, str] = msgspec.field(default_factory=dict)


def judged_of(asking: Asking, stake: Stake) -> Judged | None:
    """Return what is asked about a stake; None where there is nobody, or no session, to ask of."""
    request, session = asking.request, asking.session
    if asking.player is None or isinstance(session, str):
        return None
    return Judged(
        provider=request.provider,
        player_id=request.player_id,
        external_id=stake.external_id,
        game=request.game,
        micros=stake.micros,
        free=stake.free,
        session_id=session.id,
    )


def fresh_stakes(
    asked: Sequence[Asking], bookings: Mapping[BookingKey, Booking]
) -> dict[Judged, tuple[Asking, Stake]]:
    """Return the stakes that nobody has decided on, each of what is asked about them once."""
    found: dict[Judged, tuple[Asking, Stake]] = {}
    for asking in asked:
        request = asking.request
        for step in request.steps:
            if type(step) is Stake:
                key = (request.provider, request.player_id, Kind.STAKE, step.external_id)
                judged = judged_of(asking, step)
                if judged is not None and key not in bookings:
                    found.setdefault(judged, (asking, step))
    return found


def ids_of(requests: Sequence[Request]) -> set[tuple[Shard, str, str]]:
    """Return (shard, provider, id) of every booking that requests can touch."""
    found: set[tuple[Shard, str, str]] = set()
    for request in requests:
        shard = shard_of(request.player_id)
        for step in request.steps:
            found.add((shard, request.provider, step.external_id))
            other = None
            if type(step) is Win:
                other = step.stake_id
            elif type(step) is Reversal:
                other = step.original_id
            elif type(step) is Stake:
                other = step.ref
            if other is not None:
                found.add((shard, request.provider, other))
    return found


def booking_of(
    draft: Draft, kind: Kind, external_id: str, now: datetime, step: Step | None = None
) -> Booking:
    """Return what is kept of a step, so far; of none there is what has its name, and no amount."""
    request, player = draft.asking.request, draft.player
    return Booking(
        shard=player.shard,
        provider=request.provider,
        player_id=player.id,
        external_id=external_id,
        kind=kind,
        game=request.game,
        currency=player.currency,
        micros=step.micros if isinstance(step, Stake | Win) else 0,
        balance_micros=0,
        booked_at=now,
        round_id=draft.round_id,
        free=isinstance(step, Stake | Win) and step.free,
        promo=step is not None and step.promo,
        said=None if step is None else step.said,
    )


def with_balance(deed: Deed, balance: int) -> Deed:
    """Return a deed with the balance that the whole request left."""
    stone = deed.tombstone
    return structs.replace(
        deed,
        booking=structs.replace(deed.booking, balance_micros=balance),
        tombstone=None if stone is None else structs.replace(stone, balance_micros=balance),
    )


def refs_of(requests: Sequence[Request]) -> set[tuple[Shard, str, str]]:
    """Return (shard, provider, name) of stakes that requests call by another name than their id."""
    return {
        (shard_of(request.player_id), request.provider, name)
        for request in requests
        if request.dialect.by_ref
        for step in request.steps
        for name in (
            step.stake_id if type(step) is Win else None,
            step.original_id if type(step) is Reversal else None,
        )
        if name is not None
    }


def step_of(refused: Booking) -> Stake:
    """Return the step that a refused stake was."""
    return Stake(external_id=refused.external_id, micros=refused.micros, free=refused.free)


def id_at(request: Request, place: int) -> str | None:
    """Return the provider's id of the step at which a request failed."""
    return request.steps[place].external_id if place < len(request.steps) else None


def refuse_currency(draft: Draft) -> None:
    """Refuse money in another currency than the player's, if one is said."""
    said = draft.asking.request.currency
    if said is not None and said != draft.player.currency:
        raise NotDone(WireRefusal.WRONG_CURRENCY)


def refuse_others(draft: Draft, kind: Kind, users: set[tuple[Kind, PlayerId]]) -> None:
    """Refuse an id that another player has used: for anything, or for the same kind of thing."""
    any_kind = draft.asking.request.dialect.one_id_space
    for used_for, player_id in users:
        if player_id != draft.player.id and (any_kind or used_for is kind):
            raise NotDone(WireRefusal.OTHER_FACTS)


def standing_first(stake: Booking) -> tuple[bool, bool]:
    """Return by what stakes of one name are ordered: those that stand come first."""
    return stake.refusal is not None, stake.reversed_by is not None


def was_undone(stake: Booking) -> bool:
    """Say whether its provider has rolled a stake back, before or after it came.

    What we have given back ourselves is none of that: its provider knows nothing of it.
    """
    stone = stake.refusal == WireRefusal.ROLLED_BACK
    return stone or stake.reversed_by not in (None, BY_RESOLUTION)


def has_undone(draft: Draft, known: Known, step: Reversal) -> bool:
    """Say whether a rollback has undone something, whatever has the name of that by now."""
    who = (draft.asking.request.provider, draft.player.id)
    return any(
        booking.reversed_by == step.external_id and (booking.provider, booking.player_id) == who
        for booking in (*draft.bookings.values(), *known.bookings.values())
    )


def ensure_same(draft: Draft, earlier: Booking, step: Stake | Win) -> None:
    """Refuse an id under which something else was asked for.

    Who names no game means that of their session, and it may be over when they ask again.
    """
    request = draft.asking.request
    same = (
        earlier.micros == step.micros
        and request.game in ("", earlier.game)
        and request.currency in (None, earlier.currency)
        and earlier.round_id == draft.round_id
        and (earlier.promo == step.promo if isinstance(step, Win) else earlier.free == step.free)
    )
    if not same:
        raise NotDone(WireRefusal.OTHER_FACTS)


def note_repeat(draft: Draft, earlier: Booking, effect: Effect = Effect.REPEATED) -> None:
    """Answer a step as it was answered before."""
    stone = earlier.kind is Kind.REVERSAL and earlier.round_id is None
    draft.done.append(
        StepDone(
            external_id=earlier.external_id,
            booking_id=earlier.id,
            effect=Effect.TOMBSTONED if stone else effect,
        )
    )
    draft.balance_then = earlier.balance_micros
    if earlier.kind is Kind.REVERSAL and earlier.round_id is not None:
        draft.round_id = earlier.round_id


def note_deed(draft: Draft, deed: Deed, effect: Effect = Effect.BOOKED) -> None:
    """Take note of a step that is done now."""
    booking = deed.booking
    draft.deeds.append(deed)
    draft.bookings[booking.key] = booking
    if deed.tombstone is not None:
        draft.bookings[deed.tombstone.key] = deed.tombstone
    draft.done.append(
        StepDone(external_id=booking.external_id, booking_id=booking.id, effect=effect)
    )


def transfers_of(
    booking: Booking, parts: Sequence[tuple[AccountId, AccountId, int]]
) -> tuple[TransferRequest, ...]:
    """Return what moves, each part under a key of its own; nothing is not moved."""
    return tuple(
        TransferRequest(
            shard=booking.shard,
            key=derived_id("game transfer", booking.id, str(number)),
            debit_id=debit_id,
            credit_id=credit_id,
            micros=micros,
            currency=booking.currency,
        )
        for number, (debit_id, credit_id, micros) in enumerate(parts)
        if micros
    )


def shared_out(
    givers: Sequence[tuple[AccountId, int]], takers: Sequence[tuple[AccountId, int]]
) -> list[tuple[AccountId, AccountId, int]]:
    """Return who gives whom how much, if both sides together are the same."""
    parts: list[tuple[AccountId, AccountId, int]] = []
    left = dict(givers)
    for taker, wanted in takers:
        rest = wanted
        for giver, there in left.items():
            micros = min(there, rest)
            parts.append((giver, taker, micros))
            left[giver] = there - micros
            rest -= micros
    return parts


def accounts_of(provider: str, shard: Shard, unit: str, player_id: PlayerId) -> list[AccountId]:
    """Return the accounts that a provider's requests about a player can move money on."""
    return [
        player_account(player_id, unit),
        stakes_account(shard, provider, unit),
        jackpots_account(shard, provider, unit),
        promotions_account(shard, unit),
        receivable_account(player_id, unit),
    ]


def credits_of(deeds: Sequence[Deed | Closure]) -> list[Credit]:
    """Return what players won, of which those who owe the house pay."""
    return [
        Credit(
            shard=deed.booking.shard,
            player_id=deed.booking.player_id,
            currency=deed.booking.currency,
            micros=deed.booking.micros,
        )
        for deed in deeds
        if isinstance(deed, Deed) and deed.booking.kind is Kind.WIN and deed.booking.micros
    ]


def done_for(
    player_id: PlayerId, answers: Sequence[Answer], requests: Sequence[Request]
) -> dict[int, Done]:
    """Return by their numbers the answers to what was done for a player."""
    return {
        number: answer
        for number, answer in enumerate(answers)
        if isinstance(answer, Done) and requests[number].player_id == player_id
    }


def debts_of(
    credits: Sequence[Credit], purses: Mapping[AccountId, int], deeds: Sequence[Deed | Closure]
) -> tuple[dict[tuple[PlayerId, str], int], dict[tuple[PlayerId, str], int]]:
    """Return what players won, and what of them owe who owe, by player and currency."""
    won: dict[tuple[PlayerId, str], int] = {}
    for credit in credits:
        place = (credit.player_id, credit.currency)
        won[place] = won.get(place, 0) + credit.micros
    owed = {
        place: -there for place in won if (there := purses.get(receivable_account(*place), 0)) < 0
    }
    for deed in deeds:
        if isinstance(deed, Deed) and deed.booking.owed_micros:
            place = (deed.booking.player_id, deed.booking.currency)
            owed[place] = owed.get(place, 0) + deed.booking.owed_micros
    return won, owed
