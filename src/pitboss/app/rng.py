"""The certified generator from outside: started as certified, measured, signed, asked, exported."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

import pitboss.rng
from pitboss import jurisdictions
from pitboss.adapters.rng import RngClient
from pitboss.app.home import Home
from pitboss.kernel.errors import Malformed, PlatformError
from pitboss.rng.errors import RngError
from pitboss.rng.manifest import FORMAT, NO_CACHE, parse_key, write
from pitboss.settings import RngSettings, Settings
from pitboss.tlog.keys import ED25519, SigningKey, check_name
from pitboss.tlog.notes import NoteSigner, sign_note

ROOM = Path(pitboss.rng.__file__).parent
# As the room's `__main__` says: nothing but the standard library and the room can be imported.
INTERPRETER_OPTIONS = ("-I", "-S", "-B", "-X", "utf8", "-X", f"pycache_prefix={NO_CACHE}")
# What a process says of itself that was started so, and what it may be made of.
FLAGS = {"isolated": True, "no_site": True, "no_cache": True, "optimised": False}
PARTS = frozenset({"room", "interpreter", "stdlib", "library"})
_CHUNK_BYTES = 1 << 16


class RngProcessFailed(PlatformError):
    """The process of the generator did not do what it was started for, and said why."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a laboratory has certified: its number, by whom, when, and for which licences."""

    number: str
    laboratory: str
    issued: date
    licences: tuple[str, ...]


def command(*words: str, room: Path = ROOM) -> list[str]:
    """Return the command that starts the room's process, as it is certified."""
    return [sys.executable, *INTERPRETER_OPTIONS, str(room / "__main__.py"), *words]


def serve(settings: Settings) -> None:
    """Become the process of the generator: nothing of pitboss but the room stays in memory.

    Raises:
        Malformed: the setting names a key that is none.
    """
    chosen = settings.rng or RngSettings()
    words = ["serve", str(socket_of(settings))]
    if chosen.manifest is not None and chosen.key is not None:
        check_key(chosen.key, field="PITBOSS_RNG")
        words += [str(chosen.manifest.absolute()), chosen.key]
    if settings.supervised:
        words.append("supervised")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command(*words))  # noqa: S606 - no shell is what is wanted


def socket_of(settings: Settings) -> Path:
    """Return where the generator of this instance listens."""
    named = settings.rng.socket if settings.rng is not None else None
    return named.absolute() if named is not None else Home(settings.home).rng_socket


def client_of(settings: Settings) -> RngClient:
    """Return a client of this instance's generator."""
    return RngClient(socket_of(settings))


def measure() -> str:
    """Return the manifest of the build that this installation would start.

    Raises:
        RngProcessFailed: it does not start.
    """
    return _output("measure")


def verify(manifest: Path, key: str) -> dict[str, Any]:
    """Compare the build that this installation would start with a signed manifest.

    Returns its certificate.

    Raises:
        Malformed: the key is none.
        RngProcessFailed: the key has not signed it, or the build is another.
    """
    check_key(key, field="--key")
    certificate: dict[str, Any] = json.loads(_output("verify", str(manifest.absolute()), key))
    return certificate


def find_certificate(settings: Settings) -> dict[str, Any] | None:
    """Return the certificate that the setting names, if the build that would start here is of it;
    None if it names none.

    Raises:
        RngProcessFailed: the build is another, or the manifest is not there or not signed.
    """
    chosen = settings.rng or RngSettings()
    if chosen.manifest is None or chosen.key is None:
        return None
    return verify(chosen.manifest, chosen.key)


def signing_key(settings: Settings, name: str) -> SigningKey:
    """Return the key of this name in this home, drawn when it is first asked for.

    As with witnesses each name has a key of its own, and the file holds a secret.
    """
    secret = f"rng-{hashlib.sha256(check_name(name).encode()).hexdigest()[:16]}"
    return SigningKey(name=name, kind=ED25519, seed=Home(settings.home).secret(secret))


