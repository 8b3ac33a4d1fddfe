"""A player's money over HTTP: what there is, and the statement."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from pitboss import wallet
from pitboss.api import problems
from pitboss.api.furniture import BEARER, Asked, Doors, TheEdge, player_of
from pitboss.api.problems import ProblemFound
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.kernel.shards import shard_of
from pitboss.wallet.model import player_account

STATEMENT_LIMIT = 50
STATEMENT_LIMIT_MAX = 200
_NO_MAX = 2**63 - 1


class WalletView(msgspec.Struct, frozen=True, kw_only=True):
    """What is there, what is spoken for, and the difference."""

    currency: str
    posted: str
    held: str
    available: str


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a statement: `before` plus `movement` is `after`."""

    entry_no: int
    key: str
    before: str
    movement: str
    after: str
    booked_at: str


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, newest first; `next_before_no` continues below the last one."""

    entries: tuple[EntryView, ...]
    next_before_no: int | None


def make_router(doors: Doors) -> Router:
    """Return the routes about a player's money."""
    return Router(
        "/v1/me",
        route_handlers=[show_wallet, show_statement],
        guards=[doors.player],
        security=BEARER,
        tags=["wallet"],
    )


@get("/wallet", summary="Your money")
async def show_wallet(request: Asked, edge: TheEdge) -> WalletView:
    """Show what the player has, in the currency of the player's account."""
    player_id, code = player_of(request), request.user.currency
    place = (shard_of(player_id), player_account(player_id, code))
    async with edge.database.reading() as tx:
        accounts = await wallet.find_balances(tx, [place])
    if not accounts:
        raise ProblemFound(problems.NOT_FOUND)
    (account,) = accounts
    unit = currency(code)
    return WalletView(
        currency=code,
        posted=format_micros(account.posted, unit),
        held=format_micros(account.held, unit),
        available=format_micros(account.available, unit),
    )


@get("/statement", summary="Where your money came from and went")
async def show_statement(
    request: Asked,
    edge: TheEdge,
    before_no: Annotated[int | None, QueryParameter(ge=1, le=_NO_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=STATEMENT_LIMIT_MAX)] = STATEMENT_LIMIT,
) -> StatementView:
    """Show the entries of the player's account, newest first."""
    player_id, unit = player_of(request), currency(request.user.currency)
    async with edge.database.reading() as tx:
        entries = await wallet.find_statement(
            tx,
            shard_of(player_id),
            player_account(player_id, unit.code),
            before_no=before_no,
            limit=limit,
        )
    more = len(entries) == limit and entries[-1].entry_no > 1
    return StatementView(
        entries=tuple(
            EntryView(
                entry_no=entry.entry_no,
                key=entry.key,
                before=format_micros(entry.before, unit),
                movement=format_micros(entry.movement, unit),
                after=format_micros(entry.after, unit),
                booked_at=write_instant(entry.booked_at),
            )
            for entry in entries
        ),
        next_before_no=entries[-1].entry_no if more else None,
    )
