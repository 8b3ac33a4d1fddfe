"""OASIS, the register of Germany: one person by name, day of birth and postcode.

Shape only.  Public is the duty to ask before play (GlüStV 2021, § 6h; SE-13); the interface is
given to licensees by the authority in Darmstadt.  LUGAS, the activity file across operators, is not
here.
"""

from __future__ import annotations

from pitboss.adapters.registers.asking import Asker
from pitboss.adapters.registers.plain import PlainClient
from pitboss.jurisdictions.model import Register

NAME = "OASIS"


def make_client(url: str, key: str, *, asker: Asker | None = None) -> PlainClient:
    """Return a client; `asker` shows our certificate, where one is wanted."""
    return PlainClient(Register.OASIS, url, key, asker=asker or Asker(NAME))
