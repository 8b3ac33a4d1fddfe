"""The SQL of the wallet: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import AccountId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Hold,
    HoldSum,
    Refusal,
    SavedAnswer,
    StatementEntry,
    Transfer,
)

# Looked up instead of called: an enumeration's call costs as much as the rest of the row.
_KINDS = {kind.value: kind for kind in AccountKind}

Places = Collection[tuple[Shard, str]]


async def find_accounts(
    tx: Transaction, places: Collection[tuple[Shard, AccountId]]
) -> list[Account]:
    """Return the accounts that exist."""
    if not places:
        return []
    wanted = list(places)
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        "SELECT number, kind, owner, currency, may_overdraw, debits, credits, held, entries"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, id, number)"
        " JOIN wallet_account AS account"
        " ON account.shard = wanted.shard AND account.account_id = wanted.id",
        *_columns(wanted),
    )
    return [
        Account(
            shard=wanted[number - 1][0],
            id=wanted[number - 1][1],
            kind=_KINDS[kind],
            owner=owner,
            currency=currency,
            may_overdraw=may_overdraw,
            debits=debits,
            credits=credits,
            held=held,
            entries=entries,
        )
        for number, kind, owner, currency, may_overdraw, debits, credits, held, entries in rows
    ]


async def find_accounts_page(
    tx: Transaction, shard: Shard, *, after: AccountId | None, limit: int
) -> list[Account]:
    """Return a shard's next accounts in order of their ids."""
    rows = await tx.fetch(
        "SELECT shard, account_id, kind, owner, currency, may_overdraw,"
        " debits, credits, held, entries FROM wallet_account"
        " WHERE shard = $1 AND ($2::uuid IS NULL OR account_id > $2)"
        " ORDER BY account_id LIMIT $3",
        shard,
        after,
        limit,
    )
    return [_account(row) for row in rows]


async def find_entry_sums(
    tx: Transaction, shard: Shard
) -> dict[tuple[AccountId, str], tuple[int, int]]:
    """Return (entries, sum of their movements) of a shard per account and currency."""
    rows = await tx.fetch(
        "SELECT account_id, currency, count(*) AS entries, sum(movement)::bigint AS micros"
        " FROM wallet_entry WHERE shard = $1 GROUP BY account_id, currency",
        shard,
    )
    return {
        (AccountId(str(row["account_id"])), row["currency"]): (row["entries"], row["micros"])
        for row in rows
    }


async def save_accounts(
    tx: Transaction, accounts: Sequence[Account]
) -> set[tuple[Shard, AccountId]]:
    """Open the accounts that are not open yet; return which those were."""
    rows = await tx.fetch(
        "INSERT INTO wallet_account (shard, account_id, kind, owner, currency, may_overdraw)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[],"
        " $6::boolean[]) ON CONFLICT (shard, account_id) DO NOTHING RETURNING shard, account_id",
        [account.shard for account in accounts],
        [account.id for account in accounts],
        [account.kind for account in accounts],
        [account.owner for account in accounts],
        [account.currency for account in accounts],
        [account.may_overdraw for account in accounts],
    )
    return {(Shard(row["shard"]), AccountId(str(row["account_id"]))) for row in rows}


async def change_accounts(tx: Transaction, accounts: Sequence[Account]) -> None:
    """Write the accounts as they now stand; each is named once."""
    if not accounts:
        return
    await tx.execute(
        "UPDATE wallet_account AS account SET debits = batch.debits, credits = batch.credits,"
        " held = batch.held, entries = batch.entries"
        " FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[],"
        " $6::bigint[]) AS batch (shard, account_id, debits, credits, held, entries)"
        " WHERE account.shard = batch.shard AND account.account_id = batch.account_id",
        [account.shard for account in accounts],
        [account.id for account in accounts],
        [account.debits for account in accounts],
        [account.credits for account in accounts],
        [account.held for account in accounts],
        [account.entries for account in accounts],
    )


async def raise_held(tx: Transaction, sums: Sequence[HoldSum]) -> set[tuple[Shard, AccountId]]:
    """Add to what each account holds, where so much is available; return where that was."""
    if not sums:
        return set()
    rows = await tx.fetch(
        "UPDATE wallet_account AS account SET held = account.held + batch.micros"
        " FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[]) WITH ORDINALITY"
        "   AS batch (shard, account_id, micros, currency, number)"
        " WHERE account.shard = batch.shard AND account.account_id = batch.account_id"
        "   AND account.currency = batch.currency"
        "   AND (may_overdraw OR credits - debits - held >= batch.micros)"
        " RETURNING batch.number",
        [item.shard for item in sums],
        [item.account_id for item in sums],
        [item.micros for item in sums],
        [item.currency for item in sums],
    )
    return {(sums[number - 1].shard, sums[number - 1].account_id) for (number,) in rows}


