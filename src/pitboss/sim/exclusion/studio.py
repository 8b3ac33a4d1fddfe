"""A game provider in a storm: it asks for stakes of whoever plays, and pays what they won."""

from __future__ import annotations

import random
from dataclasses import dataclass
from http import HTTPStatus

from pitboss.kernel.errors import PlatformError
from pitboss.sim import wheel
from pitboss.sim.crash.model import CURRENCY
from pitboss.sim.house import Guest, House
from pitboss.sim.http import Answer

PROVIDER = "storm"
# Who speaks here, for the settings of the instance.
PROVIDERS = wheel.providers(PROVIDER)


class StudioBroken(PlatformError):
    """The wallet answered its provider as it should never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A round in which a stake was taken; its win is still to be paid."""

    guest: Guest
    round_ref: str


class Studio:
    """The provider: it remembers which of its rounds are still to be paid."""

    def __init__(self, venue: House, *, seed: int) -> None:
        self._venue = venue
        self._chance = random.Random(seed)  # noqa: S311 - load, not secrets
        self._seats: dict[str, str] = {}
        self._number = 0
        self.open: list[Play] = []

    async def list_game(self) -> None:
        """Have the one game taken in, certified.

        Raises:
            StudioBroken: it is not.
        """
        staff = self._venue.instance.staff_token
        answer = await self._venue.ask(
            "POST", "/v1/staff/games/import", wheel.listing(PROVIDER), token=staff
        )
        _expect(answer, HTTPStatus.OK)

    async def seat(self, guest: Guest, *, token: str) -> None:
        """Open the game for a player, as whoever has this token.

        Raises:
            StudioBroken: the game does not open.
        """
        body = {"provider": PROVIDER, "game": wheel.GAME}
        answer = await self._venue.ask("POST", "/v1/games/launch", body, token=token)
        _expect(answer, HTTPStatus.CREATED)
        self._seats[guest.player_id] = answer.json()["session_id"]

    async def stake(self, guest: Guest) -> bool:
        """Ask for a stake of one unit; say whether it was taken."""
        self._number += 1
        play = Play(guest=guest, round_ref=f"r{self._number}")
        answer = await self._send(play, "bet", finished=False)
        if answer.status == HTTPStatus.OK:
            self.open.append(play)
        elif answer.status != HTTPStatus.BAD_REQUEST:
            raise StudioBroken(f"a stake: {answer.status} {answer.body[:200]!r}")
        return answer.status == HTTPStatus.OK

    async def pay(self) -> bool:
        """Pay the win of one of the open rounds, whoever has it; say whether there was one.

        Raises:
            StudioBroken: the win is not booked.
        """
        if not self.open:
            return False
        play = self.open.pop(self._chance.randrange(len(self.open)))
        _expect(await self._send(play, "win", finished=True), HTTPStatus.OK)
        return True

    async def _send(self, play: Play, kind: str, *, finished: bool) -> Answer:
        body, headers = wheel.signed(
            {
                "account_id": play.guest.player_id,
                "currency": CURRENCY,
                "game_id": wheel.GAME,
                "session_id": self._seats[play.guest.player_id],
                "round_id": play.round_ref,
                "finished": finished,
                "transactions": [
                    {"id_provider": f"{kind}-{play.round_ref}", "type": kind, "amount": "1.00"}
                ],
            }
        )
        return await self._venue.client.ask(
            "POST", wheel.path_of(PROVIDER, "betwin"), headers=headers, body=body
        )


def _expect(answer: Answer, status: HTTPStatus) -> None:
    if answer.status != status:
        raise StudioBroken(f"{answer.status} {answer.body[:200]!r}")
