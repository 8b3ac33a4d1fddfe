"""Promises of the witness: it never cosigns a smaller or another tree, whoever asks at once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from answering import Answerer, answering
from integration.witness.village import (
    AT,
    LOG,
    SIZE_MAX,
    URL,
    WITNESS,
    ask,
    client_of,
    make_witness,
    note_of,
    proof_up_to,
)
from pitboss.adapters.witnesses import ask_witness
from pitboss.audit.record.model import Cosigned, NotCosigned
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.checkpoints import open_checkpoint, parse_checkpoint
from pitboss.tlog.cosignatures import cosigned_at, verifier_of
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import add_signatures, parse_note
from pitboss.witness.record import log_name

SHOWN = f"{URL}/{log_name(LOG.name)}/checkpoint"


async def test_a_log_that_grows_is_cosigned_and_shown(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        old = 0
        for size in (1, 2, 16, 17, SIZE_MAX, SIZE_MAX):
            answer = await ask(client, size, old=old)
            assert isinstance(answer, Cosigned)
            old = size

            shown = await client.get(SHOWN)
            both = [verifier_of(LOG.verifier), verifier_of(WITNESS.verifier)]
            opened = open_checkpoint(shown.content, both)
            assert (opened.checkpoint.size, len(opened.signatures)) == (size, 2)
            assert [cosigned_at(line) for line in answer.signatures] == [AT]
            assert parse_note(shown.content) == add_signatures(note_of(size), answer.signatures)


async def test_who_does_not_know_what_it_saw_is_told_and_asks_again(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        await ask(client, 5)

        assert isinstance(await ask(client, 9), Cosigned)
        assert isinstance(await ask(client, 12, old=11), Cosigned)


async def test_a_log_that_was_rolled_back_is_told_so(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        await ask(client, 9)

        answer = await ask(client, 5)

        assert answer == NotCosigned(why="it has seen 9 entries, and we have 5", seen=9)


async def test_a_witness_remembers_across_its_death(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        await ask(client, 9)
    (tmp_path / f"{log_name(LOG.name)}.new").write_bytes(b"a crash left half of thi")

    async with client_of(make_witness(tmp_path)) as client:
        assert isinstance(await ask(client, 5), NotCosigned)
        assert isinstance(await ask(client, 10, old=9), Cosigned)


async def test_a_witness_that_cannot_trust_its_memory_cosigns_nothing(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        await ask(client, 9)
        (tmp_path / f"{log_name(LOG.name)}.checkpoint").write_bytes(b"")

        answer = await ask(client, 10, old=9)

        assert isinstance(answer, NotCosigned)
        assert "it answered 503" in answer.why


@pytest.mark.parametrize("seed", range(8))
async def test_however_many_ask_at_once_what_was_seen_only_grows(tmp_path: Path, seed: int) -> None:
    """Two witnesses share a folder, as two processes would; every start is the same."""
    dice = random.Random(seed)
    witnesses = [make_witness(tmp_path) for _ in range(2)]
    async with client_of(witnesses[0]) as one, client_of(witnesses[1]) as other:
        sizes = [dice.randrange(1, SIZE_MAX + 1) for _ in range(16)]
        bodies = [first_request(size) for size in sizes]

        answers = await asyncio.gather(
            *(dice.choice((one, other)).post(f"{URL}/add-checkpoint", content=b) for b in bodies)
        )

        shown = parse_checkpoint(parse_note((await one.get(SHOWN)).content).text)
    winners = [size for size, answer in zip(sizes, answers, strict=True) if answer.is_success]
    assert winners == [shown.size]
    assert {answer.text for answer in answers if answer.status_code == 409} == {f"{shown.size}\n"}


async def test_askers_who_follow_each_other_all_get_there(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        answers = await asyncio.gather(*(ask(client, size) for size in range(1, SIZE_MAX + 1)))

        shown = parse_checkpoint(parse_note((await client.get(SHOWN)).content).text)

    cosigned = [at + 1 for at, answer in enumerate(answers) if isinstance(answer, Cosigned)]
    assert cosigned
    assert max(cosigned) == shown.size


def first_request(size: int) -> bytes:
    """Return a request of somebody who thinks that the witness has seen nothing."""
    return f"old 0\n\n{note_of(size)}".encode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/add-checkpoint", 405),
        ("POST", f"/{'0' * 64}/checkpoint", 405),
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("GET", "/../../etc/passwd/checkpoint", 404),
        ("GET", f"/{'0' * 63}%0A/checkpoint", 404),
        ("GET", "/healthz", 200),
        ("GET", "/", 404),
        ("POST", "/add-checkpoint", 400),
    ],
)
async def test_other_questions_have_plain_answers(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        assert (await client.request(method, f"{URL}{path}")).status_code == status


async def test_a_body_without_end_is_not_read_to_it(tmp_path: Path) -> None:
    async with client_of(make_witness(tmp_path)) as client:
        answer = await client.post(f"{URL}/add-checkpoint", content=b"x" * 1_000_000)

        assert answer.status_code == 413


def raises(error: Exception) -> Answerer:
    """Return a witness that cannot be reached."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    return answer


