"""The interactive documentation at `/docs`, whose script and style we serve ourselves.

A back office behind a firewall reads it as well as a laptop does: nothing comes from elsewhere.
"""

from __future__ import annotations

from importlib import resources

from litestar import Litestar, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIFormat,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    Schema,
    SecurityScheme,
)
from litestar.params import FromPath

from pitboss.api import problems
from pitboss.api.furniture import KEY
from pitboss.api.problems import ProblemFound
from pitboss.kernel.version import VERSION

# Every address but these needs the database, and so may find it away.
_WITHOUT_DATABASE = frozenset(("/healthz", "/metrics"))
# What the form of an operation does not tell: who may not log in, who did not sign, what is gone.
_ALSO = {
    "/v1/log/checkpoint": (404,),
    "/v1/staff/bets/{bet_id}/replay": (409,),
    "/v1/players": (401, 403, 429),
    "/v1/terms/{jurisdiction}": (404,),
    "/v1/me/terms": (404, 409),
    "/v1/staff/prices": (409,),
    "/v1/staff/terms": (409,),
    "/v1/sessions": (401, 403, 409, 429),
    "/v1/sessions/challenges": (401, 409, 429),
    "/v1/me/data": (404, 410),
    "/v1/me/password": (403, 429),
    "/v1/me/security-keys": (409,),
    "/v1/me/security-keys/challenges": (409,),
    "/v1/me/security-keys/{credential}/removal": (409,),
    "/v1/me/second-factor": (409,),
    "/v1/me/second-factor/confirmation": (409,),
    "/v1/me/second-factor/removal": (409,),
    "/v1/staff/players/{player_id}/locations": (404, 410),
    "/v1/staff/players/{player_id}/erasure": (409,),
    "/v1/staff/players/{player_id}/unlock": (404,),
    "/v1/staff/approvals/{approval_id}": (409,),
    "/v1/staff/approvals/{approval_id}/approval": (409,),
    "/v1/staff/approvals/{approval_id}/refusal": (409,),
    "/v1/staff/cases/{case_id}/assignment": (409,),
    "/v1/staff/cases/{case_id}/closure": (409,),
    "/v1/staff/approvals/adjustment": (404,),
    "/v1/staff/approvals/limit-override": (404,),
    "/v1/staff/approvals/reinstatement": (404,),
    "/v1/staff/trading/referrals/{bet_id}/answer": (409,),
    "/v1/staff/trading/suspension": (409,),
    "/v1/games/launch": (403, 404, 409),
    "/v1/staff/games/list": (404,),
    "/v1/staff/games/list/import": (404,),
    "/v1/staff/games/house/check": (404,),
    "/v1/staff/games/generator": (404,),
    "/v1/staff/games/suspension": (404,),
    "/v1/staff/games/certificates/withdrawal": (404,),
    "/v1/staff/games/prepaids": (404,),
    "/v1/staff/games/campaigns": (404, 409),
    "/v1/staff/players/{player_id}/rewards": (403, 404, 409),
    "/v1/staff/players/{player_id}/rewards/{reward_id}/cancellation": (404, 409),
    "/v1/staff/players/{player_id}/rewards/{reward_id}/decision": (404, 409),
    "/v1/staff/players/{player_id}/rounds/{round_id}/resolution": (409,),
    "/v1/staff/sessions": (401, 403, 429),
    "/v1/staff/invitations": (403, 429),
    "/v1/staff/me/second-factor": (409,),
    "/v1/staff/me/second-factor/confirmation": (409,),
    "/v1/webhooks/{provider}": (401, 408, 413),
    "/v1/webhooks/verification/{provider}": (401, 408, 413),
    "/v1/me/wallet": (404,),
    "/v1/payments": (404,),
    "/v1/me/limits": (404,),
    "/v1/me/limits/history": (404,),
    "/v1/me/payout": (404,),
    "/v1/me/reality-check": (404,),
    "/v1/me/reality-check/interval": (404, 409),
    "/v1/me/reality-check/answer": (404, 409),
    "/v1/me/exclusions": (404,),
    "/v1/me/marketing/{channel}": (403, 404),
    "/v1/me/time-outs": (404,),
    "/v1/me/return": (404, 409),
    "/v1/me/register-check": (404,),
    "/v1/me/limits/{kind}/{period}/confirmation": (409,),
}
# How the types of bodies, the fields that hold ids, and the parameters that turn pages are named.
_BODY, _ID, _PAGES = "Body", "_id", ("after", "before")
_PROBLEM = Reference(ref="#/components/schemas/Problem")
_MEANINGS = {
    400: "The request cannot be read, or a header is missing",
    401: "Nobody that is known here asks",
    403: "This is not for whoever asks",
    404: "There is no such thing here",
    408: "The body did not come in time",
    409: "It does not fit how things stand, or the key was used for something else",
    410: "It was erased",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too often from one address; `Retry-After` says when to ask again",
    422: "A value does not have the form it must have; `errors` names it",
    503: "Not now; `Retry-After` says when to ask again",
}

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
        version=VERSION,
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


