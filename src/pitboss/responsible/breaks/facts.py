"""What breaks publish.  Source: PT Regulamento 903-B/2015, 6.3.6(2) (a session's last
confirmation, what was staked and won in it)."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class SessionCounted(Fact, frozen=True, kw_only=True, tag="session.counted"):
    """A session began, and this is all that the player had done until then, in micros.

    What is done in the session is counted from here.
    """

    player_id: PlayerId
    session_id: str
    opened_at: str
    staked: int
    settled: int
    returned: int
    deposited: int
    withdrawn: int


class RealityCheckChosen(Fact, frozen=True, kw_only=True, tag="reality_check.chosen"):
    """A player chose how often to have a reality check, in minutes; None: not unless needed."""

    player_id: PlayerId
    minutes: int | None = None
    before: int | None = None


class RealityCheckAnswered(Fact, frozen=True, kw_only=True, tag="reality_check.answered"):
    """A reality check was shown and answered, or only seen where that is enough.

    `due_at` says which one it was.  The amounts, in micros, are those of the session until then.
    """

    player_id: PlayerId
    session_id: str
    due_at: str
    reply: str
    elapsed_seconds: int
    staked: int
    settled: int
    returned: int


class RealityCheckRefused(Fact, frozen=True, kw_only=True, tag="reality_check.refused"):
    """A reality check was not answered, or its interval not changed, and why."""

    player_id: PlayerId
    reason: str
    session_id: str | None = None
    minutes: int | None = None


# Every type of this room, for who reads facts.
FACTS = (SessionCounted, RealityCheckChosen, RealityCheckAnswered, RealityCheckRefused)
