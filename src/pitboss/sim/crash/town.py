"""The people of a crash simulation: registered through the real verbs, funded by the provider."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pitboss import messages, wallet
from pitboss.api.tokens import Role, Tokens
from pitboss.cashier.model import SANDBOX
from pitboss.db import Database
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players import identity, personal
from pitboss.players.identity.model import Email, Name, Registered, RegisterRequest
from pitboss.sim.crash.model import CURRENCY, JURISDICTION
from pitboss.sportsbook.betting.model import HOUSE, stake_account
from pitboss.wallet.model import Account, AccountKind, player_account, provider_account

# A token is renewed well before its quarter of an hour is over.
PASS_LIFE = timedelta(minutes=5)


class Passes:
    """The tokens of all players, signed as the API signs them."""

    def __init__(self, secret: bytes) -> None:
        self._tokens = Tokens(secret)
        self._clock = SystemClock()
        self._issued: dict[PlayerId, str] = {}
        self._issued_at = self._clock.now()

    def of(self, player_id: PlayerId) -> str:
        """Return a token that is good for minutes."""
        now = self._clock.now()
        if now - self._issued_at > PASS_LIFE:
            self._issued, self._issued_at = {}, now
        if player_id not in self._issued:
            token = self._tokens.issue(player_id, Role.PLAYER, CURRENCY, now=now)
            self._issued[player_id] = token.text
        return self._issued[player_id]


async def move_in(
    database: Database,
    *,
    players: int,
    jurisdiction: str = JURISDICTION,
    now: datetime | None = None,
) -> tuple[PlayerId, ...]:
    """Register so many players and open the accounts that their money moves between.

    `now` is the platform's time, if that is not the machine's.
    """
    now, entropy = now or SystemClock().now(), SystemEntropy()
    ids = tuple(PlayerId(new_id(now, entropy)) for _ in range(players))
    shards = {shard_of(player_id) for player_id in ids}
    async with messages.turn(database, shards, now=now, actor="crash", entropy=entropy) as turn:
        answers = await identity.register(
            turn,
            [_registration(player_id, jurisdiction) for player_id in ids],
            keys=personal.draw_keys(entropy),
        )
        ensure(all(isinstance(answer, Registered) for answer in answers), "they may all play")
        accounts = [_player(shard_of(player_id), player_id) for player_id in ids]
        houses = [account for shard in sorted(shards) for account in _house(shard)]
        await wallet.open_accounts(turn, [*accounts, *houses])
    return ids


def _registration(player_id: PlayerId, jurisdiction: str) -> RegisterRequest:
    return RegisterRequest(
        key=derived_id("crash", "register", player_id),
        player_id=player_id,
        jurisdiction=jurisdiction,
        currency=CURRENCY,
        email=Email(f"{player_id}@crash.test"),
        password_hash="-",  # noqa: S106 - nobody logs in with it
        given_name=Name("Ada"),
        family_name=Name("Lovelace"),
        born_on=date(1990, 1, 1),
    )


def _player(shard: Shard, player_id: PlayerId) -> Account:
    return Account(
        shard=shard,
        id=player_account(player_id, CURRENCY),
        kind=AccountKind.PLAYER,
        owner=player_id,
        currency=CURRENCY,
        may_overdraw=False,
    )


def _house(shard: Shard) -> tuple[Account, Account]:
    return (
        Account(
            shard=shard,
            id=stake_account(shard, CURRENCY),
            kind=AccountKind.HOUSE,
            owner=HOUSE,
            currency=CURRENCY,
            may_overdraw=True,
        ),
        Account(
            shard=shard,
            id=provider_account(shard, SANDBOX, CURRENCY),
            kind=AccountKind.PROVIDER,
            owner=SANDBOX,
            currency=CURRENCY,
            may_overdraw=True,
        ),
    )
