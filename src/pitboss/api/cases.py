"""Cases and notes over HTTP: whom staff look after, and what they write down."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    staff_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.kernel.ids import PlayerId, StaffId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players.personal.model import Purpose
from pitboss.staff import cases, notes
from pitboss.staff.agents.model import Permission
from pitboss.staff.cases.model import RULES, Answer, Case, CaseId, Outcome, Refusal, State, Why
from pitboss.staff.cases.model import Refused as CaseRefused
from pitboss.staff.notes.model import TEXT_LENGTH_MAX, Note, NoteId, Reading, Refused, Writing

# Whatever shows, and new lines; the end is said in a way that Python and JavaScript read alike.
NoteText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=TEXT_LENGTH_MAX,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*(?![\s\S])",
    ),
]


class AssignmentBody(Body, frozen=True, kw_only=True):
    """To whom a case is given, and why."""

    to: str
    why: Why


class ClosureBody(Body, frozen=True, kw_only=True):
    """What came of looking into a case."""

    outcome: Outcome


class NoteBody(Body, frozen=True, kw_only=True):
    """What there is to say about a player; `case_id` if it is about a case."""

    text: NoteText
    case_id: str | None = None


class NotesBody(Body, frozen=True, kw_only=True):
    """Why somebody reads; `case_id` if about one case alone."""

    purpose: Purpose
    case_id: str | None = None


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case; `value` reached `threshold` within `window_hours`, as `source` asks."""

    case_id: str
    player_id: str
    marker: str
    value: int
    threshold: int
    window_hours: int
    source: str
    opened_at: str
    seen_at: str
    state: str
    assigned_to: str | None
    closed_at: str | None
    outcome: str | None


class CasesView(msgspec.Struct, frozen=True, kw_only=True):
    """Cases, the newest first."""

    cases: tuple[CaseView, ...]


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """A note; without a text it was erased."""

    note_id: str
    author: str
    written_at: str
    case_id: str | None
    text: str | None


