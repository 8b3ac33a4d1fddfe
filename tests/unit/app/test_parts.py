"""The parts of a process: its share of the log, its name, its ports."""

from __future__ import annotations

import os
import socket
from itertools import pairwise
from pathlib import Path

import pytest

from pitboss.app.parts import (
    borrow_server,
    clock_of,
    free_ports,
    owner_name,
    partitions_of,
    resident_bytes,
    why_not_listen,
)
from pitboss.kernel.clock import SharedClock, SystemClock
from pitboss.kernel.shards import PARTITIONS, PARTITIONS_ALL
from pitboss.settings import Settings

HOST = "127.0.0.1"


@pytest.mark.parametrize("workers", range(1, PARTITIONS + 1))
def test_all_workers_together_process_every_partition_once(workers: int) -> None:
    shares = [partitions_of(worker, workers) for worker in range(workers)]

    assert [partition for share in shares for partition in share] == list(PARTITIONS_ALL)
    assert all(shares), "nobody is idle"
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_as_many_workers_as_there_may_be_have_a_partition_each() -> None:
    workers_max = Settings.model_fields["bet_workers"].metadata[1].le

    assert all(len(partitions_of(worker, workers_max)) == 1 for worker in range(workers_max))


def test_a_supervised_process_keeps_its_name_when_it_is_started_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, supervised=True)

    assert owner_name(settings, "bets-0") == owner_name(settings, "bets-0")
    assert owner_name(settings, "bets-0") != owner_name(settings, "bets-1")


def test_a_process_without_a_supervisor_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert str(os.getpid()) in owner_name(Settings(home=tmp_path), "bets-0")


def test_ports_are_all_different_and_free() -> None:
    ports = sorted(free_ports(HOST, 20))

    assert all(first < second for first, second in pairwise(ports))
    assert [why_not_listen(HOST, port) for port in ports] == [None] * 20


def test_a_port_that_cannot_be_had_is_told_with_its_reason() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]

        assert why_not_listen(HOST, port) == f"port {port} is taken"
    assert why_not_listen(HOST, port) is None
    assert why_not_listen(HOST, 0) is None


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.machine.invalid", "a..b", "::1"])
def test_a_host_that_is_not_ours_is_named(host: str) -> None:
    why = why_not_listen(host, 0)

    assert why is not None
    assert repr(host) in why


def test_the_clock_is_the_machines_or_a_simulations(tmp_path: Path) -> None:
    start = SystemClock().now()
    SharedClock.create(tmp_path / "clock", start)

    assert isinstance(clock_of(Settings(home=tmp_path)), SystemClock)
    assert clock_of(Settings(home=tmp_path, clock_file=tmp_path / "clock")).now() == start


def test_a_server_that_is_somebody_elses_is_only_named(tmp_path: Path) -> None:
    url = "postgresql://there/pitboss"

    with borrow_server(Settings(home=tmp_path / "home", database_url=url)) as given:
        assert given == url
    assert not (tmp_path / "home").exists()


def test_memory_is_that_of_a_process_or_nothing() -> None:
    assert resident_bytes(os.getpid()) > 1_000_000
    assert resident_bytes(2**22 + 1) == 0
