"""`ensure`: what must be true, checked in production too."""

from __future__ import annotations

from pitboss.kernel.errors import InvariantBroken


def ensure(condition: object, promise: str) -> None:
    """Raise `InvariantBroken` unless the condition holds.

    Not `assert`, because it survives `python -O`.  One request's bad luck must never trip
    it: a batch would take its neighbours down.
    """
    if not condition:
        raise InvariantBroken(promise)
