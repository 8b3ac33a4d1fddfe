"""Whoever asks for draws gets each once, and knows what it means when there is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from integration.rng.test_certificate import Certified
from pitboss.adapters.rng import RngAway, RngClient, RngClosed, RngRefused
from pitboss.app import rng
from pitboss.rng.records import replay
from rng_process import copy_room, framed, serving

ROULETTE = {"kind": "range", "low": 0, "high": 36, "count": 1}


def draw(client: RngClient, draw_id: str, **mapping: Any) -> Awaitable[Any]:
    """Ask for a draw."""
    return client.draw(
        draw_id=draw_id, round_id="round", purpose="spin", mapping=mapping or ROULETTE
    )


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Give the path of a socket."""
    return tmp_path / "socket"


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    """Give a copy of the room that is certified as it is."""
    return Certified(tmp_path / "certified", rng.measure())


@pytest.fixture
async def client(path: Path) -> AsyncIterator[RngClient]:
    """Give a client of a process that serves."""
    with serving(path):
        client = RngClient(path)
        yield client
        await client.close()


async def test_draws_come_with_their_records(client: RngClient) -> None:
    records = [await draw(client, str(number)) for number in range(20)]

    assert [record.sequence for record in records] == list(range(1, 21))
    assert all(replay(record) == record.values for record in records)
    assert (await client.status())["draws"] == 20
    assert (await client.self_test())["may_draw"] is True


async def test_many_at_once_share_a_connection_and_mix_up_nothing(client: RngClient) -> None:
    records = await asyncio.gather(*(draw(client, str(number)) for number in range(100)))

    assert [record.draw_id for record in records] == [str(number) for number in range(100)]
    assert sorted(record.sequence for record in records) == list(range(1, 101))


async def test_one_that_gives_up_in_the_middle_spoils_no_other_answer(client: RngClient) -> None:
    for number in range(20):
        asking = asyncio.ensure_future(draw(client, f"given up {number}"))
        await asyncio.sleep(number / 10_000)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await draw(client, f"next {number}")).draw_id == f"next {number}"


async def test_what_is_refused_is_said(client: RngClient) -> None:
    with pytest.raises(RngRefused, match="a range, a shuffle or weighted"):
        await draw(client, "1", kind="dice")
    await draw(client, "2")
    with pytest.raises(RngRefused, match="another draw"):
        await draw(client, "2", kind="range", low=0, high=35, count=1)
    with pytest.raises(RngRefused, match="no signed manifest"):
        await client.check()


async def test_nobody_there_is_a_fault_to_try_again(path: Path) -> None:
    client = RngClient(path)

    with pytest.raises(RngAway) as caught:
        await draw(client, "1")
    assert caught.value.retryable

    with serving(path):
        assert await draw(client, "1")
        await client.close()


async def test_one_that_is_killed_under_a_client_is_away_and_then_another(path: Path) -> None:
    client = RngClient(path)
    with serving(path) as process:
        first = await draw(client, "1")
        process.kill()
        process.wait()
        with pytest.raises(RngAway):
            await draw(client, "2")
    with serving(path):
        second = await draw(client, "2")
    await client.close()

    assert first.instance != second.instance


async def test_an_answer_that_was_lost_is_given_again(path: Path) -> None:
    with serving(path):
        reader, writer = await asyncio.open_unix_connection(path)
        request = {"op": "draw", "draw_id": "lost", "round_id": "round", "purpose": "spin"}
        writer.write(framed({**request, "mapping": ROULETTE}))
        await reader.readexactly(4)
        writer.close()
        client = RngClient(path)

        record = await draw(client, "lost")

        assert record.sequence == 1
        await client.close()


async def test_one_that_is_not_certified_is_closed(tmp_path: Path, path: Path) -> None:
    room = copy_room(tmp_path / "copy")
    client = RngClient(path)
    with serving(path, str(tmp_path / "no.note"), "lab", room=room):
        with pytest.raises(RngClosed) as caught:
            await draw(client, "1")
        assert (await client.status())["may_draw"] is False
        await client.close()

    assert not caught.value.retryable


async def test_it_says_which_licences_it_is_certified_for(
    certified: Certified, path: Path, client: RngClient
) -> None:
    other = RngClient(certified.socket)
    with serving(certified.socket, *certified.words(), room=certified.room):
        assert await other.licences() == {"GB", "NJ"}
        assert await client.licences() == frozenset()
        certified.change_a_byte()
        with pytest.raises(RngClosed):
            await other.check()
        assert await other.licences() == frozenset()
        await other.close()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def answers(data: bytes) -> Serve:
    """Return a server that answers anything with these bytes, and then says no more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(data)
        await writer.drain()
        await reader.read()
        writer.close()

    return serve


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", RngAway),
        (b"\x00\x00", RngAway),
        (b"\x00\x00\x00\x05ab", RngAway),
        (b"\xff\xff\xff\xff", RngRefused),
        (b"\x00\x00\x00\x02ab", RngRefused),
        (b"\x00\x00\x00\x02[]", RngRefused),
        (framed({"ok": True}), RngRefused),
        (framed({"ok": True, "record": {}}), RngRefused),
        (framed({}), RngRefused),
    ],
)
async def test_an_answer_that_is_none_is_believed_by_nobody(
    path: Path, data: bytes, fault: type[Exception]
) -> None:
    server = await asyncio.start_unix_server(await answers(data), path)
    client = RngClient(path, seconds=0.5)

    with pytest.raises(fault):
        await draw(client, "1")

    await client.close()
    server.close()


async def test_a_record_that_contradicts_itself_is_believed_by_nobody(
    tmp_path: Path, path: Path
) -> None:
    with serving(path):
        client = RngClient(path)
        record = (await draw(client, "1")).to_json()
        await client.close()
    record["values"] = [(record["values"][0] + 1) % 37]
    other = tmp_path / "other"
    server = await asyncio.start_unix_server(
        await answers(framed({"ok": True, "record": record})), other
    )
    client = RngClient(other)

    with pytest.raises(RngRefused, match="other than the words say"):
        await draw(client, "1")

    await client.close()
    server.close()


async def test_it_says_how_it_stands_when_it_has_compared_itself_on_demand(
    certified: Certified,
) -> None:
    with serving(certified.socket, *certified.words(), room=certified.room):
        client = RngClient(certified.socket)
        good = await client.checked_generator()
        certified.change_a_byte()
        before = await client.generator()
        bad = await client.checked_generator()
        await client.close()

    assert good.may_draw and good.certificate is not None
    assert (good.certificate.number, good.certificate.licences) == ("LAB-2026-7", ("GB", "NJ"))
    assert before.may_draw
    assert (bad.may_draw, bad.certificate, bad.code_hash) == (False, None, good.code_hash)
    assert "mapping.py: changed" in (bad.why_not or "")


async def test_one_without_a_certificate_stands_as_it_did(client: RngClient) -> None:
    stands = await client.checked_generator()

    assert stands.may_draw
    assert (stands.certificate, stands.checked_seconds_ago) == (None, None)


async def test_one_that_was_started_anew_is_not_taken_for_one_that_is_away(path: Path) -> None:
    """Each process has a connection to the one before, and would refuse a player for it."""
    client = RngClient(path)
    with serving(path) as process:
        first = await client.generator()
        process.kill()
        process.wait()
    with serving(path):
        second = await client.generator()
        await client.close()

    assert second.may_draw and second.instance != first.instance
