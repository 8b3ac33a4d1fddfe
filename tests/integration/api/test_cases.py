"""Cases and notes over HTTP: opened once, worked on with a reason, readable with a reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from integration.api.desk import Desk, Somebody, news
from integration.api.office import Colleague, hire
from integration.players.people import assert_rebuilt, facts
from pitboss import order
from pitboss.kernel.ids import derived_id
from pitboss.staff import cases
from pitboss.workers.cases import step

WATCHERS = 6


async def sequence(desk: Desk) -> None:
    """Give every fact its position."""
    async with desk.database.transaction() as tx:
        epoch = await order.take_over(tx, owner="test")
    assert epoch is not None
    async with desk.database.transaction() as tx:
        await order.sequence(tx, epoch=epoch, now=desk.clock.now())


async def watch(desk: Desk) -> None:
    """Read all facts, as several processes do that are all at it at once."""
    await sequence(desk)
    while any(
        await asyncio.gather(
            *(step(desk.database, clock=desk.clock, entropy=desk.entropy) for _ in range(WATCHERS))
        )
    ):
        pass


async def fail_deposits(desk: Desk, player: Somebody, count: int) -> None:
    """Have deposits of a player fail, one after the other."""
    for _ in range(count):
        payment = (await desk.deposit(player, "5.00")).json()
        told = await desk.tell(news(payment, "failed"))
        assert told.json() == {"believed": True, "refusal": None}


async def open_cases(agent: Colleague) -> list[dict[str, Any]]:
    """Return the cases that are open."""
    answer = await agent.ask("GET", "/v1/staff/cases?waiting=true")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["cases"]
    return found


async def test_a_marker_opens_one_case_however_many_watch_and_however_often(desk: Desk) -> None:
    agent = await hire(desk, "ann", "responsible_gaming")
    player, other = await desk.player(), await desk.player()
    await fail_deposits(desk, player, 3)
    await fail_deposits(desk, other, 2)
    await watch(desk)
    first = await open_cases(agent)
    await fail_deposits(desk, player, 4)
    await watch(desk)
    same_day = await open_cases(agent)
    desk.clock.advance(timedelta(hours=25))
    agent.token = (await agent.log_in(code=agent.code())).json()["token"]
    await fail_deposits(desk, player, 3)
    await watch(desk)
    next_day = await open_cases(agent)

    assert [(case["player_id"], case["marker"], case["value"]) for case in first] == [
        (player.player_id, "failed_deposits", 3)
    ]
    assert same_day == first
    assert [(case["case_id"], case["value"]) for case in next_day] == [(first[0]["case_id"], 3)]
    assert len(await facts(desk.database, since="case.opened")) == 1
    assert len(await facts(desk.database, since="case.seen_again")) == 1
    await assert_rebuilt(desk.database)


async def test_whoever_is_killed_before_the_commit_has_opened_nothing(desk: Desk) -> None:
    agent = await hire(desk, "ann", "responsible_gaming")
    await fail_deposits(desk, await desk.player(), 3)
    await sequence(desk)
    with pytest.raises(KeyboardInterrupt):
        async with desk.database.transaction() as tx:
            await cases.watch(tx, now=desk.clock.now(), entropy=desk.entropy)
            raise KeyboardInterrupt
    before = await open_cases(agent)
    await watch(desk)

    assert (before, len(await open_cases(agent))) == ([], 1)


async def test_a_case_is_given_to_who_may_work_on_it_and_closed_with_what_came_of_it(
    desk: Desk,
) -> None:
    ann = await hire(desk, "ann", "responsible_gaming")
    bob = await hire(desk, "bob", "risk")
    eve = await hire(desk, "eve", "trader")
    player = await desk.player()
    await fail_deposits(desk, player, 3)
    await watch(desk)
    (case,) = await open_cases(ann)
    path = f"/v1/staff/cases/{case['case_id']}"
    refused = [
        await ann.ask("POST", f"{path}/assignment", {"to": to, "why": "on_duty"})
        for to in (eve.staff_id, derived_id("nobody"))
    ]
    given = await ann.ask("POST", f"{path}/assignment", {"to": bob.staff_id, "why": "handed_over"})
    mine = await bob.ask("GET", f"/v1/staff/cases?assigned_to={bob.staff_id}")
    by_eve = await eve.ask("POST", f"{path}/closure", {"outcome": "no_concern"})
    closed = await bob.ask("POST", f"{path}/closure", {"outcome": "contacted"})
    again = await bob.ask("POST", f"{path}/closure", {"outcome": "contacted"})
    otherwise = await bob.ask("POST", f"{path}/closure", {"outcome": "excluded"})
    desk.clock.advance(timedelta(minutes=1))
    await fail_deposits(desk, player, 2)
    await watch(desk)
    quiet = await open_cases(bob)
    await fail_deposits(desk, player, 1)
    await watch(desk)
    anew = await open_cases(bob)

    assert [(answer.status, answer.slug) for answer in refused] == [
        (422, "cannot_work_cases"),
        (404, "unknown_agent"),
    ]
    assert given.json()["assigned_to"] == bob.staff_id
    assert [one["case_id"] for one in mine.json()["cases"]] == [case["case_id"]]
    assert (by_eve.status, closed.json()["outcome"], again.status) == (403, "contacted", 200)
    assert (otherwise.status, otherwise.slug) == (409, "case_closed")
    assert quiet == [] and [one["value"] for one in anew] == [3]
    assert anew[0]["case_id"] != case["case_id"]
    (told,) = await facts(desk.database, since="case.assigned")
    assert (told["by"], told["why"]) == (ann.staff_id, "handed_over")
    await assert_rebuilt(desk.database)


async def test_a_note_is_read_by_who_says_why_and_its_text_is_in_no_fact(desk: Desk) -> None:
    ann = await hire(desk, "ann", "support")
    eve = await hire(desk, "eve", "trader")
    player = await desk.player()
    path = f"/v1/staff/players/{player.player_id}/notes"
    text = "Asked to be called back on Monday;\nsounded tired."
    written = await ann.ask("POST", path, {"text": text}, key="note-1")
    again = await ann.ask("POST", path, {"text": text}, key="note-1")
    other = await ann.ask("POST", path, {"text": "something else"}, key="note-1")
    by_eve = await eve.ask("POST", f"{path}/reading", {"purpose": "support"})
    read = await ann.ask("POST", f"{path}/reading", {"purpose": "safer_gambling"})
    nobody = await ann.ask(
        "POST", path.replace(player.player_id, derived_id("nobody")), {"text": text}, key="note-2"
    )

    assert (written.status, again.json()["note_id"]) == (201, written.json()["note_id"])
    assert (other.status, other.slug) == (409, "idempotency_key_reused")
    assert by_eve.status == 403
    assert [note["text"] for note in read.json()["notes"]] == [text]
    assert nobody.status == 404
    (told,) = await facts(desk.database, since="note.written")
    assert told["author"] == f"staff:{ann.staff_id}"
    assert list(told["pd"]) == [f"/notes/{written.json()['note_id']}"]
    looked = await facts(desk.database, since="personal.read")
    assert "safer_gambling" in [fact["purpose"] for fact in looked]
    assert "tired" not in str(await facts(desk.database))
    await assert_rebuilt(desk.database)


async def test_erasing_a_player_erases_what_was_written_about_them(desk: Desk) -> None:
    ann = await hire(desk, "ann", "compliance")
    player = await desk.player()
    path = f"/v1/staff/players/{player.player_id}"
    await ann.ask("POST", f"{path}/notes", {"text": "a note"}, key="note-1")
    close = {"status": "closed", "reason": "player_asked"}
    await ann.ask("POST", f"{path}/status", close, key="close")
    desk.clock.advance(timedelta(days=366 * 11))
    ann.token = (await ann.log_in(code=ann.code())).json()["token"]
    erased = await ann.ask("POST", f"{path}/erasure", {"basis": "gdpr_17_1_a"})
    read = await ann.ask("POST", f"{path}/notes/reading", {"purpose": "support"})
    write = await ann.ask("POST", f"{path}/notes", {"text": "a note"}, key="note-2")

    assert erased.status == 200, erased.body
    assert [(answer.status, answer.slug) for answer in (read, write)] == [
        (410, "subject_erased"),
        (410, "subject_erased"),
    ]
    await assert_rebuilt(desk.database)
