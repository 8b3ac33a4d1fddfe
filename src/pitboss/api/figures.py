"""The platform's figures over HTTP, for staff: bets, accounts, payments, and what waits."""

from __future__ import annotations

import msgspec
from litestar import Router, get

from pitboss import cashier, messages, wallet
from pitboss.api.furniture import BEARER, Doors, TheEdge, needs
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.sportsbook import betting, settlement
from pitboss.staff.agents.model import Permission


class BetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Bets of one currency in one state."""

    currency: str
    state: str
    bets: int
    stakes: str
    returns: str


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts of one kind in one currency; the house's and providers' by name."""

    currency: str
    kind: str
    owner: str
    debits: str
    credits: str
    held: str


class BacklogFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Commands that wait in a partition of the log."""

    partition: int
    waiting: int
    oldest_at: str | None


class SettlementFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Results that a partition's players still wait for."""

    partition: int
    results_waiting: int


class PaymentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one kind in one state."""

    currency: str
    kind: str
    state: str
    payments: int
    amount: str


class FiguresView(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the whole platform, as committed a moment ago."""

    bets: tuple[BetFigures, ...]
    accounts: tuple[AccountFigures, ...]
    payments: tuple[PaymentFigures, ...]
    backlog: tuple[BacklogFigures, ...]
    settlement: tuple[SettlementFigures, ...]


class BacklogView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, in all: cheap enough to be asked many times a second."""

    commands_waiting: int
    results_waiting: int
    payments_open: int


def make_router(doors: Doors) -> Router:
    """Return the routes about figures."""
    return Router(
        "/v1/staff",
        route_handlers=[show_figures, show_backlog],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get("/figures", summary="Bets, accounts and what waits", opt=needs(Permission.SEE_FIGURES))
async def show_figures(edge: TheEdge) -> FiguresView:
    """Show the totals of bets and accounts, and how far the processors are behind."""
    async with edge.database.reading() as tx:
        bets = await betting.find_totals(tx)
        accounts = await wallet.find_totals(tx)
        payments = await cashier.find_totals(tx)
        backlogs = await messages.find_backlogs(tx)
        lags = await settlement.find_lags(tx)
    return FiguresView(
        bets=tuple(
            BetFigures(
                currency=code,
                state=state,
                bets=count,
                stakes=format_micros(stakes, currency(code)),
                returns=format_micros(returns, currency(code)),
            )
            for (code, state), (count, stakes, returns) in sorted(bets.items())
        ),
        accounts=tuple(
            AccountFigures(
                currency=code,
                kind=kind,
                owner=owner,
                debits=format_micros(debits, currency(code)),
                credits=format_micros(credits, currency(code)),
                held=format_micros(held, currency(code)),
            )
            for (code, kind, owner), (debits, credits, held) in sorted(accounts.items())
        ),
        payments=tuple(
            PaymentFigures(
                currency=code,
                kind=kind,
                state=state,
                payments=count,
                amount=format_micros(micros, currency(code)),
            )
            for (code, kind, state), (count, micros) in sorted(payments.items())
        ),
        backlog=tuple(
            BacklogFigures(
                partition=item.partition,
                waiting=item.waiting,
                oldest_at=None if item.oldest_at is None else write_instant(item.oldest_at),
            )
            for item in backlogs
        ),
        settlement=tuple(
            SettlementFigures(partition=partition, results_waiting=waiting)
            for partition, waiting in sorted(lags.items())
        ),
    )


@get("/backlog", summary="What waits, in all", opt=needs(Permission.SEE_FIGURES))
async def show_backlog(edge: TheEdge) -> BacklogView:
    """Show how many commands, results and payments have not been dealt with yet."""
    async with edge.database.reading() as tx:
        backlogs = await messages.find_backlogs(tx)
        lags = await settlement.find_lags(tx)
        payments_open = await cashier.count_open(tx)
    return BacklogView(
        commands_waiting=sum(item.waiting for item in backlogs),
        results_waiting=sum(lags.values()),
        payments_open=payments_open,
    )
