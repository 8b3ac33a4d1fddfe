"""Giving free bets: inside the turn of the players' shards, safe to repeat with the same ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss import jurisdictions, wallet
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import Player
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.facts import FreeBetGiven, FreeBetRefused
from pitboss.sportsbook.betting.model import (
    PROMOTIONS,
    FreeBet,
    Gift,
    GiftAnswer,
    NotGiven,
    promotions_account,
)
from pitboss.sportsbook.betting.operations.terms import minor_unit
from pitboss.wallet.model import Account, AccountKind


async def give_free_bets(turn: Turn, gifts: Sequence[Gift]) -> tuple[GiftAnswer, ...]:
    """Give players stakes for one bet each, and answer each gift in order.

    The same gift again changes nothing; another one under its id is refused.  Refusals are told
    too.  The turn is that of the players' shards.
    """
    places = [(shard_of(gift.player_id), gift.id) for gift in gifts]
    known = await store.find_gifts(turn.tx, store.FREE_BETS, places)
    players = await identity.find_players(
        turn.tx, [(shard_of(gift.player_id), gift.player_id) for gift in gifts]
    )
    fresh: list[FreeBet] = []
    answers: list[GiftAnswer] = []
    for gift, (shard, _) in zip(gifts, places, strict=True):
        answer = _judge_gift(gift, known.get(gift.id), players.get(gift.player_id), turn.now)
        answers.append(answer)
        if isinstance(answer, NotGiven):
            turn.publish(shard, gift.player_id, _not_given(gift, answer))
        elif answer.changed:
            given = known[gift.id] = FreeBet(
                shard=shard,
                id=gift.id,
                player_id=gift.player_id,
                stake_micros=gift.stake_micros,
                currency=gift.currency,
                expires_at=gift.expires_at,
                given_at=turn.now,
            )
            fresh.append(given)
            turn.publish(shard, gift.player_id, _given(given))

    await wallet.open_accounts(turn, [_promotions(item) for item in fresh])
    await store.save_gifts(turn.tx, store.FREE_BETS, fresh)
    return tuple(answers)


def _judge_gift(
    gift: Gift, earlier: FreeBet | None, player: Player | None, now: datetime
) -> GiftAnswer:
    licence = None if player is None else jurisdictions.find(player.jurisdiction)
    return rules.judge_gift(
        gift,
        earlier,
        None if player is None else player.currency,
        None if licence is None else licence.sportsbook,
        minor_unit_micros=minor_unit(gift.currency),
        now=now,
    )


def _given(free_bet: FreeBet) -> FreeBetGiven:
    return FreeBetGiven(
        free_bet=free_bet.id,
        player_id=free_bet.player_id,
        stake_micros=free_bet.stake_micros,
        currency=free_bet.currency,
        expires_at=write_instant(free_bet.expires_at),
    )


def _not_given(gift: Gift, answer: NotGiven) -> FreeBetRefused:
    return FreeBetRefused(
        free_bet=gift.id,
        player_id=gift.player_id,
        stake_micros=gift.stake_micros,
        currency=gift.currency,
        reason=answer.reason,
    )


def _promotions(free_bet: FreeBet) -> Account:
    return Account(
        shard=free_bet.shard,
        id=promotions_account(free_bet.shard, free_bet.currency),
        kind=AccountKind.HOUSE,
        owner=PROMOTIONS,
        currency=free_bet.currency,
        # What free bets returned is a debit of it.
        may_overdraw=True,
    )
