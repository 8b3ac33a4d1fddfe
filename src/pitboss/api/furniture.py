"""What every Litestar route shares: who asks, the strict body, the key, the edge."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.exceptions import InternalServerException
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.params import HeaderParameter, SkipValidation
from litestar.typing import FieldDefinition

from pitboss.api import problems, wire
from pitboss.api.edge import Edge
from pitboss.api.problems import ProblemFound
from pitboss.api.tokens import Claims, Role, VerifiedTokens
from pitboss.api.watch import DEVICE_HEADER, SessionWatch
from pitboss.kernel.ids import PlayerId

KEY = "Idempotency-Key"

T = TypeVar("T")

TheEdge = NamedDependency[SkipValidation[Edge]]
Asked = Request[Claims, Any, Any]
KeyHeader = Annotated[
    str | None,
    HeaderParameter(
        name=KEY,
        required=True,
        description="1 to 64 printable characters; the same key with the same body is harmless.",
    ),
]
BEARER = [{"bearer": list[str]()}]


class StrictJson(AbstractDTO[T]):
    """Reads a body as strictly as the hot routes do, and lets OpenAPI see its type."""

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Do nothing: the type itself says how it is read."""

    @classmethod
    def generate_field_definitions(
        cls, model_type: type[Any]
    ) -> Generator[DTOFieldDefinition, None, None]:
        """Give none, as the type is read whole."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Say no, as the type is read whole."""
        return False

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Describe the type."""
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

    def decode_bytes(self, value: bytes) -> Any:
        """Read the body."""
        return _reader(cast("Hashable", self.model_type))(value)


@cache
def _reader(kind: Hashable) -> Any:
    return wire.reader(cast("type[Any]", kind))


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is missing or not announced as JSON."""
    if not wire.is_json(request.headers.get("content-type")):
        raise ProblemFound(problems.NOT_JSON)
    if not await read_body(request):
        raise ProblemFound(problems.unreadable("the body is missing"))


async def read_body(request: Request[Any, Any, Any]) -> bytes:
    """Return the body, as long as it may be.

    Raises:
        ProblemFound: whoever sent it went away before it was whole.
    """
    try:
        return await request.body()
    except InternalServerException:
        # Litestar's word for a client that hung up, which is no fault of ours.
        raise ProblemFound(problems.unreadable("the body is not whole")) from None


class Doors:
    """The guards: who may come in by which door."""

    def __init__(self, edge: Edge, verified: VerifiedTokens, watch: SessionWatch) -> None:
        self._edge = edge
        self._verified = verified
        self._watch = watch

    def __deepcopy__(self, memo: object) -> Doors:
        """Stay one and the same when Litestar copies the routes that we guard."""
        return self

    async def player(
        self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
    ) -> None:
        """Let players in whose session lives."""
        claims = self._let_in(connection, Role.PLAYER)
        await self._watch.check(claims, connection.headers.get(DEVICE_HEADER))

    def staff(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Let staff in."""
        self._let_in(connection, Role.STAFF)

    def _let_in(self, connection: ASGIConnection[Any, Any, Any, Any], role: Role) -> Claims:
        header = connection.headers.get("authorization")
        claims = self._verified.find(
            None if header is None else header.encode("latin-1"), now=self._edge.wall.now()
        )
        if claims is None:
            raise ProblemFound(problems.UNAUTHENTICATED)
        if claims.role is not role:
            raise ProblemFound(problems.WRONG_ROLE)
        connection.scope["user"] = claims
        return claims


def player_of(request: Asked) -> PlayerId:
    """Return who asks, behind the players' door."""
    return PlayerId(request.user.subject)


def actor_of(request: Asked) -> str:
    """Return who asks, behind the staff's door, as facts name them."""
    return f"staff:{request.user.subject}"
