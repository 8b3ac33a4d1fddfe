"""Whether this process lives, whether it can serve, and its figures."""

from __future__ import annotations

import msgspec
from litestar import MediaType, Response, Router, get

from pitboss.api.furniture import TheEdge
from pitboss.api.metrics import Metrics


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """Yes."""

    ok: bool


def make_router(metrics: Metrics) -> Router:
    """Return the routes that an orchestrator and Prometheus ask."""

    @get(
        "/metrics",
        summary="Figures for Prometheus",
        media_type=MediaType.TEXT,
        sync_to_thread=False,
    )
    def show_metrics() -> Response[bytes]:
        """Show what this process counts and times."""
        # As a header, because a media type of text would be given a second charset.
        return Response(metrics.exposition(), headers={"content-type": metrics.content_type})

    return Router("/", route_handlers=[is_alive, is_ready, show_metrics], tags=["operations"])


@get("/healthz", summary="Is the process alive?", sync_to_thread=False)
def is_alive() -> HealthView:
    """Say yes; a process that cannot should be started anew."""
    return HealthView(ok=True)


@get("/readyz", summary="Can requests be served?")
async def is_ready(edge: TheEdge) -> HealthView:
    """Say yes if the database answers; otherwise 503, and no restart helps."""
    async with edge.database.reading() as tx:
        await tx.ping()
    return HealthView(ok=True)
