"""What runs here, file by file, and whether that is what was certified.

A manifest names the SHA-256 of every file that the process of the generator is made of: the room,
the interpreter, the modules of the standard library, and the libraries of the system that are
mapped into it.  It is measured in the process itself, from `sys.modules` and from the kernel's list
of mappings, so that nothing runs which it does not name.  A signed one is a signed note.
Source: C2SP signed-note, for the signature; AGCO Registrar's Standards 22.1, for what it is for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import RNG_ID, RNG_VERSION, ed25519
from .errors import Uncertified

FORMAT = "pitboss rng manifest 1"
MANIFEST_BYTES_MAX = 256 * 1024
CERTIFICATE = ("number", "laboratory", "issued", "licences")

ROOM = Path(__file__).parent
# Compiled code beside the sources would run in their place, and nobody has read it.
NO_CACHE = "/dev/null"

_ED25519 = 0x01
_DASH = "— "
_PIECE_BYTES = 1 << 20


def measure() -> dict[str, Any]:
    """Return the manifest of this process, unsigned and without a certificate.

    Raises:
        Uncertified: something that runs here cannot be read.
    """
    try:
        files: dict[str, str] = {}
        for name, digest in _files():
            # A second library of one name is another library.
            while name in files:
                name += " again"
            files[name] = digest
    except OSError as error:
        raise Uncertified(f"what runs here cannot be read: {error}") from None
    return {
        "format": FORMAT,
        "rng_id": RNG_ID,
        "rng_version": RNG_VERSION,
        "code_hash": hash_of_room(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.cache_tag,
        "machine": os.uname().machine,
        "flags": flags(),
        "files": dict(sorted(files.items())),
    }


def hash_of_room() -> str:
    """Return one SHA-256 over the names and contents of the room's files.

    Raises:
        Uncertified: one cannot be read.
    """
    try:
        lines = [f"{digest}  {name}\n" for name, digest in sorted(_room())]
    except OSError as error:
        raise Uncertified(f"the room cannot be read: {error}") from None
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def flags() -> dict[str, bool]:
    """Return how the interpreter was started, as far as it decides what runs."""
    return {
        "isolated": bool(sys.flags.isolated),
        "no_site": bool(sys.flags.no_site),
        "no_cache": sys.pycache_prefix == NO_CACHE and sys.flags.dont_write_bytecode == 1,
        "optimised": bool(sys.flags.optimize),
    }


def write(members: dict[str, Any]) -> str:
    """Return the text of a manifest: one way to write each, so that it can be signed."""
    return json.dumps(members, indent=1, sort_keys=True) + "\n"


def open_signed(note: bytes, verifier_key: str) -> dict[str, Any]:
    """Return the members of a signed manifest, if this key has signed it.

    Raises:
        Uncertified: it has not, or this is no signed manifest.
    """
    name, key_id, public = parse_key(verifier_key)
    if len(note) > MANIFEST_BYTES_MAX:
        raise Uncertified(f"a manifest has at most {MANIFEST_BYTES_MAX} bytes")
    try:
        text, _, lines = note.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise Uncertified("the manifest is not UTF-8") from None
    text += "\n"
    if not any(
        line.startswith(f"{_DASH}{name} ")
        and _signs(line.rpartition(" ")[2], key_id, public, text.encode())
        for line in lines.split("\n")
    ):
        raise Uncertified(f"{name} has not signed this manifest")
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise Uncertified("what was signed is not JSON") from None
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise Uncertified("what was signed is no manifest of this format")
    certificate = members.get("certificate")
    if not isinstance(certificate, dict) or set(certificate) != set(CERTIFICATE):
        raise Uncertified("the manifest names no certificate")
    return members


def parse_key(verifier_key: str) -> tuple[str, bytes, bytes]:
    """Return the name, the id and the Ed25519 key of a verifier key.

    Raises:
        Uncertified: it is none.
    """
    name, key_id, text = (*verifier_key.strip().split("+", 2), "", "")[:3]
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    made = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if len(data) != 1 + ed25519.PUBLIC_BYTES or data[0] != _ED25519 or made.hex() != key_id:
        raise Uncertified("this is no verifier key of Ed25519")
    return name, made, data[1:]


def differences(certified: dict[str, Any], measured: dict[str, Any]) -> list[str]:
    """Return what runs here and was not certified, or was certified and does not run here."""
    found = [
        f"{name}: {measured[name]!r} is not {certified.get(name)!r}"
        for name in measured
        if name != "files" and measured[name] != certified.get(name)
    ]
    known, here = certified.get("files"), measured["files"]
    if not isinstance(known, dict):
        return [*found, "files: the manifest has none"]
    for name in sorted(known.keys() | here.keys()):
        if name not in here:
            found.append(f"{name}: certified, and not here")
        elif name not in known:
            found.append(f"{name}: here, and not certified")
        elif known[name] != here[name]:
            found.append(f"{name}: changed")
    return found


def _signs(value: str, key_id: bytes, public: bytes, text: bytes) -> bool:
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return data[:4] == key_id and ed25519.verify(public, text, data[4:])


def _files() -> Iterator[tuple[str, str]]:
    yield from _room()
    executable = Path("/proc/self/exe").resolve()
    yield f"interpreter/{executable.name}", _sha256(executable)
    library = Path(os.__file__).resolve().parent
    loaded = set(_modules())
    for path in sorted(loaded):
        if path.is_relative_to(library):
            yield f"stdlib/{path.relative_to(library)}", _sha256(path)
        elif not path.is_relative_to(ROOM) and path != ROOM.parent / "__init__.py":
            yield f"foreign{path}", _sha256(path)
    for path in sorted(_mapped() - loaded - {executable}):
        if path.is_relative_to(library):
            yield f"stdlib/{path.relative_to(library)}", _sha256(path)
        else:
            yield f"library/{path.name}", _sha256(path)


def _room() -> Iterator[tuple[str, str]]:
    package = ROOM.parent
    for path in (package / "__init__.py", *ROOM.rglob("*")):
        name = f"room/{path.relative_to(package.parent)}"
        if "__pycache__" in path.parts:
            continue
        if path.is_file():
            yield name, _sha256(path)
        elif path.is_symlink():
            # A folder elsewhere: its modules would be imported in the place of the room's.
            yield name, hashlib.sha256(os.fsencode(path.readlink())).hexdigest()


def _modules() -> Iterator[Path]:
    """Yield the files of all modules but those that are built in or frozen into the interpreter."""
    for module in list(sys.modules.values()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if origin not in (None, "built-in", "frozen"):
            yield Path(origin).resolve()


def _mapped() -> set[Path]:
    """Return the files whose code is mapped into this process."""
    found = set()
    for line in Path("/proc/self/maps").read_text().splitlines():
        _, rights, _, _, _, *path = line.split(maxsplit=5)
        if "x" in rights and path and path[0].startswith("/"):
            found.add(Path(path[0]))
    return found


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
