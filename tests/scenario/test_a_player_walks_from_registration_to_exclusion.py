"""One life under each licence, from the first refusal to the last bet, with the clock moved.

The licence's data decides what happens at each step; no step asks which licence it is.  What the
steps prove is in docs/compliance.md, step by step.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from integration.api.desk import Desk
from maps import SQUARE, polygon, written
from pitboss import jurisdictions
from pitboss.adapters.locating.boundaries import BoundaryFiles
from pitboss.adapters.locating.keys import KeyRing
from pitboss.adapters.locating.tokens import JwsReader
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.location.ports import Instruments
from pitboss.sandbox.locating import SandboxLocator
from proofs import Step
from scenario.chapters import arriving, being_there, leaving, recorded, spending, staying
from scenario.walking import Book, Walk, odd_days

CODES = [code for code in jurisdictions.codes() if code != "demo"]
SINCE = date(2026, 1, 1)
# What comes before the first day that has no 24 hours takes a few days.
BEFORE = timedelta(days=20)


def walk_of(code: str, database: Database, folder: Path, step: Step) -> Walk:
    """Return a walk that begins half a minute before a midnight of this licence."""
    licence = jurisdictions.get(code)
    zone = ZoneInfo(licence.licence.time_zone)
    first = next(odd_days(zone, SINCE)) - BEFORE
    start = datetime(first.year, first.month, first.day, tzinfo=zone) - timedelta(seconds=30)
    clock, wall = (ManualClock(start.astimezone(UTC)) for _ in range(2))
    locator = SandboxLocator(b"a secret of the sandbox", wall=wall)
    keys, area = folder / "keys.json", folder / "area.json"
    keys.write_bytes(msgspec.json.encode(locator.keys()))
    area.write_bytes(written(polygon(SQUARE)))
    where = licence.location.area
    instruments = Instruments(
        tokens=JwsReader(KeyRing({"sandbox": keys})),
        addresses=Book(where),
        boundaries=BoundaryFiles({where: area} if where else {}),
    )
    desk = Desk(
        database=database,
        clock=clock,
        wall=wall,
        proxies_trusted=1,
        jurisdiction=code,
        instruments=instruments,
    )
    return Walk(desk=desk, licence=licence, locator=locator, note=step)


@pytest.mark.parametrize("code", CODES)
async def test_a_player_walks_from_registration_to_exclusion_and_back(
    code: str, database: Database, tmp_path: Path, step: Step
) -> None:
    walk = walk_of(code, database, tmp_path, step)
    await walk.open_event()

    ann = await arriving.comes_of_age_at_midnight(walk)
    await arriving.is_told_what_there_is(walk, ann)
    await arriving.pays_in_for_the_first_time(walk, ann)
    await arriving.is_verified(walk, ann)
    await arriving.agrees_to_the_terms(walk, ann)
    await being_there.shows_where_she_is(walk, ann)
    await spending.pays_in_up_to_her_limit(walk, ann)
    await spending.does_not_pass_what_statute_allows(walk, born_on=arriving.young(walk))
    await spending.lives_through_days_of_odd_length(walk, ann)
    await spending.tightens_and_loosens(walk, ann)
    await spending.feels_every_kind(walk)
    await spending.stakes_what_the_licence_allows(walk)
    await staying.is_let_in_and_out(walk)
    await staying.is_stopped_to_think(walk)
    await leaving.takes_a_time_out(walk, ann)
    ends_at = await leaving.excludes_herself(walk, ann)
    await leaving.comes_back_as_the_licence_says(walk, ann, ends_at)
    await leaving.leaves_for_ever(walk)
    await recorded.is_told_the_same_by_the_record(walk)
