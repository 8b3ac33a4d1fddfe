"""The feeds of the settings, opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pitboss.app.feeds import open_feed
from pitboss.settings import Settings
from pitboss.sportsbook.feeds.errors import FeedAway
from pitboss.sportsbook.feeds.model import Alive, Quoted
from unit.feeds.said import alive, odds_change, one_x_two


def settings_of(url: str) -> Settings:
    """Return settings with a feed at this place."""
    feed = {
        "url": url,
        "api_url": "http://127.0.0.1:1",
        "token": "t",
        "producers": {"1": {"name": "live", "phase": "live"}},
    }
    return Settings.model_validate({"feeds": {"uof": feed}})


async def test_a_feed_may_be_a_folder_whose_files_are_read_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "2.xml").write_bytes(odds_change(one_x_two()))
    (tmp_path / "1.xmls").write_bytes(alive() + b"\n" + alive())
    (tmp_path / "notes.txt").write_text("no message")

    async with open_feed(settings_of(tmp_path.as_uri()), "uof") as feed:
        await feed.source.connect()
        bodies = await feed.source.take(10, seconds_max=0)
        said = [feed.reader.read(body) for body in bodies]
        await feed.source.close()

    assert [type(item) for item in said] == [Alive, Alive, Quoted]


async def test_a_folder_without_messages_is_a_feed_that_is_away(tmp_path: Path) -> None:
    async with open_feed(settings_of(tmp_path.as_uri()), "uof") as feed:
        with pytest.raises(FeedAway, match="no file"):
            await feed.source.connect()


def test_a_feed_is_a_broker_or_a_folder_and_nothing_else() -> None:
    with pytest.raises(ValidationError, match="url"):
        settings_of("https://example.com/feed")
