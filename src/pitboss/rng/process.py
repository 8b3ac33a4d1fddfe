"""The process: measured, verified, served or streamed, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .desk import INSTANCE_BYTES, Certificate, Desk
from .draws import draw, parse_request
from .errors import Malformed, RngError
from .generator import Generator
from .manifest import hash_of_room, measure, write
from .server import Server, read

FAILED = 1
USAGE = 2
STREAM_REQUEST_BYTES = 1 << 16


def main(words: Sequence[str]) -> int:
    """Do what the words say and return the status to end with.

    * `measure`: write the manifest of this process
    * `verify MANIFEST KEY`: compare this process with a signed manifest
    * `serve SOCKET [MANIFEST KEY] [supervised]`: serve until SIGTERM
    * `raw COUNT`: write so many bytes, with fresh entropy for each 64 KiB
    * `mapped COUNT MAPPING`: write the records of so many draws, a line each
    """
    try:
        match list(words):
            case ["measure"]:
                _write(write(measure()))
            case ["verify", manifest, key]:
                _write(json.dumps(Certificate(Path(manifest), key).check()) + "\n")
            case ["serve", path]:
                _serve(path, None)
            case ["serve", path, "supervised"]:
                _serve(path, None, supervised=True)
            case ["serve", path, manifest, key]:
                _serve(path, Certificate(Path(manifest), key))
            case ["serve", path, manifest, key, "supervised"]:
                _serve(path, Certificate(Path(manifest), key), supervised=True)
            case ["raw", count] if count.isdecimal():
                _stream_raw(int(count))
            case ["mapped", count, mapping] if count.isdecimal():
                _stream_mapped(int(count), read(mapping.encode()))
            case _:
                _tell({"ok": False, "error": "usage: measure, verify, serve, raw or mapped"})
                return USAGE
        sys.stdout.flush()
    except (RngError, OSError) as error:
        _tell({"ok": False, "error": str(error)})
        return FAILED
    return 0


def _serve(path: str, certificate: Certificate | None, *, supervised: bool = False) -> None:
    desk = Desk(certificate)
    server = Server(Path(path), desk.answer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if supervised:
        server.stop_with(sys.stdin.fileno())
    _tell({"serves": path, "status": desk.status()})
    closed = desk.status()["why_not"]

    def look() -> None:
        nonlocal closed
        desk.check_if_due()
        why_not = desk.status()["why_not"]
        if why_not != closed:
            closed = why_not
            _tell({"closed": why_not})

    server.serve(look)


def _stream_raw(count: int) -> None:
    generator = Generator(f"raw\n{hash_of_room()}".encode())
    while count:
        size = min(count, STREAM_REQUEST_BYTES)
        sys.stdout.buffer.write(generator.read(size, fresh=True))
        count -= size


def _stream_mapped(count: int, mapping: dict[str, Any]) -> None:
    if count > 1 << 40:
        raise Malformed("so many draws are not for one file")
    code_hash, instance = hash_of_room(), os.urandom(INSTANCE_BYTES).hex()
    generator = Generator(f"mapped\n{code_hash}".encode())
    for sequence in range(1, count + 1):
        request = parse_request(
            {
                "draw_id": f"{instance}-{sequence}",
                "round_id": instance,
                "purpose": "export",
                "mapping": mapping,
            }
        )
        record = draw(generator, request, code_hash=code_hash, instance=instance, sequence=sequence)
        _write(json.dumps(record.to_json(), separators=(",", ":")) + "\n")


def _write(text: str) -> None:
    sys.stdout.write(text)


def _tell(members: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(members) + "\n")
    sys.stderr.flush()
