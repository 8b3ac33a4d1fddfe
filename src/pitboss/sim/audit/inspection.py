"""The verbs of the audit: connect, look at everything, say what was found."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from pitboss.sim.audit.findings import DETAILS_MAX, Findings

from . import store


async def audit(url: str, *, acknowledged: Collection[str] = (), drained: bool = True) -> Findings:
    """Look at the raw tables of a database that nobody writes to, and say what is wrong.

    Args:
        url: where the database is.
        acknowledged: ids of commands that clients were told are durable.
        drained: whether everything should be done by now; if not, what waits is no finding.
    """
    connection: store.Connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    try:
        return await inspect(connection, acknowledged=acknowledged, drained=drained)
    finally:
        connection.terminate()


async def inspect(
    connection: store.Connection, *, acknowledged: Collection[str] = (), drained: bool = True
) -> Findings:
    """Do what `audit` does over a connection that is open already."""
    names = [name for name in store.PROMISES if drained or name not in store.WHEN_DRAINED]
    found: dict[str, list[str]] = {name: [] for name in names}
    try:
        for name, detail in await store.find_discrepancies(connection, names, limit=DETAILS_MAX):
            found[name].append(detail)
    except asyncpg.DataError as error:
        # A fact that cannot be read: the reader that stumbled over it does not say which.
        found["facts_can_be_read"] = [str(error)]
    found["acknowledged_is_in_the_log"] = [
        f"command {command_id} was acknowledged and is not in the log"
        for command_id in await store.find_missing(connection, acknowledged, limit=DETAILS_MAX)
    ]
    return Findings(
        promises={name: tuple(details) for name, details in found.items()},
        counts=await store.find_counts(connection),
    )
