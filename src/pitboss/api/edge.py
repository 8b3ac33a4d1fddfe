"""What the API needs from the rest of the platform; `app` puts it together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from pitboss.api.tokens import Tokens
from pitboss.audit.record.ports import TileStore
from pitboss.cashier.ports import NewsReader
from pitboss.central.ports import CentralFiles
from pitboss.db import Database
from pitboss.games.dealing.ports import Equipment
from pitboss.games.registry.ports import GameLists
from pitboss.games.rewards.ports import Rewards
from pitboss.games.rounds.ports import Launcher, RoundPages, Talk
from pitboss.jurisdictions.model import Register
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.tracing import NoTracer, Tracer
from pitboss.location.ports import Instruments
from pitboss.players.factors.ports import Authenticators, NoAuthenticators
from pitboss.players.personal.model import PersonalKeys
from pitboss.players.verification.ports import CheckNewsReader
from pitboss.registers.model import Pulse
from pitboss.registers.ports import RegisterClient
from pitboss.sportsbook.cash_out.model import Policy

# At the rate that one processor decides this is about ten seconds of waiting in a partition:
# longer than a player looks at a pending bet.
BACKLOG_MAX = 200_000
# From 2.0 up to 3.0 or down to 1.34 without being asked again.
PRICE_MOVE_MAX = Fraction(1, 2)


class Passwords(Protocol):
    """Hashes passwords and checks them; slow, so always called in a thread."""

    def hash_password(self, password: str) -> str:
        """Return a hash to be stored."""
        ...

    def verify_password(self, stored: str | None, password: str) -> bool:
        """Say whether this is the password; with None do the same work and say no."""
        ...

    def needs_rehash(self, stored: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        ...


class ShelfWatch:
    """Whether the offers at hand may still be believed without asking the database.

    For early refusals only.  A price that another process moved meanwhile is refused by the
    processor instead of here; one that this process moves is forgotten at once.
    """

    SECONDS_MAX = 0.1

    def __init__(self) -> None:
        self._seen_at: float | None = None

    def is_fresh(self) -> bool:
        """Say whether the catalogue was as it is on the shelf a moment ago."""
        time = asyncio.get_running_loop().time()
        return self._seen_at is not None and time - self._seen_at <= self.SECONDS_MAX

    def note(self, *, stands: bool) -> None:
        """Note whether the catalogue is as it is on the shelf, as just seen."""
        self._seen_at = asyncio.get_running_loop().time() if stands else None

    def forget(self) -> None:
        """Believe nothing until it was seen again."""
        self._seen_at = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameProvider:
    """A provider of games: its protocol with its keys, and from where and how often it may call.

    `launcher` opens its games; without one, whoever integrates it does.  `game_lists` tells which
    it has, `pages` show its rounds and `rewards` are free stakes in its games, if it can be asked.
    `one_session`: a new session of a player ends the one before.  Without `networks` it may call
    from anywhere: its signature is what it is known by.
    """

    talk: Talk
    launcher: Launcher | None = None
    game_lists: GameLists | None = None
    pages: RoundPages | None = None
    rewards: Rewards | None = None
    one_session: bool = False
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    calls_per_second: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Everything that the API is given.

    `personal_keys` are the house's, under which personal data is kept.  `clock` is the platform's,
    which a simulation may move; `wall` is the machine's, by which tokens expire.  `news_readers`
    read what each payment provider sends, by its name, and `check_readers` what each verification
    provider does.  `backlog_max` is how many commands may wait in one partition of the log.
    A correction that moves more than `correction_total` units of a currency, or more than
    `correction_single` of one bet, takes two of staff.
    `instruments` are what players are located with, and `proxies_trusted` says how many of our own
    stand before us.  `log_database` is what bets are acknowledged through, if that is another pool
    than everybody's.  `tiles` is where the record lies, if it can be read here.  `authenticators`
    verify what security keys sign for `site`, the domain of the players' pages.  `registers` are
    the national registers that can be asked, and `pulses` whether each of them answers; so it is
    with `central`, the files over all operators.
    `cash_out` are the terms on which bets are bought back.  `providers` make games, by name;
    `house` is what the house's own are dealt with, if they are.
    One reward is worth `reward_worth_max` units of its currency at most.
    `price_move_max` is how far a pushed price may move without being confirmed, as a share.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    tokens: Tokens
    passwords: Passwords
    personal_keys: PersonalKeys
    news_readers: Mapping[str, NewsReader] = field(default_factory=dict)
    check_readers: Mapping[str, CheckNewsReader] = field(default_factory=dict)
    wall: Clock = field(default_factory=SystemClock)
    tracer: Tracer = field(default_factory=NoTracer)
    backlog_max: int = BACKLOG_MAX
    correction_total: int = 1_000
    correction_single: int = 100
    reward_worth_max: int = 500
    log_database: Database | None = None
    instruments: Instruments = field(default_factory=Instruments)
    proxies_trusted: int = 0
    tiles: TileStore | None = None
    site: str = "localhost"
    authenticators: Authenticators = field(default_factory=NoAuthenticators)
    registers: Mapping[Register, RegisterClient] = field(default_factory=dict)
    pulses: dict[Register, Pulse] = field(default_factory=dict)
    central: CentralFiles | None = None
    central_pulse: Pulse = field(default_factory=Pulse)
    price_move_max: Fraction = PRICE_MOVE_MAX
    shelf_watch: ShelfWatch = field(default_factory=ShelfWatch)
    cash_out: Policy = field(default_factory=Policy)
    providers: Mapping[str, GameProvider] = field(default_factory=dict)
    house: Equipment | None = None

    @property
    def log(self) -> Database:
        """The way to the command log.

        With a pool of its own, whoever waits for a lock in a player's shard keeps nobody's bet
        from being acknowledged.
        """
        return self.database if self.log_database is None else self.log_database
