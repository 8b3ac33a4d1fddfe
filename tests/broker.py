"""A RabbitMQ of a test's own: on free ports, in a folder of its own, stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from folders import make_folder

# Not Debian's wrapper, which changes the user and has folders of its own.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
READY_SECONDS_MAX = 180.0
STOP_SECONDS_MAX = 30.0


@contextlib.contextmanager
def running_broker() -> Iterator[str]:
    """Lend the URL of a broker; skip the test where Debian's rabbitmq-server is not installed."""
    if not SERVER.exists() or shutil.which("erl") is None:
        pytest.skip("RabbitMQ is not installed (apt-get install rabbitmq-server)")
    home = make_folder("pitboss-broker-")
    port, distribution, mapper = _free_ports(3)
    config = home / "rabbitmq.conf"
    config.write_text(
        f"listeners.tcp.default = 127.0.0.1:{port}\nloopback_users = none\n"
        "vm_memory_high_watermark.absolute = 256MiB\ndisk_free_limit.absolute = 1MB\n"
    )
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"pitboss-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": str(home / "log" / "broker.log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    (home / "plugins").write_text("[].\n")
    with (home / "printed").open("wb") as printed:
        # A group of its own, which ends with the test whatever the scripts have started.
        server = subprocess.Popen(
            [SERVER],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _until_ready(server, port, home)
        yield f"amqp://guest:guest@127.0.0.1:{port}/"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        mapping = {**environment, "ERL_EPMD_RELAXED_COMMAND_CHECK": "1"}
        subprocess.run(
            ["epmd", "-port", str(mapper), "-kill"], env=mapping, check=False, capture_output=True
        )
        shutil.rmtree(home, ignore_errors=True)


def _until_ready(server: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0) as it:
            it.settimeout(5.0)
            # It listens before it serves: whoever is greeted may come in.
            it.sendall(b"AMQP\x00\x00\x09\x01")
            if it.recv(1):
                return
        time.sleep(0.2)
    said = (home / "printed").read_text(errors="replace")[-2_000:]
    raise AssertionError(f"RabbitMQ does not answer\n{said}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
