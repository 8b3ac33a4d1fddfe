"""The settings fit the machine and never touch durability."""

from __future__ import annotations

import pytest

from pitboss.db import tuning

GB = 1024**3


def settings_for(*, memory_bytes: int = 16 * GB, disk_free_bytes: int = 100 * GB) -> dict[str, str]:
    text = tuning.settings(
        memory_bytes=memory_bytes,
        disk_free_bytes=disk_free_bytes,
        socket_folder="/tmp/pitboss",
        cluster_name="pitboss-1",
    )
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(" = ", 1) for line in lines)


@pytest.mark.parametrize(
    ("memory_bytes", "shared_buffers"),
    [
        (64 * GB, "2048MB"),
        (8 * GB, "2048MB"),
        (4 * GB, "1024MB"),
        (GB, "256MB"),
        (GB // 2, "128MB"),
        (GB // 16, "128MB"),
    ],
)
def test_a_quarter_of_the_memory_up_to_two_gigabytes_is_shared(
    memory_bytes: int, shared_buffers: str
) -> None:
    assert settings_for(memory_bytes=memory_bytes)["shared_buffers"] == shared_buffers


@pytest.mark.parametrize(
    ("disk_free_bytes", "max_wal", "min_wal"),
    [
        (500 * GB, "8192MB", "2048MB"),
        (40 * GB, "8192MB", "2048MB"),
        (10 * GB, "2048MB", "512MB"),
        (0, "256MB", "64MB"),
    ],
)
def test_the_log_of_changes_takes_a_fifth_of_the_free_disk_at_most(
    disk_free_bytes: int, max_wal: str, min_wal: str
) -> None:
    found = settings_for(disk_free_bytes=disk_free_bytes)

    assert (found["max_wal_size"], found["min_wal_size"]) == (max_wal, min_wal)


@pytest.mark.parametrize("name", ["fsync", "synchronous_commit", "full_page_writes"])
def test_durability_is_not_mentioned(name: str) -> None:
    assert name not in settings_for()


def test_nobody_else_reaches_the_server() -> None:
    found = settings_for()

    assert found["listen_addresses"] == "''"
    assert found["unix_socket_directories"] == "'/tmp/pitboss'"
    assert found["unix_socket_permissions"] == "0700"


def test_every_block_of_settings_begins_with_its_reason() -> None:
    text = tuning.settings(
        memory_bytes=GB, disk_free_bytes=GB, socket_folder="/tmp/pitboss", cluster_name="pitboss-1"
    )

    blocks = text.split("\n\n")

    assert [block for block in blocks if not block.startswith("#")] == []
