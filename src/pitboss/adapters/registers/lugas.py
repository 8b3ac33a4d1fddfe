"""LUGAS, the central files of Germany: what was paid in over all operators, and who plays where.

    POST {url}/limits/reserve    {"requestId", "depositId", "person", "cents", "month",
                                  "limitCents", "limitNumber"}
    200                          {"requestId", "granted", "responseId"}
    POST {url}/limits/set        {"requestId", "person", "limitCents", "limitNumber"}
    200                          {"requestId", "responseId"}
    POST {url}/activity/begin    {"requestId", "person"}
    200                          {"requestId", "granted", "leftAt", "responseId"}
    POST {url}/limits/confirm, {url}/limits/release, {url}/activity/end    {"requestId"}
    200                          {"requestId", "responseId"}

Shape only.  Public is the duty (GlüStV 2021, § 6c(1) and 6h(1)-(3)); the interface is given to
licensees by the authority in Halle, and the names here are ours until somebody has compared them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from pitboss.adapters.registers.asking import Asker, read_json, reference, write_json
from pitboss.adapters.registers.plain import name_and_birth
from pitboss.central.model import Began, Claim, LimitClaim, Reserved
from pitboss.kernel.money import currency
from pitboss.registers.errors import RegisterConfused
from pitboss.registers.model import Question

NAME = "LUGAS"


class _Heard(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    request_id: str
    response_id: str


class _Granted(_Heard, frozen=True, kw_only=True, rename="camel"):
    granted: bool
    left_at: datetime | None = None


T = TypeVar("T", bound=_Heard)


class LugasClient:
    """Tells LUGAS, and asks it; every request is known by what it is about, so twice is once."""

    def __init__(self, url: str, key: str, *, asker: Asker | None = None) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._asker = asker or Asker(NAME)

    async def close(self) -> None:
        """Close the connections."""
        await self._asker.close()

    async def reserve(self, claim: Claim) -> Reserved:
        """Ask for room for a deposit.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: what came is not the answer to this claim.
        """
        cent = currency(claim.deposit.currency).minor_unit_micros
        limit = claim.limit_micros
        body = {
            "depositId": claim.deposit.id,
            "person": name_and_birth(claim.person),
            "cents": claim.deposit.micros // cent,
            "month": claim.month,
            "limitCents": None if limit is None else limit // cent,
            "limitNumber": claim.limit_number,
        }
        said = await self._post("limits/reserve", claim.deposit.id, body, _Granted)
        return Reserved(granted=said.granted, reference=reference(NAME, said.response_id))

    async def confirm(self, deposit_id: str) -> None:
        """Tell that a deposit has arrived; raises as `reserve` does."""
        await self._post("limits/confirm", deposit_id, {}, _Heard)

    async def release(self, deposit_id: str) -> None:
        """Tell that a deposit will not arrive; raises as `reserve` does."""
        await self._post("limits/release", deposit_id, {}, _Heard)

    async def limit(self, claim: LimitClaim) -> None:
        """Tell what a player wants to pay in at most in a month; raises as `reserve` does."""
        cent, micros = currency(claim.currency).minor_unit_micros, claim.micros
        body = {
            "person": name_and_birth(claim.person),
            "limitCents": None if micros is None else micros // cent,
            "limitNumber": claim.filed.number,
        }
        await self._post("limits/set", claim.id, body, _Heard)

    async def begin(self, question: Question) -> Began:
        """Ask to have a person active with us; raises as `reserve` does."""
        body = {"person": name_and_birth(question.person)}
        said = await self._post("activity/begin", question.id, body, _Granted)
        if said.left_at is not None and said.left_at.tzinfo is None:
            raise RegisterConfused(f"{NAME} gave a time without a zone")
        return Began(
            granted=said.granted,
            reference=reference(NAME, said.response_id),
            left_at=said.left_at,
        )

    async def end(self, activity_id: str) -> None:
        """Tell that a person is not active with us any more; raises as `reserve` does."""
        await self._post("activity/end", activity_id, {}, _Heard)

    async def _post(self, path: str, request_id: str, body: dict[str, Any], kind: type[T]) -> T:
        headers = {"authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        content = write_json({"requestId": request_id, **body})
        answer = await self._asker.post(f"{self._url}/{path}", content, headers)
        said = read_json(NAME, answer.content, kind)
        if said.request_id != request_id:
            raise RegisterConfused(f"{NAME} answered another question")
        return said
