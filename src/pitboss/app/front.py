"""What listens at an instance's port: the API, and the pages beside it."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from pitboss.api.bodies import heard_out
from pitboss.web.pages import Pages, is_page


class Front:
    """Sends each request where it belongs; the pages reach the API by HTTP alone."""

    def __init__(self, api: ASGIApp, pages: Pages) -> None:
        self._api = api
        self._pages = heard_out(pages.serve)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's own life, which is the API's."""
        if scope["type"] == ScopeType.HTTP and is_page(scope["path"]):
            await self._pages(scope, receive, send)
            return
        await self._api(scope, receive, send)
