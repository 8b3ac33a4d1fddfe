"""The hands of a walk: one licence, a clock that is moved, and people who ask over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from integration.api.client import Answer
from integration.api.desk import (
    PASSWORD,
    SIGNING,
    Desk,
    event_id,
    new_event,
    news,
    selection_id,
)
from pitboss.jurisdictions.model import Jurisdiction, LimitKind, LocationKind, Period, WhenReached
from pitboss.kernel.ids import derived_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.location.model import Address, AddressState
from pitboss.sandbox.couriers import SIGNATURE_HEADER, sign
from pitboss.sandbox.locating import SandboxLocator, Sighted
from proofs import Step

UNIT = 1_000_000
# One of each network: at home, another one at home, and one abroad.
HOME_IP, OTHER_IP, FOREIGN_IP = "216.160.83.56", "216.160.83.57", "81.2.69.142"
# Well inside the square of `maps`, and south of it.
AT_HOME, OUTSIDE = (40.5, -74.5), (39.9, -74.5)
SOUTH = 40.0
# A token of ours lives for a quarter of an hour by the machine's clock.
RENEWED_EVERY = timedelta(minutes=10)
EVENT = "final"
REALITY_CHECK = "/v1/me/reality-check"
# Longer than any walk: the bet that is placed at its end is still before the event.
EVENT_IN = timedelta(days=8 * 365)
# Generous, for limits that the licence wants and that are not what a step is about.
AMPLE_UNITS, AMPLE_MINUTES = 100_000, 20 * 60


class Book:
    """Knows which networks are in the licensed area."""

    def __init__(self, area: str | None) -> None:
        country, _, subdivision = (area or "").partition("-")
        self._home = Address(
            state=AddressState.FOUND, country=country, subdivision=subdivision or None
        )

    def find(self, ip: str) -> Address:
        """Return where an address is: at home or abroad."""
        abroad = Address(state=AddressState.FOUND, country="ZZ")
        return self._home if ip in (HOME_IP, OTHER_IP) else abroad


@dataclass(slots=True, kw_only=True)
class Walk:
    """A licence and its API, at a moment that the test chooses."""

    desk: Desk
    licence: Jurisdiction
    locator: SandboxLocator
    note: Step
    met: list[Person] = field(default_factory=list)
    # What whoever registers has read, once there is something to read.
    terms: str | None = None

    def step(self, sentence: str, *rules: str) -> AbstractContextManager[None]:
        """Take a step of the story; it proves these rules of the licence."""
        return self.note(sentence, self.licence.code, *rules)

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.desk.clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """The licence's own clock."""
        return ZoneInfo(self.licence.licence.time_zone)

    @property
    def today(self) -> date:
        """The day that it is by the licence's clock."""
        return self.now.astimezone(self.zone).date()

    def at(self, day: date, hour: int = 0, minute: int = 0) -> datetime:
        """Return a time of day by the licence's clock."""
        return datetime.combine(day, time(hour, minute), self.zone).astimezone(self.now.tzinfo)

    def wait(self, by: timedelta) -> None:
        """Let time pass, on the platform and on the machine alike."""
        assert by >= timedelta(0), "nobody goes back in time"
        self.desk.clock.advance(by)
        self.desk.wall.advance(by)

    def wait_until(self, instant: datetime) -> None:
        """Let time pass until then."""
        self.wait(instant - self.now)

    @property
    def currency(self) -> str:
        """What players of the licence pay with."""
        return self.licence.licence.currencies[0]

    def money(self, micros: int) -> str:
        """Write an amount as it goes over HTTP."""
        return format_micros(micros, currency(self.currency))

    @property
    def minor(self) -> int:
        """The smallest amount there is, in micros."""
        return currency(self.currency).minor_unit_micros

    async def register(self, **changes: Any) -> Answer:
        """Ask to become a player."""
        number = next(self.desk.numbers)
        body = {
            "email": f"player{number}@example.test",
            "password": PASSWORD,
            "name": f"Ann Example{'abcdefghij'[number % 10]}",
            "date_of_birth": "1980-05-17",
            "jurisdiction": self.licence.code,
            "currency": self.currency,
            "postcode": f"AB{number} 1CD",
            "national_id": swedish_number(number),
            "terms_version": self.terms,
            **changes,
        }
        return await self.desk.client.ask(
            "POST", "/v1/players", key=self.desk.key(), body=body, headers=from_(HOME_IP)
        )

    async def newcomer(self, **changes: Any) -> Person:
        """Register somebody who may play."""
        email = changes.setdefault("email", f"newcomer{next(self.desk.numbers)}@example.test")
        answer = await self.register(**changes)
        assert answer.status == 201, answer.body
        person = Person(walk=self, email=email)
        person.take(answer)
        self.met.append(person)
        return person

    async def regular(self, *, deposit: int = 0, **changes: Any) -> Person:
        """Register somebody who has done all that the licence wants before play.

        `deposit` is what they have paid in, in micros.
        """
        person = await self.newcomer(**changes)
        await person.set_what_is_mandatory()
        await person.is_verified()
        await person.shows_where_they_are()
        if deposit:
            assert await person.pays_in(deposit) == "requested"
        return person

    async def open_event(self) -> None:
        """Let staff open what all bets here are on."""
        event = {**new_event(EVENT), "starts_at": write_instant(self.now + EVENT_IN)}
        answer = await self.desk.client.ask(
            "POST", "/v1/staff/events", token=self.desk.staff, body={"events": [event]}
        )
        assert answer.json()["answers"] == [{"event_id": event_id(EVENT), "changed": True}]


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody who plays, or wants to; asks from one network at a time."""

    walk: Walk
    email: str
    player_id: str = ""
    token: str = ""
    session_id: str = ""
    place: tuple[float, float] | None = AT_HOME

    def take(self, answer: Answer) -> None:
        """Take the session that an answer gave."""
        said = answer.json()
        self.player_id, self.token = said["player_id"], said["token"]
        self.session_id = said["session_id"]

    async def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        ip: str = HOME_IP,
        device: str | None = None,
    ) -> Answer:
        """Ask for something, under a fresh key."""
        headers = from_(ip) | ({} if device is None else {"x-device-id": device})
        return await self.walk.desk.client.ask(
            method, path, token=self.token, key=self.walk.desk.key(), body=body, headers=headers
        )

    async def looks(self, path: str) -> Any:
        """Return what the person sees there."""
        answer = await self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    async def tries_to_log_in(self, password: str = PASSWORD, **more: str) -> Answer:
        """Try to log in."""
        body = {"email": self.email, "password": password, **more}
        return await self.walk.desk.client.ask(
            "POST", "/v1/sessions", body=body, headers=from_(HOME_IP)
        )

    async def logs_in(self, **more: str) -> dict[str, Any]:
        """Log in; return what that says."""
        answer = await self.tries_to_log_in(**more)
        assert answer.status == 201, answer.body
        self.take(answer)
        said: dict[str, Any] = answer.json()
        return said

    async def comes_back(self) -> None:
        """Log in and show again where they are, as somebody does who was away."""
        await self.logs_in()
        await self.shows_where_they_are()

    async def stays(self, by: timedelta) -> None:
        """Let time pass in one session, as a client does that renews its token in time."""
        while by > timedelta(0):
            pause = min(by, RENEWED_EVERY)
            self.walk.wait(pause)
            by -= pause
            answer = await self.ask("POST", "/v1/me/session/renewal")
            assert answer.status == 200, answer.body
            self.take(answer)

    async def is_let_in(self) -> bool:
        """Say whether the session that the person has still lives."""
        answer = await self.ask("GET", "/v1/me")
        assert answer.status in (200, 401), answer.body
        return answer.status == 200

    # Money and bets.

    async def pays_in(self, micros: int) -> str:
        """Pay in, and let it arrive; return `requested`, or why it was refused."""
        return await self._pays("deposits", micros)

    async def takes_out(self, micros: int) -> str:
        """Be paid out, and let it arrive; return `requested`, or why it was refused."""
        return await self._pays("withdrawals", micros)

    async def _pays(self, what: str, micros: int) -> str:
        body = {"amount": self.walk.money(micros), "currency": self.walk.currency}
        await self.has_the_register_asked()
        answer = await self.ask("POST", f"/v1/{what}", body)
        if answer.status != 202:
            return answer.slug
        told = await self.walk.desk.tell(news(answer.json()))
        assert told.json() == {"believed": True, "refusal": None}
        return "requested"

    async def has_the_register_asked(self, *, ip: str = HOME_IP) -> None:
        """Have the national register of the licence asked, as a client does before play."""
        if self.walk.licence.exclusion.registers:
            await self.ask("POST", "/v1/me/register-check", ip=ip)

    async def goes_on(self) -> None:
        """Answer a reality check that stops play, and sit a mandatory break out."""
        shown = await self.looks(REALITY_CHECK)
        if shown["due"] and shown["answer_required"]:
            body = {"due_at": shown["due_at"], "reply": "continue"}
            answer = await self.ask("POST", f"{REALITY_CHECK}/answer", body)
            assert answer.status == 200, answer.body
        if shown["pace"] == "on_break":
            self.walk.wait_until(parse_instant(shown["break_ends_at"], field="break_ends_at"))

    async def asks_for_a_bet(self, micros: int, *, ip: str = HOME_IP, goes_on: bool = True) -> str:
        """Put a bet into the log, undecided; return its path.

        What stops play is answered and sat out first, as a client has its player do, if `goes_on`.
        """
        if goes_on:
            await self.goes_on()
        leg = {"selection_id": selection_id(EVENT), "tick": 1}
        money = {"currency": self.walk.currency, "stake": self.walk.money(micros)}
        await self.has_the_register_asked(ip=ip)
        answer = await self.ask("POST", "/v1/bets", {**money, "legs": [leg], "again": True}, ip=ip)
        assert answer.status == 202, answer.body
        return str(answer.json()["links"]["status"])

    async def outcome(self, path: str) -> str:
        """Return how a bet stands, or why it was refused.

        Whom a limit that is used up logs out logs in again to see it.
        """
        await self.walk.desk.process()
        logs_out = self.walk.licence.limits.when_reached is WhenReached.LOG_OUT
        if logs_out and not await self.is_let_in():
            await self.logs_in()
        found = await self.looks(path)
        return str(found["refusal"] or found["state"])

    async def bets(self, micros: int, *, ip: str = HOME_IP) -> str:
        """Bet; return `accepted`, or why it was refused."""
        return await self.outcome(await self.asks_for_a_bet(micros, ip=ip))

    # What comes before play.

    async def sets(self, kind: LimitKind, period: Period | None, value: int | None) -> Answer:
        """Set a limit, in micros or minutes; None asks for it to be gone."""
        path = limit_path(kind, period)
        if value is None:
            return await self.ask("DELETE", path)
        body = {"amount": self.walk.money(value)} if kind.is_money else {"minutes": value}
        return await self.ask("PUT", path, body)

    async def set_what_is_mandatory(self, *, but: tuple[LimitKind, ...] = ()) -> None:
        """Set the limits that the licence wants, so high that nobody feels them."""
        rules = self.walk.licence.limits
        wanted = {*rules.mandatory_before_deposit, *rules.mandatory_before_play} - {*but}
        for kind in sorted(wanted):
            value = AMPLE_UNITS * UNIT if kind.is_money else AMPLE_MINUTES
            answer = await self.sets(kind, Period.DAY if kind.is_periodic else None, value)
            assert answer.status == 200, answer.body

    async def is_verified(self) -> None:
        """Ask to be verified, and let the provider call back that this is who they say."""
        key = self.walk.desk.key()
        asked = await self.walk.desk.client.ask(
            "POST", "/v1/me/verification", token=self.token, key=key
        )
        assert asked.status == 202, asked.body
        check_id = derived_id("verification", self.player_id, "sandbox", key)
        told = {
            "event_id": derived_id("event", check_id),
            "check_id": check_id,
            "reference": "chk_1",
            "status": "verified",
            "valid_until": write_instant(self.walk.now + EVENT_IN),
        }
        body = msgspec.json.encode(told)
        signature = sign(SIGNING, body, at=self.walk.desk.wall.now())
        heard = await self.walk.desk.client.ask(
            "POST",
            "/v1/webhooks/verification/sandbox",
            raw=body,
            headers={SIGNATURE_HEADER.lower(): signature},
        )
        assert heard.json() == {"believed": True, "refusal": None}

    async def checks(self, *, ip: str | None = None, **changes: Any) -> dict[str, Any]:
        """Have their location checked by what the licence wants to see."""
        token = None
        if self.walk.licence.location.kind is LocationKind.DEVICE:
            latitude, longitude = self.place or (None, None)
            seen = Sighted(
                player_id=self.player_id,
                session_id=self.session_id,
                latitude=latitude,
                longitude=longitude,
                **changes,
            )
            token = self.walk.locator.token(seen)
        answer = await self.ask("POST", "/v1/location/checks", {"token": token}, ip=ip or HOME_IP)
        assert answer.status == 200, answer.body
        said: dict[str, Any] = answer.json()
        return said

    async def shows_where_they_are(self) -> None:
        """Show to be where they may play, if the licence wants to know."""
        if self.walk.licence.location.kind is not LocationKind.NONE:
            said = await self.checks()
            assert said["decision"] == "pass", said


def swedish_number(number: int) -> str:
    """Return the personal number of the so-manieth person born on one day, up to a thousand."""
    birth, serial = "800517", f"{number:03}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(birth + serial)]
    check = -sum(one // 10 + one % 10 for one in doubled) % 10
    return f"19{birth}{serial}{check}"


def limit_path(kind: LimitKind, period: Period | None) -> str:
    """Return where a limit is."""
    return f"/v1/me/limits/{kind}/{period or 'none'}"


def from_(ip: str) -> dict[str, str]:
    """Return the header that our own proxy writes."""
    return {"x-forwarded-for": ip}


def odd_days(zone: ZoneInfo, after: date) -> Iterator[date]:
    """Yield the days after this one that do not have 24 hours."""
    day = after
    while True:
        day += timedelta(days=1)
        if _midnight(day + timedelta(days=1), zone) - _midnight(day, zone) != timedelta(days=1):
            yield day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins, in UTC: of two times of one zone Python compares the clocks."""
    return datetime.combine(day, time(), zone).astimezone(ZoneInfo("UTC"))