class NotesView(msgspec.Struct, frozen=True, kw_only=True):
    """Notes about a player, the newest first."""

    notes: tuple[NoteView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about cases and notes."""
    return Router(
        "/v1/staff",
        route_handlers=[show, show_one, assign, close, write_note, read_notes],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get("/cases", opt=needs(Permission.SEE_CASES), summary="Whom to look after")
async def show(
    edge: TheEdge,
    waiting: FromQuery[bool] = False,
    assigned_to: FromQuery[str | None] = None,
) -> CasesView:
    """Show the newest cases, or those alone that are open, or one agent's."""
    of = None if assigned_to is None else StaffId(parse_id(assigned_to, field="assigned_to"))
    async with edge.database.reading() as tx:
        found = await cases.find_cases(tx, state=State.OPEN if waiting else None, assigned_to=of)
    return CasesView(cases=tuple(map(_view, found)))


@get("/cases/{case_id:str}", opt=needs(Permission.SEE_CASES), summary="One case")
async def show_one(edge: TheEdge, case_id: FromPath[str]) -> CaseView:
    """Show one case and how it stands."""
    async with edge.database.reading() as tx:
        case = await cases.find_case(tx, _case_id(case_id, "case_id"))
    if case is None:
        raise ProblemFound(problem_of(Refusal.UNKNOWN_CASE))
    return _view(case)


@post(
    "/cases/{case_id:str}/assignment",
    dto=StrictJson[AssignmentBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.WORK_CASES),
    summary="Give a case to somebody",
)
async def assign(
    request: Asked, edge: TheEdge, case_id: FromPath[str], data: JSONBody[AssignmentBody]
) -> CaseView:
    """Give a case to an agent who may work on it: yourself, or somebody else."""
    wanted, by = _case_id(case_id, "case_id"), staff_of(request)
    to = StaffId(parse_id(data.to, field="to"))

    async def work(turn: Turn) -> Answer:
        return await cases.assign(turn, wanted, to, by, data.why)

    return _answered(await in_turn(edge, [STAFF_SHARD], actor_of(request), work))


@post(
    "/cases/{case_id:str}/closure",
    dto=StrictJson[ClosureBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.WORK_CASES),
    summary="Close a case",
)
async def close(
    request: Asked, edge: TheEdge, case_id: FromPath[str], data: JSONBody[ClosureBody]
) -> CaseView:
    """Close a case with what came of it; what it was about opens no other one."""
    wanted, by = _case_id(case_id, "case_id"), staff_of(request)

    async def work(turn: Turn) -> Answer:
        return await cases.close(turn, wanted, by, data.outcome)

    return _answered(await in_turn(edge, [STAFF_SHARD], actor_of(request), work))


@post(
    "/players/{player_id:str}/notes",
    dto=StrictJson[NoteBody],
    before_request=check_body,
    opt=needs(Permission.WRITE_NOTES),
    summary="Write something down about a player",
)
async def write_note(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[NoteBody],
    key: KeyHeader = None,
) -> NoteView:
    """Write something down about a player, or about one of their cases."""
    wish = Writing(
        id=NoteId(derived_id("staff.note", actor_of(request), check_key(key))),
        player_id=PlayerId(parse_id(player_id, field="player_id")),
        author=actor_of(request),
        text=data.text,
        case_id=await _existing(edge, data.case_id),
    )

    async def work(turn: Turn) -> Note | Refused:
        return await notes.write(turn, wish, keys=edge.personal_keys)

    answer = await in_turn(edge, [shard_of(wish.player_id)], actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return _note(answer, text=data.text)


@post(
    "/players/{player_id:str}/notes/reading",
    dto=StrictJson[NotesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.READ_NOTES),
    summary="Read what was written about a player",
)
async def read_notes(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[NotesBody]
) -> NotesView:
    """Read what was written about a player; a fact says that you did, and why."""
    case_id = None if data.case_id is None else _case_id(data.case_id, "case_id")
    wish = Reading(
        player_id=PlayerId(parse_id(player_id, field="player_id")),
        purpose=data.purpose,
        case_id=case_id,
    )

    async def work(turn: Turn) -> list[Note] | Refused:
        return await notes.read(turn, wish, keys=edge.personal_keys)

    answer = await in_turn(edge, [shard_of(wish.player_id)], actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return NotesView(notes=tuple(_note(item, text=item.text) for item in answer))


async def _existing(edge: Edge, text: str | None) -> str | None:
    """Return the id of a case that there is, if one is named."""
    if text is None:
        return None
    async with edge.database.reading() as tx:
        case = await cases.find_case(tx, _case_id(text, "case_id"))
    if case is None:
        raise ProblemFound(problem_of(Refusal.UNKNOWN_CASE))
    return case.id


def _case_id(text: str, field: str) -> CaseId:
    return CaseId(parse_id(text, field=field))


def _answered(answer: Answer) -> CaseView:
    if isinstance(answer, CaseRefused):
        raise ProblemFound(problem_of(answer.reason))
    return _view(answer.case)


def _note(note: Note, *, text: str | None) -> NoteView:
    return NoteView(
        note_id=note.id,
        author=note.author,
        written_at=write_instant(note.written_at),
        case_id=note.case_id,
        text=text,
    )


def _view(case: Case) -> CaseView:
    rule = RULES[case.marker]
    return CaseView(
        case_id=case.id,
        player_id=case.player_id,
        marker=case.marker,
        value=case.value,
        threshold=rule.threshold,
        window_hours=int(rule.window.total_seconds()) // 3_600,
        source=rule.source,
        opened_at=write_instant(case.opened_at),
        seen_at=write_instant(case.seen_at),
        state=case.state,
        assigned_to=case.assigned_to,
        closed_at=None if case.closed_at is None else write_instant(case.closed_at),
        outcome=case.outcome,
    )
