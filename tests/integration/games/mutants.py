"""Wallets that are wrong on purpose: ours, each with one thing spoiled on the way to the books."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from msgspec import structs

from pitboss.conformance.model import Deed, Means, Protocols
from pitboss.games.rounds.model import (
    Bearer,
    Done,
    Refused,
    Request,
    Reversal,
    Stake,
    Win,
    WireRefusal,
)
from pitboss.games.rounds.ports import Call, Found, Heard, OfToken, Outcome, Reply, Talk, Trouble

Sign = Callable[[Call], Call]
_BELOW = re.compile(rb'("(?:amount|cashAmount)": "?)-')


@dataclass(slots=True, kw_only=True)
class Mutant:
    """A sound wallet's talk, and how a call is signed truly; what is spoiled is overridden."""

    talk: Talk
    sign: Sign
    protocol: Protocols
    means: Means = field(default_factory=Means)

    def hear(self, call: Call) -> Heard | Reply:
        """Hear what is left of a call after the spoiling."""
        heard = self.talk.hear(self.called(call))
        if isinstance(heard, Reply):
            return heard
        wish = heard.wish
        if not isinstance(wish, Request | OfToken):
            return heard
        spoiled = self.asked(wish.request if isinstance(wish, OfToken) else wish)
        if isinstance(spoiled, Refused):
            return self.talk.answer(heard, spoiled)
        if isinstance(wish, OfToken):
            return replace(heard, wish=replace(wish, request=spoiled))
        return replace(heard, wish=spoiled)

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Word what came of it."""
        return self.talk.answer(heard, self.told(outcome))

    def fail(self, trouble: Trouble) -> Reply:
        """Word that a call was not looked at."""
        return self.talk.fail(trouble)

    def called(self, call: Call) -> Call:
        """Spoil a call."""
        return call

    def asked(self, request: Request) -> Request | Refused:
        """Spoil a request, or refuse it."""
        return request

    def told(self, outcome: Outcome) -> Outcome:
        """Spoil an outcome."""
        return outcome

    def given(self, means: Means) -> Means:
        """Spoil what staff do to the wallet."""
        return means


def with_stakes(request: Request, change: Callable[[Stake], Stake]) -> Request:
    """Return a request with its stakes changed."""
    steps = tuple(change(step) if isinstance(step, Stake) else step for step in request.steps)
    return structs.replace(request, steps=steps)


@dataclass(slots=True, kw_only=True)
class BooksTwice(Mutant):
    """Takes every bet for a new one."""

    seen: dict[str, int] = field(default_factory=dict)

    def asked(self, request: Request) -> Request | Refused:
        """Give a bet that was seen another name."""
        return with_stakes(request, self._renamed)

    def _renamed(self, stake: Stake) -> Stake:
        times = self.seen.get(stake.external_id, 0)
        self.seen[stake.external_id] = times + 1
        name = f"{stake.external_id}-{times}" if times else stake.external_id
        return structs.replace(stake, external_id=name)


@dataclass(slots=True, kw_only=True)
class ForgetsTombstones(Mutant):
    """Remembers no rollback of what it has not seen."""

    seen: set[str] = field(default_factory=set)
    orphans: set[str] = field(default_factory=set)

    def asked(self, request: Request) -> Request | Refused:
        """Give a bet whose rollback came first a name that no tombstone has."""
        for step in request.steps:
            if isinstance(step, Reversal) and step.original_id not in self.seen:
                self.orphans.add(step.original_id)
        return with_stakes(request, self._spared)

    def _spared(self, stake: Stake) -> Stake:
        ids = {stake.external_id, stake.ref or stake.external_id}
        self.seen |= ids
        if not ids & self.orphans:
            return stake
        ref = None if stake.ref is None else f"{stake.ref}-spared"
        return structs.replace(stake, external_id=f"{stake.external_id}-spared", ref=ref)


@dataclass(slots=True, kw_only=True)
class SharesIds(Mutant):
    """Has ids of its own for each player."""

    def asked(self, request: Request) -> Request | Refused:
        """Have it forgotten who has used an id."""
        dialect = structs.replace(request.dialect, ids_of_provider=False)
        return structs.replace(request, dialect=dialect)


@dataclass(slots=True, kw_only=True)
class ForgetsWords(Mutant):
    """Keeps what is paid, and not what it was called."""

    def asked(self, request: Request) -> Request | Refused:
        """Leave the provider's own words out, but for a win that needs them to be paid."""
        steps = tuple(
            step if isinstance(step, Win) and step.promo else structs.replace(step, said=None)
            for step in request.steps
        )
        return structs.replace(request, steps=steps)

    def told(self, outcome: Outcome) -> Outcome:
        """Tell of promotions as of anything else."""
        if not isinstance(outcome, Found):
            return outcome
        plain = tuple(structs.replace(item, promo=False) for item in outcome.bookings)
        return replace(outcome, bookings=plain)


