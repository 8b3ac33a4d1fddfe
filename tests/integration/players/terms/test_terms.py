"""Nobody plays under terms that they have not accepted."""

from __future__ import annotations

from integration.players.people import (
    ENTROPY,
    NOW,
    assert_rebuilt,
    facts,
    in_turn,
    some_player,
)
from pitboss import gate, messages
from pitboss.db import Database
from pitboss.gate.model import Check, Permit, Product, Refusal, Refused
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.messages import Turn
from pitboss.players import terms
from pitboss.players.terms.model import AcceptRequest, Answer, Done, PublishRequest
from pitboss.players.terms.model import Refusal as TermsRefusal
from pitboss.players.terms.model import Refused as TermsRefused


async def publish(
    database: Database, version: str, *, digest: str = "ab" * 32, licence: str = "demo"
) -> Answer:
    async with messages.turn(
        database, [STAFF_SHARD], now=NOW, actor="staff:ann", entropy=ENTROPY
    ) as turn:
        wish = PublishRequest(jurisdiction=licence, version=version, digest=digest)
        return await terms.publish(turn, wish)


async def accept(database: Database, player_id: PlayerId, version: str) -> Answer:
    async def work(turn: Turn) -> Answer:
        return await terms.accept(turn, AcceptRequest(player_id=player_id, version=version))

    return await in_turn(database, player_id, work)


async def ask(database: Database, player_id: PlayerId) -> object:
    async def work(turn: Turn) -> object:
        stake = Check(
            player_id=player_id,
            product=Product.SPORTSBOOK,
            stake_micros=1_000_000,
            currency="GBP",
        )
        (answer,) = await gate.check(turn, [stake])
        return answer

    return await in_turn(database, player_id, work)


async def test_new_terms_stop_play_until_the_player_accepts_them(database: Database) -> None:
    ann = await some_player(database, jurisdiction="demo")
    before = await ask(database, ann)

    for version in ("1", "2"):
        await publish(database, version)
        assert await ask(database, ann) == Refused(reason=Refusal.TERMS_NOT_ACCEPTED)
        accepted = await accept(database, ann, version)
        assert isinstance(accepted, Done)
        assert isinstance(await ask(database, ann), Permit)

    assert isinstance(before, Permit)
    assert [fact["version"] for fact in await facts(database, since="terms.accepted")] == ["1", "2"]
    await assert_rebuilt(database)


async def test_only_the_version_in_force_can_be_accepted(database: Database) -> None:
    ann = await some_player(database, jurisdiction="demo")
    no = TermsRefused(reason=TermsRefusal.TERMS_NOT_CURRENT)

    assert await accept(database, ann, "1") == no
    await publish(database, "1")
    await publish(database, "2")
    assert await accept(database, ann, "1") == no
    assert await accept(database, ann, "3") == no
    assert isinstance(await accept(database, ann, "2"), Done)
    nobody = PlayerId(derived_id("nobody"))
    unknown = TermsRefused(reason=TermsRefusal.UNKNOWN_PLAYER)
    assert await accept(database, nobody, "2") == unknown
    await assert_rebuilt(database)


async def test_publishing_and_accepting_again_changes_nothing(database: Database) -> None:
    ann = await some_player(database, jurisdiction="demo")
    await publish(database, "1")
    await publish(database, "2")
    await accept(database, ann, "2")
    told = await facts(database)

    older, same = await publish(database, "1"), await accept(database, ann, "2")
    another = await publish(database, "1", digest="cd" * 32)
    nowhere = await publish(database, "1", licence="XX")

    assert isinstance(older, Done)
    assert isinstance(same, Done)
    assert (older.repeated, same.repeated) == (True, True)
    assert another == TermsRefused(reason=TermsRefusal.ANOTHER_UNDER_THIS_ID)
    assert nowhere == TermsRefused(reason=TermsRefusal.UNKNOWN_JURISDICTION)
    assert await facts(database) == told
    assert isinstance(await ask(database, ann), Permit)


async def test_terms_of_another_licence_stop_nobody(database: Database) -> None:
    ann = await some_player(database, jurisdiction="demo")

    await publish(database, "1", licence="GB")

    assert isinstance(await ask(database, ann), Permit)
