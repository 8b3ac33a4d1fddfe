"""The socket: requests of bounded size from clients that may be slow, gone or not ours at all.

Each message, both ways, is four bytes of length, most significant first, and so many bytes of JSON.
One thread serves all; whoever stalls in the middle of a message is cut off and holds up nobody.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import Failed, Malformed

LENGTH_BYTES = 4
REQUEST_BYTES_MAX = 64 * 1024
CONNECTIONS_MAX = 64
# How long one message may take to arrive, or to be taken.
STALL_SECONDS = 5.0
LOOK_SECONDS = 1.0
# The kernel's limit for the path of such a socket, its end included.
PATH_BYTES_MAX = 107
_CHUNK_BYTES = 1 << 16

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class _Client:
    """One connection: what came and is not yet answered, what is answered and not yet taken."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.ends = False
        self.moved = time.monotonic()
        # Since when a message is under way; a byte now and then does not move this.
        self.begun: float | None = None


class Server:
    """Listens on one path, for the user of this process alone."""

    def __init__(self, path: Path, answer: Answer, *, stall_seconds: float = STALL_SECONDS) -> None:
        """Listen.

        Raises:
            Failed: somebody else serves there, or there can be no such socket.
        """
        self._path, self._answer, self._stall_seconds = path, answer, stall_seconds
        self._selector = selectors.DefaultSelector()
        self._clients: dict[int, _Client] = {}
        self._stopped = False
        if len(os.fsencode(path)) > PATH_BYTES_MAX:
            raise Failed(f"{path}: a socket's path has at most {PATH_BYTES_MAX} bytes")
        try:
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Ours alone now: what lies there was left by one that was killed.
            path.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                self._listener.bind(os.fspath(path))
            finally:
                os.umask(before)
        except BlockingIOError:
            raise Failed(f"another process serves on {path}") from None
        except OSError as error:
            raise Failed(f"{path} cannot be served on: {error}") from None
        self._listener.listen(CONNECTIONS_MAX)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def stop_with(self, handle: int) -> None:
        """Stop as soon as the other end of this pipe is closed."""
        self._selector.register(handle, selectors.EVENT_READ, handle)

    def serve(self, each_look: Callable[[], None] = lambda: None) -> None:
        """Serve until stopped; call `each_look` now and then."""
        try:
            while not self._stopped:
                for key, events in self._selector.select(LOOK_SECONDS):
                    self._meet(key.data, events)
                self._drop_stalled()
                each_look()
        finally:
            self.close()

    def stop(self) -> None:
        """End `serve` after its next look."""
        self._stopped = True

    def close(self) -> None:
        """Let everybody go, and leave nothing behind."""
        for client in list(self._clients.values()):
            self._drop(client)
        self._listener.close()
        self._selector.close()
        self._path.unlink(missing_ok=True)
        os.close(self._lock)

    def _meet(self, who: object, events: int) -> None:
        if who is None:
            self._accept()
        elif isinstance(who, int):
            self._stopped = self._stopped or not os.read(who, _CHUNK_BYTES)
        elif isinstance(who, _Client) and who.connection.fileno() in self._clients:
            try:
                if events & selectors.EVENT_WRITE:
                    self._send(who)
                elif events & selectors.EVENT_READ:
                    self._receive(who)
            except BlockingIOError:
                return
            except OSError:
                self._drop(who)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self._clients) >= CONNECTIONS_MAX:
            self._drop(min(self._clients.values(), key=lambda client: client.moved))
        connection.setblocking(False)
        client = _Client(connection)
        self._clients[connection.fileno()] = client
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _receive(self, client: _Client) -> None:
        data = client.connection.recv(_CHUNK_BYTES)
        if not data:
            self._drop(client)
            return
        client.moved = time.monotonic()
        if client.ends:
            return
        if client.begun is None:
            client.begun = client.moved
        client.incoming += data
        self._answer_next(client)

    def _answer_next(self, client: _Client) -> None:
        """Answer the message that is whole, and read no other before that answer is taken."""
        size = int.from_bytes(client.incoming[:LENGTH_BYTES], "big")
        whole = len(client.incoming) >= LENGTH_BYTES + size
        if len(client.incoming) < LENGTH_BYTES or (size <= REQUEST_BYTES_MAX and not whole):
            return
        try:
            if size > REQUEST_BYTES_MAX:
                raise Malformed(f"{size} bytes: a request has at most {REQUEST_BYTES_MAX}")
            answer = self._answer(read(bytes(client.incoming[LENGTH_BYTES : LENGTH_BYTES + size])))
        except Malformed as error:
            # Who cannot frame or write a message may be anywhere in the next one.
            answer = {"ok": False, "error": "malformed", "why": str(error)}
            client.ends = True
        del client.incoming[: LENGTH_BYTES + size]
        client.outgoing += frame(answer)
        client.begun = time.monotonic()
        self._selector.modify(client.connection, selectors.EVENT_WRITE, client)

    def _send(self, client: _Client) -> None:
        sent = client.connection.send(client.outgoing)
        del client.outgoing[:sent]
        client.moved = time.monotonic()
        if client.outgoing:
            return
        self._selector.modify(client.connection, selectors.EVENT_READ, client)
        if client.ends:
            # What is still on its way is taken and forgotten, or the answer would be lost with it.
            client.connection.shutdown(socket.SHUT_WR)
            return
        client.begun = client.moved if client.incoming else None
        if client.incoming:
            self._answer_next(client)

    def _drop_stalled(self) -> None:
        latest = time.monotonic() - self._stall_seconds
        for client in list(self._clients.values()):
            if client.begun is not None and client.begun < latest:
                self._drop(client)

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.connection.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.connection)
        client.connection.close()


def frame(message: dict[str, Any]) -> bytes:
    """Return a message with its length before it."""
    data = json.dumps(message, separators=(",", ":")).encode()
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def read(data: bytes) -> dict[str, Any]:
    """Read the JSON of a request; each name once, and no number that is not an integer.

    Raises:
        Malformed: it is none.
    """
    try:
        members = json.loads(
            data.decode(), object_pairs_hook=_once, parse_float=_no_float, parse_constant=_no_float
        )
    except (ValueError, RecursionError):
        raise Malformed("this is no JSON") from None
    if not isinstance(members, dict):
        raise Malformed("a request is a JSON object")
    return members


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a name stands twice in an object")
    return members


def _no_float(text: str) -> Any:
    raise Malformed(f"{text[:40]}: numbers are integers")
