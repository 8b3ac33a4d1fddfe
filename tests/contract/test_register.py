"""What may be expected of every register: our fake, and each client against its simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from answering import Answerer, answering
from contract.fake_registers import FakeRegister
from pitboss.adapters.registers import cruks, oasis
from pitboss.adapters.registers.asking import BYTES_MAX, Asker
from pitboss.adapters.registers.gamstop import GamstopClient
from pitboss.adapters.registers.plain import PlainClient
from pitboss.adapters.registers.rofus import RofusClient
from pitboss.adapters.registers.spelpaus import SpelpausClient
from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.registers.errors import RegisterAway, RegisterConfused
from pitboss.registers.model import Answer, Person, Question, Told
from pitboss.registers.ports import RegisterClient
from pitboss.sandbox.registers import Fate, SandboxRegisters

KEY = "the sandbox's key"
BASE = "http://sandbox/registers"
CLEAR_NUMBER = "199001019802"
PLAYED = (
    Register.GAMSTOP,
    Register.SPELPAUS,
    Register.ROFUS,
    Register.CRUKS,
    Register.OASIS,
    Register.NJ_DGE,
)


def make(register: Register, asker: Asker, *, key: str = KEY) -> RegisterClient:
    """Return the client of a register, asking where its simulator is."""
    url = f"{BASE}/{register}"
    match register:
        case Register.GAMSTOP:
            return GamstopClient(f"{url}/v2", f"{url}/batch/v2", key, asker=asker)
        case Register.SPELPAUS:
            return SpelpausClient(url, "actor", key, asker=asker)
        case Register.ROFUS:
            return RofusClient(url, key, asker=asker)
        case Register.CRUKS:
            return cruks.make_client(url, key, asker=asker)
        case Register.OASIS:
            return oasis.make_client(url, key, asker=asker)
        case _:
            return PlainClient(register, url, key, asker=asker)


def over(app: SandboxRegisters) -> httpx.AsyncClient:
    """Return a client that reaches the simulators without a socket."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app))


@dataclass(slots=True, kw_only=True)
class Stand:
    """A register to be tried, and the hand that decides what becomes of who."""

    client: RegisterClient
    register: Register
    decide: Callable[[Fate], None]
    number: int = 0

    def question(self, name: str = "Example") -> Question:
        """Return a question about somebody, under an id of its own."""
        self.number += 1
        return Question(
            id=derived_id("question", str(self.number)),
            player_id=PlayerId(derived_id("player", name)),
            person=Person(
                given_name="Ann",
                family_name=name,
                born_on="1990-01-01",
                email=f"{name}@example.test",
                postcode="E1 1AA",
                national_id=CLEAR_NUMBER,
            ),
        )


def fake_stand() -> Stand:
    """Return our fake."""
    fake = FakeRegister()

    def decide(fate: Fate) -> None:
        fake.away = fate in (Fate.DOWN, Fate.BUSY, Fate.SLOW)
        fake.confused = fate in (Fate.MALFORMED, Fate.WRONG)
        if fate is Fate.EXCLUDED:
            fake.answers["example"] = Answer.EXCLUDED

    return Stand(client=fake, register=Register.GAMSTOP, decide=decide)


@pytest.fixture(params=["fake", *PLAYED])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    if request.param == "fake":
        yield fake_stand()
        return
    app = SandboxRegisters(KEY, slow_seconds=5.0)
    register = Register(request.param)
    async with over(app) as http:
        yield Stand(
            client=make(register, Asker(register.value, client=http, seconds_max=0.2)),
            register=register,
            decide=lambda fate: app.set_fate(register.value, fate),
        )


async def test_whom_the_register_does_not_name_is_not_excluded_and_the_answer_has_a_name(
    stand: Stand,
) -> None:
    question = stand.question()

    told = await stand.client.ask(question, moment=Moment.LOGIN)

    assert (told.player_id, told.answer) == (question.player_id, Answer.NOT_EXCLUDED)
    assert told.reference


