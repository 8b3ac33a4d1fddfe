"""A timestamp authority made of `openssl ts`, for tests: code that is not ours, on a port."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="there is no openssl to be a timestamp authority"
)

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""
EXTENSIONS = "extendedKeyUsage = critical, timeStamping\nkeyUsage = critical, digitalSignature\n"
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of its own: its files, and where it is asked."""

    folder: Path
    url: str = ""

    @property
    def root(self) -> Path:
        """The certificate to trust."""
        return self.folder / "ca.pem"

    def run(self, *words: str | Path) -> str:
        """Run openssl in the authority's folder; return what it says."""
        done = subprocess.run(
            ["openssl", *map(str, words)],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    def answer(self, question: bytes) -> bytes:
        """Return the answer to a question, signed."""
        name = f"{threading.get_ident()}"
        (self.folder / f"{name}.tsq").write_bytes(question)
        self.run(
            *("ts", "-reply", "-config", "ts.cnf", "-queryfile", f"{name}.tsq"),
            *("-signer", "tsa.pem", "-inkey", "tsa.key", "-out", f"{name}.tsr"),
        )
        return (self.folder / f"{name}.tsr").read_bytes()


def make_authority(folder: Path) -> Authority:
    """Draw the keys and certificates of an authority."""
    folder.mkdir()
    (folder / "ts.cnf").write_text(CONFIG)
    (folder / "extensions").write_text(EXTENSIONS)
    made = Authority(folder)
    made.run(
        *("req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem"),
        *("-subj", f"/CN={folder.name} root", "-days", "30"),
    )
    made.run("req", *NEW_KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=time")
    made.run(
        *("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-extfile", "extensions", "-days", "30", "-out", "tsa.pem"),
    )
    return made


@contextlib.contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """Answer questions over HTTP for a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            answer = authority.answer(question)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Authority(authority.folder, f"http://127.0.0.1:{server.server_port}/tsr")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
