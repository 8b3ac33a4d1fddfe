"""A store that speaks S3, for tests: in memory, on a port of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

LOCALHOST = "127.0.0.1"


@contextlib.contextmanager
def bucket_server() -> Iterator[str]:
    """Run the store, empty; give its URL.

    It answers one request after the other, because a store that keeps conditions decides each
    write on its own, and this one would look and write in two steps.
    """
    server = make_server(
        LOCALHOST, 0, DomainDispatcherApplication(create_backend_app), threaded=False
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://{LOCALHOST}:{server.port}"
        # What it holds is the whole process's, and outlives a server.
        httpx.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(url: str) -> dict[str, str]:
    """Return the variables by which a client finds the store."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
