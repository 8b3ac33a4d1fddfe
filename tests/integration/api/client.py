"""A client that speaks ASGI: it can say what no HTTP library would, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pitboss.api.asgi import Api
from pitboss.api.problems import CONTENT_TYPE, TYPE_PREFIX

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document, which must be whole."""
        assert self.headers["content-type"] == CONTENT_TYPE
        document: dict[str, Any] = self.json()
        check_problem(document, self.status)
        return document

    @property
    def fields(self) -> list[str]:
        """The parts of the request that the problem names."""
        return [error["field"] for error in self.problem.get("errors", [])]

    @property
    def slug(self) -> str:
        """The kind of the problem."""
        return str(self.problem["type"]).removeprefix(TYPE_PREFIX)


def check_problem(document: Mapping[str, Any], status: int) -> None:
    """Check the members that every problem document has.  Source: RFC 9457, section 3.1."""
    assert document["status"] == status
    assert document["type"].startswith(TYPE_PREFIX)
    assert document["title"]
    assert document["detail"]


class AsgiClient:
    """Asks an application in this process, without a socket."""

    def __init__(self, app: Api) -> None:
        self.app = app

    async def ask(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        key: str | None = None,
        body: object = None,
        raw: bytes | Sequence[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return its answer.

        Args:
            body: sent as JSON, with its length.
            raw: sent instead, as it is; several pieces are sent without a length.
            headers: sent too, and instead of those that are made up here; without a value, not.
        """
        content = json.dumps(body).encode() if raw is None and body is not None else raw
        pieces = [content] if isinstance(content, bytes) else list(content or [b""])
        made_up = {} if content is None else {"content-type": JSON_TYPE}
        if isinstance(content, bytes):
            made_up["content-length"] = str(len(content))
        if token is not None:
            made_up["authorization"] = f"Bearer {token}"
        if key is not None:
            made_up["idempotency-key"] = key
        return await self.send(method, target, {**made_up, **(headers or {})}, pieces)

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], pieces: Sequence[bytes]
    ) -> Answer:
        """Send just this."""
        path, _, query = target.partition("?")
        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path, errors="replace"),
            "raw_path": path.encode(),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
                if value
            ],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8_000),
        }
        waiting = [
            {"type": "http.request", "body": piece, "more_body": place + 1 < len(pieces)}
            for place, piece in enumerate(pieces)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return _answer(sent)


def _answer(sent: Sequence[Any]) -> Answer:
    start, *rest = sent
    assert start["type"] == "http.response.start"
    names = [name.decode("latin-1").lower() for name, _ in start["headers"]]
    assert len(names) == len(set(names)), "no header is said twice"
    headers = {
        name: value.decode("latin-1")
        for name, (_, value) in zip(names, start["headers"], strict=True)
    }
    body = b"".join(message.get("body", b"") for message in rest)
    assert not rest[-1].get("more_body", False)
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(body)
    return Answer(status=start["status"], headers=headers, body=body)
