"""What traders say of bets that wait for them: inside the turn of the player's shard."""

from __future__ import annotations

from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.facts import ReferralAnswered
from pitboss.sportsbook.betting.model import Heard, Trader, Unheard
from pitboss.sportsbook.betting.operations.terms import allowed, minor_unit


async def answer_referral(turn: Turn, trader: Trader) -> Heard | Unheard:
    """Put on record what a trader says of a bet that waits; the bet is decided later.

    The first word counts; the same word of the same trader again changes nothing.  It is decided by
    the processor of its partition, as soon as its delay in play is over, and everything else is
    asked once more then: whoever was excluded meanwhile has no bet, whatever a trader says.
    """
    shard = shard_of(trader.player_id)
    place = (shard, trader.bet_id)
    referred = (await store.find_referrals(turn.tx, [place])).get(trader.bet_id)
    bet = (await store.find_bets(turn.tx, [place])).get(trader.bet_id)
    unit, least = 1, 1
    if bet is not None:
        (player,) = (await identity.find_players(turn.tx, [(shard, bet.player_id)])).values()
        unit, least = minor_unit(bet.currency), allowed(player.jurisdiction).stake_micros_min
    answer = rules.hear(
        trader, referred, bet, minor_unit_micros=unit, stake_micros_min=least, now=turn.now
    )
    if isinstance(answer, Unheard) or not answer.changed:
        return answer
    assert referred is not None  # noqa: S101 - no word is taken of what does not wait
    decide_at = max(turn.now, referred.earliest_at)
    await store.save_word(turn.tx, referred, answer.said, decide_at)
    turn.publish(
        shard,
        trader.player_id,
        ReferralAnswered(
            bet_id=trader.bet_id,
            player_id=trader.player_id,
            word=answer.said.word,
            stake_micros=answer.said.stake_micros,
            decide_at=write_instant(decide_at),
            by=trader.by,
        ),
    )
    return answer