async def find_holds(tx: Transaction, places: Places) -> list[Hold]:
    """Return the holds under these keys, refused ones included."""
    if not places:
        return []
    rows = await tx.fetch(
        "SELECT hold.shard, hold.key, account_id, micros, currency, posted, voided, refusal"
        " FROM wallet_hold AS hold JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, key)"
        " ON hold.shard = wanted.shard AND hold.key = wanted.key",
        *_columns(places),
    )
    return [
        Hold(
            shard=row["shard"],
            key=str(row["key"]),
            account_id=AccountId(str(row["account_id"])),
            micros=row["micros"],
            currency=row["currency"],
            posted=row["posted"],
            voided=row["voided"],
            refusal=_refusal(row["refusal"]),
        )
        for row in rows
    ]


async def draw_whole(tx: Transaction, places: Sequence[tuple[Shard, str]]) -> list[Hold]:
    """Write holds of which nothing was taken as wholly posted; return them as they were before."""
    if not places:
        return []
    rows = await tx.fetch(
        "UPDATE wallet_hold AS hold SET posted = hold.micros"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, key, number)"
        " WHERE hold.shard = wanted.shard AND hold.key = wanted.key"
        "   AND refusal IS NULL AND posted = 0 AND voided = 0"
        " RETURNING number, account_id, micros, currency",
        *_columns(places),
    )
    return [
        Hold(
            shard=places[number - 1][0],
            key=places[number - 1][1],
            account_id=AccountId(str(account_id)),
            micros=micros,
            currency=currency,
        )
        for number, account_id, micros, currency in rows
    ]


async def save_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    """Write new holds."""
    if not holds:
        return
    await tx.copy_in(
        "wallet_hold",
        ("shard", "key", "account_id", "micros", "currency", "posted", "voided", "refusal"),
        [
            (
                hold.shard,
                hold.key,
                hold.account_id,
                hold.micros,
                hold.currency,
                hold.posted,
                hold.voided,
                hold.refusal,
            )
            for hold in holds
        ],
    )


async def change_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    """Write what was posted and voided of earlier holds."""
    if not holds:
        return
    await tx.execute(
        "UPDATE wallet_hold AS hold SET posted = batch.posted, voided = batch.voided"
        " FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::bigint[])"
        "   AS batch (shard, key, posted, voided)"
        " WHERE hold.shard = batch.shard AND hold.key = batch.key",
        [hold.shard for hold in holds],
        [hold.key for hold in holds],
        [hold.posted for hold in holds],
        [hold.voided for hold in holds],
    )


async def find_transfers(tx: Transaction, places: Places) -> list[Transfer]:
    """Return the transfers under these keys."""
    if not places:
        return []
    rows = await tx.fetch(
        "SELECT transfer.shard, transfer.key, debit_id, credit_id, micros, currency, hold_key,"
        " whole, debit_after, credit_after, debit_no, credit_no FROM wallet_transfer AS transfer"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, key)"
        " ON transfer.shard = wanted.shard AND transfer.key = wanted.key",
        *_columns(places),
    )
    return [
        Transfer(
            shard=row["shard"],
            key=str(row["key"]),
            debit_id=AccountId(str(row["debit_id"])),
            credit_id=AccountId(str(row["credit_id"])),
            micros=row["micros"],
            currency=row["currency"],
            hold_key=None if row["hold_key"] is None else str(row["hold_key"]),
            whole=row["whole"],
            debit_after=row["debit_after"],
            credit_after=row["credit_after"],
            debit_no=row["debit_no"],
            credit_no=row["credit_no"],
        )
        for row in rows
    ]


async def save_transfers(
    tx: Transaction, transfers: Sequence[Transfer], booked_at: datetime
) -> None:
    """Append transfers."""
    if not transfers:
        return
    await tx.copy_in(
        "wallet_transfer",
        (
            *("shard", "key", "debit_id", "credit_id", "micros", "currency", "hold_key"),
            *("whole", "debit_after", "credit_after", "debit_no", "credit_no", "booked_at"),
        ),
        [
            (
                item.shard,
                item.key,
                item.debit_id,
                item.credit_id,
                item.micros,
                item.currency,
                item.hold_key,
                item.whole,
                item.debit_after,
                item.credit_after,
                item.debit_no,
                item.credit_no,
                booked_at,
            )
            for item in transfers
        ],
    )


