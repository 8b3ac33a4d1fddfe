"""The interactive documentation at `/docs`, whose script and style we serve ourselves.

A back office behind a firewall reads it as well as a laptop does: nothing comes from elsewhere.
"""

from __future__ import annotations

from importlib import resources

from litestar import Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from pitboss import __version__
from pitboss.api import problems
from pitboss.api.problems import ProblemFound

DOCS_PATH = "/docs"
_ASSETS_PATH = "/docs-assets"
_SECONDS_CACHED = 86_400
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


def make_config() -> OpenAPIConfig:
    """Return how the API describes itself."""
    return OpenAPIConfig(
        title="pitboss",
        version=__version__,
        description=(
            "Accounts, wallet, sportsbook and cashier. A bet is acknowledged (202) once it is"
            " durable and decided a moment later; the status link tells. Whatever changes"
            " something takes an `Idempotency-Key`: asking twice is harmless. Problems are"
            " RFC 9457 documents that name the field."
        ),
        path=DOCS_PATH,
        render_plugins=[
            SwaggerRenderPlugin(
                js_url=f"{_ASSETS_PATH}/swagger-ui-bundle.js",
                css_url=f"{_ASSETS_PATH}/swagger-ui.css",
                standalone_preset_js_url=f"{_ASSETS_PATH}/swagger-ui-standalone-preset.js",
                favicon=f'<link rel="icon" href="{_ASSETS_PATH}/favicon-32x32.png">',
            ),
            JsonRenderPlugin(),
        ],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
        ),
        use_handler_docstrings=True,
    )


def make_router() -> Router:
    """Return the route of the documentation's script and style."""
    return Router(_ASSETS_PATH, route_handlers=[show_asset])


@get("/{name:str}", include_in_schema=False, sync_to_thread=True)
def show_asset(name: str) -> Response[bytes]:
    """Serve one of the files that the documentation's page asks for."""
    media_type = _ASSETS.get(name)
    if media_type is None:
        raise ProblemFound(problems.NOT_FOUND)
    content = (resources.files("swagger_ui") / "static" / name).read_bytes()
    return Response(
        content,
        media_type=media_type,
        headers={"cache-control": f"public, max-age={_SECONDS_CACHED}"},
    )
