"""Where every world begins: a few players with some money, a few events to bet on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from pitboss import cashier, messages, wallet
from pitboss.cashier.model import NewsStatus, PaymentKind, PaymentNews, PaymentRequest
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import EventId, IdempotencyKey, MarketId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, Partition, Shard, partition_of, shard_of
from pitboss.messages import Turn
from pitboss.players import identity, personal
from pitboss.players.identity.model import Email, Name, RegisterRequest
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import HOUSE, stake_account
from pitboss.sportsbook.catalog.model import MarketKind, NewEvent, NewMarket, NewSelection
from pitboss.wallet.model import Account, AccountKind, player_account

# In the past of every machine, so that nothing that real sessions do seems long ago.
START = datetime(2024, 1, 1, tzinfo=UTC)
CURRENCY = "EUR"
JURISDICTION = "demo"
PROVIDER = "sandbox"
UNIT = 1_000_000
# Two neighbours in each of two shards of each of two partitions: enough to meet, few to look after.
SHARDS = (Shard(3), Shard(9), Shard(17), Shard(30))
PLAYERS_EACH = 2
PARTITIONS = (Partition(0), Partition(1))
# Every other one runs dry after a few bets.
FUNDS_MICROS = (1_000 * UNIT, 30 * UNIT)
EVENTS = 3
_STARTS_IN = timedelta(days=365)
_PRICES = (Fraction(5, 2), Fraction(16, 5), Fraction(29, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Who plays and what can be bet on; a stranger is nobody whom the platform knows."""

    players: tuple[PlayerId, ...]
    events: tuple[NewEvent, ...]
    stranger: PlayerId

    @property
    def markets(self) -> tuple[NewMarket, ...]:
        """Every market."""
        return tuple(market for event in self.events for market in event.markets)

    @property
    def selections(self) -> tuple[SelectionId, ...]:
        """Every selection, all at their first price."""
        return tuple(item.id for market in self.markets for item in market.selections)


async def build(database: Database) -> Town:
    """Register the players, pay in, and open the events, through the real verbs."""
    clock, entropy = ManualClock(START), SeededEntropy("town")
    *players, stranger = _find_people()
    async with messages.turn(
        database, SHARDS, now=clock.now(), actor="town", entropy=entropy
    ) as turn:
        await identity.register(
            turn,
            [_registration(player_id) for player_id in players],
            keys=personal.draw_keys(entropy),
        )
        await wallet.open_accounts(
            turn, [account for player_id in players for account in _accounts(player_id)]
        )
        await _pay_in(turn, players)
    events = tuple(_event(number) for number in range(EVENTS))
    async with messages.turn(
        database, [CATALOGUE_SHARD], now=clock.now(), actor="town", entropy=entropy
    ) as turn:
        await catalog.open_events(turn, events)
    return Town(players=tuple(players), events=events, stranger=stranger)


def partition_of_player(player_id: PlayerId) -> Partition:
    """Return the part of the log that carries a player's commands."""
    return partition_of(shard_of(player_id))


def _find_people() -> list[PlayerId]:
    """Return ids in the shards that are looked after: the players, and a stranger behind them."""
    wanted = dict.fromkeys(SHARDS, PLAYERS_EACH)
    found: list[PlayerId] = []
    number = 0
    while True:
        player_id = PlayerId(derived_id("town", "player", str(number)))
        shard = shard_of(player_id)
        if shard in wanted and not any(wanted.values()):
            return [*sorted(found, key=shard_of), player_id]
        if wanted.get(shard, 0):
            wanted[shard] -= 1
            found.append(player_id)
        number += 1


async def _pay_in(turn: Turn, players: Sequence[PlayerId]) -> None:
    requests = [
        PaymentRequest(
            player_id=player_id,
            key=IdempotencyKey("first"),
            micros=FUNDS_MICROS[place % len(FUNDS_MICROS)],
            currency=CURRENCY,
        )
        for place, player_id in enumerate(players)
    ]
    await cashier.request_deposits(turn, requests)
    await cashier.record_news(
        turn, [news_of(item, PaymentKind.DEPOSIT, NewsStatus.SUCCEEDED) for item in requests]
    )


def news_of(request: PaymentRequest, kind: PaymentKind, status: NewsStatus) -> PaymentNews:
    """Return what the provider tells about a payment; told again, it is the same."""
    return PaymentNews(
        provider=request.provider,
        event_id=f"{status}.{request.payment_id}",
        payment_id=request.payment_id,
        kind=kind,
        status=status,
        micros=request.micros,
        currency=request.currency,
        reference=hashlib.sha256(request.payment_id.encode()).hexdigest()[:16],
        reason="declined" if status is NewsStatus.FAILED else None,
    )


def _registration(player_id: PlayerId) -> RegisterRequest:
    return RegisterRequest(
        key=derived_id("town", "register", player_id),
        player_id=player_id,
        jurisdiction=JURISDICTION,
        currency=CURRENCY,
        email=Email(f"{player_id}@town.test"),
        password_hash="-",  # noqa: S106 - nobody logs in with it
        given_name=Name("Ada"),
        family_name=Name("Lovelace"),
        born_on=date(1990, 1, 1),
    )


def _accounts(player_id: PlayerId) -> tuple[Account, Account]:
    shard = shard_of(player_id)
    return (
        Account(
            shard=shard,
            id=player_account(player_id, CURRENCY),
            kind=AccountKind.PLAYER,
            owner=player_id,
            currency=CURRENCY,
            may_overdraw=False,
        ),
        Account(
            shard=shard,
            id=stake_account(shard, CURRENCY),
            kind=AccountKind.HOUSE,
            owner=HOUSE,
            currency=CURRENCY,
            may_overdraw=True,
        ),
    )


def _event(number: int) -> NewEvent:
    name = str(number)
    return NewEvent(
        id=EventId(derived_id("town", "event", name)),
        sport="football",
        competition="Town League",
        home=f"Home {name}",
        away=f"Away {name}",
        starts_at=START + _STARTS_IN,
        markets=(
            NewMarket(
                id=MarketId(derived_id("town", "market", name)),
                kind=MarketKind.MATCH_RESULT,
                line=None,
                selections=tuple(
                    NewSelection(
                        id=SelectionId(derived_id("town", "selection", name, code)),
                        code=code,
                        price=price,
                    )
                    for code, price in zip(MarketKind.MATCH_RESULT.codes, _PRICES, strict=True)
                ),
            ),
        ),
    )