async def find_answers(tx: Transaction, places: Places) -> list[SavedAnswer]:
    """Return the stored answers under these keys, whatever their verb."""
    if not places:
        return []
    rows = await tx.fetch(
        "SELECT answer.shard, verb, answer.key, request, micros, refusal"
        " FROM wallet_answer AS answer"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, key)"
        " ON answer.shard = wanted.shard AND answer.key = wanted.key"
        " AND answer.verb IN ('post', 'void', 'transfer')",
        *_columns(places),
    )
    return [
        SavedAnswer(
            shard=row["shard"],
            verb=row["verb"],
            key=str(row["key"]),
            request=row["request"],
            micros=row["micros"],
            refusal=_refusal(row["refusal"]),
        )
        for row in rows
    ]


async def save_answers(tx: Transaction, answers: Sequence[SavedAnswer]) -> None:
    """Append answers."""
    if not answers:
        return
    await tx.copy_in(
        "wallet_answer",
        ("shard", "verb", "key", "request", "micros", "refusal"),
        [
            (item.shard, item.verb, item.key, item.request, item.micros, item.refusal)
            for item in answers
        ],
    )


async def find_entries(
    tx: Transaction, shard: Shard, account_id: AccountId, *, before_no: int | None, limit: int
) -> list[StatementEntry]:
    """Return entries of an account, newest first."""
    rows = await tx.fetch(
        "SELECT entry_no, key, other_id, before, movement, after, currency, booked_at"
        " FROM wallet_entry WHERE shard = $1 AND account_id = $2"
        " AND entry_no < coalesce($3, 9223372036854775807) ORDER BY entry_no DESC LIMIT $4",
        shard,
        account_id,
        before_no,
        limit,
    )
    return [_entry(row) for row in rows]


async def find_receivables(
    tx: Transaction, shards: Collection[Shard], owner: str | None
) -> list[Account]:
    """Return the accounts of these shards that show what players owe; of one player, if named."""
    rows = await tx.fetch(
        "SELECT shard, account_id, kind, owner, currency, may_overdraw,"
        " debits, credits, held, entries FROM wallet_account"
        " WHERE kind = 'receivable' AND shard = ANY($1::smallint[]) AND debits > credits"
        "   AND ($2::text IS NULL OR owner = $2) ORDER BY shard, account_id",
        list(shards),
        owner,
    )
    return [_account(row) for row in rows]


async def find_totals(tx: Transaction) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """Return (debits, credits, held) per (currency, kind, owner), all players as one owner."""
    rows = await tx.fetch(
        "SELECT currency, kind,"
        " CASE WHEN kind IN ('player', 'receivable') THEN '' ELSE owner END AS owner,"
        " sum(debits)::bigint AS debits, sum(credits)::bigint AS credits, sum(held)::bigint AS held"
        " FROM wallet_account GROUP BY 1, 2, 3"
    )
    return {
        (row["currency"], row["kind"], row["owner"]): (row["debits"], row["credits"], row["held"])
        for row in rows
    }


def _account(row: asyncpg.Record) -> Account:
    return Account(
        shard=row["shard"],
        id=AccountId(str(row["account_id"])),
        kind=AccountKind(row["kind"]),
        owner=row["owner"],
        currency=row["currency"],
        may_overdraw=row["may_overdraw"],
        debits=row["debits"],
        credits=row["credits"],
        held=row["held"],
        entries=row["entries"],
    )


def _entry(row: asyncpg.Record) -> StatementEntry:
    return StatementEntry(
        entry_no=row["entry_no"],
        key=str(row["key"]),
        other_id=AccountId(str(row["other_id"])),
        before=row["before"],
        movement=row["movement"],
        after=row["after"],
        currency=row["currency"],
        booked_at=row["booked_at"],
    )


def _columns(places: Collection[tuple[Shard, str]]) -> tuple[list[int], list[str]]:
    return [shard for shard, _ in places], [key for _, key in places]


def _refusal(text: str | None) -> Refusal | None:
    return None if text is None else Refusal(text)