class Document:
    """What the API says of itself, worked out when it is first wanted, or as the server starts."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._whole = False

    def complete(self) -> None:
        """See to it that it is whole; doing it again changes nothing."""
        if not self._whole:
            _complete(self._app.openapi_schema)
            self._whole = True


def _complete(openapi: OpenAPI) -> None:
    """Say what Litestar cannot know: problems, how strictly bodies are read, what an id is."""
    schemas = openapi.components.schemas
    for name, schema in schemas.items():
        if name.endswith(_BODY):
            schema.additional_properties = False
        for field, part in (schema.properties or {}).items():
            if isinstance(part, Schema) and field.endswith(_ID) and part.type is OpenAPIType.STRING:
                part.format = OpenAPIFormat.UUID
    schemas["Problem"] = _problem_schema()
    _describe_parameters(openapi)
    _describe_problems(openapi)


def _describe_parameters(openapi: OpenAPI) -> None:
    for item in (openapi.paths or {}).values():
        for operation in _operations(item):
            for parameter in operation.parameters or ():
                if not isinstance(parameter, Parameter):
                    continue
                names_id = parameter.name.endswith(_ID) or parameter.name in _PAGES
                if names_id and isinstance(parameter.schema, Schema):
                    parameter.schema.format = OpenAPIFormat.UUID


def _describe_problems(openapi: OpenAPI) -> None:
    for path, item in (openapi.paths or {}).items():
        for operation in _operations(item):
            # Litestar describes its own answer to a malformed parameter, which nobody gets here.
            told = {
                status: response
                for status, response in (operation.responses or {}).items()
                if status != "400"
            }
            operation.responses = told | {
                str(status): _problem_response(status)
                for status in sorted(problem_statuses(path, operation))
            }


def _operations(item: PathItem) -> list[Operation]:
    """Return what can be done at an address, whatever its method."""
    found = (item.get, item.post, item.put, item.delete)
    return [operation for operation in found if operation is not None]


def problem_statuses(path: str, operation: Operation) -> set[int]:
    """Return the statuses of the problems that an operation may be answered with."""
    statuses = set(_ALSO.get(path, ()))
    if operation.parameters:
        statuses.add(422)
    if any(isinstance(item, Parameter) and item.name == KEY for item in operation.parameters or ()):
        statuses |= {400, 409}
    if operation.request_body is not None:
        statuses |= {400, 408, 413, 415, 422}
    if operation.security:
        statuses |= {401, 403}
    if "{" in path:
        statuses.add(404)
    if path not in _WITHOUT_DATABASE:
        statuses.add(503)
    return statuses


def _problem_response(status: int) -> OpenAPIResponse:
    return OpenAPIResponse(
        description=_MEANINGS[status],
        content={problems.CONTENT_TYPE: OpenAPIMediaType(schema=_PROBLEM)},
        headers={"Retry-After": OpenAPIHeader(schema=Schema(type=OpenAPIType.INTEGER))}
        if status == 503
        else None,
    )


def _problem_schema() -> Schema:
    text = Schema(type=OpenAPIType.STRING)
    error = Schema(
        type=OpenAPIType.OBJECT,
        properties={"field": text, "detail": text},
        required=["field", "detail"],
    )
    return Schema(
        type=OpenAPIType.OBJECT,
        description="Why a request was not done.  Source: RFC 9457.",
        properties={
            "type": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.URI),
            "title": text,
            "status": Schema(type=OpenAPIType.INTEGER),
            "detail": text,
            "errors": Schema(type=OpenAPIType.ARRAY, items=error),
        },
        required=["type", "title", "status", "detail"],
    )


def make_router() -> Router:
    """Return the route of the documentation's script and style."""
    return Router(_ASSETS_PATH, route_handlers=[show_asset])


@get("/{name:str}", include_in_schema=False, sync_to_thread=True)
def show_asset(name: FromPath[str]) -> Response[bytes]:
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
