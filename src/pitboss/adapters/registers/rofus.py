"""ROFUS, the register of Denmark: SOAP, one person by CPR number.

Shape only.  That it is SOAP and is asked by CPR number is public (spillemyndigheden.dk publishes
XML and a C# client for licensees); names of elements and of the action here are ours, in one place,
and must be set to those of the WSDL before anybody real is asked.  Source: SE-09, section 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from pitboss.adapters.registers.asking import Asker, reference
from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.errors import RegisterConfused
from pitboss.registers.model import Answer, Question, Told

NAME = "ROFUS"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "urn:pitboss:rofus"
ACTION = f"{NAMESPACE}/IsPersonExcluded"
_ANSWERS = {"true": Answer.EXCLUDED, "false": Answer.NOT_EXCLUDED}


class RofusClient:
    """Asks ROFUS."""

    def __init__(self, url: str, key: str, *, asker: Asker | None = None) -> None:
        self._url, self._key = url, key
        self._asker = asker or Asker(NAME)

    @property
    def register(self) -> Register:
        """Which register this is."""
        return Register.ROFUS

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
            RegisterAway: no answer in time; so it is with a SOAP fault, which comes as 500.
            RegisterConfused: what came is not the answer to this question.
        """
        headers = {
            "authorization": f"Bearer {self._key}",
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{ACTION}"',
        }
        answer = await self._asker.post(self._url, _envelope(question), headers)
        said = _read(answer.content)
        if said.get("RequestId") != question.id:
            raise RegisterConfused(f"{NAME} answered another question")
        found = _ANSWERS.get(said.get("IsExcluded", ""))
        if found is None:
            raise RegisterConfused(f"{NAME} said neither true nor false")
        return Told(
            player_id=question.player_id,
            answer=found,
            reference=reference(NAME, said.get("ResponseId")),
        )

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Ask about each, one after the other.

        Raises:
            RegisterAway: no answer in time about one of them.
            RegisterConfused: what came is not the answer to a question.
        """
        return tuple([await self.ask(item, moment=moment) for item in questions])


def _envelope(question: Question) -> bytes:
    person = escape(question.person.national_id or "")
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:r="{NAMESPACE}">'
        f"<s:Body><r:IsPersonExcluded><r:RequestId>{escape(question.id)}</r:RequestId>"
        f"<r:CprNumber>{person}</r:CprNumber></r:IsPersonExcluded></s:Body></s:Envelope>"
    ).encode()


def _read(content: bytes) -> dict[str, str]:
    """Return the texts of an answer by the names of their elements."""
    # Whoever declares entities wants to be unpacked, or to read our files.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise RegisterConfused(f"{NAME} answered with a document type")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - no entities, see above
    except (ElementTree.ParseError, UnicodeDecodeError, ValueError, LookupError):
        raise RegisterConfused(f"{NAME} answered what cannot be read") from None
    found = root.find(f"{{{SOAP}}}Body/{{{NAMESPACE}}}IsPersonExcludedResponse")
    if found is None:
        raise RegisterConfused(f"{NAME} answered something else")
    return {item.tag.rpartition("}")[2]: (item.text or "").strip() for item in found}
