"""Evidence of the generator that this installation would start: collected, tested, reported."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from pitboss.app import rng
from pitboss.assay import report, suites
from pitboss.assay.material import STREAMS, Material, assay, draws_for, material_of
from pitboss.assay.report import Report
from pitboss.kernel.errors import Malformed
from pitboss.rng.records import DrawRecord, replay
from pitboss.settings import Settings

Tell = Callable[[str], None]

BYTES_MIN = 1 << 16
# All of it is in memory at once, several times.
BYTES_MAX = 1 << 28


def collect(settings: Settings, count: int, *, tell: Tell) -> Material:
    """Have the generator of this build write raw bytes and draws, as it does for games.

    Each record is mapped again before its numbers are used.  Where the setting names a certificate
    it must be of this build.

    Raises:
        RngProcessFailed: the generator failed, or it is not what was certified.
    """
    certificate, measured = rng.find_certificate(settings), json.loads(rng.measure())
    tell(f"drawing {count:,} raw bytes")
    raw = b"".join(rng.stream("raw", str(count)))
    draws = {}
    for name, mapping in STREAMS.items():
        wanted = draws_for(count, mapping)
        tell(f"{name}: {wanted:,} draws")
        lines = rng.stream_lines("mapped", str(wanted), json.dumps(mapping))
        draws[name] = [_values(line, mapping, measured["code_hash"]) for line in lines]
    build = {name: value for name, value in measured.items() if name != "files"}
    about = {"certificate": certificate, "rng": build}
    return Material(origin="the generator of this build", raw=raw, draws=draws, about=about)


def read(path: Path) -> Material:
    """Read raw bytes of any generator from a file, and map them as games do.

    Raises:
        Malformed: there are too few or too many.
    """
    size = path.stat().st_size
    if not BYTES_MIN <= size <= BYTES_MAX:
        raise Malformed("--file", f"{size} bytes: {BYTES_MIN} to {BYTES_MAX}")
    return material_of(path.read_bytes(), origin=f"the file {path.name}")


def judge(material: Material, *, quick: bool, tell: Tell) -> Report:
    """Run all tests that there are."""
    what: dict[str, Any] = {
        "origin": material.origin,
        "raw_bytes": len(material.raw),
        "raw_sha256": hashlib.sha256(material.raw).hexdigest(),
        "draws": {name: len(rows) for name, rows in material.draws.items()},
        "quick": quick,
        **material.about,
    }
    tell("our own tests")
    found = list(
        chain(
            assay(material),
            suites.nist(material.raw, quick=quick, tell=tell),
            suites.dieharder(material.raw, quick=quick, tell=tell),
        )
    )
    return report.report_of(found, what)


def _values(line: bytes, mapping: dict[str, Any], code_hash: str) -> list[int]:
    """Return the values of a record, if it is of this mapping and of this build."""
    record = DrawRecord.from_json(json.loads(line))
    if (record.mapping, record.code_hash) != (mapping, code_hash):
        raise rng.RngProcessFailed("a record of another build, or of another mapping")
    return replay(record)
