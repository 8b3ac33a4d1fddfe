"""Traces: what was done for one request, by whichever process, under one id.

A trace travels as text in the form of the `traceparent` header: version, trace, span, flags.
Source: W3C Trace Context, section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


class Tracer(Protocol):
    """Remembers what was done for the requests that were chosen to be followed."""

    def follow(self, traceparent: str | None) -> str | None:
        """Choose whether to follow a request; return the trace to work under, or None.

        A caller's own trace is gone on with; another one begins, now and then.
        """
        ...

    def tell(
        self,
        name: str,
        trace: str,
        *,
        started_ns: int,
        ended_ns: int,
        about: Mapping[str, str | int] | None = None,
    ) -> None:
        """Tell a finished piece of work, timed in nanoseconds since 1970.  It never waits."""
        ...


class NoTracer:
    """Follows nothing; what runs where no collector is configured."""

    def follow(self, traceparent: str | None) -> str | None:
        """Return None."""
        return None

    def tell(
        self,
        name: str,
        trace: str,
        *,
        started_ns: int,
        ended_ns: int,
        about: Mapping[str, str | int] | None = None,
    ) -> None:
        """Forget it."""


def read_traceparent(text: str) -> tuple[int, int] | None:
    """Return the ids of the trace and of the span that a `traceparent` names, if it is one."""
    found = _TRACEPARENT.fullmatch(text)
    return None if found is None else (int(found.group(1), 16), int(found.group(2), 16))
