"""What a supplier of UOF-style messages is asked over HTTP: recoveries and fixtures.

Source: Sportradar UOF, API (`/v1/{product}/recovery/initiate_request`,
`/v1/sports/{language}/sport_events/{id}/fixture.xml`; the token is a header).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from pitboss.adapters import bounded
from pitboss.adapters.bounded import BoundedAnswer, NoAnswer
from pitboss.adapters.feeds.bounded_xml import BYTES_MAX, Element, read_xml
from pitboss.sportsbook.feeds.errors import FeedAway, Unreadable
from pitboss.sportsbook.feeds.model import Fixture, ForeignEvent, ProducerId, Reason

ANSWER_SECONDS_MAX = 10.0
_TEXT_MAX = 120
_NOT_FOUND = 404
# In our words; what is not here keeps the supplier's word, in lower case.
_SPORTS = {"soccer": "football"}


class UofApi:
    """Asks one supplier.  `names` are its producers as its addresses have them (`liveodds`)."""

    def __init__(
        self,
        url: str,
        token: str,
        names: Mapping[ProducerId, str],
        *,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"x-access-token": token}
        self._names = dict(names)
        self._client = client or httpx.AsyncClient(trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask_recovery(
        self, producer: ProducerId, *, request_no: int, after_ms: int | None
    ) -> None:
        """Have everything since then sent again.

        Raises:
            FeedAway: it was not asked, or does not want to.
        """
        after = "" if after_ms is None else f"&after={after_ms}"
        name = quote(self._names[producer], safe="")
        await self._ask(
            "POST",
            f"{self._url}/v1/{name}/recovery/initiate_request?request_id={request_no}{after}",
        )

    async def find_fixture(self, event: ForeignEvent) -> Fixture | None:
        """Return what the supplier knows of an event; None if nothing that can be used.

        Raises:
            FeedAway: it does not answer.
        """
        name = quote(event, safe=":")
        url = f"{self._url}/v1/sports/en/sport_events/{name}/fixture.xml"
        answer = await self._ask("GET", url)
        if answer.status == _NOT_FOUND:
            return None
        try:
            return read_fixture(answer.content)
        except Unreadable:
            return None

    async def _ask(self, method: str, url: str) -> BoundedAnswer:
        try:
            answer = await bounded.ask(
                self._client,
                method,
                url,
                headers=self._headers,
                seconds_max=ANSWER_SECONDS_MAX,
                bytes_max=BYTES_MAX,
            )
        except NoAnswer as error:
            raise FeedAway(str(error)) from error
        found = 200 <= answer.status < 300 or (method == "GET" and answer.status == _NOT_FOUND)
        if not found:
            raise FeedAway(f"{url} answered {answer.status}")
        return answer


def read_fixture(body: bytes) -> Fixture:
    """Return what a fixture says of its event.

    Raises:
        Unreadable: it does not say what an event needs: a name, a sport, two sides and a start.
    """
    root = read_xml(body)
    found = root if root.name == "fixture" else root.find("fixture")
    if found is None:
        raise Unreadable(Reason.UNKNOWN_MESSAGE, f"<{root.name[:40]}> is no fixture")
    tournament = found.find("tournament") or found.find("season")
    sport = None if tournament is None else tournament.find("sport")
    sides = found.find("competitors")
    return Fixture(
        event=ForeignEvent(_text(found, "id")),
        sport=_sport("unknown" if sport is None else _text(sport, "name")),
        competition="unknown" if tournament is None else _text(tournament, "name"),
        home=_side(sides, "home"),
        away=_side(sides, "away"),
        starts_at=_start(found),
    )


def _sport(name: str) -> str:
    known = name.lower()
    return _SPORTS.get(known, known)


def _side(sides: Element | None, which: str) -> str:
    for competitor in [] if sides is None else sides.find_all("competitor"):
        if competitor.get("qualifier") == which:
            return _text(competitor, "name")
    raise Unreadable(Reason.MALFORMED, f"no {which} side")


def _start(fixture: Element) -> datetime:
    text = fixture.get("start_time") or fixture.get("scheduled") or ""
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(Reason.MALFORMED, f"{text[:40]!r} is no start") from None
    if start.tzinfo is None:
        raise Unreadable(Reason.MALFORMED, f"{text[:40]!r} says no offset")
    return start.astimezone(UTC)


def _text(element: Element, name: str) -> str:
    text = (element.get(name) or "").strip()
    if not text or not text.isprintable():
        raise Unreadable(Reason.MALFORMED, f"<{element.name}> has no {name}")
    return text[:_TEXT_MAX]
