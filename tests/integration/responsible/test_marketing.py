"""Who may be contacted: whoever said yes, and has not been kept away since."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from integration.sportsbook.world import Given, World
from pitboss import gate, jurisdictions
from pitboss.audit import rebuild
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import in_turn
from pitboss.db import Database
from pitboss.gate.model import Mailing
from pitboss.jurisdictions import queries
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus, StatusReason, StatusRequest
from pitboss.responsible import exclusion, marketing
from pitboss.responsible.exclusion.model import Initiator, Kind, Reason, Wish
from pitboss.responsible.marketing.model import Answer, Change, Changed, Channel, Refusal, Refused
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
READER = Reader((*ALL_FACTS, Given))
EMAIL, SMS = Channel.EMAIL, Channel.SMS


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def say(
    world: World, player: PlayerId, *, yes: bool = True, channel: Channel = EMAIL
) -> Answer:
    """Give or withdraw a consent."""
    wish = Change(player_id=player, channel=channel, given=yes)
    async with world.turn(shard_of(player)) as turn:
        return await marketing.change(turn, wish, jurisdictions.get("demo"))


async def keep_away(
    world: World, player: PlayerId, *, hours: int | None = None, by: Initiator = Initiator.STAFF
) -> None:
    """Exclude a player; with hours, give a time-out."""
    wish = Wish(
        key=derived_id("exclusion", player, str(hours), by),
        player_id=player,
        kind=Kind.EXCLUSION if hours is None else Kind.TIME_OUT,
        initiator=by,
        reason=Reason.REGISTER if by is Initiator.REGISTER else Reason.PLAYER_ASKED_STAFF,
        hours=hours,
        months=6 if hours is None else None,
    )
    async with world.turn(shard_of(player)) as turn:
        await exclusion.exclude(turn, wish, jurisdictions.get("demo"))


async def mailing(
    world: World, channel: Channel = EMAIL, *, after: PlayerId | None = None, limit: int = 1_000
) -> Mailing:
    """Ask who may be contacted."""
    async with world.database.moment() as tx:
        return await gate.find_mailing(tx, channel, now=world.clock.now(), after=after, limit=limit)


async def test_only_who_said_yes_and_may_play_is_contacted(world: World) -> None:
    ann, excluded, listed, paused, closed, silent, gone = [await world.player() for _ in range(7)]
    for player in (ann, excluded, listed, paused, closed, gone):
        assert isinstance(await say(world, player), Changed)
    await say(world, gone, yes=False)
    await say(world, silent, channel=SMS)
    await keep_away(world, excluded)
    await keep_away(world, listed, by=Initiator.REGISTER)
    await keep_away(world, paused, hours=24)
    closing = StatusRequest(
        key=derived_id("closing", closed),
        player_id=closed,
        status=PlayerStatus.SUSPENDED,
        reason=StatusReason.UNDER_AGE,
    )
    async with world.turn(shard_of(closed)) as turn:
        await identity.set_status(turn, [closing])

    found = await mailing(world)

    assert found.player_ids == (ann,)
    assert (await mailing(world, SMS)).player_ids == (silent,)
    hours = jurisdictions.get("demo").exclusion.marketing_hours_max
    assert found.use_before == world.clock.now() + timedelta(hours=hours)
    async with world.database.moment() as tx:
        report = await rebuild.check(
            tx, spread=lambda tx, work, lots: in_turn(tx, partial(work, reader=READER), lots)
        )
    assert report.ok, report


async def test_a_consent_that_a_time_out_took_back_does_not_come_back_by_itself(
    world: World,
) -> None:
    ann = await world.player()
    await say(world, ann)
    await keep_away(world, ann, hours=24)
    during = await say(world, ann)
    world.clock.advance(timedelta(hours=25))
    after = (await mailing(world)).player_ids
    async with world.database.reading() as tx:
        shown = await marketing.list_consents(tx, ann)

    await say(world, ann)

    assert during == Refused(reason=Refusal.PLAYER_ON_TIME_OUT)
    assert after == ()
    assert shown == dict.fromkeys(Channel, False)
    assert (await mailing(world)).player_ids == (ann,)


async def test_saying_it_again_changes_and_tells_nothing(world: World) -> None:
    ann = await world.player()

    answers = [await say(world, ann, yes=yes) for yes in (True, True, False, False)]

    assert all(isinstance(answer, Changed) for answer in answers)
    told = await world.facts(shard_of(ann), "player.marketing_changed")
    assert [fact["given"] for fact in told] == [True, False]


async def test_pages_of_any_size_name_everybody_once(world: World) -> None:
    players = [await world.player() for _ in range(7)]
    for player in players:
        await say(world, player)
    await keep_away(world, players[3])

    for limit in (1, 2, 7, 100):
        seen: list[PlayerId] = []
        page = await mailing(world, limit=limit)
        seen += page.player_ids
        while page.next_after is not None:
            page = await mailing(world, after=page.next_after, limit=limit)
            seen += page.player_ids
        assert sorted(seen) == sorted(set(players) - {players[3]})
        assert len(seen) == 6


async def test_a_consent_and_an_exclusion_at_once_never_leave_an_excluded_player_on_the_list(
    world: World,
) -> None:
    players = [await world.player() for _ in range(6)]

    await asyncio.gather(
        *(say(world, player) for player in players),
        *(keep_away(world, player) for player in players),
    )

    assert (await mailing(world)).player_ids == ()
    world.clock.advance(timedelta(days=400))
    async with world.database.reading() as tx:
        consents = [await marketing.list_consents(tx, player) for player in players]
    assert not any(consent[EMAIL] for consent in consents)


async def test_from_the_commit_of_an_exclusion_nobody_is_contacted_which_is_soon_enough_everywhere(
    world: World, monkeypatch: pytest.MonkeyPatch, proves: Proves
) -> None:
    known = {code: jurisdictions.get(code) for code in jurisdictions.codes()}
    rules = {code: known[code].exclusion for code in CODES}
    for code in CODES:
        proves("exclusion.marketing_hours_max", code)
        known[code] = msgspec.structs.replace(known["demo"], code=code, exclusion=rules[code])
    monkeypatch.setattr(queries, "_licences", lambda: known)
    players = {code: await world.player(jurisdiction=code) for code in CODES}

    for code, player in players.items():
        await say(world, player)
        before = await mailing(world)
        await keep_away(world, player)

        assert before.player_ids == (player,)
        # A list that was taken before must not be used any longer than this.
        hours = rules[code].marketing_hours_max
        assert before.use_before == world.clock.now() + timedelta(hours=hours)
        assert (await mailing(world)).player_ids == ()
