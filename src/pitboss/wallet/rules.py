"""How the wallet decides: a fold over requests, each seeing what those before it did.

Pure.  The fold works on its own copies and returns what is to be written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId
from pitboss.kernel.money import AMOUNT_MICROS_MAX
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Account,
    Answer,
    Booked,
    Hold,
    HoldRequest,
    HoldSum,
    PostRequest,
    Refusal,
    Refused,
    Request,
    SavedAnswer,
    Transfer,
    TransferRequest,
    VoidRequest,
)

# What PostgreSQL's bigint can hold.
_MICROS_MIN, _MICROS_MAX = -(2**63), 2**63 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


class _Pile(msgspec.Struct):
    """An account while a batch is folded over it."""

    account: Account
    debits: int
    credits: int
    held: int
    entries: int

    def can_give(self, micros: int) -> bool:
        return self.account.may_overdraw or self.credits - self.debits - self.held >= micros


class _Set(msgspec.Struct):
    """A hold while a batch is folded over it."""

    hold: Hold
    posted: int
    voided: int
    fresh: bool

    @property
    def remaining(self) -> int:
        return 0 if self.hold.refusal else self.hold.micros - self.posted - self.voided


class Wanted(msgspec.Struct, kw_only=True):
    """The places of the rows that a batch can touch.

    `holds` are taken from; those in `new_holds` are there only if their request is a repeat, and
    so are `transfers` and `answers`.
    """

    accounts: set[tuple[Shard, AccountId]]
    holds: set[tuple[Shard, str]]
    new_holds: set[tuple[Shard, str]]
    transfers: set[tuple[Shard, str]]
    answers: set[tuple[Shard, str]]


def wanted(requests: Sequence[Request]) -> Wanted:
    """Say what to fetch before deciding on these requests."""
    found = Wanted(accounts=set(), holds=set(), new_holds=set(), transfers=set(), answers=set())
    for item in requests:
        shard = item.shard
        # Compared by type: to be no instance of a Struct takes as long as making two.
        if type(item) is HoldRequest:
            found.new_holds.add((shard, item.key))
            found.accounts.add((shard, item.account_id))
            continue
        found.answers.add((shard, item.key))
        if type(item) is TransferRequest:
            found.transfers.add((shard, item.key))
            found.accounts.update(((shard, item.debit_id), (shard, item.credit_id)))
        elif type(item) is PostRequest:
            found.transfers.add((shard, item.key))
            found.holds.add((shard, item.hold_key))
            found.accounts.add((shard, item.credit_id))
        elif type(item) is VoidRequest:
            found.holds.add((shard, item.hold_key))
    return found


def drawn_whole(requests: Sequence[Request]) -> list[tuple[Shard, str]]:
    """Return the holds of which one post takes all that there is, and that nothing else names."""
    posts: list[tuple[Shard, str]] = []
    named: dict[tuple[Shard, str], int] = {}
    for item in requests:
        if type(item) is PostRequest:
            place = (item.shard, item.hold_key)
            if item.micros is None:
                posts.append(place)
        elif type(item) is VoidRequest:
            place = (item.shard, item.hold_key)
        elif type(item) is HoldRequest:
            place = (item.shard, item.key)
        else:
            continue
        named[place] = named.get(place, 0) + 1
    return [place for place in posts if named[place] == 1]


def sum_up(requests: Sequence[HoldRequest]) -> list[HoldSum]:
    """Return what these holds together ask of each account.

    If an account has the whole sum, it has every part of it, in whatever order; so one comparison
    answers them all.  Left out are accounts of which something odd is asked: another currency, an
    amount that no hold can have, a key twice.  They are decided request by request.
    """
    sums: dict[tuple[Shard, AccountId], list[int]] = {}
    currencies: dict[tuple[Shard, AccountId], str] = {}
    keys: set[tuple[Shard, str]] = set()
    odd: set[tuple[Shard, AccountId]] = set()
    for item in requests:
        place, key = (item.shard, item.account_id), (item.shard, item.key)
        amounts = sums.get(place)
        if amounts is None:
            sums[place] = [item.micros]
            currencies[place] = item.currency
        else:
            amounts.append(item.micros)
        if (
            not 0 < item.micros <= AMOUNT_MICROS_MAX
            or currencies[place] != item.currency
            or key in keys
        ):
            odd.add(place)
        keys.add(key)
    return [
        HoldSum(shard=place[0], account_id=place[1], micros=total, currency=currencies[place])
        for place, amounts in sums.items()
        if place not in odd and (total := sum(amounts)) <= AMOUNT_MICROS_MAX
    ]


class Books:
    """The part of the books that one batch touches, and what the batch does to it."""

    def __init__(
        self,
        accounts: Iterable[Account],
        holds: Iterable[Hold],
        transfers: Iterable[Transfer],
        answers: Iterable[SavedAnswer],
        *,
        raised: Collection[tuple[Shard, AccountId]] = (),
        drawn: Collection[tuple[Shard, str]] = (),
    ) -> None:
        """Open the books.

        Args:
            accounts: those that are to be decided about.
            holds: earlier ones that are taken from or repeated.
            transfers: earlier ones that are repeated.
            answers: earlier ones that are repeated.
            raised: accounts that hold already what the batch's holds together ask of them.
            drawn: those of the holds that are stored already as if all of them was posted.
        """
        self._raised = raised
        self._drawn = drawn
        self._piles = {
            (item.shard, item.id): _Pile(item, item.debits, item.credits, item.held, item.entries)
            for item in accounts
        }
        self._holds = {
            (item.shard, item.key): _Set(item, item.posted, item.voided, fresh=False)
            for item in holds
        }
        self._transfers = {(item.shard, item.key): item for item in transfers}
        self._answers = {(item.shard, item.verb, item.key): item for item in answers}
        self._touched: dict[tuple[Shard, AccountId], _Pile] = {}
        self._touched_holds: dict[tuple[Shard, str], _Set] = {}
        self.new_transfers: list[Transfer] = []
        self.new_answers: list[SavedAnswer] = []

    def decide(self, requests: Sequence[Request]) -> tuple[Answer, ...]:
        """Answer each request in order."""
        return tuple([self._decide(request) for request in requests])

    def new_holds(self) -> list[Hold]:
        """Return the holds that the batch made, refused ones included, as it left them."""
        return [_as_left(item) for item in self._touched_holds.values() if item.fresh]

    def changed_holds(self) -> list[Hold]:
        """Return the earlier holds that are stored otherwise than the batch left them."""
        changed = [
            _as_left(item)
            for place, item in self._touched_holds.items()
            if not item.fresh and not (place in self._drawn and item.posted == item.hold.micros)
        ]
        # A post that was refused for another reason than its hold.
        refused = [place for place in self._drawn if place not in self._touched_holds]
        return changed + [self._holds[place].hold for place in refused]

    def changed_accounts(self) -> list[Account]:
        """Return the accounts that the batch changed, as it left them."""
        return [
            Account(
                shard=pile.account.shard,
                id=pile.account.id,
                kind=pile.account.kind,
                owner=pile.account.owner,
                currency=pile.account.currency,
                may_overdraw=pile.account.may_overdraw,
                debits=pile.debits,
                credits=pile.credits,
                held=pile.held,
                entries=pile.entries,
            )
            for pile in self._touched.values()
        ]

    def _decide(self, request: Request) -> Answer:
        if request.micros is not None and not _MICROS_MIN <= request.micros <= _MICROS_MAX:
            # Nothing could remember such a number, and nothing has to: it is always the answer.
            return Refused(reason=Refusal.AMOUNT_OUT_OF_RANGE)
        if type(request) is HoldRequest:
            return self._hold(request)
        if type(request) is PostRequest:
            return self._post(request)
        if type(request) is TransferRequest:
            return self._transfer(request)
        if type(request) is VoidRequest:
            return self._void(request)
        raise InvariantBroken("the wallet knows four verbs")

    def _hold(self, request: HoldRequest) -> Answer:
        place = (request.shard, request.key)
        earlier = self._holds.get(place)
        if earlier is not None:
            return _repeated_hold(earlier.hold, request)

        account = (request.shard, request.account_id)
        refusal = None
        if account not in self._raised:
            pile = self._piles.get(account)
            refusal = _refusal_to_take(pile, request.micros, request.currency)
            if pile is not None and refusal is None:
                pile.held += request.micros
                self._touched[account] = pile
        made = Hold(
            shard=request.shard,
            key=request.key,
            account_id=request.account_id,
            micros=request.micros,
            currency=request.currency,
            refusal=refusal,
        )
        self._holds[place] = self._touched_holds[place] = _Set(made, 0, 0, fresh=True)
        if refusal is not None:
            return Refused(reason=refusal)
        movement = Movement(
            kind="hold",
            key=request.key,
            micros=request.micros,
            currency=request.currency,
            account=request.account_id,
        )
        return Booked(micros=request.micros, movement=movement)

    def _post(self, request: PostRequest) -> Answer:
        repeated = self._repeated("post", request)
        if repeated is not None:
            return repeated
        earlier = self._transfers.get((request.shard, request.key))
        if earlier is not None:
            return _repeated_post(earlier, request)

        held = self._holds.get((request.shard, request.hold_key))
        if held is None or held.hold.refusal:
            return self._refuse("post", request, Refusal.UNKNOWN_HOLD)
        micros = held.remaining if request.micros is None else request.micros
        giver = self._piles.get((request.shard, held.hold.account_id))
        taker = self._piles.get((request.shard, request.credit_id))
        if giver is None or taker is None:
            return self._refuse("post", request, Refusal.UNKNOWN_ACCOUNT)
        if taker.account.currency != held.hold.currency:
            return self._refuse("post", request, Refusal.WRONG_CURRENCY)
        if giver is taker:
            return self._refuse("post", request, Refusal.SAME_ACCOUNT)
        refusal = _refusal_to_draw(held, request.micros)
        if refusal is not None:
            return self._refuse("post", request, refusal)

        held.posted += micros
        self._touched_holds[request.shard, request.hold_key] = held
        giver.held -= micros
        self._move(giver, taker, request, micros)
        movement = Movement(
            kind="post",
            key=request.key,
            hold=request.hold_key,
            micros=micros,
            currency=held.hold.currency,
            debit=giver.account.id,
            credit=taker.account.id,
            part=request.micros is not None,
        )
        return Booked(micros=micros, movement=movement)

    def _void(self, request: VoidRequest) -> Answer:
        repeated = self._repeated("void", request)
        if repeated is not None:
            return repeated

        held = self._holds.get((request.shard, request.hold_key))
        if held is None or held.hold.refusal:
            return self._refuse("void", request, Refusal.UNKNOWN_HOLD)
        micros = held.remaining if request.micros is None else request.micros
        pile = self._piles.get((request.shard, held.hold.account_id))
        if pile is None:
            return self._refuse("void", request, Refusal.UNKNOWN_ACCOUNT)
        refusal = _refusal_to_draw(held, request.micros)
        if refusal is not None:
            return self._refuse("void", request, refusal)

        held.voided += micros
        self._touched_holds[request.shard, request.hold_key] = held
        pile.held -= micros
        self._touched[request.shard, pile.account.id] = pile
        self._remember("void", request, micros, None)
        movement = Movement(
            kind="void",
            key=request.hold_key,
            micros=micros,
            currency=held.hold.currency,
            account=pile.account.id,
            part=request.micros is not None,
            void_key=None if request.key == request.hold_key else request.key,
        )
        return Booked(micros=micros, movement=movement)

    def _transfer(self, request: TransferRequest) -> Answer:
        repeated = self._repeated("transfer", request)
        if repeated is not None:
            return repeated
        earlier = self._transfers.get((request.shard, request.key))
        if earlier is not None:
            return _repeated_transfer(earlier, request)

        giver = self._piles.get((request.shard, request.debit_id))
        taker = self._piles.get((request.shard, request.credit_id))
        if request.debit_id == request.credit_id:
            return self._refuse("transfer", request, Refusal.SAME_ACCOUNT)
        refusal = _refusal_to_take(giver, request.micros, request.currency)
        if refusal is not None:
            return self._refuse("transfer", request, refusal)
        if giver is None or taker is None:
            return self._refuse("transfer", request, Refusal.UNKNOWN_ACCOUNT)
        if taker.account.currency != request.currency:
            return self._refuse("transfer", request, Refusal.WRONG_CURRENCY)

        self._move(giver, taker, request, request.micros)
        movement = Movement(
            kind="transfer",
            key=request.key,
            micros=request.micros,
            currency=request.currency,
            debit=request.debit_id,
            credit=request.credit_id,
        )
        return Booked(micros=request.micros, movement=movement)

    def _move(
        self, giver: _Pile, taker: _Pile, request: PostRequest | TransferRequest, micros: int
    ) -> None:
        shard, key = request.shard, request.key
        hold_key = request.hold_key if type(request) is PostRequest else None
        giver.debits += micros
        giver.entries += 1
        taker.credits += micros
        taker.entries += 1
        self._touched[shard, giver.account.id] = giver
        self._touched[shard, taker.account.id] = taker
        made = Transfer(
            shard=shard,
            key=key,
            debit_id=giver.account.id,
            credit_id=taker.account.id,
            micros=micros,
            currency=giver.account.currency,
            hold_key=hold_key,
            whole=hold_key is not None and request.micros is None,
            debit_after=giver.credits - giver.debits,
            credit_after=taker.credits - taker.debits,
            debit_no=giver.entries,
            credit_no=taker.entries,
        )
        self._transfers[shard, key] = made
        self.new_transfers.append(made)

    def _repeated(self, verb: str, request: Request) -> Answer | None:
        earlier = self._answers.get((request.shard, verb, request.key))
        if earlier is None:
            return None
        if earlier.request != _encode(request).decode():
            return Refused(reason=Refusal.KEY_REUSED)
        if earlier.refusal is not None:
            return Refused(reason=earlier.refusal)
        return Booked(micros=earlier.micros, movement=None)

    def _refuse(self, verb: str, request: Request, reason: Refusal) -> Refused:
        self._remember(verb, request, 0, reason)
        return Refused(reason=reason)

    def _remember(self, verb: str, request: Request, micros: int, reason: Refusal | None) -> None:
        answer = SavedAnswer(
            shard=request.shard,
            verb=verb,
            key=request.key,
            request=_encode(request).decode(),
            micros=micros,
            refusal=reason,
        )
        self._answers[request.shard, verb, request.key] = answer
        self.new_answers.append(answer)


def _refusal_to_take(pile: _Pile | None, micros: int, currency: str) -> Refusal | None:
    if pile is None:
        return Refusal.UNKNOWN_ACCOUNT
    if pile.account.currency != currency:
        return Refusal.WRONG_CURRENCY
    if not 0 < micros <= AMOUNT_MICROS_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if not pile.can_give(micros):
        return Refusal.INSUFFICIENT_FUNDS
    return None


def _refusal_to_draw(held: _Set, micros: int | None) -> Refusal | None:
    if micros is not None and micros <= 0:
        return Refusal.AMOUNT_OUT_OF_RANGE
    if held.remaining < (micros or 1):
        return Refusal.HOLD_EXHAUSTED
    return None


def _repeated_hold(earlier: Hold, request: HoldRequest) -> Answer:
    same = (
        earlier.account_id == request.account_id
        and earlier.micros == request.micros
        and earlier.currency == request.currency
    )
    if not same:
        return Refused(reason=Refusal.KEY_REUSED)
    if earlier.refusal is not None:
        return Refused(reason=earlier.refusal)
    return Booked(micros=earlier.micros, movement=None)


def _repeated_post(earlier: Transfer, request: PostRequest) -> Answer:
    same = (
        earlier.hold_key == request.hold_key
        and earlier.credit_id == request.credit_id
        and earlier.whole is (request.micros is None)
        and (earlier.whole or earlier.micros == request.micros)
    )
    if not same:
        return Refused(reason=Refusal.KEY_REUSED)
    return Booked(micros=earlier.micros, movement=None)


def _repeated_transfer(earlier: Transfer, request: TransferRequest) -> Answer:
    same = (
        earlier.hold_key is None
        and earlier.debit_id == request.debit_id
        and earlier.credit_id == request.credit_id
        and earlier.micros == request.micros
        and earlier.currency == request.currency
    )
    if not same:
        return Refused(reason=Refusal.KEY_REUSED)
    return Booked(micros=earlier.micros, movement=None)


def _as_left(item: _Set) -> Hold:
    if item.posted == item.hold.posted and item.voided == item.hold.voided:
        return item.hold
    return msgspec.structs.replace(item.hold, posted=item.posted, voided=item.voided)
