"""What registers publish: what was asked and answered, and how the registers stand.

One fact may be about many players, because a register is asked about everybody every day.
"""

from __future__ import annotations

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class AnswerOfOne(msgspec.Struct, frozen=True, kw_only=True):
    """What a register said of one player, under its own name for having said so."""

    player_id: PlayerId
    answer: str
    reference: str


class RegisterAnswered(Fact, frozen=True, kw_only=True, tag="register.answered"):
    """A national register said of each of these players whether they are excluded.

    `moment` is what it was asked for: registration, login, play, deposit, daily or marketing.
    """

    register: str
    moment: str
    answers: tuple[AnswerOfOne, ...]


class RegisterSilent(Fact, frozen=True, kw_only=True, tag="register.silent"):
    """A national register was asked about these players and has not answered."""

    register: str
    moment: str
    players: tuple[PlayerId, ...]
    reason: str


class RegisterDown(Fact, frozen=True, kw_only=True, tag="register.down"):
    """A national register does not answer; what then holds is each licence's rule."""

    register: str
    reason: str


class RegisterUp(Fact, frozen=True, kw_only=True, tag="register.up"):
    """A national register answers, for the first time or again."""

    register: str


# Every type of this room, for who reads facts.
FACTS = (RegisterAnswered, RegisterSilent, RegisterDown, RegisterUp)
