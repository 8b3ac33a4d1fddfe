"""A small world for tests of games: a certified game, players in it, and what its provider asks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import structs

from integration.cashier.world import UNIT, World
from pitboss import messages, wallet
from pitboss.games import registry, rounds
from pitboss.games.registry import model as registry_model
from pitboss.games.registry.model import (
    Certificate,
    GameKind,
    Listing,
    Version,
    WhyWithdrawn,
    Withdrawal,
)
from pitboss.games.rounds.model import (
    Answer,
    Bearer,
    Dialect,
    Done,
    Launch,
    NotOpened,
    Opened,
    Request,
    Reversal,
    Round,
    Session,
    Stake,
    Step,
    Win,
    digest_of,
    make_token,
)
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, Shard, shard_of
from pitboss.wallet.model import player_account, receivable_account

PROVIDER, GAME = "acme", "book-of-tests"
# As the first of the three protocols: everything may be undone, nothing needs a stake.
PLAIN = Dialect(reverses_wins=True, replays_reversed=True)


def listing(
    code: str = GAME, *, version: str = "1.0", provider: str = PROVIDER, **changes: Any
) -> Listing:
    """Return a slot that is certified for the demo licence."""
    licences = changes.pop("licences", ("demo",))
    about = {
        "title": "Book of Tests",
        "kind": GameKind.SLOT,
        "rtp_ppm": 965_000,
        "cycle_ms_min": 3_000,
        "autoplay": False,
        "top_win_chance": "1/1250000",
        **changes,
    }
    return Listing(
        version=Version(provider=provider, code=code, version=version, **about),
        certificates=tuple(
            Certificate(
                licence=licence,
                laboratory="Lab",
                number=f"L-{code}-{version}",
                issued_on="2026-01-31",
                hashes=("ab" * 32,),
            )
            for licence in licences
        ),
    )


def certified(item: Listing, **changes: Any) -> Listing:
    """Return a listing with certificates that say something else."""
    certificates = tuple(structs.replace(one, **changes) for one in item.certificates)
    return structs.replace(item, certificates=certificates)


@dataclass(slots=True, kw_only=True)
class Games(World):
    """The hands of a test: every method is one thing that happens."""

    serial: itertools.count[int] = field(default_factory=itertools.count)

    async def list_games(self, *listings: Listing) -> None:
        """Import games; without any, the one."""
        async with self.turn(CATALOGUE_SHARD) as turn:
            await registry.import_games(turn, listings or [listing()])

    async def take_in(self, *listings: Listing) -> list[registry_model.Answer]:
        """Import games; return what came of each."""
        async with self.turn(CATALOGUE_SHARD) as turn:
            return list(await registry.import_games(turn, listings))

    async def withdraw_certificates(self, **about: Any) -> registry_model.Answer:
        """Withdraw the certificates of the one game for the demo licence."""
        wish = Withdrawal(
            **{
                "provider": PROVIDER,
                "code": GAME,
                "version": "1.0",
                "licence": "demo",
                "why": WhyWithdrawn.LABORATORY_WITHDREW,
                **about,
            }
        )
        async with self.turn(CATALOGUE_SHARD) as turn:
            return await registry.withdraw(turn, wish)

    async def launch(
        self, player_id: PlayerId, *, game: str = GAME, **about: Any
    ) -> tuple[Session, str]:
        """Open a game for a player who may play it; return the session and its token."""
        opened, token = await self.try_launch(player_id, game=game, **about)
        assert isinstance(opened, Opened), opened
        return opened.session, token

    async def try_launch(
        self, player_id: PlayerId, *, game: str = GAME, provider: str = PROVIDER, **about: Any
    ) -> tuple[Opened | NotOpened, str]:
        """Ask to open a game."""
        shard = shard_of(player_id)
        token = make_token(shard, self.entropy.random_bytes(16))
        launch = Launch(
            player_id=player_id,
            provider=provider,
            game=game,
            session_id=derived_id("test session", str(next(self.serial))),
            secret=token,
            login_id=None,
            network=None,
            **about,
        )
        async with self.turn(shard) as turn:
            return await rounds.open_session(turn, launch), token

    def asked(
        self,
        player_id: PlayerId,
        *steps: Step,
        ref: str | None = "r1",
        dialect: Dialect = PLAIN,
        **about: Any,
    ) -> Request:
        """Return what a provider asks for."""
        return Request(
            **{
                "provider": PROVIDER,
                "player_id": player_id,
                "game": GAME,
                "round_ref": ref,
                "currency": "GBP",
                "steps": steps,
                "dialect": dialect,
                **about,
            }
        )

    async def play(self, *requests: Request) -> tuple[Answer, ...]:
        """Ask for it in one turn."""
        async with self.turn(*{shard_of(item.player_id) for item in requests}) as turn:
            return await rounds.play(turn, requests)

    async def wish(self, player_id: PlayerId, *steps: Step, **about: Any) -> Answer:
        """Ask for one request's steps."""
        (answer,) = await self.play(self.asked(player_id, *steps, **about))
        return answer

    async def done(self, player_id: PlayerId, *steps: Step, **about: Any) -> Done:
        """Ask for what is done."""
        answer = await self.wish(player_id, *steps, **about)
        assert isinstance(answer, Done), answer
        return answer

    async def has(self, player_id: PlayerId) -> int:
        """Return what a player has, in micros."""
        return await self._posted(player_id, player_account(player_id, "GBP"))

    async def owes(self, player_id: PlayerId) -> int:
        """Return what a player owes, in micros."""
        return -await self._posted(player_id, receivable_account(player_id, "GBP"))

    async def round(self, player_id: PlayerId, ref: str = "r1") -> Round:
        """Return a round."""
        async with self.database.reading() as tx:
            found = await rounds.find_round(tx, player_id, PROVIDER, ref)
        assert found is not None
        return found

    async def told(self, player_id: PlayerId, *, also: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return the data of the facts about a player's rounds, in order; and of other nouns."""
        nouns = {"round", "game_session", *also}
        async with self.database.reading() as tx:
            sealed = await messages.read_facts(tx, shard_of(player_id), after_seq=0)
        found = [msgspec.json.decode(fact.body)["data"] for fact in sealed]
        return [data for data in found if data["type"].split(".")[0] in nouns]

    async def totals_are_zero(self) -> bool:
        """Say whether all accounts together sum to zero."""
        async with self.database.reading() as tx:
            totals = await wallet.find_totals(tx)
        return sum(credits - debits for debits, credits, _ in totals.values()) == 0

    async def _posted(self, player_id: PlayerId, account_id: Any) -> int:
        async with self.database.reading() as tx:
            found = await wallet.find_balances(tx, [(shard_of(player_id), account_id)])
        return found[0].posted if found else 0


def shards_of_players(players: Sequence[PlayerId]) -> set[Shard]:
    """Return the shards of these players."""
    return {shard_of(player) for player in players}


def stake(external_id: str, units: int = 1, **about: Any) -> Stake:
    """Return a stake of whole units."""
    return Stake(external_id=external_id, micros=units * UNIT, **about)


def win(external_id: str, units: int = 1, **about: Any) -> Win:
    """Return a win of whole units."""
    return Win(external_id=external_id, micros=units * UNIT, **about)


def undo(external_id: str, original_id: str, **about: Any) -> Reversal:
    """Return a rollback."""
    return Reversal(external_id=external_id, original_id=original_id, **about)


def bearer(token: str) -> Bearer:
    """Return what a token shows."""
    return Bearer(digest=digest_of(token))
