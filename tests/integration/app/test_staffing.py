"""The machine's owner makes the first agents, and from then on it takes two of them."""

from __future__ import annotations

from pathlib import Path

from pitboss.app import staffing
from pitboss.app.staffing import Invited
from pitboss.db import Database
from pitboss.settings import Settings
from pitboss.staff.agents.model import ADMINISTRATOR, SERVICE, Refused


async def test_the_owner_adds_agents_until_two_of_them_could(
    tmp_path: Path, database: Database
) -> None:
    settings = Settings(home=tmp_path, database_url=database.url)

    first = await staffing.add(settings, "ann", [ADMINISTRATOR])
    refused = [
        await staffing.add(settings, name, [role])
        for name, role in (("ann", "support"), ("cat", "no_such_role"), ("cat", SERVICE))
    ]
    second = await staffing.add(settings, "bob", [ADMINISTRATOR])
    third = await staffing.add(settings, "cat", ["support"])
    again = await staffing.invite(settings, "ann")
    nobody = await staffing.invite(settings, "cat")

    assert isinstance(first, Invited) and isinstance(second, Invited)
    assert len({*first.halves, *second.halves}) == 4
    assert [answer.reason for answer in refused if isinstance(answer, Refused)] == [
        "name_taken",
        "unknown_role",
        "unknown_role",
    ]
    assert isinstance(third, Refused) and third.reason == "enough_administrators"
    assert isinstance(again, Invited) and again.halves != first.halves
    assert isinstance(nobody, Refused) and nobody.reason == "unknown_agent"
    assert [agent.name for agent in await staffing.find_all(settings)] == ["ann", "bob"]
    assert first.halves[0] not in repr(first)
