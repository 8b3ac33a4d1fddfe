"""Two roles: an owner who migrates, and the one that every running process is.

What a process may do with each table is decided here and nowhere else.  What only ever grows can be
read and added to: no process can change or delete it, nor switch off the trigger that forbids it,
because that takes the owner.  A table that is not named here is closed to processes.
"""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.db.migrations import as_owner
from pitboss.db.pool import Database, Transaction

# As migrations do: two starts at once must not change the same rows of the catalog.
_LOCK = 0x70_69_74_67

_GROWS = "SELECT, INSERT"
_MOVES = "SELECT, UPDATE"
_LIVES = "SELECT, INSERT, UPDATE"
_COMES_AND_GOES = "SELECT, INSERT, UPDATE, DELETE"

GRANTS: Mapping[str, str] = {
    # History: nobody changes it.
    "fact": _GROWS,
    "command": _GROWS,
    "wallet_transfer": _GROWS,
    "wallet_answer": _GROWS,
    "payment_news": _GROWS,
    "player_status_change": _GROWS,
    "limit_change": _GROWS,
    "verification_news": _GROWS,
    "terms_version": _GROWS,
    "settlement_result": _GROWS,
    "bet_correction": _GROWS,
    "trading_limit": _GROWS,
    "trading_factor": _GROWS,
    "location_check": _GROWS,
    "fact_run": _GROWS,
    "staff_note": _GROWS,
    "audit_checkpoint": _GROWS,
    "game_odds": _GROWS,
    "game_version": _GROWS,
    "game_certificate": _GROWS,
    "game_certificate_expiry": _GROWS,
    "game_certificate_withdrawal": _GROWS,
    "game_token": _GROWS,
    "house_round": _GROWS,
    "house_step": _GROWS,
    # Heads and offsets: the migration made their rows, and they only move.
    "shard_head": _MOVES,
    "shard_revocation": _MOVES,
    "log_head": _MOVES,
    "log_consumer": _MOVES,
    "settlement_cursor": _MOVES,
    "voiding_cursor": _MOVES,
    "case_reader": _MOVES,
    "sequencer": _MOVES,
    # How things stand: what is there may change, and stays.
    "stream_head": _LIVES,
    "house_draw_count": _LIVES,
    "wallet_account": _LIVES,
    "wallet_hold": _LIVES,
    "cash_out": _LIVES,
    "player": _LIVES,
    "player_registration": _LIVES,
    "player_verification": _LIVES,
    "player_terms": _LIVES,
    "player_session": _LIVES,
    "player_login_state": _LIVES,
    "verification_check": _LIVES,
    "personal_subject": _LIVES,
    "payment": _LIVES,
    "deposit_block": _LIVES,
    "player_limit": _LIVES,
    "limit_closed": _LIVES,
    "contact_telling": _LIVES,
    "limit_review": _LIVES,
    "player_marketing": _LIVES,
    "player_cap": _LIVES,
    "player_payout": _LIVES,
    "player_exclusion": _LIVES,
    "reality_check": _LIVES,
    "reality_check_interval": _LIVES,
    "player_hour": _LIVES,
    "location_permit": _LIVES,
    "register_standing": _LIVES,
    "register_pulse": _LIVES,
    "central_deposit": _LIVES,
    "central_limit": _LIVES,
    "central_activity": _LIVES,
    "central_pulse": _LIVES,
    "bet": _LIVES,
    "bet_referral": _LIVES,
    "boost": _LIVES,
    "free_bet": _LIVES,
    "game_provider": _LIVES,
    "game": _LIVES,
    "game_session": _LIVES,
    "game_round": _LIVES,
    "game_booking": _LIVES,
    "game_reward": _LIVES,
    "game_reward_use": _LIVES,
    "catalog_event": _LIVES,
    "trading_book": _LIVES,
    "catalog_market": _LIVES,
    "catalog_place_terms": _GROWS,
    "catalog_producer": _LIVES,
    "feed_event": _LIVES,
    "feed_parked": _LIVES,
    "feed_producer": _LIVES,
    "feed_reader": _LIVES,
    "catalog_selection": _LIVES,
    "combination": _LIVES,
    "price_source": _LIVES,
    "staff_agent": _LIVES,
    "staff_approval": _LIVES,
    "staff_case": _LIVES,
    "staff_role": _LIVES,
    "staff_session": _LIVES,
    # Written once, without a history to keep.
    "session_start": _GROWS,
    "bet_leg": _GROWS,
    # What is done with, or must be forgotten.
    "feed_hold": _COMES_AND_GOES,
    "feed_mark": _COMES_AND_GOES,
    "settlement_aside": _COMES_AND_GOES,
    "settlement_walk": _COMES_AND_GOES,
    "voiding_aside": _COMES_AND_GOES,
    "bet_pending": _COMES_AND_GOES,
    "player_age": _COMES_AND_GOES,
    "player_login": _COMES_AND_GOES,
    "player_likeness": _COMES_AND_GOES,
    "player_factor": _COMES_AND_GOES,
    "player_security_key": _COMES_AND_GOES,
    "player_challenge": _COMES_AND_GOES,
    "login_address": _COMES_AND_GOES,
    "personal_value": _COMES_AND_GOES,
    "staff_login": _COMES_AND_GOES,
    "case_signal": _COMES_AND_GOES,
    "location_last_fix": _COMES_AND_GOES,
    "location_device": _COMES_AND_GOES,
    # To look at.
    "wallet_entry": "SELECT",
    "schema_step": "SELECT",
}


async def find_role(database: Database) -> str:
    """Return the role as which this database is entered."""
    async with database.reading() as tx:
        row = await tx.fetch_one("SELECT current_user::text AS role")
    return "" if row is None else str(row["role"])


async def grant(owner: Database, role: str) -> None:
    """Let a role do what processes do, and nothing else.

    At once for everybody who is connected.  Asking again changes nothing.  Nothing is done for the
    owner itself, who may do everything anyhow: see `may_change_history`.

    Args:
        owner: the migrated database, entered as the role that owns its tables.
        role: the one that the processes are; it must exist.

    Raises:
        OwnerNeeded: the tables are somebody else's.
    """
    async with as_owner(), owner.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        row = await tx.fetch_one(
            "SELECT quote_ident($1) AS name, $1 = current_user::text AS owns", role
        )
        if row is None or row["owns"]:
            return
        name = row["name"]
        await tx.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        await tx.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}")
        for table, privileges in GRANTS.items():
            await tx.execute(f"GRANT {privileges} ON {table} TO {name}")


async def may_change_history(tx: Transaction) -> bool:
    """Say whether whoever is connected could change facts, were it not for the trigger.

    Then it is an owner or a superuser, who could also switch the trigger off.
    """
    row = await tx.fetch_one(
        "SELECT has_table_privilege(to_regclass('public.fact'), 'UPDATE, DELETE, TRUNCATE') AS may"
    )
    return row is not None and bool(row["may"])