def sign(manifest: str | bytes, certificate: Certificate, key: SigningKey) -> str:
    """Return a manifest with the certificate in it, as a signed note.

    Raises:
        Malformed: this is no manifest, it is for another certificate already, something runs there
            that must not, or there is no such licence.
    """
    try:
        members = json.loads(manifest)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise Malformed("MANIFEST", f"not what `pitboss rng manifest` writes ({FORMAT})")
    if "certificate" in members:
        raise Malformed("MANIFEST", "it is for a certificate already; measure it again")
    why = _why_unsigned(members)
    if why is not None:
        raise Malformed("MANIFEST", why)
    strange = sorted(set(certificate.licences) - set(jurisdictions.codes()))
    if strange:
        raise Malformed("--licence", f"{', '.join(strange)}: there is no such licence")
    members["certificate"] = msgspec.to_builtins(certificate)
    return str(sign_note(write(members), [NoteSigner(key)]))


def export_raw(count: int, target: Path) -> dict[str, Any]:
    """Write so many bytes to a file, and what they are to another beside it.

    Raises:
        RngProcessFailed: the generator failed.
    """
    return _export(("raw", str(count)), target, kind="raw", bytes=count)


def export_mapped(count: int, mapping: dict[str, Any], target: Path) -> dict[str, Any]:
    """Write the records of so many draws to a file, a line each, and what they are to another.

    Raises:
        RngProcessFailed: there is no such mapping, or the generator failed.
    """
    words = "mapped", str(count), json.dumps(mapping)
    return _export(words, target, kind="mapped", draws=count, mapping=mapping)


def stream(*words: str) -> Iterator[bytes]:
    """Yield what the room's process writes, as it writes it; leaving early ends it.

    Raises:
        RngProcessFailed: it ended with an error.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        if process.stdout is None or process.stderr is None:
            raise RngProcessFailed("its output is not to be had")
        try:
            while piece := os.read(process.stdout.fileno(), _CHUNK_BYTES):
                yield piece
        except GeneratorExit:
            process.kill()
            raise
        said = process.stderr.read()
        if process.wait() != 0:
            raise RngProcessFailed(_why(said))


def stream_lines(*words: str) -> Iterator[bytes]:
    """Yield the lines that the room's process writes, as it writes them.

    Raises:
        RngProcessFailed: it ended with an error.
    """
    rest = b""
    for piece in stream(*words):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def check_key(key: str, *, field: str) -> None:
    """Find out whether a text is a verifier key.

    Raises:
        Malformed: it is none.
    """
    try:
        parse_key(key)
    except RngError as error:
        raise Malformed(field, str(error)) from None


def _why_unsigned(members: dict[str, Any]) -> str | None:
    """Return what of a manifest no laboratory can mean to certify; None if there is nothing.

    Nothing may run but the room, the interpreter and the libraries of both, started as the room's
    `__main__` says, and the hash that each draw names must be that of the files.
    """
    files = members.get("files")
    if not isinstance(files, dict) or members.get("flags") != FLAGS:
        return "it was not measured in a process that was started as it must be"
    strange = [name for name in sorted(files) if name.partition("/")[0] not in PARTS]
    if strange:
        return f"{strange[0]}: it is neither the room's nor Python's nor the system's"
    room = [f"{files[name]}  {name}\n" for name in sorted(files) if name.startswith("room/")]
    if hashlib.sha256("".join(room).encode()).hexdigest() != members.get("code_hash"):
        return "code_hash: it is not that of the room's files"
    return None


def _export(words: Sequence[str], target: Path, **what: Any) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        for piece in stream(*words):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    measured = json.loads(measure())
    members = {
        "format": "pitboss rng export 1",
        "file": target.name,
        "sha256": digest.hexdigest(),
        "file_bytes": size,
        **what,
        "rng": {name: value for name, value in measured.items() if name != "files"},
    }
    beside = target.with_name(f"{target.name}.json")
    beside.write_text(json.dumps(members, indent=1, sort_keys=True) + "\n")
    return members


def _output(*words: str) -> str:
    return b"".join(stream(*words)).decode()


def _why(said: bytes) -> str:
    """Return the error that the room's process has named last."""
    line = (said.decode(errors="replace").strip().splitlines() or ["it ended"])[-1]
    try:
        members = json.loads(line)
    except ValueError:
        return line
    return str(members.get("error", line)) if isinstance(members, dict) else line
