"""What every Litestar route shares: who asks, the strict body, the key, the edge."""

from __future__ import annotations

from collections.abc import Generator, Hashable
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import Reference, Schema
from litestar.params import HeaderParameter, SkipValidation
from litestar.typing import FieldDefinition

from pitboss.api import problems, wire
from pitboss.api.edge import Edge
from pitboss.api.problems import ProblemFound
from pitboss.api.tokens import Claims, Role, VerifiedTokens
from pitboss.api.watch import DEVICE_HEADER, SessionWatch
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, StaffId, parse_id
from pitboss.staff import agents
from pitboss.staff.agents.model import BUILTIN, SERVICE, Permission, StaffSessionId

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

# Where a route says what it takes.  Who is on staff may do what concerns nobody but themselves.
PERMISSION = "permission"
ONE_OF_STAFF = "one_of_staff"
# Of a route for those who have yet to come in.
STRANGERS = "strangers"
FORBIDDEN = problems.Problem(
    status=403, slug="forbidden", detail="None of your roles permits this, or there is no session."
)


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
    if not await request.body():
        raise ProblemFound(problems.unreadable("the body is missing"))


def needs(permission: Permission) -> dict[str, Any]:
    """Return the option of a route that takes this permission."""
    return {PERMISSION: permission}


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

    async def staff(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Let staff in who may do what the route takes; one that takes nothing lets nobody in.

        What somebody may do is looked up anew at every request.  A token without a session is one
        that the machine's owner signed, for a program: it may do what does not take a person.
        """
        claims = self._let_in(connection, Role.STAFF)
        wanted = handler.opt.get(PERMISSION)
        permitted = BUILTIN[SERVICE]
        if claims.session:
            permitted = await self._permitted(claims)
        elif wanted == ONE_OF_STAFF:
            raise ProblemFound(FORBIDDEN)
        if wanted != ONE_OF_STAFF and wanted not in permitted:
            raise ProblemFound(FORBIDDEN)

    async def _permitted(self, claims: Claims) -> frozenset[Permission]:
        try:
            session_id = StaffSessionId(parse_id(claims.session, field="session"))
        except Malformed:
            raise ProblemFound(problems.UNAUTHENTICATED) from None
        async with self._edge.database.reading() as tx:
            standing = await agents.find_standing(tx, session_id, now=self._edge.clock.now())
        if standing is None or standing.agent.id != claims.subject:
            raise ProblemFound(problems.UNAUTHENTICATED)
        return standing.permissions

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


def staff_of(request: Asked) -> StaffId:
    """Return which agent asks, behind the staff's door; of a program it is just a name."""
    return StaffId(request.user.subject)


def actor_of(request: Asked) -> str:
    """Return who asks, behind the staff's door, as facts name them."""
    return f"staff:{request.user.subject}"
