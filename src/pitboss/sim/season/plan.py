"""What the players of a season do: drawn from the seed, never from the world.  Pure.

Everything follows from the seed, the player's number and the match day, so that two runs ask for
the same things in the same order.  Only a visit to the cashier also looks at what the player has,
which follows from the seed as well.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from pitboss.cashier.model import PaymentKind, PaymentState
from pitboss.sandbox.fates import DECLINED_CENTS, FAILING_CENTS
from pitboss.sim.season.model import MICROS_PER_CENT, show_cents
from pitboss.sim.season.picks import Pick
from pitboss.sim.season.programme import ListedEvent, MatchDay, Programme
from pitboss.sim.season.races import Race
from pitboss.sim.season.systems import PICKS_MIN, System, draw_system
from pitboss.sportsbook.betting.model import LEGS_MAX

PRICE_MOVES_MAX = 6
PRICE_CENTS_MIN = 101
BETWEEN_CASHIER_DAYS = timedelta(days=7)
VISIT_SHARE = 0.12

SINGLES_SHARE = 0.62
SYSTEMS_SHARE = 0.12
# Of the bets on a day with racing; most of them are each way.
RACING_SHARE = 0.2
_EACH_WAY_SHARE = 0.6
_DOUBLE_SHARE = 0.2
_LEGS = tuple(range(2, LEGS_MAX + 1))
_LEG_STEPS = tuple(accumulate((35, 25, 15, 10, 4, 3, 2, 1, *(0.4,) * 11)))
# From here on players pick favourites, for the longest prices would return more than is allowed.
_LONG_LEGS = 7

_STAKES_SINGLE = (100, 200, 200, 500, 500, 500, 1_000, 1_000, 2_000, 2_500, 5_000)
_STAKES_ACCUMULATOR = (50, 100, 100, 200, 200, 500, 500, 1_000)
_STAKES_ODD = range(100, 2_000)
_STAKES_GREEDY = range(300_000, 900_000)
_STAKES_LINE = (10, 10, 20, 20, 25, 50, 100)
_ODD_SHARE = 0.3
# Half of the players of systems say what they stake on each line, half what on all together.
_ON_LINE_SHARE = 0.5

# How likely it is that somebody looks on a match day at what a waiting bet of theirs would fetch.
LOOK_SHARE = 0.02
_PERCENTS = (100, 100, 100, 25, 40, 50, 75)
_REPEATED_SHARE = 0.1

_DEPOSITS_FIRST = (5_000, 10_000, 20_000, 20_000, 25_000, 50_000, 50_000, 100_000)
_TOP_UPS = (5_000, 10_000, 10_000, 20_000, 20_000, 50_000)
_POOR_CENTS = 5_000
_RICH_CENTS = 60_000
_SPOILT_SHARE = 0.05

# How likely it is that somebody plays a game on a match day, for how much, and what that wins.
GAMBLERS_SHARE = 0.08
_STAKES_ROUND = (10, 20, 20, 50, 50, 100, 100, 200, 500)
_WINS_IN_STAKES = (*(0,) * 12, *(1,) * 3, *(2,) * 4, 5, 10)
_TURN_STEPS = tuple(accumulate((0.6, 0.25, 0.1, 0.05)))


class Twist(StrEnum):
    """How a player asks for a bet, if not plainly."""

    PLAIN = "plain"
    STALE = "stale"
    REPEATED = "repeated"
    KEY_REUSED = "key_reused"
    MISTYPED = "mistyped"


class Turn(StrEnum):
    """How a round of a game goes, if not with its stake and its win in one request."""

    PLAIN = "plain"
    APART = "apart"
    UNDONE = "undone"
    REPEATED = "repeated"


class Whim(StrEnum):
    """What a player asks for, if not something sensible."""

    SENSIBLE = "sensible"
    GREEDY = "greedy"
    RELATED = "related"
    LATE = "late"


_TWISTS = (Twist.STALE, Twist.REPEATED, Twist.KEY_REUSED, Twist.MISTYPED, Twist.PLAIN)
_TWIST_STEPS = tuple(accumulate((0.012, 0.01, 0.005, 0.003, 0.97)))
_WHIMS = (Whim.GREEDY, Whim.RELATED, Whim.LATE, Whim.SENSIBLE)
_WHIM_STEPS = tuple(accumulate((0.01, 0.006, 0.004, 0.98)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBet:
    """A bet that a player will ask for.

    Without a `system` it is one line over all its picks; `each_way` it is two on each, to win and
    for a place.  The stake is that on the whole bet, or `on_line` on each of its lines.
    """

    picks: tuple[Pick, ...]
    stake_cents: int
    twist: Twist
    system: System | None = None
    on_line: bool = False
    each_way: bool = False

    @property
    def lines(self) -> tuple[tuple[int, ...], ...]:
        """Every line, as the places of its picks."""
        if self.system is None:
            return (tuple(range(len(self.picks))),)
        return self.system.lines

    @property
    def cents(self) -> int:
        """What is staked on all lines together."""
        stakes = len(self.lines) * (2 if self.each_way else 1)
        return self.stake_cents * stakes if self.on_line else self.stake_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A player's look at what the house would give for a bet that waits, and takes.

    `place` is the bet's among those of the player that wait, `percent` how much of its stake they
    sell.  Who is `impatient` sends the same request twice.
    """

    place: int
    percent: int
    impatient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMove:
    """A price that staff will change."""

    pick: Pick
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """What happens before the first kick-off of a match day; bets are by player's number."""

    moves: tuple[PriceMove, ...]
    bets: Mapping[int, tuple[PlannedBet, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A payment that a player will ask for, and how it will end: `refused` if by us."""

    kind: PaymentKind
    cents: int
    ends: PaymentState

    @property
    def amount(self) -> str:
        """The amount as the API reads it."""
        return show_cents(self.cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRound:
    """A round of a game: what is staked, what it wins, and how it goes."""

    stake_cents: int
    win_cents: int
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Menu:
    """What there is to bet on; `moved` are picks whose price has just changed."""

    events: Sequence[ListedEvent]
    moved: Sequence[Pick]
    past: Sequence[ListedEvent]
    races: Sequence[Race]


class Plan:
    """The plan of a season for so many players and bets, exactly."""

    def __init__(self, programme: Programme, *, players: int, bets: int, seed: int) -> None:
        self.programme = programme
        self.players = players
        self.bets = bets
        self._seed = seed
        self._shares = _share_out(programme.days, players=players, bets=bets, seed=seed)
        self._moves = tuple(_draw_moves(programme, seed))
        self.cashier_days = frozenset(_cashier_days(programme.days))

    def day(self, no: int) -> DayPlan:
        """Return what happens before a match day's first kick-off."""
        day = self.programme.days[no]
        moves = self._moves[no]
        menu = _Menu(
            events=self._events(day.on_offer),
            moved=tuple(move.pick for move in moves),
            past=self._events(self.programme.days[no - 1].events) if no else (),
            races=self.programme.races_on(no),
        )
        return DayPlan(
            moves=moves,
            bets={
                player: tuple(_draw_bets(self._chance("bets", player, no), menu, count))
                for player, count in sorted(self._shares[no].items())
            },
        )

    @property
    def moves(self) -> Sequence[Sequence[PriceMove]]:
        """The price moves of every match day."""
        return self._moves

    def first_deposits(self, player: int) -> tuple[Wish, ...]:
        """Return what a player pays in at first; one that will fail is followed by another."""
        chance = self._chance("first deposits", player)
        cents = chance.choice(_DEPOSITS_FIRST)
        spoilt = _spoil(chance, cents)
        wishes = (spoilt, cents) if spoilt != cents else (cents,)
        return tuple(_wish(PaymentKind.DEPOSIT, wish) for wish in wishes)

    def visitors(self, day: int) -> tuple[int, ...]:
        """Return the players who go to the cashier before a match day."""
        if day not in self.cashier_days:
            return ()
        chance = self._chance("visitors", day)
        return tuple(player for player in range(self.players) if chance.random() < VISIT_SHARE)

    def find_wish(self, player: int, day: int, *, available_micros: int) -> Wish | None:
        """Return what a visitor of the cashier wants, having so much."""
        chance = self._chance("wish", player, day)
        have = available_micros // MICROS_PER_CENT
        if have < _POOR_CENTS:
            return _wish(PaymentKind.DEPOSIT, _spoil(chance, chance.choice(_TOP_UPS)))
        if have > _RICH_CENTS:
            part = have * chance.randrange(30, 101) // 100
            return _wish(PaymentKind.WITHDRAWAL, _spoil(chance, part, most=have))
        if chance.random() < 0.1:
            return _overdrawn(have + chance.choice(_TOP_UPS))
        return None

    def find_look(self, player: int, day: int, *, waiting: int) -> Look | None:
        """Return which of so many waiting bets a player would sell before a match day, if any."""
        chance = self._chance("look", player, day)
        if chance.random() >= LOOK_SHARE * waiting:
            return None
        return Look(
            place=chance.randrange(waiting),
            percent=chance.choice(_PERCENTS),
            impatient=chance.random() < _REPEATED_SHARE,
        )

    def rounds(self, player: int, day: int) -> tuple[PlannedRound, ...]:
        """Return the rounds of a game that a player plays on a match day: on most days none."""
        chance = self._chance("rounds", player, day)
        if day not in self.cashier_days or chance.random() >= GAMBLERS_SHARE:
            return ()
        return tuple(_draw_round(chance) for _ in range(chance.randrange(2, 7)))

    def find_last_wish(self, player: int, *, available_micros: int) -> Wish | None:
        """Return what a player wants who leaves after the season: half of them, all they have."""
        have = available_micros // MICROS_PER_CENT
        if not have or self._chance("last wish", player).random() < 0.5:
            return None
        return _wish(PaymentKind.WITHDRAWAL, have)

    def _events(self, places: range) -> Sequence[ListedEvent]:
        return self.programme.events[places.start : places.stop]

    def _chance(self, *about: object) -> random.Random:
        return _chance(self._seed, *about)


def _chance(seed: int, *about: object) -> random.Random:
    return random.Random(":".join(map(str, (seed, *about))))  # noqa: S311 - reproducible


def _share_out(
    days: Sequence[MatchDay], *, players: int, bets: int, seed: int
) -> list[Counter[int]]:
    """Share the bets out among days (by their events) and players (some play more than others)."""
    shares: list[Counter[int]] = [Counter() for _ in days]
    if not days or not players:
        return shares
    chance = _chance(seed, "shares")
    eagerness = [0.25 + chance.expovariate(1.0) for _ in range(players)]
    events = [len(day.events) for day in days]
    on_days = chance.choices(range(len(days)), weights=events, k=bets)
    by_players = chance.choices(range(players), weights=eagerness, k=bets)
    for day, player in zip(on_days, by_players, strict=True):
        shares[day][player] += 1
    return shares


def _draw_moves(programme: Programme, seed: int) -> Iterator[tuple[PriceMove, ...]]:
    """Draw the price moves of each day; each gives another price than the one before it."""
    prices: dict[str, Fraction] = {}
    for day in programme.days:
        chance = _chance(seed, "moves", day.no)
        count = min(chance.randrange(PRICE_MOVES_MAX + 1), len(day.on_offer))
        moves: list[PriceMove] = []
        for place in chance.sample(day.on_offer, count):
            pick = chance.choice(chance.choice(programme.events[place].markets).picks)
            before = prices.get(pick.selection_id, pick.price)
            cents = max(int(pick.price * chance.randrange(93, 108)), PRICE_CENTS_MIN)
            price = Fraction(cents, 100)
            if price == before:
                price += Fraction(1, 100)
            prices[pick.selection_id] = price
            moves.append(PriceMove(pick=pick, price=price))
        yield tuple(moves)


def _cashier_days(days: Sequence[MatchDay]) -> Iterator[int]:
    last: datetime | None = None
    for day in days:
        if last is None:
            last = day.opens_at
        elif day.opens_at - last >= BETWEEN_CASHIER_DAYS:
            last = day.opens_at
            yield day.no


def _draw_bets(chance: random.Random, menu: _Menu, count: int) -> Iterator[PlannedBet]:
    for _ in range(count):
        (whim,) = chance.choices(_WHIMS, cum_weights=_WHIM_STEPS)
        (twist,) = chance.choices(_TWISTS, cum_weights=_TWIST_STEPS)
        if twist is Twist.STALE and not menu.moved:
            twist = Twist.PLAIN
        if twist is Twist.STALE:
            picks: tuple[Pick, ...] = (chance.choice(menu.moved),)
        elif whim is Whim.SENSIBLE and menu.races and chance.random() < RACING_SHARE:
            yield _draw_on_races(chance, menu, twist)
            continue
        elif whim is Whim.SENSIBLE and _wants_system(chance, menu):
            yield _draw_on_system(chance, menu, twist)
            continue
        else:
            picks = _draw_picks(chance, menu, whim)
        yield PlannedBet(picks=picks, stake_cents=_draw_stake(chance, picks, whim), twist=twist)


def _draw_on_races(chance: random.Random, menu: _Menu, twist: Twist) -> PlannedBet:
    races = chance.sample(menu.races, 2 if chance.random() < _DOUBLE_SHARE else 1)
    each_way = chance.random() < _EACH_WAY_SHARE
    return PlannedBet(
        picks=tuple(_draw_runner(chance, race) for race in races),
        stake_cents=chance.choice(_STAKES_ACCUMULATOR),
        twist=twist,
        on_line=each_way and chance.random() < _ON_LINE_SHARE,
        each_way=each_way,
    )


def _draw_runner(chance: random.Random, race: Race) -> Pick:
    """Draw a runner, the more likely the shorter its price: so do people."""
    (runner,) = chance.choices(
        race.runners, weights=[float(1 / pick.price) for pick in race.runners]
    )
    return runner


def _wants_system(chance: random.Random, menu: _Menu) -> bool:
    return chance.random() < SYSTEMS_SHARE and len(menu.events) >= PICKS_MIN


def _draw_on_system(chance: random.Random, menu: _Menu, twist: Twist) -> PlannedBet:
    system = draw_system(chance, len(menu.events))
    picks = _draw_from(chance, menu, system.picks)
    on_line = chance.random() < _ON_LINE_SHARE
    stake = chance.choice(_STAKES_LINE if on_line else _STAKES_ODD)
    return PlannedBet(picks=picks, stake_cents=stake, twist=twist, system=system, on_line=on_line)


def _draw_picks(chance: random.Random, menu: _Menu, whim: Whim) -> tuple[Pick, ...]:
    if whim is Whim.RELATED:
        event = chance.choice(menu.events)
        every = [pick for market in event.markets for pick in market.picks]
        return tuple(chance.sample(every, 2))
    if whim is Whim.LATE and menu.past:
        return (_draw_pick(chance, chance.choice(menu.past)),)
    if chance.random() < SINGLES_SHARE or len(menu.events) < min(_LEGS):
        return (_draw_pick(chance, chance.choice(menu.events)),)
    (wanted,) = chance.choices(_LEGS, cum_weights=_LEG_STEPS)
    return _draw_from(chance, menu, min(wanted, len(menu.events)))


def _draw_from(chance: random.Random, menu: _Menu, legs: int) -> tuple[Pick, ...]:
    draw = _draw_pick if legs < _LONG_LEGS else _draw_favourite
    return tuple(draw(chance, event) for event in chance.sample(menu.events, legs))


def _draw_pick(chance: random.Random, event: ListedEvent) -> Pick:
    return chance.choice(chance.choice(event.markets).picks)


def _draw_favourite(chance: random.Random, event: ListedEvent) -> Pick:
    return min(chance.choice(event.markets).picks, key=lambda pick: pick.price)


def _draw_stake(chance: random.Random, picks: Sequence[Pick], whim: Whim) -> int:
    if whim is Whim.GREEDY:
        return chance.choice(_STAKES_GREEDY)
    if len(picks) > 1:
        return chance.choice(_STAKES_ACCUMULATOR)
    return chance.choice(_STAKES_ODD if chance.random() < _ODD_SHARE else _STAKES_SINGLE)


def _spoil(chance: random.Random, cents: int, *, most: int | None = None) -> int:
    """Make an amount now and then one that the provider will not pay."""
    if chance.random() >= _SPOILT_SHARE:
        return cents
    ending = int(chance.choice((FAILING_CENTS, DECLINED_CENTS))[1:])
    spoilt = cents // 100 * 100 + ending
    return cents if most is not None and spoilt > most else spoilt


def _draw_round(chance: random.Random) -> PlannedRound:
    stake, times = chance.choice(_STAKES_ROUND), chance.choice(_WINS_IN_STAKES)
    turn = chance.choices(list(Turn), cum_weights=_TURN_STEPS)[0]
    return PlannedRound(stake_cents=stake, win_cents=stake * times, turn=turn)


def _wish(kind: PaymentKind, cents: int) -> Wish:
    fails = show_cents(cents).endswith((FAILING_CENTS, DECLINED_CENTS))
    ends = PaymentState.FAILED if fails else PaymentState.SUCCEEDED
    return Wish(kind=kind, cents=cents, ends=ends)


def _overdrawn(cents: int) -> Wish:
    return Wish(kind=PaymentKind.WITHDRAWAL, cents=cents, ends=PaymentState.REFUSED)
