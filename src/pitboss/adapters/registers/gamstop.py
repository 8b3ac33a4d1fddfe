"""GAMSTOP, the register of Great Britain: one person by form, a thousand by JSON.

One person's answer is in the response's headers.  Source: SE-11 (regulation reference), from the
clients that others publish (`Webservice-GAMSTOP`, `yaro/gamstop`); the register's own document is
given to licensees only.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from pitboss.adapters.registers.asking import Asker, read_json, reference, write_json
from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.errors import RegisterConfused
from pitboss.registers.model import Answer, Question, Told

NAME = "GAMSTOP"
BATCH_MAX = 1_000
KEY_HEADER = "X-API-Key"
TRACE_HEADER = "X-Trace-Id"
EXCLUSION_HEADER = "x-exclusion"
ID_HEADER = "x-unique-id"

_ANSWERS = {"Y": Answer.EXCLUDED, "N": Answer.NOT_EXCLUDED, "P": Answer.LAPSED}


class _OneOfMany(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    correlation_id: str
    exclusion: str
    ms_request_id: str


class GamstopClient:
    """Asks GAMSTOP.  `url` is of single requests, `batch_url` of batches."""

    def __init__(self, url: str, batch_url: str, key: str, *, asker: Asker | None = None) -> None:
        self._url, self._batch_url, self._key = url, batch_url, key
        self._asker = asker or Asker(NAME)

    @property
    def register(self) -> Register:
        """Which register this is."""
        return Register.GAMSTOP

    @property
    def batch_max(self) -> int:
        """A thousand people at once."""
        return BATCH_MAX

    async def close(self) -> None:
        """Close the connections."""
        await self._asker.close()

    async def ask(self, question: Question, *, moment: Moment) -> Told:
        """Ask about one person: the headers of the response say Y, N or P.

        Raises:
            RegisterAway: no answer in time, or too many requests.
            RegisterConfused: a wrong key, a person it cannot take, or no such header.
        """
        headers = {
            KEY_HEADER: self._key,
            TRACE_HEADER: question.id,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode(_person(question)).encode()
        answer = await self._asker.post(self._url, body, headers)
        return Told(
            player_id=question.player_id,
            answer=_answer(answer.headers.get(EXCLUSION_HEADER)),
            reference=reference(NAME, answer.headers.get(ID_HEADER)),
        )

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Ask about at most a thousand people; the body names each by what we called it.

        Raises:
            RegisterAway: no answer in time, or too many requests.
            RegisterConfused: a wrong key, or somebody is left out.
        """
        headers = {KEY_HEADER: self._key, "Content-Type": "application/json"}
        people = [{"correlationId": item.id, **_person(item)} for item in questions]
        answer = await self._asker.post(self._batch_url, write_json(people), headers, batch=True)
        said = {
            item.correlation_id: item
            for item in read_json(NAME, answer.content, tuple[_OneOfMany, ...])
        }
        if said.keys() != {item.id for item in questions}:
            raise RegisterConfused(f"{NAME} has not answered for everybody, or for others")
        return tuple(
            Told(
                player_id=item.player_id,
                answer=_answer(said[item.id].exclusion),
                reference=reference(NAME, said[item.id].ms_request_id),
            )
            for item in questions
        )


def _answer(said: str | None) -> Answer:
    """Return what a letter means; without one that we know nobody is let through."""
    found = _ANSWERS.get(said or "")
    if found is None:
        raise RegisterConfused(f"{NAME} said neither Y nor N nor P")
    return found


def _person(question: Question) -> dict[str, str]:
    person = question.person
    return {
        "firstName": person.given_name,
        "lastName": person.family_name,
        "dateOfBirth": person.born_on,
        "email": person.email,
        "postcode": person.postcode or "",
    }
