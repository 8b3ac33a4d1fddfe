"""Whoever asks is told under which licences people play here, and who supervises them."""

from __future__ import annotations

import pytest

from integration.api.desk import Desk
from pitboss import jurisdictions
from proofs import Proves

CODES = jurisdictions.codes()


@pytest.mark.parametrize("code", CODES)
async def test_a_licence_is_shown_by_its_name_and_with_its_regulator(
    shared_desk: Desk, code: str, proves: Proves
) -> None:
    proves("licence.name", code)
    proves("licence.regulator", code)
    licence = jurisdictions.get(code)

    shown = (await shared_desk.client.ask("GET", f"/v1/licences/{code}")).json()

    assert (shown["name"], shown["regulator"]) == (
        licence.licence.name,
        licence.licence.regulator,
    )
    assert (shown["code"], shown["age_min"]) == (code, licence.registration.age_min)
    assert shown["products"] == [product.value for product in licence.licence.products]
    assert shown["rules_version"] == licence.rules_version


async def test_every_licence_is_in_the_list_and_others_are_not_there(shared_desk: Desk) -> None:
    listed = await shared_desk.client.ask("GET", "/v1/licences")
    none = await shared_desk.client.ask("GET", "/v1/licences/XX")

    assert [item["code"] for item in listed.json()["licences"]] == list(CODES)
    assert none.status == 404
