"""Reads of marketing."""

from __future__ import annotations

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.marketing.model import Channel, Consent, Place

from . import rules, store

# Staff asks for as many at once, and a mailing is sent in pieces.
PAGE_MAX = 1_000


async def list_consents(tx: Transaction, player_id: PlayerId) -> dict[Channel, bool]:
    """Say of every channel whether the player may be written to, as far as the consent goes."""
    place = (shard_of(player_id), player_id)
    given = await store.find_consents(tx, [place])
    taken = await exclusion.count_exclusions(tx, [place])
    return dict.fromkeys(Channel, False) | {
        item.channel: rules.counts(item, taken.get(player_id, 0)) for item in given
    }


async def find_contactable(
    tx: Transaction, channel: Channel, *, after: Place | None, limit: int
) -> tuple[list[Consent], Place | None]:
    """Return whose consent for a channel counts, in order, and where the next page begins.

    At most 1,000 are looked at; None: there are no more.  A page may be empty and another follow.
    Whether those players may play at all is not asked here.
    """
    given = await store.find_given(tx, channel, after=after, limit=min(limit, PAGE_MAX))
    taken = await exclusion.count_exclusions(tx, [(item.shard, item.player_id) for item in given])
    count = [item for item in given if rules.counts(item, taken.get(item.player_id, 0))]
    more = len(given) == min(limit, PAGE_MAX)
    return count, (given[-1].shard, given[-1].player_id) if given and more else None
