"""A caller is as patient as the API asks, and not more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pitboss.sim.http import Client
from pitboss.sim.season import caller as caller_module
from pitboss.sim.season.caller import TRIES_MAX, ApiAway, Caller, describe, slug_of
from unit.sim.peer import serving

DONE = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
PROBLEM_BODY = b'{"type":"urn:pitboss:problem:price_changed","status":409}'
PROBLEM = (
    b"HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(PROBLEM_BODY), PROBLEM_BODY)
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller_module, "LOST_WAIT_SECONDS", 0)


def after(count: int, first: bytes, then: bytes = DONE) -> Callable[[bytes], bytes]:
    """Answer so many requests in one way and all others in another."""
    heard = iter(range(1_000_000))
    return lambda _: first if next(heard) < count else then


async def test_who_is_told_that_the_api_is_busy_asks_again_with_the_same_key() -> None:
    async with serving(after(3, BUSY)) as peer, Client("127.0.0.1", peer.port) as client:
        caller = Caller(client)
        answer = await caller.ask("POST", "/v1/bets", token="t", key="k", body=b"{}")

        assert answer.status == 202
        assert (caller.busy, len(peer.heard), len(set(peer.heard))) == (3, 4, 1)
        assert b"Authorization: Bearer t\r\nIdempotency-Key: k\r\n" in peer.heard[0]


async def test_who_loses_the_answer_asks_again() -> None:
    half = DONE[:30]
    async with (
        serving(after(2, half), hang_up=True) as peer,
        Client("127.0.0.1", peer.port) as client,
    ):
        caller = Caller(client)
        answer = await caller.ask("POST", "/v1/bets", key="k", body=b"{}")

        assert answer.status == 202
        assert caller.lost == 2


async def test_an_api_that_stays_busy_is_given_up_and_told_why() -> None:
    async with serving(lambda _: BUSY) as peer, Client("127.0.0.1", peer.port) as client:
        with pytest.raises(ApiAway, match=r"GET /x was not answered: 503"):
            await Caller(client).ask("GET", "/x")

        assert len(peer.heard) == TRIES_MAX


async def test_what_is_not_http_is_not_asked_again() -> None:
    async with serving(lambda _: b"SSH-2.0-hi\r\n\r\n") as peer:
        async with Client("127.0.0.1", peer.port) as client:
            with pytest.raises(ApiAway, match="does not begin an answer"):
                await Caller(client).ask("GET", "/x")

        assert len(peer.heard) == 1


async def test_a_problem_is_told_by_its_kind_and_another_answer_by_its_status() -> None:
    async with serving(after(1, PROBLEM)) as peer, Client("127.0.0.1", peer.port) as client:
        problem = await Caller(client).ask("GET", "/x")
        done = await Caller(client).ask("GET", "/x")

        assert (slug_of(problem), slug_of(done)) == ("price_changed", "202")
        assert describe(done) == "202 {}"