@dataclass(slots=True, kw_only=True)
class TakesAnySignature(Mutant):
    """Looks whether there is a signature, and not at it."""

    def called(self, call: Call) -> Call:
        """Sign what has any signature."""
        signatures = {"x-request-sign", "x-auth-signature", "authorization"}
        return self.sign(call) if signatures & call.headers.keys() else call


@dataclass(slots=True, kw_only=True)
class TrustsWhoPays(Mutant):
    """Looks at the signatures of bets, and of nothing else."""

    def called(self, call: Call) -> Call:
        """Sign wins and rollbacks that somebody else has signed, or nobody."""
        words = (b'"type": "win"', b'"DEPOSIT"', b'"CANCEL"')
        pays = any(word in call.body for word in words)
        pays = pays or call.path.rstrip("/").endswith(("/win", "/rollback"))
        return self.sign(call) if pays else call


@dataclass(slots=True, kw_only=True)
class PaysWhatIsBelowNothing(Mutant):
    """Looks at the amounts of bets, and takes those of wins for what is written behind a sign."""

    def called(self, call: Call) -> Call:
        """Leave the sign of a win out."""
        wins = b'"type": "win"' in call.body or b'"DEPOSIT"' in call.body
        if not wins and not call.path.endswith("/win"):
            return call
        body = _BELOW.sub(rb"\g<1>", call.body)
        return call if body == call.body else self.sign(replace(call, body=body))


@dataclass(slots=True, kw_only=True)
class MindsTheRound(Mutant):
    """Undoes a bet only in the round that it was made in."""

    rounds: dict[str, str | None] = field(default_factory=dict)

    def asked(self, request: Request) -> Request | Refused:
        """Refuse a rollback in another round."""
        for step in request.steps:
            if isinstance(step, Stake):
                names = {step.external_id, step.ref or step.external_id}
                self.rounds |= dict.fromkeys(names, request.round_ref)
            elif isinstance(step, Reversal):
                known = self.rounds.get(step.original_id, request.round_ref)
                if known != request.round_ref:
                    return Refused(reason=WireRefusal.OTHER_FACTS)
        return request


@dataclass(slots=True, kw_only=True)
class NewIds(Mutant):
    """Gives its own id anew each time that it is asked."""

    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def told(self, outcome: Outcome) -> Outcome:
        """Tell ids that nobody has told before."""
        if not isinstance(outcome, Done):
            return outcome
        steps = tuple(
            structs.replace(step, booking_id=f"{step.booking_id}-{next(self.numbers)}")
            for step in outcome.steps
        )
        return structs.replace(outcome, steps=steps)


@dataclass(slots=True, kw_only=True)
class TellsWhatIsNow(Mutant):
    """Repeats an answer with the balance of today."""

    def told(self, outcome: Outcome) -> Outcome:
        """Tell what is there now."""
        if not isinstance(outcome, Done):
            return outcome
        return structs.replace(outcome, balance_micros=outcome.balance_now)


@dataclass(slots=True, kw_only=True)
class GoesBelowNothing(Mutant):
    """Takes back a win that was spent from a balance that is not there."""

    won: dict[str, int] = field(default_factory=dict)
    had: int = 0
    taken: int = 0

    def asked(self, request: Request) -> Request | Refused:
        """Note what is won, and what is taken back."""
        self.taken = 0
        for step in request.steps:
            if isinstance(step, Win):
                self.won[step.external_id] = step.micros
            elif isinstance(step, Reversal):
                self.taken += self.won.get(step.original_id, 0)
        return request

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Tell what would be left if nobody looked."""
        reply = self.talk.answer(heard, outcome)
        if not isinstance(outcome, Done):
            return reply
        left, self.had = self.had - self.taken, outcome.balance_micros
        if not self.taken or left >= 0:
            return reply
        told = json.loads(reply.body) | {"balance": str(Decimal(left) / 1_000_000)}
        return replace(reply, body=json.dumps(told).encode())


@dataclass(slots=True, kw_only=True)
class LendsInARush(Mutant):
    """Says yes to bets that there is no money for, if several come at once."""

    here: int = 0
    many: bool = False
    last: Reply | None = None

    def asked(self, request: Request) -> Request | Refused:
        """Count who is here."""
        self.here += 1
        self.many = self.many or self.here > 1
        return request

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Say yes to everybody of a crowd."""
        self.here = max(self.here - 1, 0)
        reply = self.talk.answer(heard, outcome)
        if isinstance(outcome, Done):
            self.last = reply
        lends = isinstance(outcome, Refused) and outcome.reason == WireRefusal.INSUFFICIENT_FUNDS
        if lends and self.many and self.last is not None:
            reply = self.last
        self.many = self.many and self.here > 0
        return reply


