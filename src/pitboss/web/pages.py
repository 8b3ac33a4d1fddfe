"""The pages that play the house's games: read once, served as plain ASGI under strict headers.

They are a client of the API like any other: they hold no secret, know no player and decide nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from litestar.types import HTTPScope, Receive, Send

PREFIX = "/play"
FOLDER = Path(__file__).parent / "play"

# Where each page is found.  Games are where `POST /v1/games/launch` says that they are; blackjack
# has its rules alone.
PAGES = {
    "/play/": "lobby.html",
    "/play/roulette": "roulette.html",
    "/play/slot": "slot.html",
    "/play/blackjack": "blackjack.html",
    "/play/limits": "limits.html",
}
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
METHODS = ("GET", "HEAD")

# Only what comes from here runs, is shown or is asked; nobody frames a page in which money is
# staked; and no text can become markup, whatever a script tries.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# Asked about at each use, and sent again only if it has changed: a page and its scripts are of one
# version.
CACHING = "no-cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it is sent; `etag` is what a browser asks with whether it has changed."""

    content: bytes
    media_type: str
    etag: str


class Pages:
    """The pages and what they are made of, from memory: no path of a request becomes a file's."""

    def __init__(self, files: Mapping[str, File] | None = None) -> None:
        self._files = read_files() if files is None else files

    async def serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request for an address that begins with `/play`.

        404 where there is nothing, 405 for any method but GET and HEAD, 304 for what the browser
        has already.
        """
        method, path = scope["method"], scope["path"]
        bare = method == "HEAD"
        if path == PREFIX:
            await _say(send, 308, "The pages are at /play/.", {"location": "/play/"}, bare=bare)
            return
        file = self._files.get(path)
        if file is None:
            await _say(send, 404, "There is no such page.", {}, bare=bare)
        elif method not in METHODS:
            allowed = {"allow": ", ".join(METHODS)}
            await _say(send, 405, "A page is only looked at.", allowed, bare=bare)
        elif _has(scope, file.etag):
            await _send(send, 304, _caching(file), b"")
        else:
            headers = {
                **_caching(file),
                "content-type": file.media_type,
                "content-length": str(len(file.content)),
            }
            await _send(send, 200, headers, b"" if bare else file.content)


def is_page(path: str) -> bool:
    """Say whether an address is one of the pages' and not of the API."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def read_files(folder: Path = FOLDER) -> dict[str, File]:
    """Return every page and every file that pages are made of, by the address it is found at.

    Raises:
        KeyError: a file has an ending that is none of a page's.
        OSError: a page is missing.
    """
    files = {address: _read(folder / name) for address, name in PAGES.items()}
    for path in sorted((folder / "static").iterdir()):
        files[f"{PREFIX}/static/{path.name}"] = _read(path)
    return files


def _read(path: Path) -> File:
    content = path.read_bytes()
    return File(
        content=content,
        media_type=MEDIA_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def _has(scope: HTTPScope, etag: str) -> bool:
    """Say whether the browser has this file.  Source: RFC 9110, 13.1.2 (weak comparison)."""
    return any(tag in ("*", etag) for tag in _tags(scope["headers"]))


def _tags(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    for name, value in headers:
        if name == b"if-none-match":
            for tag in value.decode("latin-1").split(","):
                yield tag.strip().removeprefix("W/")


def _caching(file: File) -> dict[str, str]:
    return {"cache-control": CACHING, "etag": file.etag}


async def _say(
    send: Send, status: int, text: str, headers: Mapping[str, str], *, bare: bool
) -> None:
    content = f"{text}\n".encode()
    about = {
        "cache-control": CACHING,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(content)),
    }
    await _send(send, status, {**about, **headers}, b"" if bare else content)


async def _send(send: Send, status: int, headers: Mapping[str, str], content: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in {**HEADERS, **headers}.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": content, "more_body": False})
