"""Spelpaus, the register of Sweden: a JSON API of its own for logins, and another for advertising.

Source: SE-10 and SE-07 (regulation reference), from spelpaus.se and its test API (v1.1).  The login
API is documented field by field; of the advertising API we have read that it takes at most 10,000
ids a call, and its field names here are our own until somebody has compared them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pitboss.adapters.registers.asking import Asker, read_json, reference, write_json
from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.errors import RegisterConfused
from pitboss.registers.model import Answer, Question, Told

NAME = "Spelpaus"
MARKETING_MAX = 10_000
LOGIN_PATH = "/api/blocking-info/{actor_id}"
MARKETING_PATH = "/api/marketing-subjectid/{actor_id}"


class _Blocking(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    is_blocked: bool
    request_id: str
    response_id: str


class _Subject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    subject_id: str
    is_blocked: bool


class _Marketing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    request_id: str
    response_id: str
    subjects: tuple[_Subject, ...]


class SpelpausClient:
    """Asks Spelpaus as the licensee that `actor_id` names."""

    def __init__(self, url: str, actor_id: str, key: str, *, asker: Asker | None = None) -> None:
        self._url, self._actor_id, self._key = url.rstrip("/"), actor_id, key
        self._asker = asker or Asker(NAME)

    @property
    def register(self) -> Register:
        """Which register this is."""
        return Register.SPELPAUS

    @property
    def batch_max(self) -> int:
        """Only advertising is asked about in batches."""
        return MARKETING_MAX

    async def close(self) -> None:
        """Close the connections."""
        await self._asker.close()

    async def ask(self, question: Question, *, moment: Moment) -> Told:
        """Ask whether one person is blocked, under an id that was never used before.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: 400 or 401, or the answer is to another question.
        """
        if moment is Moment.MARKETING:
            (told,) = await self.ask_many([question], moment=moment)
            return told
        body = {"requestId": question.id, "subjectId": question.person.national_id or ""}
        said = read_json(NAME, await self._post(LOGIN_PATH, body, batch=False), _Blocking)
        if said.request_id != question.id:
            raise RegisterConfused(f"{NAME} answered another question")
        return Told(
            player_id=question.player_id,
            answer=_answer(said.is_blocked),
            reference=reference(NAME, said.response_id),
        )

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Ask about at most 10,000 people, of the advertising API: the login API takes one.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: 400 or 401, or somebody is left out.
        """
        wanted = [item.person.national_id or "" for item in questions]
        body = {
            "requestId": questions[0].id,
            "subjects": [{"subjectId": subject_id} for subject_id in dict.fromkeys(wanted)],
        }
        said = read_json(NAME, await self._post(MARKETING_PATH, body, batch=True), _Marketing)
        blocked = {item.subject_id: item.is_blocked for item in said.subjects}
        if said.request_id != questions[0].id or blocked.keys() != set(wanted):
            raise RegisterConfused(f"{NAME} has not answered for everybody, or for others")
        name = reference(NAME, said.response_id)
        return tuple(
            Told(player_id=item.player_id, answer=_answer(blocked[subject_id]), reference=name)
            for item, subject_id in zip(questions, wanted, strict=True)
        )

    async def _post(self, path: str, body: Mapping[str, object], *, batch: bool) -> bytes:
        url = self._url + path.format(actor_id=self._actor_id)
        headers = {"authorization": self._key, "Content-Type": "application/json"}
        return (await self._asker.post(url, write_json(body), headers, batch=batch)).content


def _answer(blocked: bool) -> Answer:
    return Answer.EXCLUDED if blocked else Answer.NOT_EXCLUDED