async def test_whom_the_register_names_is_excluded(stand: Stand) -> None:
    stand.decide(Fate.EXCLUDED)

    told = await stand.client.ask(stand.question(), moment=Moment.LOGIN)

    assert told.answer is Answer.EXCLUDED


async def test_asking_again_is_harmless_and_says_the_same(stand: Stand) -> None:
    told = [await stand.client.ask(stand.question(), moment=Moment.LOGIN) for _ in range(3)]

    assert {item.answer for item in told} == {Answer.NOT_EXCLUDED}


async def test_many_are_answered_in_the_order_of_the_questions(stand: Stand) -> None:
    questions = [stand.question(name) for name in ("One", "Two", "Three")]

    told = await stand.client.ask_many(questions, moment=Moment.MARKETING)

    assert [item.player_id for item in told] == [item.player_id for item in questions]
    assert {item.answer for item in told} == {Answer.NOT_EXCLUDED}


@pytest.mark.parametrize("fate", [Fate.DOWN, Fate.BUSY, Fate.SLOW])
async def test_a_register_that_is_away_is_a_fault_that_passes(stand: Stand, fate: Fate) -> None:
    stand.decide(fate)

    with pytest.raises(RegisterAway) as fault:
        await stand.client.ask(stand.question(), moment=Moment.LOGIN)

    assert fault.value.retryable


@pytest.mark.parametrize("fate", [Fate.MALFORMED, Fate.WRONG])
async def test_an_answer_that_is_none_lets_nobody_through(stand: Stand, fate: Fate) -> None:
    stand.decide(fate)

    with pytest.raises(RegisterConfused) as fault:
        await stand.client.ask(stand.question(), moment=Moment.LOGIN)

    assert not fault.value.retryable


@pytest.mark.parametrize("fate", [Fate.DOWN, Fate.MALFORMED, Fate.WRONG])
async def test_a_batch_is_answered_whole_or_not_at_all(stand: Stand, fate: Fate) -> None:
    stand.decide(fate)

    with pytest.raises((RegisterAway, RegisterConfused)):
        await stand.client.ask_many(
            [stand.question(), stand.question("Other")], moment=Moment.MARKETING
        )


@pytest.mark.parametrize("register", PLAYED)
async def test_a_wrong_key_is_found_out(register: Register) -> None:
    async with over(SandboxRegisters(KEY)) as http:
        client = make(register, Asker(register.value, client=http), key="another key")
        stand = Stand(client=client, register=register, decide=lambda fate: None)

        with pytest.raises(RegisterConfused):
            await client.ask(stand.question(), moment=Moment.LOGIN)


@pytest.mark.parametrize("register", PLAYED)
async def test_a_register_that_cannot_be_reached_is_away(register: Register) -> None:
    asker = Asker(register.value)
    client = make(register, asker)
    stand = Stand(client=client, register=register, decide=lambda fate: None)

    with pytest.raises(RegisterAway):
        await client.ask(stand.question(), moment=Moment.LOGIN)
    await asker.close()


def rubbish() -> Iterator[bytes]:
    """Yield what a broken or hostile register may answer."""
    yield b""
    yield b"null"
    yield b"[]"
    yield b"\xff\xfe"
    yield b"<html>welcome to the hotel</html>"
    yield b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    yield b'{"isBlocked": "no", "requestId": 1, "responseId": null}'
    yield b"x" * (BYTES_MAX + 1)


@pytest.mark.parametrize("register", PLAYED)
@pytest.mark.parametrize("content", list(rubbish()), ids=range(8))
async def test_no_rubbish_lets_anybody_through(register: Register, content: bytes) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content)

    async with answering(answer) as http:
        client = make(register, Asker(register.value, client=http))
        stand = Stand(client=client, register=register, decide=lambda fate: None)

        for ask in (client.ask(stand.question(), moment=Moment.LOGIN),):
            with pytest.raises((RegisterConfused, RegisterAway)):
                await ask
        with pytest.raises((RegisterConfused, RegisterAway)):
            await client.ask_many([stand.question()], moment=Moment.MARKETING)


