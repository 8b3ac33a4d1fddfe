"""Second factors over HTTP: security keys and codes, demanded, shown, lost and given up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from authenticator import SoftKey, text
from integration.api.client import Answer
from integration.api.desk import (
    FOR_REGISTERS,
    PASSWORD,
    SITE,
    Desk,
    Somebody,
    registration,
    selection_id,
    slip,
)
from pitboss import jurisdictions, messages
from pitboss.jurisdictions import queries as licence_queries
from pitboss.jurisdictions.model import SecondFactor
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.players.factors import rules
from pitboss.players.factors.model import CHALLENGE_LIFE, SECURITY_KEYS_MAX, STEP_SECONDS
from proofs import Proves

CODES = jurisdictions.codes()
ORIGIN = f"https://{SITE}"
KEYS_PATH = "/v1/me/security-keys"
FAILURES_MAX = jurisdictions.get("demo").sessions.failed_logins_max


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    """Give the API that the tests of this file share; everybody in them is somebody new."""
    return shared_desk


def soft_key(name: str = "pocket", **changes: Any) -> SoftKey:
    """Return a key that was bought for this site."""
    return SoftKey(**{"site": SITE, "origin": ORIGIN, "name": name.encode(), **changes})


async def ask(desk: Desk, player: Somebody, path: str, body: object) -> Answer:
    return await desk.client.ask("POST", path, token=player.token, body=body)


async def challenge(desk: Desk, player: Somebody, ceremony: str) -> str:
    """Return the challenge of a player who is logged in."""
    answer = await ask(desk, player, f"{KEYS_PATH}/challenges", {"ceremony": ceremony})
    assert answer.status == 200, answer.body
    return str(answer.json()["challenge"])


async def add(desk: Desk, player: Somebody, key: SoftKey, **more: Any) -> Answer:
    made = key.make(await challenge(desk, player, "registration"))
    return await ask(desk, player, KEYS_PATH, {**made, **more})


async def knock(desk: Desk, player: Somebody, password: str = PASSWORD) -> Answer:
    """Ask for the challenge of a login."""
    body = {"email": player.email, "password": password}
    return await desk.client.ask("POST", "/v1/sessions/challenges", body=body)


async def log_in(desk: Desk, player: Somebody, **more: Any) -> Answer:
    body = {"email": player.email, "password": PASSWORD, **more}
    return await desk.client.ask("POST", "/v1/sessions", body=body)


async def log_in_with(desk: Desk, player: Somebody, key: SoftKey) -> Answer:
    asked = await knock(desk, player)
    assert asked.status == 200, asked.body
    return await log_in(desk, player, assertion=key.sign(asked.json()["challenge"]))


def kind(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.slug


WRONG = (403, "wrong_second_factor")
NOT_MADE = (403, "wrong_security_key")


async def test_a_security_key_is_added_asked_for_and_shown(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()

    added = await add(desk, ann, key)
    alone = await log_in(desk, ann)
    inside = await log_in_with(desk, ann, key)
    listed = await desk.look(ann, KEYS_PATH)

    assert (added.status, len(added.json()["recovery_codes"])) == (201, 10)
    assert kind(alone) == (403, "second_factor_needed")
    assert inside.status == 201
    (shown,) = listed["security_keys"]
    assert (shown["credential"], shown["used_at"]) == (
        text(key.name),
        write_instant(desk.clock.now()),
    )


async def test_a_challenge_names_the_site_the_players_keys_and_nobody(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)

    said = (await knock(desk, ann)).json()

    assert (said["ceremony"], said["site"], said["timeout_ms"]) == ("assertion", SITE, 300_000)
    assert said["credentials"] == [text(key.name)]
    assert ann.email not in str(said)


async def test_a_challenge_is_good_once_for_one_player_and_not_for_long(desk: Desk) -> None:
    ann, bob = await desk.player(), await desk.player()
    key, other = soft_key(), soft_key("bobs")
    await add(desk, ann, key)
    await add(desk, bob, other)
    first = (await knock(desk, ann)).json()["challenge"]
    second = (await knock(desk, ann)).json()["challenge"]

    void = await log_in(desk, ann, assertion=key.sign(first))
    # Whoever answered wrongly asks for another one.
    spent = await log_in(desk, ann, assertion=key.sign(second))
    third = (await knock(desk, ann)).json()["challenge"]
    shown = key.sign(third)
    inside = await log_in(desk, ann, assertion=shown)
    replayed = await log_in(desk, ann, assertion=shown)
    bobs = (await knock(desk, bob)).json()["challenge"]
    foreign = await log_in(desk, ann, assertion=key.sign(bobs))
    late = (await knock(desk, ann)).json()["challenge"]
    desk.clock.advance(CHALLENGE_LIFE)
    expired = await log_in(desk, ann, assertion=key.sign(late))

    assert inside.status == 201
    wrong = (void, spent, replayed, foreign, expired)
    assert [kind(answer) for answer in wrong] == [WRONG] * 5


LIES: list[tuple[str, dict[str, Any]]] = [
    ("another site", {"site": "play.example.text"}),
    ("another page", {"origin": f"https://evil.{SITE}"}),
    ("plain http", {"origin": f"http://{SITE}"}),
    ("nobody touched it", {"flags": 0}),
]


@pytest.mark.parametrize(("why", "lie"), LIES)
async def test_a_key_that_was_made_or_asked_elsewhere_is_not_believed(
    desk: Desk, why: str, lie: dict[str, Any]
) -> None:
    ann, key = await desk.player(), soft_key()
    made = await add(desk, ann, soft_key(**lie))
    await add(desk, ann, key)
    for name, value in lie.items():
        setattr(key, name, value)

    answer = await log_in_with(desk, ann, key)

    assert (kind(made), kind(answer)) == (NOT_MADE, WRONG), why


async def test_another_key_under_the_same_name_or_another_ceremony_does_not_sign(
    desk: Desk,
) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)

    forged = await log_in_with(desk, ann, soft_key())
    unknown = await log_in_with(desk, ann, soft_key("never seen"))
    asked = (await knock(desk, ann)).json()["challenge"]
    other = await log_in(desk, ann, assertion=key.sign(asked, kind="webauthn.create"))

    assert [kind(answer) for answer in (forged, unknown, other)] == [WRONG] * 3


async def test_a_key_under_an_algorithm_that_we_do_not_take_is_not_added(desk: Desk) -> None:
    ann = await desk.player()
    for algorithm in (-65_535, -47, -35, 5):
        made = soft_key().make(await challenge(desk, ann, "registration"), algorithm=algorithm)
        assert kind(await ask(desk, ann, KEYS_PATH, made)) == NOT_MADE


async def test_of_two_copies_of_a_key_the_one_that_counts_behind_is_found(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key(counter=5)
    await add(desk, ann, key)
    twin = soft_key(private=key.private, counter=5)
    inside = await log_in_with(desk, ann, key)

    behind = await log_in_with(desk, ann, twin)

    assert inside.status == 201
    assert kind(behind) == WRONG
    facts = await told(desk, ann, "factor.changed")
    assert [fact["change"] for fact in facts] == ["added", "counter_went_back"]


async def test_a_key_that_never_counts_is_taken_as_often_as_it_signs(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key(steps=0)
    await add(desk, ann, key)

    answers = [await log_in_with(desk, ann, key) for _ in range(3)]

    assert [answer.status for answer in answers] == [201] * 3


async def test_one_signature_shown_eight_times_at_once_lets_in_once(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)
    shown = key.sign((await knock(desk, ann)).json()["challenge"])

    answers = await asyncio.gather(*(log_in(desk, ann, assertion=shown) for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [201, 403, 403, 403]


async def test_who_has_a_factor_shows_it_before_another_is_added_or_one_is_removed(
    desk: Desk,
) -> None:
    ann, first, second = await desk.player(), soft_key(), soft_key("drawer")
    codes = (await add(desk, ann, first)).json()["recovery_codes"]
    name = text(first.name)

    stolen = await add(desk, ann, second)
    assertion = first.sign(await challenge(desk, ann, "assertion"))
    added = await add(desk, ann, second, proof={"assertion": assertion})
    known = await add(
        desk,
        ann,
        second,
        proof={"assertion": first.sign(await challenge(desk, ann, "assertion"))},
    )
    bare = await ask(desk, ann, f"{KEYS_PATH}/{name}/removal", {})
    # The first one is lost; a recovery code stands in for it.
    removed = await ask(desk, ann, f"{KEYS_PATH}/{name}/removal", {"recovery_code": codes[0]})
    gone = await log_in_with(desk, ann, first)
    left = await log_in_with(desk, ann, second)
    reused = await ask(
        desk, ann, f"{KEYS_PATH}/{text(second.name)}/removal", {"recovery_code": codes[0]}
    )

    assert kind(stolen) == (403, "second_factor_needed")
    assert (added.status, added.json()) == (201, {"recovery_codes": []})
    assert kind(known) == (409, "security_key_known")
    assert kind(bare) == (422, "malformed")
    assert (removed.status, kind(gone), left.status) == (204, WRONG, 201)
    assert kind(reused) == WRONG


async def test_after_the_last_key_the_password_is_enough_again(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)
    assertion = key.sign(await challenge(desk, ann, "assertion"))

    path = f"{KEYS_PATH}/{text(key.name)}/removal"
    removed = await ask(desk, ann, path, {"assertion": assertion})

    assert removed.status == 204
    assert (await log_in(desk, ann)).status == 201
    assert kind(await knock(desk, ann)) == (409, "factor_not_offered")


async def test_nobody_has_more_keys_than_can_be_meant(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)
    answers = []
    for number in range(SECURITY_KEYS_MAX):
        assertion = key.sign(await challenge(desk, ann, "assertion"))
        another = soft_key(f"number {number}")
        answers.append(await add(desk, ann, another, proof={"assertion": assertion}))

    assert [answer.status for answer in answers] == [201] * (SECURITY_KEYS_MAX - 1) + [409]
    assert answers[-1].slug == "too_many_security_keys"


async def test_who_stole_a_token_guesses_no_code(desk: Desk) -> None:
    ann = await desk.player()
    await set_up_codes(desk, ann)

    answers = [
        await ask(desk, ann, "/v1/me/second-factor/removal", {"code": f"{number:06}"})
        for number in range(FAILURES_MAX + 2)
    ]

    locked = [(403, "login_locked")] * 2
    assert [kind(answer) for answer in answers] == [WRONG] * FAILURES_MAX + locked


async def test_a_stolen_token_and_the_password_change_no_password_without_the_factor(
    desk: Desk,
) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)
    body = {"password": PASSWORD, "new_password": "the thief's own"}

    bare = await ask(desk, ann, "/v1/me/password", body)
    wrong = await ask(desk, ann, "/v1/me/password", {**body, "proof": {"code": "000000"}})
    still = await log_in_with(desk, ann, key)
    proof = {"assertion": key.sign(await challenge(desk, ann, "assertion"))}
    shown = await ask(desk, ann, "/v1/me/password", {**body, "proof": proof})

    assert (kind(bare), kind(wrong)) == ((403, "second_factor_needed"), WRONG)
    assert (still.status, shown.status) == (201, 204)
    assert kind(await log_in(desk, ann)) == (401, "login_failed")


async def test_a_challenge_for_a_login_tells_a_stranger_nothing(desk: Desk) -> None:
    ann = await desk.player()
    await add(desk, ann, soft_key())
    nobody = Somebody(player_id="", token="", email="nobody@example.test")

    wrong = await knock(desk, ann, "wrong horse")
    stranger = await knock(desk, nobody)
    for _ in range(FAILURES_MAX - 1):
        await knock(desk, ann, "wrong horse")

    assert wrong.status == 401
    assert wrong.body == stranger.body
    # Guessing here counts as it does at a login.
    assert kind(await log_in(desk, ann)) == (401, "login_failed")


async def test_a_lock_is_opened_by_the_password_and_a_keys_recovery_code(desk: Desk) -> None:
    ann = await desk.player()
    codes = (await add(desk, ann, soft_key())).json()["recovery_codes"]
    for _ in range(FAILURES_MAX):
        await log_in(desk, ann, password="wrong horse")

    locked = await log_in(desk, ann)
    recovered = await log_in(desk, ann, recovery_code=codes[3])

    assert (locked.status, recovered.status) == (401, 201)


async def set_up_codes(desk: Desk, player: Somebody) -> bytes:
    """Give a player an authenticator; return its seed."""
    offered = await desk.client.ask("POST", "/v1/me/second-factor", token=player.token)
    seed = rules.read_seed(offered.json()["secret"])
    code = rules.totp(seed, int(desk.clock.now().timestamp()) // STEP_SECONDS)
    confirmed = await ask(desk, player, "/v1/me/second-factor/confirmation", {"code": code})
    assert confirmed.status == 200, confirmed.body
    return seed


async def told(desk: Desk, player: Somebody, kind: str) -> list[dict[str, Any]]:
    """Return the facts of a type that are about a player."""
    shard = shard_of(PlayerId(player.player_id))
    async with desk.database.reading() as tx:
        found = await messages.read_facts(tx, shard, after_seq=0)
    said = [msgspec.json.decode(fact.body)["data"] for fact in found]
    return [data for data in said if data["type"] == kind and data["player_id"] == player.player_id]


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the licence of this desk want a second factor."""
    licence = jurisdictions.get("demo")
    sessions = msgspec.structs.replace(licence.sessions, second_factor=SecondFactor.REQUIRED)
    found = {"demo": msgspec.structs.replace(licence, sessions=sessions)}
    monkeypatch.setattr(licence_queries, "_licences", lambda: found)
    yield


