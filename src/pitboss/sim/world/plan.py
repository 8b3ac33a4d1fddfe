"""What people want to do in a world, drawn from its seed before anything happens."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from fractions import Fraction

import msgspec

from pitboss.cashier.model import NewsStatus, PaymentKind, PaymentNews, PaymentRequest
from pitboss.kernel.ids import BetId, IdempotencyKey, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import Partition
from pitboss.messages.model import Entry
from pitboss.sim.world.town import CURRENCY, UNIT, Town, news_of, partition_of_player
from pitboss.sportsbook.betting.model import PlaceBet, SlipLeg
from pitboss.sportsbook.catalog.model import MarketStatus, PriceChange, StatusChange
from pitboss.sportsbook.settlement.model import Score, ScoreReport

APIS = 2
WISHES = (18, 26)
GROUP_MAX = 7
PAYMENTS = (0, 3)
_ODD_SHARE = 0.06
_FIRST_TICK_SHARE = 0.85
_DOUBLE_SHARE = 0.2
_LATE_MAX = 6.0
_COPIES = (1, 1, 1, 2, 2, 3)
_STAKES = (1, 2, 5, 5, 10, 20)
_AMOUNTS = (5, 20, 50)

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A bet that somebody asks for under a key, until there is an answer; or sometimes only once.

    Without legs it is a body that nobody can read.
    """

    key: str
    player_id: PlayerId
    stake_micros: int
    legs: tuple[SlipLeg, ...]
    patient: bool = True

    @property
    def partition(self) -> Partition:
        """Where its command goes."""
        return partition_of_player(self.player_id)

    @property
    def digest(self) -> bytes:
        """The hash of what is asked for, without the id that each asking proposes."""
        return hashlib.sha256(_encode((self.player_id, self.stake_micros, self.legs))).digest()

    def entry(self, bet_id: BetId) -> Entry:
        """Return the wish as a command for the log, with the id that this asking proposes."""
        body = b'{"type":"bet.unheard_of"}'
        if self.legs:
            body = _encode(
                PlaceBet(
                    bet_id=bet_id,
                    player_id=self.player_id,
                    currency=CURRENCY,
                    stake_micros=self.stake_micros,
                    legs=self.legs,
                    # Few want the same thing over and over, and none of them by mistake.
                    again=True,
                )
            )
        return Entry(
            partition=self.partition,
            command_id=bet_id,
            key=self.key,
            request_digest=self.digest,
            body=body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Put these wishes into the log, in one commit."""

    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Ask for a payment."""

    kind: PaymentKind
    request: PaymentRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell what the provider says of a payment."""

    player_id: PlayerId
    news: PaymentNews


Errand = Append | Pay | Tell
Trade = PriceChange | StatusChange | ScoreReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everybody's errands, in the order in which each takes them up."""

    apis: tuple[tuple[Errand, ...], ...]
    trades: tuple[Trade, ...]
    copies: int


def draw_plan(town: Town, chance: random.Random) -> Plan:
    """Return what is wanted in one world."""
    desks: list[list[Errand]] = [[] for _ in range(APIS)]
    queues: list[list[tuple[float, Wish]]] = [[] for _ in range(APIS)]
    copies = 0
    for place, wish in enumerate(_draw_wishes(town, chance)):
        times = chance.choice(_COPIES)
        copies += times - 1
        first = chance.randrange(APIS)
        for copy in range(times):
            # Copies come over different ways at about the same time, so that some meet.
            late = place + chance.uniform(0.0, _LATE_MAX)
            queues[(first + copy) % APIS].append((late, wish))
    for desk, queue in zip(desks, queues, strict=True):
        wishes = [wish for _, wish in sorted(queue, key=lambda item: item[0], reverse=True)]
        while wishes:
            group = [wishes.pop() for _ in range(min(chance.randint(1, GROUP_MAX), len(wishes)))]
            desk.append(Append(wishes=tuple(group)))
    for errand in _draw_payments(town, chance):
        # In order for who asks and tells; a provider's second telling may come anywhere.
        for desk in (desks[0], *([chance.choice(desks)] if isinstance(errand, Tell) else [])):
            desk.insert(chance.randint(0, len(desk)), errand)
    return Plan(
        apis=tuple(tuple(desk) for desk in desks),
        trades=tuple(_draw_trades(town, chance)),
        copies=copies,
    )


def _draw_wishes(town: Town, chance: random.Random) -> list[Wish]:
    wishes: list[Wish] = []
    for number in range(chance.randint(*WISHES)):
        player_id = chance.choice(town.players)
        legs = 2 if chance.random() < _DOUBLE_SHARE else 1
        wish = Wish(
            key=derived_id("wish", str(number), player_id),
            player_id=player_id,
            stake_micros=chance.choice(_STAKES) * UNIT,
            legs=tuple(
                SlipLeg(selection_id=item, tick=1 if chance.random() < _FIRST_TICK_SHARE else 2)
                for item in chance.sample(town.selections, legs)
            ),
            patient=chance.random() > _ODD_SHARE,
        )
        if chance.random() < _ODD_SHARE:
            wish = _made_odd(wish, town, chance)
        wishes.append(wish)
        if chance.random() < _ODD_SHARE:
            # The same key for something else: whoever comes second is refused.
            wishes.append(replace(wish, stake_micros=wish.stake_micros + UNIT))
    return wishes


def _made_odd(wish: Wish, town: Town, chance: random.Random) -> Wish:
    """Return a wish that nobody can fulfil."""
    nothing = SlipLeg(selection_id=SelectionId(derived_id("nothing")), tick=1)
    return chance.choice(
        (
            replace(wish, legs=()),
            replace(wish, legs=()),
            replace(wish, legs=(nothing,)),
            replace(wish, player_id=town.stranger, key=derived_id("stranger", wish.key)),
            replace(wish, stake_micros=1_000),
        )
    )


def _draw_payments(town: Town, chance: random.Random) -> list[Pay | Tell]:
    errands: list[Pay | Tell] = []
    for number in range(chance.randint(*PAYMENTS)):
        player_id = chance.choice(town.players)
        request = PaymentRequest(
            player_id=player_id,
            key=IdempotencyKey(str(number)),
            micros=chance.choice(_AMOUNTS) * UNIT,
            currency=CURRENCY,
        )
        kind = chance.choice((PaymentKind.DEPOSIT, PaymentKind.WITHDRAWAL))
        errands.append(Pay(kind=kind, request=request))
        statuses = [chance.choice((NewsStatus.SUCCEEDED, NewsStatus.FAILED))]
        statuses += [NewsStatus.PENDING] * chance.randint(0, 1)
        errands += (
            Tell(player_id=player_id, news=news_of(request, kind, status)) for status in statuses
        )
    return errands


def _draw_trades(town: Town, chance: random.Random) -> list[Trade]:
    trades: list[Trade] = [
        PriceChange(
            selection_id=chance.choice(town.selections),
            price=Fraction(chance.randint(110, 900), 100),
        )
        for _ in range(chance.randint(0, 4))
    ]
    if chance.random() < _ODD_SHARE * 4:
        market = chance.choice(town.markets)
        trades += (
            StatusChange(market_id=market.id, status=status)
            for status in (MarketStatus.SUSPENDED, MarketStatus.OPEN)
        )
    for event in chance.sample(town.events, chance.randint(0, len(town.events))):
        score = Score(home=chance.randint(0, 3), away=chance.randint(0, 3))
        abandoned = chance.random() < _ODD_SHARE * 4
        trades.append(ScoreReport(event_id=event.id, score=None if abandoned else score))
    return trades
