"""Registers whose interface is not public, asked in one plain form of ours.

    POST {url}  {"requestId": …, "person": {…}}
    200         {"requestId": …, "excluded": …, "responseId": …}

For Cruks and OASIS it is the shape: who is told what, by which means we are known, and that one
person is asked about at a time.  For lists that a regulator sends (NJ, PA, ON, ES) it is how an
operator's own small service before that list is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pitboss.adapters.registers.asking import Asker, read_json, reference, write_json
from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.errors import RegisterConfused
from pitboss.registers.model import Answer, Person, Question, Told

Writer = Callable[[Person], dict[str, str]]


class _Said(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    request_id: str
    excluded: bool
    response_id: str


class PlainClient:
    """Asks one register in the plain form; `write` says what it is told of a person."""

    def __init__(
        self,
        register: Register,
        url: str,
        key: str,
        *,
        write: Writer | None = None,
        asker: Asker | None = None,
    ) -> None:
        self._register, self._url, self._key = register, url, key
        self._write = write or name_and_birth
        self._asker = asker or Asker(register.value)

    @property
    def register(self) -> Register:
        """Which register this is."""
        return self._register

    @property
    def batch_max(self) -> int:
        """One person at a time."""
        return 1

    async def close(self) -> None:
        """Close the connections."""
        await self._asker.close()

    async def ask(self, question: Question, *, moment: Moment) -> Told:
        """Ask about one person.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: what came is not the answer to this question.
        """
        name = self._register.value
        body: dict[str, Any] = {"requestId": question.id, "person": self._write(question.person)}
        headers = {"authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        answer = await self._asker.post(self._url, write_json(body), headers)
        said = read_json(name, answer.content, _Said)
        if said.request_id != question.id:
            raise RegisterConfused(f"{name} answered another question")
        return Told(
            player_id=question.player_id,
            answer=Answer.EXCLUDED if said.excluded else Answer.NOT_EXCLUDED,
            reference=reference(name, said.response_id),
        )

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Ask about each, one after the other.

        Raises:
            RegisterAway: no answer in time about one of them.
            RegisterConfused: what came is not the answer to a question.
        """
        return tuple([await self.ask(item, moment=moment) for item in questions])


def name_and_birth(person: Person) -> dict[str, str]:
    """Return what a list of names is searched by."""
    return {
        "givenName": person.given_name,
        "familyName": person.family_name,
        "dateOfBirth": person.born_on,
        "postcode": person.postcode or "",
    }
