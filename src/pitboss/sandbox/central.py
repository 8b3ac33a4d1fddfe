"""Central files over all operators that behave as Germany's do, as far as that is public.

Under `/registers/lugas/…`: `limits/reserve`, `set`, `confirm`, `release`; `activity/begin`, `end`.
The limit is 1,000 euros in a calendar month over all operators, or less if the person wanted less
with any of them; the activity file refuses whoever is active elsewhere, and for five minutes after.
What other operators do is played with `POST /registers/lugas/others`:
`{"who": family name, "cents": …, "month": …, "limitCents": …, "active": true | false}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.ids import derived_id

# Source: GlüStV 2021, § 6c(1).
CENTS_MAX = 100_000
# Source: GlüStV 2021, § 6h, as casinos-vergleich.de reports it.
GAP = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class _Person:
    """What the files know of one person."""

    deposits: dict[str, tuple[str, int]] = field(default_factory=dict)
    others_cents: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    limit_number: int = 0
    with_us: set[str] = field(default_factory=set)
    elsewhere: bool = False
    left_at: datetime | None = None

    def room(self, month: str) -> int:
        """Return what may still be paid in, in cents."""
        limit = min([CENTS_MAX, *self.limits.values()])
        ours = sum(cents for in_month, cents in self.deposits.values() if in_month == month)
        return limit - ours - self.others_cents.get(month, 0)


class CentralBook:
    """Both files.  `clock` is the machine's, by which the gap of the activity file runs."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._now = (clock or SystemClock()).now
        self._people: dict[str, _Person] = {}
        self.confirmed: set[str] = set()

    def answer(self, path: str, said: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is answered to a request; None: there is no such thing to ask.

        Raises:
            KeyError, TypeError, ValueError: the request cannot be read.
        """
        match path:
            case "limits/reserve":
                told: dict[str, Any] = {"granted": self._reserve(said)}
            case "limits/set":
                self._limit(self._of(str(said["person"]["familyName"])), said)
                told = {}
            case "limits/confirm":
                self.confirmed.add(str(said["requestId"]))
                told = {}
            case "limits/release":
                for person in self._people.values():
                    person.deposits.pop(str(said["requestId"]), None)
                told = {}
            case "activity/begin":
                told = self._begin(said)
            case "activity/end":
                for person in self._people.values():
                    person.with_us.discard(str(said["requestId"]))
                told = {}
            case "others":
                self._play_others(said)
                return {"ok": True}
            case _:
                return None
        request_id = str(said["requestId"])
        response_id = derived_id("sandbox lugas", path, request_id)
        return {"requestId": request_id, "responseId": response_id, **told}

    def deposits_of(self, who: str) -> dict[str, int]:
        """Return what counts of a person's deposits with us, in cents, by their ids."""
        return {item: cents for item, (_, cents) in self._of(who).deposits.items()}

    def limit_of(self, who: str) -> int | None:
        """Return what a person wants to pay in at most with us, in cents."""
        return self._of(who).limits.get("us")

    def is_active(self, who: str) -> bool:
        """Say whether somebody is active with us."""
        return bool(self._of(who).with_us)

    def _reserve(self, said: Mapping[str, Any]) -> bool:
        deposit_id, month, cents = str(said["depositId"]), str(said["month"]), int(said["cents"])
        if cents <= 0:
            raise ValueError("a deposit is more than nothing")
        person = self._of(str(said["person"]["familyName"]))
        self._limit(person, said)
        if deposit_id in person.deposits:
            return True
        if cents > person.room(month):
            return False
        person.deposits[deposit_id] = (month, cents)
        return True

    def _limit(self, person: _Person, said: Mapping[str, Any]) -> None:
        """Take note of what somebody wants to pay in at most with us, unless that is older."""
        number, cents = int(said["limitNumber"]), said["limitCents"]
        if number < person.limit_number:
            return
        person.limit_number = number
        person.limits.pop("us", None)
        if cents is not None:
            person.limits["us"] = int(cents)

    def _begin(self, said: Mapping[str, Any]) -> dict[str, Any]:
        person = self._of(str(said["person"]["familyName"]))
        early = person.left_at is not None and self._now() < person.left_at + GAP
        granted = not person.elsewhere and not early
        if granted:
            person.with_us.add(str(said["requestId"]))
        left_at = None if person.left_at is None else person.left_at.isoformat()
        return {"granted": granted, "leftAt": left_at}

    def _play_others(self, said: Mapping[str, Any]) -> None:
        person = self._of(str(said["who"]))
        if "cents" in said:
            person.others_cents[str(said["month"])] = int(said["cents"])
        if "limitCents" in said:
            person.limits["others"] = int(said["limitCents"])
        if "active" in said:
            if person.elsewhere and not said["active"]:
                person.left_at = self._now()
            person.elsewhere = bool(said["active"])

    def _of(self, who: str) -> _Person:
        return self._people.setdefault(who.lower(), _Person())