OTHER = SigningKey.generate(WITNESS.name, SeededEntropy("other"), kind=COSIGNATURE_ED25519)


@pytest.mark.parametrize(
    ("answerer", "why"),
    [
        (raises(httpx.ConnectError("refused")), "refused"),
        (raises(httpx.ReadTimeout("")), "ReadTimeout"),
        (lambda _: httpx.Response(500, text="oh\n"), "it answered 500: 'oh'"),
        (lambda _: httpx.Response(302, headers={"location": "/"}), "it answered 302"),
        (lambda _: httpx.Response(200, text=""), "not a signature line"),
        (lambda _: httpx.Response(200, text="\x00"), "not believed"),
        (lambda _: httpx.Response(200, text=note_of(3).signatures[0].line), "signed by log"),
        (lambda _: httpx.Response(200, content=b"x" * 100_000), "over 65536 bytes"),
        (lambda _: httpx.Response(409, text="soon\n"), "not a decimal number"),
        (lambda _: httpx.Response(409, text="0\n"), "contradicts itself about size 0"),
        (lambda _: httpx.Response(409, text="4\n"), "it has seen 4 entries, and we have 3"),
    ],
)
async def test_a_witness_that_fails_is_told_of(answerer: Answerer, why: str) -> None:
    async with answering(answerer) as client:
        answer = await ask(client, 3)

    assert isinstance(answer, NotCosigned)
    assert why in answer.why


@pytest.mark.parametrize(
    ("statuses", "differs"),
    [
        ([(422, "no\n")], True),
        ([(409, "2\n"), (422, "no\n")], True),
        # It saw the same size with another root.
        ([(409, "3\n"), (409, "3\n")], True),
        ([(409, "2\n"), (409, "2\n")], False),
        ([(404, "who?\n")], False),
    ],
    ids=str,
)
async def test_a_witness_that_saw_another_history_is_told_from_one_that_only_fails(
    statuses: list[tuple[int, str]], differs: bool
) -> None:
    told = iter(statuses)

    def answer(_: httpx.Request) -> httpx.Response:
        status, text = next(told)
        return httpx.Response(status, text=text)

    async with answering(answer) as client:
        answered = await ask(client, 3)

    assert isinstance(answered, NotCosigned)
    assert answered.differs is differs


async def test_a_proof_that_cannot_be_made_is_no_error_of_ours(tmp_path: Path) -> None:
    async def fail(_: int) -> list[bytes]:
        raise Unreadable("tile/0/000", "it is missing")

    async with client_of(make_witness(tmp_path)) as client:
        answer = await ask_witness(client, URL, WITNESS.verifier, note_of(3), old=0, prove=fail)

    assert answer == NotCosigned(why="there is no proof to show it: tile/0/000: it is missing")


async def test_a_witness_that_never_agrees_is_left_alone() -> None:
    told = iter(("1\n", "2\n", "1\n", "2\n"))

    async with answering(lambda _: httpx.Response(409, text=next(told))) as client:
        answer = await ask(client, 3)

    assert answer == NotCosigned(why="it saw another size 3 times", seen=1)


async def test_a_cosignature_of_another_text_or_key_is_not_taken(tmp_path: Path) -> None:
    def forge(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=lines)

    async with client_of(make_witness(tmp_path)) as client:
        answer = await ask(client, 4)
        assert isinstance(answer, Cosigned)
        lines = answer.signatures[0].line

    async with answering(forge) as client:
        replayed = await ask(client, 3)
        other = await ask_witness(
            client, URL, OTHER.verifier, note_of(4), old=0, prove=proof_up_to(4)
        )
    assert isinstance(replayed, NotCosigned)
    assert "invalid signature" in replayed.why
    assert isinstance(other, NotCosigned)
    assert "not by" in other.why
