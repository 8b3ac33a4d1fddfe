"""Bets that settlement goes on without, for staff: in the open until they are paid."""

from __future__ import annotations

import msgspec
from litestar import Router, get

from pitboss.api.furniture import BEARER, Doors, TheEdge, needs
from pitboss.kernel.instants import write_instant
from pitboss.sportsbook import settlement
from pitboss.staff.agents.model import Permission


class AsideView(msgspec.Struct, frozen=True, kw_only=True):
    """A bet that breaks settlement: why, since when, and where it stands."""

    bet_id: str
    player_id: str
    why: str
    since: str
    state: str


class AllAsideView(msgspec.Struct, frozen=True, kw_only=True):
    """The bets that settlement goes on without, the oldest first."""

    bets: tuple[AsideView, ...]


def make_router(doors: Doors) -> Router:
    """Return the route about what was set aside."""
    return Router(
        "/v1/staff/settlement",
        route_handlers=[show],
        guards=[doors.staff],
        security=BEARER,
        tags=["trading"],
    )


@get("/aside", opt=needs(Permission.SEE_TRADING), summary="Bets that cannot be settled")
async def show(edge: TheEdge) -> AllAsideView:
    """Show the bets that break settlement, at most 100; everybody else's are paid meanwhile.

    Each is tried again every few minutes, and leaves the list by itself once it is settled.
    """
    async with edge.database.reading() as tx:
        found = await settlement.list_aside(tx)
    return AllAsideView(
        bets=tuple(
            AsideView(
                bet_id=one.bet_id,
                player_id=one.player_id,
                why=one.why,
                since=write_instant(one.since),
                state=one.state,
            )
            for one in found
        )
    )
