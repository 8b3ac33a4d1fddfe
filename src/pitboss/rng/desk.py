"""What the process answers: draws, while it may draw, and how it stands."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import RNG_ID, RNG_VERSION
from .draws import DrawRequest, draw, parse_request
from .errors import Failed, Malformed, Uncertified
from .generator import Generator
from .guards import BOOT_ID
from .manifest import MANIFEST_BYTES_MAX, differences, hash_of_room, measure, open_signed
from .records import DrawRecord

CHECK_SECONDS = 24 * 3600
# Whose answer was lost asks again and gets the same draw, while this many came after it.
REMEMBERED = 1024
# And the numbers in them are so many at most: some ten megabytes.
NUMBERS_REMEMBERED = 1 << 18
DIFFERENCES_TOLD = 10
INSTANCE_BYTES = 16


class Certificate:
    """A signed manifest, where it lies, and whose signature counts."""

    def __init__(self, path: Path, verifier_key: str) -> None:
        self._path = path
        self._verifier_key = verifier_key

    def check(self) -> dict[str, Any]:
        """Return the certificate of what runs here.

        Raises:
            Uncertified: what runs here is not what was signed, or it cannot be shown.
        """
        try:
            with self._path.open("rb") as file:
                note = file.read(MANIFEST_BYTES_MAX + 1)
        except OSError as error:
            raise Uncertified(f"the signed manifest cannot be read: {error}") from None
        members = open_signed(note, self._verifier_key)
        found = differences(members, measure())
        if found:
            told = "; ".join(found[:DIFFERENCES_TOLD])
            more = f" and {len(found) - DIFFERENCES_TOLD} more" * (len(found) > DIFFERENCES_TOLD)
            raise Uncertified(f"what runs here is not what was certified: {told}{more}")
        certificate: dict[str, Any] = members["certificate"]
        return certificate


class Desk:
    """One generator, its certificate if it has one, and the draws it has lately made."""

    def __init__(self, certificate: Certificate | None) -> None:
        self._certificate = certificate
        self._certified: dict[str, Any] | None = None
        self._checked: float | None = None
        self._code_hash = hash_of_room()
        self._instance = os.urandom(INSTANCE_BYTES).hex()
        self._sequence = 0
        self._answered: OrderedDict[str, tuple[DrawRequest, DrawRecord]] = OrderedDict()
        self._numbers = 0
        self._generator = Generator(self._personalization())
        self.check_if_due()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request; what it does not take is an answer too."""
        members = dict(request)
        operation = members.pop("op", None)
        try:
            if operation == "draw":
                return {"ok": True, "record": self._draw(parse_request(members)).to_json()}
            if members:
                raise Malformed("only a draw has more members than op")
            if operation == "check":
                self._check()
            elif operation == "self_test":
                self._generator.self_test()
            elif operation != "status":
                raise Malformed("op: draw, check, self_test or status")
            return {"ok": True, "status": self.status()}
        except Malformed as error:
            return {"ok": False, "error": "malformed", "why": str(error)}
        except (Failed, Uncertified) as error:
            return {"ok": False, "error": "closed", "why": str(error)}

    def status(self) -> dict[str, Any]:
        """Return which build of which certificate this is, and whether it may draw.

        `certificate` is None where none is asked for; who wants one has to look at it.
        """
        checked = self._checked
        boot_id, generation_id = self._generator.watches
        return {
            "rng_id": RNG_ID,
            "rng_version": RNG_VERSION,
            "code_hash": self._code_hash,
            "instance": self._instance,
            "draws": self._sequence,
            "may_draw": self._generator.failed is None,
            "why_not": self._generator.failed,
            "certificate": self._certified if self._generator.failed is None else None,
            "checked_seconds_ago": None if checked is None else int(_now() - checked),
            "watches_boot_id": boot_id,
            "watches_generation_id": generation_id,
        }

    def check_if_due(self) -> None:
        """Compare what runs with the certificate, at the start and each day."""
        due = self._checked is None or _now() - self._checked >= CHECK_SECONDS
        if due and self._certificate is not None and self._generator.failed is None:
            try:
                self._check()
            except Uncertified:
                return

    def _check(self) -> None:
        if self._certificate is None:
            raise Malformed("check: no signed manifest is configured")
        try:
            certified = self._certificate.check()
        except Uncertified as error:
            # For good: what is in memory may be what was there before somebody put it right.
            self._certified = None
            self._generator.fail(str(error))
            raise
        self._certified, self._checked = certified, _now()

    def _draw(self, request: DrawRequest) -> DrawRecord:
        self.check_if_due()
        known = self._answered.get(request.draw_id)
        # What was drawn while all was well may be had again, whatever has happened since.
        if known is not None:
            if known[0] != request:
                raise Malformed("draw_id: it was used for another draw")
            return known[1]
        if self._generator.failed is not None:
            # Nothing is drawn, so nothing is counted: it would be missing where draws are dealt.
            raise Failed(self._generator.failed)
        # Counted before, so that a draw that fails half way leaves its gap.
        self._sequence += 1
        record = draw(
            self._generator,
            request,
            code_hash=self._code_hash,
            instance=self._instance,
            sequence=self._sequence,
        )
        self._remember(request, record)
        return record

    def _remember(self, request: DrawRequest, record: DrawRecord) -> None:
        self._answered[request.draw_id] = request, record
        self._numbers += _numbers_in(record)
        while len(self._answered) > REMEMBERED or self._numbers > NUMBERS_REMEMBERED:
            _, (_, forgotten) = self._answered.popitem(last=False)
            self._numbers -= _numbers_in(forgotten)

    def _personalization(self) -> bytes:
        """Return what makes this start another than any other, and is no secret.

        Source: SP 800-90A Rev. 1, 8.7.1.
        """
        try:
            boot = BOOT_ID.read_text().strip()
        except OSError:
            boot = "unknown"
        return "\n".join((RNG_ID, RNG_VERSION, self._code_hash, boot, self._instance)).encode()


def _numbers_in(record: DrawRecord) -> int:
    return len(record.values) + len(record.mapping.get("weights", ()))


def _now() -> float:
    # Goes on while the machine sleeps, and is not set by anybody.
    return time.clock_gettime(time.CLOCK_BOOTTIME)
