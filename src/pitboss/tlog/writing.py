"""How hashes and numbers are written in lines of text; what is written otherwise is refused.

One value has one writing, or two texts with different hashes would mean the same.
"""

from __future__ import annotations

import base64
import binascii
import re

from pitboss.tlog.errors import Unreadable

HASH_BYTES = 32
# Go, like many, keeps sizes in a signed word.
NUMBER_MAX = 2**63 - 1
SHOWN_MAX = 60

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def write_bytes(value: bytes) -> str:
    """Write bytes in standard base64, padded.  Source: RFC 4648, 4."""
    return base64.b64encode(value).decode()


def parse_bytes(text: str, *, what: str) -> bytes:
    """Read bytes from the one base64 text that stands for them.

    Raises:
        Unreadable: it is not base64, or not the writing that `write_bytes` gives.
    """
    value = parse_loose_bytes(text, what=what)
    if write_bytes(value) != text:
        raise Unreadable(what, f"{show(text)} is not written as base64 writes these bytes")
    return value


def parse_loose_bytes(text: str, *, what: str) -> bytes:
    """Read base64 whose last letter may carry bits that mean nothing, as Go reads it.

    Raises:
        Unreadable: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(what, f"{show(text)} is not base64") from None


def parse_hash(text: str, *, what: str) -> bytes:
    """Read a hash from its base64.

    Raises:
        Unreadable: it is not base64, or not of 32 bytes.
    """
    value = parse_bytes(text, what=what)
    if len(value) != HASH_BYTES:
        raise Unreadable(what, f"a hash has {HASH_BYTES} bytes, and not {len(value)}")
    return value


def parse_number(text: str, *, what: str) -> int:
    """Read a number from 0 to 2^63 - 1, in decimal without a sign or leading zeros.

    Raises:
        Unreadable: it is written otherwise, or too large.
    """
    if not _NUMBER.fullmatch(text) or int(text) > NUMBER_MAX:
        raise Unreadable(what, f"{show(text)} is not a decimal number below 2^63")
    return int(text)


def decode_text(data: str | bytes, *, what: str, bytes_max: int) -> str:
    """Return what somebody sent as text.

    Raises:
        Unreadable: it is too long, or is not UTF-8.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > bytes_max:
        raise Unreadable(what, f"over {bytes_max} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Unreadable(what, "it is not UTF-8") from None


def show(text: str) -> str:
    """Quote what somebody sent, cut to what fits into a message."""
    return repr(text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…")