@dataclass(slots=True, kw_only=True)
class BlamesLimits(Mutant):
    """Says that a limit is in the way where there is no money."""

    def told(self, outcome: Outcome) -> Outcome:
        """Name another reason."""
        if isinstance(outcome, Refused) and outcome.reason == WireRefusal.INSUFFICIENT_FUNDS:
            return structs.replace(outcome, reason="above_stake_limit")
        return outcome


@dataclass(slots=True, kw_only=True)
class ForgetsTheSwapped(Mutant):
    """Says yes to wins of a token that was replaced, and books none of them."""

    swapped: bool = False

    def called(self, call: Call) -> Call:
        """Notice that a token is replaced."""
        self.swapped = self.swapped or call.method == "PUT" or call.path.endswith("/wallet/check")
        return call

    def asked(self, request: Request) -> Request | Refused:
        """Let a win be of nothing."""
        steps = tuple(
            structs.replace(step, micros=0) if self.swapped and isinstance(step, Win) else step
            for step in request.steps
        )
        return structs.replace(request, steps=steps)


@dataclass(slots=True, kw_only=True)
class PaysLess(Mutant):
    """Takes as much of a stake as its limits allow, and says yes."""

    def asked(self, request: Request) -> Request | Refused:
        """Cut large stakes."""
        return with_stakes(
            request, lambda stake: structs.replace(stake, micros=min(stake.micros, 1_000_000))
        )


@dataclass(slots=True, kw_only=True)
class KeepsFromTheBlocked(Mutant):
    """Pays and refunds nothing to whoever is blocked."""

    blocked: bool = False

    def asked(self, request: Request) -> Request | Refused:
        """Refuse all of it."""
        pays = any(isinstance(step, Win | Reversal) for step in request.steps)
        return Refused(reason=WireRefusal.UNKNOWN_PLAYER) if self.blocked and pays else request

    def given(self, means: Means) -> Means:
        """Notice who is blocked."""
        assert means.block is not None and means.unblock is not None
        return replace(
            means, block=self._noting(True, means.block), unblock=self._noting(False, means.unblock)
        )

    def _noting(self, blocked: bool, deed: Deed) -> Deed:
        async def do() -> None:
            self.blocked = blocked
            await deed()

        return do


@dataclass(slots=True, kw_only=True)
class BlocksNobody(Mutant):
    """Hears that a player is blocked, and lets them stake."""

    def given(self, means: Means) -> Means:
        """Do nothing where staff block somebody."""

        async def nothing() -> None:
            pass

        return replace(means, block=nothing, unblock=nothing)


@dataclass(slots=True, kw_only=True)
class LetsReconStake(Mutant):
    """Takes the token for reconciliation for the player's own."""

    bearers: dict[str, Bearer] = field(default_factory=dict)

    def asked(self, request: Request) -> Request | Refused:
        """Let a stake be borne by whoever bore the player's last one."""
        bearer = request.bearer
        if not any(isinstance(step, Stake) for step in request.steps):
            return request
        if bearer is not None and bearer.digest is not None:
            self.bearers[request.player_id] = bearer
            return request
        return structs.replace(request, bearer=self.bearers[request.player_id])


@dataclass(slots=True, kw_only=True)
class SeatsOne(Mutant):
    """Has one player in a round, whatever its name is to others."""

    seats: dict[str, object] = field(default_factory=dict)

    def asked(self, request: Request) -> Request | Refused:
        """Refuse whoever comes second."""
        bearer = request.bearer
        who = bearer.digest if self.protocol is Protocols.HUB88 and bearer else request.player_id
        first = self.seats.setdefault(request.round_ref or "", who)
        return request if first == who else Refused(reason=WireRefusal.OTHER_FACTS)


@dataclass(slots=True, kw_only=True)
class ShowsItsInsides(Mutant):
    """Tells whoever asks why it broke."""

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Show the stack."""
        if isinstance(outcome, Trouble):
            return Reply(status=500, body=b"Traceback (most recent call last): password=...")
        return self.talk.answer(heard, outcome)


@dataclass(slots=True, kw_only=True)
class SaysYesWhenBroken(Mutant):
    """Answers the last good answer when it cannot ask its books."""

    last: Reply | None = None

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Say yes to what was not booked."""
        if isinstance(outcome, Trouble) and self.last is not None:
            return self.last
        reply = self.talk.answer(heard, outcome)
        if isinstance(outcome, Done):
            self.last = reply
        return reply
