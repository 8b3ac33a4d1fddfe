"""Reading what providers send: strictly, so that nothing can be read in two ways."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pitboss.kernel.ids import PlayerId, is_id
from pitboss.kernel.money import AMOUNT_MICROS_MAX, MICRO_DIGITS

# A provider's ids are printable, as facts and rows keep them.
_NAME = re.compile(r"[!-~]{1,255}")
_DECIMAL = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,16}))?")


class Unreadable(Exception):
    """The body is not JSON as we take it: what is wrong, in a word."""


class Misshapen(Exception):
    """It is JSON, but a field is missing or is not what it must be."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")


def read_object(body: bytes) -> dict[str, Any]:
    """Read an object: UTF-8, no member twice, numbers exact, nothing but JSON.

    Raises:
        Unreadable: it is something else.
    """
    try:
        found = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=_exact,
            parse_constant=_no_constant,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    return found


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a member is there twice")
    return found


def _exact(text: str) -> Decimal:
    if "e" in text or "E" in text:
        # 1E2000000000 is a number in nine letters that fills the memory.
        raise Unreadable("a number with an exponent")
    return Decimal(text)


def _no_constant(text: str) -> None:
    raise Unreadable(f"{text} is no number")


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Return an id or a name that is needed: 1 to 255 printable characters without spaces."""
    found = body.get(name)
    if not isinstance(found, str) or not _NAME.fullmatch(found):
        raise Misshapen(name, "1 to 255 printable characters are needed")
    return found


def maybe_text(body: Mapping[str, Any], name: str) -> str | None:
    """Return an id or a name that may be missing, or null."""
    return None if body.get(name) is None else text_of(body, name)


def told_text(body: Mapping[str, Any], name: str) -> str | None:
    """Return an id or a name on which nothing depends; None where it has not the shape of one."""
    found = body.get(name)
    return found if isinstance(found, str) and _NAME.fullmatch(found) else None


def flag_of(body: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    """Return a boolean; without a default it is needed, and with one it may be null too."""
    found = body.get(name)
    if found is None:
        found = default
    if not isinstance(found, bool):
        raise Misshapen(name, "true or false is needed")
    return found


def list_of(body: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    """Return a list of objects, of one at least."""
    found = body.get(name)
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        raise Misshapen(name, f"a list of 1 to {most} is needed")
    if not all(isinstance(item, dict) for item in found):
        raise Misshapen(name, "objects are needed")
    return found


def player_of(text: str) -> PlayerId | None:
    """Return the player's id, if it can be one of ours."""
    return PlayerId(text) if is_id(text) else None


def micros_of_text(text: object, name: str) -> int:
    """Read a decimal as micros: digits and a point, nothing finer than a micro.

    Raises:
        Misshapen: it is something else, or too much; it dies on its shape, before any arithmetic.
    """
    found = _DECIMAL.fullmatch(text) if isinstance(text, str) and len(text) <= 40 else None
    if found is None:
        raise Misshapen(name, "a decimal number is needed")
    whole, part = found.group(1), found.group(2) or ""
    if part[MICRO_DIGITS:].strip("0"):
        raise Misshapen(name, "nothing finer than a millionth is kept")
    if len(whole.lstrip("0")) > len(str(AMOUNT_MICROS_MAX)):
        raise Misshapen(name, "it is too much")
    micros = int(whole + part[:MICRO_DIGITS].ljust(MICRO_DIGITS, "0"))
    if micros > AMOUNT_MICROS_MAX:
        raise Misshapen(name, "it is too much")
    return micros


def micros_of_number(number: object, name: str) -> int:
    """Read a JSON number as micros, exactly; it may not be below zero.

    Raises:
        Misshapen: it is something else, finer than a micro, or too much.
    """
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise Misshapen(name, "a number is needed")
    # Without an exponent, as `read_object` has seen to.
    return micros_of_text(format(number, "f") if isinstance(number, Decimal) else str(number), name)


def scaled_of(number: object, name: str, micros_each: int) -> int:
    """Read a whole number of units as micros; it may not be below zero.

    Raises:
        Misshapen: it is no whole number, below zero, or too much.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise Misshapen(name, "a whole number is needed, not below zero")
    if number > AMOUNT_MICROS_MAX // micros_each:
        raise Misshapen(name, "it is too much")
    return number * micros_each


def signed_with(secrets: Sequence[bytes], body: bytes, signature: str) -> bool:
    """Say whether one of these secrets made this HMAC-SHA256, as 64 hexadecimal digits.

    Every secret is tried, in the same time, whichever it is.
    """
    good = False
    for secret in secrets:
        wanted = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        good |= hmac.compare_digest(wanted, signature.encode("utf-8", "replace"))
    return good
