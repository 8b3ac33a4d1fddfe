"""Licences over HTTP: under whose supervision somebody plays here, for every page to say."""

from __future__ import annotations

import msgspec
from litestar import Router, get
from litestar.params import FromPath

from pitboss import jurisdictions
from pitboss.api import problems
from pitboss.api.problems import ProblemFound
from pitboss.jurisdictions.model import Jurisdiction


class LicenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A licence: what it is called, who supervises it, and what it lets whom play.

    `rules_version` names the text of its rules; it stands on every permit.
    """

    code: str
    name: str
    regulator: str
    products: tuple[str, ...]
    currencies: tuple[str, ...]
    time_zone: str
    age_min: int
    rules_version: str


class LicencesView(msgspec.Struct, frozen=True, kw_only=True):
    """All licences, by their codes."""

    licences: tuple[LicenceView, ...]


def make_router() -> Router:
    """Return the routes about licences."""
    return Router("/v1/licences", route_handlers=[show_all, show], tags=["licences"])


@get("/", summary="The licences that are played under")
async def show_all() -> LicencesView:
    """Show every licence."""
    return LicencesView(
        licences=tuple(_view(jurisdictions.get(code)) for code in jurisdictions.codes())
    )


@get("/{code:str}", summary="One licence")
async def show(code: FromPath[str]) -> LicenceView:
    """Show a licence by its code, such as `GB`."""
    found = jurisdictions.find(code)
    if found is None:
        raise ProblemFound(problems.NOT_FOUND)
    return _view(found)


def _view(licence: Jurisdiction) -> LicenceView:
    said = licence.licence
    return LicenceView(
        code=licence.code,
        name=said.name,
        regulator=said.regulator,
        products=tuple(said.products),
        currencies=said.currencies,
        time_zone=said.time_zone,
        age_min=licence.registration.age_min,
        rules_version=licence.rules_version,
    )
