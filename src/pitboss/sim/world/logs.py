"""What the programs of a world log: kept beside its history, and shown nowhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, MutableMapping
from functools import partial
from typing import Any

import structlog

from pitboss.sim.world.history import History


@contextlib.contextmanager
def taken_down(history: History) -> Iterator[None]:
    """Take down what is logged while the body runs."""
    before = structlog.get_config()
    structlog.configure(
        processors=[partial(_take, history)],
        wrapper_class=structlog.BoundLogger,
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _take(history: History, _: Any, level: str, event: MutableMapping[str, Any]) -> str:
    said = event.pop("event", "")
    details = " ".join(f"{name}={value}" for name, value in event.items() if name != "exc_info")
    history.aside(f"{level}: {said} {details}")
    raise structlog.DropEvent
