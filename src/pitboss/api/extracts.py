"""What we know of a player, for that player: the right of access."""

from __future__ import annotations

import msgspec
from litestar import Router, get

from pitboss import jurisdictions, location
from pitboss.api.edge import Edge
from pitboss.api.furniture import BEARER, Asked, Doors, TheEdge, player_of
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.location.model import History
from pitboss.messages import Turn
from pitboss.players import access, factors, identity, personal
from pitboss.players.access.model import Session
from pitboss.players.factors.model import Factors
from pitboss.players.identity.model import Player
from pitboss.players.personal.model import Purpose, ReadAnswer, ReadRequest, Refused, SubjectId

# What else there is stands page by page at addresses of its own.
ELSEWHERE = (
    "/v1/me/wallet",
    "/v1/me/statement",
    "/v1/payments",
    "/v1/me/limits",
    "/v1/me/payout",
    "/v1/me/exclusions",
    "/v1/me/verification",
    "/v1/me/security-keys",
)


class StayView(msgspec.Struct, frozen=True, kw_only=True):
    """A session: when it began, when it was used last, when and why it was ended, if it was."""

    session_id: str
    opened_at: str
    seen_at: str
    ended_at: str | None
    end_reason: str | None


class FoundView(msgspec.Struct, frozen=True, kw_only=True):
    """A check of where the player was."""

    check_id: str
    checked_at: str
    decision: str
    reasons: tuple[str, ...]


class ExtractView(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of who the player is (`values`, by path), and of how they were here.

    Sessions and checks are the newest hundred and fifty; `elsewhere` are the addresses of the rest.
    `purposes` are all that anybody may look for; each look is recorded with its own.
    """

    player_id: str
    jurisdiction: str
    currency: str
    status: str
    registered_at: str
    values: dict[str, str]
    second_factors: tuple[str, ...]
    sessions: tuple[StayView, ...]
    location_checks: tuple[FoundView, ...]
    purposes: tuple[str, ...]
    retention_years: int
    elsewhere: tuple[str, ...]


def make_router(doors: Doors) -> Router:
    """Return the route of the right of access."""
    return Router(
        "/v1/me",
        route_handlers=[show],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )


@get("/data", summary="What we know of you")
async def show(request: Asked, edge: TheEdge) -> ExtractView:
    """Show what is kept of the player; a fact says that they looked.

    Source: GDPR, article 15(1) and (3).
    """
    return await _extract(edge, player_of(request))


async def _extract(edge: Edge, player_id: PlayerId) -> ExtractView:
    async def work(
        turn: Turn,
    ) -> tuple[ReadAnswer, Player, list[Session], Factors, History]:
        wish = ReadRequest(subject_id=SubjectId(player_id), purpose=Purpose.SUBJECT_ACCESS)
        (found,) = await personal.read(turn, [wish], keys=edge.personal_keys)
        return (
            found,
            await identity.get_player(turn.tx, player_id),
            await access.find_newest(turn.tx, player_id),
            await factors.find_factors(turn.tx, player_id),
            await location.find_history(turn.tx, player_id),
        )

    found, player, sessions, known, history = await in_turn(
        edge, [shard_of(player_id)], "player", work
    )
    if isinstance(found, Refused):
        raise ProblemFound(problem_of(found.reason))
    licence = jurisdictions.get(player.jurisdiction)
    return ExtractView(
        player_id=player_id,
        jurisdiction=player.jurisdiction,
        currency=player.currency,
        status=player.status,
        registered_at=write_instant(player.registered_at),
        values={str(path): value for path, value in found.values.items()},
        second_factors=tuple(kind for kind, factor in known.items() if factor.active),
        sessions=tuple(_stay_view(session) for session in sessions),
        location_checks=tuple(
            FoundView(
                check_id=check.check_id,
                checked_at=write_instant(check.checked_at),
                decision=check.decision,
                reasons=tuple(str(reason) for reason in check.reasons),
            )
            for check in history.checks
        ),
        purposes=tuple(Purpose),
        retention_years=licence.retention.years_after_closure,
        elsewhere=ELSEWHERE,
    )


def _stay_view(session: Session) -> StayView:
    return StayView(
        session_id=session.id,
        opened_at=write_instant(session.opened_at),
        seen_at=write_instant(session.seen_at),
        ended_at=None if session.ended_at is None else write_instant(session.ended_at),
        end_reason=session.end_reason,
    )
