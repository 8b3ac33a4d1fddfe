"""What the sandbox remembers: an append-only file of JSON lines, read again after a restart."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="taken"):
    """A payment that was asked for, as it was asked; `taken_ms` counts from 1970."""

    payment_id: str
    kind: str
    amount: str
    currency: str
    taken_ms: int
    own_only: bool = False
    back_first: bool = False
    customer: str | None = None

    def is_same(self, other: Taken) -> bool:
        """Say whether both ask for the same, whenever that was."""
        return (self.payment_id, self.kind, self.amount, self.currency) == (
            other.payment_id,
            other.kind,
            other.amount,
            other.currency,
        )


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", tag="told"):
    """A webhook that arrived."""

    payment_id: str
    number: int


_decode = msgspec.json.Decoder(Taken | Told).decode


class Journal:
    """Payments that were taken and webhooks that arrived.

    A line is with the operating system before it counts: killing the process loses nothing,
    while a machine that loses power may forget the last lines.
    """

    def __init__(self, path: Path) -> None:
        self.payments: dict[str, Taken] = {}
        self.told: set[tuple[str, int]] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._read(path)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        # A line that was cut off by a crash never counted.
        os.truncate(path, whole)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def take(self, payment: Taken) -> None:
        """Remember a payment."""
        self._write(payment)
        self.payments[payment.payment_id] = payment

    def note(self, told: Told) -> None:
        """Remember that a webhook arrived."""
        self._write(told)
        self.told.add((told.payment_id, told.number))

    def _write(self, line: Taken | Told) -> None:
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def _read(self, path: Path) -> int:
        """Read what is there; return how many bytes of it are whole lines."""
        if not path.exists():
            return 0
        whole = 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                item = _decode(line)
                if isinstance(item, Taken):
                    self.payments[item.payment_id] = item
                else:
                    self.told.add((item.payment_id, item.number))
        return whole
