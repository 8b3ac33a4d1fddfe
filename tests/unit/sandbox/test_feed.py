"""The supplier in small: recorded messages are moved in time, and keep their distances."""

from __future__ import annotations

from pathlib import Path

from pitboss.sandbox.feed import read_folder, restamp

NOW = 1_783_000_000_000


def test_the_newest_message_is_from_now_and_the_others_as_long_before() -> None:
    bodies = [b'<a timestamp="1500000001000"/>', b'<b timestamp="1500000000000" x="1"/>']

    assert restamp(bodies, now_ms=NOW) == [
        f'<a timestamp="{NOW}"/>'.encode(),
        f'<b timestamp="{NOW - 1_000}" x="1"/>'.encode(),
    ]


def test_what_has_no_time_stays_as_it_is() -> None:
    assert restamp([b"<a/>", b'<b timestamp="x"/>'], now_ms=NOW) == [
        b"<a/>",
        b'<b timestamp="x"/>',
    ]


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "2.xml").write_bytes(b"<b/>")
    (tmp_path / "1.xml").write_bytes(b"<a/>")
    (tmp_path / "0.txt").write_bytes(b"no message")

    assert read_folder(tmp_path) == [b"<a/>", b"<b/>"]