async def test_gamstop_is_asked_by_form_and_answers_in_its_header() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"X-Exclusion": "P", "X-Unique-Id": "abc-1"})

    told = await _ask_gamstop(answer)

    (request,) = seen
    assert (told.answer, told.reference) == (Answer.LAPSED, "abc-1")
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content == (
        b"firstName=Ann&lastName=Example&dateOfBirth=1990-01-01&email=Example%40example.test"
        b"&postcode=E1+1AA"
    )


@pytest.mark.parametrize("header", ["y", "Yes", "", "N,Y"])
async def test_gamstops_header_is_read_to_the_letter(header: str) -> None:
    with pytest.raises(RegisterConfused):
        await _ask_gamstop(
            lambda _: httpx.Response(200, headers={"X-Exclusion": header, "X-Unique-Id": "abc"})
        )


async def test_gamstop_must_name_its_answer() -> None:
    for name in (None, "", "x" * 65, "two words"):
        headers = {"X-Exclusion": "N"} | ({} if name is None else {"X-Unique-Id": name})
        with pytest.raises(RegisterConfused):
            await _ask_gamstop(partial(_said, headers))


async def test_a_batch_of_gamstop_is_a_thousand_people_and_each_gets_their_own_answer() -> None:
    app = SandboxRegisters(KEY)
    async with over(app) as http:
        client = make(Register.GAMSTOP, Asker("GAMSTOP", client=http))
        stand = Stand(client=client, register=Register.GAMSTOP, decide=lambda fate: None)
        names = ("Excluded", "Lapsed", "Clear")
        questions = [stand.question(names[number % 3]) for number in range(1_000)]

        told = await client.ask_many(questions, moment=Moment.DAILY)

        expected = (Answer.EXCLUDED, Answer.LAPSED, Answer.NOT_EXCLUDED)
        assert [item.answer for item in told] == [expected[number % 3] for number in range(1_000)]
        assert len({item.reference for item in told}) == 1_000
        with pytest.raises(RegisterConfused):
            await client.ask_many([*questions, stand.question()], moment=Moment.DAILY)


async def test_spelpaus_is_asked_under_an_id_that_was_never_used() -> None:
    app = SandboxRegisters(KEY)
    async with over(app) as http:
        client = make(Register.SPELPAUS, Asker("Spelpaus", client=http))
        stand = Stand(client=client, register=Register.SPELPAUS, decide=lambda fate: None)
        question = stand.question()
        await client.ask(question, moment=Moment.LOGIN)

        with pytest.raises(RegisterConfused):
            await client.ask(question, moment=Moment.LOGIN)


async def test_spelpaus_is_asked_in_json_as_documented() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        body = {"isBlocked": True, "requestId": derived_id("question", "1"), "responseId": "r"}
        return httpx.Response(200, json=body)

    async with answering(answer) as http:
        client = SpelpausClient("http://there", "7", KEY, asker=Asker("Spelpaus", client=http))
        stand = Stand(client=client, register=Register.SPELPAUS, decide=lambda fate: None)
        told = await client.ask(stand.question(), moment=Moment.LOGIN)

    (request,) = seen
    assert told.answer is Answer.EXCLUDED
    assert request.url.path == "/api/blocking-info/7"
    assert request.headers["authorization"] == KEY
    expected = f'{{"requestId":"{derived_id("question", "1")}","subjectId":"{CLEAR_NUMBER}"}}'
    assert request.content == expected.encode()


def _said(headers: dict[str, str], _: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers=headers)


async def _ask_gamstop(answer: Answerer) -> Told:
    async with answering(answer) as http:
        client = make(Register.GAMSTOP, Asker("GAMSTOP", client=http))
        stand = Stand(client=client, register=Register.GAMSTOP, decide=lambda fate: None)
        return await client.ask(stand.question(), moment=Moment.LOGIN)
