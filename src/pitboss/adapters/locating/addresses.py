"""Where network addresses are, and whether they hide: MaxMind's databases, of the operator's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import maxminddb

from pitboss.adapters.locating.watched import WatchedFile
from pitboss.location.errors import AddressesMalformed
from pitboss.location.model import Address, AddressState, Reason, canonical_ip

# In this order; `is_anonymous` alone is told only if none of the others says how.
_HIDDEN = {
    "is_anonymous_vpn": Reason.ADDRESS_VPN,
    "is_public_proxy": Reason.ADDRESS_PROXY,
    "is_residential_proxy": Reason.ADDRESS_RESIDENTIAL_PROXY,
    "is_tor_exit_node": Reason.ADDRESS_TOR,
    "is_hosting_provider": Reason.ADDRESS_HOSTING,
}
_NOT_LOOKED_UP = Address(state=AddressState.NOT_LOOKED_UP)


class MaxMindBook:
    """Looks addresses up in a City or Country database, and in an Anonymous IP one.

    Both are read again when they are replaced.  `None` says that there is no such file, and without
    either nobody has looked an address up: one that may hide is in no country for certain.
    """

    def __init__(self, places: Path | None, anonymous: Path | None) -> None:
        """Open the files.

        Raises:
            AddressesMalformed: one of them is no MaxMind database.
        """
        self._places = None if places is None else WatchedFile(places, _open)
        self._anonymous = None if anonymous is None else WatchedFile(anonymous, _open)

    def find(self, ip: str) -> Address:
        """Return what is known of an address; text that is none is unknown."""
        if self._places is None or self._anonymous is None:
            return _NOT_LOOKED_UP
        spelled = canonical_ip(ip)
        place = _look(self._places.value, spelled)
        country = _code(place, "country")
        return Address(
            state=AddressState.UNKNOWN if country is None else AddressState.FOUND,
            country=country,
            subdivision=_subdivision(place),
            reasons=_reasons(_look(self._anonymous.value, spelled)),
        )


def _open(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
        raise AddressesMalformed(f"{path} is no MaxMind database: {error}") from None


def _look(reader: maxminddb.Reader, ip: str) -> Mapping[str, Any] | None:
    try:
        found = reader.get(ip)
    except (ValueError, maxminddb.InvalidDatabaseError):
        # No address, or one of a family that the database does not have.
        return None
    return found if isinstance(found, Mapping) else None


def _code(place: Mapping[str, Any] | None, level: str) -> str | None:
    """Return the ISO code of a level; where somebody is registered does not count."""
    found = (place or {}).get(level)
    code = found.get("iso_code") if isinstance(found, Mapping) else None
    return code if isinstance(code, str) else None


def _subdivision(place: Mapping[str, Any] | None) -> str | None:
    """Return the code of the largest subdivision: a state, a province."""
    found = (place or {}).get("subdivisions")
    if not isinstance(found, list) or not found or not isinstance(found[0], Mapping):
        return None
    code = found[0].get("iso_code")
    return code if isinstance(code, str) else None


def _reasons(hides: Mapping[str, Any] | None) -> tuple[Reason, ...]:
    if not hides:
        return ()
    reasons = tuple(reason for name, reason in _HIDDEN.items() if hides.get(name))
    if not reasons and hides.get("is_anonymous"):
        return (Reason.ADDRESS_ANONYMOUS,)
    return reasons
