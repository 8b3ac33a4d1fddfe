"""Promises about how a provider is asked for rewards: what is not clearly yes or no is neither."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from integration.games.test_conformance import private_pem
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.rewards import Hub88Rewards
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.rewards.model import (
    Campaign,
    CampaignWish,
    Cancelled,
    Declined,
    Granted,
    Prepaid,
    Reward,
    RewardState,
    Unanswered,
)
from pitboss.kernel.ids import PlayerId
from pitboss.sandbox.rewards import SandboxRewards
from unit.protocols.keys import PAIR

PLAYER = PlayerId("019fbd32-0600-707f-9c0c-332f8b123fd2")
NOW = datetime(2026, 8, 1, 12, 0, 0, 500_000, tzinfo=UTC)
CALETA = "https://games.example/api/game/url"
HUB88 = "https://games.example/operator/generic/v2/game/url"
REF, PREPAID = "f562a685-a160-4d17-876d-ab3363db331c", "0b96c186-fba1-89f7-9125-684950c1b94e"
REWARD = Reward(
    id="00000000-0000-8000-8000-000000000001",
    player_id=PLAYER,
    provider="acme",
    game="book",
    prepaid=PREPAID,
    currency="EUR",
    stake_micros=3_560_000,
    stakes_max=5,
    ends_at=datetime(2026, 8, 8, 12, tzinfo=UTC),
    campaign="c1",
    state=RewardState.SENT,
    requested_at=NOW,
    changed_at=NOW,
)
SAID = {"user": PLAYER, "reward_uuid": REF, "prepaid_uuid": PREPAID, "game_id": 1}


class Asked:
    """Rewards of a provider that answers so, and what it was asked."""

    def __init__(self, answer: httpx.Response | Exception, url: str = CALETA) -> None:
        self.heard: list[httpx.Request] = []
        self.answer = answer
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.reply))
        self.rewards = Hub88Rewards(Hub88Calls(client, url, "7", private_pem(PAIR)))

    def reply(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.heard.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def says(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


@pytest.mark.parametrize(
    ("url", "address", "operator"),
    [
        (CALETA, "https://games.example/api/freebet/rewards/create", "7"),
        (HUB88, "https://games.example/operator/generic/v2/freebet/rewards/create", 7),
    ],
)
async def test_a_reward_is_asked_for_as_is_published(
    url: str, address: str, operator: str | int
) -> None:
    asked = Asked(says({**SAID, "bet_value": 356_000, "bet_count": 5}), url)

    outcome = await asked.rewards.create(REWARD)

    assert outcome == Granted(ref=REF, stake_micros=3_560_000, stakes_max=5)
    (request,) = asked.heard
    assert str(request.url) == address
    assert json.loads(request.content) == {
        "operator_id": operator,
        "sub_partner_id": "7",
        "user": PLAYER,
        "prepaid_uuid": PREPAID,
        "bet_value": 356_000,
        "bet_count": 5,
        "start_time": "2026-08-01T12:00:00",
        "end_time": "2026-08-08T12:00:00",
        "campaign_uuid": "c1",
    }


async def test_every_call_is_signed_and_one_with_another_key_is_refused() -> None:
    sandbox = SandboxRewards(key=PAIR.public_key(), operator="7")
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox))
    rewards = Hub88Rewards(Hub88Calls(client, CALETA, "7", private_pem(PAIR)))
    prepaid = sandbox.add_prepaid("p", game="book", currency="EUR")

    assert await rewards.list_prepaids("book", "EUR") == [Prepaid(ref=prepaid, currency="EUR")]
    answer = await client.post(
        "https://games.example/api/freebet/rewards/create",
        content=b"{}",
        headers={"x-auth-signature": "bm8="},
    )

    assert answer.status_code == 401
    assert [name for name, _ in sandbox.heard] == ["prepaids/list"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_no_is_told_in_the_providers_word(status: int) -> None:
    asked = Asked(says({"error": "no\u0007 such prepaid" + "!" * 300}, status))

    outcome = await asked.rewards.create(REWARD)

    assert isinstance(outcome, Declined)
    assert outcome.word.startswith("no such prepaid!!")
    assert len(outcome.word) == 200


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        says({"error": "gone"}, 502),
        says({"error": "slow down"}, 429),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(403, text="<html>a wall</html>"),
        httpx.Response(200, text="<html>"),
        says([]),
        says({}),
        says({"reward_uuid": 7}),
        says({"reward_uuid": "a b"}),
        says({"reward_uuid": REF, "user": "somebody else"}),
        says({"reward_uuid": REF, "prepaid_uuid": "another"}),
        says({"status": "RS_ERROR_TIMEOUT"}),
        says({"status": "RS_ERROR_UNKNOWN"}),
    ],
    ids=str,
)
async def test_what_is_not_clearly_yes_or_no_is_told_as_what_nobody_knows(
    answer: httpx.Response | Exception,
) -> None:
    assert isinstance(await Asked(answer).rewards.create(REWARD), Unanswered)


async def test_a_no_in_the_words_of_wallets_is_one() -> None:
    asked = Asked(says({"status": "RS_ERROR_INVALID_GAME"}))

    assert await asked.rewards.create(REWARD) == Declined(word="RS_ERROR_INVALID_GAME")


@pytest.mark.parametrize("status", ["FRS_FAILED", "FRS_CANCELLED", "FRS_EXPIRED"])
async def test_a_reward_that_its_supplier_did_not_take_is_not_granted(status: str) -> None:
    asked = Asked(says({**SAID, "status": status}), HUB88)

    assert await asked.rewards.create(REWARD) == Declined(word=status)


@pytest.mark.parametrize("status", ["FRS_NEW", "FRS_ACTIVE"])
async def test_a_reward_that_is_new_or_can_be_played_is_granted(status: str) -> None:
    asked = Asked(says({**SAID, "status": status}), HUB88)

    assert await asked.rewards.create(REWARD) == Granted(ref=REF)


async def test_a_reward_is_cancelled_or_it_is_said_why_not() -> None:
    done, claimed = Asked(says(SAID)), Asked(says({"message": "claimed"}, 400))
    silent, shut = Asked(says({}, 500)), Asked(says({"error": "a bad signature"}, 401))

    assert await done.rewards.cancel(REF) == Cancelled()
    assert json.loads(done.heard[0].content) == {"operator_id": "7", "reward_uuid": REF}
    assert await claimed.rewards.cancel(REF) == Declined(word="claimed")
    for nobody_knows in (silent, shut):
        with pytest.raises(ProviderAway):
            await nobody_knows.rewards.cancel(REF)


async def test_prepaids_are_read_leniently_and_what_is_none_pays_for_nothing() -> None:
    asked = Asked(
        says(
            [
                {"prepaid_uuid": "p1", "currency": "EUR", "bet_value": 10_000, "bet_count": 5},
                {"prepaid_uuid": "p2", "currency": "EUR", "bet_value": None},
                {"prepaid_uuid": "p3", "currency": "EUR", "bet_value": -1, "bet_count": True},
                {"prepaid_uuid": 4, "currency": "EUR"},
                {"prepaid_uuid": "p5"},
                "p6",
            ]
        )
    )

    found = await asked.rewards.list_prepaids("book", "EUR")

    assert found == [
        Prepaid(ref="p1", currency="EUR", stake_micros=100_000, stakes_max=5),
        Prepaid(ref="p2", currency="EUR"),
        Prepaid(ref="p3", currency="EUR"),
    ]
    said = {"operator_id": "7", "game_code": "book", "currency": "EUR"}
    assert json.loads(asked.heard[0].content) == said


@pytest.mark.parametrize("answer", [says({}), says("p"), says([1] * 10_001)], ids=str)
async def test_what_is_no_list_is_not_taken_for_an_empty_one(answer: httpx.Response) -> None:
    with pytest.raises(ProviderAway):
        await Asked(answer).rewards.list_prepaids("book", "EUR")


async def test_a_campaign_is_created_and_listed() -> None:
    told = {"campaign_uuid": "c1", "name": "Five a day", "prepaid_uuid": PREPAID, "game_id": 1}
    campaign = Campaign(ref="c1", name="Five a day", prepaid=PREPAID)
    wish = CampaignWish(
        name="Five a day", prepaid=PREPAID, currency="EUR", stake_micros=1_000_000, stakes_max=5
    )
    asked = Asked(says(told))

    assert await asked.rewards.create_campaign(wish) == campaign
    assert json.loads(asked.heard[0].content) == {
        "operator_id": "7",
        "name": "Five a day",
        "prepaid_uuid": PREPAID,
        "currency": "EUR",
        "bet_value": 100_000,
        "bet_count": 5,
    }
    assert await Asked(says([told, {}])).rewards.list_campaigns() == [campaign]
    assert await Asked(says({"error": "no"}, 400)).rewards.create_campaign(wish) == Declined(
        word="no"
    )
    with pytest.raises(ProviderAway):
        await Asked(says({})).rewards.create_campaign(wish)
