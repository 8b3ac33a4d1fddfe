"""Where players are, as far as their licence says it, in the words of providers."""

from __future__ import annotations

import re

# Licences of a part of a country, as ISO 3166-2 calls it; all others are called as their country.
_REGIONS = {"NJ": "US-NJ", "PA": "US-PA", "ON": "CA-ON"}
_COUNTRY = re.compile(r"[A-Z]{2}")
_ANYWHERE = "ZZ"


def region_of(licence: str) -> str | None:
    """Return the country of a licence, with its part where it is of one; None if it is of none."""
    return _REGIONS.get(licence, licence if _COUNTRY.fullmatch(licence) else None)


def country_of(licence: str) -> str:
    """Return the country of a licence; where it is of none, the code of no country."""
    return (region_of(licence) or _ANYWHERE)[:2]
