"""Writes of marketing: inside the caller's turn, safe to repeat."""

from __future__ import annotations

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible import exclusion
from pitboss.responsible.marketing.facts import MarketingChanged, MarketingRefused
from pitboss.responsible.marketing.model import Answer, Change, Changed, Consent, Refused

from . import rules, store


async def change(turn: Turn, wish: Change, licence: Jurisdiction) -> Answer:
    """Give or withdraw a player's consent for a channel.

    It can always be withdrawn.  Whoever is excluded or on a time-out cannot give one; an exclusion
    or a time-out that is taken later takes it back at once, and for good.  Saying the same again
    changes and publishes nothing.  The turn holds the player's shard.

    Source: LCCP SR 5.1.12 (consent by channel); LCCP 3.5.8, AGCO 2.14 (no marketing).
    """
    shard = shard_of(wish.player_id)
    ensure(shard in turn.heads, "consents are changed by who holds the player's turn")
    place = (shard, wish.player_id)
    kept_away = await exclusion.recall_exclusions(turn, [place], {wish.player_id: licence})
    refusal = rules.refusal_to_change(wish, kept_away.get(wish.player_id))
    if refusal is not None:
        refused = MarketingRefused(player_id=wish.player_id, channel=wish.channel, reason=refusal)
        turn.publish(shard, wish.player_id, refused)
        return Refused(reason=refusal)
    taken = (await exclusion.count_exclusions(turn.tx, [place])).get(wish.player_id, 0)
    known = {item.channel: item for item in await store.find_consents(turn.tx, [place])}
    before = known.get(wish.channel)
    if before is not None and (before.given, before.heeded) == (wish.given, taken):
        return Changed(consent=before)
    consent = Consent(
        shard=shard,
        player_id=wish.player_id,
        channel=wish.channel,
        given=wish.given,
        changed_at=turn.now,
        heeded=taken,
    )
    await store.save_consent(turn.tx, consent)
    fact = MarketingChanged(
        player_id=wish.player_id, channel=wish.channel, given=wish.given, heeded=taken
    )
    turn.publish(shard, wish.player_id, fact)
    return Changed(consent=consent)
