"""The people and the matches of a bench: registered, funded and opened through the real verbs."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

import msgspec

from pitboss import messages, wallet
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId, derived_id, new_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import (
    CATALOGUE_SHARD,
    PARTITIONS_ALL,
    Shard,
    partition_of,
    shard_of,
)
from pitboss.messages import Turn
from pitboss.messages.model import Entry
from pitboss.players import identity, personal
from pitboss.players.identity.model import Email, Name, Registered, RegisterRequest
from pitboss.players.personal.model import PersonalKeys
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import HOUSE, PlaceBet, SlipLeg, stake_account
from pitboss.sportsbook.catalog.model import MarketKind, NewEvent, NewMarket, NewSelection
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Booked,
    TransferRequest,
    player_account,
    provider_account,
)

CURRENCY = "EUR"
JURISDICTION = "demo"
PROVIDER = "bench"
UNIT = 1_000_000
# Nobody runs dry in a run of minutes: what is measured is bets that are taken.
FUNDS_MICROS = 10_000_000 * UNIT
STAKE_UNITS_MAX = 20
EVENTS = 40
MOVE_IN_AT_ONCE = 1_000
_PRICES = (Fraction(5, 2), Fraction(16, 5), Fraction(29, 10))
_STARTS_IN = timedelta(days=2)


class FundsGiven(Fact, frozen=True, kw_only=True, tag="bench.funds_given"):
    """A player of a bench was given money to play with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Who plays and what can be bet on."""

    players: tuple[PlayerId, ...]
    events: tuple[NewEvent, ...]

    @property
    def selections(self) -> tuple[SelectionId, ...]:
        """Every selection, all at their first price."""
        return tuple(
            selection.id
            for event in self.events
            for market in event.markets
            for selection in market.selections
        )


async def move_in(database: Database, *, players: int, clock: Clock, entropy: Entropy) -> Town:
    """Register players, give each of them money, and open events for them to bet on."""
    now = clock.now()
    ids = tuple(PlayerId(new_id(now, entropy)) for _ in range(players))
    lanes: list[list[PlayerId]] = [[] for _ in PARTITIONS_ALL]
    for player_id in ids:
        lanes[partition_of(shard_of(player_id))].append(player_id)
    keys = personal.draw_keys(entropy)
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(_register(database, lane, clock, entropy, keys))
    events = tuple(_event(number, now) for number in range(EVENTS))
    async with messages.turn(
        database, [CATALOGUE_SHARD], now=now, actor="bench", entropy=entropy
    ) as turn:
        await catalog.open_events(turn, events)
    return Town(players=ids, events=events)


async def _register(
    database: Database,
    players: Sequence[PlayerId],
    clock: Clock,
    entropy: Entropy,
    keys: PersonalKeys,
) -> None:
    for start in range(0, len(players), MOVE_IN_AT_ONCE):
        mine = players[start : start + MOVE_IN_AT_ONCE]
        shards = {shard_of(player_id) for player_id in mine}
        async with messages.turn(
            database, shards, now=clock.now(), actor="bench", entropy=entropy
        ) as turn:
            answers = await identity.register(
                turn, [registration(item) for item in mine], keys=keys
            )
            ensure(
                all(isinstance(answer, Registered) for answer in answers),
                "the people of a bench may play",
            )
            await give_funds(turn, mine)


async def give_funds(turn: Turn, players: Sequence[PlayerId]) -> None:
    """Open the accounts of these players and of the house, and pay money in."""
    places = [(shard_of(player_id), player_id) for player_id in players]
    await wallet.open_accounts(
        turn,
        [
            *(player_account_of(shard, player_id) for shard, player_id in places),
            *(account for shard in {shard for shard, _ in places} for account in house(shard)),
        ],
    )
    requests = [
        TransferRequest(
            shard=shard,
            key=derived_id("bench", "funds", player_id),
            debit_id=provider_account(shard, PROVIDER, CURRENCY),
            credit_id=player_account(player_id, CURRENCY),
            micros=FUNDS_MICROS,
            currency=CURRENCY,
        )
        for shard, player_id in places
    ]
    answers = await wallet.book(turn, requests)
    for (shard, player_id), answer in zip(places, answers, strict=True):
        ensure(
            isinstance(answer, Booked) and answer.movement is not None,
            "the people of a bench are given money",
        )
        if isinstance(answer, Booked) and answer.movement is not None:
            turn.publish(shard, player_id, FundsGiven(movements=(answer.movement,)))


def bets(
    town: Town, *, seed: int, clock: Clock, entropy: Entropy, legs: int = 1
) -> Iterator[PlaceBet]:
    """Return bets without end: random players, random selections, random whole stakes.

    With more legs than one they are accumulators, on so many events each.
    """
    chance = random.Random(seed)  # noqa: S311 - load, not secrets
    return slips(town, lambda: chance.sample(town.events, legs), chance, clock, entropy)


def slips(
    town: Town,
    draw: Callable[[], Sequence[NewEvent]],
    chance: random.Random,
    clock: Clock,
    entropy: Entropy,
) -> Iterator[PlaceBet]:
    """Return bets without end, each on one selection of each event that is drawn for it."""
    players = town.players
    while True:
        picked = [_pick(event, chance) for event in draw()]
        yield PlaceBet(
            bet_id=BetId(new_id(clock.now(), entropy)),
            player_id=players[int(chance.random() * len(players))],
            currency=CURRENCY,
            stake_micros=(1 + int(chance.random() * STAKE_UNITS_MAX)) * UNIT,
            legs=tuple([SlipLeg(selection_id=selection_id, tick=1) for selection_id in picked]),
            # By chance a slip comes twice, and here that is meant.
            again=True,
        )


def _pick(event: NewEvent, chance: random.Random) -> SelectionId:
    selections = event.markets[0].selections
    return selections[int(chance.random() * len(selections))].id


def entry(bet: PlaceBet) -> Entry:
    """Return the bet as a command for the log, as the API appends it."""
    body = msgspec.json.encode(bet)
    return Entry(
        partition=partition_of(shard_of(bet.player_id)),
        command_id=bet.bet_id,
        key=derived_id("bench", "key", bet.bet_id),
        request_digest=hashlib.sha256(body).digest(),
        body=body,
    )


def registration(player_id: PlayerId) -> RegisterRequest:
    """Return the wish of somebody with this id to play."""
    return RegisterRequest(
        key=derived_id("bench", "register", player_id),
        player_id=player_id,
        jurisdiction=JURISDICTION,
        currency=CURRENCY,
        email=Email(f"{player_id}@bench.test"),
        password_hash="-",  # noqa: S106 - nobody logs in with it
        given_name=Name("Ada"),
        family_name=Name("Lovelace"),
        born_on=date(1990, 1, 1),
    )


def player_account_of(shard: Shard, player_id: PlayerId) -> Account:
    """Return a player's account, empty."""
    return Account(
        shard=shard,
        id=player_account(player_id, CURRENCY),
        kind=AccountKind.PLAYER,
        owner=player_id,
        currency=CURRENCY,
        may_overdraw=False,
    )


