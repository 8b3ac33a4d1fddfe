"""How rounds are decided: a fold over providers' requests, each seeing what those before it did.

Pure.  A request is done as a whole or not at all; what it moves is worked out here, from what is
available, and the wallet is asked for nothing that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import structs

from pitboss.games.rounds.model import (
    Answer,
    Booking,
    BookingKey,
    ClosedBy,
    Done,
    Effect,
    Kind,
    Refused,
    Request,
    Reversal,
    Round,
    Stake,
    Step,
    Win,
    WinNeeds,
    WireRefusal,
    jackpots_account,
    promotions_account,
    round_id_of,
    stakes_account,
)
from pitboss.games.rounds.rules.drafting import (
    Asking,
    Closure,
    Deed,
    Draft,
    Known,
    NotDone,
    booking_of,
    debts_of,
    done_for,
    ensure_same,
    has_undone,
    id_at,
    judged_of,
    note_deed,
    note_repeat,
    refuse_currency,
    refuse_others,
    shared_out,
    standing_first,
    step_of,
    transfers_of,
    was_undone,
    with_balance,
)
from pitboss.games.rounds.rules.of_rewards import return_reward, take_reward
from pitboss.games.rounds.rules.of_rounds import closes, game_of, is_settled
from pitboss.wallet.model import Credit, player_account, receivable_account


class Fold:
    """What a batch makes of what was known."""

    def __init__(self, known: Known, now: datetime) -> None:
        self._known = known
        self._now = now
        self.deeds: list[Deed | Closure] = []
        self.changed_bookings: dict[BookingKey, Booking] = {}
        self.changed_rounds: dict[str, Round] = {}
        self.new_bookings: dict[BookingKey, Booking] = {}

    def decide(self, asked: Sequence[Asking]) -> list[Answer]:
        """Answer each request in order."""
        return [self._decide(asking) for asking in asked]

    def pay_debts(
        self, credits: Sequence[Credit], answers: list[Answer], requests: Sequence[Request]
    ) -> int:
        """Foresee what those who owe the house pay from what they won; return how many do.

        The last answer of each that did something, and its bookings, say what is left then, and so
        does whatever comes after it; before it there was what was said.
        """
        won, owed = debts_of(credits, self._known.purses, self.deeds)
        paying = 0
        for place, debt in owed.items():
            there = self._known.purses.get(player_account(*place), 0)
            pays = min(won.get(place, 0), debt, there)
            if pays <= 0:
                continue
            paying += 1
            mine = done_for(place[0], answers, requests)
            last = max(number for number, answer in mine.items() if not answer.repeated)
            for number, answer in mine.items():
                if number >= last:
                    answers[number] = self._say_left(answer, requests[number], there - pays)
        return paying

    def _say_left(self, answer: Done, request: Request, left: int) -> Done:
        who = (request.provider, request.player_id)
        keys = [(*who, kind, step.external_id) for step in request.steps for kind in Kind]
        made = [self.new_bookings[key] for key in keys if key in self.new_bookings]
        if answer.repeated:
            # As it was answered first: in this batch, or at an earlier time.
            then = made[-1].balance_micros if made else answer.balance_micros
            return structs.replace(answer, balance_micros=then, balance_now=left)
        for booking in made:
            self.new_bookings[booking.key] = structs.replace(booking, balance_micros=left)
        return structs.replace(answer, balance_micros=left, balance_now=left)

    def _decide(self, asking: Asking) -> Answer:
        request, player = asking.request, asking.player
        if player is None:
            return Refused(reason=WireRefusal.UNKNOWN_PLAYER)
        if asking.stranger is not None:
            return Refused(reason=asking.stranger)
        purse = player_account(player.id, player.currency)
        before = self._known.purses.get(purse, 0)
        draft = Draft(
            asking=asking,
            player=player,
            round_id=None
            if request.round_ref is None
            else round_id_of(request.provider, player.id, request.round_ref),
            available=before,
            bookings={},
            rounds={},
            done=[],
            deeds=[],
        )
        try:
            for step in request.steps:
                self._step(draft, step)
            self._close(draft)
        except NotDone as no:
            if no.keep is not None and request.dialect.keeps_refusals:
                # Of the steps before it nothing is done.
                draft.bookings = {}
                kept = structs.replace(no.keep, balance_micros=before)
                self._take(draft, [Deed(booking=kept, asking=asking, step=step_of(kept))])
            return Refused(
                reason=no.reason,
                balance_micros=before if no.balance is None else no.balance,
                currency=player.currency,
                external_id=id_at(request, len(draft.done)),
            )
        after = max(draft.available, 0)
        self._known.purses[purse] = draft.available
        self._known.rounds |= draft.rounds
        self._known.rewards |= draft.rewards
        self._known.taken |= draft.taken
        self.changed_rounds |= draft.rounds
        self._take(draft, [with_balance(deed, after) for deed in draft.deeds])
        if draft.closed is not None:
            self.deeds.append(draft.closed)
        repeated = bool(draft.done) and not draft.deeds
        then = draft.balance_then if repeated and draft.balance_then is not None else after
        return Done(
            round_id=draft.round_id,
            steps=tuple(draft.done),
            balance_micros=then,
            balance_now=after,
            currency=player.currency,
            repeated=repeated,
        )

    def _take(self, draft: Draft, deeds: Iterable[Deed]) -> None:
        """Keep what a request has done."""
        for deed in deeds:
            self.deeds.append(deed)
            for made in (deed.booking, deed.tombstone):
                if made is not None:
                    self.new_bookings[made.key] = made
                    users = self._known.foreign.setdefault((made.provider, made.external_id), set())
                    users.add((made.kind, made.player_id))
                    draft.bookings.setdefault(made.key, made)
        for key, left in draft.bookings.items():
            made = self.new_bookings.get(key)
            if made is None:
                self.changed_bookings[key] = self._known.bookings[key] = left
            else:
                # Made and changed in one batch: written once, as it was left.
                made = structs.replace(made, reversed_by=left.reversed_by, settled=left.settled)
                self.new_bookings[key] = self._known.bookings[key] = made

    def _step(self, draft: Draft, step: Step) -> None:
        if type(step) is Stake:
            self._stake(draft, step)
        elif type(step) is Win:
            self._win(draft, step)
        elif type(step) is Reversal:
            self._reverse(draft, step)

    def _find(self, draft: Draft, kind: Kind, external_id: str) -> Booking | None:
        key = (draft.asking.request.provider, draft.player.id, kind, external_id)
        return draft.bookings.get(key) or self._known.bookings.get(key)

    def _find_stake(self, draft: Draft, name: str) -> Booking | None:
        """Return the stake of this name: its id, or the bet's other name where there is one.

        Of several stakes that a bet of one name has had, one that stands is meant.
        """
        found = self._find(draft, Kind.STAKE, name)
        request = draft.asking.request
        if found is not None or not request.dialect.by_ref:
            return found
        named = {
            booking.external_id
            for booking in (*draft.bookings.values(), *self._known.bookings.values())
            if booking.kind is Kind.STAKE
            and booking.original_id == name
            and (booking.provider, booking.player_id) == (request.provider, draft.player.id)
        }
        stakes = [self._find(draft, Kind.STAKE, external_id) for external_id in sorted(named)]
        return min(filter(None, stakes), key=standing_first, default=None)

    def _round(self, draft: Draft, round_id: str | None) -> Round | None:
        if round_id is None:
            return None
        return draft.rounds.get(round_id) or self._known.rounds.get(round_id)

    def _stake(self, draft: Draft, step: Stake) -> None:
        asking, dialect = draft.asking, draft.asking.request.dialect
        self._refuse_other_kinds(draft, Kind.STAKE, step.external_id)
        earlier = self._find(draft, Kind.STAKE, step.external_id)
        if earlier is not None:
            if earlier.refusal == WireRefusal.ROLLED_BACK:
                raise NotDone(WireRefusal.ROLLED_BACK)
            ensure_same(draft, earlier, step)
            if earlier.refusal is not None:
                raise NotDone(earlier.refusal, earlier.balance_micros)
            if earlier.reversed_by is not None and not dialect.replays_reversed:
                raise NotDone(WireRefusal.ROLLED_BACK)
            note_repeat(draft, earlier)
            return
        booking = structs.replace(
            booking_of(draft, Kind.STAKE, step.external_id, self._now, step),
            original_id=step.ref,
        )
        stone = None if step.ref is None else self._find(draft, Kind.STAKE, step.ref)
        if stone is not None and stone.refusal == WireRefusal.ROLLED_BACK:
            # The rollback that came first has called the bet by its other name.
            raise NotDone(WireRefusal.ROLLED_BACK)
        if isinstance(asking.session, str):
            raise NotDone(asking.session)
        refuse_currency(draft)
        round_ = self._round(draft, draft.round_id)
        if round_ is not None and round_.closed_at is not None:
            raise NotDone(WireRefusal.ROUND_CLOSED)
        if round_ is not None and round_.game != asking.request.game:
            raise NotDone(WireRefusal.OTHER_FACTS)
        judged = judged_of(asking, step)
        verdict = WireRefusal.UNKNOWN_SESSION if judged is None else self._known.verdicts[judged]
        if isinstance(verdict, str):
            raise NotDone(verdict, keep=structs.replace(booking, refusal=verdict))
        reward = take_reward(draft, self._known.rewards, step, booking) if step.free else None
        if not step.free and draft.available < step.micros:
            no = WireRefusal.INSUFFICIENT_FUNDS
            raise NotDone(no, keep=structs.replace(booking, refusal=no))
        purse = player_account(draft.player.id, draft.player.currency)
        payer = promotions_account(booking.shard, booking.currency) if step.free else purse
        house = stakes_account(booking.shard, booking.provider, booking.currency)
        draft.available -= 0 if step.free else step.micros
        self._play(draft, staked=step.micros)
        note_deed(
            draft,
            Deed(
                booking=booking,
                asking=asking,
                step=step,
                transfers=transfers_of(booking, [(payer, house, step.micros)]),
                permit=verdict,
                reward=reward,
            ),
        )

    def _win(self, draft: Draft, step: Win) -> None:
        self._refuse_other_kinds(draft, Kind.WIN, step.external_id)
        earlier = self._find(draft, Kind.WIN, step.external_id)
        if earlier is not None:
            ensure_same(draft, earlier, step)
            note_repeat(draft, earlier)
            return
        refuse_currency(draft)
        stake = self._needed(draft, step)
        settles = stake is not None and not draft.asking.request.dialect.reverses_settled
        booking = structs.replace(
            booking_of(draft, Kind.WIN, step.external_id, self._now, step),
            game=game_of(draft, self._round(draft, draft.round_id)),
            jackpot_micros=step.jackpot_micros,
            original_id=step.stake_id,
        )
        shard, provider, unit = booking.shard, booking.provider, booking.currency
        house = (
            promotions_account(shard, unit) if step.promo else stakes_account(shard, provider, unit)
        )
        purse = player_account(draft.player.id, unit)
        parts = [
            (house, purse, step.micros - step.jackpot_micros),
            (jackpots_account(shard, provider, unit), purse, step.jackpot_micros),
        ]
        draft.available += step.micros
        self._play(draft, won=step.micros)
        if stake is not None and settles:
            draft.bookings[stake.key] = structs.replace(stake, settled=True)
        note_deed(
            draft,
            Deed(
                booking=booking,
                asking=draft.asking,
                step=step,
                transfers=transfers_of(booking, parts),
                original=stake,
            ),
        )

    def _needed(self, draft: Draft, step: Win) -> Booking | None:
        """Return the stake that a win is of, if it is said; refuse where one is needed.

        A promotion needs none, but one that names a stake is of that, and of none that was undone.
        """
        needs = draft.asking.request.dialect.win_needs
        stake = None if step.stake_id is None else self._find_stake(draft, step.stake_id)
        if needs is WinNeeds.NOTHING or (step.promo and stake is None):
            return stake
        if needs is WinNeeds.OPEN_ROUND and not step.promo:
            round_ = self._round(draft, draft.round_id)
            if round_ is None:
                raise NotDone(WireRefusal.UNKNOWN_ROUND)
            if round_.closed_by is ClosedBy.PROVIDER:
                # One that we have closed ourselves is paid all the same.
                raise NotDone(WireRefusal.ALREADY_SETTLED)
            if step.stake_id is None:
                return None
        if stake is not None and was_undone(stake):
            raise NotDone(WireRefusal.ROLLED_BACK)
        if not step.promo and (stake is None or stake.refusal is not None):
            raise NotDone(WireRefusal.UNKNOWN_STAKE)
        return stake

    def _reverse(self, draft: Draft, step: Reversal) -> None:
        dialect = draft.asking.request.dialect
        earlier = self._find(draft, Kind.REVERSAL, step.external_id)
        if earlier is not None:
            if earlier.original_id != step.original_id:
                raise NotDone(WireRefusal.OTHER_FACTS)
            # One that found nothing to undo found nothing, however often it comes.
            undid = has_undone(draft, self._known, step)
            note_repeat(draft, earlier, Effect.REPEATED if undid else Effect.NOTHING)
            return
        if dialect.one_id_space:
            for kind in (Kind.STAKE, Kind.WIN):
                if self._find(draft, kind, step.external_id) is not None:
                    raise NotDone(WireRefusal.OTHER_FACTS)
        original = self._find_original(draft, step)
        booking = structs.replace(
            booking_of(draft, Kind.REVERSAL, step.external_id, self._now, step),
            original_id=step.original_id,
        )
        if original is None:
            self._leave_tombstone(draft, step, booking)
            return
        undone = original.reversed_by is not None or original.refusal == WireRefusal.ROLLED_BACK
        if undone and not dialect.reverses_again:
            raise NotDone(WireRefusal.ALREADY_REVERSED)
        if original.kind is Kind.WIN and not dialect.reverses_wins:
            raise NotDone(WireRefusal.NOT_A_STAKE)
        draft.round_id = original.round_id or draft.round_id
        booking = structs.replace(booking, round_id=draft.round_id, game=original.game)
        if undone or original.refusal is not None:
            note_deed(draft, Deed(booking=booking, asking=draft.asking, step=step), Effect.NOTHING)
            return
        round_ = self._round(draft, original.round_id)
        if not dialect.reverses_settled and is_settled(original, round_):
            raise NotDone(WireRefusal.ALREADY_SETTLED)
        self._undo(draft, step, booking, original)

    def _find_original(self, draft: Draft, step: Reversal) -> Booking | None:
        """Return what is to be undone: the stake of this name, or the win."""
        original = self._find_stake(draft, step.original_id)
        reverses_wins = draft.asking.request.dialect.reverses_wins
        if original is None or (original.refusal is not None and reverses_wins):
            return self._find(draft, Kind.WIN, step.original_id) or original
        return original

    def _leave_tombstone(self, draft: Draft, step: Reversal, booking: Booking) -> None:
        stake = booking_of(draft, Kind.STAKE, step.original_id, self._now)
        tombstone = structs.replace(stake, refusal=WireRefusal.ROLLED_BACK, round_id=None)
        deed = Deed(
            booking=structs.replace(booking, round_id=None),
            asking=draft.asking,
            step=step,
            tombstone=tombstone,
        )
        note_deed(draft, deed, Effect.TOMBSTONED)

    def _undo(self, draft: Draft, step: Reversal, booking: Booking, original: Booking) -> None:
        shard, unit, micros = booking.shard, original.currency, original.micros
        purse = player_account(draft.player.id, unit)
        house = stakes_account(shard, original.provider, unit)
        owed = 0
        if original.kind is Kind.STAKE:
            payee = promotions_account(shard, unit) if original.free else purse
            parts = [(house, payee, micros)]
            draft.available += 0 if original.free else micros
            self._play(draft, staked=-micros)
            return_reward(draft, self._known, original)
        else:
            taken = min(max(draft.available, 0), micros)
            owed = micros - taken
            debtor = receivable_account(draft.player.id, unit)
            jackpots = jackpots_account(shard, original.provider, unit)
            parts = shared_out(
                [(purse, taken), (debtor, owed)],
                [
                    (house, micros - original.jackpot_micros),
                    (jackpots, original.jackpot_micros),
                ],
            )
            draft.available -= taken
            self._play(draft, won=-micros)
        booking = structs.replace(
            booking,
            micros=micros,
            owed_micros=owed,
            free=original.free,
            jackpot_micros=original.jackpot_micros,
        )
        draft.bookings[original.key] = structs.replace(original, reversed_by=step.external_id)
        note_deed(
            draft,
            Deed(
                booking=booking,
                asking=draft.asking,
                step=step,
                transfers=transfers_of(booking, parts),
                original=original,
            ),
        )

    def _play(self, draft: Draft, *, staked: int = 0, won: int = 0) -> None:
        """Add to the sums of the draft's round, which is opened if there is none."""
        request, round_id = draft.asking.request, draft.round_id
        round_ = self._round(draft, round_id)
        if round_ is None:
            if round_id is None or request.round_ref is None:
                return
            offer = draft.asking.offer
            round_ = Round(
                shard=draft.player.shard,
                id=round_id,
                player_id=draft.player.id,
                provider=request.provider,
                ref=request.round_ref,
                game=request.game,
                version="" if offer is None else offer.version.version,
                currency=draft.player.currency,
                staked_micros=0,
                won_micros=0,
                opened_at=self._now,
            )
        draft.rounds[round_.id] = structs.replace(
            round_,
            staked_micros=round_.staked_micros + staked,
            won_micros=round_.won_micros + won,
        )

    def _close(self, draft: Draft) -> None:
        """Close the round where the request ends it."""
        if not closes(draft):
            return
        round_ = self._round(draft, draft.round_id)
        if round_ is None or round_.closed_at is not None:
            return
        closed = structs.replace(round_, closed_at=self._now, closed_by=ClosedBy.PROVIDER)
        draft.rounds[round_.id] = closed
        if draft.deeds and draft.deeds[-1].tells_of(round_.id):
            draft.deeds[-1] = structs.replace(draft.deeds[-1], closes=True)
        else:
            draft.closed = Closure(round=closed)

    def _refuse_other_kinds(self, draft: Draft, kind: Kind, external_id: str) -> None:
        """Refuse an id that names something else, where the protocol has one space of them."""
        request = draft.asking.request
        if request.dialect.ids_of_provider:
            users = self._known.foreign.get((request.provider, external_id), set())
            refuse_others(draft, kind, users)
        if not request.dialect.one_id_space:
            return
        for other in Kind:
            found = None if other is kind else self._find(draft, other, external_id)
            if found is not None:
                stone = found.refusal == WireRefusal.ROLLED_BACK
                raise NotDone(WireRefusal.ROLLED_BACK if stone else WireRefusal.OTHER_FACTS)
