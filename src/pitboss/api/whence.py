"""From which network address a request comes."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from litestar.types import HTTPScope

_FORWARDED = b"x-forwarded-for"
# What nobody's address is: it is in no country.
NOWHERE = "::"
# As many proxies as nobody has in a row.
_HEADER_LENGTH_MAX = 1_024


def asked_from(scope: HTTPScope, *, proxies_trusted: int) -> str:
    """Return the address of whoever asks, in its usual spelling; `::` if nobody can say.

    That is the connection's, unless so many proxies of our own stand before us: each writes whom it
    was asked by at the end of `X-Forwarded-For`, so what stands before those entries anybody may
    have written.  A request with fewer entries did not come through all of them, and is believed
    to be from nowhere.
    """
    if not proxies_trusted:
        client = scope.get("client")
        return NOWHERE if client is None else _spelled(client[0])
    values = b",".join([value for name, value in scope["headers"] if name == _FORWARDED])
    entries = values[-_HEADER_LENGTH_MAX:].decode("latin-1").split(",")
    if len(entries) < proxies_trusted:
        return NOWHERE
    return _spelled(entries[-proxies_trusted].strip())


@lru_cache(maxsize=16_384)
def _spelled(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return NOWHERE
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
