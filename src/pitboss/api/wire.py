"""Reading what clients send: strictly, and naming the part that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from pitboss.api import problems
from pitboss.api.problems import Problem, ProblemFound

# What a player or a provider sends fits in this many times over.
BODY_BYTES_MAX = 64 * 1024
# Five hundred slips, a thousand prices or fifty events are more than a player ever sends.
BATCH_BODY_BYTES_MAX = 1024 * 1024

_KEY = re.compile(r"[!-~]{1,64}")
_PATH = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_NAMED = re.compile(r"^Object (?:missing required|contains unknown) field `(.*)`$", re.DOTALL)

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body must be, no more and no less."""


def reader(kind: type[T]) -> Callable[[bytes], T]:
    """Return a function that reads JSON as this type and nothing else.

    It raises `ProblemFound`: 400 for what is not JSON, 422 naming the field for what is.
    """
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> T:
        try:
            return decode(body)
        except msgspec.ValidationError as error:
            raise ProblemFound(_of_validation(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProblemFound(problems.unreadable(_of_unreadable(error))) from None

    return read


def check_key(text: str | None) -> str:
    """Return the value of an `Idempotency-Key` header.

    Raises:
        ProblemFound: it is missing, or not 1 to 64 printable ASCII characters without spaces.
    """
    if text is None:
        raise ProblemFound(problems.malformed_header("Idempotency-Key", "this header is needed"))
    if not _KEY.fullmatch(text):
        raise ProblemFound(
            problems.malformed_header(
                "Idempotency-Key", "1 to 64 printable ASCII characters without spaces are needed"
            )
        )
    return text


def is_json(content_type: str | None) -> bool:
    """Say whether a `Content-Type` header announces JSON."""
    if content_type is None:
        return False
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _of_validation(message: str) -> Problem:
    path = ""
    found = _PATH.search(message)
    if found:
        path, message = found.group(1).lstrip("."), message[: found.start()]
    named = _NAMED.match(message)
    if named:
        name = named.group(1)
        path = f"{path}.{name}" if path else name
        message = "this is needed" if "missing" in message else "there is no such field"
    return problems.malformed(path or "body", message.replace("`", ""))


def _of_unreadable(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8"
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    return str(error)
