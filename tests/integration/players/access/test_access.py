"""Logins on the real database: counted, raced, locked, recovered, and folded again."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from integration.players.keys import KEYS
from integration.players.people import ENTROPY, NOW, assert_rebuilt, facts, in_turn, some_player
from pitboss.db import Database, Transaction
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, factors
from pitboss.players.access.model import (
    ADDRESS_ATTEMPTS_MAX,
    ADDRESS_WINDOW,
    LetIn,
    LoginAnswer,
    LoginTry,
    Refusal,
    Refused,
    SessionEnd,
    SessionId,
)
from pitboss.players.factors import rules as factor_rules
from pitboss.players.factors.model import STEP_SECONDS
from pitboss.players.factors.model import Refused as NotDone

LOCKED = Refused(reason=Refusal.LOGIN_LOCKED)
WRONG = Refused(reason=Refusal.WRONG_PASSWORD)


async def log_in(
    database: Database,
    player_id: PlayerId,
    *,
    right: bool = True,
    now: datetime = NOW,
    code: str | None = None,
    recovery_code: str | None = None,
) -> LoginAnswer:
    attempt = LoginTry(
        player_id=player_id,
        right=right,
        session_id=SessionId(new_id(now, ENTROPY)),
        code=code,
        recovery_code=recovery_code,
    )

    async def work(turn: Turn) -> LoginAnswer:
        return await access.judge(turn, attempt, keys=KEYS)

    return await in_turn(database, player_id, work, now=now)


async def set_up_factor(database: Database, player_id: PlayerId) -> tuple[bytes, tuple[str, ...]]:
    """Give the player a second factor; return its seed and the recovery codes."""

    async def offer(turn: Turn) -> str | NotDone:
        return await factors.offer_factor(turn, player_id, keys=KEYS)

    text = await in_turn(database, player_id, offer)
    assert isinstance(text, str)
    seed = factor_rules.read_seed(text)
    before = NOW - timedelta(hours=1)

    async def confirm(turn: Turn) -> tuple[str, ...] | NotDone:
        return await factors.confirm_factor(turn, player_id, code_at(seed, before), keys=KEYS)

    codes = await in_turn(database, player_id, confirm, now=before)
    assert isinstance(codes, tuple)
    return seed, codes


def code_at(seed: bytes, moment: datetime) -> str:
    return factor_rules.totp(seed, int(moment.timestamp()) // STEP_SECONDS)


async def live(database: Database, player_id: PlayerId, *, now: datetime = NOW) -> int:
    async with database.reading() as tx:
        return len(await access.find_live(tx, player_id, now=now))


async def test_two_logins_at_once_leave_one_session_where_one_is_allowed(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="NJ", currency="USD")

    answers = await asyncio.gather(*(log_in(database, ann) for _ in range(8)))

    assert all(isinstance(answer, LetIn) for answer in answers)
    assert await live(database, ann) == 1
    ended = await facts(database, since="session.ended")
    assert [fact["reason"] for fact in ended] == [SessionEnd.NEWER_SESSION] * 7
    await assert_rebuilt(database)


async def test_where_several_are_allowed_all_live(database: Database) -> None:
    ann = await some_player(database)

    await asyncio.gather(*(log_in(database, ann) for _ in range(3)))

    assert await live(database, ann) == 3


async def test_of_fifty_wrong_guesses_at_once_no_more_count_than_the_licence_allows(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="NJ", currency="USD")

    answers = await asyncio.gather(*(log_in(database, ann, right=False) for _ in range(50)))

    assert answers.count(WRONG) == 3
    assert answers.count(LOCKED) == 47
    assert await log_in(database, ann) == LOCKED
    assert len(await facts(database, since="login.locked")) == 1
    await assert_rebuilt(database)


async def test_a_right_guess_among_many_is_let_in_only_before_the_lock(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="NJ", currency="USD")

    answers = await asyncio.gather(
        *(log_in(database, ann, right=number == 40) for number in range(50))
    )

    tried = sum(answer != LOCKED for answer in answers)
    # Three, or three before the one that was right and three after it.
    assert tried <= 7
    await assert_rebuilt(database)


async def test_a_lock_of_minutes_ends_and_one_until_recovery_does_not(
    database: Database,
) -> None:
    ann = await some_player(database, "ann")
    bob = await some_player(database, "bob", jurisdiction="PA", currency="USD")
    for player in (ann, bob):
        for _ in range(5):
            await log_in(database, player, right=False)
    later = NOW + timedelta(minutes=30)
    just_before = later - timedelta(seconds=1)

    assert await log_in(database, ann, now=just_before) == LOCKED
    assert isinstance(await log_in(database, ann, now=later), LetIn)
    assert await log_in(database, bob, now=NOW + timedelta(days=365)) == LOCKED
    await assert_rebuilt(database)


async def test_failures_after_a_lock_is_over_count_from_one_and_fold_so(
    database: Database,
) -> None:
    ann = await some_player(database)
    for _ in range(5):
        await log_in(database, ann, right=False)

    later = NOW + timedelta(minutes=31)
    assert await log_in(database, ann, right=False, now=later) == WRONG
    assert isinstance(await log_in(database, ann, now=later), LetIn)
    await log_in(database, ann, right=False, now=later)
    await assert_rebuilt(database)


async def test_staff_open_a_locked_login(database: Database) -> None:
    bob = await some_player(database, "bob", jurisdiction="PA", currency="USD")
    for _ in range(3):
        await log_in(database, bob, right=False)

    async def unlock(turn: Turn) -> Refused | None:
        return await access.unlock(turn, bob)

    locked = await log_in(database, bob)
    await in_turn(database, bob, unlock, actor="staff:ann")
    await in_turn(database, bob, unlock, actor="staff:ann")

    assert locked == LOCKED
    assert isinstance(await log_in(database, bob), LetIn)
    assert len(await facts(database, since="login.unlocked")) == 1
    await assert_rebuilt(database)


async def test_the_login_before_is_told_and_none_at_the_first(database: Database) -> None:
    ann = await some_player(database)
    first = await log_in(database, ann)
    await log_in(database, ann, right=False, now=NOW + timedelta(minutes=1))
    second = await log_in(database, ann, now=NOW + timedelta(minutes=2))

    assert isinstance(first, LetIn)
    assert isinstance(second, LetIn)
    assert (first.previous_login_at, second.previous_login_at) == (None, NOW)


async def test_with_a_second_factor_the_password_alone_lets_nobody_in(
    database: Database,
) -> None:
    ann = await some_player(database)
    seed, _ = await set_up_factor(database, ann)
    code = code_at(seed, NOW)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    alone = await log_in(database, ann)
    failed = await log_in(database, ann, code=wrong)
    guessed = await log_in(database, ann, right=False, code=code)
    inside = await log_in(database, ann, code=code)
    again = await log_in(database, ann, code=code)

    assert alone == Refused(reason=Refusal.SECOND_FACTOR_NEEDED)
    assert failed == Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    assert guessed == WRONG
    assert isinstance(inside, LetIn)
    assert again == Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    await assert_rebuilt(database)


async def test_one_code_shown_ten_times_at_once_lets_in_once(database: Database) -> None:
    ann = await some_player(database, jurisdiction="demo")
    seed, _ = await set_up_factor(database, ann)
    code = code_at(seed, NOW)

    answers = await asyncio.gather(*(log_in(database, ann, code=code) for _ in range(5)))

    assert sum(isinstance(answer, LetIn) for answer in answers) == 1


async def test_guessing_codes_locks_the_login_as_guessing_passwords_does(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="NJ", currency="USD")
    seed, _ = await set_up_factor(database, ann)
    wrong = f"{(int(code_at(seed, NOW)) + 1) % 10**6:06}"

    answers = [await log_in(database, ann, code=wrong) for _ in range(4)]

    assert answers == [Refused(reason=Refusal.WRONG_SECOND_FACTOR)] * 3 + [LOCKED]


async def test_a_lock_is_recovered_with_two_factors_of_which_one_works_once(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="NJ", currency="USD")
    seed, codes = await set_up_factor(database, ann)
    for _ in range(3):
        await log_in(database, ann, right=False)

    by_code = await log_in(database, ann, code=code_at(seed, NOW))
    wrong = await log_in(database, ann, right=False, recovery_code=codes[0])
    recovered = await log_in(database, ann, recovery_code=codes[0].lower())
    for _ in range(3):
        await log_in(database, ann, right=False)
    reused = await log_in(database, ann, recovery_code=codes[0])
    another = await log_in(database, ann, recovery_code=codes[1])

    assert (by_code, wrong) == (LOCKED, LOCKED)
    assert isinstance(recovered, LetIn)
    assert reused == LOCKED
    assert isinstance(another, LetIn)
    await assert_rebuilt(database)


async def test_seeds_and_codes_are_in_no_table_and_no_fact(database: Database) -> None:
    ann = await some_player(database)
    seed, codes = await set_up_factor(database, ann)
    async with database.reading() as tx:
        rows = [
            dict(row)
            for table in ("player_factor", "personal_value")
            for row in await tx.fetch(f"SELECT * FROM {table}")
        ]

    said = repr(rows) + repr(await facts(database))
    for secret in (factor_rules.write_seed(seed), repr(seed)[2:-1], *codes):
        assert secret not in said


async def test_who_was_forgotten_has_no_factor_and_no_session(database: Database) -> None:
    ann = await some_player(database)
    seed, _ = await set_up_factor(database, ann)
    await log_in(database, ann, code=code_at(seed, NOW))

    async def forget(turn: Turn) -> None:
        await access.forget(turn, ann)

    await in_turn(database, ann, forget)

    async with database.reading() as tx:
        assert not await factors.has_factor(tx, ann)
    assert await live(database, ann) == 0
    await assert_rebuilt(database)


async def test_tries_from_one_address_stop_at_the_limit_however_many_come_at_once(
    database: Database,
) -> None:
    async def attempt(now: datetime = NOW) -> bool:
        async with database.transaction() as tx:
            return await access.count_attempt(tx, "192.0.2.1", keys=KEYS, now=now)

    answers = await asyncio.gather(*(attempt() for _ in range(ADDRESS_ATTEMPTS_MAX + 20)))

    assert sum(answers) == ADDRESS_ATTEMPTS_MAX
    async with database.transaction() as tx:
        assert await access.count_attempt(tx, "192.0.2.2", keys=KEYS, now=NOW)
        await access.unsay_attempt(tx, "192.0.2.1", keys=KEYS)
    assert await attempt(NOW + ADDRESS_WINDOW)
    async with database.reading() as tx:
        rows = await tx.fetch("SELECT * FROM login_address")
    assert "192.0.2" not in repr([dict(row) for row in rows])


async def test_the_addresses_of_one_network_are_counted_as_one(database: Database) -> None:
    async def attempt(address: str) -> bool:
        async with database.transaction() as tx:
            return await access.count_attempt(tx, address, keys=KEYS, now=NOW)

    answers = [
        await attempt(f"2001:db8:0:1:{number:x}::1") for number in range(ADDRESS_ATTEMPTS_MAX + 1)
    ]

    assert answers == [True] * ADDRESS_ATTEMPTS_MAX + [False]
    assert await attempt("2001:db8:0:2::1")


async def test_addresses_are_forgotten_when_their_window_is_over(database: Database) -> None:
    async def attempt(address: str, now: datetime) -> None:
        async with database.transaction() as tx:
            await access.count_attempt(tx, address, keys=KEYS, now=now)

    later = NOW + ADDRESS_WINDOW
    await asyncio.gather(*(attempt(f"192.0.2.{number}", NOW) for number in range(40)))
    # At once, so that they would wait for each other if they could.
    await asyncio.gather(*(attempt(f"198.51.100.{number}", later) for number in range(20)))
    await attempt("198.51.100.0", later)

    async with database.reading() as tx:
        left = await tx.fetch("SELECT since FROM login_address")
    assert {row["since"] for row in left} == {later}
    assert len(left) == 20


async def test_idle_sessions_are_touched_and_die(database: Database) -> None:
    ann = await some_player(database)
    answer = await log_in(database, ann)
    assert isinstance(answer, LetIn)
    idle = timedelta(minutes=30)
    place = (shard_of(ann), answer.session.id)

    async with database.transaction() as tx:
        await access.touch(tx, [place], now=NOW + timedelta(minutes=20))
        # Who comes late with an older clock takes nothing back.
        await access.touch(tx, [place], now=NOW)

    assert await live(database, ann, now=NOW + timedelta(minutes=49)) == 1
    assert await live(database, ann, now=NOW + timedelta(minutes=20) + idle) == 0
    await assert_rebuilt(database)


async def test_sessions_that_were_over_long_ago_are_not_read_again(database: Database) -> None:
    ann = await some_player(database)
    newest = await log_in(database, ann)
    assert isinstance(newest, LetIn)
    await add_old_sessions(database, ann, 1_000)
    since = NOW - timedelta(days=1)

    async with database.transaction() as tx:
        # As of a table that is in use: this one was empty a moment ago.
        await tx.execute("ANALYZE player_session")
    async with database.reading() as tx:
        stays = await access.find_stays(tx, [(shard_of(ann), ann)], since=since, now=NOW)
        open_now = await access.find_live(tx, ann, now=NOW)
        read = await rows_read(tx)

    async def end(turn: Turn) -> int:
        return await access.end_sessions(turn, ann, SessionEnd.ENDED_BY_STAFF)

    # The four of the last day, and the newest.
    assert len(stays[ann]) == 5
    assert [item.id for item in open_now] == [newest.session.id]
    assert 0 < read < 50
    assert await in_turn(database, ann, end) == 1


async def add_old_sessions(database: Database, player_id: PlayerId, rows: int) -> None:
    """Add sessions, four a day, that idled out or were too old, by turns."""
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO player_session (shard, session_id, player_id, opened_at, seen_at,"
            " idle_seconds, ends_at) SELECT $1::smallint, gen_random_uuid(), $2::uuid, at, at,"
            " CASE WHEN n % 2 = 0 THEN 1800 END,"
            " CASE WHEN n % 2 = 1 THEN at + interval '1 hour' END"
            " FROM generate_series(1, $4::int) AS n,"
            " LATERAL (SELECT $3::timestamptz - n * interval '6 hours' AS at) AS began",
            shard_of(player_id),
            player_id,
            NOW,
            rows,
        )


async def rows_read(tx: Transaction) -> int:
    """Return how many rows of sessions this transaction has read so far."""
    row = await tx.fetch_one(
        "SELECT seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables"
        " WHERE relname = 'player_session'"
    )
    assert row is not None
    return int(row["rows"])


@pytest.mark.parametrize("reason", [SessionEnd.LOGGED_OUT, SessionEnd.STATUS_CHANGED])
async def test_ending_again_changes_nothing(database: Database, reason: SessionEnd) -> None:
    ann = await some_player(database)
    await log_in(database, ann)

    async def end(turn: Turn) -> int:
        return await access.end_sessions(turn, ann, reason)

    counts = [await in_turn(database, ann, end) for _ in range(2)]

    assert counts == [1, 0]