@pytest.mark.usefixtures("required")
async def test_where_a_second_factor_is_required_nobody_plays_before_there_is_one(
    desk: Desk,
) -> None:
    await desk.event("cup")
    ann = await desk.player(amount="100.00")

    async def bet() -> str:
        body = slip(selection_id("cup"))
        answer = await desk.client.ask(
            "POST", "/v1/bets", token=ann.token, key=desk.key(), body=body
        )
        await desk.process()
        shown = await desk.look(ann, f"/v1/bets/{answer.json()['bet_id']}")
        return str(shown["refusal"] or shown["state"])

    before = await bet()
    let_in = await log_in(desk, ann)
    seed = await set_up_codes(desk, ann)
    after = await bet()
    desk.clock.advance(timedelta(seconds=2 * STEP_SECONDS))
    code = rules.totp(seed, int(desk.clock.now().timestamp()) // STEP_SECONDS)
    alone = await log_in(desk, ann)
    last = await ask(desk, ann, "/v1/me/second-factor/removal", {"code": code})
    inside = await log_in(desk, ann, code=code)

    assert (before, after) == ("second_factor_missing", "accepted")
    assert let_in.json()["second_factor_missing"]
    assert kind(alone) == (403, "second_factor_needed")
    # It may be exchanged for another, and not given up.
    assert kind(last) == (403, "factor_required")
    assert inside.status == 201
    assert not inside.json()["second_factor_missing"]


@pytest.mark.usefixtures("required")
async def test_of_two_factors_one_may_go_where_one_is_required(desk: Desk) -> None:
    ann, key = await desk.player(), soft_key()
    await add(desk, ann, key)
    offered = await desk.client.ask("POST", "/v1/me/second-factor", token=ann.token)
    seed = rules.read_seed(offered.json()["secret"])
    code = rules.totp(seed, int(desk.clock.now().timestamp()) // STEP_SECONDS)
    path = "/v1/me/second-factor/confirmation"
    bare = await ask(desk, ann, path, {"code": code})
    shown = key.sign(await challenge(desk, ann, "assertion"))
    confirmed = await ask(desk, ann, path, {"code": code, "proof": {"assertion": shown}})
    shown = key.sign(await challenge(desk, ann, "assertion"))

    removal = f"{KEYS_PATH}/{text(key.name)}/removal"
    removed = await ask(desk, ann, removal, {"assertion": shown})

    assert kind(bare) == (403, "second_factor_needed")
    assert (confirmed.status, removed.status) == (200, 204)


@pytest.mark.parametrize("code", CODES)
async def test_a_player_is_told_at_registration_and_login_what_the_licence_wants(
    desk: Desk, code: str, proves: Proves
) -> None:
    for rule in ("sessions.second_factor", "sessions.previous_login_shown"):
        proves(rule, code)
    proves("verification.documents_told", code)
    licence = jurisdictions.get(code)
    email = f"player{next(desk.numbers)}@example.test"
    body = {
        **registration(email),
        **FOR_REGISTERS,
        "name": f"Ann {code}",
        # Whoever has another's number and day of birth is taken for the same person.
        "date_of_birth": f"1990-03-{1 + CODES.index(code):02}",
        "jurisdiction": code,
        "currency": licence.licence.currencies[0],
    }
    first = await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)
    assert first.status == 201, first.body
    ann = Somebody(player_id=first.json()["player_id"], token=first.json()["token"], email=email)
    then = write_instant(desk.clock.now())
    desk.clock.advance(timedelta(hours=1))

    answer = await log_in(desk, ann)
    assert answer.status == 201, answer.body
    second = answer.json()

    required = licence.sessions.second_factor is SecondFactor.REQUIRED
    assert first.json()["second_factor_missing"] == second["second_factor_missing"] == required
    shown = licence.sessions.previous_login_shown
    assert second["previous_login_at"] == (then if shown else None)
    facts = await told(desk, ann, "verification.documents_told")
    assert bool(first.json()["documents_possible"]) == licence.verification.documents_told
    assert bool(facts) == licence.verification.documents_told
