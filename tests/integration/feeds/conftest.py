"""The world of feeds."""

from __future__ import annotations

import pytest

from integration.feeds.world import World
from pitboss.db import Database


@pytest.fixture
def world(database: Database) -> World:
    """Give a world that nothing has happened in."""
    return World(database=database)
