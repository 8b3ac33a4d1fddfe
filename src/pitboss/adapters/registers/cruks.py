"""Cruks, the register of the Netherlands: yes or no about one person, over mutual TLS.

Shape only.  Public is that it is REST, that a PKIoverheid certificate shows who asks, that it
answers yes or no, and that the citizen's number (BSN) is used for the question and not kept beside
the code that comes back (SE-12); the requests themselves are given to licensees.
"""

from __future__ import annotations

from pitboss.adapters.registers.asking import Asker
from pitboss.adapters.registers.plain import PlainClient
from pitboss.jurisdictions.model import Register
from pitboss.registers.model import Person

NAME = "Cruks"


def make_client(url: str, key: str, *, asker: Asker | None = None) -> PlainClient:
    """Return a client; `asker` shows our certificate, where one is wanted."""
    return PlainClient(
        Register.CRUKS,
        url,
        key,
        write=_written,
        asker=asker or Asker(NAME),
    )


def _written(person: Person) -> dict[str, str]:
    return {"bsn": person.national_id or "", "dateOfBirth": person.born_on}
