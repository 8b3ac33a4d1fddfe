"""Fetch the wheel of pip that requirements.lock names, for Pythons that come without it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

LOCK = Path("requirements.lock")
INDEX = "https://pypi.org/simple"
JSON_INDEX = "application/vnd.pypi.simple.v1+json"  # Source: PEP 691.
TIMEOUT_SECONDS = 60


def main() -> None:
    """Save the wheel in the folder given as the argument and print its path."""
    page = os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/") + "/pip/"
    hashes = locked_hashes(LOCK.read_text(encoding="utf-8"))
    for file in json.loads(fetch(page, accept=JSON_INDEX))["files"]:
        digest = file["hashes"].get("sha256")
        if digest in hashes and file["filename"].endswith(".whl"):
            content = fetch(urljoin(page, file["url"]))
            if hashlib.sha256(content).hexdigest() != digest:
                raise SystemExit(f"{file['filename']} is not what requirements.lock says")
            target = Path(sys.argv[1]) / file["filename"]
            target.write_bytes(content)
            print(target)
            return
    raise SystemExit(f"{page} does not offer the pip of requirements.lock")


def locked_hashes(lock: str) -> set[str]:
    """Return the SHA-256 digests that the lock allows for pip."""
    entry = re.search(r"^pip==(?:.*\\\n)*.*", lock, re.MULTILINE)
    return set(re.findall(r"sha256:([0-9a-f]{64})", entry.group())) if entry else set()


def fetch(url: str, *, accept: str = "*/*") -> bytes:
    """Return what is at an address."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        body: bytes = response.read()
    return body


if __name__ == "__main__":
    main()
