"""Messages from files: in the order of the names, whole or a line each, with an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitboss.adapters.feeds.files import FileSource
from pitboss.sportsbook.feeds.errors import FeedAway


async def test_files_are_played_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "2.xml").write_bytes(b"<c/>")
    (tmp_path / "1.xmls").write_bytes(b"<a/>\n\n <b/> \n")
    source = FileSource(list(tmp_path.iterdir()))
    await source.connect()

    assert list(await source.take(2, seconds_max=0)) == [b"<a/>", b"<b/>"]
    await source.done()
    assert list(await source.take(2, seconds_max=0)) == [b"<c/>"]
    ended = [source.ended]
    assert list(await source.take(2, seconds_max=0)) == []
    ended.append(source.ended)
    assert ended == [False, True]

    await source.close()
    await source.connect()
    assert list(await source.take(9, seconds_max=0)) == [b"<a/>", b"<b/>", b"<c/>"]


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedAway, match=r"nowhere\.xml"):
        await FileSource([tmp_path / "nowhere.xml"]).connect()
