"""The record over HTTP, for everybody: its newest checkpoint, its hashes, and proofs.

What facts say is not shown, as they tell who has done what, if under names that are random: a
proof comes without its entry, which whoever asks for one has, and bundles of entries are given to
auditors apart.  Source of the addresses below `/v1/log`: C2SP tlog-tiles.
"""

from __future__ import annotations

import asyncio

from litestar import Response, Router, get
from litestar.params import FromPath

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import TheEdge
from pitboss.api.problems import Problem, ProblemFound
from pitboss.audit import record
from pitboss.audit.record.errors import FactUnknown
from pitboss.audit.record.ports import CHECKPOINT_PATH, TileStore
from pitboss.kernel.ids import FactId, parse_id
from pitboss.tlog.errors import Unreadable, Untrusted
from pitboss.tlog.tiles import TILE_HASHES, Tile, parse_path

# Facts are not indexed by their ids, and this door is open to everybody.
SECONDS_MAX = 2.0
NO_LOG = Problem(
    status=503,
    slug="no_log",
    detail="nothing of the log can be read here now",
    retry_after=problems.RETRY_SECONDS,
)
TOO_LONG = Problem(
    status=503,
    slug="took_too_long",
    detail="the fact was not found in time",
    retry_after=problems.RETRY_SECONDS,
)

_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_NOW = "no-cache"


def make_router() -> Router:
    """Return the routes of the record."""
    return Router(
        "/v1/log", route_handlers=[show_checkpoint, show_tile, show_proof], tags=["record"]
    )


@get("/checkpoint", summary="The newest signed checkpoint of the record", media_type=_TEXT)
async def show_checkpoint(edge: TheEdge) -> Response[bytes]:
    """Show the newest checkpoint, a signed note with the size and the root hash of the log."""
    return await _file(edge, CHECKPOINT_PATH, media_type=_TEXT, cached=_FOR_NOW)


@get("/tile/{path:path}", summary="A tile of the record's hashes", media_type=_BYTES)
async def show_tile(edge: TheEdge, path: FromPath[str]) -> Response[bytes]:
    """Show a tile of hashes, by its path as tlog-tiles writes it: `0/x001/234` or `1/000.p/12`.

    A partial tile may be gone once the full one is there, which has the same beginning.
    """
    try:
        tile = parse_path(f"tile/{path.lstrip('/')}")
    except Unreadable:
        raise ProblemFound(problems.NOT_FOUND) from None
    if not isinstance(tile, Tile):
        raise ProblemFound(problems.NOT_FOUND)
    cached = _FOR_EVER if tile.width == TILE_HASHES else _FOR_NOW
    return await _file(edge, tile.path, media_type=_BYTES, cached=cached)


@get("/proofs/{fact_id:str}", summary="The proof that a fact is in the record", media_type=_TEXT)
async def show_proof(edge: TheEdge, fact_id: FromPath[str]) -> Response[bytes]:
    """Prove that the fact with this id is in the log, without saying what it is.

    A proof file of C2SP tlog-proof, to be checked against the fact's own bytes and the log's public
    key.  There is none before a checkpoint covers the fact, nor here for one that was put in order
    long after it was made; `pitboss audit prove` has the time to look for that.
    """
    wanted = FactId(parse_id(fact_id, field="fact_id"))
    store = _store(edge)
    try:
        async with asyncio.timeout(SECONDS_MAX), edge.database.moment() as tx:
            # Who signed it is what the receiver checks, whose key is not one that we hand over.
            proof = await record.prove(tx, store, wanted, None, nearby=True)
    except FactUnknown:
        raise ProblemFound(problems.NOT_FOUND) from None
    except Untrusted:
        raise ProblemFound(NO_LOG) from None
    except TimeoutError:
        raise ProblemFound(TOO_LONG) from None
    return _answer(str(proof.bare()).encode(), media_type=_TEXT, cached=_FOR_NOW)


async def _file(edge: Edge, path: str, *, media_type: str, cached: str) -> Response[bytes]:
    data = await asyncio.to_thread(_store(edge).read, path)
    if data is None:
        raise ProblemFound(problems.NOT_FOUND)
    return _answer(data, media_type=media_type, cached=cached)


def _store(edge: Edge) -> TileStore:
    if edge.tiles is None:
        raise ProblemFound(NO_LOG)
    return edge.tiles


def _answer(data: bytes, *, media_type: str, cached: str) -> Response[bytes]:
    # As a header, because a media type of text would be given a second charset.
    return Response(data, headers={"content-type": media_type, "cache-control": cached})
