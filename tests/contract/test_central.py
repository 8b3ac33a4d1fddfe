"""What may be expected of central files: our fake, and the client against its simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from contract.fake_central import FakeCentral
from pitboss.adapters.registers.asking import Asker
from pitboss.adapters.registers.lugas import LugasClient
from pitboss.central.model import Claim, Deposit, FiledLimit, LimitClaim
from pitboss.central.ports import CentralFiles
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.registers.errors import RegisterAway, RegisterConfused
from pitboss.registers.model import Person, Question
from pitboss.sandbox.central import CentralBook
from pitboss.sandbox.registers import Fate, SandboxRegisters

KEY = "the sandbox's key"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))
PERSON = Person(given_name="Ann", family_name="Example", born_on="1990-01-01", email="a@b.test")
HEADERS = {"authorization": f"Bearer {KEY}"}


def claim(name: str, euros: int, limit: int | None = None, month: str = "2026-11") -> Claim:
    deposit = Deposit(
        shard=shard_of(ANN),
        id=PaymentId(derived_id("deposit", name)),
        player_id=ANN,
        micros=euros * 1_000_000,
        currency="EUR",
    )
    limit_micros = None if limit is None else limit * 1_000_000
    return Claim(deposit=deposit, month=month, limit_micros=limit_micros, person=PERSON)


def limit_claim(number: int, euros: int | None) -> LimitClaim:
    filed = FiledLimit(shard=shard_of(ANN), player_id=ANN, number=number, told=False)
    micros = None if euros is None else euros * 1_000_000
    return LimitClaim(filed=filed, micros=micros, currency="EUR", person=PERSON)


def question(name: str) -> Question:
    return Question(id=derived_id("activity", name), player_id=ANN, person=PERSON)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def played(clock: ManualClock) -> SandboxRegisters:
    app = SandboxRegisters(KEY, slow_seconds=0.2)
    app.central = CentralBook(clock=clock)
    return app


@pytest.fixture
async def http(played: SandboxRegisters) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=played)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as made:
        yield made


@pytest.fixture
def client(http: httpx.AsyncClient) -> LugasClient:
    asker = Asker("lugas", client=http, seconds_max=0.05)
    return LugasClient("http://sandbox/registers/lugas/", KEY, asker=asker)


@pytest.fixture(params=["fake", "lugas"])
def files(request: pytest.FixtureRequest, client: LugasClient) -> CentralFiles:
    return FakeCentral() if request.param == "fake" else client


async def test_no_more_than_a_thousand_is_granted_and_what_is_released_is_free_again(
    files: CentralFiles,
) -> None:
    first = await files.reserve(claim("first", 990))
    again = await files.reserve(claim("first", 990))
    over = await files.reserve(claim("second", 11))
    await files.release(claim("first", 990).deposit.id)
    await files.release("never heard of")
    free = await files.reserve(claim("second", 11))

    assert [item.granted for item in (first, again, over, free)] == [True, True, False, True]
    assert first.reference == again.reference


async def test_what_the_player_wants_to_pay_in_at_most_is_kept_to(files: CentralFiles) -> None:
    found = [(await files.reserve(claim(name, 10, limit=25))).granted for name in ("a", "b", "c")]

    assert found == [True, True, False]


async def test_a_limit_is_told_without_a_deposit_and_what_is_older_changes_nothing(
    client: LugasClient, played: SandboxRegisters
) -> None:
    found = []
    for number, euros in ((2, 25), (1, 90), (2, 25), (3, None), (4, 10)):
        await client.limit(limit_claim(number, euros))
        found.append(played.central.limit_of("Example"))
    stale = replace(claim("a", 11, limit=500), limit_number=3)

    assert found == [2_500, 2_500, 2_500, None, 1_000]
    assert not (await client.reserve(stale)).granted
    assert played.central.limit_of("Example") == 1_000


async def test_play_begins_and_ends_and_both_may_be_said_twice(files: CentralFiles) -> None:
    for _ in range(2):
        assert (await files.begin(question("one"))).granted
    for _ in range(2):
        await files.end(question("one").id)
    await files.end("never heard of")
    await files.confirm(claim("first", 10).deposit.id)


async def play_others(http: httpx.AsyncClient, **said: object) -> None:
    answer = await http.post(
        "/registers/lugas/others", json={"who": "example", **said}, headers=HEADERS
    )
    assert answer.status_code == 200, answer.text


async def test_deposits_and_limits_with_other_operators_count_in_their_month(
    client: LugasClient, http: httpx.AsyncClient
) -> None:
    await play_others(http, cents=95_000, month="2026-11")
    over = await client.reserve(claim("a", 51))
    next_month = await client.reserve(claim("b", 51, month="2026-12"))
    await play_others(http, limitCents=96_000)
    lower = await client.reserve(claim("c", 11))

    assert [item.granted for item in (over, next_month, lower)] == [False, True, False]


async def test_who_is_active_elsewhere_is_refused_and_for_five_minutes_after(
    client: LugasClient, http: httpx.AsyncClient, clock: ManualClock, played: SandboxRegisters
) -> None:
    await play_others(http, active=True)
    there = await client.begin(question("one"))
    await play_others(http, active=False)
    clock.advance(timedelta(minutes=5, seconds=-1))
    early = await client.begin(question("two"))
    clock.advance(timedelta(seconds=1))
    late = await client.begin(question("three"))

    assert [item.granted for item in (there, early, late)] == [False, False, True]
    assert early.left_at == NOW
    assert played.central.is_active("Example")


@pytest.mark.parametrize(
    ("fate", "fault"),
    [
        (Fate.DOWN, RegisterAway),
        (Fate.BUSY, RegisterAway),
        (Fate.SLOW, RegisterAway),
        (Fate.MALFORMED, RegisterConfused),
        (Fate.WRONG, RegisterConfused),
    ],
)
async def test_anything_but_the_answer_to_the_question_is_a_fault(
    client: LugasClient,
    played: SandboxRegisters,
    fate: Fate,
    fault: type[Exception],
) -> None:
    played.set_fate("lugas", fate)

    for asked in (
        client.reserve(claim("a", 10)),
        client.limit(limit_claim(1, 10)),
        client.begin(question("one")),
        client.confirm("a"),
        client.release("a"),
        client.end("a"),
    ):
        with pytest.raises(fault):
            await asked


async def test_a_wrong_key_and_a_claim_of_nothing_are_refused(
    client: LugasClient, http: httpx.AsyncClient
) -> None:
    stranger = LugasClient("http://sandbox/registers/lugas", "x", asker=Asker("l", client=http))
    nothing = claim("a", 10)

    with pytest.raises(RegisterConfused):
        await stranger.reserve(nothing)
    with pytest.raises(RegisterConfused):
        await client.reserve(replace(nothing, deposit=replace(nothing.deposit, micros=0)))
    answer = await http.post("/registers/lugas/else", json={"requestId": "a"}, headers=HEADERS)
    assert answer.status_code == 404
