"""Nouns of the gate: what is asked, what is looked at, what is answered.

Structs, because there is one of each for every stake and a dataclass takes longer to make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.jurisdictions.model import Product as Product
from pitboss.kernel.ids import PlayerId
from pitboss.location.model import Standing
from pitboss.players.identity.model import Player
from pitboss.registers.model import Verdict
from pitboss.responsible.breaks.model import Pace, Planned
from pitboss.responsible.exclusion.model import Exclusion
from pitboss.responsible.limits.model import Allowance


class Identified(StrEnum):
    """How a player's identity stands for the gate.

    `overdue`: it is not verified, and the licence's time for that is over.
    """

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    OVERDUE = "overdue"


class Refusal(StrEnum):
    """Why the gate says no."""

    UNKNOWN_PLAYER = "unknown_player"
    UNKNOWN_JURISDICTION = "unknown_jurisdiction"
    PLAYER_NOT_ACTIVE = "player_not_active"
    PLAYER_EXCLUDED = "player_excluded"
    PLAYER_ON_TIME_OUT = "player_on_time_out"
    REGISTER_NOT_CHECKED = "register_not_checked"
    REGISTER_DOWN = "register_down"
    ACTIVE_ELSEWHERE = "active_elsewhere"
    PLAYER_NOT_VERIFIED = "player_not_verified"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    TERMS_NOT_ACCEPTED = "terms_not_accepted"
    PRODUCT_NOT_LICENSED = "product_not_licensed"
    WRONG_CURRENCY = "wrong_currency"
    STAKE_TOO_SMALL = "stake_too_small"
    STAKE_TOO_LARGE = "stake_too_large"
    LIMIT_MISSING = "limit_missing"
    ABOVE_SINGLE_STAKE_LIMIT = "above_single_stake_limit"
    ABOVE_STAKE_LIMIT = "above_stake_limit"
    ABOVE_LOSS_LIMIT = "above_loss_limit"
    LIMIT_CLOSED = "limit_closed"
    ABOVE_DEPOSIT_LIMIT = "above_deposit_limit"
    ABOVE_NET_DEPOSIT_LIMIT = "above_net_deposit_limit"
    ABOVE_BALANCE_LIMIT = "above_balance_limit"
    SESSION_TIME_USED_UP = "session_time_used_up"
    SESSION_OVER = "session_over"
    MANDATORY_BREAK = "mandatory_break"
    REALITY_CHECK_DUE = "reality_check_due"
    GAME_PLAN_MISSING = "game_plan_missing"
    GAME_PLAN_OVER = "game_plan_over"
    LOCATION_NOT_SHOWN = "location_not_shown"
    LOCATION_EXPIRED = "location_expired"
    LOCATION_BLOCKED = "location_blocked"
    LOCATION_NETWORK_CHANGED = "location_network_changed"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """May this player stake this much on this product?

    A `free` stake was given to the player: it is no money of theirs, which limits are about.
    `session_id` and `network` say from where it was asked, as `location` tags it; without them
    nobody stakes under a licence that wants to know.
    """

    player_id: PlayerId
    product: Product
    stake_micros: int
    currency: str
    session_id: str | None = None
    network: str | None = None
    free: bool = False


class DepositCheck(msgspec.Struct, frozen=True, kw_only=True):
    """May this player pay in this much?

    `awaited_micros` is what the player has asked to pay in before and is still on its way.
    `counted` says that this very deposit was permitted before and is asked about again: limits
    have it counted already, and so has `awaited_micros`.
    """

    player_id: PlayerId
    micros: int
    currency: str
    awaited_micros: int = 0
    counted: bool = False

    @property
    def more_micros(self) -> int:
        """What it adds to what is counted already."""
        return 0 if self.counted else self.micros


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """How the location of a stake's session stands, and the check that says so, if it passed."""

    standing: Standing
    check_id: str | None = None


class WagerCase(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known when a stake is judged.

    `kept_away` is the exclusion or time-out that runs now, if one does.

    `allowance` is what the player's limits leave, without the stakes that were permitted before in
    the same batch; None: no limit holds.  `standing` is that of the session's location,
    `identified` that of the player's identity; `agreed` says whether the terms in force were
    accepted, `time_up` whether the player has played for as long as a limit allows, `guarded`
    whether the player has a second factor, which is looked at where the licence wants one, and
    `pace` whether play may go on in the session; `planned` how the plan for games stands.
    `age` is in whole years; None: it is not known, or no rule of the licence asks for it.
    `registered` is what the national registers of the licence say, and its activity file.
    """

    check: Check
    player: Player
    jurisdiction: Jurisdiction
    kept_away: Exclusion | None = None
    allowance: Allowance | None = None
    standing: Standing = Standing.NOT_NEEDED
    identified: Identified = Identified.UNVERIFIED
    agreed: bool = True
    guarded: bool = False
    time_up: bool = False
    pace: Pace = Pace.GOES_ON
    planned: Planned = Planned.NOT_NEEDED
    age: int | None = None
    registered: Verdict = Verdict.NOT_NEEDED


class DepositCase(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known when a deposit is judged; `allowance` as for a stake.

    `balance_micros` is what is on the player's account, where a limit asks for it.
    """

    check: DepositCheck
    player: Player
    jurisdiction: Jurisdiction
    kept_away: Exclusion | None = None
    allowance: Allowance | None = None
    balance_micros: int = 0
    identified: Identified = Identified.UNVERIFIED
    registered: Verdict = Verdict.NOT_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was looked at before a batch is judged, of those whose licence wants to know.

    By player, or by a check's place in the batch.  Who is missing is as a case's default says;
    `balances` are what is on the accounts, in micros.
    """

    kept_away: Mapping[PlayerId, Exclusion] = field(default_factory=dict)
    allowances: Mapping[PlayerId, Allowance] = field(default_factory=dict)
    balances: Mapping[PlayerId, int] = field(default_factory=dict)
    identified: Mapping[PlayerId, Identified] = field(default_factory=dict)
    agreed: Mapping[PlayerId, bool] = field(default_factory=dict)
    guarded: Collection[PlayerId] = ()
    time_up: Collection[PlayerId] = ()
    ages: Mapping[PlayerId, int] = field(default_factory=dict)
    registered: Mapping[PlayerId, Verdict] = field(default_factory=dict)
    located: Mapping[int, Located] = field(default_factory=dict)
    paces: Mapping[int, Pace] = field(default_factory=dict)
    plans: Mapping[int, Planned] = field(default_factory=dict)


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """Yes, under this version of this licence's rules, for as long as the turn is held.

    `check_id` is the check of the player's location that it rests on, where there must be one.
    """

    jurisdiction: str
    rules_version: str
    check_id: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """No, and why.

    `logs_out`: a limit is used up, and then the licence wants the player's sessions to end.
    """

    reason: Refusal
    logs_out: bool = False


class Mailing(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be contacted, as of a moment.

    `use_before` is when whoever uses it has to ask again, by the strictest of their licences.
    `next_after` is where the next page goes on; None: there is none.
    """

    player_ids: tuple[PlayerId, ...]
    use_before: datetime
    next_after: PlayerId | None


Case = WagerCase | DepositCase
Answer = Permit | Refused