def house(shard: Shard) -> tuple[Account, Account]:
    """Return a shard's share of the sportsbook's account and of the provider's, empty."""
    return (
        Account(
            shard=shard,
            id=stake_account(shard, CURRENCY),
            kind=AccountKind.HOUSE,
            owner=HOUSE,
            currency=CURRENCY,
            may_overdraw=True,
        ),
        Account(
            shard=shard,
            id=provider_account(shard, PROVIDER, CURRENCY),
            kind=AccountKind.PROVIDER,
            owner=PROVIDER,
            currency=CURRENCY,
            may_overdraw=True,
        ),
    )


def _event(number: int, now: datetime) -> NewEvent:
    name = str(number)
    return NewEvent(
        id=EventId(derived_id("bench", "event", name)),
        sport="football",
        competition="Bench League",
        home=f"Home {name}",
        away=f"Away {name}",
        starts_at=now + _STARTS_IN,
        markets=(
            NewMarket(
                id=MarketId(derived_id("bench", "market", name)),
                kind=MarketKind.MATCH_RESULT,
                line=None,
                selections=tuple(
                    NewSelection(
                        id=SelectionId(derived_id("bench", "selection", name, code)),
                        code=code,
                        price=price,
                    )
                    for code, price in zip(MarketKind.MATCH_RESULT.codes, _PRICES, strict=True)
                ),
            ),
        ),
    )
