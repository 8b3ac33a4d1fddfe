"""The baseline of settlement: each bet settled and booked in a transaction of its own."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from pitboss.bench import row_at_a_time, slow_books
from pitboss.bench.server import Connection
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, BetId, PlayerId, derived_id
from pitboss.kernel.money import Rounding, currency, round_micros
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model import Leg, stake_account
from pitboss.sportsbook.settlement.facts import BetSettled
from pitboss.sportsbook.settlement.model import SelectionResult
from pitboss.wallet.model import player_account

_read_legs = msgspec.json.Decoder(tuple[Leg, ...]).decode
_read_results = msgspec.json.Decoder(tuple[SelectionResult, ...]).decode


async def settle(
    connection: Connection, place: tuple[Shard, BetId], *, clock: Clock, entropy: Entropy
) -> None:
    """Settle one single as the loop does: terms, result, returns, books, bet, fact; and commit."""
    shard, bet_id = place
    async with connection.transaction():
        bet = await connection.fetchrow(
            "SELECT player_id, stake_micros, currency, rounding, legs, rules FROM bet"
            " WHERE shard = $1 AND bet_id = $2 AND state = 'accepted' FOR UPDATE",
            shard,
            bet_id,
        )
        assert bet is not None  # noqa: S101 - each bet is handed out once
        (leg,) = _read_legs(bet["legs"])
        row = await connection.fetchrow(
            "SELECT no, results FROM settlement_result WHERE market_id = $1"
            " ORDER BY version DESC LIMIT 1",
            leg.market_id,
        )
        assert row is not None  # noqa: S101 - only bets whose market has a result are handed out
        (result,) = (
            item for item in _read_results(row["results"]) if item.selection_id == leg.selection_id
        )
        player_id = PlayerId(str(bet["player_id"]))
        returns = _returns(bet["stake_micros"], bet["currency"], bet["rounding"], leg, result)
        movements = await _book(
            connection, shard, bet_id, player_id, bet["stake_micros"], bet["currency"], returns
        )
        await connection.execute(
            "UPDATE bet SET state = 'settled', returns_micros = $3, settled_at = $4"
            " WHERE shard = $1 AND bet_id = $2",
            *(shard, bet_id, returns, clock.now()),
        )
        await slow_books.release(connection, shard, leg, bet["stake_micros"], bet["currency"])
        fact = BetSettled(
            bet_id=bet_id,
            player_id=player_id,
            returns_micros=returns,
            currency=bet["currency"],
            voided=False,
            rules=bet["rules"],
            rounding=bet["rounding"],
            results=(result,),
            result_nos=(row["no"],),
            movements=movements,
        )
        await row_at_a_time.tell(connection, shard, player_id, fact, clock=clock, entropy=entropy)


def _returns(stake_micros: int, code: str, rounding: str, leg: Leg, result: SelectionResult) -> int:
    void, heat = Fraction(result.void_share), Fraction(result.dead_heat)
    factor = void + (1 - void) * heat * leg.price_exact * result.won
    unit = currency(code).minor_unit_micros
    return round_micros(stake_micros * factor, unit, Rounding(rounding))


async def _book(
    connection: Connection,
    shard: Shard,
    bet_id: BetId,
    player_id: PlayerId,
    stake_micros: int,
    code: str,
    returns: int,
) -> tuple[Movement, ...]:
    """Post the stake to the house, and pay the returns from it."""
    player, house = player_account(player_id, code), stake_account(shard, code)
    await connection.execute(
        "UPDATE wallet_hold SET posted = micros WHERE shard = $1 AND key = $2", shard, bet_id
    )
    await connection.execute(
        "UPDATE wallet_account SET held = held - $3 WHERE shard = $1 AND account_id = $2",
        *(shard, player, stake_micros),
    )
    await _transfer(connection, shard, bet_id, player, house, stake_micros, code, bet_id)
    stake = Movement(
        kind="post",
        key=bet_id,
        hold=bet_id,
        micros=stake_micros,
        currency=code,
        debit=player,
        credit=house,
    )
    if not returns:
        return (stake,)
    key = derived_id("returns", bet_id)
    await _transfer(connection, shard, key, house, player, returns, code, None)
    paid = Movement(
        kind="transfer", key=key, micros=returns, currency=code, debit=house, credit=player
    )
    return (stake, paid)


async def _transfer(
    connection: Connection,
    shard: Shard,
    key: str,
    debit: AccountId,
    credit: AccountId,
    micros: int,
    code: str,
    hold_key: str | None,
) -> None:
    # The player before the house, whoever pays: two bets of one shard could deadlock otherwise.
    # (A single's player row is locked by the first statement of its booking.)
    giver = await connection.fetchrow(
        "UPDATE wallet_account SET debits = debits + $3, entries = entries + 1"
        " WHERE shard = $1 AND account_id = $2 RETURNING credits - debits AS after, entries",
        *(shard, debit, micros),
    )
    taker = await connection.fetchrow(
        "UPDATE wallet_account SET credits = credits + $3, entries = entries + 1"
        " WHERE shard = $1 AND account_id = $2 RETURNING credits - debits AS after, entries",
        *(shard, credit, micros),
    )
    assert giver is not None  # noqa: S101 - opened when the town was
    assert taker is not None  # noqa: S101
    await connection.execute(
        "INSERT INTO wallet_transfer (shard, key, debit_id, credit_id, micros, currency, hold_key,"
        " whole, debit_after, credit_after, debit_no, credit_no, booked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now())",
        *(shard, key, debit, credit, micros, code, hold_key, hold_key is not None),
        *(giver["after"], taker["after"], giver["entries"], taker["entries"]),
    )
